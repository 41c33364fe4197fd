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

-- Ship-to-store: state 13 is on its way to the store that it is collected from, by a shipment of stock.
ALTER TABLE orders      ADD COLUMN allow_transfer boolean NOT NULL DEFAULT false;
ALTER TABLE order_lines ADD COLUMN shipment_id    uuid;
ALTER TABLE assignments ADD COLUMN transfer_to    text    NOT NULL DEFAULT '';
ALTER TABLE releases    ADD COLUMN shipment_id    uuid;
ALTER TABLE quotes      ADD COLUMN by_transfer    boolean NOT NULL DEFAULT false;
CREATE INDEX order_lines_shipment ON order_lines (shipment_id) WHERE state = 13;
ALTER TABLE order_lines
    DROP CONSTRAINT order_lines_state_check,
    ADD CONSTRAINT order_lines_state_check CHECK (state BETWEEN 1 AND 13),
    DROP CONSTRAINT order_lines_never_stuck,
    ADD CONSTRAINT order_lines_never_stuck CHECK (state BETWEEN 8 AND 12 OR action_time IS NOT NULL),
    ADD CONSTRAINT order_lines_transferred CHECK (state <> 13 OR shipment_id IS NOT NULL);
"""


def upgrade() -> None:
    execute(TABLES)
