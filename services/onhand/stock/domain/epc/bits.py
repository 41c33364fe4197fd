"""Bits in and out, most significant first, as a Gen 2 tag sends them."""

from onhand.stock.domain.epc.errors import EpcError, EpcReason

# The EPC bank of a tag grows by words: its length field counts them (TDS 2.3 §9.1, §15.1.1).
WORD_BITS = 16

# 31 words is all that the five length bits of the PC word can announce (TDS 2.3 §14.6.1.3).
# The limit also protects the decoder from input that no tag can have sent.
MAX_EPC_BITS = 496


class BitReader:
    """Reads unsigned integers off the front of `length` bits."""

    def __init__(self, value: int, length: int) -> None:
        self._value = value
        self.left = length

    def take(self, count: int, field: str) -> int:
        """Return the next `count` bits; `TOO_SHORT` when fewer are left."""
        if count > self.left:
            raise EpcError(
                EpcReason.TOO_SHORT,
                f"the EPC ends inside its {field}: {count} bits expected, {self.left} left",
                field=field,
                value=self.left,
                limit=count,
            )
        self.left -= count
        return (self._value >> self.left) & ((1 << count) - 1)


class BitWriter:
    """Collects unsigned integers into one string of bits."""

    def __init__(self) -> None:
        self.value = 0
        self.length = 0

    def put(self, value: int, count: int) -> None:
        """Append `value` in `count` bits. The caller has checked that it fits."""
        self.value = (self.value << count) | value
        self.length += count

    def padded(self) -> bytes:
        """All bits, then zeros up to a whole 16-bit word (TDS 2.3 §15.1.1)."""
        words = -(-self.length // WORD_BITS)
        return (self.value << (words * WORD_BITS - self.length)).to_bytes(2 * words, "big")
