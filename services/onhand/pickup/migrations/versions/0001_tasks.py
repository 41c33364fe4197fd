"""Tasks with their lines and history, tags held by them, effects on stock."""

from onhand.kit.migrations import KIT_TABLES, execute

revision = "0001"
down_revision = None

TABLES = """
-- States and kinds are numbered as in the contract; states from 7 on are ended.
CREATE TABLE tasks (
    task_id               uuid        PRIMARY KEY,
    order_id              text        NOT NULL,
    location_id           text        NOT NULL,
    kind                  smallint    NOT NULL,
    state                 smallint    NOT NULL,
    reservation_id        text        NOT NULL,
    promise_time          timestamptz NOT NULL,
    accept_deadline       timestamptz NOT NULL,
    collect_deadline      timestamptz,
    customer_display_name text        NOT NULL,
    shipping_address      bytea       NOT NULL,
    staging_place         text        NOT NULL DEFAULT '',
    assignee              text        NOT NULL DEFAULT '',
    check_in_time         timestamptz,
    check_in_note         text        NOT NULL DEFAULT '',
    carrier               text        NOT NULL DEFAULT '',
    tracking_number       text        NOT NULL DEFAULT '',
    create_time           timestamptz NOT NULL,
    version               bigint      NOT NULL,
    -- Of the last change; watches follow it.
    revision              xid8        NOT NULL DEFAULT pg_current_xact_id(),
    CHECK (state <> 5 OR collect_deadline IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX tasks_live ON tasks (location_id, promise_time, task_id) WHERE state < 7;
CREATE INDEX tasks_location ON tasks (location_id, promise_time, task_id);
CREATE INDEX tasks_changes ON tasks (location_id, revision);
CREATE INDEX tasks_accept ON tasks (accept_deadline) WHERE state = 1;
CREATE INDEX tasks_collect ON tasks (collect_deadline) WHERE state = 5;
CREATE INDEX tasks_order ON tasks (order_id);

CREATE TABLE task_lines (
    task_id   uuid     NOT NULL REFERENCES tasks ON DELETE CASCADE,
    position  smallint NOT NULL,
    line_id   text     NOT NULL,
    item_id   text     NOT NULL,
    quantity  bigint   NOT NULL CHECK (quantity > 0),
    picked    bigint   NOT NULL CHECK (picked >= 0),
    short     bigint   NOT NULL CHECK (short >= 0),
    cancelled bigint   NOT NULL CHECK (cancelled >= 0),
    epcs      text[]   NOT NULL,
    PRIMARY KEY (task_id, line_id),
    CHECK (picked + short + cancelled <= quantity),
    CHECK (cardinality(epcs) <= picked)
);

-- A tag is picked for one task at a time. Its row goes when the task ends or gives the tag back.
CREATE TABLE held_tags (
    epc     text PRIMARY KEY,
    task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE
);
CREATE INDEX held_tags_task ON held_tags (task_id);

-- The one-time code while the task is ready: salted and hashed, with the attempts that missed it.
CREATE TABLE collection_codes (
    task_id        uuid     PRIMARY KEY REFERENCES tasks ON DELETE CASCADE,
    salt           bytea    NOT NULL,
    digest         bytea    NOT NULL,
    wrong_attempts smallint NOT NULL,
    pause_end      timestamptz
);

CREATE TABLE task_events (
    task_id    uuid        NOT NULL REFERENCES tasks ON DELETE CASCADE,
    event_id   uuid        NOT NULL,  -- of the event published
    version    bigint      NOT NULL,
    occur_time timestamptz NOT NULL,
    actor      text        NOT NULL,
    what       text        NOT NULL,
    detail     jsonb       NOT NULL,
    PRIMARY KEY (task_id, event_id)
);

-- Goods that left the store and that stock is still to be told of. A row is deleted when stock knows; one
-- with a failure was refused for good and waits for a person.
CREATE TABLE stock_effects (
    task_id           uuid        PRIMARY KEY REFERENCES tasks ON DELETE CASCADE,
    attempts          integer     NOT NULL DEFAULT 0,
    next_attempt_time timestamptz NOT NULL,
    failure           text
);
CREATE INDEX stock_effects_due ON stock_effects (next_attempt_time) WHERE failure IS NULL;

-- Withdrawals that came before their task.
CREATE TABLE early_withdrawals (
    withdrawal_id bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    task_id       uuid        NOT NULL,
    line_ids      text[]      NOT NULL,
    detail        text        NOT NULL,
    receive_time  timestamptz NOT NULL
);
CREATE INDEX early_withdrawals_task ON early_withdrawals (task_id);
"""


def upgrade() -> None:
    execute(KIT_TABLES)
    execute(TABLES)
