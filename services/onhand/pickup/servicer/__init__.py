"""Pickup's contract ⇄ its use cases."""

from google.protobuf.descriptor import ServiceDescriptor

from onhand.api.pickup.v1 import customers_pb2, picking_pb2, slots_pb2, stores_pb2, tasks_pb2, tills_pb2
from onhand.pickup.servicer.collection import CollectionServicer, CustomerServicer, TillServicer
from onhand.pickup.servicer.picking import PickingServicer
from onhand.pickup.servicer.slots import SlotServicer
from onhand.pickup.servicer.stores import StoreServicer
from onhand.pickup.servicer.tasks import TaskServicer
from onhand.pickup.use_cases import Collection, Deps, Keys, Picking, Slots, Stores, Tasks

__all__ = ["services"]


def services(deps: Deps) -> list[tuple[ServiceDescriptor, object]]:
    """Return each service of the contract and what serves it."""
    tasks, collection = Tasks(deps), Collection(deps)
    return [
        (module.DESCRIPTOR.services_by_name[name], servicer)
        for module, name, servicer in (
            (tasks_pb2, "TaskService", TaskServicer(tasks)),
            (picking_pb2, "PickingService", PickingServicer(tasks, Picking(deps), deps.clock)),
            (tasks_pb2, "CollectionService", CollectionServicer(tasks, collection)),
            (customers_pb2, "CustomerService", CustomerServicer(tasks, collection)),
            (tills_pb2, "TillService", TillServicer(tasks, collection, Keys(deps))),
            (slots_pb2, "SlotService", SlotServicer(Slots(deps), deps.clock)),
            (stores_pb2, "StoreService", StoreServicer(Stores(deps), deps.clock)),
        )
    ]
