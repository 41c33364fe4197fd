"""`onhand explain`: why a number is what it is."""

from pathlib import Path
from typing import Annotated

import typer

from onhand.api.stock.v1 import explanations_pb2 as pb
from onhand.api.stock.v1 import ledger_pb2
from onhand.cli.connect import door
from onhand.cli.runtime import DEFAULT_DATA_DIR
from onhand.client import Stock
from onhand.kit.errors import OnhandError


def explain(
    item: Annotated[str, typer.Argument(help="The item's id.")],
    location: Annotated[str, typer.Argument(help="The location's id.")],
    channel: Annotated[str, typer.Option(help="For whom: its policies decide.")] = "",
    sources: Annotated[
        int, typer.Option(min=0, max=1_000, help="Reservations and movements to name, latest first.")
    ] = 20,
    target: Annotated[str, typer.Option(help="host:port of stock, with a token in ONHAND_TOKEN.")] = "",
    data_dir: Annotated[
        Path, typer.Option(help="The folder of a running `onhand up`, where --target is not given.")
    ] = DEFAULT_DATA_DIR,
) -> None:
    """Print what is available of an item at a location term by term, and what stands behind it."""
    found = door("stock", target, data_dir)
    request = pb.ExplainAvailabilityRequest(
        item_id=item, location_id=location, channel=channel, page_size=max(1, sources)
    )
    try:
        with Stock(found.target, found.token) as stock:
            answer = stock.explanations.ExplainAvailability(request)
    except OnhandError as error:
        print(error)
        raise typer.Exit(1) from None
    for term in answer.terms:
        if term.quantity or term.kind == pb.AvailabilityTerm.KIND_ON_HAND:
            print(f"{term.quantity:>+9,}  {_name(term)}")
    print(
        f"{answer.availability.available:>9,}  available, with confidence {answer.availability.confidence:.2f}"
    )
    if sources:
        print()
        for source in answer.sources:
            print(_line(source))
        if answer.next_page_token:
            print(f"… and more: --sources is {sources}")


def _name(term: pb.AvailabilityTerm | pb.TermEffect) -> str:
    if term.kind == pb.AvailabilityTerm.KIND_UNAVAILABLE:
        return _words(ledger_pb2.Bucket.Name(term.bucket), "BUCKET_")
    return _words(pb.AvailabilityTerm.Kind.Name(term.kind), "KIND_")


def _line(source: pb.AvailabilitySource) -> str:
    effects = ", ".join(f"{_name(each)} {each.quantity:+,}" for each in source.effects) or "no effect"
    match source.WhichOneof("source"):
        case "movement":
            moved = source.movement
            reason = _words(ledger_pb2.MovementReason.Name(moved.reason), "MOVEMENT_REASON_")
            what = f"{moved.occur_time.ToJsonString()}  {reason} by {moved.actor}, {moved.document or 'no paper'}"
        case "reservation":
            held = source.reservation
            until = f" until {held.expire_time.ToJsonString()}" if held.HasField("expire_time") else ""
            what = (
                f"{held.create_time.ToJsonString()}  reservation {held.reservation_id} {held.order_id}{until}"
            )
        case "policy":
            what = f"policy {source.policy.policy}"
        case _:
            counted = source.count
            what = (
                f"{counted.end_time.ToJsonString()}  count {counted.count_id} by {counted.actor}: "
                f"{counted.missing_quantity} missing, {counted.found_quantity} found"
            )
    return f"{what}: {effects}"


def _words(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", " ")
