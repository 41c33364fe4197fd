"""The options of a cart: collect at near stores, ship whole, ship split."""

from collections.abc import Sequence
from datetime import timedelta

from onhand.api.routing.v1 import quotes_pb2
from onhand.kit.clock import Clock
from onhand.routing.config import RoutingSettings
from onhand.routing.domain.cost import Demand
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.order import Position
from onhand.routing.domain.plan import Plan, explain
from onhand.routing.domain.quote import Offer, Quote, lines_of
from onhand.routing.messages.network import offer_message
from onhand.routing.messages.orders import place_of, timestamp
from onhand.routing.placer import Placer
from onhand.routing.promiser import Promiser
from onhand.routing.use_cases.networks import Networks

DEFAULT_STORES, MAX_STORES = 5, 50
MAX_TRANSFERS = 5
"""Stores of one quote for which transfers are looked for; protects stock from a look at all locations each."""
LACKS = frozenset({"insufficient_stock", "confidence"})
"""What a transfer can help against."""


class Quoter:
    def __init__(
        self, placer: Placer, promiser: Promiser, networks: Networks, clock: Clock, settings: RoutingSettings
    ) -> None:
        self._placer = placer
        self._promiser = promiser
        self._networks = networks
        self._clock = clock
        self._valid = timedelta(seconds=settings.quote_valid_s)
        self._slot = timedelta(seconds=settings.slot_s)

    async def quote(self, request: quotes_pb2.CreateQuoteRequest) -> quotes_pb2.CreateQuoteResponse:
        """Raises DependencyUnavailable."""
        position = Position(request.position.latitude, request.position.longitude)
        demands = tuple(
            Demand(str(number), each.item_id, each.quantity, bundle_id=each.bundle_id)
            for number, each in enumerate(request.lines)
        )
        stores = min(request.store_count or DEFAULT_STORES, MAX_STORES)
        plans = await self._placer.at_stores(request.channel, demands, position, stores)
        transfers = MAX_TRANSFERS if request.allow_transfer else 0
        offers = await self._collected(plans, transfers, request.channel)
        place = ""
        if request.HasField("shipping_address"):
            place = place_of(request.shipping_address)
            offers += await self._ship(
                request.channel, demands, position, place, allow_split=request.allow_split
            )
        expire_time = self._clock.now() + self._valid
        quotes = [
            Quote(
                offer.token,
                request.channel,
                request.customer_id,
                offer.method,
                offer.location_ids,
                lines_of([(each.item_id, each.quantity) for each in request.lines]),
                offer.promise_time,
                expire_time,
                bool(offer.transfer_from),
                offer.delivery_date,
                place if offer.method is FulfilmentMethod.SHIP else "",
                position if offer.method is FulfilmentMethod.SHIP else None,
            )
            for offer in offers
            if offer.promise_time is not None
        ]
        await self._networks.keep(quotes)
        return quotes_pb2.CreateQuoteResponse(
            options=map(offer_message, offers), expire_time=timestamp(expire_time)
        )

    async def _collected(self, plans: Sequence[Plan], transfers: int, channel: str) -> list[Offer]:
        """Return what a cart could be at each store, and by a transfer at as many that lack something."""
        offers = list[Offer]()
        for plan in plans:
            at_store = await self._at_store(plan)
            offers.append(at_store)
            if at_store.impossible_because in LACKS and transfers:
                transfers -= 1
                by_transfer = await self._by_transfer(plan, channel)
                offers += [] if by_transfer is None else [by_transfer]
        return offers

    async def _by_transfer(self, at_store: Plan, channel: str) -> Offer | None:
        """Return what a cart could be at a store by a transfer; None where something is to be had nowhere."""
        (store,) = at_store.question.options
        plan = await self._placer.to_store(at_store, channel)
        distances = {each.location_id: each.distance_metres for each in plan.question.options}
        sources = sorted({portion.location_id for portion in plan.portions} - {store.location_id})
        found = await self._promiser.of_transfers(
            store.location_id, {each: distances[each] for each in sources}
        )
        if _why_not(plan) or found.keys() != set(sources):
            return None
        ready = max(each.promise_time for each in found.values())
        return Offer(
            FulfilmentMethod.COLLECT,
            (store.location_id,),
            promise_time=ready,
            slot_end_time=ready + self._slot,
            distance_metres=store.distance_metres,
            transfer_from=tuple(sources),
            token=str(self._clock.uuid()),
        )

    async def _at_store(self, plan: Plan) -> Offer:
        (store,) = plan.question.options
        method, location_ids = FulfilmentMethod.COLLECT, (store.location_id,)
        if why_not := _why_not(plan):
            return Offer(method, location_ids, why_not, distance_metres=store.distance_metres)
        ready = (await self._promiser.at(method, store.location_id)).promise_time
        return Offer(
            method,
            location_ids,
            promise_time=ready,
            slot_end_time=ready + self._slot,
            distance_metres=store.distance_metres,
            token=str(self._clock.uuid()),
        )

    async def _ship(
        self, channel: str, demands: Sequence[Demand], position: Position, place: str, *, allow_split: bool
    ) -> list[Offer]:
        plans = [await self._placer.shipped(channel, demands, position, place, allow_split=False)]
        if allow_split:
            split = await self._placer.shipped(channel, demands, position, place, allow_split=True)
            if split.portions != plans[0].portions:
                plans.append(split)
        return [await self._shipped(plan, place) for plan in plans]

    async def _shipped(self, plan: Plan, place: str) -> Offer:
        why_not = _why_not(plan)
        if why_not:
            return Offer(FulfilmentMethod.SHIP, (), why_not)
        location_ids = tuple(sorted({portion.location_id for portion in plan.portions}))
        distances = {each.location_id: each.distance_metres for each in plan.question.options}
        parcels = [
            await self._promiser.at(FulfilmentMethod.SHIP, each, place, distances[each])
            for each in location_ids
        ]
        return Offer(
            FulfilmentMethod.SHIP,
            location_ids,
            promise_time=max(each.promise_time for each in parcels),
            delivery_date=max((each.delivery_date for each in parcels if each.delivery_date), default=None),
            shipping_cost=sum(each.shipping_cost for each in parcels),
            token=str(self._clock.uuid()),
        )


def _why_not(plan: Plan) -> str:
    """Return why a plan does not fill the whole cart; empty when it does."""
    placed = {portion.line_id for portion in plan.portions}
    if all(demand.line_id in placed for demand in plan.question.demands):
        return ""
    reasons = [candidate.excluded_by for candidate in explain(plan) if candidate.excluded_by]
    return reasons[0] if len(set(reasons)) == 1 else "insufficient_stock"
