"""The stores' tills: each basket of the real day, sold at its time."""

from collections.abc import Iterable, Sequence
from random import Random

from onhand.api.stock.v1 import ledger_pb2 as pb
from onhand.client import AsyncStock
from onhand.demo.data import Basket
from onhand.demo.gateway import ExitGateway
from onhand.demo.pace import Pace
from onhand.demo.shelf import Shelf
from onhand.demo.tally import Tally
from onhand.demo.world import World, item_id
from onhand.kit.clock import Clock
from onhand.kit.errors import OnhandError, UnknownItem

RFID_TILL_SHARE = 0.4
"""Share of tagged units whose tag the till reads; for the others the cashier scans the bar code."""


class Till:
    """All tills of one store. Nobody can buy what is not on the shelf, so that much is never sold."""

    def __init__(
        self,
        location_id: str,
        stock: AsyncStock,
        world: World,
        shelf: Shelf,
        gateway: ExitGateway,
        *,
        clock: Clock,
        random: Random,
        tally: Tally,
    ) -> None:
        self._location_id = location_id
        self._stock = stock
        self._world = world
        self._shelf = shelf
        self._gateway = gateway
        self._clock = clock
        self._random = random
        self._tally = tally
        self._closed = False

    def close(self) -> None:
        """Sell nothing any more."""
        self._closed = True

    async def run(self, baskets: Iterable[Basket], pace: Pace) -> None:
        for basket in baskets:
            await pace.until(basket.second)
            if self._closed:
                self._tally.counts["baskets before closed doors"] += 1
                continue
            await self.sell(basket)

    async def sell(self, basket: Basket) -> None:
        """Ring up a basket. A line that stock does not know is taken out, and the rest sold."""
        lines, epcs = self._scan(basket)
        units = sum(line.quantity for line in lines)
        while lines:
            try:
                await self._stock.ledger.RecordSale(
                    pb.RecordSaleRequest(
                        request_id=str(self._clock.uuid()),
                        location_id=self._location_id,
                        document=f"basket-{basket.basket_id}",
                        lines=lines,
                    )
                )
            except UnknownItem as error:
                known = [line for line in lines if line.product.gtin.zfill(14) != error.item.zfill(14)]
                if len(known) == len(lines):
                    self._tally.fail(f"a sale names an item that is not in it: {error}")
                    return
                self._tally.counts["lines refused: not on the chain's list"] += len(lines) - len(known)
                self._tally.tell(f"till     {self._location_id}: {error}; the rest of the basket is sold")
                lines = known
                units = sum(line.quantity for line in lines)
            except OnhandError as error:
                self._tally.fail(f"sale at {self._location_id}: {error.reason}: {error}")
                return
            else:
                self._tally.counts["units sold"] += units
                self._tally.counts["baskets sold"] += 1
                self._tally.stores[self._location_id].sold += units
                self._gateway.leave(self._location_id, epcs)
                return

    def _scan(self, basket: Basket) -> tuple[list[pb.DocumentLine], Sequence[bytes]]:
        """Take a basket's goods off the shelf; returns its lines, and the tags that walk out with it."""
        lines: list[pb.DocumentLine] = []
        epcs: list[bytes] = []
        for line in basket.lines:
            gtin = self._world.gtins[line.product_id]
            item = self._world.items.get(item_id(line.product_id))
            if item is None:
                lines.append(_line(pb.Product(gtin=gtin), line.quantity))
                continue
            units = self._shelf.take(item.item_id, line.quantity)
            self._tally.counts["units wanted and not on the shelf"] += line.quantity - len(units)
            tags = [unit.epc for unit in units if unit.epc]
            epcs += tags
            read = [epc for epc in tags if self._random.random() < RFID_TILL_SHARE]
            lines += [_line(pb.Product(epc=epc.hex().upper()), 1) for epc in read]
            self._tally.counts["units sold by tag"] += len(read)
            if scanned := len(units) - len(read):
                lines.append(_line(pb.Product(gtin=gtin), scanned))
        return lines, epcs


def _line(product: pb.Product, quantity: int) -> pb.DocumentLine:
    return pb.DocumentLine(product=product, quantity=quantity)
