"""How any change of a task is made: once per request, with its history, its events and its effects."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import idempotency
from onhand.kit.errors import WrongProduct
from onhand.pickup import events
from onhand.pickup.domain.codes import CODE_DIGITS, Code
from onhand.pickup.domain.departure import owed
from onhand.pickup.domain.task import State, Task
from onhand.pickup.domain.transitions import At, Change
from onhand.pickup.measures import measure
from onhand.pickup.storage import codes, effects, slots, stores, tasks
from onhand.pickup.use_cases.deps import Deps
from onhand.pickup.use_cases.rules import rules_of

R = TypeVar("R", bound=Message)

SERVICE = "pickup"
"""The actor of what nobody asked for."""
ROUTING = "routing"
"""The actor of what came as routing's events."""
STOCK = "stock"
"""The actor of what came as stock's events."""
FREES_SLOT = frozenset({State.COLLECTED, State.REFUSED, State.EXPIRED, State.CANCELLED})
"""Ends after which the customer does not come. A rejected task's order may yet be filled here."""


@dataclass(frozen=True, slots=True)
class Ask(Generic[R]):
    """Who asks for a change, and the request as its repeats are recognised by."""

    actor: str
    request: Message
    response_type: type[R]

    @property
    def request_id(self) -> str:
        """The request's id as we write ids."""
        return str(UUID(self.request.request_id))  # type: ignore[attr-defined]


async def once(deps: Deps, ask: Ask[R], effect: Callable[[AsyncConnection], Awaitable[R]]) -> R:
    """Have an effect once per request, in a transaction of its own."""
    return await deps.database.transaction(
        lambda connection: idempotency.once(
            connection, ask.actor, ask.request, ask.response_type, lambda: effect(connection)
        )
    )


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """Who asks for a change of which task, and the request as its repeats are recognised by."""

    actor: str
    task: Task
    """As it was when the caller's right to it was checked. Only what never changes is used of it."""
    request: Message
    response_type: type[R]

    def answer(self, task: Task) -> R:
        return self.response_type(task=events.task_message(task))


async def change(
    deps: Deps,
    call: Call[R],
    decide: Callable[[Task, At], Change],
    also: Callable[[AsyncConnection], Awaitable[None]] | None = None,
) -> R:
    """Change a task once per request, with what else goes into the same transaction."""

    async def work(connection: AsyncConnection) -> R:
        task = await tasks.lock(connection, call.task.task_id)

        async def effect() -> R:
            decided = decide(task, await at(deps, connection, task.assignment.location_id))
            await save(deps, connection, task, decided, call.actor)
            if also is not None:
                await also(connection)
            return call.answer(decided.task)

        return await idempotency.once(connection, call.actor, call.request, call.response_type, effect)

    answer = await deps.database.transaction(work)
    deps.watchers.notify([call.task.assignment.location_id])
    deps.effect_added.set()
    return answer


def new_code(deps: Deps, task_id: str) -> tuple[str, Callable[[AsyncConnection], Awaitable[None]]]:
    """Make a collection code; return it, and what keeps it in place of the task's earlier one."""
    code, salt = deps.clock.digits(CODE_DIGITS), deps.clock.uuid().bytes

    async def put(connection: AsyncConnection) -> None:
        await codes.put(connection, task_id, Code.of(code, salt))

    return code, put


async def at(deps: Deps, connection: AsyncConnection, location_id: str) -> At:
    """Return the present and the rules of a store."""
    return At(deps.clock.now(), rules_of(await stores.get(connection, location_id), deps.settings))


async def save(deps: Deps, connection: AsyncConnection, before: Task, decided: Change, actor: str) -> None:
    """Write what became of a locked task, with what stock is owed for it and the end of its slot."""
    if not decided.facts:
        return
    after = decided.task
    taken = await tasks.save(connection, before, decided, actor, deps.clock)
    if taken:
        raise WrongProduct(f"{taken[0]} (picked for another task)", "a tag that is free", "HELD_FOR_ANOTHER")
    await effects.add(connection, after, owed(before, decided), deps.clock.now())
    if after.state in FREES_SLOT and before.state not in FREES_SLOT:
        given = after.assignment
        await slots.end_of_order(connection, given.order_id, given.location_id)
    measure(before, decided)
