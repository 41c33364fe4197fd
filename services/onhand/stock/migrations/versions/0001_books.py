"""Master data, the ledger with its balances, tags, reservations."""

from onhand.kit.migrations import KIT_TABLES, execute

revision = "0001"
down_revision = None

TABLES = """
-- Master data: small, replicated everywhere on a distributed engine.

CREATE TABLE items (
    item_id      text PRIMARY KEY,
    title        text    NOT NULL,
    style_id     text    NOT NULL,
    size         text    NOT NULL,
    colour       text    NOT NULL,
    item_class   text    NOT NULL,
    tagged       boolean NOT NULL,
    picture_uri  text    NOT NULL,
    weight_grams bigint  NOT NULL CHECK (weight_grams >= 0)
);
CREATE TABLE item_gtins (
    gtin    text PRIMARY KEY CHECK (gtin ~ '^[0-9]{14}$'),
    item_id text NOT NULL REFERENCES items
);
CREATE INDEX item_gtins_item ON item_gtins (item_id);

CREATE TABLE locations (
    location_id     text PRIMARY KEY,
    kind            smallint NOT NULL,
    title           text     NOT NULL,
    address         bytea    NOT NULL,
    latitude        double precision,
    longitude       double precision,
    time_zone       text     NOT NULL,
    gln             text     NOT NULL,
    collect_enabled boolean  NOT NULL,
    ship_enabled    boolean  NOT NULL,
    safety_stock    bigint   NOT NULL CHECK (safety_stock >= 0),
    opening_hours   jsonb    NOT NULL
);
CREATE TABLE zones (
    location_id text     NOT NULL REFERENCES locations,
    zone_id     text     NOT NULL,
    kind        smallint NOT NULL,
    PRIMARY KEY (location_id, zone_id)
);
-- location_id is null while a reader that posted reads waits for adoption.
CREATE TABLE read_points (
    reader_id      text     NOT NULL,
    antenna        smallint NOT NULL,
    location_id    text,
    zone_id        text,
    last_read_time timestamptz,
    PRIMARY KEY (reader_id, antenna),
    FOREIGN KEY (location_id, zone_id) REFERENCES zones
);

-- Hot tables: location_id is the distribution column and part of every key; no foreign key leaves it.

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
);
CREATE INDEX movements_cell ON movements (location_id, item_id, movement_id);

-- One row a cell. Each bucket equals the sum of its movements; reserved and committed equal the lines of
-- live reservations. What tills and readers saw is recorded whatever the books say, and leaves `shortfall`
-- when more is promised than is there; a reservation never touches it, so that the check below makes
-- overselling impossible to commit.
CREATE TABLE balances (
    location_id     text        NOT NULL,
    item_id         text        NOT NULL,
    sellable        bigint      NOT NULL DEFAULT 0,
    damaged         bigint      NOT NULL DEFAULT 0 CHECK (damaged >= 0),
    quality_control bigint      NOT NULL DEFAULT 0 CHECK (quality_control >= 0),
    quarantined     bigint      NOT NULL DEFAULT 0 CHECK (quarantined >= 0),
    missing         bigint      NOT NULL DEFAULT 0 CHECK (missing >= 0),
    in_transit      bigint      NOT NULL DEFAULT 0 CHECK (in_transit >= 0),
    reserved        bigint      NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    committed       bigint      NOT NULL DEFAULT 0 CHECK (committed >= 0),
    shortfall       bigint      NOT NULL DEFAULT 0 CHECK (shortfall >= 0),
    -- Units counted without a known tag, of items that carry tags: received or returned by GTIN (above 0),
    -- or sold by GTIN (below 0, the debt that the next tag to vanish settles).
    unidentified    bigint      NOT NULL DEFAULT 0,
    confirm_time    timestamptz NOT NULL DEFAULT now(),
    revision        xid8        NOT NULL DEFAULT pg_current_xact_id(),
    -- Rises under the row's lock: a transaction that began earlier, and so has the lower revision, may get
    -- the lock later.
    version         bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (location_id, item_id),
    CONSTRAINT balances_never_oversold CHECK (sellable - reserved - committed + shortfall >= 0)
) WITH (fillfactor = 80);

CREATE TABLE tags (
    location_id     text        NOT NULL,
    epc             bytea       NOT NULL,
    item_id         text,       -- null: the EPC is of no known item
    state           smallint    NOT NULL,
    state_time      timestamptz NOT NULL,
    zone_id         text        NOT NULL,
    first_seen_time timestamptz NOT NULL,
    last_seen_time  timestamptz NOT NULL,
    rssi_cdbm       integer     NOT NULL,
    read_rate       real        NOT NULL DEFAULT 0.3,
    exit_time       timestamptz, -- seen at an exit then, and not decided yet whether it left
    passage_time    timestamptz, -- last seen in a transition zone, such as the inner side of a portal
    PRIMARY KEY (location_id, epc)
) WITH (fillfactor = 80);
CREATE INDEX tags_epc ON tags (epc);
CREATE INDEX tags_item ON tags (location_id, item_id, state);
CREATE INDEX tags_last_seen ON tags (location_id, last_seen_time) WHERE state IN (1, 2);
CREATE INDEX tags_exit ON tags (exit_time) WHERE exit_time IS NOT NULL;

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
    PRIMARY KEY (location_id, tag_event_id)
);
CREATE INDEX tag_events_epc ON tag_events (epc, tag_event_id);

CREATE TABLE reservations (
    reservation_id uuid        PRIMARY KEY,
    actor          text        NOT NULL,
    request        bytea       NOT NULL,
    state          smallint    NOT NULL,
    channel        text        NOT NULL,
    customer_id    text        NOT NULL,
    order_id       text        NOT NULL,
    create_time    timestamptz NOT NULL,
    expire_time    timestamptz,
    revision       xid8        NOT NULL DEFAULT pg_current_xact_id(),
    CHECK (state <> 1 OR expire_time IS NOT NULL)
);
-- Set until the last line of a hold is given back.
CREATE INDEX reservations_expiry ON reservations (expire_time) WHERE expire_time IS NOT NULL;
CREATE INDEX reservations_order ON reservations (order_id) WHERE order_id <> '';
CREATE INDEX reservations_customer ON reservations (customer_id) WHERE customer_id <> '';
CREATE TABLE reservation_lines (
    location_id    text     NOT NULL,
    reservation_id uuid     NOT NULL,
    item_id        text     NOT NULL,
    quantity       bigint   NOT NULL CHECK (quantity > 0),
    fulfilled      bigint   NOT NULL DEFAULT 0 CHECK (fulfilled >= 0),
    released       bigint   NOT NULL DEFAULT 0 CHECK (released >= 0),
    PRIMARY KEY (location_id, reservation_id, item_id),
    CHECK (fulfilled + released <= quantity)
);
CREATE INDEX reservation_lines_reservation ON reservation_lines (reservation_id);
CREATE INDEX reservation_lines_cell ON reservation_lines (location_id, item_id) WHERE fulfilled + released < quantity;
"""


def upgrade() -> None:
    execute(KIT_TABLES)
    execute(TABLES)
