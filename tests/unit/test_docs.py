"""The pages say what the code says, and point to what there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from onhand.edge.config import EdgeSettings
from onhand.gateway.config import GatewaySettings
from onhand.notifications.config import NotificationsSettings
from onhand.pickup.config import PickupSettings
from onhand.routing.config import RoutingSettings
from onhand.stock.config import StockSettings

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]
DEPLOYMENT = [
    ROOT / "docker-compose.yml",
    *(path for path in (ROOT / "deploy").rglob("*") if path.suffix in {".yaml", ".yml", ".py", ".sh"}),
]
ALL_SETTINGS = (
    StockSettings,
    RoutingSettings,
    PickupSettings,
    NotificationsSettings,
    EdgeSettings,
    GatewaySettings,
)
NAMES = {f"ONHAND_{name.upper()}" for kind in ALL_SETTINGS for name in kind.model_fields}
NOT_OF_A_SERVICE = {
    "ONHAND_STOCK_DATABASE_URL",
    "ONHAND_SECRETS_DIR",
    "ONHAND_TOKEN",
    "ONHAND_PYTHON",
    "ONHAND_VENV",
}


def anchors(page: Path) -> set[str]:
    """Return the fragments of a page's headings, as a viewer makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), target
        if fragment:
            assert fragment in anchors(there), target


def test_tables_are_what_the_code_says() -> None:
    command = [sys.executable, ROOT / "scripts" / "docs.py", "--check"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("path", [*PAGES, *DEPLOYMENT], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_settings_that_are_named_exist(path: Path) -> None:
    named = set(re.findall(r"\bONHAND_[A-Z_]*[A-Z]\b", path.read_text()))
    assert named - NAMES - NOT_OF_A_SERVICE == set()
