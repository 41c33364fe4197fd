"""What differs between two requests with one id, in words."""

from onhand.api.stock.v1.reservations_pb2 import CreateReservationRequest, ReservationLine
from onhand.kit.idempotency import difference


def request(**fields: object) -> CreateReservationRequest:
    return CreateReservationRequest(**{"channel": "web", "customer_id": "c1", **fields})


def test_equal_requests_differ_in_nothing() -> None:
    assert difference(request(), request()) == ""


def test_each_top_level_field_that_differs_is_named_once_in_order() -> None:
    first = request(lines=[ReservationLine(item_id="i1", quantity=1)])
    second = request(
        channel="pos",
        lines=[ReservationLine(item_id="i1", quantity=2), ReservationLine(item_id="i2", quantity=3)],
    )
    assert difference(first, second) == "channel,lines"


def test_a_field_that_only_one_has_differs() -> None:
    assert difference(request(), request(allow_partial=True)) == "allow_partial"
    assert difference(request(allow_partial=True), request()) == "allow_partial"
