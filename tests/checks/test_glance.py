"""One walk says yes only where each question, asked alone, does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.checks.glance import INLINE_LIMIT, is_large, is_plain
from gitml.checks.secrets import secrets_in
from gitml.records.canonical import ALPHABETICAL, KeyOrder, in_order
from gitml.records.finite import finite
from yaml_strategies import records

ORDER = KeyOrder({"b": 0, "a": 1}, {"a": KeyOrder({"y": 0, "x": 1})}, items=KeyOrder({"z": 0}))
ODD = ("hf_" + "a" * 30, "https://me:mine@there", "x" * INLINE_LIMIT, float("nan"), float("inf"), "plain", 1.5, None)
named = st.dictionaries(
    st.sampled_from(["a", "b", "x", "y", "z", "password", "other"]),
    st.recursive(
        st.sampled_from(ODD),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abxyz"), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(records | named, st.sampled_from([ALPHABETICAL, ORDER]))
def test_what_is_plain_at_a_glance_is_right_by_every_question(data: dict[str, Any], order: KeyOrder) -> None:
    if is_plain(data, order):
        assert in_order(data, order)
        assert finite(data)
        assert not list(secrets_in(data))
        assert not is_large(data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"a": 1, "b": {"c": ["x", {"y": 0.5}]}},
        {"command": "python train.py --lr 1e-3", "id": "01JH0H8N97H9666MNBTSYZBQ7J", "note": "long, but no secret"},
    ],
)
def test_what_most_records_hold_is_plain(data: dict[str, Any]) -> None:
    assert is_plain(data, ALPHABETICAL)
