"""Journeys, their runs, and what a message has to do with them."""

from onhand.kit.migrations import execute

revision = "0004"
down_revision = "0003"

TABLES = """
-- Never changed: a change is a further version, and the latest is the one in use.
CREATE TABLE journeys (
    name        text        NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    definition  jsonb       NOT NULL,
    create_time timestamptz NOT NULL,
    actor       text        NOT NULL,
    PRIMARY KEY (name, version)
);
-- A run goes on as it began: it holds its journey, so that a new version changes nothing under way.
CREATE TABLE journey_runs (
    run_id         uuid PRIMARY KEY,
    name           text        NOT NULL,
    definition     jsonb       NOT NULL,
    subject        text        NOT NULL,
    order_id       text        NOT NULL,
    identity_id    uuid REFERENCES identities ON DELETE CASCADE,
    state          smallint    NOT NULL,
    step           integer     NOT NULL,
    start_time     timestamptz NOT NULL,
    due_time       timestamptz,
    end_time       timestamptz,
    reason         text        NOT NULL DEFAULT '',
    sealed_facts   bytea,      -- may hold a code; dropped some time after the end
    key_id         text        NOT NULL,
    CONSTRAINT journey_runs_active_is_due CHECK ((state = 1) = (due_time IS NOT NULL)),
    CONSTRAINT journey_runs_active_has_facts CHECK (state <> 1 OR sealed_facts IS NOT NULL)
);
CREATE INDEX journey_runs_due ON journey_runs (due_time) WHERE state = 1;
CREATE INDEX journey_runs_subject ON journey_runs (name, subject) WHERE state = 1;
CREATE INDEX journey_runs_order ON journey_runs (order_id, start_time);
CREATE INDEX journey_runs_identity ON journey_runs (identity_id);
CREATE INDEX journey_runs_ended ON journey_runs (end_time) WHERE state <> 1;
CREATE INDEX journey_runs_key ON journey_runs (key_id) WHERE sealed_facts IS NOT NULL;

ALTER TABLE messages
    ADD COLUMN topic       smallint,  -- null: a webhook
    ADD COLUMN run_id      uuid,
    ADD COLUMN step        integer,
    ADD COLUMN plan_time   timestamptz,  -- when it was to go; what caps count
    ADD COLUMN text_digest bytea;        -- keyed; the same text twice in a short time is a duplicate
UPDATE messages SET topic = 1, plan_time = create_time WHERE identity_id IS NOT NULL;
CREATE INDEX messages_run ON messages (run_id) WHERE run_id IS NOT NULL AND state = 1;
CREATE INDEX messages_caps ON messages (identity_id, topic, plan_time) WHERE state IN (1, 2);
"""


def upgrade() -> None:
    execute(TABLES)
