"""A new kind is one file in schemas/ and no code: a corpus of somebody else's, adopted where it lies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import gitml
from gitrepo import commit, git, init
from replayed import replay

SCHEMA = (Path(__file__).parent / "data" / "pmlb-dataset.yaml").read_text()
DOUBLED = "keywords:\n  -\n  -\nkeywords:\n  - poker\n"
RECORD = """\
# Reviewed by [your name here]
dataset: {name}
description: None yet. See our contributing guide to help us add one.
source:
  - https://example.org/{name}
publication: None yet.
task: {task}
{keywords}target:
  type: continuous
  description: None yet.
  code:
features:
  - name: In1
    type: categorical
    description: # optional but recommended
    code:
  - name: 2
    type: continuous
"""


def tasks(store: gitml.Store, rev: str) -> dict[str, int]:
    """How many records of each task there are at a commit."""
    found = store.at(rev).rows("pmlb-dataset", columns=["task"]).rows
    told = [str(row["task"]) for row in found]
    return {task: told.count(task) for task in sorted(set(told))}


def check(repo: Path, records: int, broken: str, line: int) -> None:
    """Every readable file is a record that fits its schema; the one that is broken is one problem."""
    store = gitml.open(repo)
    assert store.rows("pmlb-dataset").total == records
    problems = store.validate().problems
    assert [(problem.code, problem.path, problem.line) for problem in problems] == [
        ("yaml.duplicate-key", broken, line)
    ]
    assert store.rows("pmlb-dataset", limit=1).rows[0]["ref"].startswith("pmlb-dataset/")


def test_a_corpus_with_the_same_oddities(tmp_path: Path) -> None:
    repo = init(tmp_path / "corpus")
    files = {
        f"datasets/{number}_Set/metadata.yaml": RECORD.format(
            name=f"{number}_Set",
            task="regression" if number % 2 else "classification",
            keywords=DOUBLED if number == 7 else "keywords:\n  -\n",
        )
        for number in range(40)
    }
    commit(repo, files | {"README.md": "not a record\n", "schemas/mine.json": "{}"})
    commit(repo, {"schemas/pmlb-dataset.yaml": SCHEMA})
    check(repo, 39, "datasets/7_Set/metadata.yaml", 11)
    store = gitml.open(repo)
    assert tasks(store, "HEAD~1") == {"classification": 20, "regression": 19}, "the schema of the store that asks"
    assert store.show("pmlb-dataset/8_Set").data["features"][1]["name"] == 2
    frame = store.table(
        "pmlb-dataset", where="task = 'regression' and dataset like '1%'", columns=["task", "target.type"]
    )
    assert list(frame["ref"])[:2] == ["pmlb-dataset/11_Set", "pmlb-dataset/13_Set"]


@pytest.fixture
def pmlb(real: Path, tmp_path: Path) -> Path:
    """The real corpus, its four snapshots as commits, with our one file beside it."""
    repo = tmp_path / "pmlb"
    replay(real / "EpistasisLab+pmlb", repo)
    (repo / "schemas").mkdir()
    (repo / "schemas" / "pmlb-dataset.yaml").write_text(SCHEMA)
    return repo


def test_pmlb_is_adopted_in_place(pmlb: Path) -> None:
    check(pmlb, 449, "datasets/poker/metadata.yaml", 70)


def test_pmlb_at_each_of_its_commits(pmlb: Path, real: Path) -> None:
    facts = json.loads((real / "FACTS.json").read_text())["EpistasisLab+pmlb"]
    commits = git(pmlb, "rev-list", "--reverse", "main").splitlines()
    store = gitml.open(pmlb)
    for rev, fact in zip(commits, facts.values(), strict=True):
        found = tasks(store, rev)
        broken = len(store.at(rev).snapshot.problems)
        assert sum(found.values()) + broken == fact["records"]
        missing = sum(fact["tasks"].values()) - sum(found.values())
        assert missing == broken
        assert broken <= 1


def test_the_corpus_stays_as_it_was(pmlb: Path) -> None:
    shutil.rmtree(pmlb / "schemas")
    assert git(pmlb, "status", "--porcelain") == ""
    gitml.open(pmlb).validate()
    assert git(pmlb, "status", "--porcelain") == ""
