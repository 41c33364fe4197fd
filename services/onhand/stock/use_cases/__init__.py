"""One method an intention, one transaction each."""

from onhand.stock.use_cases.availability import Availability
from onhand.stock.use_cases.catalog import Catalog
from onhand.stock.use_cases.counts import Counts
from onhand.stock.use_cases.demand import Demand
from onhand.stock.use_cases.deps import Deps
from onhand.stock.use_cases.desk import Desk
from onhand.stock.use_cases.documents import Documents
from onhand.stock.use_cases.epcis import Epcis
from onhand.stock.use_cases.epcis_effects import EpcisEffects
from onhand.stock.use_cases.explanations import Explanations
from onhand.stock.use_cases.lookups import Lookups
from onhand.stock.use_cases.offers import Offers
from onhand.stock.use_cases.policies import Policies
from onhand.stock.use_cases.quantities import Quantities
from onhand.stock.use_cases.reads import Reads
from onhand.stock.use_cases.reckoning import Reckoning
from onhand.stock.use_cases.reservations import Reservations
from onhand.stock.use_cases.retention import Retention
from onhand.stock.use_cases.shipments import Shipments

__all__ = [
    "Availability",
    "Catalog",
    "Counts",
    "Demand",
    "Deps",
    "Desk",
    "Documents",
    "Epcis",
    "EpcisEffects",
    "Explanations",
    "Lookups",
    "Offers",
    "Policies",
    "Quantities",
    "Reads",
    "Reckoning",
    "Reservations",
    "Retention",
    "Shipments",
]
