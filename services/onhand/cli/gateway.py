"""`onhand gateway`: reads from a store's readers to stock, through a spool on disk."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Take reads from a store's readers (LLRP, MQTT), keep them on disk, send them to stock.",
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Run the gateway, configured by ONHAND_… variables, until SIGTERM.

    ONHAND_STOCK_TARGET, ONHAND_TOKEN_FILE, ONHAND_READERS_FILE and ONHAND_SPOOL_DIR must be set.
    """
    if context.invoked_subcommand is None:
        from onhand.gateway.main import main as gateway

        gateway()


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The readers' TOML file.")]) -> None:
    """Say all that is wrong with a file of readers; exit code 1 if anything is."""
    from onhand.gateway.readers_file import MqttEntry, UnusableReadersFileError, load

    try:
        entries = load(file)
    except UnusableReadersFileError as error:
        print(error)
        raise typer.Exit(1) from None
    for entry in entries:
        what = (
            f"topic {entry.topic}" if isinstance(entry, MqttEntry) else f"antennas {entry.antennas or 'all'}"
        )
        print(f"{entry.name}: {entry.kind} at {entry.host}, {what}")
    print(f"{file}: {len(entries)} readers, nothing wrong")


@app.command()
def status(
    spool_dir: Annotated[Path, typer.Option(envvar="ONHAND_SPOOL_DIR", help="The folder of the spool.")],
) -> None:
    """Say how a gateway on this machine is, from its spool; exit code 1 unless it runs and reaches stock."""
    from onhand.gateway.spool.store import inspect

    try:
        summary = inspect(spool_dir)
    except sqlite3.Error as error:
        raise typer.BadParameter(f"{spool_dir}: {error}") from None
    if summary is None:
        raise typer.BadParameter(f"{spool_dir}: there is no spool")
    now = datetime.now(UTC)
    process, stock = summary.status.get("process", {}), summary.status.get("stock", {})
    running = _is_running(process, now)
    print(
        f"gateway  {'running' if running else 'not running'} since {process.get('started' if running else 'written')}"
    )
    print(f"stock    {stock.get('state')} {stock.get('target')} {stock.get('detail')}".rstrip())
    oldest = (
        ""
        if summary.oldest_ms is None
        else f", oldest from {now.timestamp() - summary.oldest_ms / 1e3:.0f} s ago"
    )
    print(
        f"waiting  {summary.waiting_reads} reads in {summary.waiting_batches} batches{oldest}; "
        f"{summary.used_bytes} of {process.get('max_spool_bytes')} bytes"
    )
    for refusal, batches in summary.refusals.items():
        print(f"aside    {batches} batches: {refusal}")
    for name, value in sorted(summary.counters.items()):
        print(f"count    {name} {value}")
    for reader in summary.status.get("readers", []):
        print(_reader_line(reader))
    if not running or stock.get("state") != "streaming":
        raise typer.Exit(1)


def _is_running(process: Mapping[str, Any], now: datetime) -> bool:
    if "written" not in process:
        return False
    age = now - datetime.fromisoformat(process["written"])
    return age.total_seconds() <= float(process["fresh_s"])


def _reader_line(reader: Mapping[str, Any]) -> str:
    parts = [f"reader   {reader['name']} ({reader['kind']}) {reader['state']} since {reader['since']}"]
    parts += [f"{reader['reads']} reads, last {reader['last_read_time'] or 'never'}"]
    parts += [
        f"{reader[name]} {name.replace('_', ' ')}" for name in ("refused", "lost_reports") if reader[name]
    ]
    if abs(reader["clock_ahead_s"]) > 1:
        parts.append(f"clock {reader['clock_ahead_s']:+.1f} s")
    if reader["detail"]:
        parts.append(reader["detail"])
    return ", ".join(parts)


if __name__ == "__main__":  # `python -m onhand.cli.gateway`: needs nothing but the extra `gateway`
    app()
