"""Stock policies and what became of them: rows ⇄ domain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.policies import TERMS, Rule, Rulebook, Scope

_SCOPE = "item_id, location_id, item_class, channel"
_TERMS = ", ".join(TERMS)
_SCOPES = """
    unnest(CAST(:item_ids AS text[]), CAST(:location_ids AS text[]), CAST(:item_classes AS text[]),
           CAST(:channels AS text[]))
"""
_ROWS = """
    unnest(CAST(:item_ids AS text[]), CAST(:location_ids AS text[]), CAST(:item_classes AS text[]),
           CAST(:channels AS text[]), CAST(:safety_stock AS bigint[]), CAST(:kept_percent AS smallint[]),
           CAST(:out_quantity AS bigint[]), CAST(:customer_limit AS bigint[]), CAST(:channel_limit AS bigint[]),
           CAST(:orders_first AS boolean[]), CAST(:notes AS text[]))
"""
_SAVE = text(f"""
    INSERT INTO stock_policies AS p ({_SCOPE}, {_TERMS}, note, actor, update_time)
    SELECT v.*, :actor, :now FROM {_ROWS} AS v ORDER BY 1, 2, 3, 4
    ON CONFLICT ({_SCOPE}) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in TERMS)},
        note = excluded.note, version = p.version + 1, actor = excluded.actor, update_time = excluded.update_time
    WHERE ({", ".join(f"p.{name}" for name in (*TERMS, "note"))})
          IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in (*TERMS, "note"))})
    RETURNING {_SCOPE}
""")
_NOTE_CHANGES = text(f"""
    INSERT INTO stock_policy_changes ({_SCOPE}, terms, note, actor, change_time)
    SELECT {_SCOPE}, jsonb_strip_nulls(jsonb_build_object({", ".join(f"'{name}', {name}" for name in TERMS)})),
           note, actor, update_time
    FROM stock_policies JOIN {_SCOPES} AS v ({_SCOPE}) USING ({_SCOPE})
""")
_DELETE = text(f"""
    WITH gone AS (
        DELETE FROM stock_policies USING {_SCOPES} AS v (i, l, k, c)
        WHERE item_id = v.i AND location_id = v.l AND item_class = v.k AND channel = v.c
        RETURNING {_SCOPE}
    )
    INSERT INTO stock_policy_changes ({_SCOPE}, terms, note, actor, change_time)
    SELECT {_SCOPE}, NULL, :note, :actor, :now FROM gone
    RETURNING {_SCOPE}
""")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('stock_policies'), 0)")
_COUNT = text("SELECT count(*) FROM stock_policies")
_ALL = text(f"SELECT {_SCOPE}, {_TERMS} FROM stock_policies")
_OF = text(f"""
    SELECT {_SCOPE}, {_TERMS} FROM stock_policies JOIN {_SCOPES} AS v ({_SCOPE}) USING ({_SCOPE})
""")
_LIST = text(f"""
    SELECT {_SCOPE}, {_TERMS}, note, version, actor, update_time FROM stock_policies
    WHERE (:item_id = '' OR item_id = :item_id) AND (:item_class = '' OR item_class = :item_class)
      AND (:location_id = '' OR location_id = :location_id) AND (:channel = '' OR channel = :channel)
      AND (:first OR ({_SCOPE}) > (:after_item, :after_location, :after_class, :after_channel))
    ORDER BY {_SCOPE} LIMIT :count
""")
_CHANGES = text(f"""
    SELECT change_id, {_SCOPE}, terms, note, actor, change_time FROM stock_policy_changes
    WHERE (:every OR ({_SCOPE}) = (:item_id, :location_id, :item_class, :channel))
      AND (CAST(:before AS bigint) IS NULL OR change_id < CAST(:before AS bigint))
    ORDER BY change_id DESC LIMIT :count
""")
_CLASSES = text("""
    SELECT item_id, item_class FROM items
    WHERE item_class = ANY(CAST(:classes AS text[]))
      AND (CAST(:item_ids AS text[]) IS NULL OR item_id = ANY(CAST(:item_ids AS text[])))
""")


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule and who says it."""

    rule: Rule
    note: str
    version: int
    actor: str
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Change:
    change_id: int
    scope: Scope
    rule: Rule | None
    """None: it was deleted."""
    note: str
    actor: str
    change_time: datetime


async def lock(connection: AsyncConnection) -> int:
    """Let no other transaction change policies until this one ends; returns how many there are."""
    await connection.execute(_LOCK)
    return int((await connection.execute(_COUNT)).scalar_one())


async def save(
    connection: AsyncConnection, rules: Sequence[tuple[Rule, str]], actor: str, now: datetime
) -> list[Scope]:
    """Set rules, each with its note, and remember that; returns the scopes of those that are other than before."""
    scopes = _scopes([rule.scope for rule, _ in rules])
    terms = {name: [getattr(rule, name) for rule, _ in rules] for name in TERMS}
    notes = [note for _, note in rules]
    rows = await connection.execute(_SAVE, {**scopes, **terms, "notes": notes, "actor": actor, "now": now})
    changed = [_scope(row) for row in rows]
    if changed:
        await connection.execute(_NOTE_CHANGES, _scopes(changed))
    return changed


async def delete(
    connection: AsyncConnection, scopes: Sequence[Scope], note: str, actor: str, now: datetime
) -> list[Scope]:
    """Delete the rules of some scopes, and remember that; returns those that there were."""
    rows = await connection.execute(_DELETE, {**_scopes(scopes), "note": note, "actor": actor, "now": now})
    return [_scope(row) for row in rows]


async def rules_of(connection: AsyncConnection, scopes: Sequence[Scope]) -> dict[Scope, Rule]:
    return {_scope(row): _rule(row) for row in await connection.execute(_OF, _scopes(scopes))}


async def rulebook(connection: AsyncConnection) -> Rulebook:
    """Read all rules."""
    rules = [_rule(row) for row in await connection.execute(_ALL)]
    named = {rule.scope.item_class for rule in rules} - {""}
    return Rulebook(rules, await classes(connection, named) if named else {})


async def classes(
    connection: AsyncConnection, names: Iterable[str], item_ids: Sequence[str] | None = None
) -> dict[str, str]:
    """Read which items are of these classes; of some items, or of all."""
    parameters = {"classes": sorted(names), "item_ids": item_ids}
    return {row.item_id: row.item_class for row in await connection.execute(_CLASSES, parameters)}


async def list_page(
    connection: AsyncConnection, after: tuple[str, str, str, str], **filters: Any
) -> list[Policy]:
    """Read policies in the order of their scopes, after one of them."""
    names = ("after_item", "after_location", "after_class", "after_channel")
    rows = await connection.execute(_LIST, {**filters, **dict(zip(names, after, strict=True))})
    return [Policy(_rule(row), row.note, row.version, row.actor, row.update_time) for row in rows]


async def changes(
    connection: AsyncConnection, scope: Scope | None, before: int | None, count: int
) -> list[Change]:
    """Read changes of one scope, or of all, latest first."""
    of = scope or Scope()
    parameters = {
        "every": scope is None,
        "item_id": of.item_id,
        "location_id": of.location_id,
        "item_class": of.item_class,
        "channel": of.channel,
        "before": before,
        "count": count,
    }
    return [
        Change(
            row.change_id,
            _scope(row),
            None if row.terms is None else Rule(_scope(row), **row.terms),
            row.note,
            row.actor,
            row.change_time,
        )
        for row in await connection.execute(_CHANGES, parameters)
    ]


def _scopes(scopes: Sequence[Scope]) -> dict[str, list[str]]:
    return {
        "item_ids": [each.item_id for each in scopes],
        "location_ids": [each.location_id for each in scopes],
        "item_classes": [each.item_class for each in scopes],
        "channels": [each.channel for each in scopes],
    }


def _scope(row: Any) -> Scope:
    return Scope(row.item_id, row.item_class, row.location_id, row.channel)


def _rule(row: Any) -> Rule:
    return Rule(_scope(row), **{name: getattr(row, name) for name in TERMS})
