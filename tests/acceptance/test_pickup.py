"""Goods of an order that leave by the till, a hand-over in parts, a return elsewhere: on the real books."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from tests.acceptance.errand import Errand, again, request_id
from tests.acceptance.test_main_job import gtin_and_epcs, post_reads
from tests.stack import Mailbox, Stack, eventually

from onhand.api.pickup.v1 import customers_pb2 as cp
from onhand.api.pickup.v1 import picking_pb2 as pp
from onhand.api.pickup.v1 import tasks_pb2 as tp
from onhand.api.pickup.v1 import tills_pb2
from onhand.api.routing.v1 import orders_pb2 as op
from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import ledger_pb2 as lp
from onhand.cli.audit import run as audit


@pytest.fixture
def errand(stack: Stack, mailbox: Mailbox) -> Iterator[Errand]:
    made = Errand(stack, mailbox)
    yield made
    made.close()


def books(errand: Errand, item_id: str, store: str) -> tuple[int, int, int]:
    """Return what is on hand, committed and available."""
    request = av.GetAvailabilityRequest(
        item_ids=[item_id], location_ids=[store], consistency=av.Consistency(fully_consistent=True)
    )
    cell = errand.stock.availability.GetAvailability(request).lines[0].availability
    return cell.on_hand, cell.committed, cell.available


def test_what_leaves_by_the_till_is_picked_again_and_what_is_refused_or_returned_is_for_sale(
    errand: Errand, new_item: Callable[..., str], stack: Stack
) -> None:
    gtin, epcs = gtin_and_epcs(4)
    item_id = new_item(gtin=gtin)
    post_reads(stack, "utrecht", 1, epcs * 3)
    errand.submit(item_id, store="utrecht", quantity=3)
    errand.reached(op.OrderLine.STATE_ASSIGNED)
    task = errand.task("utrecht")
    errand.accept(task)
    errand.pick(task, epcs[:3])
    errand.stage(task)

    sold = lp.DocumentLine(product=lp.Product(epc=epcs[2]), quantity=1)
    errand.stock.ledger.RecordSale(
        lp.RecordSaleRequest(request_id=request_id(), location_id="utrecht", lines=[sold])
    )

    def reopened() -> tp.Task | None:
        found = again(lambda: errand.pickup.tasks.GetTask(tp.GetTaskRequest(task_id=task.task_id))).task
        return found if found.state == tp.Task.STATE_PICKING else None

    alert = eventually(reopened).alerts[0]
    assert (alert.kind, alert.epc) == (tp.TaskAlert.KIND_TAG_LEFT, epcs[2])
    request = tp.PickLineRequest(
        request_id=request_id(), task_id=task.task_id, line_id="1", quantity=1, epcs=[epcs[3]]
    )
    errand.pickup.tasks.PickLine(request)
    errand.stage(task)

    shown = errand.pickup.customers.GetCollectionPass(cp.GetCollectionPassRequest(task_id=task.task_id))
    taken = tp.HandOverLine(
        line_id="1",
        given_quantity=2,
        given_epcs=epcs[:2],
        refused_quantity=1,
        refused_condition=tp.GOODS_CONDITION_SELLABLE,
    )
    done = errand.pickup.collection.HandOver(
        tp.HandOverRequest(
            request_id=request_id(),
            task_id=task.task_id,
            collection_pass=shown.collection_pass,
            lines=[taken],
        )
    ).task
    assert done.state == tp.Task.STATE_COLLECTED
    errand.reached(op.OrderLine.STATE_COLLECTED)
    eventually(lambda: books(errand, item_id, "utrecht") == (1, 0, 1))

    back = tills_pb2.ReturnedLine(
        line_id="1", quantity=1, epcs=[epcs[0]], condition=tp.GOODS_CONDITION_SELLABLE
    )
    errand.pickup.tills.ReturnGoods(
        tills_pb2.ReturnGoodsRequest(
            request_id=request_id(), task_id=task.task_id, location_id="rotterdam", lines=[back]
        )
    )
    eventually(lambda: books(errand, item_id, "rotterdam") == (1, 0, 1))


def test_a_substitute_is_kept_from_others_until_its_customer_has_decided(
    errand: Errand, new_item: Callable[..., str]
) -> None:
    wanted, other = new_item(amsterdam=2), new_item(amsterdam=3)
    errand.submit(wanted, store="amsterdam", quantity=2)
    task = errand.accept(errand.task("amsterdam"))
    errand.pickup.tasks.PickLine(
        tp.PickLineRequest(request_id=request_id(), task_id=task.task_id, line_id="1", quantity=1)
    )

    def offer(*, accepted: bool) -> tp.Task:
        name = request_id()
        errand.pickup.picking.ProposeSubstitution(
            pp.ProposeSubstitutionRequest(
                request_id=name,
                task_id=task.task_id,
                line_id="1",
                item_id=other,
                reason=tp.REJECT_REASON_NOT_FOUND,
            )
        )

        def offered() -> bool:
            found = errand.pickup.tasks.GetTask(tp.GetTaskRequest(task_id=task.task_id)).task
            return found.substitutions[-1].state == tp.Substitution.STATE_OFFERED

        eventually(offered)
        assert books(errand, other, "amsterdam")[2] == 2
        answer = cp.AnswerSubstitutionRequest(
            request_id=request_id(), task_id=task.task_id, substitution_id=name, accepted=accepted
        )
        return errand.pickup.customers.AnswerSubstitution(answer).task

    offer(accepted=False)
    eventually(lambda: books(errand, other, "amsterdam") == (3, 0, 3))
    substitute = offer(accepted=True).lines[1]
    eventually(lambda: books(errand, other, "amsterdam") == (3, 1, 2))
    picked = errand.pickup.tasks.PickLine(
        tp.PickLineRequest(
            request_id=request_id(), task_id=task.task_id, line_id=substitute.line_id, quantity=1
        )
    ).task
    errand.hand_over(errand.stage(picked), errand.code())
    eventually(lambda: books(errand, other, "amsterdam") == (2, 0, 2))


def test_after_all_of_this_the_books_are_true(stack: Stack) -> None:
    report = asyncio.run(audit(stack.runtime.database_urls))
    assert report.findings == []
