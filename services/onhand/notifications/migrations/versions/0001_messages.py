"""Contacts of orders, webhook endpoints, messages."""

from onhand.kit.migrations import KIT_TABLES, execute

revision = "0001"
down_revision = None

TABLES = """
-- What is known of an order, from routing. The only place of an address; sealed columns are encrypted with
-- a key that the database does not have.
CREATE TABLE order_contacts (
    order_id     text PRIMARY KEY,
    display_name text        NOT NULL,
    sealed_email bytea,      -- null: they gave none
    locale       text        NOT NULL,
    allow_split  boolean     NOT NULL,
    create_time  timestamptz NOT NULL
);
CREATE INDEX order_contacts_create_time ON order_contacts USING brin (create_time);
CREATE TABLE order_lines (
    order_id text   NOT NULL REFERENCES order_contacts ON DELETE CASCADE,
    line_id  text   NOT NULL,
    item_id  text   NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, line_id)
);
-- How far a task's events have been handled, so that one that comes late is left out.
CREATE TABLE tasks (
    task_id  uuid   PRIMARY KEY,
    order_id text   NOT NULL REFERENCES order_contacts ON DELETE CASCADE,
    version  bigint NOT NULL
);
CREATE INDEX tasks_order ON tasks (order_id);

CREATE TABLE webhook_endpoints (
    endpoint_id   uuid PRIMARY KEY,
    uri           text        NOT NULL,
    purposes      smallint[]  NOT NULL,  -- empty: all
    title         text        NOT NULL,
    sealed_secret bytea       NOT NULL,
    create_time   timestamptz NOT NULL,
    disable_time  timestamptz
);

-- No foreign keys: a message outlives its endpoint and its contact, as proof.
CREATE TABLE messages (
    message_id        uuid PRIMARY KEY,
    purpose           smallint    NOT NULL,
    channel           smallint    NOT NULL,
    state             smallint    NOT NULL,
    order_id          text        NOT NULL,
    task_id           uuid,
    endpoint_id       uuid,
    masked_address    text        NOT NULL,
    subject           text        NOT NULL,
    sealed_body       bytea,      -- dropped at the end; a failed one's is kept for a while, to try again
    attempt_count     integer     NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
    -- attempt_count when it was made or last revived: the schedule of retries counts from here.
    round_start       integer     NOT NULL DEFAULT 0 CHECK (round_start <= attempt_count),
    next_attempt_time timestamptz,
    failure           text        NOT NULL DEFAULT '',
    create_time       timestamptz NOT NULL,
    end_time          timestamptz,
    CONSTRAINT messages_waiting_has_all
        CHECK (state <> 1
               OR (next_attempt_time IS NOT NULL AND sealed_body IS NOT NULL AND end_time IS NULL)),
    CONSTRAINT messages_ended_waits_not
        CHECK (state = 1 OR (next_attempt_time IS NULL AND end_time IS NOT NULL)),
    CONSTRAINT messages_sent_forgets CHECK (state NOT IN (2, 4) OR sealed_body IS NULL)
) WITH (fillfactor = 80);
CREATE INDEX messages_due ON messages (channel, next_attempt_time) WHERE state = 1;
CREATE INDEX messages_task ON messages (task_id) WHERE state = 1;
CREATE INDEX messages_endpoint ON messages (endpoint_id) WHERE state = 1;
CREATE INDEX messages_latest ON messages (create_time DESC, message_id DESC);
CREATE INDEX messages_state ON messages (state, create_time DESC, message_id DESC) WHERE state <> 2;
CREATE INDEX messages_order ON messages (order_id, create_time DESC, message_id DESC);
CREATE INDEX messages_kept_text ON messages (end_time) WHERE state = 3 AND sealed_body IS NOT NULL;
"""


def upgrade() -> None:
    execute(KIT_TABLES)
    execute(TABLES)
