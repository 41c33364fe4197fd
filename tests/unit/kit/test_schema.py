"""Which revisions a phase of a migration runs."""

import re
from pathlib import Path

import pytest

from onhand.cli.migrating import Service
from onhand.kit import schema
from onhand.kit.schema import Phase, PhaseOrderError, plan


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "versions").mkdir()
    monkeypatch.setattr(schema, "folder", lambda _: tmp_path)
    return tmp_path / "versions"


def numbers(current: str, phase: Phase) -> list[str]:
    return [each.number for each in plan("stock", current, phase)]


def test_pre_runs_up_to_what_the_release_before_needs_and_post_the_rest(files: Path) -> None:
    for name in ("0001_books", "0002_columns", "0003_post_drop_columns", "__init__"):
        (files / f"{name}.py").touch()
    assert numbers("", Phase.PRE) == ["0001", "0002"]
    assert numbers("0001", Phase.PRE) == ["0002"]
    assert numbers("0002", Phase.PRE) == []
    assert numbers("0002", Phase.POST) == ["0003"]
    assert numbers("0003", Phase.POST) == numbers("0009", Phase.POST) == []
    assert numbers("0001", Phase.ALL) == ["0002", "0003"]
    assert plan("stock", "0002", Phase.POST)[0].title == "drop columns"
    with pytest.raises(PhaseOrderError, match="0002 is of phase pre"):
        numbers("0001", Phase.POST)


def test_a_release_cannot_be_skipped_while_its_processes_run(files: Path) -> None:
    for name in ("0001_books", "0002_post_drop", "0003_more"):
        (files / f"{name}.py").touch()
    with pytest.raises(PhaseOrderError, match="0003 needs 0002"):
        numbers("0001", Phase.PRE)
    assert numbers("0001", Phase.ALL) == ["0002", "0003"]


@pytest.mark.parametrize("service", Service)
def test_revisions_are_a_chain_in_the_order_of_their_numbers(service: str) -> None:
    chain = [each.number for each in schema.revisions(service)]
    assert chain == [f"{number:04}" for number in range(1, len(chain) + 1)]
    before = None
    for path in sorted((schema.folder(service) / "versions").glob("[0-9]*.py")):
        said = dict(
            re.findall(r'^(revision|down_revision) = (?:"(\d{4})"|None)', path.read_text(), re.MULTILINE)
        )
        assert (said["revision"], said["down_revision"] or None) == (path.name[:4], before)
        before = path.name[:4]
