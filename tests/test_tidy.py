"""Rules of this repository that no linter knows."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from onhand.api.errors.v1 import reasons_pb2
from onhand.api.notifications.v1 import events_pb2 as notifications_events
from onhand.api.pickup.v1 import events_pb2 as pickup_events
from onhand.api.routing.v1 import events_pb2 as routing_events
from onhand.api.stock.v1 import events_pb2 as stock_events
from onhand.client import SERVICES
from onhand.kit.errors import BY_REASON
from onhand.kit.interceptors import scope_of
from onhand.kit.status import CODES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "services" / "onhand"
MAX_LINES = 450

ENVELOPES: list[Descriptor] = [
    stock_events.StockEvent.DESCRIPTOR,
    routing_events.RoutingEvent.DESCRIPTOR,
    pickup_events.PickupEvent.DESCRIPTOR,
    notifications_events.NotificationsEvent.DESCRIPTOR,
]

OPEN_ENDS = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError|pragma: no cover)\b")
PRESENT = re.compile(r"\b(datetime\.(now|today|utcnow)|date\.today|time\.time(_ns)?|uuid[147])\(|\buuid4\b")
MAY_ASK_FOR_THE_PRESENT = {
    "kit/clock.py": "it is the clock",
    "kit/auth.py": "a token's expiry is the machine's time; jwt.decode asks for it too",
}
"""And the commands, which start what is handed a clock."""

MAY_PRINT = {
    "kit/config.py": "says on stderr what is wrong before logs are set up",
    "gateway/main.py": "a command, whose output is for people",
}
"""And the commands, whose output is for people."""

MAY_WRITE_SQL = re.compile(
    r"^(kit/.*|cli/audit\.py|cli/embedded/.*|\w+/(storage(/\w+)?|audit)\.py|\w+/migrations/.*)$"
)

IMPURE = {
    "asyncio",
    "http",
    "os",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
}

PLACES = re.compile(r"(?<![\w.])/(work|root|home/\w+|Users/\w+)/|file:///")
REGISTRIES = re.compile(
    r"--(extra-)?index-url|--find-links|files\.pythonhosted\.org|registry\.npmjs\.org|pypi\.org/simple"
)


def tracked() -> list[Path]:
    """Return the files that a commit of everything would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:  # an unpacked archive
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(".venv/") and "/__pycache__/" not in name]
    else:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    return [ROOT / name for name in sorted(names) if (ROOT / name).is_file()]


TRACKED = tracked()
SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path
    for path in TRACKED
    if path.suffix == ".py" and path.is_relative_to(PACKAGE) and not path.is_relative_to(PACKAGE / "api")
}


def texts(paths: list[Path]) -> Iterator[tuple[str, int, str]]:
    """Yield name, number and text of each line of those files that are text."""
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            yield path.relative_to(ROOT).as_posix(), number, line


def found(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [f"{name}:{number}: {line.strip()}" for name, number, line in texts(paths) if pattern.search(line)]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(SOURCES[name].read_text())


def imports(name: str) -> set[tuple[str, str]]:
    """Return what a module imports: (module, "") or (module, name)."""
    imported = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            imported |= {(each.name, "") for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {(node.module or "", each.name) for each in node.names}
    return imported


@cache
def code(name: str) -> str:
    """Return a module without its comments and free-standing texts."""

    class Bare(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.AST:
            return ast.Pass() if isinstance(node.value, ast.Constant) else node

    return ast.unparse(Bare().visit(ast.parse(SOURCES[name].read_text())))


def is_cli(name: str) -> bool:
    return name.startswith(("cli/", "demo/"))


def test_the_rules_look_at_something() -> None:
    assert len(SOURCES) > 100
    assert "kit/clock.py" in SOURCES


def test_a_module_is_one_idea() -> None:
    counts = {name: len(path.read_text().splitlines()) for name, path in SOURCES.items()}
    assert {name: count for name, count in counts.items() if count > MAX_LINES} == {}


def test_nothing_is_left_open() -> None:
    ours = [
        path
        for path in TRACKED
        if path.suffix in {".py", ".proto", ".html", ".js"} and path != Path(__file__)
    ]
    ours = [path for path in ours if not path.is_relative_to(PACKAGE / "api")]
    assert found(OPEN_ENDS, ours) == []


def test_a_test_that_does_not_run_says_why() -> None:
    bare = re.compile(
        r"pytest\.skip\(\s*\)|mark\.(skip|xfail)(\(\s*\))?\s*$|skipif\((?!.*reason=)[^)]*\)\s*$"
    )
    tests = [path for path in TRACKED if path.is_relative_to(ROOT / "tests") and path.suffix == ".py"]
    assert found(bare, [path for path in tests if path != Path(__file__)]) == []


def test_time_and_ids_are_arguments() -> None:
    asking = [name for name in SOURCES if PRESENT.search(code(name))]
    assert [name for name in asking if name not in MAY_ASK_FOR_THE_PRESENT and not is_cli(name)] == []
    assert set(asking) >= set(MAY_ASK_FOR_THE_PRESENT), "an exception that is no longer needed"


def test_services_log_and_do_not_print() -> None:
    printing = [name for name in SOURCES if re.search(r"(?<![\w.])print\(", code(name))]
    assert [name for name in printing if name not in MAY_PRINT and not is_cli(name)] == []


def test_imports_name_what_they_want_from_where_it_is() -> None:
    breaches = [
        f"{name}:{node.lineno}"
        for name in SOURCES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ImportFrom) and (node.level or any(each.name == "*" for each in node.names))
    ]
    assert breaches == []


def test_only_storage_writes_sql() -> None:
    writing = [name for name in SOURCES if ("sqlalchemy", "text") in imports(name)]
    assert [name for name in writing if not MAY_WRITE_SQL.match(name)] == []


def test_the_domain_is_pure() -> None:
    breaches = []
    for name in SOURCES:
        service, _, rest = name.partition("/")
        if not rest.startswith("domain/"):
            continue
        for module, _ in imports(name):
            top = module.split(".")[0]
            standard = top in sys.stdlib_module_names and top not in IMPURE
            own = f"{module}.".startswith(f"onhand.{service}.domain.")
            if not (standard or own or top == "numpy" or module == "onhand.kit.errors"):
                breaches.append(f"{name} imports {module}")
    assert breaches == []


def methods() -> Iterator[MethodDescriptor]:
    for services in SERVICES.values():
        for module, name in services.values():
            yield from module.DESCRIPTOR.services_by_name[name].methods


def test_every_service_of_the_contracts_has_a_client() -> None:
    declared = {
        f"{re.search(r'^package (.+);', path.read_text(), re.MULTILINE)[1]}.{service}"  # type: ignore[index]
        for path in (ROOT / "protos").rglob("*.proto")
        for service in re.findall(r"^service (\w+)", path.read_text(), re.MULTILINE)
    }
    assert declared == {method.containing_service.full_name for method in methods()}


@pytest.mark.parametrize(
    "method", list(methods()), ids=lambda each: each.full_name.removeprefix("onhand.api.")
)
def test_every_method_has_a_scope(method: MethodDescriptor) -> None:
    assert re.fullmatch(r"[a-z]+\.(read|write)", scope_of(method))


def test_every_reason_has_a_class_and_a_code_and_the_other_way_round() -> None:
    enum = reasons_pb2.ErrorReason.DESCRIPTOR
    names = {each.name.removeprefix("ERROR_REASON_") for each in enum.values if each.number != 0}
    assert set(BY_REASON) == names
    assert set(CODES) == names


def test_the_contract_says_the_code_that_we_send() -> None:
    contract = (ROOT / "protos/onhand/api/errors/v1/reasons.proto").read_text()
    said = re.findall(r"((?:  //.*\n)+)  ERROR_REASON_(\w+) = [1-9]\d*;", contract)
    assert {name: re.match(r"\s*// (\w+)\.", comment)[1] for comment, name in said} == {  # type: ignore[index]
        reason: code.name for reason, code in CODES.items()
    }


@pytest.mark.parametrize("envelope", ENVELOPES, ids=lambda each: each.name)
def test_every_event_begins_as_the_outbox_expects(envelope: Descriptor) -> None:
    """The relay sets field 3 by appending it; consumers deduplicate by field 1."""
    fields = {number: envelope.fields_by_number[number] for number in (1, 2, 3)}
    assert [fields[number].name for number in (1, 2, 3)] == ["event_id", "record_time", "revision"]
    assert fields[1].type == fields[1].TYPE_STRING
    assert fields[2].message_type.full_name == "google.protobuf.Timestamp"
    assert fields[3].type == fields[3].TYPE_INT64
    assert all(each.number >= 4 for each in envelope.oneofs_by_name["payload"].fields)


def test_no_file_names_a_place_of_one_machine() -> None:
    assert found(PLACES, [path for path in TRACKED if path != Path(__file__)]) == []


def test_no_file_names_a_registry() -> None:
    assert found(REGISTRIES, [path for path in TRACKED if path != Path(__file__)]) == []


def test_the_lock_names_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    wrong = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)]
    assert wrong == []
