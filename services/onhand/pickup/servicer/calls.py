"""Who calls, and for which location."""

from typing import Any, TypeVar

from google.protobuf.message import Message

from onhand.kit import auth
from onhand.pickup.use_cases import Ask, Call, Tasks

R = TypeVar("R", bound=Message)


async def call_on(tasks: Tasks, request: Any, response_type: type[R]) -> Call[R]:
    """Check that the caller speaks for the task's location; raises NotFound, WrongLocation."""
    task = await tasks.get_task(request.task_id)
    principal = auth.current()
    principal.require_location(task.assignment.location_id)
    return Call(principal.subject, task, request, response_type)


def ask_at(location_id: str, request: Any, response_type: type[R]) -> Ask[R]:
    """Check that the caller speaks for a location; raises WrongLocation."""
    principal = auth.current()
    principal.require_location(location_id)
    return Ask(principal.subject, request, response_type)
