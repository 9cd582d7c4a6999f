"""DataFrames: types kept, NaN and missing told apart, and filters that answer as they do on records."""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_strategies import cells, exprs
from gitml.records.filter import Expr, Reading, parse
from gitml.records.ref import Ref
from gitml.views.compare import Side, compare
from gitml.views.listing import rows, view
from gitml.views.metrics import Metrics
from gitml.views.table import frame, mask, of, table
from in_memory import loose, store

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot


def column(*values: Any) -> pd.Series[Any]:
    """One column; `...` stands for a missing field."""
    data = [{} if value is ... else {"x": value} for value in values]
    return table(rows(loose(*data, {"y": 1}), "thing"))["x"].iloc[: len(values)]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ((1, 2), "Int64"),
        ((1, 0.5), "Float64"),
        ((0.5, math.nan), "Float64"),
        ((True, False), "boolean"),
        (("2025", "x"), "string"),
        (("2025", 2025), "object"),
        ((True, 1), "object"),
        (([1], [2]), "object"),
        ((math.nan, "1"), "object"),
        ((2**60, 0.5), "object"),  # no float holds that integer
        ((None,), "object"),
    ],
)
def test_types(values: tuple[Any, ...], dtype: str) -> None:
    for held in (values, (*values, ...), (..., *values, None)):
        assert column(*held).dtype == dtype


def test_integers_of_64_bits_are_exact() -> None:
    found = column(2**63 - 1, -(2**63), ...)
    assert found.tolist()[:2] == [2**63 - 1, -(2**63)]
    assert found.isna().tolist() == [False, False, True]


def test_integers_beyond_64_bits_are_objects() -> None:
    assert column(2**64, 1).tolist() == [2**64, 1]


def test_nan_is_not_missing() -> None:
    found = column(math.nan, ..., None, 0.5)
    assert found.isna().tolist() == [False, True, True, False]
    assert math.isnan(found.iloc[0])
    assert (found > 0.1).tolist()[3] is True
    kept = table(rows(loose({"x": math.nan}, {}, {"x": 0.5}), "thing"))
    assert kept[kept["ref"] != "thing/002"]["x"].isna().tolist() == [False, True]


def test_null_is_none_among_objects() -> None:
    found = column(1, "a", None, ...)
    assert found.iloc[2] is None
    assert found.iloc[3] is pd.NA
    assert found.isna().tolist() == [False, False, True, True]


def test_text_stays_text() -> None:
    assert column("2025", "1e3", "", "nan", "NA").tolist() == ["2025", "1e3", "", "nan", "NA"]
    assert not column("", "nan").isna().any()


def test_lists_and_mappings_are_objects() -> None:
    assert column([1, [2]], ..., []).iloc[0] == [1, [2]]
    assert column({}, {}).tolist() == [{}, {}]
    assert column([1], [1, 2], {}).tolist() == [[1], [1, 2], {}]


def test_ref_is_a_column_like_any_other() -> None:
    found = table(rows(loose({"b": 1}, {"a": 1}), "thing", sort="-ref"))
    assert list(found.columns) == ["ref", "a", "b"]
    assert found["ref"].tolist() == ["thing/001", "thing/000"]
    assert list(found.index) == [0, 1]


def test_no_rows_keep_their_columns() -> None:
    found = table(rows(store({"run/wine/a": {"metrics": {"auc": 0.5}}}), "run", "metrics.auc > 1"))
    assert found.empty
    assert "metrics.auc" in found.columns


def test_pandas_works_on_it() -> None:
    found = table(rows(loose(*({"g": "ab"[n % 2], "x": n / 2} for n in range(4)), {"g": "a"}), "thing"))
    assert found.groupby("g")["x"].mean().to_dict() == {"a": 0.5, "b": 1.0}
    assert found.sort_values("x", ascending=False)["x"].tolist()[:2] == [1.5, 1.0]
    assert found["x"].max() == 1.5
    found.loc[0, "x"] = 9  # the frame is the user's own
    assert found["x"].max() == 9


# ── filters on tables ─────────────────────────────────────────────────────────────────────────────────────────────

names = st.sampled_from(["a", "b", "m", "a.b"])
records = st.lists(st.dictionaries(names, cells), max_size=6)


def reads_as_text(expr: Expr) -> bool:
    return any(isinstance(leaf, Reading) for leaf in expr.leaves())


@given(records, exprs, st.booleans())
def test_a_mask_says_of_each_row_what_the_filter_says(data: list[dict[str, Any]], expr: Expr, nested: object) -> None:
    if nested:
        data = [{**each, "m": {"x": each["m"], "y": each.get("a")}} if "m" in each else each for each in data]
    if reads_as_text(expr):  # an integer in a column of floats is a float there
        data = [{name: value for name, value in each.items() if type(value) is not int} for each in data]
    held = loose(*data)
    found = mask(expr, table(rows(held, "thing")))
    assert found.tolist() == [expr(record) for record in held.records("thing")]
    assert found.dtype == bool


@given(records, exprs)
def test_a_mask_fits_a_frame_that_was_cut_and_turned(data: list[dict[str, Any]], expr: Expr) -> None:
    found = table(rows(loose(*data), "thing")).iloc[::-2]
    whole = mask(expr, table(rows(loose(*data), "thing")))
    assert mask(expr, found).equals(whole.iloc[::-2])
    assert len(found[mask(expr, found)]) == int(whole.iloc[::-2].sum())


def test_a_mask_reads_frames_of_ones_own() -> None:
    own = pd.DataFrame({"a": ["x", None, "y"], "n": [1.0, math.nan, 3.0], "b": [True, False, True], 7: [1, 2, 3]})
    assert mask(parse("a != 'x'"), own).tolist() == [False, False, True]
    assert mask(parse("n is nan or n > 2"), own).tolist() == [False, True, True]
    assert mask(parse("b = true and `7` is null"), own).tolist() == [True, False, True]
    assert mask(parse("nothing is null"), own).all()


# ── comparisons ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_comparison_has_one_row_a_field() -> None:
    held = store(
        {
            "run/wine/a": {"status": "finished", "metrics": {"auc": 0.91}},
            "run/wine/b": {"status": "finished", "metrics": {"auc": 0.89}, "params": {"lr": 1}},
        }
    )
    found = frame(compare([Side.of(held, Ref.parse(f"run/wine/{n}")) for n in "ab"], Metrics()))
    assert list(found.columns) == [
        "field",
        "same",
        "run/wine/a",
        "run/wine/b",
        "run/wine/b delta",
        "run/wine/b relative",
        "run/wine/b verdict",
    ]
    assert found["field"].tolist() == ["schema", "status", "params.lr", "metrics.auc"]
    assert found["same"].tolist() == [True, True, False, False]
    assert found.loc[2, "run/wine/a"] is pd.NA
    assert found.loc[3, "run/wine/b delta"] == -0.02
    assert found["run/wine/b verdict"].tolist()[3] == "worse"
    assert found["run/wine/b verdict"].isna().tolist() == [True, True, True, False]


@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "m"]), cells), max_size=8), st.sampled_from(["ref", "-a", "b"])
)
def test_a_table_is_the_same_made_of_rows_and_of_columns(data: list[dict[str, Any]], sort: str) -> None:
    held = loose(*data, {"a": 1, "b": 2})
    pd.testing.assert_frame_equal(of(view(held, "thing", sort=sort)), table(rows(held, "thing", sort=sort)))


alike = st.sampled_from(
    [
        st.sampled_from([0, 1, 2**63 - 1, -(2**63)]),
        st.sampled_from([0, 1, 2**53, 0.5, math.nan]),
        st.sampled_from([2**53 + 1, 0.5]),
        st.sampled_from([2**64, 1, None]),
        st.sampled_from([0.5, -0.0, math.nan, math.inf, None]),
        st.sampled_from(["", "adam", "需求", None]),
        st.sampled_from([True, False, None]),
        st.sampled_from([True, 1, 1.0, "1", None, [1], {}]),
    ]
)
long = alike.flatmap(
    lambda values: st.one_of(*(st.lists(st.one_of(*gaps, values), max_size=40) for gaps in ([], [st.just(...)] * 9)))
)


def kept(values: list[Any], others: list[Any]) -> Snapshot:
    """Records with `x` and `y`, where they have them."""
    pairs = zip_longest(values, others, fillvalue=...)
    return loose(*({name: value for name, value in zip("xy", pair, strict=True) if value is not ...} for pair in pairs))


@given(long, long, st.sampled_from(["", "x is null", "x > 0", "y = 'adam'"]), st.sampled_from(["ref", "-x"]))
def test_a_table_of_packed_columns_is_the_same(xs: list[Any], ys: list[Any], where: str, sort: str) -> None:
    held = kept([*xs, 1], [*ys, "adam"])
    wanted = table(rows(held, "thing", where, sort=sort))
    pd.testing.assert_frame_equal(of(view(held, "thing", where, sort=sort)), wanted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gitml.views.table._LARGE", 0)
        found = of(view(held, "thing", where, sort=sort))
    assert list(found.columns) == list(wanted.columns)
    assert {name: present(found[name]) for name in found} == {name: present(wanted[name]) for name in wanted}
    for text in ("x is nan", "x is null", "x != 1", "not y = 'adam'"):
        assert mask(parse(text), found).equals(mask(parse(text), wanted))


def present(column: pd.Series[Any]) -> list[tuple[int, str]]:
    """The places and values of a column's cells, by type and value."""
    if isinstance(column.dtype, pd.SparseDtype):
        held: Any = column.array
        return [
            (int(place), repr(value))
            for place, value in zip(held.sp_index.indices, held.sp_values.tolist(), strict=True)
        ]
    return [(place, repr(value)) for place, value in enumerate(column.astype(object).tolist()) if value is not pd.NA]


def test_a_rare_column_of_a_large_frame_is_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitml.views.table._LARGE", 100)
    rare = {"f": 0.5, "i": 2**63 - 1, "t": "x", "b": True, "n": math.nan, "l": [1], "z": None}
    data = [{"a": number, **(rare if number == 70 else {})} for number in range(99)]
    found = of(view(loose(*data), "thing"))
    dtypes = {name: str(found[name].dtype) for name in found}
    assert dtypes["a"] == "Int64"
    assert dtypes["f"] == "Sparse[float64, nan]"
    assert {dtypes[name] for name in "itbnl"} == {"Sparse[object, <NA>]"}
    assert {name: found[name].iloc[70] for name in "fitbl"} == {name: rare[name] for name in "fitbl"}
    assert math.isnan(found["n"].iloc[70])
    assert found["n"].iloc[71] is pd.NA
    assert found["i"].dropna().tolist() == [2**63 - 1]
    assert found[found["f"] > 0.1]["a"].tolist() == [70]
