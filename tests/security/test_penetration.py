"""What an attacker tries first, at the doors of the running system.

Tokens themselves are in tests/unit/kit/test_auth.py, addresses of webhooks (SSRF) in
tests/integration/notifications/test_webhooks.py, collection codes in tests/integration/pickup/test_hand_over.py and
markup in names, in a real browser, in tests/browser/test_store.py.
"""

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import httpx
import jwt
import pytest
from google.protobuf.descriptor import MethodDescriptor
from tests.stack import STORES, Stack, eventually

from onhand.api.pickup.v1 import tasks_pb2
from onhand.api.stock.v1 import (
    availability_pb2,
    catalog_pb2,
    counts_pb2,
    ledger_pb2,
    reads_pb2,
    reservations_pb2,
    shipments_pb2,
)
from onhand.cli import keys
from onhand.client import SERVICES, Pickup, Stock
from onhand.edge.app import OPENAPI
from onhand.edge.pages import rendering
from onhand.kit.errors import AlreadyExists, InvalidField, WrongLocation

METHODS = [
    (service, method)
    for service, members in SERVICES.items()
    for module, name in members.values()
    for method in module.DESCRIPTOR.services_by_name[name].methods
]
OPERATIONS = [
    (verb.upper(), path.replace("{", "").replace("}", ""))
    for path, item in json.loads(OPENAPI.read_text())["paths"].items()
    for verb, operation in item.items()
    if operation["security"]
]
MARKUP = "<img src=x onerror=alert(1)>"
PAGES_THAT_POST = (
    "/store",
    "/store/amsterdam/sign-out",
    "/store/amsterdam/tasks/t/accept",
    "/store/amsterdam/floor/count",
    "/operations",
    "/operations/sign-out",
    "/operations/messages/m/retry",
    "/operations/dead-letters/stock/1/replay",
    "/orders/link/cancel",
    "/orders/link/extend",
)


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def forged(stack: Stack) -> dict[str, str | None]:
    """Authorization headers that must not work."""
    good = stack.token()
    head, body, signature = good.split(".")
    facts = json.loads(base64.urlsafe_b64decode(head + "=="))
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    jwks = keys.jwks_file(stack.runtime.keys_dir).read_bytes()
    confused = f"{encoded({**facts, 'alg': 'HS256'})}.{body}"
    mac = base64.urlsafe_b64encode(hmac.digest(jwks, confused.encode(), hashlib.sha256)).rstrip(b"=").decode()
    other = encoded({**claims, "sub": "root", "scope": claims["scope"] + " root.write"})
    key = (stack.runtime.keys_dir / "signing.pem").read_bytes()

    def signed(**changed: str) -> str:
        return "Bearer " + jwt.encode({**claims, **changed}, key, "ES256", {"kid": facts["kid"]})

    found = {
        "none": None,
        "for another audience": signed(aud="elsewhere"),
        "of another issuer": signed(iss="https://evil.example"),
        "empty": "Bearer x",
        "expired": f"Bearer {stack.token(ttl=timedelta(hours=-1))}",
        "alg none": f"Bearer {encoded({**facts, 'alg': 'none'})}.{body}.",
        "key confusion": f"Bearer {confused}.{mac}",
        "other claims": f"Bearer {head}.{other}.{signature}",
        "unsigned": f"Bearer {head}.{body}.",
        "basic": "Basic cm9vdDpyb290",
    }
    return dict(found)


def status_of(channel: grpc.Channel, method: MethodDescriptor, authorization: str | None) -> str:
    kind = ("stream" if method.client_streaming else "unary") + (
        "_stream" if method.server_streaming else "_unary"
    )
    call = getattr(channel, kind)(f"/{method.containing_service.full_name}/{method.name}")
    metadata = [("authorization", authorization)] if authorization is not None else []
    argument: Any = iter([b""]) if method.client_streaming else b""
    try:
        answer = call(argument, metadata=metadata, timeout=20)
        if method.server_streaming:
            next(answer, None)
    except grpc.RpcError as error:
        return str(error.code().name)  # type: ignore[attr-defined]
    return "OK"


class TestTokens:
    def test_no_method_of_any_service_opens_to_a_forged_token(
        self, stack: Stack, forged: dict[str, str | None]
    ) -> None:
        channels = {service: grpc.insecure_channel(stack.address(service)) for service in SERVICES}
        opened = [
            (method.full_name, kind)
            for service, method in METHODS
            for kind, header in forged.items()
            if status_of(channels[service], method, header) != "UNAUTHENTICATED"
        ]
        for each in channels.values():
            each.close()
        assert opened == []

    def test_no_method_of_any_service_opens_without_its_scope(self, stack: Stack) -> None:
        header = f"Bearer {stack.token('nothing.read')}"
        channels = {service: grpc.insecure_channel(stack.address(service)) for service in SERVICES}
        opened = [
            method.full_name
            for service, method in METHODS
            if status_of(channels[service], method, header) != "PERMISSION_DENIED"
        ]
        for each in channels.values():
            each.close()
        assert opened == []

    @pytest.mark.parametrize(("verb", "path"), OPERATIONS)
    def test_no_path_of_the_edge_opens_to_a_forged_token(
        self, edge: httpx.Client, forged: dict[str, str | None], verb: str, path: str
    ) -> None:
        for kind, header in forged.items():
            answer = edge.request(verb, path, headers={"Authorization": header} if header else {})
            assert answer.status_code == 401, kind
            assert "www-authenticate" in answer.headers


@pytest.fixture
def edge(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"http://{stack.address('edge')}", timeout=20, trust_env=False, follow_redirects=False
    ) as client:
        yield client


@pytest.fixture
def bearer(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.token()}"}


@pytest.fixture
def stranger(stack: Stack, chain: tuple[str, ...]) -> Iterator[Stock]:
    """Everything is allowed to it, in Utrecht."""
    with stack.client(Stock, stack.token(subject="till-utrecht", locations=["utrecht"])) as client:
        yield client


class TestOtherStores:
    """`amsterdam` is not the stranger's."""

    def refused(self, call: Callable[[Any], Any], request: Any) -> None:
        with pytest.raises(WrongLocation):
            call(request)

    def test_its_books_are_neither_read_nor_written(
        self, stranger: Stock, new_item: Callable[..., str]
    ) -> None:
        item_id = new_item(amsterdam=3)
        where = {"location_id": "amsterdam"}
        line = [ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=item_id), quantity=1)]
        ledger, name = stranger.ledger, {"request_id": str(uuid4())}
        self.refused(ledger.RecordSale, ledger_pb2.RecordSaleRequest(**where, **name, lines=line))
        self.refused(ledger.RecordReceipt, ledger_pb2.RecordReceiptRequest(**where, **name, lines=line))
        self.refused(ledger.RecordReturn, ledger_pb2.RecordReturnRequest(**where, **name, lines=line))
        self.refused(ledger.ListMovements, ledger_pb2.ListMovementsRequest(**where, item_id=item_id))
        self.refused(
            stranger.availability.GetAvailability,
            availability_pb2.GetAvailabilityRequest(
                item_ids=[item_id], location_ids=["utrecht", "amsterdam"]
            ),
        )
        self.refused(stranger.tags.ListTags, reads_pb2.ListTagsRequest(**where))
        self.refused(stranger.reads.ListReaders, reads_pb2.ListReadersRequest(**where))
        self.refused(stranger.counts.ListCounts, counts_pb2.ListCountsRequest(**where))
        self.refused(stranger.shipments.ListShipments, shipments_pb2.ListShipmentsRequest(**where))
        self.refused(
            stranger.catalog.BatchUpsertLocations,
            catalog_pb2.BatchUpsertLocationsRequest(
                locations=[
                    catalog_pb2.Location(
                        location_id="amsterdam", kind=catalog_pb2.Location.KIND_STORE, time_zone="UTC"
                    )
                ]
            ),
        )

    def test_its_goods_are_not_held_and_a_hold_on_them_is_not_seen(
        self, stranger: Stock, stack: Stack, new_item: Callable[..., str]
    ) -> None:
        item_id = new_item(amsterdam=3, utrecht=3)
        lines = [
            reservations_pb2.ReservationLine(item_id=item_id, location_id=each, quantity=1)
            for each in ("utrecht", "amsterdam")
        ]
        mixed = reservations_pb2.CreateReservationRequest(request_id=str(uuid4()), lines=lines)
        self.refused(stranger.reservations.CreateReservation, mixed)
        with stack.client(Stock) as owner:
            held = owner.reservations.CreateReservation(mixed).reservation.reservation_id
        for kind, method in (
            (reservations_pb2.GetReservationRequest, stranger.reservations.GetReservation),
            (reservations_pb2.ReleaseReservationRequest, stranger.reservations.ReleaseReservation),
            (reservations_pb2.CommitReservationRequest, stranger.reservations.CommitReservation),
            (reservations_pb2.FulfilReservationRequest, stranger.reservations.FulfilReservation),
        ):
            request = kind(reservation_id=held)
            for name, value in (("request_id", str(uuid4())), ("order_id", "o")):
                if name in request.DESCRIPTOR.fields_by_name:
                    setattr(request, name, value)
            if "manner" in request.DESCRIPTOR.fields_by_name:
                request.manner = 1
            self.refused(method, request)

    def test_its_readers_are_not_spoken_for(self, stranger: Stock) -> None:
        read = reads_pb2.Read(epc=bytes.fromhex("3034F8B20001000000000001"), antenna=1)
        read.read_time.GetCurrentTime()
        self.refused(
            stranger.reads.RecordReads, reads_pb2.RecordReadsRequest(reader_id="amsterdam-gate", reads=[read])
        )

    @pytest.mark.usefixtures("chain")
    def test_its_tasks_are_not_listed(self, stack: Stack) -> None:
        token = stack.token(subject="associate", locations=["utrecht"])
        with stack.client(Pickup, token) as pickup, pytest.raises(WrongLocation):
            pickup.tasks.ListTasks(tasks_pb2.ListTasksRequest(location_id="amsterdam"))


class TestReplay:
    def test_a_request_id_seen_from_another_gets_neither_their_answer_nor_their_effect(
        self, stack: Stack, new_item: Callable[..., str]
    ) -> None:
        item_id = new_item(utrecht=10)
        line = [ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=item_id), quantity=1)]
        sale = ledger_pb2.RecordSaleRequest(request_id=str(uuid4()), location_id="utrecht", lines=line)
        hold = reservations_pb2.CreateReservationRequest(
            request_id=str(uuid4()),
            lines=[reservations_pb2.ReservationLine(item_id=item_id, location_id="utrecht", quantity=1)],
            customer_id="her",
        )
        with stack.client(Stock, stack.token(subject="till-1")) as victim:
            first = victim.ledger.RecordSale(sale)
            victim.reservations.CreateReservation(hold)
        with stack.client(Stock, stack.token(subject="till-2")) as thief:
            assert thief.ledger.RecordSale(sale).revision > first.revision, "a sale of the thief's own"
            with pytest.raises(AlreadyExists) as raised:
                thief.reservations.CreateReservation(hold)
            assert "her" not in str(raised.value.metadata())
        with stack.client(Stock, stack.token(subject="till-1")) as victim:
            assert victim.ledger.RecordSale(sale).revision == first.revision


def raw(stack: Stack, path: str, host: str = "") -> tuple[int, str, bytes]:
    """Ask for a path exactly as it stands here; a client that knows manners would tidy it."""
    connection = http.client.HTTPConnection(stack.address("edge"), timeout=20)
    connection.putrequest("GET", path, skip_host=bool(host))
    if host:
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.headers.get("location", ""), answer.read()
    connection.close()
    return found


class TestPaths:
    @pytest.mark.parametrize("prefix", ["/static/", "/v1/items/", "/store/", "/orders/", "/epcis/events/"])
    @pytest.mark.parametrize(
        "rest",
        [
            "../" * 8 + "etc/passwd",
            "%2e%2e/" * 8 + "etc/passwd",
            "..%2f" * 8 + "etc%2fpasswd",
            "..%252f" * 8 + "etc%252fpasswd",
            "..%5c" * 8 + "etc%5cpasswd",
            "%c0%ae%c0%ae/" * 8 + "etc/passwd",
            "/etc/passwd",
            "%00/etc/passwd",
            "..;/../../etc/passwd",
        ],
    )
    def test_no_file_is_reached_that_is_not_ours_to_give(self, stack: Stack, prefix: str, rest: str) -> None:
        status, _, body = raw(stack, prefix + rest)
        assert status in {303, 307, 400, 401, 403, 404}
        assert b"root:" not in body

    @pytest.mark.parametrize(
        "path",
        [
            "//evil.example/",
            "//evil.example/store",
            "/store//evil.example",
            "/store/%2f%2fevil.example",
            "/store/..%2f..%2f%2fevil.example",
            "/store/evil.example%0d%0aLocation:%20http://evil.example",
            "/operations/?next=https://evil.example",
            "/operations/items/%2f%2fevil.example",
            "/store/?store=//evil.example",
        ],
    )
    @pytest.mark.parametrize("host", ["", "evil.example"])
    def test_nobody_is_led_to_another_site(self, stack: Stack, path: str, host: str) -> None:
        _, location, body = raw(stack, path, host)
        assert not location or re.fullmatch(r"/[^/\\].*", location), location
        assert not re.search(rb'(href|action|src)="(https?:)?//evil', body)


class TestSizes:
    def test_what_is_too_large_is_refused_by_its_limit(
        self, edge: httpx.Client, bearer: dict[str, str]
    ) -> None:
        big = b"[" + b"1," * (5 << 20) + b"1]"
        assert edge.post("/ingest/reads", content=big, headers=bearer).status_code == 413
        bomb = gzip.compress(bytes(64 << 20), 9)
        assert len(bomb) < 100_000
        gzipped = {**bearer, "Content-Encoding": "gzip", "Content-Type": "application/json"}
        assert edge.post("/ingest/reads", content=bomb, headers=gzipped).status_code == 413
        twice = gzip.compress(bomb)
        assert edge.post("/ingest/reads", content=twice, headers=gzipped).status_code == 400
        assert edge.post("/ingest/reads", content=b"[" * 1_000_000, headers=bearer).status_code == 400
        assert edge.get("/v1/locations", headers={**bearer, "X-Pad": "x" * 40_000}).status_code == 431
        assert edge.get("/v1/locations?page_token=" + "x" * 40_000, headers=bearer).status_code in {414, 431}
        many = [("item_id", f"i{number}") for number in range(2_000)]
        assert edge.get("/v1/availability", params=many, headers=bearer).status_code == 400

    def test_what_is_too_large_for_a_service_is_refused(self, stack: Stack) -> None:
        options = [("grpc.max_send_message_length", -1), ("grpc.max_metadata_size", 1 << 20)]
        authorization = ("authorization", f"Bearer {stack.token()}")
        with grpc.insecure_channel(stack.address("stock"), options) as channel:
            call = channel.unary_unary("/onhand.api.stock.v1.ReadService/RecordReads")

            def code(
                request: bytes = b"", *more: tuple[str, str], compression: grpc.Compression | None = None
            ) -> grpc.StatusCode:
                with pytest.raises(grpc.RpcError) as raised:
                    call(request, metadata=[authorization, *more], timeout=30, compression=compression)
                found: grpc.StatusCode = raised.value.code()  # type: ignore[attr-defined]
                return found

            exhausted = grpc.StatusCode.RESOURCE_EXHAUSTED
            assert code(bytes(5 << 20)) is exhausted
            assert code(bytes(64 << 20), compression=grpc.Compression.Gzip) is exhausted, "a bomb"
            assert code(b"", ("pad", "x" * 20_000)) is exhausted
            deep = b""
            for _ in range(200):
                deep = b"\x12" + bytes([0x80 | len(deep) & 0x7F, len(deep) >> 7]) + deep
            assert code(deep) is grpc.StatusCode.INVALID_ARGUMENT
        reads = [reads_pb2.Read(epc=b"123456789012", antenna=1)] * 10_001
        batch = reads_pb2.RecordReadsRequest(reader_id="r", reads=reads)
        with stack.client(Stock) as stock, pytest.raises(InvalidField):
            stock.reads.RecordReads(batch)


class TestPages:
    @pytest.mark.parametrize("path", PAGES_THAT_POST)
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "null"},
            {"Origin": "https://evil.example"},
        ],
        ids=str,
    )
    def test_another_site_cannot_make_a_browser_post(
        self, edge: httpx.Client, stack: Stack, path: str, headers: dict[str, str]
    ) -> None:
        cookie = {"Cookie": f"onhand={stack.token()}"}
        answer = edge.post(path, data={"request_id": str(uuid4())}, headers={**headers, **cookie})
        assert answer.status_code == 403, answer.text
        assert "set-cookie" not in answer.headers

    @pytest.mark.usefixtures("chain")
    def test_a_session_is_out_of_reach_of_scripts_and_other_sites(
        self, edge: httpx.Client, stack: Stack
    ) -> None:
        own = {"Sec-Fetch-Site": "same-origin"}
        for path, fields in (("/store", {"location_id": STORES[0]}), ("/operations", {})):
            answer = edge.post(path, data={**fields, "token": stack.token()}, headers=own)
            assert answer.status_code == 303, answer.text
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie

    def test_no_page_can_be_framed(self, edge: httpx.Client) -> None:
        for path in ("/", "/store", "/store/amsterdam", "/operations", "/orders/x", "/nothing", "/healthz"):
            headers = edge.get(path).headers
            assert headers["x-frame-options"] == "DENY"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]

    @pytest.mark.usefixtures("chain")
    def test_markup_in_names_is_text_on_every_page(self, edge: httpx.Client, stack: Stack) -> None:
        item = catalog_pb2.Item(item_id=f"i-{uuid4().hex[:8]}", title=MARKUP, size=MARKUP, colour=MARKUP)
        store = catalog_pb2.Location(
            location_id=f"s-{uuid4().hex[:8]}",
            title=MARKUP,
            kind=catalog_pb2.Location.KIND_STORE,
            time_zone="UTC",
        )
        with stack.client(Stock) as stock:
            stock.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=[item]))
            stock.catalog.BatchUpsertLocations(catalog_pb2.BatchUpsertLocationsRequest(locations=[store]))
            line = [ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=item.item_id), quantity=1)]
            stock.ledger.RecordReceipt(
                ledger_pb2.RecordReceiptRequest(
                    request_id=str(uuid4()), location_id=store.location_id, lines=line
                )
            )
        own = {"Sec-Fetch-Site": "same-origin"}
        session = {"Cookie": f"onhand={stack.token()}"}
        asked = {**session, **own}
        looked_up = f"/store/{store.location_id}/stock?q={item.item_id}"
        # Once the view has heard of the item.
        eventually(lambda: "&lt;img src=x" in edge.get(looked_up, headers=asked).text)
        assert "&lt;img src=x" in edge.get(f"/store/{store.location_id}", headers=asked).text
        for path in (
            looked_up,
            *(f"/store/{store.location_id}{view}" for view in ("", "/walk", "/slots", "/counts")),
            "/operations",
            f"/operations/items/{item.item_id}",
        ):
            answer = edge.get(path, headers=asked)
            if answer.headers["content-type"].startswith("text/html"):
                assert MARKUP not in answer.text, path
            else:  # no browser shows it as a page
                assert answer.headers["x-content-type-options"] == "nosniff"
        refused = edge.post("/store", data={"location_id": MARKUP, "token": MARKUP}, headers=own)
        assert MARKUP not in refused.text

    def test_no_template_leaves_a_value_unescaped(self) -> None:
        assert rendering._templates.autoescape is True
        unescaped = {
            (path.name, match)
            for path in (rendering.FOLDER / "templates").glob("*.html")
            for match in re.findall(r"\{\{[^}]*\|\s*safe[^}]*\}\}|\{% *autoescape[^%]*%\}", path.read_text())
        }
        # A card is a template's own output, escaped where it was made.
        assert unescaped == {("store.html", "{{ card|safe }}")}

    def test_a_link_of_a_customer_cannot_be_made_or_bent(self, edge: httpx.Client, stack: Stack) -> None:
        for link in (stack.token(), "x", f"{encoded({'alg': 'none'})}.{encoded({'sub': 'O-1'})}.", "%00"):
            answer = edge.get(f"/orders/{link}")
            assert answer.status_code == 404
            assert "O-1" not in answer.text
