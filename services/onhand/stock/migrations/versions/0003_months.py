"""The ledger and the histories of tags by month, what is left of months that were archived, tags of notices.

Both tables are written anew: until this revision is through, what writes or reads them waits.
"""

from onhand.kit.migrations import execute

revision = "0003"
down_revision = "0002"

TABLES = """
-- An id of version 7 begins with the milliseconds at which it was made: a range of ids is a span of time, and
-- the key of a movement stays what it was.
ALTER TABLE movements RENAME TO movements_0002;
ALTER TABLE movements_0002 RENAME CONSTRAINT movements_pkey TO movements_0002_pkey;
ALTER INDEX movements_cell RENAME TO movements_0002_cell;
CREATE TABLE movements (
    location_id text        NOT NULL,
    movement_id uuid        NOT NULL,
    item_id     text        NOT NULL,
    from_bucket smallint    NOT NULL,
    to_bucket   smallint    NOT NULL CHECK (to_bucket <> from_bucket),
    quantity    bigint      NOT NULL CHECK (quantity > 0),
    reason      smallint    NOT NULL,
    occur_time  timestamptz NOT NULL,
    record_time timestamptz NOT NULL DEFAULT now(),
    document    text        NOT NULL,
    epc         bytea,
    actor       text        NOT NULL,
    revision    xid8        NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (location_id, movement_id)
) PARTITION BY RANGE (movement_id);
CREATE INDEX movements_cell ON movements (location_id, item_id, movement_id);

ALTER TABLE tag_events RENAME TO tag_events_0002;
ALTER TABLE tag_events_0002 RENAME CONSTRAINT tag_events_pkey TO tag_events_0002_pkey;
ALTER INDEX tag_events_epc RENAME TO tag_events_0002_epc;
ALTER TABLE tag_events_0002 ALTER tag_event_id DROP IDENTITY;
CREATE TABLE tag_events (
    location_id  text        NOT NULL,
    -- Given under the lock on the tag's row, so that a tag's events have one order whoever writes them.
    tag_event_id bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    epc          bytea       NOT NULL,
    state_before smallint,   -- null: the tag was not known here
    state        smallint    NOT NULL,
    zone_before  text        NOT NULL,
    zone_id      text        NOT NULL,
    occur_time   timestamptz NOT NULL,
    record_time  timestamptz NOT NULL DEFAULT now(),
    movement_id  uuid,
    PRIMARY KEY (location_id, tag_event_id, record_time)
) PARTITION BY RANGE (record_time);
CREATE INDEX tag_events_epc ON tag_events (epc, tag_event_id);

-- What has no month of its own yet: a sale is never refused because a partition was not made in time.
CREATE TABLE movements_default PARTITION OF movements DEFAULT;
CREATE TABLE tag_events_default PARTITION OF tag_events DEFAULT;

-- The months that have rows, this one and the next two.
DO $$
DECLARE
    month timestamptz;
    first text;
    past  text;
BEGIN
    SET LOCAL TimeZone = 'UTC';
    FOR month IN
        SELECT date_trunc('month', uuid_extract_timestamp(movement_id)) FROM movements_0002
        WHERE uuid_extract_version(movement_id) = 7
        UNION SELECT date_trunc('month', now()) + n * interval '1 month' FROM generate_series(0, 2) AS n
    LOOP
        first := lpad(to_hex((extract(epoch FROM month) * 1000)::bigint), 12, '0') || '70008000000000000000';
        past := lpad(to_hex((extract(epoch FROM month + interval '1 month') * 1000)::bigint), 12, '0')
             || '70008000000000000000';
        EXECUTE format('CREATE TABLE %I PARTITION OF movements FOR VALUES FROM (%L) TO (%L)',
                       to_char(month, '"movements_"YYYY_MM'), first::uuid, past::uuid);
    END LOOP;
    FOR month IN
        SELECT date_trunc('month', record_time) FROM tag_events_0002
        UNION SELECT date_trunc('month', now()) + n * interval '1 month' FROM generate_series(0, 2) AS n
    LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF tag_events FOR VALUES FROM (%L) TO (%L)',
                       to_char(month, '"tag_events_"YYYY_MM'), month, month + interval '1 month');
    END LOOP;
END
$$;
INSERT INTO movements SELECT * FROM movements_0002;
INSERT INTO tag_events OVERRIDING SYSTEM VALUE SELECT * FROM tag_events_0002;
SELECT setval(pg_get_serial_sequence('tag_events', 'tag_event_id'), max(tag_event_id)) FROM tag_events;
DROP TABLE movements_0002;
DROP TABLE tag_events_0002;

-- What the archived movements of an account add up to: bucket = this + its movements in the ledger.
CREATE TABLE opening_balances (
    location_id text     NOT NULL,
    item_id     text     NOT NULL,
    bucket      smallint NOT NULL,
    quantity    bigint   NOT NULL,
    PRIMARY KEY (location_id, item_id, bucket)
);
-- The same by month, on the way there. It counts from the moment that `archives` has the month: so that one
-- short transaction ends an archive, however many accounts it has.
CREATE TABLE archived_sums (
    month       date     NOT NULL,
    part        smallint NOT NULL,
    location_id text     NOT NULL,
    item_id     text     NOT NULL,
    bucket      smallint NOT NULL,
    quantity    bigint   NOT NULL,
    PRIMARY KEY (location_id, month, part, item_id, bucket)
);
-- One row a file. A month has several parts when rows of it came after it was archived.
CREATE TABLE archives (
    table_name   text        NOT NULL,
    month        date        NOT NULL,
    part         smallint    NOT NULL,
    file         text        NOT NULL,
    rows         bigint      NOT NULL,
    sha256       text        NOT NULL,
    archive_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (table_name, month, part)
);

-- Whether the notice named the tag; of what was there before, it is not known otherwise.
ALTER TABLE shipment_tags ADD COLUMN announced boolean NOT NULL DEFAULT true;

-- What housekeeping looks for.
CREATE INDEX tags_gone ON tags (state_time) WHERE state IN (4, 5, 6);
CREATE INDEX reservations_create_time ON reservations USING brin (create_time);
"""


def upgrade() -> None:
    execute(TABLES)
