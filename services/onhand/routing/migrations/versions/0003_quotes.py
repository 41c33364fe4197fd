"""Quotes, what an order took from one, delivery dates, and the queue of a location."""

from onhand.kit.migrations import execute

revision = "0003"
down_revision = "0002"

TABLES = """
-- Offers that an order may still take; dropped some time after they expire.
CREATE TABLE quotes (
    token        uuid             PRIMARY KEY,
    channel      text             NOT NULL,
    customer_id  text             NOT NULL,
    method       smallint         NOT NULL,
    location_ids text[]           NOT NULL,
    lines        jsonb            NOT NULL,  -- [item, units] of each line, rising
    promise_time timestamptz      NOT NULL,
    expire_time  timestamptz      NOT NULL,
    order_id     text             NOT NULL DEFAULT ''
);
CREATE INDEX quotes_expire ON quotes (expire_time);

-- Locations of the quote that it took: tried first.
ALTER TABLE orders ADD COLUMN quoted_location_ids text[] NOT NULL DEFAULT '{}';
ALTER TABLE order_lines ADD COLUMN delivery_date date;
-- Lines of one bundle come whole from one location; empty: of none.
ALTER TABLE order_lines ADD COLUMN bundle_id text NOT NULL DEFAULT '';
-- What a location has to pick still.
CREATE INDEX order_lines_queue ON order_lines (location_id) WHERE state IN (4, 5);
"""


def upgrade() -> None:
    execute(TABLES)
