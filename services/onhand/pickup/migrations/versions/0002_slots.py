"""Slots: plans, blackouts, places held and booked."""

from onhand.kit.migrations import execute

revision = "0002"
down_revision = "0001"

TABLES = """
-- A store and kind with a plan; whoever takes or closes places of it locks its row.
CREATE TABLE slot_plans (
    location_id      text     NOT NULL,
    kind             smallint NOT NULL,  -- numbered as in the contract
    time_zone        text     NOT NULL,
    slot_minutes     integer  NOT NULL CHECK (slot_minutes > 0),
    capacity         integer  NOT NULL CHECK (capacity >= 0),
    lead_s           bigint   NOT NULL,
    horizon_s        bigint   NOT NULL,
    windows          jsonb    NOT NULL,  -- [day_of_week, start_minute, end_minute], …
    overrun_occupies boolean  NOT NULL,
    version          bigint   NOT NULL,
    PRIMARY KEY (location_id, kind)
);

-- States are numbered as in the contract; up to 3 a booking may count.
CREATE TABLE slot_bookings (
    slot_booking_id uuid        PRIMARY KEY,
    location_id     text        NOT NULL,
    kind            smallint    NOT NULL,
    start_time      timestamptz NOT NULL,
    end_time        timestamptz NOT NULL,
    state           smallint    NOT NULL,
    expire_time     timestamptz,
    order_id        text        NOT NULL DEFAULT '',
    create_time     timestamptz NOT NULL,
    CHECK ((state = 1) = (expire_time IS NOT NULL AND order_id = '') OR state > 3)
);
CREATE INDEX slot_bookings_taken ON slot_bookings (location_id, kind, start_time) WHERE state <= 3;
CREATE INDEX slot_bookings_expire ON slot_bookings (expire_time) WHERE state = 1;
CREATE INDEX slot_bookings_end ON slot_bookings (end_time) WHERE state = 2;
CREATE INDEX slot_bookings_order ON slot_bookings (order_id, location_id) WHERE order_id <> '';

CREATE TABLE slot_blackouts (
    blackout_id uuid        PRIMARY KEY,
    location_id text        NOT NULL,
    kind        smallint    NOT NULL,  -- 0: all
    start_time  timestamptz NOT NULL,
    end_time    timestamptz NOT NULL,
    detail      text        NOT NULL,
    deleted     boolean     NOT NULL DEFAULT false
);
CREATE INDEX slot_blackouts_end ON slot_blackouts (location_id, end_time);
"""


def upgrade() -> None:
    execute(TABLES)
