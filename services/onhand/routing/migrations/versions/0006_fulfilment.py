"""How well orders were filled; what arrived after a location gave units back is told by the cell's version."""

from onhand.kit.migrations import execute

revision = "0006"
down_revision = "0005"

TABLES = """
-- By location and item, the version of the cell at which the line's own units went back. The column before it
-- held stock's revision, which does not rise in the order of the cell's changes; replicas still write it.
ALTER TABLE order_lines ADD COLUMN released_versions jsonb NOT NULL DEFAULT '{}';
ALTER TABLE order_lines ALTER COLUMN released_revision SET DEFAULT 0;

-- The first promise that was given, when the line was ready or left, and whether it ended for want of stock.
ALTER TABLE order_lines ADD COLUMN first_promise_time timestamptz;
ALTER TABLE order_lines ADD COLUMN done_time          timestamptz;
ALTER TABLE order_lines ADD COLUMN given_up           boolean NOT NULL DEFAULT false;
-- From the location to the customer; 0 for collect.
ALTER TABLE assignments ADD COLUMN distance_metres bigint NOT NULL DEFAULT 0;

-- Lines that locations gave back, whole or in part; of each task once.
CREATE TABLE rejections (
    order_id    text        NOT NULL REFERENCES orders,
    task_id     uuid        NOT NULL,
    line_id     text        NOT NULL,
    location_id text        NOT NULL,
    reason      text        NOT NULL,
    reject_time timestamptz NOT NULL,
    PRIMARY KEY (order_id, task_id, line_id)
);
"""


def upgrade() -> None:
    execute(TABLES)
