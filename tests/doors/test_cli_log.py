"""`git ml log`: shape, words, and what is refused; and `--at`, of every verb that shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gitml
from cellar import RUN_A, RUN_C
from command_line import fine, ml
from gitml.cli.verbs import VERBS
from gitml.cli.words import SHOWS
from gitml.errors import BadValue
from gitrepo import commit, git

REF = "alias/model/wine/production"


def oid(place: Path, rev: str) -> str:
    return git(place, "rev-parse", rev)


@pytest.fixture
def later(store: Path) -> Path:
    """The cellar, after production went back to version 1 by a pull request."""
    git(store, "checkout", "-qb", "back")
    fine(store, "promote", "model/wine@1", "production", "--reason", "slow")
    commit(store, {}, "back to 1", "2026-03-05T12:00:00+00:00")
    git(store, "checkout", "-q", "main")
    dates = dict.fromkeys(["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"], "2026-03-06T12:00:00+00:00")
    git(store, "merge", "-q", "--no-ff", "-m", "Merge pull request #12 from a/back", "back", env=dates)
    return store


def test_the_shape(later: Path) -> None:
    said = fine(later, "log", REF, "--field", "version", "--format", "json")
    assert said.err == ""
    assert said.json == {
        "format": 1,
        "at": {"kind": "worktree", "commit": None, "events": None},
        "ref": REF,
        "complete": True,
        "total": 2,
        "events": [
            {
                "commit": oid(later, "back"),
                "time": "2026-03-05T12:00:00Z",
                "author": "Mona <mona@example.org>",
                "event": "changed",
                "summary": "alias moved",
                "ref": REF,
                "kind": "alias",
                "field": "version",
                "before": "2",
                "after": "1",
                "pull_request": "#12",
                "signature": "none",
                "old_ref": None,
                "merged": False,
                "problems": [],
            },
            {
                "commit": oid(later, "HEAD~1"),
                "time": "2026-03-01T12:00:00Z",
                "author": "Mona <mona@example.org>",
                "event": "created",
                "summary": "alias set to version 2",
                "ref": REF,
                "kind": "alias",
                "field": "version",
                "after": "2",
                "pull_request": None,
                "signature": "none",
                "old_ref": None,
                "merged": False,
                "problems": [],
            },
        ],
        "problems": [],
    }


def test_what_is_created_has_no_field_and_an_absent_side_no_key(later: Path) -> None:
    events = fine(later, "log", REF, "--format", "json").json["events"]
    created = events[-1]
    assert (created["event"], created["field"], created["before"], created["after"]) == ("created", None, None, None)
    fine(later, "set", REF, "tags.team=cellar")
    commit(later, {}, "tags")
    added = fine(later, "log", REF, "--limit", "1", "--format", "json").json["events"][0]
    assert ("before" in added, added["after"]) == (False, "cellar")


def test_not_a_number_and_infinities(store: Path) -> None:
    fine(store, "set", f"run/wine/{RUN_C}", "metrics.loss=.inf")
    commit(store, {}, "loss")
    event = fine(store, "log", f"run/wine/{RUN_C}", "--field", "metrics", "--format", "json").json["events"][0]
    assert (event["before"], event["after"]) == ({"$float": "nan"}, {"$float": "inf"})
    assert event["summary"] == "metric corrected"


def test_words(later: Path) -> None:
    first, second, third = (oid(later, rev)[:8] for rev in ("v1", "HEAD~1", "back"))
    text = fine(later, "log", REF).out
    assert text.splitlines()[:3] == [
        f"{third}  2026-03-05 12:00  Mona  #12",
        f"~ {REF}  alias moved",
        '    version: "2" -> "1"',
    ]
    assert text.endswith(f"\n\n{second}  2026-03-01 12:00  Mona\n+ {REF}  alias set to version 2\n")
    whole = fine(later, "log").out
    assert f"{first}  2026-03-01 12:00  Mona\n" in whole
    assert "+ model/wine@1  registered\n" in whole
    assert f"+ run/wine/{RUN_A}  run recorded\n" in whole
    assert fine(later, "log", REF, "--since", "2027-01-01").out == "no events\n"


def test_tables_for_programs(later: Path) -> None:
    csv = fine(later, "log", REF, "--field", "version", "--format", "csv").out.splitlines()
    assert csv[0].startswith("commit,time,author,event,ref,field,before,after,summary,pull_request,signature")
    assert ',changed,alias/model/wine/production,version,"2","1",alias moved,#12,none' in csv[1]
    back, before = (oid(later, rev)[:8] for rev in ("back", "HEAD~1"))
    assert fine(later, "log", REF, "--field", "version", "--format", "md").out.splitlines() == [
        "| time | who | ref | what | old | new | commit | pull request |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        f'| 2026-03-05 12:00 | Mona | {REF} | alias moved: version | "2" | "1" | {back} | #12 |',
        f'| 2026-03-01 12:00 | Mona | {REF} | alias set to version 2: version |  | "2" | {before} |  |',
    ]


def test_python_gives_the_same_rows(later: Path) -> None:
    table = gitml.open(later).history(REF, field="version")
    csv = fine(later, "log", REF, "--field", "version", "--format", "csv").out.splitlines()
    assert (list(table.columns), len(table)) == (csv[0].split(","), len(csv) - 1)
    events = fine(later, "log", REF, "--field", "version", "--format", "json").json["events"]
    for name in ("commit", "time", "event", "field", "after", "summary"):
        assert list(table[name]) == [event[name] for event in events]


def test_a_field_is_first_set_by_who_makes_the_record_and_last_removed_by_who_deletes_it(store: Path) -> None:
    fine(store, "set", "model/wine", "tags.team=cellar", "tags.area=north")
    commit(store, {}, "tags")
    git(store, "rm", "-q", "metadata/models/wine.yaml")
    commit(store, {}, "gone")
    said = fine(store, "log", "model/wine", "--field", "tags", "--format", "json").json["events"]
    assert sorted((one["event"], one["field"], one.get("before"), one.get("after")) for one in said) == [
        ("changed", "tags.area", None, "north"),
        ("changed", "tags.team", None, "cellar"),
        ("deleted", "tags.area", "north", None),
        ("deleted", "tags.team", "cellar", None),
    ]
    lines = fine(store, "log", "model/wine", "--field", "description").out.splitlines()
    assert [line[0] for line in lines if line.startswith(("+", "-"))] == ["-", "+"]
    assert lines[-1].startswith("    description: -> ")


def test_as_of_a_commit_and_a_date(later: Path) -> None:
    said = fine(later, "log", REF, "--at", "2026-03-04", "--format", "json")
    assert [event["event"] for event in said.json["events"]] == ["created"]
    assert said.json["at"]["commit"] == oid(later, "HEAD~1")
    assert len(fine(later, "log", f"HEAD~1:{REF}", "--format", "json").json["events"]) == 1
    assert ml(later, "log", REF, "--at", "v1").code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model/wien"], "there never was one"),
        (["modle/wine"], "there is no kind 'modle'"),
        (["model/wine", "--field", "ownres"], "never had a field ownres (nearest: owners)"),
        (["--since", "yesterday"], "neither a date nor a time"),
        (["--since", "2026-02-30"], "no such date"),
        (["--at", "nowhere"], "no revision 'nowhere'"),
        (["wine"], "is not a ref"),
    ],
)
def test_what_is_refused(store: Path, words: list[str], told: str) -> None:
    said = ml(store, "log", *words)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1
    assert ml(store, "log", *words, "--format", "json").error["message"]


def test_wrong_numbers(store: Path) -> None:
    assert ml(store, "log", "--limit", "-1").code == 2
    for output in ([], ["--format", "json"]):  # as a listing does: no rows, and nothing that says there are none
        said = [fine(store, *verb, "--limit", "0", *output) for verb in (["log"], ["list", "run"])]
        assert [one.json["total"] > 0 if output else one.out for one in said] == [bool(output) or ""] * 2
    with pytest.raises(BadValue, match="-1 is no limit"):
        gitml.open(store).log(limit=-1)


def clone(store: Path, *options: str) -> Path:
    place = store.parent / "clone"
    git(store, "config", "uploadpack.allowFilter", "true")
    git(store.parent, "clone", "-q", *options, store.as_uri(), str(place))
    return place


def test_a_shallow_clone_says_so(later: Path) -> None:
    shallow = clone(later, "--depth=1")
    for verb in (["log"], ["log", REF], ["blame", REF], ["live", "--on", "2026-03-07"]):
        said = fine(shallow, *verb, "--format", "json")
        assert said.json["complete"] is False
        assert said.err.startswith("git ml: warning: history begins at ")
        assert said.err.endswith("this clone is shallow; git fetch --unshallow brings the rest\n")
    assert fine(shallow, "log", REF).out == "no events\n"


def test_a_partial_clone_says_so(later: Path) -> None:
    partial = clone(later, "--filter=blob:none")
    said = fine(partial, "log", REF, "--format", "json")
    assert said.json["complete"] is False
    assert "1 version of records is not in this clone: git fetch --refetch" in said.err
    assert fine(partial, "blame", REF, "--format", "json").json["complete"] is False


def test_no_escape_reaches_a_terminal(store: Path) -> None:
    name = {"GIT_AUTHOR_NAME": "Mo\x1b[31mna"}
    fine(store, "set", "model/wine", 'description="a\\e[31mb"')
    git(store, "commit", "-qam", "colours", env=name)
    said = fine(store, "log", "model/wine")
    assert "\x1b" not in said.out
    assert "Mo\\x1b[31mna" in said.out


# ── everything that shows takes --at ──────────────────────────────────────────────────────────────────────────────

# How each verb that shows is asked for something that was there at the tag v1, and is otherwise now.
ASKED: dict[str, list[str]] = {
    "show": ["model/wine"],
    "list": ["run"],
    "compare": [f"run/wine/{RUN_A}", "model/wine@1"],
    "log": ["model/wine"],
    "blame": ["model/wine"],
    "live": [],
    "lineage": [],
    "validate": [],
    "status": [],
    "why": ["model/wine@1", f"run/wine/{RUN_A}"],
    "leaderboard": ["wine", "--metric", "auc"],
}
# Of these the bytes are asked for, and the cellar has none; test_get.py and test_cli_preview.py have.
BYTES = {"get", "preview"}
# It compares two snapshots, which it names by itself: `--at` is the side that is not named.
BETWEEN = {"diff"}
# It writes to another tool's store, as of a revision: tests/interop/test_mlflow_export.py.
ELSEWHERE = {"export"}


def test_every_verb_that_shows_is_asked() -> None:
    takes = {name for name, verb in VERBS.items() if SHOWS[0] in verb.arguments}
    assert takes == {*ASKED, *BYTES, *BETWEEN, *ELSEWHERE}


@pytest.mark.parametrize("verb", sorted(ASKED))
def test_everything_that_shows_takes_at(later: Path, verb: str) -> None:
    def asked(*at: str) -> Any:
        said = fine(later, verb, *ASKED[verb], *at, "--format", "json")
        return {name: held for name, held in said.json.items() if name != "at"}

    fine(later, "set", "model/wine", "description=another")
    commit(later, {}, "another", "2026-03-09T12:00:00+00:00")
    then = oid(later, "v1")
    git(later, "worktree", "add", "-q", "--detach", str(later.parent / "then"), then)
    there = fine(later.parent / "then", verb, *ASKED[verb], "--format", "json").json
    for at in ("v1", then, then[:10], "HEAD~3" if oid(later, "HEAD~3") == then else then):
        assert asked("--at", at) == asked("--at", "v1")
    if verb not in {"status", "compare", "why"}:
        assert asked("--at", "v1") == {name: held for name, held in there.items() if name != "at"}
    assert asked("--at", "worktree") == asked()
    # A date is the end of that day on main's first-parent line.
    day = ml(later, verb, *ASKED[verb], "--at", "2026-03-06")
    assert day.err.splitlines()[0] == f"git ml: 2026-03-06 is {oid(later, 'HEAD~1')[:12]}"
    assert asked("--at", "2026-03-06") == asked("--at", "HEAD~1")
    first = git(later, "rev-list", "--max-parents=0", "HEAD")[:12]
    early = ml(later, verb, *ASKED[verb], "--at", "2026-02-01")
    assert (early.code, early.out) == (1, "")
    assert f"no commit by 2026-02-01: the first is {first}, of 2026-03-01T12:00:00Z; name that commit, or" in early.err


@pytest.mark.parametrize("verb", sorted(ASKED))
def test_at_in_a_shallow_clone_that_lacks_it(later: Path, verb: str) -> None:
    old = oid(later, "v1")
    shallow = clone(later, "--depth=1")
    by_date = ml(shallow, verb, *ASKED[verb], "--at", "2026-03-02")
    assert by_date.code == 1
    assert "this clone is shallow; fetch the rest with `git fetch --unshallow`" in by_date.err
    by_id = ml(shallow, verb, *ASKED[verb], "--at", old)
    assert by_id.code == 1
    assert by_id.err.count("\n") == 1
    assert "git fetch --unshallow" in by_id.err
