"""Values as readers write them."""

from datetime import UTC, datetime

import pytest

from onhand.kit.errors import InvalidEpc, InvalidField
from onhand.readers import fields

NOON_NS = int(datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-03-04T12:00:00Z", 0),
        ("2026-03-04t12:00:00z", 0),
        ("2026-03-04T12:00:00.1Z", 100_000_000),
        ("2026-03-04T12:00:00.123+0000", 123_000_000),
        ("2026-03-04T06:00:00.123456-0600", 123_456_000),
        ("2026-03-04T14:30:00.123456789+02:30", 123_456_789),
        ("2026-03-04 12:00:00.000000001Z", 1),
    ],
)
def test_every_spelling_of_a_time_is_the_same_moment(text: str, ns: int) -> None:
    assert fields.time_ns("timestamp", text) == NOON_NS + ns


def test_a_time_before_1970_keeps_its_fraction() -> None:
    assert fields.time_ns("timestamp", "1969-12-31T23:59:59.25Z") == -750_000_000


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-04T12:00:00",  # whose zone?
        "2026-03-04",
        "2026-02-30T12:00:00Z",
        "2026-03-04T25:00:00Z",
        "0001-01-01T00:00:00+0100",  # before the calendar begins
        "9999-12-31T23:59:59-0100",
        "2026-03-04T12:00:00+25:00",
        "2026-03-04T12:00:00.1234567890Z",
        "٢٠٢٦-03-04T12:00:00Z",  # digits, but not ASCII's
        "",
        None,
        1_772_625_600,
        ["2026-03-04T12:00:00Z"],
    ],
)
def test_what_is_no_time_is_refused_by_the_name_of_its_field(value: object) -> None:
    with pytest.raises(InvalidField, match="timestamp: "):
        fields.time_ns("timestamp", value)


def test_base64_is_read_in_both_alphabets_padded_or_not() -> None:
    wanted = bytes.fromhex("fbefbeff3fffffffffffffff")
    for text in ("++++/z//////////", "----_z__________"):
        assert fields.epc_from_base64(text) == wanted
    assert fields.epc_from_base64("4oAAAA==") == fields.epc_from_base64("4oAAAA") == bytes.fromhex("e2800000")


@pytest.mark.parametrize("value", ["", "=", "A", "AAAAA", "A A=", "AA===", "é", None, 7, "urn:epc:tag"])
def test_what_is_no_base64_is_refused(value: object) -> None:
    with pytest.raises(InvalidEpc):
        fields.epc_from_base64(value)


def test_hexadecimal_is_read_in_both_cases() -> None:
    assert fields.epc_from_hex("E28068aB") == b"\xe2\x80\x68\xab"


@pytest.mark.parametrize("value", ["", "E28", "E2 80", "0xE280", "E2_80", "GG", None, 0xE280, "E280\n"])
def test_what_is_no_hexadecimal_is_refused(value: object) -> None:
    with pytest.raises(InvalidEpc):
        fields.epc_from_hex(value)


def test_signal_strength_becomes_hundredths_of_dbm() -> None:
    assert fields.cdbm("rssi", -5750, 1) == -5750
    assert fields.cdbm("rssi", -57.5, 100) == -5750
    assert fields.cdbm("rssi", -37, 100) == -3700
    assert fields.cdbm("rssi", None, 100) == 0


@pytest.mark.parametrize(
    "value", ["-57", True, float("nan"), float("inf"), -float("inf"), 10**400, {}, 1e300, -1_001]
)
def test_what_is_no_signal_strength_is_refused(value: object) -> None:
    with pytest.raises(InvalidField, match="rssi"):
        fields.cdbm("rssi", value, 100)


@pytest.mark.parametrize("value", [-1, 256, 1.0, "1", True, 10**400])
def test_what_is_no_antenna_is_refused(value: object) -> None:
    with pytest.raises(InvalidField, match="antenna"):
        fields.antenna("antenna", value)


def test_a_reader_that_tells_no_antenna_has_antenna_0() -> None:
    assert fields.antenna("antenna", None) == 0


def test_a_bad_value_is_repeated_in_ascii_and_not_at_length() -> None:
    assert fields.shown("a\n\ud800<") == r"'a\n\ud800<'"
    assert len(fields.shown("x" * 10_000)) <= fields.SHOWN + 1
    assert fields.shown({"deep": []}) == "a dict"
