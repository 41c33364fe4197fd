"""Attempts at messages: leased, and what came of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.messages import Attempt, Channel, Hook, Mailbox, Message, Outcome
from onhand.notifications.storage.messages import MESSAGE, message_of, subject_of
from onhand.notifications.vault import Vault

# Of an endpoint that has failed often, and whose pause is over, one message tries; no other is claimed meanwhile.
_TRIALS = text("""
    UPDATE webhook_endpoints e SET pause_time = :lease_time
    FROM (
        SELECT endpoint_id FROM webhook_endpoints w
        WHERE pause_time <= :now AND disable_time IS NULL AND EXISTS (
            SELECT FROM messages m
            WHERE m.endpoint_id = w.endpoint_id AND m.state = 1 AND m.next_attempt_time <= :now)
        ORDER BY endpoint_id LIMIT :limit FOR UPDATE SKIP LOCKED
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
    RETURNING {MESSAGE}
""")
_GIVE_BACK = text("""
    UPDATE messages SET next_attempt_time = :now, attempt_count = attempt_count - 1
    WHERE message_id = :message_id AND state = 1 AND attempt_count = :attempt
""")


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


async def give_back(connection: AsyncConnection, attempt: Attempt, now: datetime) -> None:
    """End a lease, as if the message had not been claimed; nothing when somebody else has it by now."""
    values = {"message_id": attempt.message_id, "attempt": attempt.number, "now": now}
    await connection.execute(_GIVE_BACK, values)


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
    return None if row is None else message_of(vault, row)


def _attempt(vault: Vault, row: Row[Any]) -> Attempt:
    recipient: Mailbox | Hook | None = None
    if row.channel != Channel.WEBHOOK and row.sealed_value is not None:
        recipient = Mailbox(vault.open(row.sealed_value).decode())
    elif row.channel == Channel.WEBHOOK and row.uri is not None:
        recipient = Hook(row.endpoint_id, row.uri, _secrets(vault, row), row.disabled)
    return Attempt(
        message_id=row.message_id,
        channel=Channel(row.channel),
        number=row.attempt_count,
        number_in_round=row.attempt_count - row.round_start,
        subject=subject_of(vault, row),
        body=vault.open(row.sealed_body),
        create_time=row.create_time,
        recipient=recipient,
        run_id=row.run_id,
        step=row.step,
    )


def _secrets(vault: Vault, row: Row[Any]) -> tuple[bytes, ...]:
    return tuple(vault.open(each) for each in (row.sealed_secret, row.sealed_old_secret) if each is not None)
