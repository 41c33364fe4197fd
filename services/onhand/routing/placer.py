"""Gathers the facts that a plan depends on, from stock and from the policy in force, and makes the plan."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from onhand.kit.clock import Clock
from onhand.routing.config import RoutingSettings
from onhand.routing.domain import placing
from onhand.routing.domain.cost import Cell, Demand, Option, Question, all_items
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.order import Order, Position
from onhand.routing.domain.plan import Plan, joined, make_plan, planned_in_wave
from onhand.routing.domain.policy import Policy
from onhand.routing.domain.wave import WaveOrder
from onhand.routing.messages.orders import address_message, place_of
from onhand.routing.optimiser import plan_wave
from onhand.routing.promiser import Promiser
from onhand.routing.stock import Location, StockGateway, distance_metres
from onhand.routing.use_cases.networks import Networks
from onhand.routing.use_cases.policies import Policies


@dataclass(frozen=True, slots=True)
class BasketRefused:
    """The held basket cannot be taken over."""

    detail: str


class Placer:
    def __init__(
        self,
        stock: StockGateway,
        policies: Policies,
        networks: Networks,
        promiser: Promiser,
        clock: Clock,
        settings: RoutingSettings,
    ) -> None:
        self._stock = stock
        self._policies = policies
        self._networks = networks
        self._promiser = promiser
        self._clock = clock
        self._wave_solve_s = settings.wave_solve_s
        self._max_candidates = settings.max_candidates

    async def plan(self, order: Order, *, fully_consistent: bool) -> Plan:
        """Plan the lines that wait of an order. Raises DependencyUnavailable."""
        policy = await self._policies.of_channel(order.channel)
        question = await self._question(order, policy, fully_consistent=fully_consistent)
        if order.quoted_location_ids and order.attempt == 0:
            # What was promised is what is reserved, while it is there.
            quoted = [each for each in question.options if each.location_id in order.quoted_location_ids]
            plan = make_plan(replace(question, options=tuple(quoted)), policy)
            if {portion.line_id for portion in plan.portions} == {each.line_id for each in question.demands}:
                return plan
        plan = make_plan(question, policy)
        if order.allow_transfer and len(plan.placed) < len(question.demands):
            return await self.to_store(plan, order.channel, order.latest_time)
        return plan

    async def to_store(self, at_store: Plan, channel: str, latest_time: datetime | None = None) -> Plan:
        """Plan what a store lacks of lines that are collected there, from all that ship; with what it has.

        It is the question of an order that is shipped to the store. Raises DependencyUnavailable.
        """
        (store,) = at_store.question.options
        location = await self._stock.location(store.location_id)
        if location is None or location.position is None or store.barred:
            return at_store
        lacks = [each for each in at_store.question.demands if each.line_id not in at_store.placed]
        shippers = await self._shippers(location.position, location.place)
        others = [each for each in shippers if each.location_id != store.location_id]
        arriving = await self._arriving(others, store.location_id, latest_time)
        options = tuple(await self._with_facts(arriving, lacks, at_store.policy, channel))
        question = Question(FulfilmentMethod.SHIP, tuple(lacks), options, allow_split=True)
        sent = make_plan(question, at_store.policy)
        return joined(at_store, sent) if sent.portions else at_store

    async def _arriving(
        self, options: Sequence[Option], store_id: str, latest_time: datetime | None
    ) -> list[Option]:
        """Bar the locations from which goods come to the store too late for the order."""
        if latest_time is None:
            return list(options)
        distances = {each.location_id: each.distance_metres for each in options if not each.barred}
        found = await self._promiser.of_transfers(store_id, distances)
        late = {each for each, transfer in found.items() if transfer.promise_time > latest_time}
        return [replace(each, barred="too_late") if each.location_id in late else each for each in options]

    async def plan_together(self, orders: Sequence[Order]) -> list[Plan]:
        """Plan the lines that wait of ship orders as one wave. Raises DependencyUnavailable."""
        policies = {each.channel: await self._policies.of_channel(each.channel) for each in orders}
        questions = [await self._question(each, policies[each.channel], with_facts=False) for each in orders]
        open_ids = {each.location_id for q in questions for each in q.options if not each.barred}
        items = set().union(*(all_items(question.demands) for question in questions))
        cells = {
            channel: await self._stock.cells(sorted(items), sorted(open_ids), channel, fully_consistent=True)
            for channel in policies
        }
        wave = []
        for order, question in zip(orders, questions, strict=True):
            options = await self._with_load(question.options, cells[order.channel], policies[order.channel])
            wave.append(WaveOrder(replace(question, options=tuple(options)), policies[order.channel]))
        # Seconds of work: beside the loop, which has others to answer.
        found = await asyncio.to_thread(plan_wave, wave, self._wave_solve_s)
        told = f"in a wave of {len(wave)}, at most {found.gap:.2%} above the least cost"
        return [
            planned_in_wave(each.question, each.policy, portions, told)
            for each, portions in zip(wave, found.portions, strict=True)
        ]

    async def take_basket(self, order: Order) -> Plan | BasketRefused:
        """Plan a collect order on its held basket, or say why that cannot be."""
        basket = await self._stock.basket(order.basket_reservation_id)
        if basket is None:
            return BasketRefused("the held basket is not known")
        if not placing.fits(order, basket):
            return BasketRefused("the held basket expired, or does not hold the order's goods")
        store = self._store(order.collect_location_id, await self._stock.location(order.collect_location_id))
        if store.barred:
            return BasketRefused(f"the held basket's store cannot serve: {store.barred}")
        question = Question(order.method, placing.demands_of(order), (store,), held=True)
        return make_plan(question, await self._policies.of_channel(order.channel))

    async def at_stores(
        self, channel: str, demands: Sequence[Demand], position: Position, count: int
    ) -> list[Plan]:
        """Plan a cart at each of the nearest stores. Raises DependencyUnavailable."""
        policy = await self._policies.of_channel(channel)
        known = [each for each in await self._stock.locations() if each.collect_enabled and each.position]
        stores = [
            replace(
                self._store(each.location_id, each), distance_metres=distance_metres(each.position, position)
            )
            for each in known
            if each.position is not None
        ]
        stores.sort(key=lambda each: (each.distance_metres, each.location_id))
        stores = await self._with_facts(stores[:count], demands, policy, channel)
        return [
            make_plan(Question(FulfilmentMethod.COLLECT, tuple(demands), (each,)), policy) for each in stores
        ]

    async def shipped(
        self, channel: str, demands: Sequence[Demand], position: Position, place: str, *, allow_split: bool
    ) -> Plan:
        """Plan a cart that is shipped. Raises DependencyUnavailable."""
        policy = await self._policies.of_channel(channel)
        options = await self._with_facts(await self._shippers(position, place), demands, policy, channel)
        return make_plan(Question(FulfilmentMethod.SHIP, tuple(demands), tuple(options), allow_split), policy)

    async def _question(
        self, order: Order, policy: Policy, *, fully_consistent: bool = False, with_facts: bool = True
    ) -> Question:
        demands = placing.demands_of(order)
        if order.shipping_position is None:
            store_id = order.collect_location_id
            options = [self._store(store_id, await self._stock.location(store_id))]
        else:
            bound_to = placing.bound_to(order)
            options = await self._shippers(
                order.shipping_position, place_of(address_message(order)), bound_to
            )
        if order.latest_time is not None:
            options = await self._in_time(options, order, order.latest_time)
        if with_facts:
            options = await self._with_facts(
                options, demands, policy, order.channel, fully_consistent=fully_consistent
            )
        return Question(order.method, demands, tuple(options), order.allow_split)

    async def _in_time(self, options: Sequence[Option], order: Order, latest_time: datetime) -> list[Option]:
        """Bar the locations that need longer than the order is of use."""
        destination = "" if order.shipping_position is None else place_of(address_message(order))
        distances = {each.location_id: each.distance_metres for each in options if not each.barred}
        dates = await self._promiser.at_each(order.method, distances, destination)
        late = {each for each, found in dates.items() if found.is_after(latest_time)}
        return [replace(each, barred="too_late") if each.location_id in late else each for each in options]

    def _store(self, location_id: str, location: Location | None) -> Option:
        if location is None:
            return Option(location_id, "unknown_location")
        barred = "" if location.collect_enabled else "collect_disabled"
        return Option(location_id, barred, day=location.calendar.day_of(self._clock.now()))

    async def _shippers(self, customer: Position, place: str, bound_to: str | None = None) -> list[Option]:
        """Return the locations to look at: those that can serve before the others, nearest first."""
        now = self._clock.now()
        network = await self._networks.current()
        options = []
        for location in await self._stock.locations():
            distance = distance_metres(location.position, customer) if location.position else 0
            transit = network.transit(location.place, place, distance / 1000)
            barred = ""
            if not location.ship_enabled:
                barred = "ship_disabled"
            elif location.position is None:
                barred = "no_position"
            elif transit is None:
                barred = "no_carrier"
            elif bound_to is not None and location.location_id != bound_to:
                barred = "no_split_consent"
            cost = transit.cost if transit else 0.0
            day = location.calendar.day_of(now)
            options.append(Option(location.location_id, barred, distance, shipping_cost=cost, day=day))
        options.sort(key=lambda each: (bool(each.barred), each.distance_metres, each.location_id))
        return options[: self._max_candidates]

    async def _with_facts(
        self,
        options: Sequence[Option],
        demands: Sequence[Demand],
        policy: Policy,
        channel: str,
        *,
        fully_consistent: bool = False,
    ) -> list[Option]:
        """Add what stock has, and how many orders locations of limited capacity were given today."""
        open_ids = [option.location_id for option in options if not option.barred]
        cells: dict[str, dict[str, Cell]] = {}
        if open_ids:
            items = sorted(all_items(demands))
            cells = await self._stock.cells(items, open_ids, channel, fully_consistent=fully_consistent)
        return await self._with_load(options, cells, policy)

    async def _with_load(
        self, options: Sequence[Option], cells: Mapping[str, Mapping[str, Cell]], policy: Policy
    ) -> list[Option]:
        days = {
            each.location_id: each.day
            for each in options
            if each.day is not None and policy.capacity.at(each.location_id) is not None
        }
        given = await self._policies.orders_given(days) if days else {}
        return [
            Option(
                each.location_id,
                each.barred,
                each.distance_metres,
                cells.get(each.location_id, {}),
                given.get(each.location_id, 0),
                each.shipping_cost,
                each.day,
            )
            for each in options
        ]
