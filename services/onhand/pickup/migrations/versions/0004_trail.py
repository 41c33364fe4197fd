"""Who wrote what, when and from where."""

from onhand.kit.migrations import execute
from onhand.kit.trail import TABLES

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    execute(TABLES)
