"""Changes of a reservation in the order in which they were made."""

from onhand.kit.migrations import execute

revision = "0005"
down_revision = "0002"


def upgrade() -> None:
    # Rises under the row's lock: a transaction that began earlier, and so has the lower revision, may get the
    # lock later. A constant default rewrites no row.
    execute("ALTER TABLE reservations ADD COLUMN version bigint NOT NULL DEFAULT 1")
