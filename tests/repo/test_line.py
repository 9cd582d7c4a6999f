"""A snapshot as a stack of trees: the tree at a commit, and the events line as of its date."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitml
from command_line import fine
from flowing import LINE, STORE, laid, run, run_id, run_path
from gitml.repo.git.revision import At
from gitrepo import commit, git, write

DAYS = [f"2026-03-{day:02}T12:00:00+00:00" for day in range(1, 20)]
ENVIRONMENT = "metadata/environments/3fa9c2d1.yaml"


@pytest.fixture
def store(repo: Path) -> Path:
    """Commits of days 1 and 10, runs on the line of days 3, 5 and 12."""
    commit(repo, {"metadata/store.yaml": STORE, "a": "1"}, date=DAYS[0])
    laid(repo, {run_path(1): run(0.1), ENVIRONMENT: "schema: environment/1\n"}, DAYS[2])
    laid(repo, {run_path(2): run(0.2)}, DAYS[4])
    commit(repo, {"a": "2"}, date=DAYS[9])
    laid(repo, {run_path(3): run(0.3)}, DAYS[11])
    return repo


def runs(repo: Path, at: str | None = None) -> list[float]:
    store = gitml.open(repo)
    rows = (store.at(at) if at else store).rows("run", sort="metrics.auc", columns=["metrics.auc"])
    return [row["metrics.auc"] for row in rows.rows]


def test_the_line_is_as_of_a_commit_s_date_and_at_its_tip_today(store: Path) -> None:
    first, second = git(store, "rev-list", "--reverse", "main").split()
    for at in (None, "HEAD", "main", "staged", "worktree"):
        assert runs(store, at) == [0.1, 0.2, 0.3], at
    assert runs(store, first) == []
    assert runs(store, second) == [0.1, 0.2]
    assert runs(store, "2026-03-04") == [0.1]
    assert runs(store, "2026-03-12") == [0.1, 0.2, 0.3]


def test_both_commits_are_named(store: Path) -> None:
    events = git(store, "rev-list", "--reverse", LINE).split()
    head = git(store, "rev-parse", "HEAD")
    assert gitml.open(store).snapshot.at == At("worktree", events=events[2])
    assert gitml.open(store).at("HEAD").snapshot.at == At("commit", head, events[2])
    assert gitml.open(store).at(head).snapshot.at.events == events[1]
    assert gitml.open(store).at("HEAD~1").snapshot.at.events is None


def test_every_view_sees_both(store: Path) -> None:
    commit(store, {"metadata/models/wine.yaml": "schema: model/1\n"}, date=DAYS[14])
    opened = gitml.open(store)
    ref = f"run/wine/{run_id(1)}"
    assert opened.show(ref).data["metrics"] == {"auc": 0.1}
    assert opened.show("environment/3fa9c2d1").path == ENVIRONMENT
    assert opened.table("run")["metrics.auc"].tolist() == [0.1, 0.2, 0.3]
    found = {row["kind"]: row["records"] for row in opened.kinds().rows}
    assert found["run"] == 3
    assert found["model"] == 1
    added = [one.ref for one in opened.diff("HEAD~2", "HEAD~1")]
    assert added == ["environment/3fa9c2d1", *(f"run/wine/{run_id(number)}" for number in (1, 2))]
    assert [one.ref for one in opened.diff("HEAD~1", "main")] == ["model/wine", f"run/wine/{run_id(3)}"]
    assert not opened.validate().problems


def test_only_events_are_taken_from_the_line(store: Path) -> None:
    laid(
        store, {"metadata/models/other.yaml": "schema: model/1\n", "schemas/x.yaml": "a: 1\n", "dvc.yaml": "stages:\n"}
    )
    snapshot = gitml.open(store).snapshot
    assert {path for path in snapshot.entries if path not in git(store, "ls-files")} == {
        ENVIRONMENT, *map(run_path, (1, 2, 3))
    }  # fmt: skip
    assert [record.ref.kind for record in snapshot.records()] == ["environment", "run", "run", "run"]


def test_what_stands_in_both_is_the_tree_s(store: Path) -> None:
    commit(store, {run_path(1): run(0.1), run_path(9): run(0.9)})
    assert runs(store) == [0.1, 0.2, 0.3, 0.9]
    (store / run_path(1)).write_text(run(0.11))
    assert runs(store) == [0.11, 0.2, 0.3, 0.9]
    assert runs(store, "staged") == [0.1, 0.2, 0.3, 0.9]
    (store / run_path(1)).unlink()
    (store / run_path(9)).unlink()
    assert runs(store) == [0.1, 0.2, 0.3]
    assert [one.op for one in gitml.open(store).diff()] == ["removed"]


def test_a_line_that_goes_on_is_seen(store: Path) -> None:
    opened = gitml.open(store)
    before = opened.at("HEAD").snapshot
    assert len(list(before.records("run"))) == 3
    laid(store, {run_path(4): run(0.4)})
    opened.refresh()
    assert len(opened.rows("run").rows) == 4
    assert len(list(opened.repository.head().records("run"))) == 4
    assert len(list(before.records("run"))) == 3


def test_the_remote_s_line_counts_where_it_is_ahead(store: Path) -> None:
    git(store, "config", "remote.origin.url", "elsewhere")
    tip = git(store, "rev-parse", LINE)
    git(store, "update-ref", f"refs/remotes/origin/{LINE}", tip)
    git(store, "update-ref", f"refs/heads/{LINE}", f"{LINE}~1")
    assert runs(store) == [0.1, 0.2, 0.3]
    git(store, "update-ref", "-d", f"refs/heads/{LINE}")
    assert runs(store) == [0.1, 0.2, 0.3]
    git(store, "update-ref", f"refs/heads/{LINE}", tip)
    laid(store, {run_path(4): run(0.4)})
    assert runs(store) == [0.1, 0.2, 0.3, 0.4]


def test_without_the_line_there_is_the_tree(repo: Path) -> None:
    commit(repo, {"metadata/store.yaml": STORE, run_path(1): run(0.1)})
    assert runs(repo) == [0.1]
    assert gitml.open(repo).snapshot.at.events is None


def test_an_old_commit_has_its_events_where_its_own_settings_say(repo: Path) -> None:
    commit(repo, {"metadata/store.yaml": STORE.replace(LINE, "tree"), run_path(1): run(0.1)}, date=DAYS[0])
    laid(repo, {run_path(1): run(0.1), run_path(2): run(0.2)}, DAYS[1])
    (repo / run_path(1)).unlink()
    commit(repo, {"metadata/store.yaml": STORE}, date=DAYS[2])
    assert runs(repo, "HEAD~1") == [0.1]
    assert runs(repo) == [0.1, 0.2]


def test_a_large_line_is_known_by_its_folders(repo: Path) -> None:
    """What the index says of it, anew and again, with runs in the tree beside it, and with the line gone on."""
    commit(repo, {"metadata/store.yaml": STORE, run_path(500): run(0.5), run_path(7): run(0.007)})
    laid(repo, {run_path(number): run(number / 1000) for number in range(150)})
    every = [number / 1000 for number in range(150)] + [0.5]
    assert runs(repo) == every
    assert runs(repo) == every
    laid(repo, {run_path(3): None, run_path(600): run(0.6)})
    every = sorted({*every, 0.6} - {0.003})
    assert runs(repo) == runs(repo, "HEAD") == every
    (repo / run_path(500)).write_text(run(0.55))
    assert runs(repo) == [*every[:-2], 0.55, 0.6]


def test_what_is_wrong_on_the_line_is_found_again_and_again(repo: Path) -> None:
    commit(repo, {"metadata/store.yaml": STORE})
    laid(repo, {run_path(number): run(0.5) for number in range(80)})
    assert not gitml.open(repo).validate().problems
    laid(repo, {run_path(3): run(0.5).replace("finished", "gone")})
    assert [one.path for one in gitml.open(repo).validate().problems] == [run_path(3)]
    assert [one.path for one in gitml.open(repo).validate().problems] == [run_path(3)]
    laid(repo, {run_path(3): run(0.5)})
    assert not gitml.open(repo).validate().problems


def test_the_past_of_an_event_is_told_by_the_line(store: Path) -> None:
    laid(store, {run_path(1): run(0.15)}, DAYS[13], parents=(git(store, "rev-parse", "HEAD"),))
    line = git(store, "rev-list", "--first-parent", LINE).split()
    opened, ref = gitml.open(store), f"run/wine/{run_id(1)}"
    log = opened.log(ref)
    assert [(one.event, one.field, one.commit) for one in log.events] == [
        ("changed", "metrics.auc", line[0]), ("created", None, line[-1])
    ]  # fmt: skip
    blamed = {one.field: one.commit for one in opened.blame(ref).fields}
    assert (blamed["metrics.auc"], blamed["status"]) == (line[0], line[-1])
    whole = opened.log()
    assert [one.ref for one in whole.events if one.event == "created" and one.kind == "run"] == [
        f"run/wine/{run_id(number)}" for number in (3, 2, 1)
    ]
    assert [one.ref for one in opened.at("2026-03-04").log().events if one.kind == "run"] == [ref]


def test_a_copy_in_the_tree_is_no_second_beginning(store: Path) -> None:
    commit(store, {run_path(2): run(0.2)}, date=DAYS[14])
    ref = f"run/wine/{run_id(2)}"
    (created,) = gitml.open(store).log(ref).events
    assert created.time == "2026-03-05T12:00:00Z"
    (store / run_path(2)).unlink()
    commit(store, {"a": "3"}, date=DAYS[15])
    assert len(gitml.open(store).log(ref).events) == 1


def test_what_moved_to_the_line_began_in_the_tree(repo: Path) -> None:
    commit(repo, {"metadata/store.yaml": STORE, run_path(1): run(0.1)}, date=DAYS[0])
    laid(repo, {run_path(1): run(0.1)}, DAYS[3])
    (repo / run_path(1)).unlink()
    commit(repo, {"a": "3"}, date=DAYS[4])
    (created,) = [one for one in gitml.open(repo).log().events if one.kind == "run"]
    assert created.commit == git(repo, "rev-parse", "main~1")


def test_over_history_the_line_counts_and_not_what_it_keeps_reachable(store: Path) -> None:
    kept = commit(store, {run_path(8): run(0.8)}, date=DAYS[13])
    git(store, "reset", "-q", "--hard", "HEAD~1")
    laid(store, {run_path(4): run(0.4)}, DAYS[15], parents=(kept,))
    rows = gitml.open(store).rows("run", over="commits", columns=["metrics.auc"], sort="metrics.auc").rows
    assert [row["metrics.auc"] for row in rows] == [0.1, 0.2, 0.3, 0.4]
    line = git(store, "rev-list", "--first-parent", "--reverse", LINE).split()
    assert [row["commit"] for row in rows] == line
    rows = gitml.open(store).at("2026-03-06").rows("run", over="commits", columns=["metrics.auc"]).rows
    assert [row["commit"] for row in rows] == line[:2]


def test_two_accounts_of_one_event_are_a_problem(store: Path) -> None:
    commit(store, {run_path(1): run(0.1)})
    assert not gitml.open(store).validate().problems
    write(store, {run_path(1): run(0.11)})
    (problem,) = gitml.open(store).validate().problems
    assert (problem.code, problem.path, problem.severity) == ("events.differ", run_path(1), "error")
    git(store, "add", "-A")
    assert [one.code for one in gitml.open(store).validate(staged=True).problems] == ["events.differ"]


def test_the_tree_refers_to_no_event_that_it_does_not_hold(store: Path) -> None:
    files = {"metadata/notes/good.yaml": f"schema: note/1\nof:\n  ref: run/wine/{run_id(1)}\ntext: well done\n"}
    write(store, files)
    git(store, "add", "-A")
    for found in (gitml.open(store).validate(), gitml.open(store).validate(staged=True)):
        assert [(one.code, one.field) for one in found.problems] == [("events.absent", "of.ref")]
    git(store, *found.problems[0].hint.split()[3:])
    for found in (gitml.open(store).validate(), gitml.open(store).validate(staged=True)):
        assert not found.problems


def test_every_answer_says_which_events_it_saw(store: Path) -> None:
    events = git(store, "rev-list", "--reverse", LINE).split()
    head = git(store, "rev-parse", "HEAD")
    said = fine(store, "list", "run", "--at", "HEAD", "--format", "json")
    assert said.json["at"] == {"kind": "commit", "commit": head, "events": events[2]}
    assert said.err == f"git ml: HEAD is {head[:12]}, events as of {events[2][:12]}\n"
    assert (
        f"at {head[:12]}, events at {events[1][:12]}" in fine(store, "show", f"run/wine/{run_id(1)}", "--at", head).out
    )
    assert f", events at {events[2][:12]}" in fine(store, "status").out
    diff = fine(store, "diff", "HEAD~1", "HEAD", "--format", "json").json
    assert (diff["from"]["events"], diff["to"]["events"]) == (None, events[2])
