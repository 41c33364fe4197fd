"""What messages led to, experiments, and what people did."""

from onhand.kit.migrations import execute

revision = "0010"
down_revision = "0009"

TABLES = """
ALTER TABLE messages
    ADD COLUMN experiment text,         -- null: of none
    ADD COLUMN variant    text,
    ADD COLUMN open_time  timestamptz,  -- the first time, where it is asked for
    ADD COLUMN click_time timestamptz;
CREATE INDEX messages_experiment ON messages (experiment) WHERE experiment IS NOT NULL;

CREATE TABLE experiments (
    name        text PRIMARY KEY,
    journey     text        NOT NULL,
    definition  jsonb       NOT NULL,
    start_time  timestamptz NOT NULL,
    end_time    timestamptz,
    actor       text        NOT NULL
);
CREATE UNIQUE INDEX experiments_running ON experiments (journey) WHERE end_time IS NULL;

-- What somebody did with an order: a part of it was collected, or brought back.
CREATE TABLE order_acts (
    event_id    uuid PRIMARY KEY,
    order_id    text        NOT NULL REFERENCES orders ON DELETE CASCADE,
    kind        smallint    NOT NULL,
    location_id text        NOT NULL,
    act_time    timestamptz NOT NULL
);
CREATE INDEX order_acts_order ON order_acts (order_id, act_time);

-- Who looked at what a person did; outlives an erasure, since it tells of staff and not of the person.
CREATE TABLE activity_views (
    view_id       uuid PRIMARY KEY,
    contact_id    uuid        NOT NULL,
    actor         text        NOT NULL,
    sealed_reason bytea,       -- may name the person; null: they were erased
    key_id        text        NOT NULL,
    view_time     timestamptz NOT NULL
);
CREATE INDEX activity_views_key ON activity_views (key_id) WHERE sealed_reason IS NOT NULL;
CREATE INDEX activity_views_contact ON activity_views (contact_id, view_time DESC);
ALTER TABLE alerts ADD COLUMN claim_time timestamptz;
"""


def upgrade() -> None:
    execute(TABLES)
