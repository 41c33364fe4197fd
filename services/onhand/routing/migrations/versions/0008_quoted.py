"""What a quote for shipping was for: the day of delivery is part of the promise."""

from onhand.kit.migrations import execute

revision = "0008"
down_revision = "0007"

TABLES = """
-- Null in quotes to collect, and in those of replicas that do not know it yet.
ALTER TABLE quotes ADD COLUMN delivery_date date;
"""


def upgrade() -> None:
    execute(TABLES)
