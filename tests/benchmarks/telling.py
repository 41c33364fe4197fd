"""Events of orders, and who is told what of them by the plainest means: a model written apart from the service.

The model reads the events as a person would, in the order of their streams, and keeps no state but what it has read.
It knows the product's own journeys for one mail each; nothing of it is taken from the service.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from random import Random
from uuid import UUID

from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.routing.v1.events_pb2 import RoutingEvent

PER_PERSON = 5
"""Events of one person."""
_NOON = 1_780_660_800
"""2026-06-05 12:00 UTC."""
_SUBJECTS = {
    "task_ready": "Your order {} is ready to collect",
    "task_collected": "You have collected your order {}",
    "task_expired": "Your order {} is no longer waiting",
    "task_shipped": "Your order {} is on its way",
}


@dataclass(frozen=True)
class Day:
    """What happened, stream by stream, each in its order."""

    accepted: list[RoutingEvent]
    changed: list[RoutingEvent]
    tasks: list[PickupEvent]

    @property
    def events(self) -> int:
        return len(self.accepted) + len(self.changed) + len(self.tasks)


def day(people: int, seed: int) -> Day:
    """Return five events of each person: two orders, and what became of them.

    Some people gave no address; some events come twice; some tell of a promise that moved earlier; some of a task
    come after a later one of it.
    """
    random = Random(seed)
    accepted: list[RoutingEvent] = []
    changed: list[RoutingEvent] = []
    tasks: list[PickupEvent] = []
    for person in range(people):
        email = "" if random.random() < 0.05 else f"person{person}@shop.example"
        orders = [f"WEB-{person}-{number}" for number in range(2)]
        accepted += [_accepted(random, order_id, person, email) for order_id in orders]
        kind = random.choice(("task_collected", "task_expired"))
        tasks.append(_task(random, kind, orders[0], version=6))
        if random.random() < 0.5:
            # What is heard late: that it was ready, or is on its way though it was collected before.
            tasks.append(_task(random, "task_ready", orders[0], version=5))
        else:
            changed.append(_delayed(random, orders[1], later=random.random() < 0.7))
        tasks.append(_task(random, "task_ready", orders[1], version=4))
        if random.random() < 0.02:
            tasks.append(tasks[-1])
    return Day(accepted, changed, tasks)


def expected(happened: Day, refused: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return the address and subject of every mail that is to be sent; to `refused` addresses none is."""
    addresses = {
        event.order_accepted.order.order_id: event.order_accepted.order.customer.email
        for event in happened.accepted
    }
    mails = []
    for order_id, subject in (*_of_routing(happened.changed), *_of_tasks(happened.tasks)):
        if addresses[order_id] and addresses[order_id] not in refused:
            mails.append((addresses[order_id], subject))
    return sorted(mails)


def _of_routing(events: Iterable[RoutingEvent]) -> list[tuple[str, str]]:
    said = []
    for event in events:
        delayed = event.order_delayed
        if delayed.promise_time.seconds > delayed.promise_time_before.seconds:
            said.append((delayed.order_id, f"Your order {delayed.order_id} takes a little longer"))
    return said


def _of_tasks(events: Iterable[PickupEvent]) -> list[tuple[str, str]]:
    said, seen, latest = [], set[str](), dict[str, int]()
    for event in events:
        if event.event_id in seen:
            continue
        seen.add(event.event_id)
        task = event.task
        if task.version < latest.get(task.task_id, 0):
            continue
        latest[task.task_id] = task.version
        said.append((task.order_id, _SUBJECTS[event.WhichOneof("payload") or ""].format(task.order_id)))
    return said


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _accepted(random: Random, order_id: str, person: int, email: str) -> RoutingEvent:
    event = RoutingEvent(event_id=_uuid(random))
    order = event.order_accepted.order
    order.order_id = order_id
    order.customer.customer_id, order.customer.email = f"person-{person}", email
    order.customer.display_name = f"Person {person}"
    for number in range(random.randint(1, 3)):
        order.lines.add(line_id=str(number), item_id=f"SKU-{random.randrange(1_000)}", quantity=1)
    return event


def _delayed(random: Random, order_id: str, *, later: bool) -> RoutingEvent:
    event = RoutingEvent(event_id=_uuid(random))
    event.record_time.FromSeconds(_NOON)
    event.order_delayed.order_id = order_id
    event.order_delayed.promise_time_before.FromSeconds(_NOON)
    event.order_delayed.promise_time.FromSeconds(_NOON + (86_400 if later else -86_400))
    return event


def _task(random: Random, payload: str, order_id: str, version: int) -> PickupEvent:
    event = PickupEvent(event_id=_uuid(random))
    event.record_time.FromSeconds(_NOON)
    # One task an order, named after it.
    event.task.task_id = str(UUID(int=Random(order_id).getrandbits(128), version=4))
    event.task.order_id, event.task.location_id, event.task.version = order_id, "store-7", version
    event.task.lines.add(line_id="0", item_id="SKU-1", quantity=1)
    getattr(event, payload).SetInParent()
    if payload == "task_ready":
        event.task_ready.code = f"{random.randrange(10**6):06d}"
        # Far off, whenever this is run.
        event.task_ready.collect_deadline.FromSeconds(_NOON + 10 * 365 * 86_400)
    return event
