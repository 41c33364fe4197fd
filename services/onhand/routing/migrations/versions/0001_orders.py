"""Orders, their lines and history; plans, assignments under way and releases owed to stock."""

from onhand.kit.migrations import KIT_TABLES, execute

revision = "0001"
down_revision = None

TABLES = """
-- The row of an order is the lock of all that belongs to it.
CREATE TABLE orders (
    order_id              text        PRIMARY KEY,
    channel               text        NOT NULL,
    customer_id           text        NOT NULL,
    customer_display_name text        NOT NULL,
    customer_email        text        NOT NULL,
    customer_phone        text        NOT NULL,
    customer_locale       text        NOT NULL,
    method                smallint    NOT NULL,  -- 1 collect, 2 ship
    collect_location_id   text        NOT NULL,
    shipping_address      bytea       NOT NULL,
    latitude              double precision,
    longitude             double precision,
    allow_split           boolean     NOT NULL,
    auto_cancel_time      timestamptz NOT NULL,
    create_time           timestamptz NOT NULL,
    version               bigint      NOT NULL,
    attempt               integer     NOT NULL,
    failures              integer     NOT NULL,
    basket_reservation_id uuid,
    -- When a job looks at the order; null once nothing is left to do.
    next_action_time      timestamptz,
    -- Who advances it now; only its holder calls stock for it.
    lease_id              uuid,
    lease_until           timestamptz,
    CHECK (method <> 1 OR collect_location_id <> ''),
    CHECK (method <> 2 OR latitude IS NOT NULL AND longitude IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX orders_due ON orders (next_action_time, create_time) WHERE next_action_time IS NOT NULL;
CREATE INDEX orders_latest ON orders (create_time DESC, order_id DESC);
CREATE INDEX orders_customer ON orders (customer_id, create_time DESC, order_id DESC);

CREATE TABLE order_lines (
    order_id              text     NOT NULL REFERENCES orders,
    line_id               text     NOT NULL,
    root_line_id          text     NOT NULL,
    item_id               text     NOT NULL,
    quantity              bigint   NOT NULL CHECK (quantity > 0),
    position              integer  NOT NULL,
    state                 smallint NOT NULL CHECK (state BETWEEN 1 AND 12),
    location_id           text     NOT NULL,
    task_id               uuid,
    reservation_id        uuid,
    failed_location_ids   text[]   NOT NULL,
    excluded_location_ids text[]   NOT NULL,
    released_revision     bigint   NOT NULL,
    promise_time          timestamptz,
    carrier               text     NOT NULL,
    tracking_number       text     NOT NULL,
    action_time           timestamptz,
    PRIMARY KEY (order_id, line_id),
    -- Nothing waits without someone who acts on it: only lines that ended (8 to 12) have no action.
    CONSTRAINT order_lines_never_stuck CHECK (state >= 8 OR action_time IS NOT NULL),
    -- Assigned, picking or ready: a task, and stock that is committed for it.
    CONSTRAINT order_lines_backed CHECK (
        state NOT IN (4, 5, 6) OR location_id <> '' AND task_id IS NOT NULL AND reservation_id IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX order_lines_state ON order_lines (state, order_id);
CREATE INDEX order_lines_parked ON order_lines (item_id, order_id) WHERE state = 7;

CREATE TABLE order_history (
    order_id    text        NOT NULL REFERENCES orders,
    entry       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    record_time timestamptz NOT NULL,
    line_id     text        NOT NULL,
    state       smallint,
    actor       text        NOT NULL,
    detail      text        NOT NULL,
    location_id text        NOT NULL,
    PRIMARY KEY (order_id, entry)
);

CREATE TABLE plans (
    order_id   text        NOT NULL REFERENCES orders,
    attempt    integer     NOT NULL,
    plan_time  timestamptz NOT NULL,
    chosen     boolean     NOT NULL,  -- whether it placed anything
    outcome    text        NOT NULL,
    candidates jsonb       NOT NULL,
    PRIMARY KEY (order_id, attempt)
);

CREATE TABLE assignments (
    order_id       text     NOT NULL REFERENCES orders,
    attempt        integer  NOT NULL,
    part           integer  NOT NULL,
    location_id    text     NOT NULL,
    task_id        uuid     NOT NULL,
    reservation_id uuid     NOT NULL,
    lines          jsonb    NOT NULL,
    is_basket      boolean  NOT NULL,
    state          smallint NOT NULL,  -- 1 under way, 2 done, 3 abandoned
    PRIMARY KEY (order_id, attempt, part)
);

-- Units owed to stock. A row goes when stock has confirmed it.
CREATE TABLE releases (
    release_id     uuid     PRIMARY KEY,
    order_id       text     NOT NULL REFERENCES orders,
    number         bigint   NOT NULL GENERATED ALWAYS AS IDENTITY,
    reservation_id uuid     NOT NULL,
    location_id    text     NOT NULL,
    quantities     jsonb    NOT NULL,
    bucket         smallint NOT NULL,
    line_ids       text[]   NOT NULL,
    is_foreign     boolean  NOT NULL
);
CREATE INDEX releases_order ON releases (order_id, number);
"""


def upgrade() -> None:
    execute(KIT_TABLES)
    execute(TABLES)
