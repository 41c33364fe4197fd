"""What people wait for, the units held for them, and what is known of stock and stores for that."""

from onhand.kit.migrations import execute

revision = "0009"
down_revision = "0008"

TABLES = """
-- What stock has said of items that somebody waits for, as far as it matters here.
CREATE TABLE watched_items (
    item_id     text PRIMARY KEY,
    create_time timestamptz NOT NULL,
    survey_time timestamptz       -- null: nobody has looked yet where it is
);
CREATE TABLE supply (
    item_id     text    NOT NULL,
    location_id text    NOT NULL,
    available   bigint  NOT NULL,
    version     bigint  NOT NULL,  -- of the cell, as stock counts; 0: looked up
    risen       boolean NOT NULL,  -- whoever waits for it has not been thought of yet
    PRIMARY KEY (item_id, location_id)
);
CREATE INDEX supply_risen ON supply (item_id, location_id) WHERE risen;
-- Locations, and where they are as far as that is known.
CREATE TABLE places (
    location_id text PRIMARY KEY,
    latitude    double precision,
    longitude   double precision
);

-- A unit held for people who wait: wanted -> held -> (extending -> held ...) -> claimed, or given back and gone.
CREATE TABLE unit_holds (
    hold_id     uuid PRIMARY KEY,  -- of the reservation, too
    item_id     text        NOT NULL,
    location_id text        NOT NULL,
    state       smallint    NOT NULL,
    round       integer     NOT NULL DEFAULT 0,  -- how often it has been offered
    due_time    timestamptz,       -- when something has to be done about it; null: claimed
    expire_time timestamptz,       -- of the reservation; null: wanted
    CHECK ((state = 5) = (due_time IS NULL))
);
CREATE INDEX unit_holds_due ON unit_holds (due_time);
CREATE INDEX unit_holds_cell ON unit_holds (item_id, location_id);

CREATE TABLE alerts (
    alert_id         uuid PRIMARY KEY,
    identity_id      uuid        NOT NULL REFERENCES identities ON DELETE CASCADE,
    address_id       uuid,
    item_ids         text[]      NOT NULL,
    location_ids     text[]      NOT NULL,  -- empty: anywhere
    alternative_ids  text[]      NOT NULL,
    sealed_offer     bytea,                 -- null: nothing is said with it
    key_id           text        NOT NULL,
    state            smallint    NOT NULL,
    create_time      timestamptz NOT NULL,
    due_time         timestamptz,           -- when to think of it again: alternatives, its end; null: ended
    not_before       timestamptz NOT NULL,  -- they could not be told a short time ago
    expire_time      timestamptz NOT NULL,
    alternatives_told boolean    NOT NULL DEFAULT false,
    hold_id          uuid,
    offered_item_id  text        NOT NULL DEFAULT '',
    offered_location_id text     NOT NULL DEFAULT '',
    claim_deadline   timestamptz
);
CREATE INDEX alerts_identity ON alerts (identity_id, create_time DESC);
CREATE INDEX alerts_items ON alerts USING gin (item_ids) WHERE state = 1;
CREATE INDEX alerts_due ON alerts (due_time) WHERE state = 1;
CREATE INDEX alerts_hold ON alerts (hold_id) WHERE state = 2;
CREATE INDEX alerts_key ON alerts (key_id) WHERE sealed_offer IS NOT NULL;
CREATE INDEX alerts_ended ON alerts (create_time) WHERE state > 2;

CREATE TABLE look_ups (
    identity_id  uuid        NOT NULL REFERENCES identities ON DELETE CASCADE,
    item_id      text        NOT NULL,
    location_id  text        NOT NULL,
    day          date        NOT NULL,
    was_out      boolean     NOT NULL,
    told         boolean     NOT NULL DEFAULT false,
    look_up_time timestamptz NOT NULL,
    PRIMARY KEY (identity_id, item_id, location_id, day)
);
CREATE INDEX look_ups_time ON look_ups (look_up_time);
"""


def upgrade() -> None:
    execute(TABLES)
