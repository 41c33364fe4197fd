"""EPCs as RFID tags, EPCIS documents and web links carry them: the codec of GS1's standard.

Source: GS1 EPC Tag Data Standard (TDS) 1.13 for the codings that partition a company prefix, TDS
2.x for the "+" codings. Sections are cited after TDS 2.3, which repeats 1.13 where it keeps it.

    >>> epc = decode_hex("3074257BF7194E4000001A85")
    >>> epc.gs1_key, epc.serial, epc.filter
    ('80614141123458', '6789', 3)
    >>> epc.pure_identity_uri
    'urn:epc:id:sgtin:0614141.812345.6789'
    >>> to_hex(encode(parse("https://id.gs1.org/01/79521141123453/21/32a%2Fb"), filter_value=3))
    'F73795211411234538566CB0AFC4'

`decode_binary` and `decode_hex` read tags, `parse` any text form, `encode` chooses a binary coding,
`to_binary` and `to_hex` write it, `decode_sgtin96_batch` decodes whole arrays of the common scheme.
Everything malformed raises `EpcError`, and nothing else.
"""

from onhand.stock.domain.epc.batch import SGTIN_96_BYTES, Sgtin96Batch, decode_sgtin96_batch
from onhand.stock.domain.epc.binary import decode_binary, decode_hex, to_binary, to_hex
from onhand.stock.domain.epc.codings import CODINGS
from onhand.stock.domain.epc.encoding import encode, encode_sgtin96, parse
from onhand.stock.domain.epc.errors import EpcError, EpcReason
from onhand.stock.domain.epc.gtin import check_digit, to_gtin14, to_length
from onhand.stock.domain.epc.model import Epc

__all__ = [
    "CODINGS",
    "SGTIN_96_BYTES",
    "Epc",
    "EpcError",
    "EpcReason",
    "Sgtin96Batch",
    "check_digit",
    "decode_binary",
    "decode_hex",
    "decode_sgtin96_batch",
    "encode",
    "encode_sgtin96",
    "parse",
    "to_binary",
    "to_gtin14",
    "to_hex",
    "to_length",
]
