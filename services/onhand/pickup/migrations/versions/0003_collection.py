"""Times, alerts, hand-overs and substitutes of tasks; what stock is owed; keys of passes; stores' settings."""

from onhand.kit.migrations import execute

revision = "0003"
down_revision = "0002"

TABLES = """
ALTER TABLE tasks
    ADD COLUMN wave_id         uuid,
    ADD COLUMN step_deadline   timestamptz,
    ADD COLUMN escalations     integer     NOT NULL DEFAULT 0,
    ADD COLUMN accept_time     timestamptz,
    ADD COLUMN ready_time      timestamptz,
    ADD COLUMN end_time        timestamptz,
    ADD COLUMN on_my_way_time  timestamptz,
    ADD COLUMN arrive_time     timestamptz,
    ADD COLUMN collector_name  text        NOT NULL DEFAULT '',
    ADD COLUMN identity_check  boolean     NOT NULL DEFAULT false,
    ADD COLUMN minimum_age     smallint    NOT NULL DEFAULT 0,
    ADD COLUMN extensions      integer     NOT NULL DEFAULT 0,
    ADD COLUMN reminder_time   timestamptz,
    ADD COLUMN expire_time     timestamptz,
    ADD COLUMN wait_deadline   timestamptz,
    ADD COLUMN shelve_deadline timestamptz,
    ADD COLUMN code_number     integer     NOT NULL DEFAULT 0,
    ADD COLUMN alerts          jsonb       NOT NULL DEFAULT '[]',
    ADD COLUMN substitutions   jsonb       NOT NULL DEFAULT '[]',
    ADD COLUMN hand_overs      jsonb       NOT NULL DEFAULT '[]',
    -- The earliest of its times. By default at once: whoever looks then finds the right one.
    ADD COLUMN due_time        timestamptz DEFAULT now();
UPDATE tasks SET due_time = NULL WHERE state >= 7;
CREATE INDEX tasks_due ON tasks (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX tasks_shelve ON tasks (location_id, promise_time, task_id) WHERE shelve_deadline IS NOT NULL;
CREATE INDEX tasks_wave ON tasks (wave_id) WHERE wave_id IS NOT NULL;
CREATE INDEX tasks_created ON tasks (location_id, create_time);
DROP INDEX tasks_accept;
DROP INDEX tasks_collect;

ALTER TABLE task_lines
    ADD COLUMN handed_over    bigint NOT NULL DEFAULT 0 CHECK (handed_over >= 0),
    ADD COLUMN refused        bigint NOT NULL DEFAULT 0 CHECK (refused >= 0),
    ADD COLUMN returned       bigint NOT NULL DEFAULT 0 CHECK (returned >= 0),
    ADD COLUMN to_shelve      bigint NOT NULL DEFAULT 0 CHECK (to_shelve >= 0),
    ADD COLUMN substituted    bigint NOT NULL DEFAULT 0 CHECK (substituted >= 0),
    ADD COLUMN given_epcs     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN reservation_id text   NOT NULL DEFAULT '',
    ADD CHECK (picked + short + cancelled + substituted <= quantity),
    ADD CHECK (handed_over + refused <= picked),
    ADD CHECK (returned <= handed_over);

-- What stock is still to be told, in the order of its tasks' changes. A row is deleted when stock knows; one
-- with a failure was refused for good and waits for a person. Its id is the request_id of the call.
CREATE TABLE owed_to_stock (
    effect_id         uuid        PRIMARY KEY,
    effect_number     bigint      GENERATED ALWAYS AS IDENTITY,
    task_id           uuid        NOT NULL REFERENCES tasks ON DELETE CASCADE,
    body              jsonb       NOT NULL,
    attempts          integer     NOT NULL DEFAULT 0,
    next_attempt_time timestamptz NOT NULL,
    failure           text
);
CREATE INDEX owed_to_stock_due ON owed_to_stock (next_attempt_time) WHERE failure IS NULL;
CREATE INDEX owed_to_stock_task ON owed_to_stock (task_id, effect_number);

-- Keys that passes are signed with, one an epoch; gone when no pass of theirs is good any more.
CREATE TABLE collection_keys (
    epoch       bigint PRIMARY KEY,
    private_key text   NOT NULL  -- PKCS 8, PEM
);

-- What a store has set: durations in seconds, null where the service's default holds.
CREATE TABLE store_settings (
    location_id text   PRIMARY KEY,
    settings    jsonb  NOT NULL,
    version     bigint NOT NULL
);

CREATE TABLE waves (
    wave_id     uuid        PRIMARY KEY,
    location_id text        NOT NULL,
    assignee    text        NOT NULL,
    create_time timestamptz NOT NULL
);
"""


def upgrade() -> None:
    execute(TABLES)
