"""Orders that wait for the wave in which they are planned."""

from onhand.kit.migrations import execute

revision = "0005"
down_revision = "0004"

TABLES = """
-- When the wave of the order's first planning begins; null: it is planned alone.
ALTER TABLE orders ADD COLUMN wave_time timestamptz;
CREATE INDEX orders_wave ON orders (wave_time, create_time) WHERE wave_time IS NOT NULL AND attempt = 0;
"""


def upgrade() -> None:
    execute(TABLES)
