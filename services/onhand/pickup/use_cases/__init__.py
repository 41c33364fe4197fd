"""One method an intention, one transaction each."""

from onhand.pickup.use_cases.assignments import Assignments
from onhand.pickup.use_cases.changes import Ask, Call
from onhand.pickup.use_cases.collection import Collection
from onhand.pickup.use_cases.deps import Deps
from onhand.pickup.use_cases.slots import Slots
from onhand.pickup.use_cases.sweeps import Sweeps
from onhand.pickup.use_cases.tasks import Tasks

__all__ = ["Ask", "Assignments", "Call", "Collection", "Deps", "Slots", "Sweeps", "Tasks"]
