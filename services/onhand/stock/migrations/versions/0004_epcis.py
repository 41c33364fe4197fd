"""EPCIS: capture jobs, the events captured and published, and how far publishing is."""

from onhand.kit.migrations import execute

revision = "0004"
down_revision = "0003"

TABLES = """
-- A document that was posted, until each of its events is decided.
CREATE TABLE epcis_captures (
    capture_id   uuid        PRIMARY KEY,
    actor        text        NOT NULL,
    location_ids text[],     -- null: the actor speaks for all
    proceed      boolean     NOT NULL,
    success      boolean     NOT NULL,
    create_time  timestamptz NOT NULL,
    finish_time  timestamptz -- null while it runs
);
CREATE INDEX epcis_captures_running ON epcis_captures (create_time, capture_id) WHERE finish_time IS NULL;
CREATE INDEX epcis_captures_actor ON epcis_captures (actor, create_time, capture_id);
CREATE TABLE epcis_capture_events (
    capture_id  uuid     NOT NULL REFERENCES epcis_captures ON DELETE CASCADE,
    event_index integer  NOT NULL,
    event       text     NOT NULL, -- JSON; empty once it is decided
    context     text     NOT NULL, -- JSON: what its document adds to GS1's context
    outcome     smallint NOT NULL,
    event_id    text     NOT NULL,
    reason      text     NOT NULL,
    detail      text     NOT NULL,
    PRIMARY KEY (capture_id, event_index)
);

-- What was captured, and what stock published of its own. The hash says whether two events are the same;
-- a declaration that one was in error has the same hash and stands beside it.
CREATE TABLE epcis_events (
    event_hash  bytea       NOT NULL,
    declared    boolean     NOT NULL,
    event_id    text        NOT NULL,
    location_id text        NOT NULL, -- empty: its place is none of ours
    event_time  timestamptz NOT NULL,
    record_time timestamptz NOT NULL,
    keys        text[]      NOT NULL, -- what it is found by
    event       text        NOT NULL, -- JSON
    context     text        NOT NULL,
    effect      text        NOT NULL, -- what it changed, or why nothing
    published   boolean     NOT NULL,
    revision    xid8        NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (event_hash, declared),
    CONSTRAINT epcis_events_ids UNIQUE (event_id, declared)
);
CREATE INDEX epcis_events_keys ON epcis_events USING gin (keys);
CREATE INDEX epcis_events_event_time ON epcis_events (event_time, event_hash, declared);
CREATE INDEX epcis_events_record_time ON epcis_events (record_time, event_hash, declared);
CREATE INDEX epcis_events_captured ON epcis_events (revision) WHERE NOT published;

-- Publishing follows the order of transactions, as the outbox does.
ALTER TABLE tag_events ADD COLUMN revision xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX tag_events_unmoved ON tag_events (revision, tag_event_id) WHERE movement_id IS NULL;
CREATE INDEX movements_revision ON movements (revision, movement_id);
CREATE TABLE epcis_cursor (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    revision xid8    NOT NULL,
    key      text    NOT NULL -- within the revision: m or t, then the id
);
INSERT INTO epcis_cursor (revision, key) VALUES (pg_current_xact_id(), 'z');
"""


def upgrade() -> None:
    execute(TABLES)
