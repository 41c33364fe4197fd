"""Endpoints of webhooks have a health and may have two secrets."""

from onhand.kit.migrations import execute

revision = "0005"
down_revision = "0004"

TABLES = """
ALTER TABLE webhook_endpoints
    ADD COLUMN failure_count          integer NOT NULL DEFAULT 0 CHECK (failure_count >= 0),  -- in a row
    ADD COLUMN first_failure_time     timestamptz,  -- of those in a row
    ADD COLUMN pause_time             timestamptz,  -- until then nothing is posted
    ADD COLUMN sealed_old_secret      bytea,
    ADD COLUMN old_secret_expire_time timestamptz;
CREATE INDEX messages_endpoint_failed ON messages (endpoint_id, create_time)
    WHERE state = 3 AND endpoint_id IS NOT NULL AND sealed_body IS NOT NULL;
"""


def upgrade() -> None:
    execute(TABLES)
