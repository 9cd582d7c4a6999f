from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from filter_strategies import cells
from gitml.records.record import MISSING
from gitml.records.sorting import order, sort_key


def _sorted(values: list[Any], *, descending: bool = False) -> list[Any]:
    return [values[place] for place in order(values, descending=descending)]


def test_nan_then_missing_and_null_stand_last_both_ways() -> None:
    values = [MISSING, math.nan, 2, None, "b", 10**400, 0.5, True, "a", [1], {}, -math.inf]
    assert str(_sorted(values)) == str([True, -math.inf, 0.5, 2, 10**400, "a", "b", [1], {}, math.nan, MISSING, None])
    assert str(_sorted(values, descending=True)) == str(
        [{}, [1], "b", "a", 10**400, 2, 0.5, -math.inf, True, math.nan, MISSING, None]
    )


def test_stable_both_ways_so_that_ties_keep_the_order_by_ref() -> None:
    assert order([1, 2, 1.0, 2.0]) == [0, 2, 1, 3]
    assert order([1, 2, 1.0, 2.0], descending=True) == [1, 3, 0, 2]


@given(st.lists(st.one_of(cells, st.lists(cells), st.just(MISSING))), st.booleans())
def test_anything_can_be_sorted(values: list[Any], descending: bool) -> None:  # noqa: FBT001
    places = order(values, descending=descending)
    assert sorted(places) == list(range(len(values)))
    ranks = [sort_key(values[place])[0] for place in places]
    last = [rank for rank in ranks if rank >= sort_key(math.nan)[0]]
    assert ranks[len(ranks) - len(last) :] == sorted(last)
    assert ranks[: len(ranks) - len(last)] == sorted(ranks[: len(ranks) - len(last)], reverse=descending)
