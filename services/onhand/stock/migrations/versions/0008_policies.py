"""Stock policies, suggestions of safety stock."""

from onhand.kit.migrations import execute

revision = "0008"
down_revision = "0007"

TABLES = """
-- Master data: replicated everywhere on a distributed engine, and bounded (`stock_policy_limit`). An empty text
-- names all; a null term is left to the next less specific row. The order of the key is that in which the rows
-- of a cell are looked for.
CREATE TABLE stock_policies (
    item_id        text        NOT NULL,
    item_class     text        NOT NULL CHECK (item_class = '' OR item_id = ''),
    location_id    text        NOT NULL,
    channel        text        NOT NULL,
    safety_stock   bigint      CHECK (safety_stock >= 0),
    kept_percent   smallint    CHECK (kept_percent BETWEEN 0 AND 100),
    out_quantity   bigint      CHECK (out_quantity >= 0),
    customer_limit bigint      CHECK (customer_limit >= 0),
    channel_limit  bigint      CHECK (channel_limit >= 0),
    orders_first   boolean,
    note           text        NOT NULL,
    version        bigint      NOT NULL DEFAULT 1,
    actor          text        NOT NULL,
    update_time    timestamptz NOT NULL,
    PRIMARY KEY (item_id, location_id, item_class, channel)
);
-- Every row as it was set, and when it was deleted: never changed.
CREATE TABLE stock_policy_changes (
    change_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id     text        NOT NULL,
    item_class  text        NOT NULL,
    location_id text        NOT NULL,
    channel     text        NOT NULL,
    terms       jsonb,      -- null: deleted
    note        text        NOT NULL,
    actor       text        NOT NULL,
    change_time timestamptz NOT NULL
);
CREATE INDEX stock_policy_changes_scope
    ON stock_policy_changes (item_id, location_id, item_class, channel, change_id);

CREATE TABLE safety_stock_suggestions (
    location_id   text        NOT NULL,
    suggestion_id uuid        NOT NULL,
    item_id       text        NOT NULL,
    state         smallint    NOT NULL,
    safety_stock  bigint      NOT NULL CHECK (safety_stock >= 0),
    basis         jsonb       NOT NULL, -- what the number was computed from
    actor         text        NOT NULL,
    create_time   timestamptz NOT NULL,
    decide_actor  text        NOT NULL DEFAULT '',
    decide_time   timestamptz,
    PRIMARY KEY (location_id, suggestion_id)
);
CREATE UNIQUE INDEX safety_stock_suggestions_open
    ON safety_stock_suggestions (location_id, item_id) WHERE state = 1;
CREATE INDEX safety_stock_suggestions_id ON safety_stock_suggestions (suggestion_id);
"""


def upgrade() -> None:
    execute(TABLES)
