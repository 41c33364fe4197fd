"""Anything may stop at any time; when it is back the work goes on, and the books are true."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from tests.acceptance.errand import Errand, again, request_id
from tests.stack import Mailbox, Stack, eventually

from onhand.api.routing.v1 import orders_pb2 as op
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.cli.audit import run as audit
from onhand.client import Settings, Stock
from onhand.kit import errors

Line = op.OrderLine
CHILDREN = ("stock", "routing", "pickup", "notifications", "postgres", "nats")
STORE = "rotterdam"


def pick(errand: Errand, _: str) -> None:
    task = errand.task(STORE)
    errand.accept(task)
    errand.pick(task)


STEPS: tuple[Callable[[Errand, str], object], ...] = (
    lambda errand, item_id: errand.submit(item_id, store=STORE),
    lambda errand, _: errand.reached(Line.STATE_ASSIGNED),
    pick,
    lambda errand, _: errand.stage(errand.task(STORE)),
    lambda errand, _: errand.hand_over(errand.task(STORE), errand.code()),
)


@pytest.mark.parametrize("victim", CHILDREN)
def test_an_order_ends_right_although_something_is_killed_in_its_middle(
    stack: Stack, mailbox: Mailbox, new_item: Callable[..., str], victim: str
) -> None:
    """Five orders at once, each with the kill after another of its steps."""
    item_id = new_item(rotterdam=len(STEPS))
    errands = [Errand(stack, mailbox) for _ in STEPS]
    for done, errand in enumerate(errands):
        for step in STEPS[:done]:
            step(errand, item_id)
    stack.kill(victim)
    for done, errand in enumerate(errands):
        for step in STEPS[done:]:
            step(errand, item_id)
    for errand in errands:
        errand.reached(Line.STATE_COLLECTED)
        # Told once that it is ready and once that it was collected, whoever was killed.
        eventually(lambda errand=errand: len(mailbox.to(errand.email)) >= 2, 90)  # type: ignore[misc]
        identities = [str(mail["Message-ID"]) for mail in mailbox.to(errand.email)]
        assert len(set(identities)) == 2
        errand.close()
    eventually(lambda: asyncio.run(audit(stack.runtime.database_urls)).findings == [], 60)


def test_callers_are_told_to_try_again_while_the_database_is_gone(
    stack: Stack, new_item: Callable[..., str]
) -> None:
    item_id = new_item(amsterdam=1)
    request = led.RecordReceiptRequest(
        request_id=str(uuid4()),
        location_id="amsterdam",
        lines=[led.DocumentLine(product=led.Product(item_id=item_id), quantity=1)],
    )
    hasty = Settings(timeout_s=20, max_attempts=1)
    with Stock(stack.address("stock"), stack.token(), hasty) as stock:
        stack.kill("postgres")
        told = []
        while not told or told[-1] is not None:
            try:
                stock.ledger.RecordReceipt(request)
                told.append(None)
            except errors.DatabaseUnavailable as error:
                told.append(error)
        assert all(error.retry_after_s == 1.0 for error in told if error is not None)
        request.request_id = request_id()
        again(lambda: stock.ledger.RecordReceipt(request))
    assert asyncio.run(audit(stack.runtime.database_urls)).findings == []
