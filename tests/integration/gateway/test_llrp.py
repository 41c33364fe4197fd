"""From an LLRP reader to stock's books, whatever is cut or killed on the way."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from llrpkit.emulator import EmulatedTag, LLRPEmulator
from tests.integration.gateway.conftest import (
    GatewayProcess,
    Line,
    Shop,
    StockProcesses,
    counted,
    epcs,
    known_tags,
    until,
)

from onhand.client import AsyncStock

Make = Callable[..., GatewayProcess]


def readers(shop: Shop, port: int) -> str:
    return f'[[readers]]\nname = "reader-{shop.s1}"\nkind = "llrp"\nhost = "127.0.0.1"\nport = {port}\n'


def tags(hexes: list[str], antenna: int = 1) -> list[EmulatedTag]:
    return [EmulatedTag(bytes.fromhex(each), (antenna,)) for each in hexes]


async def test_tags_in_front_of_a_reader_are_on_hand(
    shop: Shop, make_gateway: Make, processes: StockProcesses
) -> None:
    hexes = epcs(shop, 40)
    async with LLRPEmulator(tags=tags(hexes), reads_per_sec=500) as reader:
        gateway = make_gateway(readers(shop, reader.port), [shop.s1])
        gateway.start()
        await counted(shop, 40)
        assert await known_tags(shop) == set(hexes)
        await until(lambda: gateway.status().returncode == 0)
        said = gateway.status().stdout
        assert "gateway  running" in said
        assert "stock    streaming" in said
        assert f"reader-{shop.s1} (llrp) reading" in said
        await until(lambda: reader.keepalive_acks > 0)
        assert gateway.stop() == 0
    assert gateway.status().returncode == 1
    await processes.audited()


async def test_what_was_read_while_the_line_was_cut_survives_a_killed_gateway(
    shop: Shop, line: Line, make_gateway: Make, processes: StockProcesses
) -> None:
    before, during, after = epcs(shop, 10), epcs(shop, 30, 10), epcs(shop, 10, 40)
    async with LLRPEmulator(tags=tags(before), reads_per_sec=500) as reader:
        gateway = make_gateway(readers(shop, reader.port), [shop.s1])
        gateway.start()
        await counted(shop, 10)
        await line.cut()
        reader.tags = tags(during)
        await until(lambda: set(during) <= gateway.waiting_epcs())
        # From here on only the spool knows of them.
        reader.tags = []
        gateway.kill()
        assert set(during) <= gateway.waiting_epcs()
        reader.tags = tags(after)
        gateway.start()
        await until(lambda: set(after) <= gateway.waiting_epcs())
        await line.mend()
        await counted(shop, 50)
        assert await known_tags(shop) == {*before, *during, *after}
        reader.tags = []
        await until(lambda: not gateway.waiting_epcs())
        assert gateway.stop() == 0
    counters = gateway.counters()
    assert "dropped_reads" not in counters
    assert counters["acknowledged_reads"] >= 50
    assert "refused_reads" not in counters
    assert (await shop.cell("i1")).on_hand == 50
    await processes.audited()


@pytest.mark.parametrize("count", [4, pytest.param(100, marks=pytest.mark.long)])
async def test_gateway_and_stock_are_killed_during_a_stream(
    shop: Shop,
    line: Line,
    make_gateway: Make,
    processes: StockProcesses,
    mint: Callable[..., str],
    count: int,
) -> None:
    waves = [epcs(shop, 25, 25 * number) for number in range(count)]
    taken: set[str] = set()
    async with LLRPEmulator(tags=[], reads_per_sec=800) as reader:
        gateway = make_gateway(readers(shop, reader.port), [shop.s1])
        gateway.start()
        for number, wave in enumerate(waves):
            so_far = gateway.last_position()
            reader.tags = tags(wave)
            await until(lambda so_far=so_far: gateway.last_position() >= so_far + 3)
            if number % 10 == 2:
                processes.kill(len(processes.addresses) - 1)
            gateway.kill()
            # What the spool had is never read again: it must have come from the spool.
            reader.tags = []
            taken |= gateway.waiting_epcs()
            gateway.start()
            if number % 10 == 2:
                line.target = await processes.start()
        async with AsyncStock(line.target, mint()) as client:
            again = replace(shop, client=client)
            await until(lambda: not gateway.waiting_epcs())
            known = await known_tags(again)
            assert taken <= known <= {each for wave in waves for each in wave}
            reader.tags = tags([each for wave in waves for each in wave])
            await counted(again, 25 * count)
        assert gateway.stop() == 0
    await processes.audited()


async def test_a_reader_that_goes_away_is_found_again(shop: Shop, make_gateway: Make) -> None:
    first, second = epcs(shop, 5), epcs(shop, 5, 5)
    reader = LLRPEmulator(tags=tags(first), reads_per_sec=200)
    await reader.start()
    gateway = make_gateway(readers(shop, reader.port), [shop.s1])
    gateway.start()
    await counted(shop, 5)
    await reader.stop()
    await until(lambda: "(llrp) down" in gateway.status().stdout)
    async with LLRPEmulator(tags=tags(second), reads_per_sec=200, port=reader.port):
        await counted(shop, 10)
        await until(lambda: "(llrp) reading" in gateway.status().stdout)
