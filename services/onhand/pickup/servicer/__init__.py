"""Pickup's contract ⇄ its use cases."""

from onhand.pickup.servicer.collection import CollectionServicer
from onhand.pickup.servicer.slots import SlotServicer
from onhand.pickup.servicer.tasks import TaskServicer

__all__ = ["CollectionServicer", "SlotServicer", "TaskServicer"]
