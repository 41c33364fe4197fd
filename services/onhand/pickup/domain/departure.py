"""What stock is to be told because of a change of a task.

Routing owns the task's reservation: it gives back what was never picked. Pickup tells of what left, of what
was refused at the counter, of what a substitute took the place of, and owns the reservations of substitutes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from onhand.pickup.domain import facts
from onhand.pickup.domain.task import Kind, RejectReason, State, SubstitutionState, Task, TaskLine
from onhand.pickup.domain.transitions import Change

MAX_EPCS = 1_000
"""Tags that one line may name in stock's contract."""
FULFIL = "fulfil"
"""The name of the first departure of a task's goods."""
_GIVEN_BACK = {State.REJECTED, State.CANCELLED, State.EXPIRED}


class EffectKind(IntEnum):
    FULFIL = 1
    """Goods left: collected or shipped."""
    RELEASE = 2
    """Goods of a reservation will not leave."""
    HOLD = 3
    """A substitute is to be held until its customer has decided."""
    COMMIT = 4
    """The customer takes the substitute."""
    RETURN = 5
    """Goods came back."""


class Bucket(IntEnum):
    """Where units go that do not leave, or come back. Numbered as in stock's contract, and as conditions."""

    SELLABLE = 1
    DAMAGED = 2
    QUALITY_CONTROL = 3
    MISSING = 5


@dataclass(frozen=True, slots=True)
class Goods:
    item_id: str
    quantity: int
    epcs: tuple[str, ...] = ()
    """The tags among the units."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing that stock is to be told, once."""

    name: str
    """Unique among those of a task; the same change gives the same name."""
    kind: EffectKind
    location_id: str
    reservation_id: str
    """Empty: none."""
    goods: tuple[Goods, ...]
    document: str
    """The order, for people who read stock's books."""
    bucket: Bucket = Bucket.SELLABLE
    shipped: bool = False


def owed(before: Task, change: Change) -> list[Owed]:
    """Return what stock is to be told of a change, in the order in which it must hear of it."""
    return [
        *_held(before, change.task),
        *_left(before, change.task),
        *_refused(change),
        *_replaced(before, change.task),
        *_released(before, change.task),
        *_returned(change),
    ]


def whole_departure(task: Task) -> Owed:
    """Return what stock is told of a task whose picked units have all left at once."""
    given = task.assignment
    units = [(line.item_id, line.picked, line.epcs) for line in task.lines]
    return Owed(
        FULFIL,
        EffectKind.FULFIL,
        given.location_id,
        given.reservation_id,
        goods_of(units),
        given.order_id,
        shipped=given.kind is Kind.SHIP,
    )


def goods_of(lines: Iterable[tuple[str, int, Sequence[str]]]) -> tuple[Goods, ...]:
    """Add units up by item, as a reservation does, in the order of the items' ids.

    The same units give the same answer each time: stock recognises a repeat by its content.
    """
    quantities: dict[str, int] = defaultdict(int)
    tags: dict[str, list[str]] = defaultdict(list)
    for item_id, quantity, epcs in lines:
        quantities[item_id] += quantity
        tags[item_id] += epcs
    goods = []
    for item_id, quantity in sorted(quantities.items()):
        epcs, untagged = sorted(tags[item_id]), quantity - len(tags[item_id])
        parts = [tuple(epcs[start : start + MAX_EPCS]) for start in range(0, len(epcs), MAX_EPCS)]
        goods += [Goods(item_id, len(part), part) for part in parts[:-1]]
        last = parts[-1] if parts else ()
        if untagged + len(last):
            goods.append(Goods(item_id, untagged + len(last), last))
    return tuple(goods)


def _pairs(before: Task, after: Task) -> Iterator[tuple[TaskLine, TaskLine]]:
    was = {line.line_id: line for line in before.lines}
    for line in after.lines:
        yield was.get(line.line_id, TaskLine(line.line_id, line.item_id, line.quantity)), line


def _reservation(task: Task, line: TaskLine) -> str:
    return line.reservation_id or task.assignment.reservation_id


def _left(before: Task, after: Task) -> Iterator[Owed]:
    units: dict[str, list[tuple[str, int, Sequence[str]]]] = defaultdict(list)
    for was, line in _pairs(before, after):
        if line.handed_over > was.handed_over:
            tags = [epc for epc in line.given_epcs if epc not in was.given_epcs]
            given = (line.item_id, line.handed_over - was.handed_over, tags)
            units[_reservation(after, line)].append(given)
    first = not any(line.handed_over for line in before.lines)
    for reservation_id, lines in sorted(units.items()):
        own = reservation_id == after.assignment.reservation_id
        name = FULFIL if first and own else f"fulfil:{after.version}:{reservation_id}"
        shipped = after.assignment.kind is Kind.SHIP
        location_id = after.assignment.location_id
        yield Owed(
            name,
            EffectKind.FULFIL,
            location_id,
            reservation_id,
            goods_of(lines),
            after.assignment.order_id,
            shipped=shipped,
        )


def _refused(change: Change) -> Iterator[Owed]:
    task = change.task
    for fact in change.facts:
        if isinstance(fact, facts.LineRefused):
            line = next(each for each in task.lines if each.line_id == fact.line_id)
            yield Owed(
                f"refuse:{task.version}:{fact.line_id}",
                EffectKind.RELEASE,
                task.assignment.location_id,
                _reservation(task, line),
                (Goods(line.item_id, fact.quantity),),
                task.assignment.order_id,
                Bucket(fact.condition),
            )


_LOST = {
    RejectReason.NOT_FOUND: Bucket.MISSING,
    RejectReason.MISMATCH: Bucket.MISSING,
    RejectReason.DAMAGED: Bucket.DAMAGED,
}
"""Where stock is to look for units that a store does not have; for other reasons they are fit for sale."""


def _replaced(before: Task, after: Task) -> Iterator[Owed]:
    """Give back what a substitute took the place of, once the customer has taken or refused it."""
    for was, line in _pairs(before, after):
        units = line.handed_over + line.refused - was.handed_over - was.refused
        if not line.reservation_id or not units:
            continue
        offer = next(each for each in after.substitutions if each.substitute_line_id == line.line_id)
        root = next(each for each in after.lines if each.line_id == offer.line_id)
        given = after.assignment
        yield Owed(
            f"replace:{after.version}:{line.line_id}",
            EffectKind.RELEASE,
            given.location_id,
            given.reservation_id,
            (Goods(root.item_id, units),),
            given.order_id,
            _LOST.get(offer.reason, Bucket.SELLABLE),
        )


def _released(before: Task, after: Task) -> Iterator[Owed]:
    """Give back substitutes that are not wanted, or not to be had."""
    for was, line in _pairs(before, after):
        units = _not_leaving(line, after) - _not_leaving(was, before)
        if line.reservation_id and units > 0:
            yield Owed(
                f"release:{after.version}:{line.line_id}",
                EffectKind.RELEASE,
                after.assignment.location_id,
                line.reservation_id,
                (Goods(line.item_id, units),),
                after.assignment.order_id,
            )
    states = {each.substitution_id: each.state for each in before.substitutions}
    for offer in after.substitutions:
        if offer.state in _NO and states.get(offer.substitution_id) not in _NO:
            yield Owed(
                f"release:{offer.substitution_id}",
                EffectKind.RELEASE,
                after.assignment.location_id,
                offer.substitution_id,
                (),
                after.assignment.order_id,
            )


_NO = {SubstitutionState.DECLINED, SubstitutionState.LAPSED, SubstitutionState.FAILED}


def _not_leaving(line: TaskLine, task: Task) -> int:
    gone = line.short + line.cancelled
    return gone + line.left + line.waiting if task.state in _GIVEN_BACK else gone


def _held(before: Task, after: Task) -> Iterator[Owed]:
    states = {each.substitution_id: each.state for each in before.substitutions}
    for offer in after.substitutions:
        was = states.get(offer.substitution_id)
        if was is offer.state:
            continue
        goods = (Goods(offer.item_id, offer.quantity),)
        given = after.assignment
        where = given.location_id, offer.substitution_id, goods, given.order_id
        if offer.state is SubstitutionState.PROPOSED:
            yield Owed(f"hold:{offer.substitution_id}", EffectKind.HOLD, *where)
        elif offer.state is SubstitutionState.ACCEPTED:
            yield Owed(f"commit:{offer.substitution_id}", EffectKind.COMMIT, *where)


def _returned(change: Change) -> Iterator[Owed]:
    task = change.task
    for fact in change.facts:
        if isinstance(fact, facts.Returned):
            line = next(each for each in task.lines if each.line_id == fact.line_id)
            goods = (Goods(line.item_id, fact.quantity, fact.epcs),)
            name = f"return:{task.version}:{fact.line_id}"
            order_id = task.assignment.order_id
            yield Owed(name, EffectKind.RETURN, fact.location_id, "", goods, order_id, Bucket(fact.condition))
