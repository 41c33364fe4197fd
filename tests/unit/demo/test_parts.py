"""The demo's small parts: shelves, states, durations, mails, tills."""

import asyncio
import smtplib
from email.message import EmailMessage
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onhand.api.routing.v1.orders_pb2 import OrderLine
from onhand.api.stock.v1 import ledger_pb2
from onhand.client import AsyncStock
from onhand.demo.associates import mistyped
from onhand.demo.claims import Flows
from onhand.demo.closing import flows_of
from onhand.demo.data import Basket, TillLine
from onhand.demo.gateway import ExitGateway
from onhand.demo.live import all_ended, state_of
from onhand.demo.mailbox import HOST, Mailbox, read
from onhand.demo.meter import Meter, quantile
from onhand.demo.pace import clock_text
from onhand.demo.shelf import Shelf, Unit
from onhand.demo.tally import Tally
from onhand.demo.tills import Till
from onhand.demo.world import Item, World
from onhand.kit.clock import SystemClock
from onhand.kit.errors import UnknownItem


@given(
    st.lists(st.tuples(st.sampled_from(["take", "stage", "back", "leave"]), st.integers(1, 4)), max_size=30)
)
def test_a_shelf_loses_and_makes_nothing(steps: list[tuple[str, int]]) -> None:
    shelf, staged, left = Shelf(Random(1)), [], 0
    for number in range(10):
        shelf.put(Unit("a", bytes([number])))
    for step, quantity in steps:
        if step == "take":
            left += len(shelf.take("a", quantity))
        elif step == "stage":
            staged += shelf.stage("a", quantity)
        else:
            moved, staged = staged[:quantity], staged[quantity:]
            shelf.unstage(moved, back=step == "back")
            left += len(moved) * (step == "leave")
        assert shelf.count("a") == 10 - left == len(shelf.zones)


_S = OrderLine


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ([_S.STATE_ACCEPTED, _S.STATE_COLLECTED], "accepted"),
        ([_S.STATE_PICKING, _S.STATE_ASSIGNED], "assigned"),
        ([_S.STATE_COLLECTED, _S.STATE_COLLECTED], "collected"),
        ([_S.STATE_COLLECTED, _S.STATE_CANCELLED], "collected in part"),
        ([_S.STATE_CANCELLED, _S.STATE_SHIPPED], "shipped in part"),
        ([_S.STATE_EXPIRED], "expired"),
        ([_S.STATE_EXPIRED, _S.STATE_CANCELLED], "cancelled"),
    ],
)
def test_an_order_is_where_its_last_line_is(lines: list[Any], state: str) -> None:
    assert state_of(lines) == state


def test_orders_have_ended_when_each_has() -> None:
    assert all_ended({"W-1": "shipped in part", "W-2": "cancelled"})
    assert not all_ended({"W-1": "shipped", "W-2": "parked"})


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_quantile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert quantile([float(each) for each in range(100, 0, -1)], share) == value


def test_a_call_that_fails_is_measured_too() -> None:
    meter = Meter()
    with pytest.raises(ValueError, match="no"), meter.measure("call"):
        raise ValueError("no")
    assert [(each.call, each.count) for each in meter.latencies()] == [("call", 1)]


def test_the_clock_goes_on_past_midnight() -> None:
    assert clock_text(9 * 3600 + 5 * 60 + 59) == "09:05"
    assert clock_text(25 * 3600) == "25:00"


def test_a_wrong_code_is_another_code() -> None:
    assert mistyped("12345679") == "12345670"


def mail(subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = "<1@shop.example>"
    message["Subject"] = subject
    message["From"], message["To"] = "orders@shop.example", "household-7@customers.example"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    return message


READY = mail("Your order W-4711 is ready to collect", "Your collection code: 00123456\n\nOrder W-4711")


def test_a_customer_finds_order_and_code_in_the_mail() -> None:
    found = read(READY.as_bytes(), "a@b.example")
    assert (found.order_id, found.code) == ("W-4711", "00123456")
    assert read(mail("You have collected your order W-4711", "Thanks").as_bytes(), "a@b.example").code == ""


async def test_a_mail_sent_twice_is_one_mail_and_two_deliveries() -> None:
    tally = Tally()
    box = Mailbox(tally)

    def send(port: int) -> None:
        with smtplib.SMTP(HOST, port, timeout=10) as smtp:
            smtp.send_message(READY)
            smtp.send_message(READY)

    async with box.serving() as port:
        await asyncio.to_thread(send, port)
        arrived = await asyncio.wait_for(box.of_order("W-4711").get(), 10)
    assert arrived.recipient == "household-7@customers.example"
    assert (len(box.mails), box.deliveries, tally.mails) == (1, 2, 1)


def test_movements_add_up_by_cell() -> None:
    pb = ledger_pb2

    def movement(giver: int, getter: int, quantity: int, reason: int) -> ledger_pb2.Movement:
        return pb.Movement(
            location_id="S1", item_id="1", from_bucket=cast("Any", giver), to_bucket=cast("Any", getter),
            quantity=quantity, reason=cast("Any", reason),
        )  # fmt: skip

    found = flows_of(
        [
            movement(pb.BUCKET_SUPPLIER, pb.BUCKET_SELLABLE, 10, pb.MOVEMENT_REASON_RECEIVED),
            movement(pb.BUCKET_SELLABLE, pb.BUCKET_CUSTOMER, 3, pb.MOVEMENT_REASON_SOLD),
            movement(pb.BUCKET_SELLABLE, pb.BUCKET_MISSING, 1, pb.MOVEMENT_REASON_NOT_FOUND),
            movement(pb.BUCKET_SELLABLE, pb.BUCKET_CUSTOMER, 2, pb.MOVEMENT_REASON_SHIPPED),
        ]
    )
    assert found == {("S1", "1"): Flows(on_hand=5, came=10, sold=3, handed_over=2)}


async def test_a_line_that_stock_does_not_know_is_taken_out_and_the_rest_sold() -> None:
    """No till line of the default day is of an unknown product; other days have some."""
    sold: list[ledger_pb2.RecordSaleRequest] = []

    async def record_sale(request: ledger_pb2.RecordSaleRequest) -> ledger_pb2.RecordSaleResponse:
        sold.append(request)
        if any(line.product.gtin == "0614141000074" for line in request.lines):
            raise UnknownItem("00614141000074")
        return ledger_pb2.RecordSaleResponse(revision=1)

    soap = Item("1", "0614141000012", "Soap", "", "", "GROCERY", tagged=False)
    built = World({}, {"1": soap}, {1: soap.gtin, 7: "0614141000074"}, {})
    shelf, tally = Shelf(Random(1)), Tally()
    for _ in range(3):
        shelf.put(Unit("1"))
    stock = cast("AsyncStock", SimpleNamespace(ledger=SimpleNamespace(RecordSale=record_sale)))
    gateway = ExitGateway(stock, clock=SystemClock(), random=Random(1), tally=tally, meter=Meter())
    till = Till("S1", stock, built, shelf, gateway, clock=SystemClock(), random=Random(1), tally=tally)
    await till.sell(Basket(5, 1, 1, 0, (TillLine(1, 4), TillLine(7, 1))))
    assert [len(request.lines) for request in sold] == [2, 1]
    assert sold[0].request_id != sold[1].request_id
    assert tally.counts["units sold"] == 3
    assert tally.counts["units wanted and not on the shelf"] == 1
    assert tally.counts["lines refused: not on the chain's list"] == 1
    assert tally.failures == []
    assert shelf.count("1") == 0
