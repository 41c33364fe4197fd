"""What a channel (web shop, POS) imports: one client a service, asynchronous or synchronous.

    from onhand.client import AsyncStock
    from onhand.api.stock.v1.availability_pb2 import GetAvailabilityRequest

    async with AsyncStock("stock.example:7101", token=...) as stock:
        answer = await stock.availability.GetAvailability(GetAvailabilityRequest(...))

A failed call raises a class of `onhand.kit.errors` with its fields; when no server of ours answered, it
raises `grpc.RpcError`.
"""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from onhand.api.events.v1 import dead_letters_pb2
from onhand.api.notifications.v1 import (
    alerts_pb2,
    contacts_pb2,
    journeys_pb2,
    measures_pb2,
    messages_pb2,
    templates_pb2,
)
from onhand.api.pickup.v1 import customers_pb2, picking_pb2, slots_pb2, stores_pb2, tasks_pb2, tills_pb2
from onhand.api.routing.v1 import network_pb2, orders_pb2, policies_pb2, quotes_pb2, reports_pb2
from onhand.api.stock.v1 import (
    availability_pb2,
    catalog_pb2,
    counts_pb2,
    epcis_pb2,
    explanations_pb2,
    ledger_pb2,
    offers_pb2,
    reads_pb2,
    reservations_pb2,
    shipments_pb2,
    stock_policies_pb2,
)
from onhand.client.channel import (
    Service,
    Settings,
    TokenSource,
    async_channel,
    sync_channel,
    token_source,
)

if TYPE_CHECKING:
    from onhand.api.events.v1 import dead_letters_pb2_grpc
    from onhand.api.notifications.v1 import (
        alerts_pb2_grpc,
        contacts_pb2_grpc,
        journeys_pb2_grpc,
        measures_pb2_grpc,
        messages_pb2_grpc,
        templates_pb2_grpc,
    )
    from onhand.api.pickup.v1 import (
        customers_pb2_grpc,
        picking_pb2_grpc,
        slots_pb2_grpc,
        stores_pb2_grpc,
        tasks_pb2_grpc,
        tills_pb2_grpc,
    )
    from onhand.api.routing.v1 import (
        network_pb2_grpc,
        orders_pb2_grpc,
        policies_pb2_grpc,
        quotes_pb2_grpc,
        reports_pb2_grpc,
    )
    from onhand.api.stock.v1 import (
        availability_pb2_grpc,
        catalog_pb2_grpc,
        counts_pb2_grpc,
        epcis_pb2_grpc,
        explanations_pb2_grpc,
        ledger_pb2_grpc,
        offers_pb2_grpc,
        reads_pb2_grpc,
        reservations_pb2_grpc,
        shipments_pb2_grpc,
        stock_policies_pb2_grpc,
    )

__all__ = [
    "AsyncNotifications",
    "AsyncPickup",
    "AsyncRouting",
    "AsyncStock",
    "Notifications",
    "Pickup",
    "Routing",
    "Settings",
    "Stock",
]

_DEFAULTS = Settings()
SERVICES: dict[str, dict[str, tuple[Any, str]]] = {
    "stock": {
        "catalog": (catalog_pb2, "CatalogService"),
        "reads": (reads_pb2, "ReadService"),
        "tags": (reads_pb2, "TagService"),
        "counts": (counts_pb2, "CountService"),
        "ledger": (ledger_pb2, "LedgerService"),
        "availability": (availability_pb2, "AvailabilityService"),
        "offers": (offers_pb2, "OfferService"),
        "explanations": (explanations_pb2, "ExplanationService"),
        "reservations": (reservations_pb2, "ReservationService"),
        "shipments": (shipments_pb2, "ShipmentService"),
        "epcis": (epcis_pb2, "EpcisService"),
        "policies": (stock_policies_pb2, "StockPolicyService"),
    },
    "routing": {
        "orders": (orders_pb2, "OrderService"),
        "policies": (policies_pb2, "PolicyService"),
        "network": (network_pb2, "NetworkService"),
        "quotes": (quotes_pb2, "QuoteService"),
        "reports": (reports_pb2, "ReportService"),
        "dead_letters": (dead_letters_pb2, "DeadLetterService"),
    },
    "pickup": {
        "tasks": (tasks_pb2, "TaskService"),
        "picking": (picking_pb2, "PickingService"),
        "collection": (tasks_pb2, "CollectionService"),
        "customers": (customers_pb2, "CustomerService"),
        "tills": (tills_pb2, "TillService"),
        "slots": (slots_pb2, "SlotService"),
        "stores": (stores_pb2, "StoreService"),
        "dead_letters": (dead_letters_pb2, "DeadLetterService"),
    },
    "notifications": {
        "messages": (messages_pb2, "MessageService"),
        "webhooks": (messages_pb2, "WebhookService"),
        "contacts": (contacts_pb2, "ContactService"),
        "templates": (templates_pb2, "TemplateService"),
        "journeys": (journeys_pb2, "JourneyService"),
        "alerts": (alerts_pb2, "AlertService"),
        "measures": (measures_pb2, "MeasureService"),
        "activity": (measures_pb2, "ActivityService"),
        "dead_letters": (dead_letters_pb2, "DeadLetterService"),
    },
}


class _Client:
    """One channel to one of our servers, and a `Service` for each service that it answers."""

    _server: str

    def _open(self, channel: Any, settings: Settings, token: TokenSource) -> None:
        self._channel = channel
        for attribute, (module, name) in SERVICES[self._server].items():
            descriptor = module.DESCRIPTOR.services_by_name[name]
            setattr(self, attribute, Service(channel, descriptor, settings, token))


class _Async(_Client):
    def __init__(
        self, target: str, token: str | TokenSource | None = None, settings: Settings = _DEFAULTS
    ) -> None:
        """Call the server at `target` (host:port); by default with the token in ONHAND_TOKEN."""
        self._open(async_channel(target, settings), settings, token_source(token))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._channel.close()


class _Sync(_Client):
    def __init__(
        self, target: str, token: str | TokenSource | None = None, settings: Settings = _DEFAULTS
    ) -> None:
        """Call the server at `target` (host:port); by default with the token in ONHAND_TOKEN."""
        self._open(sync_channel(target, settings), settings, token_source(token))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()


class AsyncStock(_Async):
    _server = "stock"
    catalog: "catalog_pb2_grpc.CatalogServiceAsyncStub"
    reads: "reads_pb2_grpc.ReadServiceAsyncStub"
    tags: "reads_pb2_grpc.TagServiceAsyncStub"
    counts: "counts_pb2_grpc.CountServiceAsyncStub"
    ledger: "ledger_pb2_grpc.LedgerServiceAsyncStub"
    availability: "availability_pb2_grpc.AvailabilityServiceAsyncStub"
    offers: "offers_pb2_grpc.OfferServiceAsyncStub"
    explanations: "explanations_pb2_grpc.ExplanationServiceAsyncStub"
    reservations: "reservations_pb2_grpc.ReservationServiceAsyncStub"
    shipments: "shipments_pb2_grpc.ShipmentServiceAsyncStub"
    epcis: "epcis_pb2_grpc.EpcisServiceAsyncStub"
    policies: "stock_policies_pb2_grpc.StockPolicyServiceAsyncStub"


class Stock(_Sync):
    _server = "stock"
    catalog: "catalog_pb2_grpc.CatalogServiceStub"
    reads: "reads_pb2_grpc.ReadServiceStub"
    tags: "reads_pb2_grpc.TagServiceStub"
    counts: "counts_pb2_grpc.CountServiceStub"
    ledger: "ledger_pb2_grpc.LedgerServiceStub"
    availability: "availability_pb2_grpc.AvailabilityServiceStub"
    offers: "offers_pb2_grpc.OfferServiceStub"
    explanations: "explanations_pb2_grpc.ExplanationServiceStub"
    reservations: "reservations_pb2_grpc.ReservationServiceStub"
    shipments: "shipments_pb2_grpc.ShipmentServiceStub"
    epcis: "epcis_pb2_grpc.EpcisServiceStub"
    policies: "stock_policies_pb2_grpc.StockPolicyServiceStub"


class AsyncRouting(_Async):
    _server = "routing"
    orders: "orders_pb2_grpc.OrderServiceAsyncStub"
    policies: "policies_pb2_grpc.PolicyServiceAsyncStub"
    network: "network_pb2_grpc.NetworkServiceAsyncStub"
    quotes: "quotes_pb2_grpc.QuoteServiceAsyncStub"
    reports: "reports_pb2_grpc.ReportServiceAsyncStub"
    dead_letters: "dead_letters_pb2_grpc.DeadLetterServiceAsyncStub"


class Routing(_Sync):
    _server = "routing"
    orders: "orders_pb2_grpc.OrderServiceStub"
    policies: "policies_pb2_grpc.PolicyServiceStub"
    network: "network_pb2_grpc.NetworkServiceStub"
    quotes: "quotes_pb2_grpc.QuoteServiceStub"
    reports: "reports_pb2_grpc.ReportServiceStub"
    dead_letters: "dead_letters_pb2_grpc.DeadLetterServiceStub"


class AsyncPickup(_Async):
    _server = "pickup"
    tasks: "tasks_pb2_grpc.TaskServiceAsyncStub"
    picking: "picking_pb2_grpc.PickingServiceAsyncStub"
    collection: "tasks_pb2_grpc.CollectionServiceAsyncStub"
    customers: "customers_pb2_grpc.CustomerServiceAsyncStub"
    tills: "tills_pb2_grpc.TillServiceAsyncStub"
    slots: "slots_pb2_grpc.SlotServiceAsyncStub"
    stores: "stores_pb2_grpc.StoreServiceAsyncStub"
    dead_letters: "dead_letters_pb2_grpc.DeadLetterServiceAsyncStub"


class Pickup(_Sync):
    _server = "pickup"
    tasks: "tasks_pb2_grpc.TaskServiceStub"
    picking: "picking_pb2_grpc.PickingServiceStub"
    collection: "tasks_pb2_grpc.CollectionServiceStub"
    customers: "customers_pb2_grpc.CustomerServiceStub"
    tills: "tills_pb2_grpc.TillServiceStub"
    slots: "slots_pb2_grpc.SlotServiceStub"
    stores: "stores_pb2_grpc.StoreServiceStub"
    dead_letters: "dead_letters_pb2_grpc.DeadLetterServiceStub"


class AsyncNotifications(_Async):
    _server = "notifications"
    messages: "messages_pb2_grpc.MessageServiceAsyncStub"
    webhooks: "messages_pb2_grpc.WebhookServiceAsyncStub"
    contacts: "contacts_pb2_grpc.ContactServiceAsyncStub"
    templates: "templates_pb2_grpc.TemplateServiceAsyncStub"
    journeys: "journeys_pb2_grpc.JourneyServiceAsyncStub"
    alerts: "alerts_pb2_grpc.AlertServiceAsyncStub"
    measures: "measures_pb2_grpc.MeasureServiceAsyncStub"
    activity: "measures_pb2_grpc.ActivityServiceAsyncStub"
    dead_letters: "dead_letters_pb2_grpc.DeadLetterServiceAsyncStub"


class Notifications(_Sync):
    _server = "notifications"
    messages: "messages_pb2_grpc.MessageServiceStub"
    webhooks: "messages_pb2_grpc.WebhookServiceStub"
    contacts: "contacts_pb2_grpc.ContactServiceStub"
    templates: "templates_pb2_grpc.TemplateServiceStub"
    journeys: "journeys_pb2_grpc.JourneyServiceStub"
    alerts: "alerts_pb2_grpc.AlertServiceStub"
    measures: "measures_pb2_grpc.MeasureServiceStub"
    activity: "measures_pb2_grpc.ActivityServiceStub"
    dead_letters: "dead_letters_pb2_grpc.DeadLetterServiceStub"
