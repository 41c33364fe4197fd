"""Tables of dates, and the offers that are made of them."""

from collections.abc import Iterable
from datetime import date

from onhand.api.routing.v1 import network_pb2, orders_pb2, quotes_pb2
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.routing.domain.network import (
    DEFAULT_BANDS,
    WEEKDAYS,
    Band,
    CarrierService,
    Hours,
    Network,
    Transit,
)
from onhand.routing.domain.quote import Offer
from onhand.routing.messages.orders import timestamp

Days = dict[str, dict[date, Hours]]


def network_from(message: network_pb2.Network) -> Network:
    """Read the tables. Raises InvalidField for a date that is none."""
    of_locations: Days = {}
    of_regions: Days = {}
    for number, each in enumerate(message.exceptions):
        days, key = (of_locations, each.location_id) if each.location_id else (of_regions, each.region_code)
        hours = tuple((span.open_minute, span.close_minute) for span in each.hours)
        days.setdefault(key, {})[_date(each.date, f"network.exceptions[{number}].date")] = hours
    services = tuple(map(_service_from, message.carrier_services))
    return Network(
        message.version,
        of_locations,
        of_regions,
        dict(message.pick_lines_per_hour),
        services or Network().carrier_services,
    )


def _date(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidField([FieldViolation(field, "is no day of the calendar")]) from None


def _service_from(message: network_pb2.CarrierService) -> CarrierService:
    bands = [Band(each.up_to_km, Transit(each.transit_days, each.cost)) for each in message.distances]
    return CarrierService(
        message.carrier_service_id,
        message.cut_off_minute,
        _days_of_week(message.collect_days),
        _days_of_week(message.business_days),
        {
            (each.destination.upper(), each.origin.upper()): Transit(each.transit_days, each.cost)
            for each in message.zones
        },
        tuple(sorted(bands, key=lambda each: each.up_to_km)) or DEFAULT_BANDS,
    )


def _days_of_week(days: Iterable[int]) -> frozenset[int]:
    return frozenset(days) or WEEKDAYS


def offer_message(offer: Offer) -> quotes_pb2.QuoteOption:
    return quotes_pb2.QuoteOption(
        quote_token=offer.token,
        method=orders_pb2.FulfilmentMethod.Name(offer.method),
        location_ids=offer.location_ids,
        impossible_because=offer.impossible_because,
        promise_time=timestamp(offer.promise_time),
        slot_end_time=timestamp(offer.slot_end_time),
        delivery_date=offer.delivery_date.isoformat() if offer.delivery_date else "",
        shipping_cost=offer.shipping_cost,
        distance_metres=offer.distance_metres,
        transfer_from_location_ids=offer.transfer_from,
    )
