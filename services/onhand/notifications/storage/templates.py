"""Templates that have been saved."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.domain.templates import Template

SAVE_LOCK = 0x74656D706C
"""Key of the advisory lock under which versions are counted."""

_TEMPLATE = "purpose, channel, locale, version, subject, body_text, body_html, create_time, actor"
_IN_USE = text(f"""
    SELECT DISTINCT ON (purpose, channel, locale) {_TEMPLATE} FROM templates
    WHERE CAST(:purpose AS smallint) IS NULL OR purpose = :purpose
    ORDER BY purpose, channel, locale, version DESC
""")
_GET = text(f"""
    SELECT {_TEMPLATE} FROM templates
    WHERE purpose = :purpose AND channel = :channel AND locale = :locale AND version = :version
""")
_ADD = text(f"""
    INSERT INTO templates ({_TEMPLATE})
    VALUES (:purpose, :channel, :locale, :version, :subject, :body_text, :body_html, :create_time, :actor)
""")


async def lock(connection: AsyncConnection) -> None:
    """Keep others from saving templates until the transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SAVE_LOCK})


async def in_use(connection: AsyncConnection, purpose: Purpose | None = None) -> list[Template]:
    """Return the latest version of each template that has been saved."""
    return [_template(row) for row in await connection.execute(_IN_USE, {"purpose": purpose})]


async def get(
    connection: AsyncConnection, purpose: Purpose, channel: Channel, locale: str, version: int
) -> Template | None:
    values = {"purpose": purpose, "channel": channel, "locale": locale, "version": version}
    row = (await connection.execute(_GET, values)).one_or_none()
    return None if row is None else _template(row)


async def add(connection: AsyncConnection, template: Template) -> None:
    await connection.execute(
        _ADD,
        {
            "purpose": template.purpose,
            "channel": template.channel,
            "locale": template.locale,
            "version": template.version,
            "subject": template.subject,
            "body_text": template.text,
            "body_html": template.html,
            "create_time": template.create_time,
            "actor": template.actor,
        },
    )


def _template(row: Row[Any]) -> Template:
    return Template(
        purpose=Purpose(row.purpose),
        channel=Channel(row.channel),
        locale=row.locale,
        version=row.version,
        subject=row.subject,
        text=row.body_text,
        html=row.body_html,
        create_time=row.create_time,
        actor=row.actor,
    )
