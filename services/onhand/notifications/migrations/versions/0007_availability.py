"""Endpoints that hear of availability, and what each is to hear."""

from onhand.kit.migrations import execute

revision = "0007"
down_revision = "0006"

TABLES = """
-- Null: none. A JSON object of a subscription's fields.
ALTER TABLE webhook_endpoints ADD COLUMN availability jsonb;

-- The latest of each cell that an endpoint hears of. A slow endpoint makes no queue: a cell has one row.
CREATE TABLE endpoint_cells (
    endpoint_id uuid    NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    location_id text    NOT NULL,
    item_id     text    NOT NULL,
    version     bigint  NOT NULL, -- of the cell; an event that comes late changes nothing
    revision    bigint  NOT NULL,
    state       text    NOT NULL,
    told_state  text,             -- null: never posted
    cell        jsonb   NOT NULL, -- as it is posted
    pending     boolean NOT NULL,
    PRIMARY KEY (endpoint_id, location_id, item_id)
) WITH (fillfactor = 70);
CREATE INDEX endpoint_cells_pending ON endpoint_cells (endpoint_id, revision) WHERE pending;
"""


def upgrade() -> None:
    execute(TABLES)
