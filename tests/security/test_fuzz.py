"""Traffic that nobody sane would send, at every door: refused or answered, never INTERNAL, never a hang.

Afterwards the books are true, no process has died, and no secret stands where it should not.
"""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
import psutil
import pytest
import schemathesis
from google.protobuf.descriptor import MethodDescriptor
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.security.conftest import SMTP_PASSWORD, Collector
from tests.security.messages import IDS, messages
from tests.stack import Stack, eventually

from onhand.api.stock.v1 import catalog_pb2, ledger_pb2
from onhand.cli.audit import run as audit
from onhand.cli.embedded import Passwords
from onhand.client import SERVICES, Stock
from onhand.edge.app import OPENAPI

FEW, MANY = 6, 300
"""Messages a method or operation."""
HANG_S = 30.0
METHODS = {
    (service, method.full_name.removeprefix("onhand.api.")): method
    for service, members in SERVICES.items()
    for module, name in members.values()
    for method in module.DESCRIPTOR.services_by_name[name].methods
}
OPERATIONS = {
    found.ok().label: found.ok() for found in schemathesis.openapi.from_path(OPENAPI).get_all_operations()
}
FAULTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED}


def searched(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=count == FEW,  # the same every time: a wider search is `--long`
        phases=(Phase.generate, Phase.shrink) if count == MANY else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def channels(fort: Stack) -> Iterator[dict[str, grpc.Channel]]:
    """Channels to the four services, where the names of `IDS` mean something."""
    with fort.client(Stock) as stock:
        zone = catalog_pb2.Zone(zone_id="floor", kind=catalog_pb2.Zone.KIND_SALES_FLOOR)
        locations = [
            catalog_pb2.Location(
                location_id=each,
                kind=catalog_pb2.Location.KIND_STORE,
                time_zone="UTC",
                zones=[zone],
                collect_enabled=True,
                ship_enabled=True,
            )
            for each in IDS[:2]
        ]
        items = [catalog_pb2.Item(item_id=each, title=each) for each in IDS[:2]]
        stock.catalog.BatchUpsertLocations(catalog_pb2.BatchUpsertLocationsRequest(locations=locations))
        stock.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=items))
        line = ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=IDS[0]), quantity=50)
        stock.ledger.RecordReceipt(
            ledger_pb2.RecordReceiptRequest(request_id=str(uuid4()), location_id=IDS[0], lines=[line])
        )
    opened = {service: grpc.insecure_channel(fort.address(service)) for service in SERVICES}
    yield opened
    for each in opened.values():
        each.close()


@pytest.fixture(scope="module", autouse=True)
def first_children(fort: Stack) -> dict[str, int]:
    """Return the processes as they were before."""
    return dict(fort.runtime.children)


def code_of(channel: grpc.Channel, method: MethodDescriptor, token: str, request: bytes) -> grpc.StatusCode:
    """Call, and of a stream take the first answer, for one that is well may say nothing for long."""
    kind = ("stream" if method.client_streaming else "unary") + (
        "_stream" if method.server_streaming else "_unary"
    )
    call = getattr(channel, kind)(f"/{method.containing_service.full_name}/{method.name}")
    metadata = [("authorization", f"Bearer {token}")]
    argument: Any = iter([request]) if method.client_streaming else request
    watched = method.server_streaming and not method.client_streaming
    try:
        if method.server_streaming:
            answers = call(argument, metadata=metadata, timeout=0.2 if watched else HANG_S)
            next(answers, None)
            answers.cancel()
        else:
            call(argument, metadata=metadata, timeout=HANG_S)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()  # type: ignore[attr-defined]
        return grpc.StatusCode.OK if watched and code is grpc.StatusCode.DEADLINE_EXCEEDED else code
    return grpc.StatusCode.OK


def hurl(fort: Stack, channel: grpc.Channel, method: MethodDescriptor, count: int) -> None:
    token = fort.token(subject="fuzzer")

    @searched(count)
    @given(st.one_of(messages(method.input_type).map(lambda each: each.SerializeToString()), st.binary()))
    def never_a_fault(request: bytes) -> None:
        assert code_of(channel, method, token, request) not in FAULTS

    never_a_fault()


@pytest.mark.parametrize("name", METHODS, ids=lambda name: name[1])
def test_any_message_is_answered_or_refused(
    fort: Stack, channels: dict[str, grpc.Channel], name: tuple[str, str]
) -> None:
    hurl(fort, channels[name[0]], METHODS[name], FEW)


@pytest.mark.long
@pytest.mark.parametrize("name", METHODS, ids=lambda name: name[1])
def test_any_message_is_answered_or_refused_in_a_wide_search(
    fort: Stack, channels: dict[str, grpc.Channel], name: tuple[str, str]
) -> None:
    hurl(fort, channels[name[0]], METHODS[name], MANY)


def ask(fort: Stack, label: str, count: int) -> None:
    headers = {"Authorization": f"Bearer {fort.token(subject='fuzzer')}"}
    base = f"http://{fort.address('edge')}"

    @searched(count)
    @given(OPERATIONS[label].as_strategy())
    def never_a_fault(case: Any) -> None:
        if label == "GET /v1/availability/watch":
            with (
                httpx.Client(base_url=base, timeout=HANG_S, trust_env=False) as client,
                client.stream("GET", case.formatted_path, params=case.query, headers=headers) as answer,
            ):
                assert answer.status_code < 500
            return
        answer = case.call(base_url=base, headers=headers, timeout=HANG_S)
        assert answer.status_code < 500, answer.text
        documented = case.operation.definition.raw["responses"]
        assert str(answer.status_code) in {*documented, "404", "405"}, answer.status_code

    never_a_fault()


@pytest.mark.parametrize("label", OPERATIONS)
def test_any_request_is_answered_or_refused(fort: Stack, channels: Any, label: str) -> None:
    ask(fort, label, FEW)


@pytest.mark.long
@pytest.mark.parametrize("label", OPERATIONS)
def test_any_request_is_answered_or_refused_in_a_wide_search(fort: Stack, channels: Any, label: str) -> None:
    ask(fort, label, MANY)


def test_a_connection_that_says_nothing_or_drips_is_ended(fort: Stack) -> None:
    host, _, port = fort.address("edge").rpartition(":")
    silent, cut, dripping = (socket.create_connection((host, int(port)), timeout=60) for _ in range(3))
    cut.sendall(b"GET / HTTP/1.1\r\nHost: onhand\r\nX-")
    dripping.sendall(b"GET / HTTP/1.1\r\nHost: onhand\r\n")

    def ended(connection: socket.socket) -> bool:
        connection.settimeout(0.05)
        try:
            return connection.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def dripped() -> bool:
        try:
            dripping.sendall(b"X-Drip: 1\r\n")
        except ConnectionError:
            return True
        return ended(dripping)

    eventually(dripped, 60)
    eventually(lambda: ended(silent) and ended(cut), 60)
    for each in (silent, cut, dripping):
        each.close()


# After all that


async def test_afterwards_the_books_are_true(fort: Stack) -> None:
    assert (await audit(fort.runtime.database_urls)).findings == []


def test_afterwards_no_process_has_died(fort: Stack, first_children: dict[str, int]) -> None:
    assert dict(fort.runtime.children) == first_children
    assert [line for line in whole_log(fort) if "unexpected failure" in line] == []


def whole_log(fort: Stack) -> list[str]:
    return [
        line
        for path in (*fort.data_dir.glob("logs/*"), fort.data_dir.with_name(f"{fort.data_dir.name}.log"))
        for line in path.read_text(errors="replace").splitlines()
    ]


def secrets_of(fort: Stack) -> dict[str, str]:
    """Return everything that only some processes, and no person, should ever see."""
    folder = fort.runtime.keys_dir
    found = {path.name: path.read_text().strip() for path in folder.glob("*.token")}
    found["signing.pem"] = "".join((folder / "signing.pem").read_text().splitlines()[1:-1])
    found["customer-links.key"] = (folder / "customer-links.key").read_text().strip()
    found["smtp"] = SMTP_PASSWORD
    for service, url in fort.runtime.database_urls.items():
        found[f"password of {service}'s database"] = str(re.search(r":([^:@/]+)@", url)[1])  # type: ignore[index]
    found["password of nats"] = str(re.search(r":([^:@/]+)@", fort.runtime.nats_url)[1])  # type: ignore[index]
    for path in (fort.data_dir / "notifications").glob("*"):
        if path.is_file():
            found[path.name] = path.read_text().split()[0]
    assert Passwords.of_folder(fort.data_dir)
    assert all(len(each) >= 16 for each in found.values())
    return found


def leaks(secrets: dict[str, str], text: str) -> list[str]:
    # A token's signature, and half a key, would be enough of it.
    return [name for name, secret in secrets.items() if secret in text or secret[len(secret) // 2 :] in text]


def test_no_secret_is_in_a_log(fort: Stack, channels: Any) -> None:
    lines = whole_log(fort)
    assert len(lines) > 10
    assert leaks(secrets_of(fort), "\n".join(lines)) == []


def test_no_secret_is_in_the_list_of_processes(fort: Stack, channels: Any) -> None:
    processes = psutil.Process(fort.process.pid).children(recursive=True)
    shown = "\n".join(" ".join(each.cmdline()) for each in [psutil.Process(fort.process.pid), *processes])
    assert "postgres" in shown
    assert leaks(secrets_of(fort), shown) == []


def test_no_secret_is_in_a_trace(fort: Stack, channels: Any, collector: tuple[Collector, str]) -> None:
    eventually(lambda: len(collector[0].exports) > 0, 30)
    exported = b"\n".join(collector[0].exports).decode("utf-8", "replace")
    assert leaks(secrets_of(fort), exported) == []
    assert "authorization" not in exported.lower()


def test_no_secret_is_in_an_error(fort: Stack, channels: dict[str, grpc.Channel]) -> None:
    token = fort.token(subject="fuzzer", locations=["nowhere"])
    call = channels["stock"].unary_unary("/onhand.api.stock.v1.LedgerService/ListMovements")
    with pytest.raises(grpc.RpcError) as raised:
        call(b"\x0a\x06fuzz-1", metadata=[("authorization", f"Bearer {token}")])
    answer = httpx.get(
        f"http://{fort.address('edge')}/v1/items/{token}",
        headers={"Authorization": f"Bearer {token}x"},
        trust_env=False,
    )
    assert answer.status_code == 401
    told = f"{raised.value} {answer.text} {answer.headers}"
    assert leaks({**secrets_of(fort), "token": token}, told) == []


def test_files_of_secrets_are_their_owners_only(fort: Stack) -> None:
    folder = fort.runtime.keys_dir
    private: list[Path] = [*folder.glob("*.token"), folder / "signing.pem", folder / "customer-links.key"]
    assert [path.name for path in private if path.stat().st_mode & 0o077] == []
    assert fort.data_dir.stat().st_mode & 0o077 == 0
