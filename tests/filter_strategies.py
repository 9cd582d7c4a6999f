"""Filters, and rows to ask them of, for the property tests."""

from __future__ import annotations

import math
from datetime import UTC

from hypothesis import strategies as st

from gitml.records.filter import Always, And, Compare, Nan, Not, Null, Or, Reading

names = st.sampled_from(["a", "b", "m", "m.x", "m.y", "`a.b`"])
scalars = st.one_of(
    st.integers(-2, 2),
    st.sampled_from([0.5, 1.0, math.inf, "1", "a", "B", "2026-03-01", "2026-03-01T10:00:00Z", True, False]),
)
cells = st.one_of(scalars, st.none(), st.just(math.nan), st.lists(scalars, max_size=2), st.just({}))
times = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
literals = st.one_of(scalars, st.dates(), times)
ordered = literals.filter(lambda value: not isinstance(value, bool))
leaves = st.one_of(
    st.builds(Compare, names, st.sampled_from(["=", "!="]), literals),
    st.builds(Compare, names, st.sampled_from(["<", "<=", ">", ">="]), ordered),
    st.builds(Compare, names, st.sampled_from(["in", "not in"]), st.lists(literals, min_size=1).map(tuple)),
    st.builds(Compare, names, st.sampled_from(["like", "not like", "ilike", "not ilike"]), st.text("a%_B")),
    st.builds(Reading, st.just("text"), names, st.sampled_from(["=", "!=", "like"]), st.text("1aB%")),
    st.builds(Null, names, st.booleans()),
    st.builds(Nan, names, st.booleans()),
    st.just(Always()),
)
exprs = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
rows = st.dictionaries(names, cells)
