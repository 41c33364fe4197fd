"""When what was reserved and committed changed, so that the past can be told."""

from onhand.kit.migrations import execute

revision = "0006"
down_revision = "0005"

TABLES = """
-- What a change of a reservation did to a cell; that it was made, the reservation itself says. Written when it is
-- committed, given back, handed over or runs out: making holds, the hottest path, writes nothing here.
CREATE TABLE reservation_changes (
    location_id    text        NOT NULL,
    item_id        text        NOT NULL,
    change_time    timestamptz NOT NULL, -- of a hold that ran out: its expire_time
    reservation_id uuid        NOT NULL,
    reserved       bigint      NOT NULL, -- added to what the cell has reserved
    committed      bigint      NOT NULL,
    PRIMARY KEY (location_id, item_id, change_time, reservation_id)
);
CREATE INDEX reservation_changes_time ON reservation_changes USING brin (change_time);
-- Since when they are noted. A release before this one that still runs meanwhile notes none: upgrade all
-- replicas soon.
CREATE TABLE reservation_changes_start (
    only_one   boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    start_time timestamptz NOT NULL DEFAULT now()
);
INSERT INTO reservation_changes_start DEFAULT VALUES;
"""


def upgrade() -> None:
    execute(TABLES)
