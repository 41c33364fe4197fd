"""Messages and the attempts at them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.messages import (
    Channel,
    Message,
    NewMessage,
    Receipt,
    State,
)
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.storage import FORGET_AT_ONCE
from onhand.notifications.vault import Vault

SUPPRESS_AT_ONCE = 1_000
"""Waiting messages suppressed in one transaction, which protects the relay; those of a removed endpoint
beyond it go when they are due."""

MESSAGE = """
    message_id, purpose, channel, state, order_id, masked_address, sealed_subject, attempt_count, round_start,
    next_attempt_time, failure, create_time, end_time, sealed_body IS NOT NULL AS has_text,
    receipt, receipt_time
"""
_ADD = text("""
    INSERT INTO messages (message_id, purpose, channel, state, order_id, endpoint_id, task_id, identity_id, address_id,
                          masked_address, sealed_subject, sealed_body, key_id, next_attempt_time, create_time, topic,
                          run_id, step, plan_time, text_digest, experiment, variant)
    VALUES (:message_id, :purpose, :channel, 1, :order_id, :endpoint_id, :task_id, :identity_id, :address_id,
            :masked_address, :sealed_subject, :sealed_body, :key_id, :send_time, :now, :topic, :run_id,
            :step, :plan_time, :text_digest, :experiment, :variant)
    ON CONFLICT (message_id) DO NOTHING
""")
_ADD_SUPPRESSED = text(f"""
    INSERT INTO messages (message_id, purpose, channel, state, order_id, task_id, identity_id, address_id,
                          masked_address, sealed_subject, key_id, create_time, end_time, failure, topic, run_id, step,
                          experiment, variant)
    VALUES (:message_id, :purpose, :channel, 4, :order_id, :task_id, :identity_id, :address_id, :masked_address,
            :sealed_subject, :key_id, :now, :now, :failure, :topic, :run_id, :step, :experiment, :variant)
    ON CONFLICT (message_id) DO NOTHING RETURNING {MESSAGE}
""")
_GET = f"SELECT {MESSAGE} FROM messages WHERE message_id = :message_id"
_OF_ORDER = "order_id = :order_id"
_IN_STATE = "state = :state"
_BEFORE = "(create_time, message_id) < (:before_time, :before_id)"
_REVIVE = text(f"""
    UPDATE messages SET state = 1, round_start = attempt_count, next_attempt_time = :now, end_time = NULL
    WHERE message_id = :message_id RETURNING {MESSAGE}
""")
_SUPPRESS = f"""
    UPDATE messages SET state = 4, failure = :failure, next_attempt_time = NULL, end_time = :now,
        sealed_body = NULL
    WHERE message_id IN (
        SELECT message_id FROM messages WHERE {{which}} AND state = 1
        ORDER BY message_id LIMIT :limit FOR UPDATE
    )
    RETURNING {MESSAGE}
"""
_SUPPRESS_OF_ENDPOINT = text(_SUPPRESS.format(which="endpoint_id = :endpoint_id"))
_SUPPRESS_OF_RUN = text(_SUPPRESS.format(which="run_id = :run_id"))
_SUPPRESS_REFUSED = text(
    _SUPPRESS.format(
        which="address_id = ANY (CAST(:address_ids AS uuid[])) AND channel = :channel AND topic = :topic"
    )
)
_CHANNELS_OF_STEP = text("SELECT DISTINCT channel FROM messages WHERE run_id = :run_id AND step = :step")
_SAID = text("""
    SELECT EXISTS (
        SELECT FROM messages WHERE identity_id = ANY (CAST(:identity_ids AS uuid[])) AND create_time >= :since
            AND text_digest = :digest AND state IN (1, 2)
    )
""")
_PLANNED_NEAR = text("""
    SELECT plan_time FROM messages
    WHERE identity_id = ANY (CAST(:identity_ids AS uuid[])) AND topic = :topic AND state IN (1, 2)
      AND plan_time > CAST(:at AS timestamptz) - CAST(:span AS interval)
      AND plan_time < CAST(:at AS timestamptz) + CAST(:span AS interval)
""")
_OF_PERSON = text(f"""
    SELECT {MESSAGE} FROM messages
    WHERE identity_id = ANY (CAST(:identity_ids AS uuid[]))
      AND (CAST(:before_time AS timestamptz) IS NULL
           OR (create_time, message_id) < (:before_time, CAST(:before_id AS uuid)))
    ORDER BY create_time DESC, message_id DESC LIMIT :limit
""")
_ERASE = text(f"""
    UPDATE messages SET identity_id = NULL, address_id = NULL, masked_address = '', sealed_subject = NULL,
        sealed_body = NULL, next_attempt_time = NULL,
        failure = CASE state WHEN 1 THEN 'the person was erased' ELSE '' END,
        end_time = CASE state WHEN 1 THEN CAST(:now AS timestamptz) ELSE end_time END,
        state = CASE state WHEN 1 THEN 4 ELSE state END
    WHERE identity_id = ANY (CAST(:identity_ids AS uuid[]))
    RETURNING {MESSAGE}
""")
_FAILED_OF_ENDPOINT = text("""
    SELECT message_id FROM messages
    WHERE endpoint_id = :endpoint_id AND state = 3 AND sealed_body IS NOT NULL AND create_time >= :since
    ORDER BY create_time, message_id LIMIT :limit
""")
_NOTE_RECEIPT = text(f"""
    UPDATE messages SET receipt = :receipt, receipt_time = :now
    WHERE message_id = :message_id AND receipt < :receipt RETURNING {MESSAGE}
""")
_PLACE = text("""
    SELECT m.run_id, m.step, i.contact_id, m.address_id FROM messages m
    LEFT JOIN identities i ON i.identity_id = m.identity_id WHERE m.message_id = :message_id
""")
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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message comes from and goes to; None: from no journey, or to nobody who is known now."""

    run_id: UUID | None
    step: int | None
    contact_id: UUID | None
    address_id: UUID | None


async def add(
    connection: AsyncConnection, vault: Vault, messages: Iterable[NewMessage], now: datetime
) -> None:
    """Add messages, due when they are to be sent; those that exist already stay as they are."""
    if rows := [_values(vault, each, now) for each in messages]:
        await connection.execute(_ADD, rows)


async def add_suppressed(
    connection: AsyncConnection, vault: Vault, new: NewMessage, failure: str, now: datetime
) -> list[Message]:
    """Keep that a message was not sent, and why, without its text; returns it, unless it is there already."""
    rows = await connection.execute(_ADD_SUPPRESSED, {**_values(vault, new, now), "failure": failure})
    return [message_of(vault, row) for row in rows]


async def get(
    connection: AsyncConnection, vault: Vault, message_id: UUID, *, for_update: bool = False
) -> Message | None:
    query = _GET + (" FOR UPDATE" if for_update else "")
    row = (await connection.execute(text(query), {"message_id": message_id})).one_or_none()
    return None if row is None else message_of(vault, row)


async def list_some(
    connection: AsyncConnection,
    vault: Vault,
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
        SELECT {MESSAGE} FROM messages WHERE {" AND ".join(conditions)}
        ORDER BY create_time DESC, message_id DESC LIMIT :limit
    """
    rows = await connection.execute(text(query), {**values, "limit": limit})
    return [message_of(vault, row) for row in rows]


async def revive(connection: AsyncConnection, vault: Vault, message_id: UUID, now: datetime) -> Message:
    """Make a failed message due now, with its whole schedule of attempts before it."""
    return message_of(
        vault, (await connection.execute(_REVIVE, {"message_id": message_id, "now": now})).one()
    )


async def suppress_of_endpoint(
    connection: AsyncConnection, vault: Vault, endpoint_id: UUID, failure: str, now: datetime
) -> list[Message]:
    """Suppress what waits for an endpoint, up to a limit, and return it."""
    values = {"endpoint_id": endpoint_id, "failure": failure, "now": now, "limit": SUPPRESS_AT_ONCE}
    return [message_of(vault, row) for row in await connection.execute(_SUPPRESS_OF_ENDPOINT, values)]


async def failed_of_endpoint(connection: AsyncConnection, endpoint_id: UUID, since: datetime) -> list[UUID]:
    """Return the oldest failed messages to an endpoint, made since a time, that can be tried again."""
    values = {"endpoint_id": endpoint_id, "since": since, "limit": SUPPRESS_AT_ONCE}
    return list((await connection.execute(_FAILED_OF_ENDPOINT, values)).scalars())


async def note_receipt(
    connection: AsyncConnection, vault: Vault, message_id: UUID, receipt: Receipt, now: datetime
) -> Message | None:
    """Remember what became of a message; None when as much or more is known already, or it is gone."""
    values = {"message_id": message_id, "receipt": receipt, "now": now}
    row = (await connection.execute(_NOTE_RECEIPT, values)).one_or_none()
    return None if row is None else message_of(vault, row)


async def place_of(connection: AsyncConnection, message_id: UUID) -> Place:
    """Return where a message comes from and goes to."""
    row = (await connection.execute(_PLACE, {"message_id": message_id})).one()
    return Place(row.run_id, row.step, row.contact_id, row.address_id)


async def suppress_of_run(
    connection: AsyncConnection, vault: Vault, run_id: UUID, failure: str, now: datetime
) -> list[Message]:
    """Suppress what waits of a run, and return it."""
    values = {"run_id": run_id, "failure": failure, "now": now, "limit": SUPPRESS_AT_ONCE}
    return [message_of(vault, row) for row in await connection.execute(_SUPPRESS_OF_RUN, values)]


async def suppress_refused(
    connection: AsyncConnection,
    vault: Vault,
    address_ids: Sequence[UUID],
    channel: Channel,
    topic: int,
    now: datetime,
) -> list[Message]:
    """Suppress what waits to be said about a topic at addresses whose owner wants it no more; returns it."""
    values = {"address_ids": list(address_ids), "channel": channel, "topic": topic, "now": now}
    failure = "they have not agreed to it"
    rows = await connection.execute(
        _SUPPRESS_REFUSED, {**values, "failure": failure, "limit": SUPPRESS_AT_ONCE}
    )
    return [message_of(vault, row) for row in rows]


async def channels_of_step(connection: AsyncConnection, run_id: UUID, step: int) -> set[Channel]:
    """Return the channels by which a step of a run was told, or tried to be."""
    rows = await connection.execute(_CHANNELS_OF_STEP, {"run_id": run_id, "step": step})
    return {Channel(each) for each in rows.scalars()}


async def was_said(
    connection: AsyncConnection, identity_ids: Sequence[UUID], digest: bytes, since: datetime
) -> bool:
    """Tell whether a person was, or will be, told the same at the same address since a time."""
    values = {"identity_ids": list(identity_ids), "digest": digest, "since": since}
    return bool(await connection.scalar(_SAID, values))


async def planned_near(
    connection: AsyncConnection, identity_ids: Sequence[UUID], topic: int, at: datetime, span: timedelta
) -> list[datetime]:
    """Return when a person was or will be told of a topic, less than `span` from `at`."""
    values = {"identity_ids": list(identity_ids), "topic": topic, "at": at, "span": span}
    return list((await connection.execute(_PLANNED_NEAR, values)).scalars())


async def list_of_person(
    connection: AsyncConnection,
    vault: Vault,
    identity_ids: Sequence[UUID],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Message]:
    """Return a person's messages, latest first, that come after the one named by `before`."""
    before_time, before_id = before or (None, None)
    rows = await connection.execute(
        _OF_PERSON,
        {
            "identity_ids": list(identity_ids),
            "before_time": before_time,
            "before_id": before_id,
            "limit": limit,
        },
    )
    return [message_of(vault, row) for row in rows]


async def erase_of_person(
    connection: AsyncConnection, vault: Vault, identity_ids: Sequence[UUID], now: datetime
) -> list[Message]:
    """Take a person out of their messages, and suppress those that wait; returns all."""
    rows = await connection.execute(_ERASE, {"identity_ids": list(identity_ids), "now": now})
    return [message_of(vault, row) for row in rows]


async def waiting(connection: AsyncConnection) -> dict[Channel, tuple[int, datetime]]:
    """Return for each channel how many messages wait, and since when the oldest does."""
    rows = await connection.execute(_WAITING)
    return {Channel(row.channel): (row.message_count, row.oldest_time) for row in rows}


async def drop_texts(connection: AsyncConnection, before: datetime) -> int:
    """Drop what some messages said that had failed before a time; returns how many."""
    return (await connection.execute(_DROP_TEXTS, {"before": before, "limit": FORGET_AT_ONCE})).rowcount


async def drop(connection: AsyncConnection, before: datetime) -> int:
    """Drop some messages made before a time that have ended; returns how many."""
    return (await connection.execute(_DROP_MESSAGES, {"before": before, "limit": FORGET_AT_ONCE})).rowcount


def _values(vault: Vault, each: NewMessage, now: datetime) -> dict[str, Any]:
    send_time = each.send_time or now
    return {
        "message_id": each.message_id,
        "purpose": each.purpose,
        "channel": each.channel,
        "order_id": each.order_id,
        "endpoint_id": each.endpoint_id,
        "task_id": each.task_id,
        "identity_id": each.identity_id,
        "address_id": each.address_id,
        "masked_address": each.masked_address,
        "sealed_subject": vault.seal(each.subject.encode()) if each.subject else None,
        "sealed_body": vault.seal(each.body),
        "key_id": vault.key_id,
        "send_time": send_time,
        "topic": each.topic,
        "run_id": each.run_id,
        "step": each.step,
        "plan_time": send_time if each.topic is not None else None,
        "text_digest": each.text_digest,
        "experiment": each.experiment,
        "variant": each.variant,
        "now": now,
    }


def message_of(vault: Vault, row: Row[Any]) -> Message:
    return Message(
        message_id=row.message_id,
        purpose=Purpose(row.purpose),
        channel=Channel(row.channel),
        state=State(row.state),
        order_id=row.order_id,
        masked_address=row.masked_address,
        subject=subject_of(vault, row),
        attempt_count=row.attempt_count,
        round_start=row.round_start,
        next_attempt_time=row.next_attempt_time,
        failure=row.failure,
        create_time=row.create_time,
        end_time=row.end_time,
        has_text=row.has_text,
        receipt=Receipt(row.receipt),
        receipt_time=row.receipt_time,
    )


def subject_of(vault: Vault, row: Row[Any]) -> str:
    return vault.open(row.sealed_subject).decode() if row.sealed_subject is not None else ""
