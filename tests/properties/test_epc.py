"""What must hold for every EPC: forms come back unchanged, and only `EpcError` comes out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onhand.stock.domain.epc import (
    CODINGS,
    Epc,
    EpcError,
    decode_binary,
    decode_hex,
    decode_sgtin96_batch,
    encode,
    encode_sgtin96,
    parse,
    to_binary,
    to_hex,
)
from onhand.stock.domain.epc.charsets import DIGITS
from onhand.stock.domain.epc.codings import Coding
from onhand.stock.domain.epc.families import FAMILIES, Family, Text
from onhand.stock.domain.epc.gtin import check_digit
from onhand.stock.domain.epc.plus import DATE_AIS
from onhand.stock.domain.epc.segments import Integer, NumericString, UnpaddedPartition

quick = settings(max_examples=25, deadline=None)
thorough = settings(max_examples=400, deadline=None)


def texts(spec: Text) -> st.SearchStrategy[str]:
    """Any legal text of a value."""
    if spec.shape:
        return st.from_regex(spec.shape, fullmatch=True).filter(lambda text: len(text) <= spec.longest)
    if spec.numeral:
        largest = 10**spec.longest - 1 if spec.largest is None else spec.largest
        return st.integers(0, largest).map(str)
    return st.text(spec.alphabet, min_size=spec.shortest, max_size=spec.longest)


def digits(count: int) -> st.SearchStrategy[str]:
    """Any `count` digits."""
    return st.text(DIGITS, min_size=count, max_size=count)


@st.composite
def identities(draw: st.DrawFn, family: Family, coding: Coding | None = None) -> Epc:
    """Any EPC of a family that fits the coding, still without it."""
    last = coding.segments[-1] if coding else None
    if isinstance(last, Integer):
        largest = (1 << last.bits) - 1 if last.largest is None else last.largest
        serial = st.integers(0, largest).map(str)
    elif isinstance(last, NumericString):
        serial = st.text(DIGITS, min_size=1, max_size=last.longest)
    else:
        serial = texts(family.values[-1]) if family.values else st.just("")
    key = family.key
    if not key:
        others = tuple(draw(texts(spec)) for spec in family.values[:-1])
        return Epc(family.name, (*others, draw(serial)))

    prefix_length = draw(st.integers(6, 12))
    prefix = draw(digits(prefix_length))
    tail = tuple(draw(digits(2)) for _ in key.tail)
    serials = (draw(serial),) if family.values else ()
    if not key.open:
        reference = draw(digits(key.digits - prefix_length))
    elif coding and isinstance(coding.segments[0], UnpaddedPartition):
        segment = coding.segments[0]
        row = segment.table.by_prefix_length(prefix_length)
        largest = (1 << row.reference_bits) - 1
        if segment.digits_limited:
            largest = min(largest, 10**row.reference_size - 1)
        reference = str(draw(st.integers(0, largest)))
    else:
        # GIAI-202 has room for the most that the General Specifications allow, less 6 digits.
        longest = key.digits - prefix_length
        reference = draw(st.text(key.alphabet, min_size=1, max_size=longest))
    values, length = family.join((prefix, reference, *tail, *serials))
    return Epc(family.name, values, length)


@st.composite
def epcs(draw: st.DrawFn, coding: Coding) -> Epc:
    """Any EPC in a coding."""
    epc = draw(identities(coding.family, coding))
    filter_value = draw(st.integers(0, coding.largest_filter))
    if coding.dated:
        date = f"{draw(st.integers(0, 99)):02d}{draw(st.integers(1, 12)):02d}"
        day = draw(st.integers(0, 28))
        epc = replace(epc, date=(draw(st.sampled_from(DATE_AIS)), f"{date}{day:02d}"))
    return encode(epc, coding.name, filter_value=filter_value)


@pytest.mark.parametrize("coding", CODINGS.values(), ids=lambda coding: coding.name)
@given(data=st.data())
@quick
def test_an_epc_comes_back_from_its_bits_and_every_text_form(coding: Coding, data: st.DataObject) -> None:
    epc = data.draw(epcs(coding))
    assert decode_binary(to_binary(epc)) == epc
    assert decode_hex(to_hex(epc)) == epc
    if epc.tag_uri:
        assert parse(epc.tag_uri) == epc
    if epc.digital_link:
        linked = parse(epc.digital_link)
        assert (linked.scheme, linked.values, linked.date) == (
            coding.family.name,
            epc.values,
            epc.date,
        )


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
@given(data=st.data())
@quick
def test_an_identity_comes_back_from_its_uri_and_its_link(family: Family, data: st.DataObject) -> None:
    epc = data.draw(identities(family))
    assert epc.pure_identity_uri
    assert parse(epc.pure_identity_uri) == epc
    if epc.digital_link:
        assert parse(epc.digital_link) == replace(epc, prefix_length=None)


HEADERS = st.sampled_from([coding.header for coding in CODINGS.values()])


@given(header=st.one_of(HEADERS, st.integers(0, 255)), rest=st.binary(max_size=64))
@thorough
def test_no_bytes_crash_the_decoder_and_what_decodes_encodes(header: int, rest: bytes) -> None:
    try:
        epc = decode_binary(bytes([header]) + rest)
    except EpcError:
        return
    assert decode_binary(to_binary(epc)) == epc
    check_forms(epc)


@given(coding=st.sampled_from(list(CODINGS.values())), data=st.data())
@thorough
def test_no_flipped_bits_crash_the_decoder(coding: Coding, data: st.DataObject) -> None:
    octets = bytearray(to_binary(data.draw(epcs(coding))))
    for at in data.draw(st.lists(st.integers(8, 8 * len(octets) - 1), max_size=3)):
        octets[at // 8] ^= 0x80 >> at % 8
    try:
        epc = decode_binary(bytes(octets))
    except EpcError:
        return
    assert decode_binary(to_binary(epc)) == epc
    check_forms(epc)


def check_forms(epc: Epc) -> None:
    """Every form that a decoded EPC offers can be read again."""
    for form in (epc.tag_uri, epc.pure_identity_uri, epc.digital_link):
        assert form is None or parse(form).values == epc.values


STARTS = st.sampled_from(
    [
        *("", "0x", "30", "F7", "urn:", "urn:epc:tag:", "urn:epc:tag:[att=x01]:"),
        *(f"urn:epc:tag:{c.tag_uri_name}:" for c in CODINGS.values() if c.tag_uri_name),
        *(f"{family.urn}" for family in FAMILIES.values()),
        *(f"https://a.b/{f.key.ai}/" for f in FAMILIES.values() if f.key),
        *("http://", "https://[", "https://id.gs1.org/01/09506000134352/21/"),
    ]
)
PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*"./%?=&#:[]-", "%2F", "%zz", "0614141", "812345", "/21/", "?17="]),
    st.text(DIGITS + "ABCDEFabcdef.%/", max_size=30),
)


@given(start=STARTS, pieces=st.lists(PIECES, max_size=6))
@thorough
def test_no_text_crashes_the_parser_and_what_parses_is_written_again(start: str, pieces: list[str]) -> None:
    try:
        epc = parse(start + "".join(pieces))
    except EpcError:
        return
    check_forms(epc)


@given(text=st.text(), prefix_length=st.integers(-1, 14), serial=st.integers())
@quick
def test_no_gtin_or_serial_crashes_the_encoder(text: str, prefix_length: int, serial: int) -> None:
    with pytest.raises(EpcError):
        encode_sgtin96(text + "x", prefix_length, serial)
    with pytest.raises(EpcError):
        encode_sgtin96("80614141123458", prefix_length, -abs(serial) - 1)


@given(body=digits(13), prefix_length=st.integers(6, 12), serial=st.integers(0, 2**38 - 1))
@thorough
def test_any_gtin_survives_its_tag(body: str, prefix_length: int, serial: int) -> None:
    gtin = body + check_digit(body)
    epc = decode_binary(to_binary(encode_sgtin96(gtin, prefix_length, serial)))
    assert (epc.gs1_key, epc.serial, epc.prefix_length) == (gtin, str(serial), prefix_length)


@st.composite
def near_sgtin96(draw: st.DrawFn) -> bytes:
    """Twelve bytes that mostly begin like an SGTIN-96, often with values just around a limit."""
    header = draw(st.sampled_from([0x30] * 8 + [0x31, 0x00, 0xE2]))
    partition = draw(st.integers(0, 7))
    reference_bits = (4, 7, 10, 14, 17, 20, 24, 4)[partition]
    prefix_digits = max(12 - partition, 5)
    around = st.integers(-2, 2)
    prefix = draw(st.one_of(st.integers(0, 2**40), around.map(lambda n: 10**prefix_digits + n)))
    size = 13 - prefix_digits
    reference = draw(st.one_of(st.integers(0, 2**24), around.map(lambda n: 10**size + n)))
    value = header << 6 | draw(st.integers(0, 7)) << 3 | partition
    value = value << (44 - reference_bits) | prefix % (1 << (44 - reference_bits))
    value = value << reference_bits | reference % (1 << reference_bits)
    value = value << 38 | draw(st.integers(0, 2**38 - 1))
    return value.to_bytes(12, "big")


@given(batch=st.lists(st.one_of(near_sgtin96(), st.binary(min_size=12, max_size=12)), max_size=20))
@settings(max_examples=200, deadline=None)
def test_a_batch_is_what_its_epcs_are_one_by_one(batch: list[bytes]) -> None:
    whole = b"".join(batch)
    decoded = decode_sgtin96_batch(whole)
    rows = np.frombuffer(whole, dtype=np.uint8).reshape(-1, 12)
    assert decode_sgtin96_batch(rows).gtin14.tolist() == decoded.gtin14.tolist()
    # Rows of a larger array, here backwards, are as good as rows side by side.
    assert decode_sgtin96_batch(rows[::-1]).gtin14.tolist() == decoded.gtin14.tolist()[::-1]
    for at, octets in enumerate(batch):
        found = (
            bool(decoded.valid[at]),
            int(decoded.gtin14[at]),
            int(decoded.serial[at]),
            int(decoded.filter[at]),
        )
        assert found == one_by_one(octets)


def one_by_one(octets: bytes) -> tuple[bool, int, int, int]:
    """Return what the batch must find for these twelve bytes."""
    try:
        epc = decode_binary(octets)
    except EpcError:
        return False, 0, 0, 0
    if epc.scheme != "SGTIN-96":
        return False, 0, 0, 0
    return True, int(epc.gs1_key or ""), int(epc.serial or ""), epc.filter or 0


def test_a_batch_has_the_documented_types_and_shapes() -> None:
    decoded = decode_sgtin96_batch(bytes.fromhex("3074257BF7194E4000001A85") * 3)
    assert decoded.valid.tolist() == [True] * 3
    assert decoded.gtin14.tolist() == [80614141123458] * 3
    assert decoded.serial.tolist() == [6789] * 3
    assert decoded.filter.tolist() == [3] * 3
    arrays = (decoded.valid, decoded.gtin14, decoded.serial, decoded.filter)
    assert [a.dtype for a in arrays] == [np.bool_, np.int64, np.int64, np.uint8]
