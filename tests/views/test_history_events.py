"""The past as events: told once each, by who did it, across merges and renames; git and a model say what is right."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gitml
from gitml.errors import BadValue, NotFound
from gitml.records.record import MISSING
from gitml.records.ref import Ref
from gitml.records.template import digest8
from gitml.repo.git import Git
from gitml.repo.git.graph import Graph
from gitml.repo.git.history import nodes
from gitml.views.history.log import Log
from gitrepo import commit, git, init, write
from histories import Commit, shapes, written
from lines import PATH, REF, Team, alias, teams

MODEL = "metadata/models/wine.yaml"
TEXT = "schema: model/1\ndescription: Price band of a wine.\nowners:\n- '@a'\ntags:\n  one: x\n  two: y\n"


def log(repo: Path, ref: str | None = REF, at: str = "HEAD", **asked: Any) -> Log:
    return gitml.open(repo).at(at).log(ref, **asked)


def said(found: Log) -> list[tuple[str, str | None, Any, Any]]:
    """The events as (event, field, before, after), the oldest first."""
    return [(one.event, one.field, one.before, one.after) for one in reversed(found.events)]


def short(found: Log) -> list[tuple[str, str, str | None]]:
    return [(one.commit, one.event, one.field) for one in found.events]


# ── merges ────────────────────────────────────────────────────────────────────────────────────────────────────────


def right(team: Team, oids: list[str]) -> list[tuple[str, str, str | None, str | None]]:
    return sorted((oids[one.commit], f"tags.{one.field}", one.before, one.after) for one in team.did)


def told(found: Log) -> list[tuple[str, str | None, Any, Any]]:
    return sorted((one.commit, one.field, one.before, one.after) for one in found.events if one.field)


@settings(max_examples=15)
@given(teams())
def test_each_change_is_told_once_however_often_it_was_merged(
    tmp_path_factory: pytest.TempPathFactory, team: Team
) -> None:
    repo = init(tmp_path_factory.mktemp("team") / "repo")
    oids = written(repo, team.commits)
    found = log(repo, at=oids[-1])
    assert told(found) == right(team, oids)
    assert short(found)[-1] == (oids[0], "created", None)
    assert not any(one.merged for one in found.events)
    shutil.rmtree(repo)


@settings(max_examples=10)
@given(teams(evil=True))
def test_what_a_merge_did_itself_is_told_too(tmp_path_factory: pytest.TempPathFactory, team: Team) -> None:
    repo = init(tmp_path_factory.mktemp("team") / "repo")
    oids = written(repo, team.commits)
    found = log(repo, at=oids[-1])
    # The value that a merge replaces is that of one of its sides.
    assert [one[:2] + one[3:] for one in told(found)] == [one[:2] + one[3:] for one in right(team, oids)]
    merges = {oid for oid, one in zip(oids, team.commits, strict=True) if len(one.parents) > 1}
    assert {one.commit for one in found.events if one.merged} <= merges
    shutil.rmtree(repo)


@settings(max_examples=10)
@given(teams(evil=True))
def test_blame_is_that_of_git(tmp_path_factory: pytest.TempPathFactory, team: Team) -> None:
    repo = init(tmp_path_factory.mktemp("team") / "repo")
    oids = written(repo, team.commits)
    lines = git(repo, "blame", "--line-porcelain", oids[-1], "--", PATH)
    told = [(part.partition(" ")[0], part.rpartition("\n\t")[2]) for part in re.split(r"\n(?=[0-9a-f]{40} )", lines)]
    by_git = {line.partition(":")[0].strip(): oid for oid, line in told if line.startswith("  ")}
    ours = {
        one.field.removeprefix("tags."): one.commit
        for one in gitml.open(repo).at(oids[-1]).blame(REF).fields
        if one.field.startswith("tags.")
    }
    assert ours == by_git
    assert len(ours) == 6
    shutil.rmtree(repo)


def replayed(store: gitml.Store, found: Log) -> dict[str, Any] | None:
    """What is there after all events, the oldest first."""
    fields: dict[str, Any] = {}
    here = False
    for one in reversed(found.events):
        if one.field is None:
            here = one.event == "created"
            fields = tags(store.at(one.commit)) if here else {}
        elif one.field is not None and one.after is not MISSING:
            fields[one.field] = one.after
        elif one.field is not None:
            fields.pop(one.field, None)  # gone already where another branch has removed the record meanwhile
    return fields if here else None


def tags(store: gitml.Store) -> dict[str, Any]:
    return {f"tags.{name}": held for name, held in (store.show(REF).data["tags"] or {}).items()}


@st.composite
def wild(draw: st.DrawFn) -> list[Commit]:
    """Any history at all of one record, whose merges take this and that as they like; no two values are alike."""
    commits: list[Commit] = []
    states: list[dict[str, str] | None] = []
    for number in range(draw(st.integers(1, 12))):
        parents = tuple(
            draw(st.lists(st.integers(0, number - 1), min_size=1, max_size=3, unique=True)) if number else ()
        )
        bases = [states[one] for one in parents] or [None]
        state = draw(st.sampled_from(bases))
        whole = [one for one in bases if one is not None]
        if len(whole) > 1 and state is not None:
            names = sorted({name for one in whole for name in one})
            state = {name: held for name in names if (held := draw(st.sampled_from(whole)).get(name))}
        if draw(st.booleans()) or number == 0:
            state = {**(state or {}), draw(st.sampled_from("abc")): f"v{number}"}
        elif draw(st.integers(0, 5)) == 0:
            state = None
        states.append(state)
        commits.append(Commit(parents, {PATH: None if state is None else alias(state)}, draw(st.integers(0, 9))))
    return commits


@settings(max_examples=20)
@given(wild())
def test_to_repeat_all_events_gives_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, commits: list[Commit]
) -> None:
    repo = init(tmp_path_factory.mktemp("wild") / "repo")
    oids = written(repo, commits)
    store = gitml.open(repo).at(oids[-1])
    assert replayed(store, store.log(REF)) == (tags(store) if PATH in store.snapshot.entries else None)
    shutil.rmtree(repo)


def test_a_removal_that_one_merge_undoes_and_the_next_takes_is_told_again(repo: Path) -> None:
    text = alias({"a": "v0"})
    shape = [((), text), ((0,), None), ((1,), None), ((2,), None), ((0, 1), text), ((0, 4, 1), None)]
    oids = written(repo, [Commit(parents, {PATH: held}, 0) for parents, held in shape])
    found = gitml.open(repo).at(oids[-1]).log(REF)
    events = [(oids[0], "created"), (oids[1], "deleted"), (oids[4], "created"), (oids[5], "deleted")]
    assert [(one.commit, one.event) for one in reversed(found.events)] == events
    assert [one.merged for one in found.events] == [True, True, False, False]


def test_a_merge_that_drops_what_came_in_says_so(repo: Path) -> None:
    commit(repo, {PATH: alias({"a": "one"})})
    git(repo, "checkout", "-qb", "side")
    aside = commit(repo, {PATH: alias({"a": "two"})})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"other": "x"})
    git(repo, "merge", "-q", "-s", "ours", "-m", "ours", "side")
    merge = git(repo, "rev-parse", "HEAD")
    found = log(repo)
    assert short(found)[:2] == [(merge, "changed", "tags.a"), (aside, "changed", "tags.a")]
    assert (found.events[0].before, found.events[0].after, found.events[0].merged) == ("two", "one", True)
    assert found.events[0].summary == "tags.a changed by the merge"
    assert gitml.open(repo).blame(REF).fields[-1].commit == merge


def test_a_change_that_was_taken_back_aside_later_than_another_on_main(repo: Path) -> None:
    commit(repo, {PATH: alias({"a": "one"})}, date="2026-03-01T00:00:00+00:00")
    git(repo, "checkout", "-qb", "side")
    commit(repo, {PATH: alias({"a": "two"})}, date="2026-03-02T00:00:00+00:00")
    back = commit(repo, {PATH: alias({"a": "one"})}, date="2026-03-04T00:00:00+00:00")
    git(repo, "checkout", "-q", "main")
    commit(repo, {PATH: alias({"a": "three"})}, date="2026-03-03T00:00:00+00:00")
    git(repo, "merge", "-q", "-m", "merge", "side")
    found = log(repo)
    assert [(one.before, one.after, one.merged) for one in found.events[:2]] == [
        ("one", "three", True),
        ("two", "one", False),
    ]
    assert found.events[1].commit == back
    # Nobody had to decide anything: who made the value is who set it first.
    assert gitml.open(repo).blame(REF).fields[-1].commit == git(repo, "rev-parse", "main^1")


def test_records_that_a_merge_drops_and_restores(repo: Path) -> None:
    commit(repo, {"README": "x"})
    git(repo, "checkout", "-qb", "side")
    commit(repo, {PATH: alias({"a": "one"})})
    git(repo, "checkout", "-q", "main")
    git(repo, "merge", "-q", "--no-ff", "-s", "ours", "-m", "dropped", "side")
    assert [one[0] for one in said(log(repo))] == ["created", "deleted"]
    git(repo, "merge", "-q", "--no-ff", "-m", "nothing", "side")
    git(repo, "checkout", "-q", "side", "--", PATH)
    commit(repo, {})
    git(repo, "checkout", "-qb", "gone")
    git(repo, "rm", "-q", PATH)
    commit(repo, {})
    git(repo, "checkout", "-q", "main")
    git(repo, "merge", "-q", "--no-ff", "-s", "ours", "-m", "kept", "gone")
    events = log(repo).events
    assert [one.event for one in reversed(events)] == ["created", "deleted", "created", "deleted", "created"]
    assert events[0].summary == "alias set to version 1 by the merge"


def test_the_same_change_on_two_sides_is_no_conflict(repo: Path) -> None:
    commit(repo, {PATH: alias({"a": "one"})})
    git(repo, "checkout", "-qb", "side")
    commit(repo, {PATH: alias({"a": "two"})}, "picked")
    last = commit(repo, {PATH: alias({"a": "three"})})
    git(repo, "checkout", "-q", "main")
    commit(repo, {PATH: alias({"a": "two"})}, "picked, too")
    git(repo, "merge", "-q", "--no-ff", "-s", "recursive", "-X", "theirs", "-m", "merge", "side")
    assert not any(one.merged for one in log(repo).events)
    assert len(log(repo).events) == 4
    assert gitml.open(repo).blame(REF).fields[-1].commit == last


def test_several_roots_are_one_history(repo: Path) -> None:
    commit(repo, {PATH: alias({"a": "one"})})
    git(repo, "checkout", "-q", "--orphan", "other")
    git(repo, "rm", "-rfq", ".")
    other = commit(repo, {MODEL: TEXT})
    git(repo, "checkout", "-q", "main")
    git(repo, "merge", "-q", "--allow-unrelated-histories", "-m", "both", "other")
    assert short(log(repo, "model/wine")) == [(other, "created", None)]
    assert [one.event for one in log(repo, None).events] == ["created", "created"]


@settings(max_examples=15)
@given(shapes(), st.data())
def test_the_graph_says_what_git_says(
    tmp_path_factory: pytest.TempPathFactory, shape: list[Commit], data: st.DataObject
) -> None:
    repo = init(tmp_path_factory.mktemp("graph") / "repo")
    oids = written(repo, shape)
    found = Git.find(repo)
    tip = data.draw(st.sampled_from(oids))
    known = nodes(found, [tip])
    graph = Graph(known, tip)
    for one in known:
        after = {node.oid for node in nodes(found, [one.oid])}
        assert {other.oid for other in known if graph.is_ancestor(other.oid, one.oid)} == after
    line = [oid for _seconds, oid in found.first_parents(tip)]
    for one in known:
        merges = list(graph.merges(one.oid))
        assert all(graph.is_ancestor(one.oid, merge) and merge != one.oid for merge in merges)
        assert (one.oid in line) == (not merges)
        assert not merges or merges[0] == next(oid for oid in line if graph.is_ancestor(one.oid, oid))
    shutil.rmtree(repo)


# ── renames ───────────────────────────────────────────────────────────────────────────────────────────────────────


def moved(repo: Path, old: str, new: str, text: str | None = None) -> str:
    (repo / new).parent.mkdir(parents=True, exist_ok=True)
    git(repo, "mv", old, new)
    return commit(repo, {new: text} if text else {})


def test_a_record_is_followed_through_its_names(repo: Path) -> None:
    first = commit(repo, {MODEL: TEXT, "metadata/models/other.yaml": "schema: model/1\n"})
    second = commit(repo, {MODEL: TEXT.replace("two: y", "two: z")})
    third = moved(repo, MODEL, "metadata/models/red.yaml", TEXT.replace("two: y", "two: z").replace("one: x", "one: w"))
    fourth = moved(repo, "metadata/models/red.yaml", "metadata/models/rosso.yaml")
    found = log(repo, "model/rosso")
    assert short(found) == [
        (fourth, "renamed", None),
        (third, "renamed", None),
        (third, "changed", "tags.one"),
        (second, "changed", "tags.two"),
        (first, "created", None),
    ]
    assert (found.events[0].before, found.events[0].after) == ("model/red", "model/rosso")
    assert (found.events[0].old_ref, found.events[0].summary) == ("model/red", "renamed from model/red")
    by_git = git(repo, "log", "--follow", "--format=%H", "--", "metadata/models/rosso.yaml").split()
    assert list(dict.fromkeys(one.commit for one in found.events)) == by_git
    # Under a name of before it is told until it had another.
    assert short(log(repo, "model/red")) == [(fourth, "renamed", None), *short(found)[1:]]
    assert short(log(repo, "model/wine")) == [(third, "renamed", None), *short(found)[3:]]
    assert [one.event for one in log(repo, None).events].count("renamed") == 2
    assert {one.commit for one in gitml.open(repo).blame("model/rosso").fields} == {first, second, third}


def test_another_record_of_the_old_name_is_another_record(repo: Path) -> None:
    first = commit(repo, {MODEL: TEXT})
    second = moved(repo, MODEL, "metadata/models/red.yaml")
    third = commit(repo, {MODEL: "schema: model/1\ndescription: quite another\n"})
    assert short(log(repo, "model/red")) == [(second, "renamed", None), (first, "created", None)]
    assert short(log(repo, "model/wine"))[0] == (third, "created", None)


def test_a_change_under_the_old_name_is_merged_into_the_new(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    git(repo, "checkout", "-qb", "side")
    aside = commit(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    git(repo, "checkout", "-q", "main")
    renamed = moved(repo, MODEL, "metadata/models/red.yaml")
    git(repo, "merge", "-q", "-m", "merge", "side")
    assert "one: w" in (repo / "metadata/models/red.yaml").read_text()
    for ref in ("model/red", None):
        found = log(repo, ref)
        assert {one[:2] for one in short(found)[:2]} == {(renamed, "renamed"), (aside, "changed")}, ref
        assert len(found.events) == 3
        assert not any(one.merged for one in found.events)


def test_versions_are_known_by_their_ids(repo: Path) -> None:
    text = 'schema: model-version/1\nid: 01JD7M5B2R8V0K4T6N9C1Q3W7Y\ncreated: "2026-02-16T18:20:00Z"\n'
    commit(repo, {"metadata/models/wine/1.yaml": text})
    moved(repo, "metadata/models/wine/1.yaml", "metadata/models/wine/2.yaml", text + "by: '@mona'\n")
    assert said(log(repo, "model/wine@2")) == [
        ("created", None, None, None),
        ("changed", "by", MISSING, "@mona"),
        ("renamed", None, "model/wine@1", "model/wine@2"),
    ]


# ── what is told ──────────────────────────────────────────────────────────────────────────────────────────────────

STATUS = "metadata/statuses/model/wine/1.yaml"
RUN = "metadata/runs/wine/1f/01JD7K000000000000000000A0.yaml"


def test_events_in_words(repo: Path) -> None:
    run = gitml.open(repo).snapshot.path(Ref.parse("run/wine/01JD7K000000000000000000A0"))
    text = 'schema: run/1\nstatus: finished\ncreated: "2026-01-01T00:00:00Z"\nmetrics:\n  auc: 0.91\n'
    commit(repo, {run: text, PATH: 'schema: alias/1\nversion: "1"\n', STATUS: "schema: status/1\nstatus: approved\n"})
    commit(repo, {run: text.replace("0.91", "0.90") + "  loss: 1.5\n", PATH: 'schema: alias/1\nversion: "2"\n'})
    commit(repo, {STATUS: "schema: status/1\nstatus: retired\nreason: old\n"})
    git(repo, "rm", "-q", PATH)
    commit(repo, {run: text})
    assert [(one.ref.partition("/")[0], one.field, one.summary) for one in reversed(log(repo, None).events)] == [
        ("status", None, "approved"),
        ("run", None, "run recorded"),
        ("alias", None, "alias set to version 1"),
        ("run", "metrics.loss", "metric added"),
        ("run", "metrics.auc", "metric corrected"),
        ("alias", "version", "alias moved"),
        ("status", "reason", "reason added"),
        ("status", "status", "retired"),
        ("run", "metrics.loss", "metric removed"),
        ("run", "metrics.auc", "metric corrected"),
        ("alias", None, "alias removed"),
    ]


def test_a_deleted_record_has_a_past(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    git(repo, "rm", "-q", MODEL)
    last = commit(repo, {})
    assert short(log(repo, "model/wine"))[0] == (last, "deleted", None)


def test_form_alone_is_no_event(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    commit(repo, {MODEL: TEXT.replace("'@a'", '"@a"') + "# a comment\n"})
    (repo / MODEL).chmod(0o755)
    commit(repo, {})
    commit(repo, {MODEL: TEXT.replace("\n", "\r\n")})
    assert len(log(repo, "model/wine").events) == 1


def test_lists_go_by_their_keys(repo: Path) -> None:
    text = 'schema: dataset-version/1\nid: 01JD7M5B2R8V0K4T6N9C1Q3W7Y\ncreated: "2026-02-16T18:20:00Z"\ncolumns:\n'
    path = "metadata/datasets/wine/1.yaml"
    commit(repo, {path: text + "- name: age\n  type: int\n"})
    commit(repo, {path: text + "- name: hue\n  type: int\n- name: age\n  type: float\n"})
    fields = [(one.field, one.after) for one in log(repo, "dataset/wine@1").events if one.field]
    assert fields == [
        ("columns[name=age].type", "float"),
        ("columns[name=hue].name", "hue"),
        ("columns[name=hue].type", "int"),
    ]
    found = log(repo, "dataset/wine@1", field="columns[name=age]").events
    assert [(one.event, one.field, one.after) for one in found] == [
        ("changed", "columns[name=age].type", "float"),
        ("created", "columns[name=age].name", "age"),
        ("created", "columns[name=age].type", "int"),
    ]
    assert len(log(repo, "dataset/wine@1", field="columns").events) == 5


def test_what_is_asked_for(repo: Path) -> None:
    commit(repo, {MODEL: TEXT}, date="2026-03-01T23:00:00+00:00")
    write(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    env = {"GIT_AUTHOR_NAME": "Inès", "GIT_COMMITTER_DATE": "2026-03-02T00:00:00+00:00"}
    git(repo, "commit", "-qam", "tags", env=env)
    commit(repo, {MODEL: TEXT}, date="2026-03-03T00:00:00+00:00")
    assert len(log(repo, "model/wine").events) == 3
    assert len(log(repo, "model/wine", since="2026-03-01").events) == 3
    assert len(log(repo, "model/wine", since="2026-03-02").events) == 2
    assert len(log(repo, "model/wine", since="2026-03-02T00:00:01Z").events) == 1
    assert [one.author for one in log(repo, "model/wine", author="inès").events] == ["Inès <mona@example.org>"]
    assert len(log(repo, "model/wine", author="MONA@example").events) == 3
    assert len(log(repo, "model/wine", limit=1).events) == 1
    found = log(repo, "model/wine", field="tags", at="HEAD~1").events
    assert [(one.event, one.field, one.before, one.after) for one in found] == [
        ("changed", "tags.one", "x", "w"),
        ("created", "tags.one", MISSING, "x"),
        ("created", "tags.two", MISSING, "y"),
    ]
    assert [one.event for one in log(repo, "model/wine", field="description").events] == ["created"]
    with pytest.raises(NotFound, match=r"never had a field tag .*nearest: tags"):
        log(repo, "model/wine", field="tag")
    with pytest.raises(BadValue, match="neither a date nor a time"):
        log(repo, "model/wine", since="yesterday")
    with pytest.raises(BadValue, match="no such date"):
        log(repo, "model/wine", since="2026-02-30")


def test_a_frame(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    commit(repo, {MODEL: TEXT.replace("one: x", "one: 2")})
    frame = gitml.open(repo).history("model/wine")
    first = ["commit", "time", "author", "event", "ref", "field", "before", "after"]
    assert list(frame.columns)[:8] == first
    assert frame["event"].tolist() == ["changed", "created"]
    assert frame["after"].tolist()[0] == 2
    assert list(gitml.open(repo).history("model/wine", since="2027-01-01").columns)[:8] == first


# ── who and how ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("tags (#12)", "#12"),
        ("tags (!12)", "!12"),
        ("tags\n\nPull-Request: #7", "#7"),
        ("tags\n\nMerge-Request: !7\nReviewed-by: Ines", "!7"),
        ("tags\n\nPR-URL: https://github.com/a/b/pull/9", "#9"),
        ("tags\n\nSee merge request group/proj!31", "!31"),
        ("Merged PR 44: tags", "#44"),
        ("issue #12 is done", None),
        ("tags\n\nPull-Request: #7\n\nnot the last block", None),
    ],
)
def test_the_pull_request_of_a_commit(repo: Path, message: str, wanted: str | None) -> None:
    commit(repo, {MODEL: TEXT}, message)
    assert log(repo, "model/wine").events[0].pull_request == wanted


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("Merge pull request #12 from a/side\n\ntags", "#12"),
        ("Merge branch 'side' into 'main'\n\ntags\n\nSee merge request group/proj!12", "!12"),
        ("Merged in side (pull request #5)", "#5"),
        ("Merge branch 'side'", None),
    ],
)
def test_the_pull_request_that_brought_a_commit(repo: Path, message: str, wanted: str | None) -> None:
    commit(repo, {MODEL: TEXT})
    git(repo, "checkout", "-qb", "side")
    commit(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    git(repo, "checkout", "-q", "main")
    git(repo, "merge", "-q", "--no-ff", "-m", message, "side")
    # Where the branch itself has merged main, it is still that one.
    git(repo, "checkout", "-qb", "later")
    commit(repo, {"other": "y"})
    assert [one.pull_request for one in log(repo, "model/wine").events] == [wanted, None]


def test_a_branch_that_was_merged_into_another(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    git(repo, "checkout", "-qb", "outer")
    commit(repo, {"other": "x"})
    git(repo, "checkout", "-qb", "inner")
    commit(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    git(repo, "checkout", "-q", "outer")
    git(repo, "merge", "-q", "--no-ff", "-m", "Merge pull request #1 from a/inner", "inner")
    commit(repo, {MODEL: TEXT.replace("one: x", "one: v")})
    git(repo, "checkout", "-q", "main")
    git(repo, "merge", "-q", "--no-ff", "-m", "Merge pull request #2 from a/outer", "outer")
    assert [one.pull_request for one in log(repo, "model/wine").events] == ["#2", "#1", None]


def test_signatures(repo: Path, tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is absent")
    import subprocess

    for name in ("known", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"mona@example.org {(tmp_path / 'known.pub').read_text()}")
    git(repo, "config", "gpg.format", "ssh")
    git(repo, "config", "gpg.ssh.allowedSignersFile", str(allowed))
    commit(repo, {MODEL: TEXT})
    for number, name in enumerate(("known", "other")):
        write(repo, {MODEL: TEXT.replace("one: x", f"one: w{number}")})
        git(repo, "-c", f"user.signingkey={tmp_path / name}.pub", "commit", "-S", "-qam", name)
    raw = git(repo, "cat-file", "commit", "HEAD~1").replace("\n\nknown", "\n\nforged")
    tree = git(repo, "rev-parse", "HEAD^{tree}")
    forged = re.sub(r"^tree .*", f"tree {tree}", raw + "\n")
    oid = git(repo, "hash-object", "-t", "commit", "-w", "--stdin", text=forged.encode())
    git(repo, "update-ref", "refs/heads/forged", oid)
    states = [one.signature for one in log(repo, "model/wine").events]
    assert states == ["unknown", "good", "none"]
    assert log(repo, "model/wine", at="forged").events[0].signature == "bad"
    git(repo, "config", "--unset", "gpg.ssh.allowedSignersFile")
    assert [one.signature for one in log(repo, "model/wine").events] == ["unknown", "unknown", "none"]


# ── what is broken, or not here ───────────────────────────────────────────────────────────────────────────────────


def test_a_record_that_was_invalid_is_shown_as_it_was(repo: Path) -> None:
    commit(repo, {PATH: 'schema: alias/1\nversion: "1"\n'})
    wrong = commit(repo, {PATH: "schema: alias/1\nversion: 2\n"})
    broken = commit(repo, {PATH: "schema: alias/1\nversion: [\n"})
    back = commit(repo, {PATH: "schema: alias/1\nversion: 2\n"})
    right = commit(repo, {PATH: 'schema: alias/1\nversion: "3"\n'})
    found = log(repo)
    assert short(found)[:4] == [
        (right, "changed", "version"),
        (back, "changed", None),
        (broken, "changed", None),
        (wrong, "changed", "version"),
    ]
    fixed, readable, unread, invalid = found.events[:4]
    assert (fixed.before, fixed.after, fixed.problems) == (2, "3", ())
    assert (readable.summary, unread.summary) == ("readable again", "changed, and cannot be read")
    assert [(one.code, one.commit) for one in unread.problems] == [("yaml.syntax", broken)]
    assert (invalid.before, invalid.after) == ("1", 2)
    assert [(one.code, one.field, one.commit) for one in invalid.problems] == [("schema.type", "version", wrong)]
    assert found.complete


def test_a_record_that_a_folder_replaced(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    (repo / MODEL).unlink()
    commit(repo, {f"{MODEL}/x.yaml": TEXT})
    git(repo, "rm", "-rqf", MODEL)
    (repo / MODEL).parent.mkdir(parents=True, exist_ok=True)
    (repo / MODEL).symlink_to("nowhere")
    commit(repo, {})
    assert [one.event for one in log(repo, "model/wine").events] == ["created", "deleted", "created"]
    assert log(repo, "model/wine").events[0].problems[0].code == "path.not-a-file"
    assert log(repo, None).events


def test_a_schema_that_has_changed(repo: Path) -> None:
    schema = (Path(__file__).parents[2] / "schemas/model.yaml").read_text()
    commit(repo, {"schemas/model.yaml": schema, MODEL: TEXT + "custom:\n  grapes: 3\n"})
    commit(repo, {"schemas/model.yaml": schema.replace("$id: model/1", "$id: model/2").replace("model/1", "model/2")})
    last = commit(repo, {MODEL: TEXT.replace("model/1", "model/2") + "custom:\n  grapes: 4\n"})
    assert [one for one in short(log(repo, "model/wine")) if one[0] == last] == [
        (last, "changed", "schema"),
        (last, "changed", "custom.grapes"),
    ]


def test_a_ref_that_never_was(repo: Path) -> None:
    commit(repo, {MODEL: TEXT, "metadata/models/red.yaml": TEXT})
    git(repo, "rm", "-q", MODEL)
    commit(repo, {})
    with pytest.raises(NotFound, match=r"there is no model/wein, and there never was .*nearest: model/wine"):
        log(repo, "model/wein")
    with pytest.raises(NotFound, match="kind 'modle'"):
        log(repo, "modle/wine")


def test_no_commit_yet(repo: Path) -> None:
    with pytest.raises(NotFound, match="there is no commit yet"):
        gitml.open(repo).log()


def clone(repo: Path, *options: str) -> Path:
    place = repo.parent / "clone"
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(repo.parent, "clone", "-q", *options, repo.as_uri(), str(place))
    return place


def test_a_shallow_clone_says_where_its_history_begins(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    second = commit(repo, {"other": "x"})
    third = commit(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    shallow = clone(repo, "--depth=2")
    found = log(shallow, "model/wine")
    # Nobody made the record at the commit at which the clone begins.
    assert short(found) == [(third, "changed", "tags.one")]
    assert (found.complete, [one for one, _time in found.ends]) == (False, [second])
    blame = gitml.open(shallow).blame("model/wine")
    assert {one.field: (one.commit, one.boundary) for one in blame.fields} == {
        **dict.fromkeys(("schema", "description", "owners", "tags.two"), (second, True)),
        "tags.one": (third, False),
    }
    assert not blame.complete
    git(shallow, "fetch", "-q", "--unshallow")
    assert log(shallow, "model/wine").complete


def test_sides_that_a_shallow_clone_has_cut_claim_nothing(repo: Path) -> None:
    commit(repo, {MODEL: TEXT, "metadata/models/gone.yaml": TEXT})
    git(repo, "checkout", "-qb", "side")
    commit(repo, {MODEL: TEXT.replace("one: x", "one: w"), "metadata/models/red.yaml": TEXT})
    git(repo, "checkout", "-q", "main")
    git(repo, "rm", "-q", "metadata/models/gone.yaml")
    commit(repo, {MODEL: TEXT.replace("two: y", "two: z")})
    git(repo, "merge", "-q", "--no-ff", "-m", "merge", "-X", "theirs", "side")
    shallow = clone(repo, "--depth=2")
    assert len(log(shallow, None).ends) == 2
    assert log(shallow, None).events == ()


def test_a_partial_clone_says_what_it_lacks(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    second = commit(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    commit(repo, {MODEL: TEXT.replace("one: x", "one: v")})
    partial = clone(repo, "--filter=blob:none")
    found = log(partial, "model/wine")
    assert not found.complete
    assert found.events[1].summary == "changed, and this clone does not have what it says"
    assert (found.events[1].commit, found.events[1].problems[0].code) == (second, "path.unreadable")
    assert not gitml.open(partial).blame("model/wine").complete


def test_a_store_in_a_folder_and_a_bare_clone(repo: Path) -> None:
    first = commit(
        repo, {"sub/metadata/store.yaml": "schema: store/1\nmain: main\n", f"sub/{MODEL}": TEXT, MODEL: TEXT}
    )
    second = commit(repo, {f"sub/{MODEL}": TEXT.replace("one: x", "one: w")})
    commit(repo, {MODEL: "schema: model/1\n"})
    found = gitml.open(repo / "sub").log("model/wine")
    assert short(found) == [(second, "changed", "tags.one"), (first, "created", None)]
    assert [one.ref for one in gitml.open(repo / "sub").log().events] == ["model/wine"] * 2
    bare = clone(repo, "--bare")
    assert short(log(bare, "model/wine"))[-1] == (first, "created", None)


def test_sha256(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo", "--object-format=sha256")
    first = commit(repo, {MODEL: TEXT})
    second = commit(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    assert short(log(repo, "model/wine")) == [(second, "changed", "tags.one"), (first, "created", None)]


def test_odd_names(repo: Path) -> None:
    name = "metadata/models/w-ine~" + digest8("w:(ine)*") + ".yaml"
    commit(repo, {name: "schema: model/1\nname: w:(ine)*\n", MODEL: TEXT})
    commit(repo, {name: "schema: model/1\nname: w:(ine)*\ndescription: x\n"})
    assert len(log(repo, "model/w%3A(ine)*").events) == 2


# ── derived records ───────────────────────────────────────────────────────────────────────────────────────────────


def pointer(md5: str) -> str:
    return f"outs:\n- md5: {md5 * 32}\n  size: 3\n  path: model.pkl\n"


def test_the_past_of_what_dvc_tracks(repo: Path) -> None:
    first = commit(repo, {"model.pkl.dvc": pointer("a")})
    git(repo, "checkout", "-qb", "side")
    second = commit(repo, {"model.pkl.dvc": pointer("b")})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"other": "x"})
    git(repo, "merge", "-q", "--no-ff", "-m", "Merge pull request #3 from a/side", "side")
    found = log(repo, "dvc-output/model.pkl")
    assert short(found) == [(second, "changed", "md5"), (first, "created", None)]
    assert (found.events[0].before, found.events[0].after) == ("a" * 32, "b" * 32)
    assert found.events[0].pull_request == "#3"
    assert short(log(repo, None)) == short(found)
    fields = {one.field: one.commit for one in gitml.open(repo).blame("dvc-output/model.pkl").fields}
    assert (fields["md5"], fields["size"]) == (second, first)
    write(repo, {"model.pkl.dvc": pointer("c")})
    fields = {one.field: one.commit for one in gitml.open(repo).blame("dvc-output/model.pkl").fields}
    assert (fields["md5"], fields["size"]) == (None, first)
    with pytest.raises(NotFound, match=r"nearest: dvc-output/model.pkl"):
        log(repo, "dvc-output/modle.pkl")


def test_a_broken_file_of_dvc_is_a_gap_that_is_told(repo: Path) -> None:
    commit(repo, {"model.pkl.dvc": pointer("a")})
    broken = commit(repo, {"model.pkl.dvc": "outs: ["})
    commit(repo, {"model.pkl.dvc": pointer("b")})
    found = log(repo, "dvc-output/model.pkl")
    assert [one.event for one in found.events] == ["created", "deleted", "created"]
    assert [(one.path, one.commit) for one in found.problems] == [("model.pkl.dvc", broken)]


def ordered(found: Iterable[Any]) -> list[str]:
    return [one.commit for one in found]


def test_the_newest_first_whatever_the_clocks_say(repo: Path) -> None:
    first = commit(repo, {MODEL: TEXT}, date="2026-03-05T00:00:00+00:00")
    second = commit(repo, {MODEL: TEXT.replace("one: x", "one: w")}, date="2026-03-01T00:00:00+00:00")
    assert ordered(log(repo, "model/wine").events) == [second, first]


def test_what_tags_say_is_done_by_who_set_them(repo: Path) -> None:
    (repo / "metadata").mkdir()
    first = commit(repo, {"model.pkl": "x"})
    second = commit(repo, {"other": "x"}, date="2026-03-09T12:00:00+00:00")

    def tag(name: str, at: str, day: int) -> None:
        env = {"GIT_COMMITTER_NAME": "Cy", "GIT_COMMITTER_DATE": f"2026-03-{day:02}T12:00:00+00:00"}
        git(repo, "tag", "-a", "-m", name, name, at, env=env)

    tag("wine@v1.0.0", first, 2)
    tag("wine#prod#1", first, 3)
    tag("wine@v2.0.0", second, 10)
    tag("wine#prod#2", second, 11)
    found = log(repo, "alias/model/wine/prod", field="version")
    assert [(one.commit, one.time, one.before, one.after) for one in found.events] == [
        (second, "2026-03-11T12:00:00Z", "v1.0.0", "v2.0.0"),
        (first, "2026-03-03T12:00:00Z", MISSING, "v1.0.0"),
    ]
    assert found.events[0].author.startswith("Cy ")
    whole = log(repo, None)
    assert [one.summary for one in reversed(whole.events) if one.field is None] == [
        "registered",
        "alias set to version v1.0.0",
        "registered",
    ]
    assert [one.time[8:10] for one in whole.events if one.field in {None, "version"}] == ["11", "10", "03", "02"]
    # As of the first commit nothing had been said; as of the tag that was the first to speak of it, that.
    with pytest.raises(NotFound, match="never was one"):
        log(repo, "alias/model/wine/prod", at=first)
    assert [one.event for one in log(repo, "alias/model/wine/prod", at="wine#prod#1").events] == ["created"]
    blame = gitml.open(repo).blame("alias/model/wine/prod")
    assert {one.commit for one in blame.fields if one.field == "version"} == {second}
    with pytest.raises(NotFound, match="nearest: alias/model/wine/prod"):
        log(repo, "alias/model/wine/prot")


def test_a_partial_clone_claims_nothing_of_what_it_cannot_derive(repo: Path) -> None:
    commit(repo, {"model.pkl.dvc": pointer("a")})
    commit(repo, {"model.pkl.dvc": pointer("b")})
    commit(repo, {"other": "x"})
    partial = clone(repo, "--filter=blob:none")
    for ref in ("dvc-output/model.pkl", None):
        found = log(partial, ref)
        assert (found.events, found.complete) == ((), False)
        assert {one.code for one in found.problems} == {"path.unreadable"}
    git(partial, "fetch", "-q", "--refetch", "--no-filter")
    assert [one.event for one in log(partial, "dvc-output/model.pkl").events] == ["changed", "created"]
