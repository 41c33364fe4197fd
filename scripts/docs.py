"""Write the tables of `docs/` that repeat what the code says, or check that they are fresh (`--check`).

A table stands between `<!-- name -->` and `<!-- /name -->`.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import licences
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from onhand.api.buf.validate import validate_pb2
from onhand.client import SERVICES
from onhand.client.channel import is_safe
from onhand.kit.errors import BY_REASON
from onhand.kit.interceptors import scope_of
from onhand.kit.status import CODES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SETTINGS = {
    "telemetry": "onhand.kit.config.Telemetry",
    "auth": "onhand.kit.config.Auth",
    "service": "onhand.kit.config.ServiceSettings",
    "stock": "onhand.stock.config.StockSettings",
    "routing": "onhand.routing.config.RoutingSettings",
    "pickup": "onhand.pickup.config.PickupSettings",
    "notifications": "onhand.notifications.config.NotificationsSettings",
    "edge": "onhand.edge.config.EdgeSettings",
    "gateway": "onhand.gateway.config.GatewaySettings",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def errors() -> str:
    """Reasons with their code, what they mean by the contract, and what comes with them."""
    contract = (ROOT / "protos/onhand/api/errors/v1/reasons.proto").read_text()
    comments = {
        name: " ".join(re.sub(r"^\s*// ?", "", line) for line in comment.splitlines())
        for comment, name in re.findall(r"((?:  //.*\n)+)  ERROR_REASON_(\w+) = [1-9]\d*;", contract)
    }

    def row(reason: str) -> list[str]:
        kind = BY_REASON[reason]
        says = re.sub(r"^[A-Z_]+\. ?| ?(Metadata: .*|RetryInfo .*)$", "", comments[reason])
        metadata = ", ".join(f"`{each.name}`" for each in fields(kind) if reason != "INVALID_FIELD")
        retry = "" if kind.retry_after_s is None else f"after {kind.retry_after_s:g} s"
        if any(each.name == "retry_after_ms" for each in fields(kind)):
            retry = "after `retry_after_ms`"
        return [f"`{reason}`", CODES[reason].name, says, metadata, retry]

    return table(["reason", "code", "when", "metadata", "try again"], map(row, CODES))


def methods() -> Iterator[MethodDescriptor]:
    for services in SERVICES.values():
        for module, name in services.values():
            yield from module.DESCRIPTOR.services_by_name[name].methods


def scopes() -> str:
    """Every method with its scope, and whether the clients repeat it."""

    def repeated(method: MethodDescriptor) -> str:
        if not is_safe(method):
            return "no"
        return "yes, by request_id" if "request_id" in method.input_type.fields_by_name else "yes"

    def row(method: MethodDescriptor) -> list[str]:
        service = method.containing_service.full_name.removeprefix("onhand.api.")
        return [f"`{service}`", f"`{method.name}`", f"`{scope_of(method)}`", repeated(method)]

    return table(["service", "method", "scope", "repeated by clients"], map(row, methods()))


def limits() -> str:
    """The most elements of every list in a request."""

    def most(field: FieldDescriptor) -> int:
        extensions: Any = field.GetOptions().Extensions
        return int(extensions[validate_pb2.field].repeated.max_items)

    rows = {
        (f"`{method.input_type.name.removesuffix('Request')}`", f"`{field.name}`", f"{most(field):,}")
        for method in methods()
        for field in method.input_type.fields
        if most(field)
    }
    return table(["method", "list", "at most"], sorted(rows))


def settings(kind: type[BaseSettings]) -> str:
    """The settings that a class adds to those it inherits."""
    said = dict(docstrings(kind))

    def row(name: str) -> list[str]:
        field = kind.model_fields[name]
        required = field.is_required() or field.default is PydanticUndefined
        default = "required" if required else shown(field.default)
        return [f"`{kind.model_config['env_prefix']}{name.upper()}`", default, said.get(name, "")]

    own = [name for name in kind.__annotations__ if name in kind.model_fields]
    return table(["setting", "default", "what"], map(row, own))


def shown(default: Any) -> str:
    if default is None or default == "":
        return "none"
    if isinstance(default, tuple):
        return f"`{list(default)}`"
    return f"`{default}`"


def docstrings(kind: type) -> Iterator[tuple[str, str]]:
    """Yield the fields of a class with the text below each."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - for the type checker
    for node, following in zip(body.body, body.body[1:], strict=False):
        match node, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())


def dependencies() -> str:
    """What the project stands on."""
    return table(
        ["package", "version", "licence", "comes with"],
        ([f"`{name}`", *rest] for name, *rest in licences.rows()),
    )


def tables() -> dict[str, str]:
    made = {"errors": errors(), "scopes": scopes(), "limits": limits(), "dependencies": dependencies()}
    for name, path in SETTINGS.items():
        module, _, kind = path.rpartition(".")
        made[f"settings {name}"] = settings(getattr(import_module(module), kind))
    return made


def main() -> None:
    made, used, stale = tables(), set(), []
    for path in sorted(DOCS.rglob("*.md")):

        def fresh(match: re.Match[str]) -> str:
            name = match[1]
            used.add(name)
            return f"<!-- {name} -->\n{made[name]}\n<!-- /{name} -->"

        text = path.read_text()
        renewed = re.sub(r"<!-- ([a-z ]+) -->\n.*?<!-- /\1 -->", fresh, text, flags=re.DOTALL)
        if renewed != text:
            stale.append(path.relative_to(ROOT).as_posix())
            if sys.argv[1:] != ["--check"]:
                path.write_text(renewed)
    if missing := sorted(made.keys() - used):
        sys.exit(f"no page has a place for: {', '.join(missing)}")
    if stale and sys.argv[1:] == ["--check"]:
        sys.exit(f"not what the code says: {', '.join(stale)}; run scripts/docs")


if __name__ == "__main__":
    main()
