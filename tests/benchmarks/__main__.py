"""Measure, print one row a figure, keep the rows as JSON."""

# ruff: noqa: T201 - a program for the terminal

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import grpc

from benchmarks import load
from benchmarks.figures import FIGURES, Figure
from benchmarks.harness import Bench, Size
from benchmarks.load import LoadFailedError
from benchmarks.rows import Row, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 1 when a measurement failed, or with --strict when a target was missed."""
    options = _options(arguments)
    try:
        figures = _chosen(options.names)
    except ValueError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if load.name() != "h2load":
        print("bench: no h2load here (Debian: nghttp2-client), using the own client", file=sys.stderr)
    rows, failed = _measure(figures, Size(options.rounds, options.seconds, options.events))
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    missed = options.strict and any(row.ok is False for row in rows)
    return 1 if failed or missed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    known = ", ".join(f"{each.name} ({each.group})" for each in FIGURES)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"figures or (groups): {known}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the rows as JSON, too")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a row misses its target")
    parser.add_argument("--rounds", type=int, default=Size.rounds, help="turns of each side")
    parser.add_argument("--seconds", type=float, default=Size.seconds, help="of each side in a round")
    parser.add_argument("--events", type=int, default=Size.events, help="that notifications are made of")
    return parser.parse_args(arguments)


def _chosen(names: Sequence[str]) -> list[Figure]:
    """Return the figures named, or all. Raises ValueError for a name that is none."""
    unknown = set(names) - {each.name for each in FIGURES} - {each.group for each in FIGURES}
    if unknown:
        raise ValueError(f"no such figure or group: {', '.join(sorted(unknown))}")
    return [each for each in FIGURES if not names or each.name in names or each.group in names]


def _measure(figures: Sequence[Figure], size: Size) -> tuple[list[Row], bool]:
    rows: list[Row] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="onhand-bench-") as folder, ExitStack() as stack:
        bench = Bench(Path(folder), size, stack)
        for figure in figures:
            print(f"bench: {figure.name} …", file=sys.stderr, flush=True)
            try:
                rows.append(Row.judged(figure.name, figure.target, figure.measure(bench)))
            except (LoadFailedError, grpc.RpcError) as error:
                print(f"bench: {figure.name} could not be measured: {error}", file=sys.stderr)
                failed = True
    return rows, failed


if __name__ == "__main__":
    sys.exit(main())
