"""Experiments under refs/exps: what `dvc exp list --all-commits` says there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gitml.repo.git import Git
from gitml.repo.readers.dvc.experiments import Experiment, experiments
from gitrepo import commit, git, init

PIPELINE = "stages:\n  train:\n    cmd: echo\n    params: [lr]\n"


def by_dvc(repo: Any) -> set[tuple[str, str, str | None]]:
    listed = repo.experiments.ls(all_commits=True).items()
    return {(baseline, name, oid) for baseline, found in listed for name, oid in found}


def by_gitml(place: Path) -> set[tuple[str, str, str | None]]:
    return {(found.baseline, found.name, found.commit) for found in experiments(Git.find(place))}


def test_dvc_lists_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.repo import Repo

    place = init(tmp_path / "repo")
    monkeypatch.chdir(place)
    with Repo.init(str(place)) as repo:
        files = {"dvc.yaml": PIPELINE, "params.yaml": "lr: 0.1\n"}
        first = commit(place, files)
        saved = {}
        for rate in ("0.2", "0.3"):
            (place / "params.yaml").write_text(f"lr: {rate}\n")
            saved[rate] = repo.experiments.save(name=f"rate-{rate.replace('.', '-')}")
        git(place, "checkout", "-q", "--", ".")
        second = commit(place, {"README.md": "a second baseline\n"})
        (place / "params.yaml").write_text("lr: 0.4\n")
        saved["0.4"] = repo.experiments.save()
        # What DVC keeps there besides: its queues, what runs, what was applied, what it is about to write.
        for ref in ("exec/EXEC_HEAD", "apply/ORIG_HEAD", "stash", "celery/stash", "celery/failed", "temp/a1/b2"):
            git(place, "update-ref", f"refs/exps/{ref}", "HEAD")
        third = commit(place, {"README.md": "a third\n"})
        git(place, "update-ref", f"refs/exps/{third[:2]}/{third[2:]}", second)  # never named
        found = experiments(Git.find(place))
        assert by_gitml(place) == by_dvc(repo)
    assert len(found) == 4
    assert {(exp.name, exp.baseline) for exp in found} >= {("rate-0-2", first), ("rate-0-3", first), ("", third)}
    assert {exp.commit for exp in found if exp.name} == set(saved.values())
    assert git(place, "show", f"{saved['0.3']}:params.yaml") == "lr: 0.3"
    assert [exp.baseline for exp in found if exp.commit == saved["0.4"]] == [second]


@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
def test_strange_refs_are_passed_over(tmp_path: Path, options: tuple[str, ...]) -> None:
    place = init(tmp_path / "repo", *options)
    assert experiments(Git.find(place)) == []
    oid = commit(place, {"a": "1"})
    good = f"refs/exps/{oid[:2]}/{oid[2:]}/{{}}"
    git(place, "update-ref", good.format("näme.1"), "HEAD")
    blob = git(place, "rev-parse", "HEAD:a")
    others = (
        good.format("too/deep"),
        f"refs/exps/{oid[:2]}/{oid[2:9]}/short",
        f"refs/exps/zz/{oid[2:]}/x",
        "refs/exps/x",
    )
    for ref in others:
        git(place, "update-ref", ref, "HEAD")
    git(place, "update-ref", good.format("blob"), blob)
    assert experiments(Git.find(place)) == [Experiment("näme.1", oid, oid, good.format("näme.1"))]
