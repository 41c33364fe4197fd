"""Messages of real shapes, made into observations."""

import json
from typing import Any

import pytest

from onhand.kit.errors import InvalidEpc, InvalidField, OnhandError, TooMany
from onhand.readers import Element, Observation, impinj, plain, zebra

LIMIT = 1_000
TIME = "2026-03-04T12:00:00.5Z"
TIME_NS = 1_772_625_600_500_000_000
EPC_HEX = "3034F8B20001000000000001"


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def tag_event(**tag: Any) -> dict[str, Any]:
    return {
        "timestamp": TIME,
        "hostname": "impinj-14-00-01",
        "eventType": "tagInventory",
        "tagInventoryEvent": {"epcHex": EPC_HEX, "antennaPort": 3, "peakRssiCdbm": -4850} | tag,
    }


def zebra_event(kind: str = "CUSTOM", **tag: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": "2026-03-04T12:00:00.500+0000", "data": {"format": "epc"} | tag}


def only(elements: list[Element]) -> Element:
    (element,) = elements
    return element


def refused(element: Element) -> str:
    assert isinstance(element, OnhandError)
    return element.message


class TestImpinj:
    def test_an_event_tells_reader_tag_antenna_time_and_strength(self) -> None:
        assert impinj.parse(encoded(tag_event()), LIMIT) == [
            Observation("impinj-14-00-01", bytes.fromhex(EPC_HEX), 3, TIME_NS, -4850)
        ]

    def test_one_object_an_array_and_a_line_each_are_the_same(self) -> None:
        event = tag_event()
        array = impinj.parse(encoded([event, event]), LIMIT)
        lines = impinj.parse(encoded(event) + b"\r\n\r\n" + encoded(event) + b"\n", LIMIT)
        assert array == lines == impinj.parse(encoded(event), LIMIT) * 2

    def test_an_object_on_many_lines_is_one_event(self) -> None:
        assert len(impinj.parse(json.dumps(tag_event(), indent=2).encode(), LIMIT)) == 1

    def test_the_epc_is_url_safe_base64_where_hexadecimal_is_absent(self) -> None:
        event = tag_event(epc="4oBp_-8AUAAAAAAB")
        del event["tagInventoryEvent"]["epcHex"]
        observation = only(impinj.parse(encoded(event), LIMIT))
        assert isinstance(observation, Observation)
        assert observation.epc.hex() == "e28069ffef00500000000001"

    def test_tags_that_are_not_gs1s_pass(self) -> None:
        event = tag_event(epc="4oAAAQ==", epcHex="")
        observation = only(impinj.parse(encoded(event), LIMIT))
        assert isinstance(observation, Observation)
        assert observation.epc == b"\xe2\x80\x00\x01"

    def test_the_time_of_the_sight_goes_before_that_of_the_event(self) -> None:
        observation = only(impinj.parse(encoded(tag_event(lastSeenTime="2026-03-04T12:00:00.25Z")), LIMIT))
        assert isinstance(observation, Observation)
        assert observation.read_time_ns == TIME_NS - 250_000_000

    def test_a_reader_without_a_name_has_none(self) -> None:
        event = tag_event()
        del event["hostname"]
        observation = only(impinj.parse(encoded(event), LIMIT))
        assert isinstance(observation, Observation)
        assert observation.reader_id == ""

    @pytest.mark.parametrize(
        "event",
        [
            {"timestamp": TIME, "hostname": "r", "eventType": "inventoryStatus", "inventoryStatusEvent": {}},
            {"eventType": "heartbeat"},
            {"eventType": ["tagInventory"]},
            {},
        ],
    )
    def test_other_events_are_ignored(self, event: dict[str, Any]) -> None:
        assert impinj.parse(encoded(event), LIMIT) == [None]

    def test_unknown_fields_are_tolerated(self) -> None:
        event = tag_event(tagMemoryData=[{"memoryBank": "user"}], phaseAngle=20.8, futureField={"a": [1]})
        assert isinstance(only(impinj.parse(encoded(event), LIMIT)), Observation)

    @pytest.mark.parametrize(
        ("event", "what"),
        [
            ("tag", "a JSON object is expected"),
            ({"eventType": "tagInventory"}, "tagInventoryEvent"),
            ({"tagInventoryEvent": []}, "tagInventoryEvent"),
            (tag_event(epcHex="3034_2"), "3034_2"),
            (tag_event(epcHex="", epc="!"), "'!'"),
            (tag_event(epcHex=None), "neither epcHex nor epc"),
            (tag_event(antennaPort="two"), "antennaPort"),
            (tag_event(peakRssiCdbm="loud"), "peakRssiCdbm"),
            (tag_event(lastSeenTime="yesterday"), "lastSeenTime"),
            (tag_event() | {"timestamp": None}, "timestamp"),
        ],
    )
    def test_a_bad_event_says_what_is_wrong_and_leaves_the_others(self, event: Any, what: str) -> None:
        bad, good = impinj.parse(encoded([event, tag_event()]), LIMIT)
        assert what in refused(bad)
        assert isinstance(good, Observation)

    def test_a_line_that_was_cut_leaves_the_others(self) -> None:
        good, bad = impinj.parse(encoded(tag_event()) + b"\n" + encoded(tag_event())[:40], LIMIT)
        assert isinstance(good, Observation)
        assert "not JSON" in refused(bad)

    def test_smart_reader_posts_its_reads_under_its_name(self) -> None:
        message = {
            "readerName": "door-2",
            "tag_reads": [
                {"epc": EPC_HEX, "firstSeenTimestamp": TIME_NS // 1000, "antennaPort": 1, "peakRssi": -51.25},
                {"epc": EPC_HEX, "firstSeenTimestamp": "today"},
                7,
            ],
        }
        read, no_time, no_object = impinj.parse(encoded(message), LIMIT)
        assert read == Observation("door-2", bytes.fromhex(EPC_HEX), 1, TIME_NS, -5125)
        assert "firstSeenTimestamp" in refused(no_time)
        assert "tag_reads" in refused(no_object)

    def test_smart_reader_reads_count_towards_the_limit(self) -> None:
        with pytest.raises(TooMany):
            impinj.parse(encoded({"tag_reads": [{}] * (LIMIT + 1)}), LIMIT)


class TestZebra:
    @pytest.mark.parametrize("mode", ["SIMPLE", "INVENTORY", "CONVEYOR", "PORTAL", "CUSTOM"])
    def test_every_mode_is_read(self, mode: str) -> None:
        event = zebra_event(mode, idHex=EPC_HEX.lower(), antenna=2, peakRssi=-37, eventNum=1)
        assert zebra.parse(encoded(event), LIMIT) == [
            Observation("", bytes.fromhex(EPC_HEX), 2, TIME_NS, -3700)
        ]

    def test_the_epc_alone_is_enough(self) -> None:
        assert zebra.parse(encoded([zebra_event("SIMPLE", idHex=EPC_HEX)]), LIMIT) == [
            Observation("", bytes.fromhex(EPC_HEX), 0, TIME_NS, 0)
        ]

    @pytest.mark.parametrize(
        "event",
        [
            {"type": "heartbeat", "component": "RG", "data": {"radio_control": {}}, "timestamp": TIME},
            {"type": "BLE_DATA", "data": {"Address": "CF:C7:E6:00:00:01", "RSSI": -66}, "timestamp": TIME},
            {"type": "ERROR", "data": "antenna 2 is not connected"},
            {"type": {}},
            {},
        ],
    )
    def test_what_is_no_sight_of_a_tag_is_ignored(self, event: dict[str, Any]) -> None:
        assert zebra.parse(encoded([event]), LIMIT) == [None]

    @pytest.mark.parametrize(
        ("event", "what"),
        [
            (zebra_event(idHex=EPC_HEX + "_2"), "_2"),
            (zebra_event(), "hexadecimal"),
            ({"type": "SIMPLE", "timestamp": TIME}, "data"),
            (zebra_event(idHex=EPC_HEX, antenna="A"), "data.antenna"),
            (zebra_event(idHex=EPC_HEX, peakRssi="-40"), "data.peakRssi"),
            ({"type": "SIMPLE", "data": {"idHex": EPC_HEX}}, "timestamp"),
        ],
    )
    def test_a_bad_event_says_what_is_wrong_and_leaves_the_others(
        self, event: dict[str, Any], what: str
    ) -> None:
        bad, good = zebra.parse(encoded([event, zebra_event(idHex=EPC_HEX)]), LIMIT)
        assert what in refused(bad)
        assert isinstance(good, Observation)


class TestPlain:
    def test_json_tells_everything_or_only_what_must_be(self) -> None:
        reads = [
            {"epc": EPC_HEX, "antenna": 1, "read_time": TIME, "rssi_dbm": -57.5},
            {"epc": EPC_HEX, "read_time": TIME},
            {"epc": EPC_HEX},
        ]
        full, least, too_little = plain.parse_json(encoded({"reader_id": "dock-1", "reads": reads}), LIMIT)
        assert full == Observation("dock-1", bytes.fromhex(EPC_HEX), 1, TIME_NS, -5750)
        assert least == Observation("dock-1", bytes.fromhex(EPC_HEX), 0, TIME_NS, 0)
        assert "read_time" in refused(too_little)

    @pytest.mark.parametrize("body", [b"[]", b"{}", b"7", b'{"reads": {}}', b"", b"epc,read_time"])
    def test_another_document_is_malformed(self, body: bytes) -> None:
        with pytest.raises(InvalidField, match="body: "):
            plain.parse_json(body, LIMIT)

    def test_csv_is_read_by_its_header(self) -> None:
        rows = ["read_time,epc,rssi_dbm,antenna,note", f"{TIME},{EPC_HEX},-57.5,1,x", f"{TIME},{EPC_HEX},,,"]
        full, least = plain.parse_csv(("\ufeff" + "\r\n".join(rows)).encode(), LIMIT)
        assert full == Observation("", bytes.fromhex(EPC_HEX), 1, TIME_NS, -5750)
        assert least == Observation("", bytes.fromhex(EPC_HEX), 0, TIME_NS, 0)

    def test_a_bad_row_leaves_the_others(self) -> None:
        rows = [f"{EPC_HEX},one,{TIME},", f"xyz,1,{TIME},", f"{EPC_HEX}", f"{EPC_HEX},1,{TIME},nan,surplus"]
        body = "\n".join(["epc,antenna,read_time,rssi_dbm", *rows, f"{EPC_HEX},1,{TIME},-60"]).encode()
        antenna, epc, short, strength, good = plain.parse_csv(body, LIMIT)
        assert "antenna" in refused(antenna)
        assert isinstance(epc, InvalidEpc)
        assert "read_time" in refused(short)
        assert "rssi_dbm" in refused(strength)
        assert isinstance(good, Observation)

    @pytest.mark.parametrize(
        ("body", "what"),
        [
            (b"", "missing: epc, read_time"),
            (b"epc,antenna\nAA,1\n", "missing: read_time"),
            (b'epc,read_time\n"AA,', "not CSV"),
            (b"epc,read_time\n" + b"A" * 200_000, "not CSV"),
            (b"epc,read_time\n\xff,", "not UTF-8"),
        ],
    )
    def test_what_is_no_csv_says_so(self, body: bytes, what: str) -> None:
        with pytest.raises(InvalidField, match=what):
            plain.parse_csv(body, LIMIT)

    def test_rows_past_the_limit_are_too_many(self) -> None:
        with pytest.raises(TooMany):
            plain.parse_csv(b"epc,read_time\n" + b"AA,1\n" * (LIMIT + 1), LIMIT)


class TestMalformed:
    @pytest.mark.parametrize(
        ("body", "what"),
        [
            (b"hello", "not JSON"),
            (b'{"timestamp": ', "not JSON"),
            (b'[{"eventType": "x"},\n{}', "not JSON"),
            (b"{]\n{]\n", "not JSON"),
            (b"7", "object or an array"),
            (b'"text"', "object or an array"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"a":' * 100_000, "nested too deeply"),
            (b"[NaN]", "NaN is not a JSON number"),
            (b"[" + b"9" * 5_000 + b"]", "not usable JSON"),
            (b"\xff\xfe{\x00}\x00", "not UTF-8 at byte 0"),
        ],
    )
    @pytest.mark.parametrize("parse", [impinj.parse, zebra.parse])
    def test_a_body_that_is_no_message_says_why(self, parse: Any, body: bytes, what: str) -> None:
        with pytest.raises(InvalidField, match=what):
            parse(body, LIMIT)

    @pytest.mark.parametrize("parse", [impinj.parse, zebra.parse])
    def test_more_events_than_the_limit_are_too_many(self, parse: Any) -> None:
        with pytest.raises(TooMany):
            parse(b"[" + b"1," * LIMIT + b"1]", LIMIT)
        with pytest.raises(TooMany):
            parse(b"{}\n" * (LIMIT + 1), LIMIT)

    @pytest.mark.parametrize("parse", [impinj.parse, zebra.parse])
    def test_an_empty_body_is_a_message_without_events(self, parse: Any) -> None:
        assert parse(b" \r\n", LIMIT) == []
