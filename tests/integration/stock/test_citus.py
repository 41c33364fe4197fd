"""What `deploy/citus/distribute.sql` says of each table can be so by stock's real schema."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from onhand.stock.config import StockSettings

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "citus" / "distribute.sql"
COLUMN = "location_id"
KEYS = """
    SELECT i.indexrelid::regclass::text AS name, t.relname AS table_name, array_agg(a.attname::text) AS columns
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey[:i.indnkeyatts - 1])
    WHERE (i.indisunique OR i.indisexclusion) AND NOT t.relispartition AND t.relnamespace = 'public'::regnamespace
    GROUP BY 1, 2
"""
"""Columns of each index that refuses a second row; one that is an expression counts as none."""
FOREIGN_KEYS = """
    SELECT c.conname::text AS name, c.conrelid::regclass::text AS from_table, c.confrelid::regclass::text AS to_table,
           array(SELECT attname::text FROM pg_attribute
                 WHERE attrelid = c.conrelid AND attnum = ANY(c.conkey)) AS columns
    FROM pg_constraint c WHERE c.contype = 'f' AND c.conparentid = 0 AND c.connamespace = 'public'::regnamespace
"""
OTHER = """
    SELECT t.relname AS table_name, a.attname AS column_name, a.attnotnull, a.attidentity::text AS identity,
           format_type(a.atttypid, a.atttypmod) AS kind
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relnamespace = 'public'::regnamespace
"""


@pytest.fixture
async def schema(settings: StockSettings) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(str(settings.database_url))
    yield connection
    await connection.close()


def named() -> tuple[set[str], set[str], set[str]]:
    """Return the tables that the script distributes, copies everywhere, and leaves on the coordinator."""
    script = SCRIPT.read_text()
    columns = dict(re.findall(r"^SELECT create_distributed_table\('(\w+)', '(\w+)'", script, re.MULTILINE))
    assert set(columns.values()) == {COLUMN}
    copied = re.findall(r"^SELECT create_reference_table\('(\w+)'\);$", script, re.MULTILINE)
    stays = " ".join(re.findall(r"^-- stays: (.+)$", script, re.MULTILINE)).split()
    return set(columns), set(copied), set(stays)


async def test_every_table_has_one_place(schema: asyncpg.Connection) -> None:
    distributed, copied, stays = named()
    tables = {row["table_name"] for row in await schema.fetch(OTHER)}
    assert distributed | copied | stays == tables
    assert len(distributed) + len(copied) + len(stays) == len(tables)


async def test_each_key_of_a_distributed_table_names_the_location(schema: asyncpg.Connection) -> None:
    distributed, _, _ = named()
    keys = [row for row in await schema.fetch(KEYS) if row["table_name"] in distributed]
    assert {row["table_name"] for row in keys} == distributed, "each has a key"
    assert [row["name"] for row in keys if COLUMN not in row["columns"]] == []


async def test_the_location_of_a_row_is_always_there_and_of_one_type(schema: asyncpg.Connection) -> None:
    distributed, _, _ = named()
    columns = [row for row in await schema.fetch(OTHER) if row["table_name"] in distributed]
    places = {row["table_name"]: row for row in columns if row["column_name"] == COLUMN}
    assert places.keys() == distributed
    assert all(row["attnotnull"] and row["kind"] == "text" for row in places.values())
    # Each node has a range of numbers of its own, for which only this type has room.
    assert {row["kind"] for row in columns if row["identity"]} <= {"bigint"}


async def test_no_foreign_key_leaves_its_node(schema: asyncpg.Connection) -> None:
    distributed, copied, stays = named()
    wrong = []
    for row in await schema.fetch(FOREIGN_KEYS):
        where, to = row["from_table"], row["to_table"]
        fine = (
            to in copied
            if where in copied
            else to in copied or (to in distributed and COLUMN in row["columns"])
            if where in distributed
            else to in stays
        )
        if not fine:
            wrong.append(f"{row['name']}: {where} → {to}")
    assert wrong == []


async def test_these_rules_see_what_breaks_them(schema: asyncpg.Connection) -> None:
    await schema.execute("CREATE UNIQUE INDEX tags_once ON tags (epc)")
    with pytest.raises(AssertionError, match="tags_once"):
        await test_each_key_of_a_distributed_table_names_the_location(schema)
    await schema.execute("ALTER TABLE tags ADD UNIQUE (location_id, item_id)")
    await schema.execute("ALTER TABLE reservations ADD location_id text, ADD item_id text")
    await schema.execute(
        "ALTER TABLE reservations ADD CONSTRAINT away FOREIGN KEY (location_id, item_id) REFERENCES"
        " tags (location_id, item_id)"
    )
    with pytest.raises(AssertionError, match="away: reservations → tags"):
        await test_no_foreign_key_leaves_its_node(schema)
