"""Alerts, the units held for them, and look-ups.

Rows are locked in the order: unit, then alerts, then contact.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.alerts import Alert, AlertState, Cell, HoldState, LookUp, UnitHold
from onhand.notifications.storage import FORGET_AT_ONCE
from onhand.notifications.vault import Vault

_ALERT = """
    a.alert_id, i.contact_id, a.identity_id, a.address_id, a.item_ids, a.location_ids, a.alternative_ids,
    a.sealed_offer, a.state, a.create_time, a.expire_time, a.alternatives_told, a.hold_id, a.offered_item_id,
    a.offered_location_id, a.claim_deadline
"""
_FROM = "FROM alerts a JOIN identities i ON i.identity_id = a.identity_id"
_WAITS = """
    a.state = 1 AND a.not_before <= :now AND a.expire_time > :now AND a.item_ids @> ARRAY[CAST(:item_id AS text)]
    AND (a.location_ids = '{}' OR a.location_ids @> ARRAY[CAST(:location_id AS text)])
"""
_ADD = text("""
    INSERT INTO alerts (alert_id, identity_id, address_id, item_ids, location_ids, alternative_ids, sealed_offer,
                        key_id, state, create_time, due_time, not_before, expire_time)
    VALUES (:alert_id, :identity_id, :address_id, CAST(:item_ids AS text[]), CAST(:location_ids AS text[]),
            CAST(:alternative_ids AS text[]), :sealed_offer, :key_id, 1, :create_time, :due_time,
            :create_time, :expire_time)
""")
_GET = f"SELECT {_ALERT} {_FROM} WHERE a.alert_id = :alert_id"
_OF_CONTACT = text(f"""
    SELECT {_ALERT} {_FROM} WHERE i.contact_id = :contact_id ORDER BY a.create_time DESC, a.alert_id DESC LIMIT 1000
""")
_COUNT_OF_CONTACT = text(f"SELECT count(*) {_FROM} WHERE i.contact_id = :contact_id AND a.state IN (1, 2)")
_COUNT_WAITING = text(f"SELECT count(*) FROM (SELECT FROM alerts a WHERE {_WAITS} LIMIT :limit) w")
_NEXT_WAITING = text(f"""
    SELECT {_ALERT} {_FROM} WHERE {_WAITS}
    ORDER BY a.create_time, a.alert_id LIMIT :limit FOR UPDATE OF a SKIP LOCKED
""")
_OFFER = text("""
    UPDATE alerts SET state = 2, hold_id = :hold_id, offered_item_id = :item_id, offered_location_id = :location_id,
        claim_deadline = :claim_deadline
    WHERE alert_id = :alert_id
""")
_PUT_OFF = text("""
    UPDATE alerts SET not_before = :not_before, due_time = least(due_time, :not_before) WHERE alert_id = :alert_id
""")
_CLAIM = text("UPDATE alerts SET state = 3, due_time = NULL, claim_time = :now WHERE alert_id = :alert_id")
_RETURN_OTHERS = text("""
    UPDATE alerts SET state = 1, hold_id = NULL, offered_item_id = '', offered_location_id = '', claim_deadline = NULL
    WHERE hold_id = :hold_id AND state = 2 AND alert_id <> :alert_id
""")
_LAPSE = text("UPDATE alerts SET state = 4, due_time = NULL WHERE hold_id = :hold_id AND state = 2")
_COUNT_OFFERED = text("SELECT count(*) FROM alerts WHERE hold_id = :hold_id AND state = 2")
_END = text("UPDATE alerts SET state = :state, due_time = NULL WHERE alert_id = :alert_id")
_NEXT_DUE = text(f"""
    SELECT {_ALERT} {_FROM} WHERE a.state = 1 AND a.due_time <= :now
    ORDER BY a.due_time LIMIT 1 FOR UPDATE OF a SKIP LOCKED
""")
_SET_DUE = text("""
    UPDATE alerts SET due_time = :due_time, alternatives_told = :told WHERE alert_id = :alert_id
""")
_DROP = text("""
    DELETE FROM alerts WHERE alert_id IN (
        SELECT alert_id FROM alerts WHERE state > 2 AND create_time < :before LIMIT :limit)
""")

_HOLD = "hold_id, item_id, location_id, state, round, expire_time"
_ADD_HOLDS = text("""
    INSERT INTO unit_holds (hold_id, item_id, location_id, state, due_time)
    SELECT unnest(CAST(:hold_ids AS uuid[])), :item_id, :location_id, 1, :now
""")
_COUNT_WANTED = text("""
    SELECT count(*) FROM unit_holds WHERE item_id = :item_id AND location_id = :location_id AND state = 1
""")
_DUE_HOLDS = text(f"""
    WITH due AS MATERIALIZED (
        SELECT hold_id FROM unit_holds WHERE due_time <= :now ORDER BY due_time, hold_id LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    UPDATE unit_holds SET due_time = :lease_time WHERE hold_id IN (SELECT hold_id FROM due) RETURNING {_HOLD}
""")
_GET_HOLD = text(f"SELECT {_HOLD} FROM unit_holds WHERE hold_id = :hold_id FOR UPDATE")
_SET_HOLD = text("""
    UPDATE unit_holds SET state = :state, round = :round, due_time = :due_time, expire_time = :expire_time
    WHERE hold_id = :hold_id
""")
_DROP_HOLD = text("DELETE FROM unit_holds WHERE hold_id = :hold_id")
_DROP_CLAIMED = text("DELETE FROM unit_holds WHERE state = 5 AND expire_time < :before")

_ADD_LOOK_UP = text("""
    INSERT INTO look_ups (identity_id, item_id, location_id, day, was_out, look_up_time)
    VALUES (:identity_id, :item_id, :location_id, CAST(:now AS timestamptz)::date, :was_out, :now)
    ON CONFLICT (identity_id, item_id, location_id, day) DO UPDATE SET
        was_out = look_ups.was_out OR excluded.was_out, look_up_time = excluded.look_up_time
""")
_LOOK_UPS = text("""
    SELECT item_id, location_id, was_out, look_up_time FROM look_ups
    WHERE identity_id = ANY (CAST(:identity_ids AS uuid[])) ORDER BY look_up_time DESC LIMIT 1000
""")
_IN_VAIN = text("""
    SELECT item_id, location_id, was_out, look_up_time FROM look_ups
    WHERE identity_id = ANY (CAST(:identity_ids AS uuid[])) AND was_out AND NOT told
    ORDER BY look_up_time DESC LIMIT 100
""")
_TOLD = text("""
    UPDATE look_ups SET told = true WHERE identity_id = ANY (CAST(:identity_ids AS uuid[])) AND item_id = :item_id
""")
_DROP_LOOK_UPS = text("""
    DELETE FROM look_ups WHERE ctid IN (SELECT ctid FROM look_ups WHERE look_up_time < :before LIMIT :limit)
""")


async def add(connection: AsyncConnection, vault: Vault, alert: Alert, due_time: datetime) -> None:
    await connection.execute(
        _ADD,
        {
            "alert_id": alert.alert_id,
            "identity_id": alert.identity_id,
            "address_id": alert.address_id,
            "item_ids": list(alert.item_ids),
            "location_ids": list(alert.location_ids),
            "alternative_ids": list(alert.alternative_ids),
            "sealed_offer": vault.seal(alert.offer.encode()) if alert.offer else None,
            "key_id": vault.key_id,
            "create_time": alert.create_time,
            "due_time": due_time,
            "expire_time": alert.expire_time,
        },
    )


async def get(
    connection: AsyncConnection, vault: Vault, alert_id: UUID, *, for_update: bool = False
) -> Alert | None:
    query = text(_GET + (" FOR UPDATE OF a" if for_update else ""))
    row = (await connection.execute(query, {"alert_id": alert_id})).one_or_none()
    return None if row is None else _alert(vault, row)


async def of_contact(connection: AsyncConnection, vault: Vault, contact_id: UUID) -> list[Alert]:
    """Return a person's alerts, latest first."""
    return [_alert(vault, row) for row in await connection.execute(_OF_CONTACT, {"contact_id": contact_id})]


async def count_of_contact(connection: AsyncConnection, contact_id: UUID) -> int:
    """Return how many alerts of a person have not ended."""
    return int(await connection.scalar(_COUNT_OF_CONTACT, {"contact_id": contact_id}) or 0)


async def count_waiting(connection: AsyncConnection, cell: Cell, now: datetime, limit: int) -> int:
    """Return how many wait for a cell, counted up to a limit."""
    return int(await connection.scalar(_COUNT_WAITING, {**_key(cell), "now": now, "limit": limit}) or 0)


async def next_waiting(
    connection: AsyncConnection, vault: Vault, cell: Cell | UnitHold, now: datetime, limit: int
) -> list[Alert]:
    """Return who waits for a cell, in the order in which they asked; nobody else is at them."""
    rows = await connection.execute(_NEXT_WAITING, {**_key(cell), "now": now, "limit": limit})
    return [_alert(vault, row) for row in rows]


async def offer(
    connection: AsyncConnection, alert_id: UUID, hold: UnitHold, claim_deadline: datetime
) -> None:
    values = {"alert_id": alert_id, "hold_id": hold.hold_id, "claim_deadline": claim_deadline, **_key(hold)}
    await connection.execute(_OFFER, values)


async def put_off(connection: AsyncConnection, alert_id: UUID, not_before: datetime) -> None:
    """Pass over an alert until a time, since its person could not be told."""
    await connection.execute(_PUT_OFF, {"alert_id": alert_id, "not_before": not_before})


async def claim(connection: AsyncConnection, alert_id: UUID, hold_id: UUID, now: datetime) -> None:
    """Give a unit to one of those whom it was offered; the others wait on."""
    await connection.execute(_CLAIM, {"alert_id": alert_id, "now": now})
    await connection.execute(_RETURN_OTHERS, {"alert_id": alert_id, "hold_id": hold_id})


async def lapse(connection: AsyncConnection, hold_id: UUID) -> None:
    """Note that those whom a unit was offered did not take it in time."""
    await connection.execute(_LAPSE, {"hold_id": hold_id})


async def count_offered(connection: AsyncConnection, hold_id: UUID) -> int:
    return int(await connection.scalar(_COUNT_OFFERED, {"hold_id": hold_id}) or 0)


async def end(connection: AsyncConnection, alert_id: UUID, state: AlertState) -> None:
    await connection.execute(_END, {"alert_id": alert_id, "state": state})


async def next_due(connection: AsyncConnection, vault: Vault, now: datetime) -> Alert | None:
    """Return an alert that has waited long, and that nobody else is at."""
    row = (await connection.execute(_NEXT_DUE, {"now": now})).one_or_none()
    return None if row is None else _alert(vault, row)


async def set_due(connection: AsyncConnection, alert_id: UUID, due_time: datetime, *, told: bool) -> None:
    await connection.execute(_SET_DUE, {"alert_id": alert_id, "due_time": due_time, "told": told})


async def drop(connection: AsyncConnection, before: datetime) -> int:
    """Drop some alerts made before a time that have ended; returns how many."""
    return (await connection.execute(_DROP, {"before": before, "limit": FORGET_AT_ONCE})).rowcount


# Units


async def add_holds(connection: AsyncConnection, hold_ids: Sequence[UUID], cell: Cell, now: datetime) -> None:
    """Want units of a cell, one an id."""
    await connection.execute(_ADD_HOLDS, {"hold_ids": list(hold_ids), "now": now, **_key(cell)})


async def count_wanted(connection: AsyncConnection, cell: Cell) -> int:
    """Return how many units of a cell are wanted and not held yet."""
    return int(await connection.scalar(_COUNT_WANTED, _key(cell)) or 0)


async def due_holds(
    connection: AsyncConnection, now: datetime, lease_time: datetime, limit: int
) -> list[UnitHold]:
    """Take units about which something has to be done; until `lease_time` nobody else does."""
    rows = await connection.execute(_DUE_HOLDS, {"now": now, "lease_time": lease_time, "limit": limit})
    return [_hold(row) for row in rows]


async def get_hold(connection: AsyncConnection, hold_id: UUID) -> UnitHold | None:
    """Return a unit that nobody else changes."""
    row = (await connection.execute(_GET_HOLD, {"hold_id": hold_id})).one_or_none()
    return None if row is None else _hold(row)


async def set_hold(
    connection: AsyncConnection,
    hold: UnitHold,
    state: HoldState,
    due_time: datetime | None,
    *,
    round_: int | None = None,
    expire_time: datetime | None = None,
) -> None:
    """Say what is to be done about a unit, and when; what is not said stays."""
    await connection.execute(
        _SET_HOLD,
        {
            "hold_id": hold.hold_id,
            "state": state,
            "due_time": due_time,
            "round": hold.round if round_ is None else round_,
            "expire_time": expire_time or hold.expire_time,
        },
    )


async def drop_hold(connection: AsyncConnection, hold_id: UUID) -> None:
    await connection.execute(_DROP_HOLD, {"hold_id": hold_id})


async def drop_claimed(connection: AsyncConnection, before: datetime) -> int:
    """Drop units that were claimed and whose hold ran out before a time; returns how many."""
    return (await connection.execute(_DROP_CLAIMED, {"before": before})).rowcount


# Look-ups


async def add_look_up(connection: AsyncConnection, identity_id: UUID, look_up: LookUp) -> None:
    """Note that somebody looked for something; the same counts once a day."""
    values = {"identity_id": identity_id, "now": look_up.time, "was_out": look_up.was_out}
    await connection.execute(_ADD_LOOK_UP, {**values, **_key(look_up)})


async def look_ups(connection: AsyncConnection, identity_ids: Sequence[UUID]) -> list[LookUp]:
    """Return what somebody looked for, latest first."""
    rows = await connection.execute(_LOOK_UPS, {"identity_ids": list(identity_ids)})
    return [LookUp(*row) for row in rows]


async def in_vain(connection: AsyncConnection, identity_ids: Sequence[UUID]) -> list[LookUp]:
    """Return what somebody looked for in vain and was not told of since, latest first."""
    rows = await connection.execute(_IN_VAIN, {"identity_ids": list(identity_ids)})
    return [LookUp(*row) for row in rows]


async def mark_told(connection: AsyncConnection, identity_ids: Sequence[UUID], item_id: str) -> None:
    await connection.execute(_TOLD, {"identity_ids": list(identity_ids), "item_id": item_id})


async def drop_look_ups(connection: AsyncConnection, before: datetime) -> int:
    """Drop some look-ups of before a time; returns how many."""
    return (await connection.execute(_DROP_LOOK_UPS, {"before": before, "limit": FORGET_AT_ONCE})).rowcount


def _key(cell: Cell | UnitHold | LookUp) -> dict[str, str]:
    return {"item_id": cell.item_id, "location_id": cell.location_id}


def _alert(vault: Vault, row: Row[Any]) -> Alert:
    return Alert(
        alert_id=row.alert_id,
        contact_id=row.contact_id,
        identity_id=row.identity_id,
        address_id=row.address_id,
        item_ids=tuple(row.item_ids),
        location_ids=tuple(row.location_ids),
        alternative_ids=tuple(row.alternative_ids),
        offer=vault.open(row.sealed_offer).decode() if row.sealed_offer is not None else "",
        state=AlertState(row.state),
        create_time=row.create_time,
        expire_time=row.expire_time,
        alternatives_told=row.alternatives_told,
        hold_id=row.hold_id,
        offered_item_id=row.offered_item_id,
        offered_location_id=row.offered_location_id,
        claim_deadline=row.claim_deadline,
    )


def _hold(row: Row[Any]) -> UnitHold:
    return UnitHold(
        hold_id=row.hold_id,
        item_id=row.item_id,
        location_id=row.location_id,
        state=HoldState(row.state),
        round=row.round,
        expire_time=row.expire_time,
    )
