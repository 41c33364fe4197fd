"""Each kind of malformed EPC has its own reason, and a message with the value and the limit."""

import numpy as np
import pytest

from onhand.stock.domain.epc import (
    Epc,
    EpcError,
    EpcReason,
    check_digit,
    decode_binary,
    decode_hex,
    decode_sgtin96_batch,
    encode,
    encode_sgtin96,
    parse,
    to_gtin14,
    to_hex,
    to_length,
)

SGTIN = "3074257BF7194E4000001A85"
SSCC = "3174257BF4499602D2000000"

MALFORMED_HEX = [
    ("", "BAD_HEX", "not hexadecimal"),
    ("0x", "BAD_HEX", "not hexadecimal"),
    ("3074 257B", "BAD_HEX", "nothing between"),
    ("3074257BF7194E4000001A8G", "BAD_HEX", "1A8G"),
    ("3", "TOO_SHORT", "8 bits expected, 4 left"),
    ("E2801160600002000000ABCD", "NOT_GS1_EPC_HEADER", "not a GS1 EPC header: E2"),
    ("00000000", "NOT_GS1_EPC_HEADER", "unprogrammed"),
    ("12345678", "NOT_GS1_EPC_HEADER", "header: 12"),  # a 32-bit tag
    ("FD3795211411234538566CB0AFC525065F18", "UNSUPPORTED_SCHEME", r"SGTIN\+\+"),
    ("30742578", "TOO_SHORT", "SGTIN-96 needs 96 bits, got 32"),
    (SGTIN + "0" * 101, "TOO_LONG", "500 bits are more than the 496"),
    ("307C257BF7194E4000001A85", "BAD_PARTITION", "partition 7"),
    ("3077257BF7194E4000001A85", "VALUE_OUT_OF_RANGE", "company prefix 13197053 .*0 to 9999999"),
    # 17 bits for a reference of 5 digits: 131071 fits the bits and not the digits.
    ("3274257BF7FFFE0000000000", "VALUE_OUT_OF_RANGE", "reference 131071 .*0 to 99999 "),
    # Several libraries let this through.
    ("3174257BF4499602D2000001", "RESERVED_BITS_NOT_ZERO", "24 reserved bits hold 0x1"),
    ("2D74257BF4499602D2800000", "RESERVED_BITS_NOT_ZERO", "0x800000"),
    ("3674257BF6B7A670800000000000000000000000000000000400", "BAD_PADDING", "after the end"),
    ("3674257BF6B7A6000000000000000000000000000000000000", "WRONG_FIELD_LENGTH", "0 characters"),
    ("3674257BF6B7A650000000000000000000000000000000000000", "BAD_CHARACTER", "' '"),
    ("3F74F4E4E612640000000002", "VALUE_OUT_OF_RANGE", "must begin with 1"),
    ("3F74F4E4E612640000000001", "WRONG_FIELD_LENGTH", "0 characters"),
    ("2F320434147494F00000162E", "BAD_CHARACTER", "'I'"),  # CAGE code "CAGIO"
    ("4014F4E4E40C0E72020000000F54", "VALUE_OUT_OF_RANGE", "piece"),
    ("3B0E0CF5E76C9", "TOO_SHORT", "part number"),
    # The "+" codings.
    ("F737952114112345", "TOO_SHORT", "GTIN: 4 bits"),
    ("F73795211411A34538566CB0AFC4", "BAD_CHARACTER", "may not contain 'A'"),
    ("F73795211411234548566CB0AFC4", "BAD_CHECK_DIGIT", "check digit is 3"),
    ("F7379521141123453C566CB0AFC4", "BAD_ENCODING_INDICATOR", "indicator 6"),
    ("F737952114112345380", "WRONG_FIELD_LENGTH", "0 characters, 1 to 20"),
    ("F737952114112345301F", "VALUE_OUT_OF_RANGE", "serial"),
    ("F737952114112345395FFFFFFFFF0", "WRONG_FIELD_LENGTH", "21 characters, 1 to 20"),
    ("F13195211411234548566CB0AFC4", "RESERVED_BITS_NOT_ZERO", "4 reserved"),
    ("FA3952C", "BAD_CHARACTER", "'C'"),
    ("FA395F", "WRONG_FIELD_LENGTH", "2 characters, 4 to 30"),
    ("FB372CDE795211411234538566CB0AFC4", "BAD_DATE", "date type 7 is reserved"),
    ("FB342C5E795211411234538566CB0AFC4", "BAD_DATE", "220230"),
]

MALFORMED_TEXT = [
    ("x" * 2049, "TOO_LONG", "2049 characters are more than the 2048"),
    ("SKU-100", "BAD_HEX", "not hexadecimal"),
    ("urn:epc:id:sgtn:0614141.812345.6789", "UNKNOWN_URI", "sgtn"),
    ("urn:epc:tag:sgtin-64:3.0614141.812345.6789", "UNKNOWN_URI", "sgtin-64"),
    ("urn:uuid:00000000-0000-0000-0000-000000000000", "UNKNOWN_URI", "urn:uuid"),
    ("urn:epc:id:sgtin:0614141.812345", "WRONG_FIELD_COUNT", "3 fields .* got 2"),
    ("urn:epc:id:sscc:0614141.1234567890.1", "BAD_CHARACTER", "'.'"),
    ("urn:epc:tag:sscc-96:3", "WRONG_FIELD_COUNT", "3 fields .* got 1"),
    ("urn:epc:id:sgtin:06141.12345678.1", "WRONG_FIELD_LENGTH", "company prefix .* 6 to 12"),
    ("urn:epc:id:sgtin:0614141.81234.6789", "WRONG_FIELD_LENGTH", "reference .* 6 allowed"),
    ("urn:epc:id:sgtin:0614141.81234x.6789", "BAD_CHARACTER", "'x'"),
    ("urn:epc:id:sgtin:0614141.812345.", "WRONG_FIELD_LENGTH", "serial"),
    ("urn:epc:id:sgtin:0614141.812345." + "1" * 21, "WRONG_FIELD_LENGTH", "1 to 20"),
    ("urn:epc:id:sgtin:0614141.812345.a b", "BAD_CHARACTER", "' '"),
    ("urn:epc:id:sgtin:\u0660614141.812345.1", "BAD_CHARACTER", "\u0660"),
    ("urn:epc:id:sgtin:0614141.812345.32a/b", "UNESCAPED_CHARACTER", "%2F"),
    ("urn:epc:id:sgtin:0614141.812345.32a%2", "BAD_ESCAPE", "two hexadecimal digits"),
    ("urn:epc:id:sgtin:0614141.812345.32a%23b", "BAD_CHARACTER", "'#'"),
    ("urn:epc:id:cpi:0614141.123ABC.012", "LEADING_ZEROS", "012"),
    ("urn:epc:tag:sgtin-96:8.0614141.812345.1", "VALUE_OUT_OF_RANGE", "filter 8 .* 0 to 7"),
    ("urn:epc:tag:sgtin-96:01.0614141.812345.1", "LEADING_ZEROS", "filter 01"),
    ("urn:epc:tag:sgtin-96:x.0614141.812345.1", "BAD_CHARACTER", "filter"),
    ("urn:epc:tag:sgtin-96:3.0614141.812345.01", "LEADING_ZEROS", "serial 01"),
    ("urn:epc:tag:sgtin-96:3.0614141.812345.274877906944", "VALUE_OUT_OF_RANGE", "274877906943"),
    ("urn:epc:tag:giai-96:0.061414112345.4398046511104", "VALUE_OUT_OF_RANGE", "4398046511103"),
    ("urn:epc:tag:cpi-96:0.061414112345.1234.1", "WRONG_FIELD_LENGTH", "1 to 3"),
    ("https://id.gs1.org/", "BAD_DIGITAL_LINK", "no GS1 key"),
    ("https:///01/80614141123458/21/1", "BAD_DIGITAL_LINK", "host"),
    ("https://[::1/01/80614141123458/21/1", "BAD_DIGITAL_LINK", "IPv6"),
    ("https://id.gs1.org/01/80614141123458/99/1", "BAD_DIGITAL_LINK", "22 10 21 235"),
    ("https://id.gs1.org/01/80614141123458/21/1/10/2", "BAD_DIGITAL_LINK", "order"),
    # A service relation instance: no EPC can name it.
    ("https://id.gs1.org/8018/952114112345678906/8019/1", "BAD_DIGITAL_LINK", "takes nothing"),
    ("https://id.gs1.org/01/80614141123458", "NO_SERIAL", "class of things"),
    ("https://id.gs1.org/253/0614141123452", "NO_SERIAL", "class of things"),
    ("https://id.gs1.org/01/80614141123459/21/1", "BAD_CHECK_DIGIT", "check digit is 8"),
    ("https://id.gs1.org/00/106141412345678900", "BAD_CHECK_DIGIT", "check digit is 8"),
    ("https://id.gs1.org/8003/106141411234525678", "BAD_CHARACTER", "must begin with 0"),
    ("https://id.gs1.org/01/80614141123458/21/%2", "BAD_ESCAPE", "two hexadecimal"),
    ("https://id.gs1.org/01/80614141123458/21/%C3%A9", "BAD_CHARACTER", "Ã"),
    ("https://id.gs1.org/01/80614141123458/21/1?17=221332", "BAD_DATE", "221332"),
]


@pytest.mark.parametrize(("text", "reason", "message"), MALFORMED_HEX)
def test_malformed_hex_has_its_reason(text: str, reason: str, message: str) -> None:
    with pytest.raises(EpcError, match=message) as caught:
        decode_hex(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(("text", "reason", "message"), MALFORMED_TEXT)
def test_malformed_text_has_its_reason(text: str, reason: str, message: str) -> None:
    with pytest.raises(EpcError, match=message) as caught:
        parse(text)
    assert caught.value.reason == reason


def test_an_error_carries_its_field_value_and_limit() -> None:
    with pytest.raises(EpcError) as caught:
        parse("urn:epc:tag:sgtin-96:3.0614141.812345.274877906944")
    error = caught.value
    assert (error.field, error.value, error.limit) == (
        "serial",
        "274877906944",
        "0 to 274877906943",
    )
    assert isinstance(error, ValueError)


def test_reasons_are_their_own_names() -> None:
    # They leave the system as text: a reader of an API error finds them here again.
    assert all(reason.value == reason.name for reason in EpcReason)


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        (
            "https://id.gs1.org/01/80614141123458/21/1",
            {"scheme": "SGTIN-96"},
            "PREFIX_LENGTH_NEEDED",
        ),
        (SGTIN, {"scheme": "SSCC-96"}, "SCHEME_MISMATCH"),
        (SGTIN, {"scheme": "SGTIN-64"}, "UNSUPPORTED_SCHEME"),
        (SGTIN, {"prefix_length": 8}, "BAD_PREFIX_LENGTH"),
        (SGTIN, {"prefix_length": 5}, "BAD_PREFIX_LENGTH"),
        (SGTIN, {"filter_value": 8}, "VALUE_OUT_OF_RANGE"),
        (SGTIN, {"filter_value": -1}, "VALUE_OUT_OF_RANGE"),
        (SGTIN, {"scheme": "DSGTIN+"}, "BAD_DATE"),
        ("urn:epc:id:pgln:1234567.89012", {}, "NO_BINARY_CODING"),
        ("urn:epc:class:lgtin:061414.0123456.xyz", {}, "NO_BINARY_CODING"),
        # No coding holds 24 characters behind a company prefix of 7 digits.
        ("urn:epc:id:giai:0614141." + "a" * 24, {}, "WRONG_FIELD_LENGTH"),
        (
            "https://id.gs1.org/8004/0614141",
            {"scheme": "GIAI-96", "prefix_length": 7},
            "WRONG_FIELD_LENGTH",
        ),
    ],
)
def test_what_cannot_be_encoded_has_its_reason(text: str, options: dict[str, str | int], reason: str) -> None:
    with pytest.raises(EpcError) as caught:
        encode(parse(text), **options)  # type: ignore[arg-type]
    assert caught.value.reason == reason


def test_an_epc_without_a_binary_coding_has_no_hex() -> None:
    with pytest.raises(EpcError, match="no binary coding") as caught:
        to_hex(parse("urn:epc:id:sgtin:0614141.812345.6789"))
    assert caught.value.reason is EpcReason.NO_BINARY_CODING


@pytest.mark.parametrize("extra", ["0000", "E28011B02000B30A26BA03B6"])
def test_what_follows_a_whole_epc_is_left_alone(extra: str) -> None:
    # TDS 2.3 §14.4 step 3: truncate to the length of the scheme. Readers append the TID.
    assert decode_hex(SGTIN + extra) == decode_hex(SGTIN)


def test_aidc_data_after_a_plus_epc_is_left_alone() -> None:
    # TDS 2.3 §15.3: toggle 1, and (17) 261231 after the serial.
    bare = decode_hex("F73795211411234538566CB0AFC4")
    assert decode_hex("F7B795211411234538566CB0AFC42EB4CFC") == bare


def test_readers_bytes_and_hex_are_the_same() -> None:
    assert decode_binary(bytes.fromhex(SSCC)) == decode_hex(SSCC.lower())


def test_control_fields_of_a_tag_uri_are_no_part_of_the_epc() -> None:
    # TDS 2.3 §12.2.2.
    tagged = "urn:epc:tag:[att=x01][xpc=x0004]:sgtin-96:3.0614141.812345.6789"
    assert parse(tagged) == decode_hex(SGTIN)


def test_escapes_may_be_lower_case_and_needless_and_are_written_the_normal_way() -> None:
    epc = parse("urn:epc:id:sgtin:0614141.712345.%332a%2fb")
    assert epc.pure_identity_uri == "urn:epc:id:sgtin:0614141.712345.32a%2Fb"


@pytest.mark.parametrize(
    ("link", "scheme", "values"),
    [
        ("http://shop.example/p/q/01/9506000134352/21/7/", "SGTIN", ("09506000134352", "7")),
        ("https://a.b/01/09506000134352/22/v/10/l/21/7?3103=1#x", "SGTIN", ("09506000134352", "7")),
        ("https://a.b/01/09506000134352/10/l", "LGTIN", ("09506000134352", "l")),
        ("https://a.b/01/09506000134352/235/t", "UPUI", ("09506000134352", "t")),
        ("https://a.b/01/09506000134352/21/00", "SGTIN", ("09506000134352", "00")),
        ("https://a.b/414/9521141123454", "SGLN", ("9521141123454", "0")),
        ("https://a.b/402/95211411234567892", "GSIN", ("95211411234567892",)),
    ],
)  # fmt: skip
def test_links_of_any_owner_name_the_same_things(link: str, scheme: str, values: tuple[str, ...]) -> None:
    epc = parse(link)
    assert (epc.scheme, epc.values) == (scheme, values)


def test_a_link_with_one_date_becomes_a_dsgtin_unless_the_prefix_length_is_known() -> None:
    epc = parse("https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630&3103=1")
    assert epc.date == ("17", "220630")
    assert encode(epc).scheme == "DSGTIN+"
    assert encode(epc, prefix_length=7).scheme == "SGTIN-198"
    assert parse(f"{epc.digital_link}&15=220601").date is None


def test_a_gln_without_extension_has_none_in_its_link() -> None:
    # TDS 2.3 §7.5.
    epc = parse("urn:epc:id:sgln:9521141.12345.0")
    assert epc.digital_link == "https://id.gs1.org/414/9521141123454"
    assert epc.serial == "0"


def test_a_deprecated_coding_is_taken_only_by_name() -> None:
    epc = parse("urn:epc:id:gdti:0614141.12345.006847")
    assert encode(epc).scheme == "GDTI-174"
    assert parse(to_hex(encode(epc, "gdti-113"))).values == epc.values


def test_an_epc_tells_its_company_prefix_where_it_can() -> None:
    assert decode_hex(SGTIN).company_prefix == "0614141"
    assert decode_hex("F73795211411234538566CB0AFC4").company_prefix is None
    assert parse("urn:epc:id:gid:1.2.3").company_prefix is None


def test_gtins_of_every_length_are_one_number() -> None:
    assert check_digit("8061414112345") == "8"
    assert to_gtin14("95010939") == "00000095010939"
    assert to_gtin14("614141123452") == "00614141123452"
    assert to_gtin14("9506000134352") == "09506000134352"
    assert to_length("00614141123452", 12) == "614141123452"
    sgtin = encode_sgtin96("614141123452", 7, 5, filter_value=1)
    assert sgtin.tag_uri == "urn:epc:tag:sgtin-96:1.0614141.012345.5"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("80614141123459", "BAD_CHECK_DIGIT"),
        ("806141411234", "BAD_CHECK_DIGIT"),
        ("8061414112345", "BAD_CHECK_DIGIT"),
        ("806141411234580", "WRONG_FIELD_LENGTH"),
        ("", "WRONG_FIELD_LENGTH"),
        ("8061414112345X", "BAD_CHARACTER"),
    ],
)
def test_what_is_no_gtin_is_refused(text: str, reason: str) -> None:
    with pytest.raises(EpcError) as caught:
        to_gtin14(text)
    assert caught.value.reason == reason


def test_a_negative_serial_is_refused() -> None:
    with pytest.raises(EpcError, match="'-'"):
        encode_sgtin96("80614141123458", 7, -1)


def test_values_are_checked_before_they_are_encoded() -> None:
    with pytest.raises(EpcError, match="check digit"):
        encode(Epc("SGTIN", ("80614141123459", "1")))


def test_a_batch_that_does_not_divide_into_epcs_is_refused() -> None:
    for batch in (b"\x30" * 13, np.zeros((2, 11), np.uint8), np.zeros((2, 12), np.int64)):
        with pytest.raises(EpcError, match=r"shape \(n, 12\)"):
            decode_sgtin96_batch(batch)  # type: ignore[arg-type]


def test_an_empty_batch_has_no_results() -> None:
    assert decode_sgtin96_batch(b"").valid.shape == (0,)
