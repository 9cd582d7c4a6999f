"""Small records under another name: told as renamed where they are, and as strangers where they only look alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gitml
from gitml.views.diff import diff
from gitrepo import commit, git
from in_memory import store

ROC = "Area under the ROC curve."
TEAM = ["@cellar-ml"]
WHEN = "2026-02-20T15:00:00Z"


def op(old: tuple[str, dict[str, Any]], new: tuple[str, dict[str, Any]]) -> list[str]:
    there, back = diff(store(dict([old])), store(dict([new]))), diff(store(dict([new])), store(dict([old])))
    assert [one.op == "renamed" for one in there] == [one.op == "renamed" for one in back]
    return [one.op for one in there]


@pytest.mark.parametrize(
    ("old", "new", "was", "now"),
    [
        ("term/auc", "term/area", {"definition": ROC, "unit": "1"}, {"unit": "%"}),
        ("model/wine", "model/grapes", {"description": "Price band of a wine.", "owners": TEAM}, {"owners": ["@b"]}),
        ("model/wine", "model/grapes", {"description": "Price band of a wine.", "owners": TEAM},
         {"description": "Price band of a grape."}),
        ("metric/auc", "metric/auroc", {"direction": "higher", "unit": "ratio", "tolerance": {"absolute": 0.005}},
         {"tolerance": {"absolute": 0.01}}),
        ("metric/auc", "metric/auroc", {"direction": "higher", "description": ROC}, {"direction": "none"}),
        ("decision/tags", "decision/gto", {"title": "Tags count as of then", "status": "proposed", "created": WHEN},
         {"status": "accepted"}),
        ("kpi/revenue", "kpi/turnover",
         {"direction": "higher", "unit": "EUR", "target": 100, "owners": TEAM, "scope": "x"}, {"target": 120}),
    ],
)  # fmt: skip
def test_a_small_record_of_which_one_field_has_changed_is_renamed(
    old: str, new: str, was: dict[str, Any], now: dict[str, Any]
) -> None:
    assert op((old, was), (new, was | now)) == ["renamed"]


@pytest.mark.parametrize(
    ("old", "new", "was", "now"),
    [
        ("decision/tags", "decision/cache", {"status": "accepted", "title": "Tags count as of then"},
         {"title": "No cache across stores"}),
        ("decision/tags", "decision/cache", {"status": "accepted", "decision": "x"}, {"decision": "y"}),
        ("decision/tags", "decision/cache", {"status": "accepted", "created": WHEN, "decision": "x"},
         {"decision": "y"}),
        ("metric/auc", "metric/f1", {"direction": "higher", "unit": "ratio", "tolerance": {"absolute": 0.005}},
         {"tolerance": {"absolute": 0.01}}),
        ("metric/auc", "metric/auroc", {"direction": "higher"}, {"unit": "1"}),
        ("model/wine", "model/fraud", {"owners": TEAM, "description": "Price band of a wine."},
         {"description": "Tells stolen cards from others."}),
        ("term/a", "term/b", {"definition": "x", "unit": "1"}, {"definition": "y"}),
        ("alias/model/wine/staging", "alias/model/wine/canary",
         {"version": "3", "id": "01JD7M00000000000000000030", "since": WHEN, "by": "Mona", "reason": "first"},
         {"reason": "a part of all requests"}),
    ],
)  # fmt: skip
def test_strangers_with_the_same_boilerplate_are_no_rename(
    old: str, new: str, was: dict[str, Any], now: dict[str, Any]
) -> None:
    assert sorted(op((old, was), (new, was | now))) == ["added", "removed"]


def test_log_tells_one_rename_after_a_merge_and_no_deletion(repo: Path) -> None:
    old, new = "metadata/metrics/auc.yaml", "metadata/metrics/auroc.yaml"
    text = "schema: metric/1\ndirection: higher\nunit: ratio\ntolerance:\n  absolute: 0.005\n"
    commit(repo, {old: text, "metadata/store.yaml": "schema: store/1\n"})
    git(repo, "checkout", "-qb", "side")
    git(repo, "mv", old, new)
    renamed = commit(repo, {new: text.replace("0.005", "0.01")})
    assert git(repo, "diff", "-M", "--name-status", "HEAD~1", "--", "metadata").startswith("R0")
    git(repo, "checkout", "-q", "main")
    aside = commit(repo, {old: text.replace("schema: metric/1\n", "schema: metric/1\ndescription: Ours.\n")})
    git(repo, "merge", "-q", "-m", "merge", "side")
    assert "Ours" in (repo / new).read_text()
    for ref in ("metric/auroc", None):
        events = gitml.open(repo).log(ref).events
        told = [(one.commit, one.event) for one in events if one.ref.startswith("metric/")]
        assert [one for one in told if one[1] in {"renamed", "deleted"}] == [(renamed, "renamed")]
        assert (aside, "changed") in told
