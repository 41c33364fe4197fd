from collections.abc import Iterable, Sequence
from typing import Any

from onhand.api.stock.v1 import availability_pb2
from onhand.api.stock.v1 import offers_pb2 as pb
from onhand.kit import auth
from onhand.kit.clock import Clock
from onhand.kit.errors import LimitReached, UnknownItem
from onhand.kit.status import to_status
from onhand.stock.config import StockSettings
from onhand.stock.domain import promises
from onhand.stock.domain.display import DisplayPolicy
from onhand.stock.domain.model import CellKey, Standing
from onhand.stock.messages import timestamp
from onhand.stock.servicer.lines import Lines
from onhand.stock.use_cases import Offers
from onhand.stock.view import View

MAX_LINES = 10_000
"""Lines in the answer about a style."""
MAX_SUBSTITUTES = 200


class OfferServicer:
    def __init__(self, offers: Offers, view: View, settings: StockSettings, clock: Clock) -> None:
        self._offers = offers
        self._view = view
        self._lines = Lines(view, settings)
        self._clock = clock

    async def GetNetworkAvailability(
        self, request: pb.GetNetworkAvailabilityRequest, _: Any
    ) -> pb.GetNetworkAvailabilityResponse:
        principal = auth.current()
        for group in request.groups:
            principal.require_location(*group.location_ids)
        self._view.lapse()
        lines = []
        for item_id in request.item_ids:
            if item_id not in self._view.item_ids:
                status = to_status(UnknownItem(item_id))
                groups = [group.group_id for group in request.groups] or [""]
                lines += [
                    pb.NetworkAvailability(item_id=item_id, group_id=each, status=status) for each in groups
                ]
                continue
            cells = dict(self._cells_of(item_id, request.channel))
            visible = frozenset(principal.visible(cells))
            groups_of = [(group.group_id, frozenset(group.location_ids)) for group in request.groups]
            for group_id, location_ids in groups_of or [("", visible)]:
                standings = [each for location_id, each in cells.items() if location_id in location_ids]
                lines.append(self._sum(item_id, group_id, standings, request.channel))
        return pb.GetNetworkAvailabilityResponse(
            lines=lines, as_of=timestamp(self._view.as_of), revision=self._view.revision
        )

    def _cells_of(self, item_id: str, channel: str) -> Iterable[tuple[str, Standing]]:
        for slot, location_id in self._view.of_item(item_id):
            standing = self._view.standing_at(slot, location_id, channel)
            if standing is not None:
                yield location_id, standing

    def _sum(
        self, item_id: str, group_id: str, standings: Sequence[Standing], channel: str
    ) -> pb.NetworkAvailability:
        policy = self._view.policy(channel)
        available = sum(each.available for each in standings)
        state: Any = int(policy.state(available))
        message = pb.NetworkAvailability(item_id=item_id, group_id=group_id, stock_state=state)
        if policy.hide_quantities:
            message.quantities_hidden = True
        else:
            message.on_hand = sum(each.sellable + each.unavailable for each in standings)
            message.available = available
            message.in_transit = sum(each.in_transit for each in standings)
            message.stocked_location_count = sum(each.available > 0 for each in standings)
        return message

    async def GetStyleAvailability(
        self, request: pb.GetStyleAvailabilityRequest, _: Any
    ) -> pb.GetStyleAvailabilityResponse:
        auth.current().require_location(*request.location_ids)
        most = MAX_LINES // len(request.location_ids)
        variants = await self._offers.variants(request.style_id, most + 1)
        if len(variants) > most:
            raise LimitReached(f"{MAX_LINES} lines: sizes and colours times locations")
        self._view.lapse()
        return pb.GetStyleAvailabilityResponse(
            variants=[
                pb.StyleVariant(
                    item_id=item_id,
                    size=size,
                    colour=colour,
                    lines=[self._line(item_id, each, request.channel) for each in request.location_ids],
                )
                for item_id, size, colour in variants
            ],
            revision=self._view.revision,
        )

    def _line(self, item_id: str, location_id: str, channel: str) -> availability_pb2.AvailabilityLine:
        key, view = CellKey(location_id, item_id), self._view
        return self._lines.line(key, view.standing(key, channel), view.as_of, self._clock.now(), channel)

    async def ListSubstitutes(self, request: pb.ListSubstitutesRequest, _: Any) -> pb.ListSubstitutesResponse:
        auth.current().require_location(*request.location_ids)
        if request.item_id not in self._view.item_ids:
            raise UnknownItem(request.item_id)
        candidates = await self._offers.substitutes(request.item_id, MAX_SUBSTITUTES)
        view, now, policy = self._view, self._clock.now(), self._view.policy(request.channel)
        view.lapse()
        found = []
        for item_id in candidates:
            enough = []
            for location_id in request.location_ids:
                key = CellKey(location_id, item_id)
                standing = view.standing(key, request.channel)
                if standing is not None and standing.available >= max(1, request.quantity):
                    enough.append(self._lines.message(key, standing, timestamp(view.as_of), now, policy))
            if enough:
                found.append(pb.Substitute(item_id=item_id, availabilities=enough))
        return pb.ListSubstitutesResponse(substitutes=found, revision=view.revision)

    async def GetAvailableToPromise(
        self, request: pb.GetAvailableToPromiseRequest, _: Any
    ) -> pb.GetAvailableToPromiseResponse:
        auth.current().require_location(*request.location_ids)
        for location_id in request.location_ids:
            failure = self._lines.unknown(CellKey(location_id, request.item_id))
            if failure is not None:
                raise failure
        incoming = await self._offers.incoming(request.item_id, request.location_ids)
        view, now = self._view, self._clock.now()
        view.lapse()
        lines = []
        for location_id in request.location_ids:
            standing = view.standing(CellKey(location_id, request.item_id))
            free, least = (standing.free, standing.out_quantity) if standing else (0, 0)
            steps, undated = promises.steps(free, incoming.get(location_id, ()), now, least)
            lines.append(
                pb.AvailableToPromise(
                    location_id=location_id,
                    steps=[
                        pb.PromiseStep(available_time=timestamp(moment), quantity=quantity)
                        for moment, quantity in steps
                    ],
                    undated_quantity=undated,
                )
            )
        return pb.GetAvailableToPromiseResponse(lines=lines, as_of=timestamp(view.as_of))

    async def SetDisplayPolicy(
        self, request: pb.SetDisplayPolicyRequest, _: Any
    ) -> pb.SetDisplayPolicyResponse:
        said = request.policy
        policy = DisplayPolicy(said.channel, said.low_quantity, said.out_quantity, said.hide_quantities)
        return pb.SetDisplayPolicyResponse(revision=await self._offers.set_policy(policy))

    async def ListDisplayPolicies(
        self, _request: pb.ListDisplayPoliciesRequest, _: Any
    ) -> pb.ListDisplayPoliciesResponse:
        return pb.ListDisplayPoliciesResponse(
            policies=[
                pb.DisplayPolicy(
                    channel=each.channel,
                    low_quantity=each.low_quantity,
                    out_quantity=each.out_quantity,
                    hide_quantities=each.hide_quantities,
                )
                for each in await self._offers.policies()
            ]
        )

    async def SetSubstitutes(self, request: pb.SetSubstitutesRequest, _: Any) -> pb.SetSubstitutesResponse:
        await self._offers.set_substitutes(request.item_id, request.substitute_item_ids)
        return pb.SetSubstitutesResponse()

    async def BatchUpsertPostalPlaces(
        self, request: pb.BatchUpsertPostalPlacesRequest, _: Any
    ) -> pb.BatchUpsertPostalPlacesResponse:
        await self._offers.save_places(
            [
                (each.region_code, each.postal_code, each.position.latitude, each.position.longitude)
                for each in request.places
            ]
        )
        return pb.BatchUpsertPostalPlacesResponse()
