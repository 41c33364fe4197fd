"""Changes of a reservation in their order; display policies, substitutes, postal codes."""

from onhand.kit.migrations import execute

revision = "0005"
down_revision = "0004"

TABLES = """
-- Rises under the row's lock: a transaction that began earlier, and so has the lower revision, may get the
-- lock later. A constant default rewrites no row.
ALTER TABLE reservations ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- Master data: small, replicated everywhere on a distributed engine.

CREATE TABLE display_policies (
    channel         text    PRIMARY KEY,
    low_quantity    bigint  NOT NULL CHECK (low_quantity >= 0),
    out_quantity    bigint  NOT NULL CHECK (out_quantity >= 0),
    hide_quantities boolean NOT NULL
);
CREATE TABLE item_substitutes (
    item_id            text     NOT NULL REFERENCES items,
    rank               smallint NOT NULL,
    substitute_item_id text     NOT NULL REFERENCES items CHECK (substitute_item_id <> item_id),
    PRIMARY KEY (item_id, rank)
);
CREATE TABLE postal_places (
    region_code text             NOT NULL,
    postal_code text             NOT NULL, -- upper case, without spaces
    latitude    double precision NOT NULL,
    longitude   double precision NOT NULL,
    PRIMARY KEY (region_code, postal_code)
);
"""


def upgrade() -> None:
    execute(TABLES)
