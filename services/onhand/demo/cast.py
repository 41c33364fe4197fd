"""Who takes part: each with a token of its own, for its own stores, and only for what it does."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random

import httpx

from onhand.client import AsyncNotifications, AsyncPickup, AsyncRouting, AsyncStock, Settings
from onhand.demo.associates import StoreTeam
from onhand.demo.gateway import ExitGateway
from onhand.demo.meter import Meter
from onhand.demo.readers import StoreReaders
from onhand.demo.shelf import Shelf
from onhand.demo.tally import Tally
from onhand.demo.tills import Till
from onhand.demo.world import World
from onhand.kit.clock import Clock

Mint = Callable[[str, Sequence[str], Sequence[str]], str]
"""Makes a token of a subject, its scopes, and the locations it speaks for."""

EVERYWHERE = ("*",)
POST_TIMEOUT_S = 30.0
WEB_SCOPES = ("stock.read", "reservations.write", "orders.write", "orders.read")
OFFICE_SCOPES = ("catalog.write", "stock.read", "messages.read", "journeys.read", "orders.read")
TILL_SCOPES = ("stock.write",)
TEAM_SCOPES = ("tasks.read", "tasks.write", "collection.write")
READER_SCOPES = ("reads.write",)


@dataclass(frozen=True)
class Cast:
    office: AsyncStock
    """Head office: master data, and looking at the books."""
    messages: AsyncNotifications
    web_stock: AsyncStock
    web_routing: AsyncRouting
    tills: Mapping[str, Till]
    till_clients: Mapping[str, AsyncStock]
    teams: Mapping[str, StoreTeam]
    readers: Mapping[str, StoreReaders]
    gateway: ExitGateway


async def assemble(
    stack: AsyncExitStack, addresses: Mapping[str, str], mint: Mint, world: World, shelves: Mapping[str, Shelf], *,
    fail_share: float, patience: Settings, clock: Clock, random: Random, tally: Tally, meter: Meter,
) -> Cast:  # fmt: skip
    """Open everybody's clients; `stack` closes them."""

    async def stock(subject: str, scopes: Sequence[str], locations: Sequence[str] = EVERYWHERE) -> AsyncStock:
        client = AsyncStock(addresses["stock"], mint(subject, scopes, locations), patience)
        return meter.client(await stack.enter_async_context(client), "stock")

    web_token = mint("web", WEB_SCOPES, EVERYWHERE)
    routing = await stack.enter_async_context(AsyncRouting(addresses["routing"], web_token, patience))
    office_token = mint("head-office", OFFICE_SCOPES, EVERYWHERE)
    messages = await stack.enter_async_context(
        AsyncNotifications(addresses["notifications"], office_token, patience)
    )
    edge = await stack.enter_async_context(
        httpx.AsyncClient(base_url=f"http://{addresses['edge']}", timeout=POST_TIMEOUT_S)
    )
    gateway = ExitGateway(
        await stock("gateway", READER_SCOPES, list(world.stores)),
        clock=clock,
        random=random,
        tally=tally,
        meter=meter,
    )
    till_clients = {each: await stock(f"till-{each}", TILL_SCOPES, [each]) for each in world.stores}
    teams, tills, readers = {}, {}, {}
    for location_id, shelf in shelves.items():
        token = mint(f"team-{location_id}", TEAM_SCOPES, [location_id])
        pickup = await stack.enter_async_context(AsyncPickup(addresses["pickup"], token, patience))
        teams[location_id] = StoreTeam(
            location_id, meter.client(pickup, "pickup"), world, shelf, gateway,
            fail_share=fail_share, clock=clock, random=random, tally=tally,
        )  # fmt: skip
        tills[location_id] = Till(
            location_id, till_clients[location_id], world, shelf, gateway,
            clock=clock, random=random, tally=tally,
        )  # fmt: skip
        readers[location_id] = StoreReaders(
            location_id, shelf, edge, mint(f"readers-{location_id}", READER_SCOPES, [location_id]),
            attempts=patience.max_attempts, clock=clock, random=random, tally=tally, meter=meter,
        )  # fmt: skip
    return Cast(
        office=await stock("head-office", OFFICE_SCOPES),
        messages=meter.client(messages, "notifications"),
        web_stock=await stock("web", WEB_SCOPES),
        web_routing=meter.client(routing, "routing"),
        tills=tills,
        till_clients=till_clients,
        teams=teams,
        readers=readers,
        gateway=gateway,
    )
