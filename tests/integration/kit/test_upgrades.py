"""The release before runs on: what it reads and writes is there after each `pre` revision as it was."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from onhand.cli.embedded import EmbeddedServers
from onhand.kit import schema
from onhand.kit.migrations import migrate
from onhand.kit.schema import Phase, revisions

SERVICES = ("stock", "routing", "pickup", "notifications")
COLUMNS = """
    SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS kind, a.attnotnull,
           a.atthasdef OR a.attidentity <> '' AS given
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relnamespace = 'public'::regnamespace
"""
RULES = """
    SELECT t.relname, pg_get_constraintdef(c.oid) AS rule,
           array(SELECT attname::text FROM pg_attribute
                 WHERE attrelid = t.oid AND attnum = ANY(c.conkey) ORDER BY 1) AS columns
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE NOT t.relispartition AND t.relnamespace = 'public'::regnamespace AND c.contype <> 'n'
    UNION ALL
    SELECT t.relname, pg_get_indexdef(i.indexrelid),
           array(SELECT attname::text FROM pg_attribute
                 WHERE attrelid = t.oid AND attnum = ANY(i.indkey) ORDER BY 1)
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    WHERE i.indisunique AND NOT t.relispartition AND t.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""
STOPS = {
    ("notifications", "0002"): "from before the first release: whoever has 0001 stops notifications for it"
}
"""Revisions over which nobody can run on."""
OBEYED = {
    (
        "stock",
        "0003",
        "location_id record_time tag_event_id",
    ): "the number is of a sequence, and unique still",
    ("routing", "0006", "action_time state"): "allows a state more",
    ("routing", "0006", "state"): "allows a state more",
    ("routing", "0006", "shipment_id state"): "about the new state only",
    (
        "pickup",
        "0003",
        "cancelled picked quantity short substituted",
    ): "as before where nothing is substituted",
    ("pickup", "0003", "handed_over picked refused"): "nothing is handed over or refused by default",
}
"""Rules that came to a table that was there, by their columns, and why what is written without knowing them obeys."""


@dataclass(frozen=True)
class State:
    """What a release may stand on: columns with their type, whether they must be given, and rules of tables."""

    columns: Mapping[tuple[str, str], tuple[str, bool, bool]]
    rules: frozenset[tuple[str, str, tuple[str, ...]]]
    """Table, text and columns of each."""

    @property
    def tables(self) -> set[str]:
        return {table for table, _ in self.columns}


async def state(url: str) -> State:
    connection = await asyncpg.connect(url)
    columns, rules = await connection.fetch(COLUMNS), await connection.fetch(RULES)
    await connection.close()
    return State(
        {(row["relname"], row["attname"]): (row["kind"], row["attnotnull"], row["given"]) for row in columns},
        frozenset((row["relname"], row["rule"], tuple(row["columns"])) for row in rules),
    )


def minded(before: State, after: State) -> list[str]:
    """Say what code that knows only the state before would mind in the one after."""
    wrong = [f"{table} is gone" for table in before.tables - after.tables]
    for (table, column), (kind, needed, given) in before.columns.items():
        if table not in after.tables:
            continue
        if (table, column) not in after.columns:
            wrong.append(f"{table}.{column} is gone")
            continue
        kind_after, needed_after, given_after = after.columns[table, column]
        if kind_after != kind:
            wrong.append(f"{table}.{column} is {kind_after}, was {kind}")
        if needed_after and not given_after and (given or not needed):
            wrong.append(f"{table}.{column} must be given now")
    for (table, column), (_, needed, given) in after.columns.items():
        if table in before.tables and (table, column) not in before.columns and needed and not given:
            wrong.append(f"{table}.{column} is new and must be given")
    return sorted(wrong)


def unknown_rules(before: State, after: State) -> list[str]:
    """Name the columns of each rule that a table did not have before, unless all of its columns are new too."""
    return sorted(
        " ".join(columns)
        for table, _, columns in after.rules - before.rules
        if table in before.tables and any((table, each) in before.columns for each in columns)
    )


@pytest.fixture
def states(
    servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[tuple[schema.Revision, str]]]:
    """Bring a database of its own to each state of a service; gives its URL at each revision."""

    def each(service: str) -> list[tuple[schema.Revision, str]]:
        known, urls = revisions(service), []
        for count in range(1, len(known) + 1):
            url = servers.create_database(f"upgrade_{service}_{count}_{uuid4().hex[:8]}")
            with monkeypatch.context() as patched:
                patched.setattr(schema, "revisions", lambda _, count=count: known[:count])
                migrate(service, url)
            urls.append((known[count - 1], url))
        return urls

    return each


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_release_stands_on_is_there_after_each_pre_revision(
    service: str, states: Callable[[str], list[tuple[schema.Revision, str]]], servers: EmbeddedServers
) -> None:
    reached = states(service)
    found = [(revision, asyncio.run(state(url))) for revision, url in reached]
    for (_, before), (revision, after) in pairwise(found):
        if revision.phase is Phase.PRE:
            where = (service, revision.number)
            assert (minded(before, after) != []) == (where in STOPS), (where, minded(before, after))
            rules = [each for each in unknown_rules(before, after) if (*where, each) not in OBEYED]
            assert where in STOPS or rules == [], where
    for _, url in reached:
        servers.drop_database(url.rpartition("/")[2])


def test_the_rules_see_what_a_release_would_mind() -> None:
    before = State({("t", "a"): ("text", True, True), ("t", "b"): ("text", False, False)}, frozenset())

    def after(**changed: Any) -> list[str]:
        columns = dict(before.columns) | {("t", name): value for name, value in changed.items()}
        return minded(before, State({key: value for key, value in columns.items() if value}, frozenset()))

    assert after() == []
    assert after(c=("text", True, True)) == after(c=("text", False, False)) == []
    assert after(c=("text", True, False)) == ["t.c is new and must be given"]
    assert after(a=("text", True, False)) == ["t.a must be given now"]
    assert after(b=("text", True, False)) == ["t.b must be given now"]
    assert after(b=("uuid", False, False)) == ["t.b is uuid, was text"]
    assert after(b=None) == ["t.b is gone"]
    assert minded(before, State({}, frozenset())) == ["t is gone"]

    rules = frozenset({("t", "CHECK (c > 0)", ("c",)), ("t", "CHECK (a <> c)", ("a", "c"))})
    assert unknown_rules(before, State(before.columns, rules)) == ["a c"]
