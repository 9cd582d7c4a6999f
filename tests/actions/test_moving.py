"""`events move` and `init --events`: not a byte of a record changes, one commit each, and nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import gitml
from command_line import fine, ml
from flowing import LINE, STORE, laid, run, run_path
from gitml.errors import BadValue, Conflict
from gitrepo import commit, git, init, write

IN_TREE = STORE.replace(LINE, "tree").replace("main: main", "main: main  # ours")


@pytest.fixture
def store(repo: Path) -> Path:
    """A store in the tree: five runs, one of them cited and one not committed, an environment and a series."""
    series = "metadata/series" + run_path(1).removeprefix("metadata").replace(".yaml", ".csv")
    environment = "environment: environment/3fa9c2d1\n"
    files = {run_path(number): run(number / 10, environment) for number in range(4)}
    files |= {
        "metadata/store.yaml": IN_TREE,
        "metadata/environments/3fa9c2d1.yaml": "schema: environment/1\n",
        "metadata/notes/good.yaml": f"schema: note/1\nof:\n  ref: run/wine/{Path(run_path(2)).stem}\ntext: well done\n",
        series: "step,auc\n1,0.5\n",
    }
    commit(repo, files)
    write(repo, {run_path(4): run(0.4, environment)})
    return repo


def answers(repo: Path) -> tuple[object, ...]:
    opened = gitml.open(repo)
    return opened.rows("run", sort="metrics.auc").rows, opened.kinds().rows, opened.validate().problems


def held(repo: Path) -> Mapping[str, str]:
    """Every file of the store but its settings, wherever it lies."""
    snapshot = gitml.open(repo).snapshot
    found = snapshot.named({path: one for path, one in snapshot.entries.items() if path.startswith("metadata")})
    return {path: entry.oid for path, entry in found.items() if path != "metadata/store.yaml"}


@pytest.mark.parametrize("word", [[], ["--commit", "-m", "ours move"]])
def test_there_and_back_again(store: Path, word: list[str]) -> None:
    before, files, settings = answers(store), held(store), (store / "metadata/store.yaml").read_bytes()
    head = git(store, "rev-parse", "HEAD")
    done = fine(store, "events", "move", *word)
    assert f"7 files of events committed to {LINE}" in done.err
    assert answers(store) == before
    assert held(store) == files
    lying = [path for path in git(store, "ls-files", "-co", "--deduplicate").splitlines() if (store / path).exists()]
    assert sorted(path.split("/")[1] for path in lying if "/" in path) == [
        "environments", "notes", "runs", "store.yaml"
    ]  # fmt: skip
    assert git(store, "rev-list", "--count", "--first-parent", LINE) == "2"
    assert git(store, "rev-parse", f"{LINE}^2") == head
    if word:
        assert git(store, "log", "-1", "--format=%s") == git(store, "log", "-1", "--format=%s", LINE) == "ours move"
        assert not git(store, "status", "--porcelain")
        found = gitml.open(store).validate_range("HEAD~1", "HEAD").problems
        assert {one.path for one in found} <= {run_path(4)}  # which was in no commit before
    else:
        assert git(store, "rev-parse", "HEAD") == head
    tip = git(store, "rev-parse", LINE)
    fine(store, "events", "move", "--to", "tree", *word)
    assert answers(store) == before
    assert held(store) == files
    assert (store / "metadata/store.yaml").read_bytes() == settings
    git(store, "branch", "-q", "-D", LINE)
    git(store, "gc", "-q", "--prune=now")
    assert git(store, "cat-file", "-t", tip) == "commit"


def test_the_past_is_told_as_before(store: Path) -> None:
    (store / run_path(4)).unlink()
    before = [(one.ref, one.commit) for one in gitml.open(store).log().events if one.kind in ("run", "environment")]
    gitml.open(store).move_events(commit=True)
    assert [(one.ref, one.commit) for one in gitml.open(store).log().events if one.ref in dict(before)] == before


def test_what_is_done_already_changes_nothing(store: Path) -> None:
    done = gitml.open(store).move_events("tree")
    assert (done.commit, done.changes, done.warnings) == (None, (), ("events lie in the tree already",))
    gitml.open(store).move_events()
    with pytest.raises(BadValue, match="events lie on gitml/events"):
        gitml.open(store).move_events("other")
    gitml.open(store).move_events("tree")
    with pytest.raises(BadValue, match="is no name for a branch"):
        gitml.open(store).move_events("a..b")


def test_two_accounts_stop_it(store: Path) -> None:
    laid(store, {run_path(1): run(0.99)})
    before = git(store, "status", "--porcelain")
    with pytest.raises(Conflict, match="exists already on gitml/events"):
        gitml.open(store).move_events()
    assert git(store, "status", "--porcelain") == before


def test_init_lets_events_flow(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    fine(repo, "init", "--events", LINE, "--commit")
    fine(repo, "new", "run", "wine", "status=finished")
    assert len(gitml.open(repo).rows("run").rows) == 1
    assert git(repo, "status", "--porcelain") == ""
    assert "git ml events move --to other" in fine(repo, "init", "--events", "other").err
    assert "is no name for a branch" in ml(init(tmp_path / "bad"), "init", "--events", "a..b").err
