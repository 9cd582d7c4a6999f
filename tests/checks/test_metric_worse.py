"""`metric.worse`: what is promoted shall not be worse than what it replaces, by the metrics' own words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.checks.check import CHECKS, check, whole
from gitml.checks.range import against, at_the_gate
from gitml.checks.worse import metrics
from gitml.errors import Problem
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.views.merits import judged, merits
from gitml.views.metrics import Metrics
from gitrepo import commit, git
from in_memory import store

CREATED = "2026-02-10T09:12:00Z"
OLD, NEW = "01JD7M00000000000000000010", "01JD7M00000000000000000020"
AUC = {"direction": "higher", "tolerance": {"absolute": 0.005}}


def version(held: str, **more: Any) -> dict[str, Any]:
    return {"id": held, "created": CREATED, **more}


def records(chosen: str, old: Any, new: Any, auc: Any = AUC, **more: Any) -> dict[str, Any]:
    """Two versions with these metrics, one of them in production."""
    return {
        "model/wine": {},
        "model/wine@1": version(OLD, metrics=old),
        "model/wine@2": version(NEW, metrics=new),
        "alias/model/wine/production": {"version": chosen, "id": OLD if chosen == "1" else NEW},
        **({"metric/auc": auc} if auc else {}),
        **more,
    }


def found(before: Snapshot, after: Snapshot, *, gate: bool = True) -> list[Problem]:
    scope = whole(after, before)
    object.__setattr__(scope, "gate", gate)
    return check(scope, [metrics])


def judge(old: Any, new: Any, auc: Any = AUC) -> list[Problem]:
    return found(store(records("1", old, new, auc)), store(records("2", old, new, auc)))


def test_it_is_one_of_the_checks() -> None:
    assert metrics in CHECKS


def test_worse_beyond_the_tolerance_is_told_with_both_values() -> None:
    (problem,) = judge({"test": {"auc": 0.912}}, {"test": {"auc": 0.897}})
    assert (problem.code, problem.severity) == ("metric.worse", "error")
    assert (problem.path, problem.field) == ("metadata/aliases/model/wine/production.yaml", "version")
    assert problem.ref == "alias/model/wine/production"
    assert problem.line == 2
    assert problem.message == (
        "model/wine@2 is worse than model/wine@1, which it replaces: test.auc 0.912 -> 0.897"
        " (higher is better, tolerance 0.005)"
    )
    assert "metric/auc" in problem.hint


def test_elsewhere_than_at_the_gate_it_is_a_warning() -> None:
    before, after = (store(records(chosen, {"auc": 0.9}, {"auc": 0.8})) for chosen in "12")
    assert [one.severity for one in found(before, after, gate=False)] == ["warning"]


@pytest.mark.parametrize(
    ("old", "new", "auc", "count"),
    [
        ({"auc": 0.912}, {"auc": 0.9075}, AUC, 0),  # within the tolerance
        ({"auc": 0.912}, {"auc": 0.907}, AUC, 0),  # just within it
        ({"auc": 0.912}, {"auc": 0.906}, AUC, 1),
        ({"auc": 0.912}, {"auc": 0.95}, AUC, 0),  # better
        ({"auc": 0.912}, {"auc": 0.9119}, {"direction": "higher"}, 1),  # without a tolerance any difference counts
        ({"auc": 0.912}, {"auc": 0.83}, {"direction": "higher", "tolerance": {"relative": 0.1}}, 0),
        ({"auc": 0.912}, {"auc": 0.82}, {"direction": "higher", "tolerance": {"relative": 0.1}}, 1),
        ({"auc": 0.912}, {"auc": 0.1}, {"direction": "none"}, 0),
        ({"auc": 0.912}, {"auc": 0.1}, None, 1),  # built in
        ({"loss": 0.1}, {"loss": 0.2}, AUC, 1),  # lower is better
        ({"loss": 0.2}, {"loss": 0.1}, AUC, 0),
        ({"bouquet": 9}, {"bouquet": 1}, AUC, 0),  # nobody says which way is better
        ({"auc": 0.9}, {"f1": 0.1}, AUC, 0),  # nothing in common
        ({"auc": 0.9}, {"auc": float("nan")}, AUC, 0),  # nobody can tell
        ({"auc": 0.9}, {"auc": float("-inf")}, AUC, 1),
        ({"a": {"auc": 0.9}, "b": {"auc": 0.9}}, {"a": {"auc": 0.8}, "b": {"auc": 0.8}}, AUC, 2),
        ({"train": {"auc": 0.99}, "test": {"auc": 0.9}}, {"train": {"auc": 0.95}, "test": {"auc": 0.92}}, AUC, 0),
        ({"train": {"auc": 0.99}}, {"train": {"auc": 0.95}}, AUC, 1),  # there is nothing else
        ({}, {"auc": 0.9}, AUC, 0),
    ],
)  # fmt: skip
def test_what_counts(old: Any, new: Any, auc: Any, count: int) -> None:
    assert len(judge(old, new, auc)) == count


def test_no_change_loosens_the_tolerance_that_it_breaks() -> None:
    loose = {"direction": "higher", "tolerance": {"absolute": 0.5}}
    metrics_of = ({"auc": 0.9}, {"auc": 0.7})
    before = store(records("1", *metrics_of))
    assert len(found(before, store(records("2", *metrics_of, auc=loose)))) == 1
    assert len(found(before, store(records("2", *metrics_of, auc={"direction": "lower"})))) == 1
    assert len(found(before, store(records("2", *metrics_of, auc=None)))) == 1
    assert not found(store(records("1", *metrics_of, auc=loose)), store(records("2", *metrics_of, auc=loose)))


def test_a_stricter_tolerance_that_comes_along_counts_too() -> None:
    before = store(records("1", {"auc": 0.9}, {"auc": 0.897}))
    assert not found(before, store(records("2", {"auc": 0.9}, {"auc": 0.897})))
    assert len(found(before, store(records("2", {"auc": 0.9}, {"auc": 0.897}, auc={"direction": "higher"})))) == 1


def test_a_first_promotion_replaces_nothing_and_an_alias_that_goes_promotes_nothing() -> None:
    with_alias = records("2", {"auc": 0.9}, {"auc": 0.1})
    without = {ref: data for ref, data in with_alias.items() if not ref.startswith("alias/")}
    assert not found(store(without), store(with_alias))
    assert not found(store(with_alias), store(without))


def test_a_deployment_that_serves_another_version_is_a_promotion() -> None:
    def served(ref: str, chosen: str = "1") -> Snapshot:
        deployed = {"deployment/shop": {"serves": {"ref": ref}}}
        return store(records(chosen, {"auc": 0.9}, {"auc": 0.8}, **deployed))

    before = served("model/wine@1")
    (problem,) = found(before, served("model/wine@2"))
    assert (problem.ref, problem.field) == ("deployment/shop", "serves.ref")
    assert not found(before, served("alias/model/wine/production"))  # which chooses the same
    both = found(before, served("alias/model/wine/production", "2"))
    assert [one.ref for one in both] == ["alias/model/wine/production", "deployment/shop"]


def test_where_a_version_has_no_metrics_evaluations_say_them_then_its_run() -> None:
    run = {"status": "finished", "created": CREATED, "metrics": {"test": {"auc": 0.7}}}

    def evaluation(of: str, held: str, auc: float, day: int) -> dict[str, Any]:
        created = f"2026-03-{day:02}T00:00:00Z"
        return {"of": {"ref": of, "id": held}, "created": created, "split": "test", "metrics": {"auc": auc}}

    told = {
        "model/wine@1": version(OLD, metrics={"test": {"auc": 0.9}}),
        "model/wine@2": version(NEW, run="run/wine/01JD7K000000000000000000A0"),
        "run/wine/01JD7K000000000000000000A0": run,
    }
    after = store(records("2", {}, {}) | told)
    assert merits(after, next(after.records("model-version")).ref) == {"test.auc": 0.9}
    (problem,) = found(store(records("1", {}, {}) | told), after)
    assert "test.auc 0.9 -> 0.7" in problem.message
    told |= {
        "evaluation/wine/01JD7N000000000000000000A0": evaluation("model/wine@2", NEW, 0.95, 5),
        "evaluation/wine/01JD7N000000000000000000B0": evaluation("model/wine@2", NEW, 0.85, 4),
        "evaluation/wine/01JD7N000000000000000000C0": evaluation("model/wine@2", OLD, 0.1, 6),  # another of that name
    }
    assert not found(store(records("1", {}, {}) | told), store(records("2", {}, {}) | told))


def test_a_version_that_is_gone_is_known_from_the_base() -> None:
    after = records("2", {"auc": 0.9}, {"auc": 0.8})
    del after["model/wine@1"]
    assert len(found(store(records("1", {"auc": 0.9}, {"auc": 0.8})), store(after))) == 1


@pytest.mark.parametrize("chosen", [3, "9", "", None])
def test_an_alias_that_chooses_nothing_is_another_check_s_business(chosen: Any) -> None:
    after = records("2", {"auc": 0.9}, {"auc": 0.8})
    after["alias/model/wine/production"] = {"version": chosen}
    assert not found(store(records("1", {"auc": 0.9}, {"auc": 0.8})), store(after))


numbers = st.floats(allow_nan=False) | st.integers(-(2**60), 2**60)


@given(st.dictionaries(st.sampled_from(["auc", "loss", "bouquet"]), numbers), st.floats(0, 1))
def test_nothing_is_worse_than_itself(held: dict[str, Any], tolerance: float) -> None:
    rules = [Metrics.of(store({"metric/auc": {"direction": "higher", "tolerance": {"absolute": tolerance}}}))]
    assert all(one.verdict in (None, "same") for one in judged(held, dict(held), rules))


def test_promote_warns_and_does_not_refuse(repo: Path) -> None:
    from command_line import fine

    commit(repo, {"metadata/store.yaml": "schema: store/1\nmain: main\n"})
    fine(repo, "new", "model", "wine")
    for number, auc in (("1", "0.91"), ("2", "0.85")):
        fine(repo, "new", "model-version", f"wine@{number}", f"metrics.auc={auc}")
    fine(repo, "promote", "model/wine@1", "production")
    commit(repo, {})
    said = fine(repo, "promote", "model/wine@2", "production")
    assert "warning metric.worse version: model/wine@2 is worse than model/wine@1" in said.out
    repository = Repository.find(repo)
    problems = against(repository, repository.head(), repository.here())
    assert [(one.code, one.severity) for one in problems] == [("metric.worse", "error")]
    assert at_the_gate(repository, repository.here(), repository.head()).gate
    git(repo, "add", "-A")
    assert fine(repo, "validate", "--staged").out.count("warning metric.worse") == 1
