"""Messages and the attempts at them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

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
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.storage import FORGET_AT_ONCE
from onhand.notifications.vault import Vault

SUPPRESS_AT_ONCE = 1_000
"""Waiting messages suppressed in one transaction, which protects the relay; those of a removed endpoint
beyond it go when they are due."""

_MESSAGE = """
    message_id, purpose, channel, state, order_id, masked_address, sealed_subject, attempt_count, round_start,
    next_attempt_time, failure, create_time, end_time, sealed_body IS NOT NULL AS has_text
"""
_ADD = text("""
    INSERT INTO messages (message_id, purpose, channel, state, order_id, endpoint_id, task_id, identity_id, address_id,
                          masked_address, sealed_subject, sealed_body, key_id, next_attempt_time, create_time, topic,
                          run_id, step, plan_time, text_digest)
    VALUES (:message_id, :purpose, :channel, 1, :order_id, :endpoint_id, :task_id, :identity_id, :address_id,
            :masked_address, :sealed_subject, :sealed_body, :key_id, :send_time, :now, :topic, :run_id,
            :step, :plan_time, :text_digest)
    ON CONFLICT (message_id) DO NOTHING
""")
_ADD_SUPPRESSED = text(f"""
    INSERT INTO messages (message_id, purpose, channel, state, order_id, task_id, identity_id, address_id,
                          masked_address, sealed_subject, key_id, create_time, end_time, failure, topic, run_id, step)
    VALUES (:message_id, :purpose, :channel, 4, :order_id, :task_id, :identity_id, :address_id, :masked_address,
            :sealed_subject, :key_id, :now, :now, :failure, :topic, :run_id, :step)
    ON CONFLICT (message_id) DO NOTHING RETURNING {_MESSAGE}
""")
_GET = f"SELECT {_MESSAGE} FROM messages WHERE message_id = :message_id"
_OF_ORDER = "order_id = :order_id"
_IN_STATE = "state = :state"
_BEFORE = "(create_time, message_id) < (:before_time, :before_id)"
_REVIVE = text(f"""
    UPDATE messages SET state = 1, round_start = attempt_count, next_attempt_time = :now, end_time = NULL
    WHERE message_id = :message_id RETURNING {_MESSAGE}
""")
# Of an endpoint that has failed often, and whose pause is over, one message tries; no other is claimed meanwhile.
_TRIALS = text("""
    UPDATE webhook_endpoints e SET pause_time = :lease_time
    FROM (
        SELECT endpoint_id FROM webhook_endpoints
        WHERE pause_time <= :now AND disable_time IS NULL ORDER BY endpoint_id LIMIT :limit FOR UPDATE SKIP LOCKED
    ) over
    WHERE e.endpoint_id = over.endpoint_id
    RETURNING (
        SELECT m.message_id FROM messages m
        WHERE m.endpoint_id = e.endpoint_id AND m.state = 1 AND m.next_attempt_time <= :now
        ORDER BY m.next_attempt_time LIMIT 1
    ) AS message_id
""")
_CLAIM = text("""
    UPDATE messages m SET next_attempt_time = :lease_time, attempt_count = m.attempt_count + 1
    FROM (
        SELECT due.message_id, a.sealed_value, e.uri, e.sealed_secret,
               CASE WHEN e.old_secret_expire_time > :now THEN e.sealed_old_secret END AS sealed_old_secret,
               e.disable_time IS NOT NULL AS disabled
        FROM (
            SELECT message_id, address_id, endpoint_id FROM messages
            WHERE state = 1 AND channel = :channel AND next_attempt_time <= :now
              AND (endpoint_id IS NULL
                   OR endpoint_id NOT IN (
                       SELECT endpoint_id FROM webhook_endpoints WHERE pause_time IS NOT NULL AND disable_time IS NULL)
                   OR message_id = ANY (CAST(:trials AS uuid[])))
            ORDER BY next_attempt_time LIMIT :limit FOR UPDATE SKIP LOCKED
        ) due
        LEFT JOIN addresses a ON a.address_id = due.address_id
        LEFT JOIN webhook_endpoints e ON e.endpoint_id = due.endpoint_id
    ) d
    WHERE m.message_id = d.message_id
    RETURNING m.message_id, m.channel, m.attempt_count, m.round_start, m.sealed_subject, m.sealed_body,
              m.create_time, m.endpoint_id, m.run_id, m.step, d.sealed_value, d.uri, d.sealed_secret,
              d.sealed_old_secret, d.disabled
""")
# What was sent was sent, whoever holds the lease now; any other result counts only for its own attempt.
_CONCLUDE = text(f"""
    UPDATE messages SET state = :state, failure = :failure, next_attempt_time = :next_attempt_time,
        end_time = CASE WHEN :state = 1 THEN NULL ELSE CAST(:now AS timestamptz) END,
        sealed_body = CASE WHEN :keep_text THEN sealed_body END
    WHERE message_id = :message_id
      AND (state = 1 AND attempt_count = :attempt OR :state = 2 AND state <> 2)
    RETURNING {_MESSAGE}
""")
_SUPPRESS = f"""
    UPDATE messages SET state = 4, failure = :failure, next_attempt_time = NULL, end_time = :now,
        sealed_body = NULL
    WHERE message_id IN (
        SELECT message_id FROM messages WHERE {{which}} AND state = 1
        ORDER BY message_id LIMIT :limit FOR UPDATE
    )
    RETURNING {_MESSAGE}
"""
_SUPPRESS_OF_ENDPOINT = text(_SUPPRESS.format(which="endpoint_id = :endpoint_id"))
_SUPPRESS_OF_RUN = text(_SUPPRESS.format(which="run_id = :run_id"))
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
    SELECT {_MESSAGE} FROM messages
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
    RETURNING {_MESSAGE}
""")
_FAILED_OF_ENDPOINT = text("""
    SELECT message_id FROM messages
    WHERE endpoint_id = :endpoint_id AND state = 3 AND sealed_body IS NOT NULL AND create_time >= :since
    ORDER BY create_time, message_id LIMIT :limit
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
    return [_message(vault, row) for row in rows]


async def get(
    connection: AsyncConnection, vault: Vault, message_id: UUID, *, for_update: bool = False
) -> Message | None:
    query = _GET + (" FOR UPDATE" if for_update else "")
    row = (await connection.execute(text(query), {"message_id": message_id})).one_or_none()
    return None if row is None else _message(vault, row)


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
        SELECT {_MESSAGE} FROM messages WHERE {" AND ".join(conditions)}
        ORDER BY create_time DESC, message_id DESC LIMIT :limit
    """
    rows = await connection.execute(text(query), {**values, "limit": limit})
    return [_message(vault, row) for row in rows]


async def revive(connection: AsyncConnection, vault: Vault, message_id: UUID, now: datetime) -> Message:
    """Make a failed message due now, with its whole schedule of attempts before it."""
    return _message(vault, (await connection.execute(_REVIVE, {"message_id": message_id, "now": now})).one())


async def claim(
    connection: AsyncConnection,
    vault: Vault,
    channel: Channel,
    limit: int,
    now: datetime,
    lease_time: datetime,
) -> list[Attempt]:
    """Take due messages of a channel for an attempt each; until `lease_time` nobody else does."""
    values = {"limit": limit, "now": now, "lease_time": lease_time}
    trials: list[UUID] = []
    if channel is Channel.WEBHOOK:
        found = (await connection.execute(_TRIALS, values)).scalars()
        trials = [each for each in found if each is not None]
    rows = await connection.execute(_CLAIM, {**values, "channel": channel, "trials": trials})
    return [_attempt(vault, row) for row in rows]


async def conclude(
    connection: AsyncConnection, vault: Vault, attempt: Attempt, outcome: Outcome, now: datetime
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
    return None if row is None else _message(vault, row)


async def suppress_of_endpoint(
    connection: AsyncConnection, vault: Vault, endpoint_id: UUID, failure: str, now: datetime
) -> list[Message]:
    """Suppress what waits for an endpoint, up to a limit, and return it."""
    values = {"endpoint_id": endpoint_id, "failure": failure, "now": now, "limit": SUPPRESS_AT_ONCE}
    return [_message(vault, row) for row in await connection.execute(_SUPPRESS_OF_ENDPOINT, values)]


async def failed_of_endpoint(connection: AsyncConnection, endpoint_id: UUID, since: datetime) -> list[UUID]:
    """Return the oldest failed messages to an endpoint, made since a time, that can be tried again."""
    values = {"endpoint_id": endpoint_id, "since": since, "limit": SUPPRESS_AT_ONCE}
    return list((await connection.execute(_FAILED_OF_ENDPOINT, values)).scalars())


async def suppress_of_run(
    connection: AsyncConnection, vault: Vault, run_id: UUID, failure: str, now: datetime
) -> list[Message]:
    """Suppress what waits of a run, and return it."""
    values = {"run_id": run_id, "failure": failure, "now": now, "limit": SUPPRESS_AT_ONCE}
    return [_message(vault, row) for row in await connection.execute(_SUPPRESS_OF_RUN, values)]


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
    return [_message(vault, row) for row in rows]


async def erase_of_person(
    connection: AsyncConnection, vault: Vault, identity_ids: Sequence[UUID], now: datetime
) -> list[Message]:
    """Take a person out of their messages, and suppress those that wait; returns all."""
    rows = await connection.execute(_ERASE, {"identity_ids": list(identity_ids), "now": now})
    return [_message(vault, row) for row in rows]


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
        "now": now,
    }


def _message(vault: Vault, row: Row[Any]) -> Message:
    return Message(
        message_id=row.message_id,
        purpose=Purpose(row.purpose),
        channel=Channel(row.channel),
        state=State(row.state),
        order_id=row.order_id,
        masked_address=row.masked_address,
        subject=_subject(vault, row),
        attempt_count=row.attempt_count,
        round_start=row.round_start,
        next_attempt_time=row.next_attempt_time,
        failure=row.failure,
        create_time=row.create_time,
        end_time=row.end_time,
        has_text=row.has_text,
    )


def _attempt(vault: Vault, row: Row[Any]) -> Attempt:
    recipient: Mailbox | Hook | None = None
    if row.channel == Channel.EMAIL and row.sealed_value is not None:
        recipient = Mailbox(vault.open(row.sealed_value).decode())
    elif row.channel == Channel.WEBHOOK and row.uri is not None:
        recipient = Hook(row.endpoint_id, row.uri, _secrets(vault, row), row.disabled)
    return Attempt(
        message_id=row.message_id,
        channel=Channel(row.channel),
        number=row.attempt_count,
        number_in_round=row.attempt_count - row.round_start,
        subject=_subject(vault, row),
        body=vault.open(row.sealed_body),
        create_time=row.create_time,
        recipient=recipient,
        run_id=row.run_id,
        step=row.step,
    )


def _subject(vault: Vault, row: Row[Any]) -> str:
    return vault.open(row.sealed_subject).decode() if row.sealed_subject is not None else ""


def _secrets(vault: Vault, row: Row[Any]) -> tuple[bytes, ...]:
    return tuple(vault.open(each) for each in (row.sealed_secret, row.sealed_old_secret) if each is not None)
