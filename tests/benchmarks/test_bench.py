"""The harness measures at all; what it measures is nobody's business here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
WITHIN_S = 150


def test_a_run_of_minimal_size_prints_and_keeps_a_row_for_each_figure(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    size = ["--rounds", "1", "--seconds", "0.2"]
    done = _bench("limits", "get_availability", "create_reservation", *size, "--json", str(file))
    assert done.returncode == 0, done.stderr
    rows = json.loads(file.read_text())
    headings, *lines = done.stdout.splitlines()
    assert headings.split() == ["name", "value", "unit", "against", "ratio", "target", "ok"]
    assert [line.split()[0] for line in lines] == [row["name"] for row in rows]
    assert all(list(row) == headings.split() for row in rows)
    assert all(row["value"] > 0 and row["unit"] and row["against"] for row in rows)
    found = {row["name"]: row for row in rows}
    assert found.keys() == {"grpc_empty", "commit_one", "get_availability", "create_reservation"}
    assert (found["commit_one"]["ratio"], found["commit_one"]["ok"]) == (None, None)
    judged = found["get_availability"]
    assert judged["target"] == 0.85
    assert judged["ok"] is (judged["ratio"] >= judged["target"])
    client = "h2load" if shutil.which("h2load") else "own client"
    assert client in judged["against"]
    assert "own client" in found["create_reservation"]["against"]


def test_a_name_that_is_none_is_refused() -> None:
    done = _bench("nonsense")
    assert done.returncode == 2
    assert "no such figure or group: nonsense" in done.stderr


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
