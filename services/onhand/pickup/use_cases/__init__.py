"""One method an intention, one transaction each."""

from onhand.pickup.use_cases.assignments import Assignments
from onhand.pickup.use_cases.changes import Ask, Call
from onhand.pickup.use_cases.collection import Collecting, Collection, Outcome
from onhand.pickup.use_cases.deps import Deps
from onhand.pickup.use_cases.guard import TagGuard
from onhand.pickup.use_cases.keys import Keys
from onhand.pickup.use_cases.picking import Picking
from onhand.pickup.use_cases.slots import Slots
from onhand.pickup.use_cases.stores import Stores
from onhand.pickup.use_cases.sweeps import Sweeps
from onhand.pickup.use_cases.tasks import Tasks

__all__ = [
    "Ask",
    "Assignments",
    "Call",
    "Collecting",
    "Collection",
    "Deps",
    "Keys",
    "Outcome",
    "Picking",
    "Slots",
    "Stores",
    "Sweeps",
    "TagGuard",
    "Tasks",
]
