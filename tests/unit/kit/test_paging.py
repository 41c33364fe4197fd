"""Pages: what we hand out we take back, and nothing else."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onhand.kit import paging
from onhand.kit.errors import InvalidField

KEYS = st.lists(st.text() | st.integers(), min_size=1, max_size=4)


@given(KEYS)
def test_a_token_gives_its_key_back(key: list[str | int]) -> None:
    assert paging.key(paging.token(*key), *map(type, key)) == key


def test_no_token_is_the_first_page() -> None:
    assert paging.key("", str) is None


@given(st.text(min_size=1))
def test_any_other_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidField) as raised:
        paging.key(text, str)
    assert [each.field for each in raised.value.violations] == ["page_token"]


@pytest.mark.parametrize(
    "value", ["s1", 7, None, {"a": 1}, [], ["s1"], ["s1", "2"], ["s1", 2, 3], [2, "s1"], ["s1", None]]
)
def test_a_token_of_another_list_is_refused(value: object) -> None:
    text = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    with pytest.raises(InvalidField):
        paging.key(text, str, int)


@pytest.mark.parametrize(("asked", "given_"), [(0, 100), (1, 1), (1_000, 1_000), (1_001, 1_000)])
def test_the_size_has_a_default_and_a_cap(asked: int, given_: int) -> None:
    assert paging.size(asked) == given_


def test_a_page_is_cut_where_another_follows() -> None:
    assert paging.cut(["a", "b", "c"], 2) == (["a", "b"], "b")
    assert paging.cut(["a", "b"], 2) == (["a", "b"], None)
    assert paging.cut([], 2) == ([], None)
