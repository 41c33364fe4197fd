"""What became of messages after they were sent, and addresses that are written to no more."""

from onhand.kit.migrations import execute

revision = "0006"
down_revision = "0005"

TABLES = """
-- An address, not a person's: it outlives an erasure as a digest, which tells nobody without the key what it was.
CREATE TABLE suppressions (
    kind         smallint    NOT NULL,
    digest       bytea       NOT NULL,
    sealed_value bytea,      -- null: the person was erased
    key_id       text        NOT NULL,
    reason       smallint    NOT NULL,
    create_time  timestamptz NOT NULL,
    PRIMARY KEY (kind, digest)
);
CREATE INDEX suppressions_key ON suppressions (key_id) WHERE sealed_value IS NOT NULL;
ALTER TABLE messages
    ADD COLUMN receipt      smallint NOT NULL DEFAULT 0,
    ADD COLUMN receipt_time timestamptz;
"""


def upgrade() -> None:
    execute(TABLES)
