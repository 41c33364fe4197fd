"""From EPCs to items, whole batches at once."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain import epc as epc_codec
from onhand.stock.storage import catalog


async def items_of(connection: AsyncConnection, epcs: Sequence[bytes]) -> dict[bytes, str]:
    """Find the items of some tags; those of no known item are left out."""
    gtins = _gtins(epcs)
    owners = await catalog.gtin_owners(connection, set(gtins.values()))
    return {epc: owners[gtin] for epc, gtin in gtins.items() if gtin in owners}


def _gtins(epcs: Sequence[bytes]) -> dict[bytes, str]:
    """Return the GTIN of each EPC that carries one."""
    common = [epc for epc in epcs if len(epc) == epc_codec.SGTIN_96_BYTES]
    batch = epc_codec.decode_sgtin96_batch(b"".join(common))
    found = {
        epc: f"{gtin:014d}"
        for epc, gtin, valid in zip(common, batch.gtin14.tolist(), batch.valid.tolist(), strict=True)
        if valid
    }
    for epc in epcs:
        if epc not in found:
            try:
                decoded = epc_codec.decode_binary(epc)
            except epc_codec.EpcError:
                continue
            if decoded.family.name == "SGTIN" and decoded.gs1_key:
                found[epc] = decoded.gs1_key
    return found
