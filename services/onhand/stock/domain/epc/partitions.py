"""Partition tables: how bits are shared between company prefix and reference (TDS 2.3 §14.6).

A partition value of 0 to 6 stands for a company prefix of 12 down to 6 digits. The prefix takes the
same bits in every scheme; what is left goes to the reference, and with it the digits or characters
that the reference may have.
"""

from dataclasses import dataclass

from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.families import check_prefix_length

PREFIX_DIGITS = (12, 11, 10, 9, 8, 7, 6)
PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """One line of a table. The reference has `reference_size` digits or characters at most."""

    value: int
    prefix_bits: int
    prefix_digits: int
    reference_bits: int
    reference_size: int


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """The seven lines of one table, found by partition value or by prefix length."""

    rows: tuple[PartitionRow, ...]

    def by_value(self, value: int) -> PartitionRow:
        """Return the line of a partition value; `BAD_PARTITION` for 7, which no table has."""
        if value >= len(self.rows):
            raise EpcError(
                EpcReason.BAD_PARTITION,
                f"partition {value} is not in the table, which has 0 to {len(self.rows) - 1}",
                field="partition",
                value=value,
                limit=len(self.rows) - 1,
            )
        return self.rows[value]

    def by_prefix_length(self, digits: int) -> PartitionRow:
        """Return the line of a company prefix length; `BAD_PREFIX_LENGTH` outside 6 to 12."""
        check_prefix_length(digits)
        return self.rows[PREFIX_DIGITS.index(digits)]


def _table(reference_bits: tuple[int, ...], largest_size: int) -> PartitionTable:
    """Build a table whose reference has `largest_size` at the 6-digit prefix, one less per line."""
    lines = zip(PREFIX_BITS, PREFIX_DIGITS, reference_bits, strict=True)
    return PartitionTable(
        tuple(
            PartitionRow(value, prefix_bits, digits, bits, largest_size + 6 - digits)
            for value, (prefix_bits, digits, bits) in enumerate(lines)
        )
    )


GTIN = _table((4, 7, 10, 14, 17, 20, 24), 7)  # SGTIN, ITIP: tables 14-16, 14-42
SSCC = _table((18, 21, 24, 28, 31, 34, 38), 11)  # SSCC, GSRN, GSRNP
GLN = _table((1, 4, 7, 11, 14, 17, 21), 6)  # SGLN, GDTI, SGCN
GRAI = _table((4, 7, 10, 14, 17, 20, 24), 6)
GIAI_96 = _table((42, 45, 48, 52, 55, 58, 62), 19)
GIAI_202 = _table((148, 151, 154, 158, 161, 164, 168), 24)
CPI_96 = _table((11, 14, 17, 21, 24, 27, 31), 9)
CPI_VAR = _table((114, 120, 126, 132, 138, 144, 150), 24)
