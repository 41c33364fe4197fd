"""SGTIN-96 for whole batches: the scheme of nearly every tag in a store, in numpy."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onhand.stock.domain.epc import partitions
from onhand.stock.domain.epc.codings import CODINGS
from onhand.stock.domain.epc.errors import EpcError, EpcReason

SGTIN_96_BYTES = 12

Octets = bytes | bytearray | memoryview | npt.NDArray[np.uint8]

_SERIAL_BITS = 38
_ROWS = partitions.GTIN.rows
# One entry a partition value. Partition 7 is in no table: its limits of 0 let no value through.
_REFERENCE_BITS = np.array([row.reference_bits for row in _ROWS] + [4], dtype=np.uint64)
_PREFIX_END = np.array([10**row.prefix_digits for row in _ROWS] + [0], dtype=np.uint64)
_REFERENCE_END = np.array([10**row.reference_size for row in _ROWS] + [0], dtype=np.uint64)
# The reference without its indicator digit, which a GTIN has in front (TDS 2.3 §7.3).
_ITEM_END = np.array([10 ** (row.reference_size - 1) for row in _ROWS] + [1], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Sgtin96Batch:
    """What `decode_sgtin96_batch` found in n EPCs, in their order.

    Where `valid` is False the other arrays hold 0, and `decode_binary` tells why.
    """

    valid: npt.NDArray[np.bool_]  # shape (n,)
    gtin14: npt.NDArray[np.int64]  # shape (n,); with check digit, leading zeros not shown
    serial: npt.NDArray[np.int64]  # shape (n,); 0 to 2**38 - 1
    filter: npt.NDArray[np.uint8]  # shape (n,); 0 to 7


def decode_sgtin96_batch(epcs: Octets) -> Sgtin96Batch:
    """Decode n EPCs of 12 bytes each; bit for bit what `decode_binary` makes of each one.

    `epcs` is an array of uint8 with shape (n, 12), or n * 12 bytes one after the other. An EPC
    that is no SGTIN-96, or a malformed one, is not an error here: see `Sgtin96Batch.valid`.
    Raises `EpcError` `WRONG_FIELD_LENGTH` when the input does not divide into EPCs of 12 bytes.
    """
    octets = _as_rows(epcs)
    high = np.ascontiguousarray(octets[:, :8]).view(">u8")[:, 0].astype(np.uint64)
    low = np.ascontiguousarray(octets[:, 8:]).view(">u4")[:, 0].astype(np.uint64)

    # Header 8, filter 3, partition 3, prefix and reference 44 together, serial 38 bits (§14.6.1.1).
    header = octets[:, 0]
    filters = octets[:, 1] >> np.uint8(5)
    partition = (octets[:, 1] >> np.uint8(2)) & np.uint8(7)
    item = (high >> np.uint64(6)) & np.uint64((1 << 44) - 1)
    serial = ((high & np.uint64(0x3F)) << np.uint64(32)) | low

    bits = _REFERENCE_BITS[partition]
    prefix = item >> bits
    reference = item & ((np.uint64(1) << bits) - np.uint64(1))
    valid = (
        (header == CODINGS["SGTIN-96"].header)
        & (prefix < _PREFIX_END[partition])
        & (reference < _REFERENCE_END[partition])
    )
    item_end = _ITEM_END[partition]
    indicator, item_reference = reference // item_end, reference % item_end
    body = indicator * np.uint64(10**12) + prefix * item_end + item_reference
    gtin14 = _with_check_digit(np.where(valid, body, np.uint64(0)))
    return Sgtin96Batch(
        valid=valid,
        gtin14=gtin14.astype(np.int64),
        serial=np.where(valid, serial, np.uint64(0)).astype(np.int64),
        filter=np.where(valid, filters, np.uint8(0)),
    )


def _as_rows(epcs: Octets) -> npt.NDArray[np.uint8]:
    if isinstance(epcs, np.ndarray):
        if epcs.dtype == np.uint8 and epcs.shape[1:] == (SGTIN_96_BYTES,):
            return epcs
        shape = f"{epcs.dtype} of shape {epcs.shape}"
    else:
        flat = np.frombuffer(epcs, dtype=np.uint8)
        if flat.size % SGTIN_96_BYTES == 0:
            return flat.reshape(-1, SGTIN_96_BYTES)
        shape = f"{flat.size} bytes"
    raise EpcError(
        EpcReason.WRONG_FIELD_LENGTH,
        f"a batch is uint8 of shape (n, {SGTIN_96_BYTES}) or n * {SGTIN_96_BYTES} bytes, not {shape}",
        field="batch",
        value=shape,
        limit=SGTIN_96_BYTES,
    )


def _with_check_digit(body: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Append the check digit to numbers of 13 digits: weights 3 and 1 in turn from the right."""
    total = np.zeros_like(body)
    rest = body
    for place in range(13):
        total += rest % np.uint64(10) * np.uint64(1 if place % 2 else 3)
        rest = rest // np.uint64(10)
    ten = np.uint64(10)
    return body * ten + (ten - total % ten) % ten
