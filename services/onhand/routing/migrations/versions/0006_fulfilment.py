"""What arrived after a location gave units back is told by the cell's version."""

from onhand.kit.migrations import execute

revision = "0006"
down_revision = "0005"

TABLES = """
-- By location and item, the version of the cell at which the line's own units went back. The column before it
-- held stock's revision, which does not rise in the order of the cell's changes; replicas still write it.
ALTER TABLE order_lines ADD COLUMN released_versions jsonb NOT NULL DEFAULT '{}';
ALTER TABLE order_lines ALTER COLUMN released_revision SET DEFAULT 0;
"""


def upgrade() -> None:
    execute(TABLES)
