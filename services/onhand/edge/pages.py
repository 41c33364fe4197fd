"""Pages for people, rendered here; nothing is loaded from elsewhere."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from onhand.edge.health import Health

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"

ROLES = {
    "stock": "reads, tags, ledger, availability, reservations",
    "routing": "orders, promises, which store serves them",
    "pickup": "store tasks from pick to hand-over",
    "notifications": "e-mail and webhooks to customers and systems",
}

_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined
)


def overview(services: list[Health]) -> HTMLResponse:
    page = _templates.get_template("overview.html")
    return HTMLResponse(page.render(services=services, roles=ROLES))


def board() -> HTMLResponse:
    return HTMLResponse(_templates.get_template("board.html").render())
