"""Who wrote what, when and from where."""

from onhand.kit.migrations import execute
from onhand.kit.trail import TABLES

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    execute(TABLES)
