"""The customer's page: one order behind a link, and what a customer may ask for."""

import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import segno
from tests.integration.edge.peers import ORDER_ID, PASS, SUBSTITUTION_ID, TASK_ID

from onhand.api.pickup.v1 import tasks_pb2
from onhand.api.routing.v1 import orders_pb2
from onhand.cli import keys
from onhand.edge.pages.customer import SCOPES
from onhand.kit.errors import DatabaseUnavailable, LimitReached, OnhandError, WrongState
from onhand.kit.links import Links

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
async def customers_edge(world: Any) -> AsyncIterator[Any]:
    from tests.integration.edge.conftest import start, stop

    token_file = world.folder / "edge.token"
    token_file.write_text(world.token(SCOPES, subject="edge", locations=["*"]))
    edge = await start(
        world,
        routing_target=world.stock_target,
        token_file=token_file,
        customer_links_key_file=keys.links_file(world.keys_dir),
    )
    yield edge
    await stop(edge)


@pytest.fixture
async def edge(customers_edge: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with customers_edge.client() as client:
        yield client


@pytest.fixture
def link(world: Any) -> str:
    return link_to(world, ORDER_ID)


def link_to(world: Any, order_id: str, ttl: timedelta = timedelta(hours=1)) -> str:
    token = Links(keys.links_file(world.keys_dir)).token(order_id, datetime.now(UTC) + ttl)
    return f"/orders/{token}"


def hidden(page: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the form that posts to `action`."""
    (form,) = re.findall(rf'action="[^"]*/{action}">(.*?)</form>', page, re.DOTALL)
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


class TestLink:
    async def test_it_shows_its_order_in_the_customers_language(
        self, edge: httpx.AsyncClient, link: str
    ) -> None:
        page = (await edge.get(link)).text
        assert '<html lang="nl">' in page
        assert "Klaar om af te halen" in page
        assert "Ana &lt;b&gt;" in page
        assert "<dt>maandag</dt><dd>09:00-18:00</dd><dt>dinsdag</dt><dd>gesloten</dd>" in page
        assert "Gata de ridicat" in (await edge.get(link + "?lang=ro")).text

    async def test_it_says_where_by_when_and_until_when(
        self, edge: httpx.AsyncClient, world: Any, link: str
    ) -> None:
        """In the store's zone, two hours ahead of UTC in June."""
        world.peers.order.promise_time.FromDatetime(datetime(2026, 6, 5, 12, 30, tzinfo=UTC))
        world.peers.task.collect_deadline.FromDatetime(datetime(2026, 6, 8, 16, tzinfo=UTC))
        page = (await edge.get(link)).text
        assert "<strong>Högtorp &lt;b&gt;</strong>" in page
        assert "Ligt voor u klaar tot maandag 8 juni, 18:00" in page
        assert "Klaar op" not in page  # it is ready
        world.peers.order.lines[0].state = orders_pb2.OrderLine.STATE_PICKING
        world.peers.task.state = tasks_pb2.Task.STATE_PICKING
        page = (await edge.get(link)).text
        assert "Klaar op vrijdag 5 juni, 14:30" in page
        assert "Ligt voor u klaar" not in page
        world.peers.order.method = orders_pb2.FULFILMENT_METHOD_SHIP
        page = (await edge.get(link)).text
        assert "Vertrekt uiterlijk vrijdag 5 juni, 12:30" in page  # of no store, so in UTC
        assert "Högtorp" not in page

    async def test_a_browsers_language_serves_where_the_order_names_none(
        self, edge: httpx.AsyncClient, world: Any, link: str
    ) -> None:
        world.peers.order.customer.locale = ""
        headers = {"Accept-Language": "fr-CH, en;q=0.3, ro;q=0.9"}
        assert '<html lang="ro">' in (await edge.get(link, headers=headers)).text

    async def test_one_that_expired_or_was_changed_opens_nothing(
        self, edge: httpx.AsyncClient, world: Any, link: str
    ) -> None:
        expired = link_to(world, ORDER_ID, -timedelta(seconds=1))
        header, payload, signature = link.split(".")
        other = link_to(world, "order-2").split(".")[1]
        bad = (expired, link[:-4], f"{header}.{other}.{signature}", f"{header}.{payload}.", "/orders/x")
        for each in bad:
            answer = await edge.get(each)
            assert answer.status_code == 404, each
            assert "Ana" not in answer.text
            assert (await edge.post(f"{each}/cancel", headers=OWN)).status_code == 404
        assert world.peers.asked == []

    async def test_an_associates_token_is_no_link(self, edge: httpx.AsyncClient, world: Any) -> None:
        assert (await edge.get(f"/orders/{world.token(SCOPES)}")).status_code == 404

    async def test_without_a_key_there_are_no_customers_pages(self, shared_edge: Any, link: str) -> None:
        async with shared_edge.client() as client:
            assert (await client.get(link)).status_code == 404

    async def test_it_is_kept_from_search_engines_and_other_sites(
        self, edge: httpx.AsyncClient, link: str
    ) -> None:
        headers = (await edge.get(link)).headers
        assert headers["x-robots-tag"] == "noindex"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


class TestAsking:
    @pytest.mark.parametrize(
        ("action", "fields", "expected"),
        [
            ("here", {"note": "bay 4"}, {"note": "bay 4"}),
            ("collector", {"display_name": "Ben"}, {"display_name": "Ben"}),
            ("extend", {}, {}),
            ("on-my-way", {"minutes": "20"}, {}),
            ("cancel", {}, {"order_id": ORDER_ID}),
        ],
    )
    async def test_a_form_asks_once_however_often_it_is_sent(
        self,
        edge: httpx.AsyncClient,
        world: Any,
        link: str,
        action: str,
        fields: dict[str, str],
        expected: dict[str, str],
    ) -> None:
        data = hidden((await edge.get(link)).text, action) | fields
        for _ in range(2):
            answer = await edge.post(f"{link}/{action}", data=data, headers=OWN)
            assert answer.status_code == 303, answer.text
            assert answer.headers["location"] == f"{link}?done={action}&lang=nl"
        (subject, first), (_, again) = world.peers.asked
        assert subject == "edge"
        assert first == again
        assert first.request_id == data["request_id"]
        for name, value in expected.items():
            assert getattr(first, name) == value
        assert 'role="status"' in (await edge.get(answer.headers["location"])).text

    async def test_on_my_way_tells_when(self, edge: httpx.AsyncClient, world: Any, link: str) -> None:
        data = hidden((await edge.get(link)).text, "on-my-way") | {"minutes": "20"}
        await edge.post(f"{link}/on-my-way", data=data, headers=OWN)
        ((_, request),) = world.peers.asked
        ahead = request.arrive_time.ToDatetime(UTC) - datetime.now(UTC)
        assert timedelta(minutes=19) < ahead <= timedelta(minutes=20)

    @pytest.mark.parametrize("answer", ["yes", "no"])
    async def test_a_substitute_is_taken_or_not(
        self, edge: httpx.AsyncClient, world: Any, link: str, answer: str
    ) -> None:
        offer = tasks_pb2.Substitution(
            substitution_id=SUBSTITUTION_ID,
            line_id="1",
            item_id="shirt-blue",
            quantity=1,
            state=2,
            detail="<script>alert(1)</script>",
        )
        offer.decide_deadline.FromDatetime(datetime(2026, 6, 5, 12, 30, tzinfo=UTC))
        world.peers.task.substitutions.append(offer)
        page = (await edge.get(link)).text
        assert "vrijdag 5 juni, 14:30" in page  # in the store's zone
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page
        data = hidden(page, "substitution") | {"answer": answer}
        await edge.post(f"{link}/substitution", data=data, headers=OWN)
        ((_, request),) = world.peers.asked
        assert (request.substitution_id, request.accepted) == (SUBSTITUTION_ID, answer == "yes")

    async def test_a_form_names_no_task_of_another_order(
        self, edge: httpx.AsyncClient, world: Any, link: str
    ) -> None:
        data = hidden((await edge.get(link)).text, "here") | {"task_id": TASK_ID[:-1] + "9"}
        assert (await edge.post(f"{link}/here", data=data, headers=OWN)).status_code == 404
        assert (await edge.get(f"{link}/pass/{data['task_id']}")).status_code == 404
        assert world.peers.asked == []

    async def test_another_site_asks_for_nothing(
        self, edge: httpx.AsyncClient, world: Any, link: str
    ) -> None:
        data = hidden((await edge.get(link)).text, "cancel")
        answer = await edge.post(f"{link}/cancel", data=data, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert world.peers.asked == []

    @pytest.mark.parametrize(
        ("failure", "status", "text"),
        [
            (WrongState("task", "1", "collected", "extend"), 400, "Dat kan niet meer."),
            (LimitReached("max_extensions"), 429, "Dat kan niet nog een keer."),
            (DatabaseUnavailable(), 503, "Probeer het zo nog eens."),
        ],
    )
    async def test_what_is_not_possible_is_told_on_the_page(
        self, edge: httpx.AsyncClient, world: Any, link: str, failure: OnhandError, status: int, text: str
    ) -> None:
        data = hidden((await edge.get(link)).text, "extend")
        world.peers.failure = failure
        answer = await edge.post(f"{link}/extend", data=data, headers=OWN)
        assert answer.status_code == status
        assert text in answer.text


class TestShowing:
    async def test_the_pass_is_a_picture_of_it(self, edge: httpx.AsyncClient, link: str) -> None:
        page = (await edge.get(link)).text
        (path,) = re.findall(r'class="pass" src="([^"]+)"', page)
        answer = await edge.get(path)
        assert answer.headers["content-type"] == "image/svg+xml"
        light, dark = re.findall(r"<path[^>]*>", answer.text)
        expected = io.BytesIO()
        segno.make(PASS, error="l", micro=False).save(
            expected, kind="svg", border=4, light="#fff", omitsize=True
        )
        assert [light, dark] == re.findall(r"<path[^>]*>", expected.getvalue().decode())

    async def test_a_look_at_what_has_not_changed_costs_little(
        self, edge: httpx.AsyncClient, world: Any, link: str
    ) -> None:
        etag = (await edge.get(link)).headers["etag"]
        assert (await edge.get(link, headers={"If-None-Match": etag})).status_code == 304
        world.peers.task.version += 1
        assert (await edge.get(link, headers={"If-None-Match": etag})).status_code == 200

    async def test_every_state_has_its_words(self, edge: httpx.AsyncClient, world: Any, link: str) -> None:
        for value in orders_pb2.OrderLine.State.values()[1:]:
            world.peers.order.lines[0].state = value
            for code in ("en", "nl", "ro"):
                assert (await edge.get(f"{link}?lang={code}")).status_code == 200
