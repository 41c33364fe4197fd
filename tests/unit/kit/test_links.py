"""Links that let a customer in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from onhand.kit.errors import InvalidToken
from onhand.kit.links import AUDIENCE, Links

OLD, NEW = "o" * 32, "n" * 40


def links(folder: Path, *keys: str) -> Links:
    path = folder / "keys"
    path.write_text("\n".join(keys))
    return Links(path)


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def test_a_link_is_for_its_order_until_its_time(tmp_path: Path) -> None:
    made = links(tmp_path, NEW)
    assert made.order_id(made.token("order-1", soon())) == "order-1"
    with pytest.raises(InvalidToken, match="expired"):
        made.order_id(made.token("order-1", datetime.now(UTC) - timedelta(seconds=1)))


def test_a_new_first_key_signs_and_the_old_one_still_opens(tmp_path: Path) -> None:
    before = links(tmp_path, OLD).token("order-1", soon())
    rotated = links(tmp_path, NEW, OLD)
    assert rotated.order_id(before) == "order-1"
    after = rotated.token("order-1", soon())
    assert links(tmp_path, NEW).order_id(after) == "order-1"
    with pytest.raises(InvalidToken):
        links(tmp_path, NEW).order_id(before)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "order-1", "aud": AUDIENCE},
        {"sub": "order-1", "exp": 9_999_999_999},
        {"sub": "order-1", "exp": 9_999_999_999, "aud": "onhand"},
        {"exp": 9_999_999_999, "aud": AUDIENCE},
    ],
)
def test_a_token_that_lacks_something_opens_nothing(tmp_path: Path, claims: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        links(tmp_path, NEW).order_id(jwt.encode(claims, NEW, "HS256"))


def test_a_token_without_a_signature_opens_nothing(tmp_path: Path) -> None:
    unsigned = jwt.encode({"sub": "order-1", "aud": AUDIENCE, "exp": 9_999_999_999}, None, "none")
    with pytest.raises(InvalidToken):
        links(tmp_path, NEW).order_id(unsigned)


@pytest.mark.parametrize("keys", [(), ("short",), (NEW, "short")])
def test_keys_that_are_too_short_are_refused(tmp_path: Path, keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="32 characters"):
        links(tmp_path, *keys)
