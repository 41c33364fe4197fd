"""SQL of notifications; rows ⇄ domain.

Rows are locked in the order: endpoint, then messages.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.endpoints import Endpoint, NewEndpoint
from onhand.notifications.domain.messages import (
    Attempt,
    Channel,
    Hook,
    Mailbox,
    Message,
    NewMessage,
    Outcome,
    State,
)
from onhand.notifications.domain.occasions import Contact, Line, Occasion, Purpose, Task

ENDPOINTS_LOCK = 0x686F6F6B73
"""Key of the advisory lock under which endpoints are counted and added."""
SUPPRESS_AT_ONCE = 1_000
"""Waiting messages that go with their endpoint in one transaction; the rest go when they are due."""
FORGET_AT_ONCE = 10_000
"""Rows that one transaction of housekeeping drops; protects the relay from long writers."""

_MESSAGE = """
    message_id, purpose, channel, state, order_id, masked_address, subject, attempt_count, round_start,
    next_attempt_time, failure, create_time, end_time, sealed_body IS NOT NULL AS has_text
"""
_ENDPOINT = "endpoint_id, uri, purposes, title, create_time, disable_time"

_ADD_CONTACT = text("""
    INSERT INTO order_contacts (order_id, display_name, sealed_email, locale, allow_split, create_time)
    VALUES (:order_id, :display_name, :sealed_email, :locale, :allow_split, :now)
    ON CONFLICT (order_id) DO NOTHING
""")
_ADD_LINES = text("""
    INSERT INTO order_lines (order_id, line_id, item_id, quantity)
    SELECT :order_id, line_id, item_id, quantity
    FROM unnest(CAST(:line_ids AS text[]), CAST(:item_ids AS text[]), CAST(:quantities AS bigint[]))
         AS line (line_id, item_id, quantity)
""")
_CONTACT = text("""
    SELECT display_name, sealed_email, locale, allow_split FROM order_contacts WHERE order_id = :order_id
""")
_LINES = text(
    "SELECT line_id, item_id, quantity FROM order_lines WHERE order_id = :order_id ORDER BY line_id"
)
_ADVANCE_TASK = text("""
    INSERT INTO tasks (task_id, order_id, version) VALUES (:task_id, :order_id, :version)
    ON CONFLICT (task_id) DO UPDATE SET version = excluded.version WHERE tasks.version <= excluded.version
""")

_ADD_MESSAGES = text("""
    INSERT INTO messages (message_id, purpose, channel, state, order_id, endpoint_id, masked_address, subject,
                          sealed_body, next_attempt_time, create_time)
    VALUES (:message_id, :purpose, :channel, 1, :order_id, :endpoint_id, :masked_address, :subject,
            :sealed_body, :now, :now)
    ON CONFLICT (message_id) DO NOTHING
""")
_GET_MESSAGE = f"SELECT {_MESSAGE} FROM messages WHERE message_id = :message_id"  # noqa: S608 - constants
_OF_ORDER = "order_id = :order_id"
_IN_STATE = "state = :state"
_BEFORE = "(create_time, message_id) < (:before_time, :before_id)"
_REVIVE = text(f"""
    UPDATE messages SET state = 1, round_start = attempt_count, next_attempt_time = :now, end_time = NULL
    WHERE message_id = :message_id RETURNING {_MESSAGE}
""")  # noqa: S608 - constants
_CLAIM = text("""
    UPDATE messages m SET next_attempt_time = :lease_time, attempt_count = m.attempt_count + 1
    FROM (
        SELECT due.message_id, c.display_name, c.sealed_email, e.uri, e.sealed_secret,
               e.disable_time IS NOT NULL AS disabled
        FROM (
            SELECT message_id, order_id, endpoint_id FROM messages
            WHERE state = 1 AND channel = :channel AND next_attempt_time <= :now
            ORDER BY next_attempt_time LIMIT :limit FOR UPDATE SKIP LOCKED
        ) due
        LEFT JOIN order_contacts c ON c.order_id = due.order_id
        LEFT JOIN webhook_endpoints e ON e.endpoint_id = due.endpoint_id
    ) d
    WHERE m.message_id = d.message_id
    RETURNING m.message_id, m.channel, m.attempt_count, m.round_start, m.subject, m.sealed_body,
              m.create_time, m.endpoint_id, d.display_name, d.sealed_email, d.uri, d.sealed_secret, d.disabled
""")
# What was sent was sent, whoever holds the lease now; any other result counts only for its own attempt.
_CONCLUDE = text(f"""
    UPDATE messages SET state = :state, failure = :failure, next_attempt_time = :next_attempt_time,
        end_time = CASE WHEN :state = 1 THEN NULL ELSE CAST(:now AS timestamptz) END,
        sealed_body = CASE WHEN :keep_text THEN sealed_body END
    WHERE message_id = :message_id
      AND (state = 1 AND attempt_count = :attempt OR :state = 2 AND state <> 2)
    RETURNING {_MESSAGE}
""")  # noqa: S608 - constants

_COUNT_ENDPOINTS = text("SELECT count(*) FROM webhook_endpoints")
_ADD_ENDPOINT = text(f"""
    INSERT INTO webhook_endpoints (endpoint_id, uri, purposes, title, sealed_secret, create_time)
    VALUES (:endpoint_id, :uri, :purposes, :title, :sealed_secret, :now) RETURNING {_ENDPOINT}
""")  # noqa: S608 - constants
_LIST_ENDPOINTS = text(f"SELECT {_ENDPOINT} FROM webhook_endpoints ORDER BY endpoint_id")  # noqa: S608
_SUBSCRIBED = text(f"""
    SELECT {_ENDPOINT} FROM webhook_endpoints
    WHERE disable_time IS NULL AND (purposes = '{{}}' OR :purpose = ANY (purposes)) ORDER BY endpoint_id
""")  # noqa: S608 - constants
_SECRET = text("SELECT sealed_secret FROM webhook_endpoints WHERE endpoint_id = :endpoint_id")
_DISABLE_ENDPOINT = text("""
    UPDATE webhook_endpoints SET disable_time = :now WHERE endpoint_id = :endpoint_id AND disable_time IS NULL
""")
_DELETE_ENDPOINT = text("DELETE FROM webhook_endpoints WHERE endpoint_id = :endpoint_id")
_SUPPRESS = text(f"""
    UPDATE messages SET state = 4, failure = :failure, next_attempt_time = NULL, end_time = :now,
        sealed_body = NULL
    WHERE message_id IN (
        SELECT message_id FROM messages WHERE endpoint_id = :endpoint_id AND state = 1
        ORDER BY message_id LIMIT :limit FOR UPDATE
    )
    RETURNING {_MESSAGE}
""")  # noqa: S608 - constants

_WAITING = text("""
    SELECT channel, count(*) AS message_count, min(create_time) AS oldest_time
    FROM messages WHERE state = 1 GROUP BY channel
""")
_DROP_TEXTS = text("""
    UPDATE messages SET sealed_body = NULL WHERE message_id IN (
        SELECT message_id FROM messages
        WHERE state = 3 AND sealed_body IS NOT NULL AND end_time < :before LIMIT :limit
    )
""")
_DROP_MESSAGES = text("""
    DELETE FROM messages WHERE message_id IN (
        SELECT message_id FROM messages WHERE state <> 1 AND create_time < :before
        ORDER BY create_time LIMIT :limit
    )
""")
_DROP_CONTACTS = text("""
    DELETE FROM order_contacts WHERE order_id IN (
        SELECT order_id FROM order_contacts WHERE create_time < :before LIMIT :limit
    )
""")


# Contacts


async def add_contact(
    connection: AsyncConnection, contact: Contact, sealed_email: bytes | None, now: datetime
) -> None:
    """Keep an order's contact and lines; an order that is known already stays as it is."""
    added = await connection.execute(
        _ADD_CONTACT,
        {
            "order_id": contact.order_id,
            "display_name": contact.display_name,
            "sealed_email": sealed_email,
            "locale": contact.locale,
            "allow_split": contact.allow_split,
            "now": now,
        },
    )
    if added.rowcount == 1:
        await connection.execute(
            _ADD_LINES,
            {
                "order_id": contact.order_id,
                "line_ids": [each.line_id for each in contact.lines],
                "item_ids": [each.item_id for each in contact.lines],
                "quantities": [each.quantity for each in contact.lines],
            },
        )


async def get_contact(connection: AsyncConnection, order_id: str) -> tuple[Contact, bytes | None] | None:
    """Return an order's contact, without the address, and the sealed address."""
    row = (await connection.execute(_CONTACT, {"order_id": order_id})).one_or_none()
    if row is None:
        return None
    lines = (await connection.execute(_LINES, {"order_id": order_id})).all()
    contact = Contact(
        order_id=order_id,
        display_name=row.display_name,
        email="",
        locale=row.locale,
        allow_split=row.allow_split,
        lines=tuple(Line(each.line_id, each.item_id, each.quantity) for each in lines),
    )
    return contact, row.sealed_email


async def advance_task(connection: AsyncConnection, occasion: Occasion, task: Task) -> bool:
    """Note how far a task has come; False when a later event of it has been handled already."""
    key = {"task_id": task.task_id, "order_id": occasion.order_id, "version": task.version}
    return (await connection.execute(_ADVANCE_TASK, key)).rowcount == 1


# Messages


async def add_messages(connection: AsyncConnection, messages: Iterable[NewMessage], now: datetime) -> None:
    """Add messages, due at once; those that exist already stay as they are."""
    rows = [
        {
            "message_id": each.message_id,
            "purpose": each.purpose,
            "channel": each.channel,
            "order_id": each.order_id,
            "endpoint_id": each.endpoint_id,
            "masked_address": each.masked_address,
            "subject": each.subject,
            "sealed_body": each.sealed_body,
            "now": now,
        }
        for each in messages
    ]
    if rows:
        await connection.execute(_ADD_MESSAGES, rows)


async def get_message(
    connection: AsyncConnection, message_id: UUID, *, for_update: bool = False
) -> Message | None:
    query = _GET_MESSAGE + (" FOR UPDATE" if for_update else "")
    row = (await connection.execute(text(query), {"message_id": message_id})).one_or_none()
    return None if row is None else _message(row)


async def list_messages(
    connection: AsyncConnection,
    order_id: str,
    state: State | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Message]:
    """Return messages, latest first, that come after the one named by `before`."""
    conditions, values = ["true"], dict[str, Any]()
    # Only what is asked for stands in the query, so that each form of it finds its own index.
    if order_id:
        conditions.append(_OF_ORDER)
        values["order_id"] = order_id
    if state is not None:
        conditions.append(_IN_STATE)
        values["state"] = state
    if before is not None:
        conditions.append(_BEFORE)
        values["before_time"], values["before_id"] = before
    query = f"""
        SELECT {_MESSAGE} FROM messages WHERE {" AND ".join(conditions)}
        ORDER BY create_time DESC, message_id DESC LIMIT :limit
    """  # noqa: S608 - constants
    rows = await connection.execute(text(query), {**values, "limit": limit})
    return [_message(row) for row in rows]


async def revive(connection: AsyncConnection, message_id: UUID, now: datetime) -> Message:
    """Make a failed message due now, with its whole schedule of attempts before it."""
    return _message((await connection.execute(_REVIVE, {"message_id": message_id, "now": now})).one())


async def claim(
    connection: AsyncConnection, channel: Channel, limit: int, now: datetime, lease_time: datetime
) -> list[Attempt]:
    """Take due messages of a channel for an attempt each; until `lease_time` nobody else does."""
    rows = await connection.execute(
        _CLAIM, {"channel": channel, "limit": limit, "now": now, "lease_time": lease_time}
    )
    return [_attempt(row) for row in rows]


async def conclude(
    connection: AsyncConnection, attempt: Attempt, outcome: Outcome, now: datetime
) -> Message | None:
    """Record what became of a message; None when a later attempt or its end has outdated this one."""
    row = (
        await connection.execute(
            _CONCLUDE,
            {
                "message_id": attempt.message_id,
                "attempt": attempt.number,
                "state": outcome.state,
                "failure": outcome.failure,
                "next_attempt_time": outcome.next_attempt_time,
                "keep_text": outcome.keep_text,
                "now": now,
            },
        )
    ).one_or_none()
    return None if row is None else _message(row)


# Endpoints


async def count_endpoints(connection: AsyncConnection) -> int:
    """Return how many endpoints there are; until the transaction ends nobody else adds one."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ENDPOINTS_LOCK})
    return int((await connection.execute(_COUNT_ENDPOINTS)).scalar_one())


async def add_endpoint(
    connection: AsyncConnection, endpoint_id: UUID, new: NewEndpoint, sealed_secret: bytes, now: datetime
) -> Endpoint:
    result = await connection.execute(
        _ADD_ENDPOINT,
        {
            "endpoint_id": endpoint_id,
            "uri": new.uri,
            "purposes": [int(each) for each in new.purposes],
            "title": new.title,
            "sealed_secret": sealed_secret,
            "now": now,
        },
    )
    return _endpoint(result.one())


async def list_endpoints(connection: AsyncConnection) -> list[Endpoint]:
    """Return all endpoints in the order they were made (their ids rise with time)."""
    return [_endpoint(row) for row in await connection.execute(_LIST_ENDPOINTS)]


async def subscribed_endpoints(connection: AsyncConnection, purpose: Purpose) -> list[Endpoint]:
    """Return the endpoints in use that want to hear of `purpose`."""
    return [_endpoint(row) for row in await connection.execute(_SUBSCRIBED, {"purpose": purpose})]


async def get_secret(connection: AsyncConnection, endpoint_id: UUID) -> bytes | None:
    """Return an endpoint's sealed secret."""
    secret: bytes | None = await connection.scalar(_SECRET, {"endpoint_id": endpoint_id})
    return secret


async def disable_endpoint(connection: AsyncConnection, endpoint_id: UUID, now: datetime) -> None:
    await connection.execute(_DISABLE_ENDPOINT, {"endpoint_id": endpoint_id, "now": now})


async def delete_endpoint(
    connection: AsyncConnection, endpoint_id: UUID, failure: str, now: datetime
) -> list[Message]:
    """Remove an endpoint, if it is there, and return the messages that were suppressed with it."""
    await connection.execute(_DELETE_ENDPOINT, {"endpoint_id": endpoint_id})
    rows = await connection.execute(
        _SUPPRESS,
        {"endpoint_id": endpoint_id, "failure": failure, "now": now, "limit": SUPPRESS_AT_ONCE},
    )
    return [_message(row) for row in rows]


# Upkeep


async def waiting(connection: AsyncConnection) -> dict[Channel, tuple[int, datetime]]:
    """Return for each channel how many messages wait, and since when the oldest does."""
    rows = await connection.execute(_WAITING)
    return {Channel(row.channel): (row.message_count, row.oldest_time) for row in rows}


async def forget(
    connection: AsyncConnection,
    *,
    texts_before: datetime,
    messages_before: datetime,
    contacts_before: datetime,
) -> dict[str, int]:
    """Drop what was kept long enough, some of each; returns how many."""
    steps: Sequence[tuple[str, Any, datetime]] = (
        ("texts", _DROP_TEXTS, texts_before),
        ("messages", _DROP_MESSAGES, messages_before),
        ("contacts", _DROP_CONTACTS, contacts_before),
    )
    return {
        name: (await connection.execute(query, {"before": before, "limit": FORGET_AT_ONCE})).rowcount
        for name, query, before in steps
    }


# Rows


def _message(row: Row[Any]) -> Message:
    return Message(
        message_id=row.message_id,
        purpose=Purpose(row.purpose),
        channel=Channel(row.channel),
        state=State(row.state),
        order_id=row.order_id,
        masked_address=row.masked_address,
        subject=row.subject,
        attempt_count=row.attempt_count,
        round_start=row.round_start,
        next_attempt_time=row.next_attempt_time,
        failure=row.failure,
        create_time=row.create_time,
        end_time=row.end_time,
        has_text=row.has_text,
    )


def _attempt(row: Row[Any]) -> Attempt:
    recipient: Mailbox | Hook | None = None
    if row.channel == Channel.EMAIL and row.sealed_email is not None:
        recipient = Mailbox(row.sealed_email, row.display_name)
    elif row.channel == Channel.WEBHOOK and row.uri is not None:
        recipient = Hook(row.endpoint_id, row.uri, row.sealed_secret, row.disabled)
    return Attempt(
        message_id=row.message_id,
        channel=Channel(row.channel),
        number=row.attempt_count,
        number_in_round=row.attempt_count - row.round_start,
        subject=row.subject,
        sealed_body=row.sealed_body,
        create_time=row.create_time,
        recipient=recipient,
    )


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        endpoint_id=row.endpoint_id,
        uri=row.uri,
        purposes=tuple(map(Purpose, row.purposes)),
        title=row.title,
        create_time=row.create_time,
        disable_time=row.disable_time,
    )
