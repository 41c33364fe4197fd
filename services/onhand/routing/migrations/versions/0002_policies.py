"""Versioned configurations; what a plan depended on, to explain it and to plan it again; capacity by day."""

from onhand.kit.migrations import execute

revision = "0002"
down_revision = "0001"

TABLES = """
-- Every version of every policy and table that merchants apply; the newest of a name is in force.
CREATE TABLE configurations (
    name       text        NOT NULL,  -- policy/<channel>
    version    bigint      NOT NULL CHECK (version > 0),
    content    jsonb       NOT NULL,  -- the message of the contract, as JSON
    actor      text        NOT NULL,
    detail     text        NOT NULL,
    apply_time timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);

-- Candidates are explained from the facts now; the column stays for replicas that still write it.
ALTER TABLE plans ALTER COLUMN candidates SET DEFAULT '[]';
ALTER TABLE plans ADD COLUMN policy_channel text    NOT NULL DEFAULT '';
ALTER TABLE plans ADD COLUMN policy_version bigint  NOT NULL DEFAULT 0;
ALTER TABLE plans ADD COLUMN portions       jsonb   NOT NULL DEFAULT '[]';
ALTER TABLE plans ADD COLUMN exact          boolean NOT NULL DEFAULT true;
-- Facts of all candidates, compressed JSON; null in plans that were made before there was this column.
ALTER TABLE plans ADD COLUMN question       bytea;

-- The day of the location's own calendar on which it was given the order.
ALTER TABLE assignments ADD COLUMN day date;
CREATE INDEX assignments_day ON assignments (location_id, day) WHERE state <> 3;
"""


def upgrade() -> None:
    execute(TABLES)
