"""Facts from the standard and from other libraries' tests: `epc_vectors.csv`, each with its source.

Where a row and the standard differ, the standard decides, and `BY_THE_STANDARD` says how and where
it says so. Rows that could be read twice are read as follows: what follows a whole EPC is cut off
(E0554; TDS 2.3 §14.4 step 3), and a leading zero makes a serial unfit for a 96-bit coding but not
for the EPC (E0561; §6.3.1).
"""

import csv
import doctest
from dataclasses import replace
from pathlib import Path

import pytest

from onhand.stock.domain import epc as epc_package
from onhand.stock.domain.epc import (
    CODINGS,
    Epc,
    EpcError,
    EpcReason,
    decode_hex,
    encode,
    encode_sgtin96,
    parse,
    to_hex,
    to_length,
)

Row = dict[str, str]

ROWS: list[Row] = list(
    csv.DictReader((Path(__file__).parent / "epc_vectors.csv").read_text(encoding="utf-8").splitlines())
)

# The row expects "(254)0". An extension that is the single digit 0 means "no extension" and is left
# out of the element string: TDS 2.3 §7.5, SGLN EPC URI to element string, step 4.
BY_THE_STANDARD = {"E0403": "(414)0614141123452"}

# E0561 is filed as an invalid URI, and the URI is legal: it has a test of its own.
LEGAL_BUT_NOT_SHORT = "error_for_sgtin96_only"

# What a row's note means in reasons. A plain "error" may have any.
REASONS = {
    "error: value does not fit this binary scheme": {
        EpcReason.BAD_CHARACTER,
        EpcReason.LEADING_ZEROS,
        EpcReason.VALUE_OUT_OF_RANGE,
        EpcReason.WRONG_FIELD_LENGTH,
    },
    "error: character must be percent-encoded": {
        EpcReason.UNESCAPED_CHARACTER,
        EpcReason.BAD_ESCAPE,
    },
    "error: non-hex character": {EpcReason.BAD_HEX},
    "error: non-hex": {EpcReason.BAD_HEX},
    "error: serial with leading zero does not fit SGTIN-96": {EpcReason.LEADING_ZEROS},
    "error: not a GS1 scheme": {EpcReason.NOT_GS1_EPC_HEADER},
    "error: unknown header": {EpcReason.NOT_GS1_EPC_HEADER},
    "opaque: 96-bit EPC followed by 96-bit TID": {EpcReason.NOT_GS1_EPC_HEADER},
    "error: company prefix 13197053 does not fit the 7 digits of partition 5": {EpcReason.VALUE_OUT_OF_RANGE},
    "error: serial > 2^38-1": {EpcReason.VALUE_OUT_OF_RANGE},
    "error: 23 hex digits": {EpcReason.TOO_SHORT},
    "error: too short": {EpcReason.TOO_SHORT},
    "error: partition 7": {EpcReason.BAD_PARTITION},
    "error": set(EpcReason),
}

# The "+" codings beside those in the file. Source: GS1 EPC TDS 2.3, annex E.3.
PLUS = [
    ("GSRN+", "F43952114112345678906", "8018/952114112345678906"),
    ("GSRNP+", "F53952114112345678906", "8017/952114112345678906"),
    ("GDTI+", "F6395211411234540458B8", "253/95211411234545678"),
    ("CPI+", "F0395211415E87A145BAFB4D19A8C0E4", "8010/95211415PQ7%2FZ43/8011/12345"),
    ("SGCN+", "F839521141678909509338", "255/952114167890904711"),
    ("ITIP+", "F3309521141123454010266AE27FDF35", "8006/095211411234540102/21/rif981"),
]


def over(*kinds: str) -> pytest.MarkDecorator:
    """Run a test over the rows of these kinds, each under its id."""
    rows = [row for row in ROWS if row["kind"] in kinds and row["expected"] != LEGAL_BUT_NOT_SHORT]
    return pytest.mark.parametrize("row", rows, ids=[row["id"] for row in rows])


def whole_words(text: str) -> str:
    """Pad hex to 16-bit words as a tag stores it; the sources print what they like."""
    return text.upper() + "0" * (-len(text) % 4)


def check_columns(row: Row, epc: Epc, *columns: str) -> None:
    """Compare the columns that the row fills."""
    for column in columns:
        if row[column]:
            assert str(getattr(epc, column)) == row[column], column


def test_each_row_says_where_it_comes_from_and_is_of_a_kind_tested_here() -> None:
    assert all(row["source"] and row["licence"] for row in ROWS)
    assert {row["kind"] for row in ROWS} == {
        *("vector", "hex_partial", "uri_parse", "gs1_element", "input_form"),
        *("invalid_hex", "invalid_uri", "invalid_encode", "invalid_gs1_element"),
    }
    assert {row["expected"] for row in ROWS if "error" in row["expected"]} <= {
        *REASONS,
        LEGAL_BUT_NOT_SHORT,
    }


@over("vector", "hex_partial")
def test_hex_decodes_to_what_the_source_gives(row: Row) -> None:
    epc = decode_hex(row["hex"])
    check_columns(row, epc, "scheme", "tag_uri", "pure_identity_uri", "gs1_key", "serial")
    check_columns(row, epc, "filter", "digital_link")


@over("vector", "hex_partial")
def test_every_form_of_a_vector_encodes_to_its_hex(row: Row) -> None:
    decoded = decode_hex(row["hex"])
    assert to_hex(decoded) == whole_words(row["hex"])
    for form in ("tag_uri", "pure_identity_uri", "digital_link"):
        if row[form]:
            epc = encode(
                parse(row[form]),
                row["scheme"],
                filter_value=decoded.filter,
                prefix_length=decoded.prefix_length if decoded.family.key else None,
            )
            assert to_hex(epc) == whole_words(row["hex"]), form


@over("vector", "hex_partial", "uri_parse")
def test_uris_parse_to_what_the_source_gives_and_come_back_unchanged(row: Row) -> None:
    for form in ("tag_uri", "pure_identity_uri", "digital_link"):
        if row[form]:
            epc = parse(row[form])
            check_columns(row, epc, form, "gs1_key", "serial")


@over("gs1_element")
def test_a_uri_gives_its_element_string(row: Row) -> None:
    epc = parse(row["pure_identity_uri"])
    assert epc.element_string == BY_THE_STANDARD.get(row["id"], row["expected"])


@pytest.mark.parametrize("row", [r for r in ROWS if "GTIN_TYPE" in r["note"]], ids=lambda r: r["id"])
def test_a_gtin_is_shortened_only_if_it_was_that_short(row: Row) -> None:
    length = int(row["note"].split("GTIN_TYPE.GTIN")[1].split('"')[0])
    gtin = parse(row["pure_identity_uri"]).gs1_key
    assert gtin
    if row["kind"] == "gs1_element":
        assert to_length(gtin, length) == row["gs1_key"]
    else:
        with pytest.raises(EpcError, match="cannot be written"):
            to_length(gtin, length)


@over("input_form")
def test_hex_is_read_as_people_and_readers_write_it(row: Row) -> None:
    assert decode_hex(row["hex"]) == decode_hex("3074257BF7194E4000001A85")


@over("invalid_hex", "invalid_uri")
def test_malformed_input_is_refused(row: Row) -> None:
    with pytest.raises(EpcError) as caught:
        parse(row["hex"] or row["tag_uri"] or row["pure_identity_uri"])
    assert caught.value.reason in REASONS[row["expected"]]


def test_a_serial_with_leading_zeros_fits_only_long_codings() -> None:
    row = next(row for row in ROWS if row["expected"] == LEGAL_BUT_NOT_SHORT)
    epc = parse(row["pure_identity_uri"])
    with pytest.raises(EpcError, match="leading zeros"):
        encode(epc, "SGTIN-96")
    assert encode(epc).scheme == "SGTIN-198"


@over("invalid_encode")
def test_what_a_coding_cannot_hold_is_refused(row: Row) -> None:
    # E0564 gives a GTIN and a serial in place of a URI; its company prefix has 7 digits.
    uri = row["pure_identity_uri"] or f"urn:epc:id:sgtin:0614141.812345.{row['serial']}"
    epc = parse(uri)
    with pytest.raises(EpcError) as caught:
        encode(epc, row["scheme"])
    assert caught.value.reason in REASONS[row["expected"]]


@pytest.mark.parametrize(("scheme", "text", "path"), PLUS)
def test_plus_codings_hold_what_the_standard_prints(scheme: str, text: str, path: str) -> None:
    link = f"https://id.gs1.org/{path}"
    epc = decode_hex(text)
    assert (epc.scheme, epc.digital_link) == (scheme, link)
    assert to_hex(encode(parse(link), scheme, filter_value=epc.filter)) == whole_words(text)


def test_codings_of_one_item_have_one_digital_link() -> None:
    # TDS 2.3 §12.3.1: they are equivalent if they correspond to the same Digital Link.
    short = encode_sgtin96("80614141123458", 7, 6789)
    others = [encode(replace(short, scheme="SGTIN"), s) for s in ("SGTIN-198", "SGTIN+")]
    assert {epc.digital_link for epc in (short, *others)} == {"https://id.gs1.org/01/80614141123458/21/6789"}


def test_every_coding_of_the_standard_up_to_2_2_is_there() -> None:
    # TDS 2.3 table 14-1: 22 codings before TDS 2.0 and 12 "+" codings.
    assert sum(not coding.plus for coding in CODINGS.values()) == 22
    assert sum(coding.plus for coding in CODINGS.values()) == 12


def test_the_example_in_the_package_is_true() -> None:
    assert doctest.testmod(epc_package) == (0, 4)
