"""Leaderboards: who stands on them, in which order; how they change; gaps and effects, with the figures by hand."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import BadFilter, BadValue, NotFound
from gitml.views.board import measures
from gitml.views.board.board import Board, leaderboard
from gitml.views.board.effects import effects
from gitml.views.board.gap import gaps
from gitml.views.board.moved import moved
from gitml.views.metrics import Metrics
from in_memory import store

TIME = "2026-02-16T18:03:11Z"


def run(auc: Any = None, status: str = "finished", **more: Any) -> dict[str, Any]:
    metrics = {} if auc is None else {"metrics": {"validation": {"auc": auc}}}
    return {"status": status, "created": TIME, **metrics, **more}


RUNS: Mapping[str, Mapping[str, Any]] = {
    "run/wine/a": run(0.91, params={"lr": 0.01, "model": "tree"}),
    "run/wine/b": run(0.95, params={"lr": 0.1, "model": "tree"}),
    "run/wine/c": run(0.91, params={"lr": 1, "model": "forest"}),
    "run/wine/d": run(math.nan, params={"model": "forest"}),
    "run/wine/e": run(0.99, status="failed"),
    "run/wine/f": run(0.99, deleted=TIME),
    "run/wine/g": run(0.99, reproduces="run/wine/b"),
    "run/wine/h": run(),
    "run/wine/i": run(1, params={"model": "forest"}),
    "run/wine-2/a": run(0.5),
}


def board(records: Mapping[str, Mapping[str, Any]] = RUNS, **asked: Any) -> Board:
    return leaderboard(store(records), "wine", **asked)


def lines(found: Board) -> list[tuple[int | None, str, float]]:
    return [(entry.rank, entry.ref.rpartition("/")[2], entry.value) for entry in found.entries]


def test_the_best_stand_first_ties_share_a_rank_and_nan_has_none() -> None:
    found = board(metric="validation.auc")
    assert [line[:2] for line in lines(found)] == [(1, "i"), (2, "b"), (3, "a"), (3, "c"), (None, "d")]
    assert (found.aim.metric, found.aim.direction) == ("validation.auc", "higher")
    assert found.left_out == {"failed": 1, "deleted": 1, "reproductions": 1, "without validation.auc": 1}


def test_lower_is_better_where_the_metric_says_so() -> None:
    lower = {"metric/auc": {"direction": "lower"}, **RUNS}
    assert [line[1] for line in lines(board(lower))] == ["a", "c", "b", "i", "d"]


def test_a_filter_decides_itself_of_what_it_looks_at() -> None:
    assert [line[1] for line in lines(board(where="status = 'failed'"))] == ["e"]
    assert [line[1] for line in lines(board(where="reproduces is not null or params.lr > 0.05"))] == ["g", "b", "c"]
    with pytest.raises(BadFilter, match=r"params\.lrr"):
        board(where="params.lrr > 1")


def test_what_is_shown_is_the_value_then_params_and_other_metrics() -> None:
    found = board(limit=2).rows
    assert [column.name for column in found.columns][:3] == ["rank", "ref", "metrics.validation.auc"]
    assert found.total == 5
    assert found.rows[1] == {"rank": 2, "ref": "run/wine/b", "metrics.validation.auc": 0.95, "params.lr": 0.1,
                             "params.model": "tree", "created": TIME}  # fmt: skip
    assert [column.name for column in board(columns="status").rows.columns][3:] == ["status"]
    with pytest.raises(NotFound, match="statsu"):
        board(columns="statsu")


def test_by_a_field_stands_the_best_run_of_each_value() -> None:
    rows = board(by="params.model").rows.rows
    told = [(row["rank"], row.get("params.model"), row["runs"], round(row["mean"], 9), row["ref"]) for row in rows]
    assert told == [(1, "forest", 3, 0.955, "run/wine/i"), (2, "tree", 2, 0.93, "run/wine/b")]
    lacking = board(by="params.lr").rows.rows[0]
    assert "params.lr" not in lacking
    assert lacking["runs"] == 2


def test_without_a_metric_the_experiments_objective_counts() -> None:
    objective = {"metric": "validation.odd", "direction": "lower"}
    odd = {
        f"run/wine/{name}": run(metrics={"validation": {"odd": value, "auc": 1}})
        for name, value in zip("ab", (2, 1), strict=True)
    }
    found = board({"experiment/wine": {"status": "active", "objective": objective}, **odd})
    assert lines(found) == [(1, "b", 1), (2, "a", 2)]
    with pytest.raises(BadValue, match=r"nobody says which way validation\.odd is better"):
        board(odd, metric="validation.odd")


def test_what_cannot_be_ranked_is_refused_with_what_there_is() -> None:
    two = {"run/wine/a": run(metrics={"test": {"auc": 1, "loss": 2}, "train": {"auc": 3}})}
    with pytest.raises(BadValue, match=r"which metric.*test\.auc, test\.loss, train\.auc"):
        board(two)
    with pytest.raises(NotFound, match=r"no run of these has a metric validation\.auk") as found:
        board({"run/other/a": run(metrics={"elsewhere": 1}), **RUNS}, metric="validation.auk")
    assert "elsewhere" not in found.value.hint
    assert "validation.auc" in found.value.near
    with pytest.raises(NotFound, match="no run of these has a metric elsewhere"):
        board({"run/other/a": run(metrics={"elsewhere": 1}), **RUNS}, metric="elsewhere")
    with pytest.raises(NotFound) as absent:
        leaderboard(store(RUNS), "wien")
    assert absent.value.near[0] == "wine"


def test_from_board_to_board_runs_enter_leave_and_move() -> None:
    before = {name: RUNS[f"run/wine/{name}"] for name in "abc"}
    after = {**before, "i": RUNS["run/wine/i"], "a": run(0.2)}
    sides = [board({f"run/wine/{name}": held for name, held in one.items()}, limit=2) for one in (before, after)]
    found = moved(*sides)
    told = [
        (move.op, move.either.ref, move.before and move.before.rank, move.after and move.after.rank)
        for move in found.moves
    ]
    assert told == [("entered", "run/wine/i", None, 1), ("moved", "run/wine/b", 1, 2), ("left", "run/wine/a", 2, 4)]
    values = {"metrics.validation.auc.before": 0.91, "metrics.validation.auc.after": 0.2}
    assert found.rows.rows[2] == {"op": "left", "ref": "run/wine/a", "rank.before": 2, "rank.after": 4, **values}
    same = moved(sides[0], sides[0])
    assert (same.moves, same.same) == ((), 2)


def test_a_group_changes_where_another_run_is_its_best() -> None:
    before = {"run/wine/a": run(0.9, params={"model": "tree"})}
    after = {**before, "run/wine/b": run(0.95, params={"model": "tree"})}
    (move,) = moved(board(before, by="params.model"), board(after, by="params.model")).moves
    assert (move.op, move.either.group, move.either.ref) == ("changed", "tree", "run/wine/b")


def test_a_gap_is_told_of_each_metric_that_has_both_splits() -> None:
    metrics = {"train": {"auc": 0.95, "loss": 0.1}, "validation": {"auc": 0.91, "loss": 0.3}, "test": {"auc": 0.95}}
    records = {
        "run/wine/a": run(metrics=metrics),
        "metric/auc": {"direction": "higher", "tolerance": {"absolute": 0.01}},
    }
    snapshot = store(records)
    found = gaps(leaderboard(snapshot, "wine", "validation.auc"), Metrics.of(snapshot))
    told = [(gap.pair.metric, gap.pair.split, gap.delta, gap.verdict) for gap in found.gaps]
    assert told == [
        ("auc", "test", 0.0, "same"),
        ("auc", "validation", -0.04, "worse"),
        ("loss", "validation", 0.2, "worse"),
    ]


@pytest.mark.parametrize(
    ("metrics", "pair"),
    [
        ({"train/loss": 1, "val/loss": 2}, ("loss", "val")),
        ({"loss": 1, "val_loss": 2}, ("loss", "val")),
        ({"train_loss": 1, "loss": 5, "val_loss": 2}, ("loss", "val")),
        ({"loss": 1, "test_loss": 2}, None),
    ],
)
def test_splits_in_one_word_are_known(metrics: dict[str, Any], pair: tuple[str, str] | None) -> None:
    snapshot = store({"run/wine/a": run(metrics=metrics)})
    metric = next(name for name in metrics if name != "loss" and "train" not in name)
    found = gaps(leaderboard(snapshot, "wine", metric), Metrics.of(snapshot)).gaps
    assert [(gap.pair.metric, gap.pair.split) for gap in found] == ([pair] if pair else [])
    assert all(gap.delta == 1 for gap in found)


def test_the_effect_of_a_number_is_a_rank_correlation_and_a_slope() -> None:
    rates = (0.001, 0.01, 0.1, 1.0)
    records = {
        f"run/wine/{n}": run(0.9 - 0.1 * n, params={"lr": rate, "depth": n, "same": 3}) for n, rate in enumerate(rates)
    }
    found = effects(board(records))
    assert [(one.parameter, one.n, one.rho, one.per) for one in found.effects] == [
        ("params.depth", 4, -1.0, "unit"),
        ("params.lr", 4, -1.0, "decade"),
    ]
    assert [one.slope for one in found.effects] == pytest.approx([-0.1, -0.1])
    assert found.skipped == {"constant": ("params.same",)}


def test_the_effect_of_other_values_is_a_mean_each() -> None:
    models = [("tree", 0.5), ("tree", 0.6), ("forest", 0.9), ("forest", 0.8), (True, 0.7), (None, 0.1)]
    params = [{"model": model, "id": f"x{n}"} for n, (model, _auc) in enumerate(models)]
    records = {f"run/wine/{n}": run(models[n][1], params=held) for n, held in enumerate(params)}
    found = effects(board(records))
    (one,) = (effect for effect in found.effects if effect.parameter == "params.model")
    assert [(level.value, level.n, round(level.mean, 6)) for level in one.levels] == [
        ("forest", 2, 0.85),
        (True, 1, 0.7),
        ("tree", 2, 0.55),
    ]
    # n 5, k 3, total 0.1, within 0.01: 1 - 4/2 * 0.1
    assert one.epsilon2 == pytest.approx(0.8)
    assert found.skipped["own to each run"] == ("params.id",)
    assert sum(row["n"] for row in found.rows.rows if row["parameter"] == "params.model") == 5


def test_values_that_are_not_finite_take_no_part_in_effects() -> None:
    records = {f"run/wine/{n}": run(auc, params={"lr": n}) for n, auc in enumerate((math.nan, 1, 2, 3, math.inf))}
    found = effects(board(records))
    assert (found.n, found.effects[0].n, found.effects[0].rho) == (3, 3, 1.0)


numbers = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=20)


@given(numbers)
def test_rho_is_that_of_any_growing_scale(pairs: list[tuple[int, int]]) -> None:
    xs, ys = [float(x) for x, _y in pairs], [float(y) for _x, y in pairs]
    rho = measures.rank_correlation(xs, ys)
    assert rho == measures.rank_correlation([x**3 for x in xs], ys)
    back = measures.rank_correlation(ys, xs)
    assert (rho is None) == (len(set(xs)) == 1 or len(set(ys)) == 1) == (back is None)
    if rho is not None and back is not None:
        assert -1 <= rho <= 1
        assert rho == pytest.approx(back)


def test_ranks_with_ties_are_their_mean() -> None:
    assert measures.ranks([3.0, 1.0, 3.0, 2.0]) == [3.5, 1.0, 3.5, 2.0]
    # Spearman's own example of tied ranks by Kendall's formula, worked by hand: 1 2.5 2.5 4 against 1 2 3 4.
    assert measures.rank_correlation([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(4.5 / math.sqrt(4.5 * 5))


def test_a_board_needs_no_pandas() -> None:
    code = (
        "import sys; sys.path[:0] = {path!r}\n"
        "from in_memory import store\nfrom gitml.views.board.board import leaderboard\n"
        "runs = {{'run/w/a': {{'status': 'finished', 'created': '2026-02-16T18:03:11Z', 'metrics': {{'auc': 1}}}}}}\n"
        "assert leaderboard(store(runs), 'w').rows.total == 1\n"
        "assert not {{'pandas', 'numpy'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code.format(path=sys.path)], check=True)
