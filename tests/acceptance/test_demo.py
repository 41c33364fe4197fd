"""The demo as anybody starts it, at a reduced scale."""

import os
import subprocess
import sys
from pathlib import Path

WITHIN_S = 300
ARGUMENTS = (
    "--once",
    "--stores",
    "3",
    "--baskets",
    "25",
    "--seconds",
    "8",
    "--orders",
    "0.5",
    "--closing",
    "0.02",
)


def test_a_small_day_holds_every_claim(tmp_path: Path) -> None:
    done = demo(tmp_path, *ARGUMENTS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" ok ") >= 15
    for claim in (
        "nothing was sold or promised",
        "every order came to an end",
        "`onhand audit` finds nothing",
    ):
        assert claim in done.stdout
    assert list(tmp_path.iterdir()) == []  # the folder of a run that held is gone


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    done = demo(tmp_path, *ARGUMENTS, "--data-dir", str(tmp_path))
    assert done.returncode != 0
    assert [each.name for each in tmp_path.iterdir()] == ["precious"]
    assert "something else" in " ".join(done.stderr.split())


def test_a_day_that_the_tills_do_not_have_ends_with_a_sentence(tmp_path: Path) -> None:
    done = demo(tmp_path, *ARGUMENTS, "--day", "2020-01-01")
    assert done.returncode == 1
    assert "2017" in done.stderr
    assert "Traceback" not in done.stderr


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "onhand", "demo", *arguments],
        env=os.environ | {"TMPDIR": str(folder), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
