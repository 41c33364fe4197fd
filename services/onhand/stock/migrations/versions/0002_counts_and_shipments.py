"""Counts with what they saw and found, shipments, readers' rates, and the bucket of a tag's unit."""

from onhand.kit.migrations import execute

revision = "0002"
down_revision = "0001"

TABLES = """
-- Of which bucket a tag's unit is while it counts: damaged goods keep their tag.
ALTER TABLE tags ADD COLUMN bucket smallint NOT NULL DEFAULT 1;

-- A scope is a set of zones times a set of classes. As ranges, "all of them" overlaps every set, also those
-- named later, and one index refuses two open counts of the same goods.
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");

CREATE TABLE counts (
    count_id         uuid           PRIMARY KEY,
    location_id      text           NOT NULL,
    kind             smallint       NOT NULL,
    zone_ids         text[]         NOT NULL, -- empty: all
    item_classes     text[]         NOT NULL, -- empty: all
    zones            textmultirange NOT NULL,
    classes          textmultirange NOT NULL,
    state            smallint       NOT NULL,
    title            text           NOT NULL,
    actor            text           NOT NULL,
    start_time       timestamptz    NOT NULL,
    expire_time      timestamptz    NOT NULL,
    close_time       timestamptz,
    end_time         timestamptz,
    progress_item_id text           NOT NULL DEFAULT '',
    seen_count       bigint         NOT NULL DEFAULT 0,
    CONSTRAINT counts_never_overlap EXCLUDE USING gist (location_id WITH =, zones WITH &&, classes WITH &&)
        WHERE (state IN (1, 2))
) WITH (fillfactor = 70);
CREATE INDEX counts_location ON counts (location_id, start_time, count_id);
CREATE INDEX counts_live ON counts (count_id) WHERE state IN (1, 2);

CREATE TABLE count_sights (
    location_id text        NOT NULL,
    count_id    uuid        NOT NULL,
    epc         bytea       NOT NULL,
    item_id     text,       -- null: the EPC is of no known item
    zone_id     text        NOT NULL,
    sight_time  timestamptz NOT NULL,
    rssi_cdbm   integer     NOT NULL,
    PRIMARY KEY (location_id, count_id, epc)
);
CREATE INDEX count_sights_item ON count_sights (location_id, count_id, item_id);

CREATE TABLE count_quantities (
    location_id text        NOT NULL,
    count_id    uuid        NOT NULL,
    item_id     text        NOT NULL,
    zone_id     text        NOT NULL,
    spot        text        NOT NULL,
    quantity    bigint      NOT NULL CHECK (quantity >= 0),
    count_time  timestamptz NOT NULL,
    PRIMARY KEY (location_id, count_id, item_id, zone_id, spot)
);

-- What a finished count changed.
CREATE TABLE count_lines (
    location_id  text     NOT NULL,
    count_id     uuid     NOT NULL,
    item_id      text     NOT NULL, -- empty: the EPC is of no known item
    epc          bytea    NOT NULL, -- empty: units without a tag
    kind         smallint NOT NULL,
    quantity     bigint   NOT NULL CHECK (quantity > 0),
    book_zone_id text     NOT NULL,
    seen_zone_id text     NOT NULL,
    PRIMARY KEY (location_id, count_id, item_id, epc)
);

-- How right the books were, by count and item class; kept when the rest has long been archived.
CREATE TABLE count_results (
    location_id text        NOT NULL,
    count_id    uuid        NOT NULL,
    item_class  text        NOT NULL,
    matched     bigint      NOT NULL,
    missing     bigint      NOT NULL,
    found       bigint      NOT NULL,
    misplaced   bigint      NOT NULL,
    unknown     bigint      NOT NULL,
    items       bigint      NOT NULL,
    right_items bigint      NOT NULL,
    end_time    timestamptz, -- null while the count is being finished
    PRIMARY KEY (location_id, count_id, item_class)
);
CREATE INDEX count_results_time ON count_results (location_id, end_time, count_id, item_class);

CREATE TABLE shipments (
    shipment_id      uuid        PRIMARY KEY,
    from_location_id text        NOT NULL, -- empty: a supplier
    to_location_id   text        NOT NULL CHECK (to_location_id <> from_location_id),
    sscc             text        NOT NULL,
    document         text        NOT NULL,
    state            smallint    NOT NULL,
    actor            text        NOT NULL,
    send_time        timestamptz NOT NULL,
    expected_time    timestamptz,
    create_time      timestamptz NOT NULL,
    end_time         timestamptz
);
CREATE INDEX shipments_to ON shipments (to_location_id, create_time, shipment_id);
CREATE INDEX shipments_from ON shipments (from_location_id, create_time, shipment_id) WHERE from_location_id <> '';

-- In the three tables that follow location_id is the destination.

-- in_transit of a cell equals the sum over the lines of its item: the check keeps each line's own share.
CREATE TABLE shipment_lines (
    location_id text   NOT NULL,
    shipment_id uuid   NOT NULL,
    item_id     text   NOT NULL,
    announced   bigint NOT NULL CHECK (announced >= 0),
    dispatched  bigint NOT NULL CHECK (dispatched >= 0),
    received    bigint NOT NULL CHECK (received >= 0),
    seen_before bigint NOT NULL CHECK (seen_before BETWEEN 0 AND received),
    in_transit  bigint NOT NULL CHECK (in_transit BETWEEN 0 AND dispatched),
    PRIMARY KEY (location_id, shipment_id, item_id)
);
CREATE TABLE shipment_tags (
    location_id text    NOT NULL,
    shipment_id uuid    NOT NULL,
    epc         bytea   NOT NULL,
    item_id     text    NOT NULL,
    dispatched  boolean NOT NULL,
    received    boolean NOT NULL,
    PRIMARY KEY (location_id, shipment_id, epc)
);
CREATE INDEX shipment_tags_epc ON shipment_tags (location_id, epc);

-- Movements by which tags appeared before the receipt of their shipment; each is settled by one at most.
CREATE TABLE shipment_settlements (
    location_id text NOT NULL,
    movement_id uuid NOT NULL,
    shipment_id uuid NOT NULL,
    PRIMARY KEY (location_id, movement_id)
);

-- Reads by antenna and minute, written once a minute and kept for an hour.
CREATE TABLE reader_minutes (
    reader_id text        NOT NULL,
    antenna   smallint    NOT NULL,
    minute    timestamptz NOT NULL,
    reads     bigint      NOT NULL,
    PRIMARY KEY (reader_id, antenna, minute)
);
"""


def upgrade() -> None:
    execute(TABLES)
