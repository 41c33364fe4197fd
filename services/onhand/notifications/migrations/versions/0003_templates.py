"""Templates that have been saved."""

from onhand.kit.migrations import execute

revision = "0003"
down_revision = "0002"

TABLES = """
-- Never changed: a change is a further version, and the latest is the one in use.
CREATE TABLE templates (
    purpose     smallint    NOT NULL,
    channel     smallint    NOT NULL,
    locale      text        NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    subject     text        NOT NULL,
    body_text   text        NOT NULL,
    body_html   text        NOT NULL,
    create_time timestamptz NOT NULL,
    actor       text        NOT NULL,
    PRIMARY KEY (purpose, channel, locale, version)
);
"""


def upgrade() -> None:
    execute(TABLES)
