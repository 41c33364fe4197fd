"""protobuf ⇄ domain, nothing else."""

from onhand.stock.servicer.availability import AvailabilityServicer
from onhand.stock.servicer.catalog import CatalogServicer
from onhand.stock.servicer.counts import CountServicer
from onhand.stock.servicer.epcis import EpcisServicer
from onhand.stock.servicer.explanations import ExplanationServicer
from onhand.stock.servicer.ledger import LedgerServicer
from onhand.stock.servicer.offers import OfferServicer
from onhand.stock.servicer.policies import StockPolicyServicer
from onhand.stock.servicer.reads import ReadServicer, TagServicer
from onhand.stock.servicer.reservations import ReservationServicer
from onhand.stock.servicer.shipments import ShipmentServicer

__all__ = [
    "AvailabilityServicer",
    "CatalogServicer",
    "CountServicer",
    "EpcisServicer",
    "ExplanationServicer",
    "LedgerServicer",
    "OfferServicer",
    "ReadServicer",
    "ReservationServicer",
    "ShipmentServicer",
    "StockPolicyServicer",
    "TagServicer",
]
