"""Bodies made into elements: JSON as one object, an array, or an object a line."""

import json
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from onhand.kit.errors import FieldViolation, InvalidField, OnhandError, TooMany
from onhand.readers import Element, Observation


def malformed(field: str, description: str) -> InvalidField:
    return InvalidField([FieldViolation(field, description)])


def decode(body: bytes) -> str:
    """Return the text of a body; InvalidField when it is not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise malformed("body", f"not UTF-8 at byte {error.start}") from None


def load(text: str) -> Any:
    """Parse one JSON text.

    Raises InvalidField, also for what Python's parser lets through or fails on in its own way: NaN,
    nesting deeper than its stack, integers of thousands of digits.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise malformed(
            "body", f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise malformed("body", "not usable JSON: nested too deeply") from None
    except ValueError as error:
        raise malformed("body", f"not usable JSON: {error}") from None


def events(body: bytes, limit: int) -> list[Any]:
    """Return the events of a body: one object, an array of them, or one on each line.

    A line that is not JSON becomes an error in its place, so that one cut line leaves the others alone.
    Raises InvalidField when nothing is JSON, TooMany for more than `limit` events.
    """
    text = decode(body)
    if not text.strip():
        return []
    try:
        document = load(text)
    except InvalidField as error:
        return _lines(text, limit, error)
    if isinstance(document, list):
        return limited(document, limit)
    if not isinstance(document, dict):
        raise malformed("body", "a JSON object or an array of objects is expected")
    return [document]


def limited(elements: list[Any], limit: int) -> list[Any]:
    if len(elements) > limit:
        raise TooMany("events", len(elements), limit)
    return elements


def observe_each(
    elements: Iterable[Any], observe: Callable[[dict[str, Any]], Observation | None]
) -> list[Element]:
    """Apply `observe` to each element that is an object; what it raises takes the element's place."""
    return [_observe(element, observe) for element in elements]


def _observe(element: Any, observe: Callable[[dict[str, Any]], Observation | None]) -> Element:
    if isinstance(element, OnhandError):
        return element
    if not isinstance(element, dict):
        return malformed("event", "a JSON object is expected")
    try:
        return observe(element)
    except OnhandError as error:
        return error


def _lines(text: str, limit: int, whole: InvalidField) -> list[Any]:
    if not text.lstrip().startswith("{"):
        raise whole  # an array that was cut, or no JSON at all
    elements = [_line(line) for line in limited([line for line in text.split("\n") if line.strip()], limit)]
    if not any(isinstance(element, dict) for element in elements):
        raise whole
    return elements


def _line(line: str) -> Any:
    try:
        return load(line)
    except InvalidField as error:
        return error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
