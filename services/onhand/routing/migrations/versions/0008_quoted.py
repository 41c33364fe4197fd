"""What a quote for shipping was for: the day of delivery is part of the promise, and so is the place."""

from onhand.kit.migrations import execute

revision = "0008"
down_revision = "0007"

TABLES = """
-- Null in quotes to collect, and in those of replicas that do not know it yet.
ALTER TABLE quotes ADD COLUMN delivery_date date;
ALTER TABLE quotes ADD COLUMN latitude      double precision;
ALTER TABLE quotes ADD COLUMN longitude     double precision;
-- Region and postal code, as carriers' zones have them; empty where there is no position.
ALTER TABLE quotes ADD COLUMN place         text NOT NULL DEFAULT '';
"""


def upgrade() -> None:
    execute(TABLES)
