"""Who may open the store page, what it may be made to do from elsewhere, and under whose name it acts."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.integration.edge.peers import EPC, TASK_ID

from onhand.api.pickup.v1 import picking_pb2, tasks_pb2
from onhand.edge.pages.store import SCOPES
from onhand.kit.errors import WrongProduct, WrongState

OWN = {"Sec-Fetch-Site": "same-origin"}
ACCEPT = f"/store/store-1/tasks/{TASK_ID}/accept"


@pytest.fixture
def token(world: Any) -> str:
    return str(world.token(SCOPES, subject="ana"))


async def signed_in(edge: httpx.AsyncClient, token: str, location_id: str = "") -> httpx.Response:
    return await edge.post("/store", data={"token": token, "location_id": location_id}, headers=OWN)


def form_of(page: str, action: str) -> str:
    """Return what the form holds that posts to `action`."""
    (form,) = re.findall(rf'<form[^>]*/{action}"[^>]*>(.*?)</form>', page, re.DOTALL)
    return str(form)


class TestSigningIn:
    async def test_the_token_comes_back_in_a_cookie_that_only_this_page_gets(
        self, edge: httpx.AsyncClient, token: str
    ) -> None:
        answer = await signed_in(edge, token)
        assert (answer.status_code, answer.headers["location"]) == (303, "/store/store-1")
        cookie = answer.headers["set-cookie"]
        assert f"onhand={token};" in cookie
        for attribute in ("HttpOnly", "SameSite=strict", "Path=/store/store-1", "Max-Age=5"):
            assert attribute in cookie
        assert (await edge.get("/store/store-1")).status_code == 200

    async def test_a_page_that_is_reached_by_https_gets_its_cookie_over_tls_only(
        self, start_edge: Any, token: str
    ) -> None:
        edge = await start_edge(public_url="https://onhand.example")
        async with edge.client() as client:
            assert "; Secure" in (await signed_in(client, token)).headers["set-cookie"]

    @pytest.mark.parametrize(
        ("claims", "location_id", "text"),
        [
            ({"scopes": ["stock.read"]}, "", "lacks the scope tasks.read"),
            ({"ttl": timedelta(hours=-1)}, "", "expired"),
            ({}, "store-2", "does not speak for location &#39;store-2&#39;"),
            ({"locations": ["store-1", "store-2"]}, "", "name yours"),
            ({"locations": ["*"]}, "", "name yours"),
            ({"locations": [f"store-{n}" for n in range(400)]}, "store-1", "longer than"),
        ],
    )
    async def test_a_token_that_does_not_fit_is_refused_in_words(
        self, edge: httpx.AsyncClient, world: Any, claims: Any, location_id: str, text: str
    ) -> None:
        answer = await signed_in(edge, world.token(**{"scopes": SCOPES, **claims}), location_id)
        assert answer.status_code in {200, 403}
        assert text in answer.text
        assert "set-cookie" not in answer.headers

    async def test_a_token_of_many_stores_is_bound_to_the_one_that_is_named(
        self, edge: httpx.AsyncClient, world: Any
    ) -> None:
        token = world.token(SCOPES, locations=["store-1", "store-2"])
        answer = await signed_in(edge, token, "store-1")
        assert answer.headers["location"] == "/store/store-1"
        assert (await edge.get("/store/store-2")).status_code == 303  # the browser keeps the cookie to itself

    async def test_signing_out_takes_the_cookie(self, edge: httpx.AsyncClient, token: str) -> None:
        await signed_in(edge, token)
        await edge.post("/store/store-1/sign-out", headers=OWN)
        answer = await edge.get("/store/store-1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/store?store=store-1")

    @pytest.mark.parametrize("store", ["//evil.example", "\\\\evil.example", "a%2F..%2F..", 'x"><script>'])
    async def test_nobody_is_led_elsewhere(self, edge: httpx.AsyncClient, world: Any, store: str) -> None:
        token = world.token(SCOPES, locations=["*"])
        answer = await signed_in(edge, token, store)
        assert answer.headers["location"].startswith("/store/")
        assert "/" not in answer.headers["location"].removeprefix("/store/")
        page = await edge.get("/store", params={"store": store})
        assert "<script>" not in page.text.replace('<script src="/static/sign_in.js" defer></script>', "")


class TestActing:
    async def test_it_acts_with_the_associates_own_token(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        request_id = str(uuid4())
        answer = await edge.post(ACCEPT, data={"request_id": request_id}, headers=OWN)
        assert answer.status_code == 200
        assert "Ana &lt;b&gt;" in answer.json()["card"]
        ((subject, request),) = world.peers.asked
        assert (subject, request.request_id, request.task_id) == ("ana", request_id, TASK_ID)

    async def test_a_scan_finds_its_line_and_says_how_far_that_is(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        data = {"scanned": "30340242201d8840009efdf7", "request_id": str(uuid4())}
        answer = await edge.post(ACCEPT.replace("accept", "scan-one"), data=data, headers=OWN)
        assert answer.json()["said"] == "Picked 0 of 2, 2 left to pick"
        ((_, request),) = world.peers.asked
        assert (request.scanned, request.task_id) == (data["scanned"], TASK_ID)

    @pytest.mark.parametrize(
        ("failure", "status"),
        [(WrongProduct("x", "y"), 400), (WrongState("task", "1", "open", "pick"), 400)],
    )
    async def test_a_refusal_says_why(
        self, edge: httpx.AsyncClient, world: Any, token: str, failure: Any, status: int
    ) -> None:
        await signed_in(edge, token)
        world.peers.failure = failure
        answer = await edge.post(ACCEPT, data={"request_id": str(uuid4())}, headers=OWN)
        assert (answer.status_code, answer.json()["detail"]) == (status, failure.message)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://{host}"},
            {},
        ],
    )
    async def test_no_other_site_makes_a_browser_act(
        self, edge: httpx.AsyncClient, world: Any, token: str, headers: dict[str, str]
    ) -> None:
        await signed_in(edge, token)
        sent = {
            name: value.replace("{host}", edge.base_url.netloc.decode()) for name, value in headers.items()
        }
        for path in (ACCEPT, "/store", "/store/store-1/sign-out", "/operations", "/operations/sign-out"):
            answer = await edge.post(path, data={"request_id": str(uuid4()), "token": token}, headers=sent)
            assert answer.status_code == 403, path
        assert world.peers.asked == []

    async def test_a_browser_that_only_says_its_origin_acts(
        self, edge: httpx.AsyncClient, token: str
    ) -> None:
        await signed_in(edge, token)
        headers = {"Origin": str(edge.base_url)}
        answer = await edge.post(ACCEPT, data={"request_id": str(uuid4())}, headers=headers)
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("path", "data", "status"),
        [
            (ACCEPT.replace("accept", "burn"), {}, 404),
            (ACCEPT.replace("accept", "short"), {"line_id": "1"}, 400),
            (ACCEPT.replace("accept", "short"), {"line_id": "1", "reason": "9999999999"}, 400),
            (ACCEPT.replace("accept", "pick"), {"line_id": "1", "quantity": "-1"}, 400),
            (ACCEPT.replace(TASK_ID, "x"), {"request_id": "0193a5b0-0000-7000-8000-000000000009"}, 400),
            (ACCEPT, {f"f{n}": "x" for n in range(60)}, 400),
        ],
    )
    async def test_what_is_malformed_is_refused(
        self, edge: httpx.AsyncClient, token: str, path: str, data: dict[str, str], status: int
    ) -> None:
        await signed_in(edge, token)
        answer = await edge.post(path, data=data, headers=OWN)
        assert answer.status_code == status, answer.text

    async def test_without_a_sign_in_nothing_is_answered(self, edge: httpx.AsyncClient) -> None:
        assert (await edge.post(ACCEPT, data={}, headers=OWN)).status_code == 401
        for path in ("/store/store-1/events", "/store/store-1/stock?q=1", "/operations/cells"):
            assert (await edge.get(path)).status_code == 401, path


class TestCounter:
    @pytest.mark.parametrize(
        ("typed", "code", "collection_pass"),
        [("1234 5678", "12345678", ""), ("12345678", "12345678", ""), ("eyJ.eyJ.x", "", "eyJ.eyJ.x")],
    )
    async def test_digits_and_a_scanned_pass_go_into_one_field(
        self, edge: httpx.AsyncClient, world: Any, token: str, typed: str, code: str, collection_pass: str
    ) -> None:
        await signed_in(edge, token)
        data = {"code": typed, "request_id": str(uuid4()), "identity_checked": "on"}
        await edge.post(ACCEPT.replace("accept", "hand-over"), data=data, headers=OWN)
        ((_, request),) = world.peers.asked
        assert (request.code, request.collection_pass) == (code, collection_pass)
        assert (request.identity_checked, request.age_checked) == (True, False)

    @pytest.mark.parametrize(
        ("fields", "lines"),
        [
            ({"given-1": "2", "refused-1": "0"}, []),
            ({"given-1": "1", "refused-1": "0"}, [(1, 0, [], 0)]),
            ({"given-1": "1", "refused-1": "1", "condition-1": "2"}, [(1, 1, [], 2)]),
            ({"epc-1-30AA": "1", "refused-1": "0"}, [(1, 0, ["30AA"], 0)]),
            ({"epc-1-30AA": "1", "epc-1-30AB": "1", "refused-1": "0"}, []),
        ],
    )
    async def test_a_part_is_given_and_a_part_refused(
        self, edge: httpx.AsyncClient, world: Any, token: str, fields: dict[str, str], lines: list[Any]
    ) -> None:
        await signed_in(edge, token)
        form = {"code": "12345678", "request_id": str(uuid4()), "line-1": "1", "waits-1": "2"}
        await edge.post(ACCEPT.replace("accept", "hand-over"), data=form | fields, headers=OWN)
        ((_, request),) = world.peers.asked
        told = [
            (each.given_quantity, each.refused_quantity, list(each.given_epcs), each.refused_condition)
            for each in request.lines
        ]
        assert told == lines

    async def test_a_part_that_is_nothing_is_not_everything(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        fields = {"code": "12345678", "request_id": str(uuid4()), "line-1": "1", "waits-1": "2"}
        answer = await edge.post(
            ACCEPT.replace("accept", "hand-over"),
            data={**fields, "given-1": "0", "refused-1": "0"},
            headers=OWN,
        )
        assert (answer.status_code, world.peers.asked) == (400, [])

    @pytest.mark.parametrize("line_count", [1, 9])
    async def test_who_takes_it_and_their_signature_go_with_any_hand_over(
        self, edge: httpx.AsyncClient, world: Any, token: str, line_count: int
    ) -> None:
        """Also with that of a task too large to be handed over in parts here."""
        await signed_in(edge, token)
        for number in range(2, line_count + 1):
            world.peers.task.lines.add(line_id=str(number), item_id="shirt", quantity=1)
        page = (await edge.get("/store/store-1")).text
        assert ("Only a part" in page) is (line_count == 1)
        before_parts = form_of(page, "hand-over").partition("<details")[0]
        for name in ("collector_name", "proof_reference"):
            assert f'name="{name}"' in before_parts
        told = {"collector_name": "Ben", "proof_reference": "photo 17"}
        fields = {"code": "12345678", "request_id": str(uuid4()), **told}
        await edge.post(ACCEPT.replace("accept", "hand-over"), data=fields, headers=OWN)
        ((_, request),) = world.peers.asked
        assert (request.collector_name, request.proof_reference) == ("Ben", "photo 17")

    async def test_a_customer_who_comes_to_the_counter_is_checked_in_once(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        assert 'name="note"' in form_of((await edge.get("/store/store-1")).text, "check-in")
        fields = {"request_id": str(uuid4()), "note": "bay 4"}
        await edge.post(ACCEPT.replace("accept", "check-in"), data=fields, headers=OWN)
        ((_, request),) = world.peers.asked
        assert (request.task_id, request.note) == (TASK_ID, "bay 4")
        world.peers.task.check_in_time.GetCurrentTime()
        assert "/check-in" not in (await edge.get("/store/store-1")).text

    async def test_what_must_be_checked_is_asked(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        assert "Identity checked" not in (await edge.get("/store/store-1")).text
        world.peers.task.identity_check_required = True
        world.peers.task.minimum_age = 18
        world.peers.task.alternate_collector_name = "Ben"
        page = (await edge.get("/store/store-1")).text
        for text in ("Identity checked", "Is 18 or older", "Ben collects"):
            assert text in page


class TestFloor:
    async def test_places_are_shown_in_the_stores_time_until_nothing_is_left(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        place = picking_pb2.PickPlace(zone_id="floor", tag_count=3, unconfirmed=True)
        place.last_seen_time.FromDatetime(datetime(2026, 6, 5, 12, 30, tzinfo=UTC))
        line = picking_pb2.PickStopLine(task_id=TASK_ID, line_id="1", quantity=2)
        world.peers.stops = [picking_pb2.PickStop(item_id="shirt", lines=[line], places=[place])]
        world.peers.task.state = tasks_pb2.Task.STATE_ACCEPTED
        assert "floor 3, seen Fri 5 Jun 14:30 (not sure)" in (await edge.get("/store/store-1")).text
        world.peers.task.lines[0].picked_quantity = 2
        assert "floor 3" not in (await edge.get("/store/store-1")).text

    async def test_alerts_and_goods_that_go_back_are_there_to_be_dealt_with(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        alert_id = str(uuid4())
        left = tasks_pb2.TaskAlert(alert_id=alert_id, kind=tasks_pb2.TaskAlert.KIND_TAG_LEFT, detail="gate 2")
        world.peers.task.alerts.append(left)
        back = tasks_pb2.Task(task_id=str(uuid4()), state=tasks_pb2.Task.STATE_EXPIRED, order_id="order-0")
        back.lines.add(line_id="1", item_id="shirt", quantity=2, shelve_quantity=2)
        world.peers.to_shelve = [back]
        page = (await edge.get("/store/store-1")).text
        assert "order-1: a tag that was picked has left the store (gate 2)" in page
        assert "2 back at their place" in page

        fields = {"request_id": str(uuid4()), "alert_id": alert_id}
        assert (
            await edge.post(ACCEPT.replace("accept", "seen"), data=fields, headers=OWN)
        ).status_code == 200
        shelve = f"/store/store-1/tasks/{back.task_id}/shelve"
        assert (await edge.post(shelve, data={"request_id": str(uuid4())}, headers=OWN)).status_code == 200
        (_, seen), (_, shelved) = world.peers.asked
        assert (seen.alert_id, shelved.task_id) == (alert_id, back.task_id)

    @pytest.mark.parametrize(
        ("state", "is_offered"),
        [
            (tasks_pb2.Task.STATE_OPEN, True),
            (tasks_pb2.Task.STATE_ACCEPTED, True),
            (tasks_pb2.Task.STATE_PICKING, True),
            (tasks_pb2.Task.STATE_PICKED, True),
            (tasks_pb2.Task.STATE_READY, False),
            (tasks_pb2.Task.STATE_REJECTED, False),
        ],
    )
    async def test_an_order_can_be_given_up_until_it_is_staged(
        self,
        edge: httpx.AsyncClient,
        world: Any,
        token: str,
        state: tasks_pb2.Task.State,
        is_offered: bool,  # noqa: FBT001
    ) -> None:
        await signed_in(edge, token)
        world.peers.task.state = state
        assert ("/reject" in (await edge.get("/store/store-1")).text) is is_offered
        fields = {"request_id": str(uuid4()), "reason": "2", "detail": "torn seam"}
        await edge.post(ACCEPT.replace("accept", "reject"), data=fields, headers=OWN)
        ((_, request),) = world.peers.asked
        assert (request.reason, request.detail) == (tasks_pb2.REJECT_REASON_DAMAGED, "torn seam")

    @pytest.mark.parametrize("assignee", ["ben", ""])
    async def test_an_order_is_given_to_somebody_else_or_to_nobody(
        self, edge: httpx.AsyncClient, world: Any, token: str, assignee: str
    ) -> None:
        await signed_in(edge, token)
        world.peers.task.assignee = "ana"
        assert 'name="assignee"' in form_of((await edge.get("/store/store-1")).text, "assign")
        fields = {"request_id": str(uuid4()), "assignee": assignee}
        await edge.post(ACCEPT.replace("accept", "assign"), data=fields, headers=OWN)
        ((_, request),) = world.peers.asked
        assert (type(request), request.assignee) == (tasks_pb2.AssignTaskRequest, assignee)

    async def test_another_item_is_offered(self, edge: httpx.AsyncClient, world: Any, token: str) -> None:
        await signed_in(edge, token)
        fields = {"request_id": str(uuid4()), "line_id": "1", "item_id": "shirt-blue", "reason": "1"}
        await edge.post(ACCEPT.replace("accept", "substitute"), data=fields, headers=OWN)
        ((_, request),) = world.peers.asked
        assert (request.line_id, request.item_id, request.reason) == ("1", "shirt-blue", 1)


class TestParts:
    """What stands beside the queue."""

    async def test_a_walk_is_offered_for_what_is_to_be_picked_and_made_of_what_was_ticked(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        assert "Nothing to pick" in (await edge.get("/store/store-1/walk")).text
        world.peers.task.state = tasks_pb2.Task.STATE_ACCEPTED
        assert f'name="task-{TASK_ID}" checked' in (await edge.get("/store/store-1/walk")).text
        request_id = str(uuid4())
        fields = {"request_id": request_id, f"task-{TASK_ID}": "on"}
        answer = await edge.post("/store/store-1/floor/walk", data=fields, headers=OWN)
        assert answer.json() == {"said": "A walk for 1 order"}
        ((subject, request),) = world.peers.asked
        assert (subject, request.request_id, list(request.task_ids)) == ("ana", request_id, [TASK_ID])

    async def test_a_stop_leads_to_the_picture_of_its_item(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        world.peers.task.state = tasks_pb2.Task.STATE_PICKING
        world.peers.task.wave_id, world.peers.task.assignee = str(uuid4()), "ana"
        stop = picking_pb2.PickStop(item_id="shirt", title="Shirt", quantity=2)
        world.peers.stops = [stop]
        assert "Picture" not in (await edge.get("/store/store-1/walk")).text
        stop.picture_uri = "https://pictures.example/shirt?wide=1&high=1"
        world.peers.stops = [stop]
        (link,) = re.findall(r"<a [^>]*>Picture</a>", (await edge.get("/store/store-1/walk")).text)
        assert 'href="https://pictures.example/shirt?wide=1&amp;high=1"' in link
        assert 'rel="noopener noreferrer"' in link

    async def test_one_tag_is_followed_and_why_it_cannot_be_is_said(
        self, edge: httpx.AsyncClient, token: str
    ) -> None:
        await signed_in(edge, token)
        async with edge.stream("GET", f"/store/store-1/find?epc={EPC}") as stream:
            (line,) = [line async for line in _until_events(stream, 1)]
        trace = json.loads(line.removeprefix("data: "))
        assert (trace["title"], trace["zone"], trace["age_s"], trace["here"]) == (
            "Ünderwear",
            "floor",
            30,
            True,
        )
        async with edge.stream("GET", "/store/store-1/find?epc=AA") as stream:
            (line,) = [line async for line in _until_events(stream, 1)]
        assert json.loads(line.removeprefix("data: "))["reason"] == "NOT_FOUND"

    @pytest.mark.parametrize("part", ["slots", "counts"])
    async def test_what_cannot_be_told_now_is_said_where_it_would_stand(
        self, edge: httpx.AsyncClient, token: str, part: str
    ) -> None:
        """The peer does not have these services, as one of an earlier release."""
        await signed_in(edge, token)
        answer = await edge.get(f"/store/store-1/{part}")
        assert answer.status_code == 503
        assert answer.headers["content-type"].startswith("text/html")
        assert 'class="notice"' in answer.text

    @pytest.mark.parametrize(
        ("path", "data", "status"),
        [
            ("floor/burn", {}, 404),
            ("floor/walk", {}, 400),
            ("floor/walk-scan", {"scanned": "1"}, 400),
            ("floor/close-slot", {"kind": "1", "start_time": "soon", "end_time": "later"}, 400),
            (
                "floor/count-tag",
                {"count_id": "1", "scanned": "no tag", "act_time": "2026-01-01T00:00:00Z"},
                400,
            ),
        ],
    )
    async def test_what_is_malformed_is_refused(
        self, edge: httpx.AsyncClient, token: str, path: str, data: dict[str, str], status: int
    ) -> None:
        await signed_in(edge, token)
        answer = await edge.post(f"/store/store-1/{path}", data=data, headers=OWN)
        assert answer.status_code == status, answer.text
        assert (await edge.get("/store/store-1/nothing")).status_code == 404

    async def test_nobody_else_gets_or_does_anything(self, edge: httpx.AsyncClient, world: Any) -> None:
        await signed_in(edge, world.token(SCOPES, locations=["store-2"]), "store-2")
        for part in ("walk", "stock", "slots", "counts", f"find?epc={EPC}"):
            assert (await edge.get(f"/store/store-1/{part}")).status_code in {401, 403}, part
        answer = await edge.post("/store/store-1/floor/walk", data={}, headers=OWN)
        assert answer.status_code in {401, 403}


class TestQueue:
    async def test_it_begins_with_everything_and_goes_on_with_what_changed(
        self, edge: httpx.AsyncClient, token: str
    ) -> None:
        await signed_in(edge, token)
        async with edge.stream("GET", "/store/store-1/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = [line async for line in _until_events(stream, 2)]
        first, second = (line.removeprefix("data: ") for line in lines)
        assert f'"order":["{TASK_ID}"]' in first
        assert "task-" in first
        assert '"cards":{}' in second  # the watch rang, and nothing had changed

    async def test_every_state_is_shown_also_one_that_this_page_does_not_know_yet(
        self, edge: httpx.AsyncClient, world: Any, token: str
    ) -> None:
        await signed_in(edge, token)
        for value in [*tasks_pb2.Task.State.values()[1:], 99]:
            world.peers.task.state = value
            assert (await edge.get("/store/store-1")).status_code == 200


async def _until_events(stream: httpx.Response, count: int) -> Any:
    async for line in stream.aiter_lines():
        if line.startswith("data: "):
            yield line
            count -= 1
            if not count:
                return
