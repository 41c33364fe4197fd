"""The customer's page says everything in every language."""

import re
from datetime import UTC, datetime
from string import Formatter

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from onhand.edge.pages.rendering import FOLDER
from onhand.edge.pages.wording import FALLBACK, LANGUAGES, Wording, accepted, wording

SAID = re.compile(r"say\('(\w[\w-]*)'[,)]|say\(\"(\w[\w-]*)\"")


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_english_dutch_and_romanian_are_there() -> None:
    assert set(LANGUAGES) >= {"en", "nl", "ro"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_every_text_with_the_same_gaps(code: str) -> None:
    english, texts = LANGUAGES[FALLBACK], LANGUAGES[code]
    assert texts.keys() == english.keys()
    for key, text in english.items():
        if isinstance(text, list):
            assert len(texts[key]) == len(text), key
            assert all(texts[key]), key
        else:
            assert texts[key].strip(), key
            assert gaps(texts[key]) == gaps(text), key


def test_templates_ask_for_texts_that_there_are_and_every_text_is_asked_for() -> None:
    source = "".join(
        path.read_text() for path in [FOLDER / "customer.py", *(FOLDER / "templates").glob("*.html")]
    )
    asked = {first or second for first, second in SAID.findall(source)}
    assert asked <= LANGUAGES[FALLBACK].keys()
    rest = LANGUAGES[FALLBACK].keys() - asked
    in_python = {key for key in rest if f'"{key}"' in source or f"'{key}'" in source}
    by_prefix = {key for key in rest if key.startswith(("state_", "done_"))}
    assert rest - in_python - by_prefix - {"name", "weekdays", "months", "moment"} == set()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (["nl-NL"], "nl"),
        (["fr", "RO-ro"], "ro"),
        (["", "nl"], "nl"),
        (["../en", "x" * 1000], "en"),
        ([], "en"),
    ],
)
def test_the_first_language_that_there_is_serves(wanted: list[str], code: str) -> None:
    assert wording(wanted).code == code


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        ("nl-NL, nl;q=0.9, en;q=0.8", ["nl-NL", "nl", "en"]),
        ("en;q=0.1,ro", ["ro", "en"]),
        ("ro;q=x,nl;q=0.5", ["nl", "ro"]),
        ("", [""]),
    ],
)
def test_a_browsers_wishes_are_taken_in_their_order(header: str, languages: list[str]) -> None:
    assert accepted(header) == languages


@pytest.mark.parametrize(
    ("code", "text"),
    [("en", "Friday 5 June, 14:30"), ("nl", "vrijdag 5 juni, 14:30"), ("ro", "vineri, 5 iunie, 14:30")],
)
def test_a_time_is_the_stores(code: str, text: str) -> None:
    value = Timestamp()
    value.FromDatetime(datetime(2026, 6, 5, 12, 30, tzinfo=UTC))
    assert Wording(code).moment(value, "Europe/Amsterdam") == text
