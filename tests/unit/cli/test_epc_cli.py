"""`onhand epc` as a person and as a pipe uses it."""

import json

import pytest
from typer.testing import CliRunner, Result

from onhand.cli.epc import app

KEYS = [
    *("input", "scheme", "tag_uri", "pure_identity_uri", "digital_link", "gs1_key"),
    *("serial", "filter", "error"),
]
HEX = "3074257BF7194E4000001A85"
PURE = "urn:epc:id:sgtin:0614141.812345.6789"
LINK = "https://id.gs1.org/01/80614141123458/21/6789"


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run the command without a shell."""
    return CliRunner().invoke(app, list(arguments), input=stdin)


def answers(result: Result) -> list[dict[str, str | int | None]]:
    """Read one JSON object a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_decode_prints_one_object_with_every_key() -> None:
    result = run("decode", HEX)
    assert result.exit_code == 0
    (answer,) = answers(result)
    assert list(answer) == KEYS
    assert answer == {
        "input": HEX,
        "scheme": "SGTIN-96",
        "tag_uri": "urn:epc:tag:sgtin-96:3.0614141.812345.6789",
        "pure_identity_uri": PURE,
        "digital_link": LINK,
        "gs1_key": "80614141123458",
        "serial": "6789",
        "filter": 3,
        "error": None,
    }


def test_decode_reads_every_form_from_standard_input_and_passes_over_blank_lines() -> None:
    lines = [HEX, "urn:epc:tag:gid-96:1.2.3", PURE, LINK]
    result = run("decode", stdin="\n\n".join(lines) + "\r\n")
    assert result.exit_code == 0
    found = answers(result)
    assert [answer["input"] for answer in found] == lines
    assert [answer["scheme"] for answer in found] == ["SGTIN-96", "GID-96", "SGTIN", "SGTIN"]
    # What does not apply is null: no bits are chosen for a pure identity, no filter is in a GID.
    assert [answer["tag_uri"] for answer in found[2:]] == [None, None]
    assert found[1]["filter"] is None
    assert found[1]["digital_link"] is None


def test_a_bad_line_leaves_the_others_alone_and_makes_the_exit_code_1() -> None:
    result = run("decode", "E28011606000020000000001", HEX)
    assert result.exit_code == 1
    bad, good = answers(result)
    assert str(bad["error"]).startswith("NOT_GS1_EPC_HEADER: not a GS1 EPC header: E2")
    assert {bad[key] for key in KEYS[1:-1]} == {None}
    assert good["error"] is None


def test_a_line_that_is_no_text_is_a_bad_line() -> None:
    result = run("decode", stdin=b"\xff\xfe\n" + HEX.encode())
    assert result.exit_code == 1
    assert [answer["error"] is None for answer in answers(result)] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "scheme", "text"),
    [
        ([PURE], "SGTIN-96", "3014257BF7194E4000001A85"),
        (["--filter", "3", PURE], "SGTIN-96", HEX),
        ([PURE + "x"], "SGTIN-198", "3614257BF7194E5B3770E7C"),
        (["urn:epc:tag:sgtin-96:3.0614141.812345.6789"], "SGTIN-96", HEX),
        (["--prefix-length", "7", "--filter", "3", LINK], "SGTIN-96", HEX),
        ([LINK], "SGTIN+", "F7080614141123458046A14"),
        (["--scheme", "sgtin+", "--filter", "3", PURE], "SGTIN+", "F7380614141123458046A14"),
        # A URI that tells its company prefix keeps it, whatever the links beside it need.
        (["--prefix-length", "9", PURE], "SGTIN-96", "3014257BF7194E4000001A85"),
        (["--scheme", "SGTIN-198", "--filter", "1", HEX], "SGTIN-198", "3634257BF7194E5B3770E4"),
    ],
)
def test_encode_prints_what_to_write(arguments: list[str], scheme: str, text: str) -> None:
    result = run("encode", *arguments)
    assert result.exit_code == 0
    (answer,) = answers(result)
    assert list(answer) == [*KEYS, "hex"]
    assert answer["scheme"] == scheme
    assert str(answer["hex"]).rstrip("0") == text.rstrip("0")


def test_encode_says_what_it_lacks() -> None:
    result = run("encode", "--scheme", "SGTIN-96", stdin=f"{LINK}\n{PURE}\n")
    assert result.exit_code == 1
    lacking, fine = answers(result)
    assert str(lacking["error"]).startswith("PREFIX_LENGTH_NEEDED")
    assert list(lacking) == [*KEYS, "hex"]
    assert fine["error"] is None


def test_options_out_of_range_are_a_usage_error() -> None:
    assert run("encode", "--prefix-length", "5", LINK).exit_code == 2


@pytest.mark.parametrize("command", ["decode", "encode"])
def test_help_shows_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"onhand epc {command}" in result.stdout
