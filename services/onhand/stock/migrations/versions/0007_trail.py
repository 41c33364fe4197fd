"""Who wrote what, when and from where."""

from onhand.kit.migrations import execute
from onhand.kit.trail import TABLES

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    execute(TABLES)
