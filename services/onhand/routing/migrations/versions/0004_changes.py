"""Substitutes, changes of an order, and the date after which it is of no use."""

from onhand.kit.migrations import execute

revision = "0004"
down_revision = "0003"

TABLES = """
ALTER TABLE orders ADD COLUMN latest_time timestamptz;
ALTER TABLE order_lines ADD COLUMN substitute_item_ids   text[] NOT NULL DEFAULT '{}';
ALTER TABLE order_lines ADD COLUMN ordered_item_id       text   NOT NULL DEFAULT '';
-- The task that a change of the order took it from: its goods may leave still.
ALTER TABLE order_lines ADD COLUMN former_task_id        uuid;
ALTER TABLE order_lines ADD COLUMN former_reservation_id uuid;
CREATE INDEX order_lines_substitutes ON order_lines USING gin (substitute_item_ids) WHERE state = 7;
"""


def upgrade() -> None:
    execute(TABLES)
