"""`git ml live`: shape, words, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitml
from command_line import fine, ml
from gitrepo import commit, git

REF = "alias/model/wine/production"
SINCE = "2026-03-01T12:00:00Z"


@pytest.fixture
def deployed(store: Path) -> Path:
    """The cellar, with an approval, a deployment of the alias, and a rollout of the version of before."""
    fine(store, "new", "approval", "a1", "of.ref=model/wine@2", f"created={SINCE}", "by=@ines", "decision=approved")
    fine(store, "new", "deployment", "wine-prod", f"serves.ref={REF}", "target=api", "environment_name=prod")
    words = ("serves.ref=model/wine@1", "created=2026-03-01T12:30:00Z", "status=succeeded", "by=@cd")
    fine(store, "new", "rollout", "r1", "deployment=deployment/wine-prod", *words)
    commit(store, {}, "deployed", "2026-03-02T12:00:00+00:00")
    return store


def test_the_shape(deployed: Path) -> None:
    said = fine(deployed, "live", "--on", "2026-03-02", "--format", "json")
    assert said.err == ""
    found = said.json
    alias, deployment = found.pop("live")
    assert found == {
        "format": 1,
        "at": {"kind": "worktree", "commit": None, "events": None},
        "on": "2026-03-02T23:59:59Z",
        "complete": True,
        "problems": [],
    }
    approval = {"ref": "approval/a1", "by": "@ines", "decision": "approved", "created": SINCE}
    chosen = {"version": "model/wine@2", "missing": False, "status": None, "approvals": [approval], "data": []}
    assert alias == {
        "ref": REF,
        "kind": "alias",
        "since": SINCE,
        "by": "Mona",
        "reason": "better by 0.02",
        "commit": git(deployed, "rev-parse", "HEAD~1"),
        "holds_from": SINCE,
        **chosen,
    }
    rollout = {
        "ref": "rollout/r1",
        "version": "model/wine@1",
        "status": "succeeded",
        "created": "2026-03-01T12:30:00Z",
        "by": "@cd",
    }
    assert deployment == {
        "ref": "deployment/wine-prod",
        "kind": "deployment",
        "since": None,
        "by": None,
        "reason": None,
        "commit": git(deployed, "rev-parse", "HEAD"),
        "holds_from": "2026-03-02T12:00:00Z",
        **chosen,
        "serves": REF,
        "target": "api",
        "environment": "prod",
        "state": None,
        "rollout": rollout,
        "last_rollout": rollout,
        "differs": True,
        "difference": "ought to serve model/wine@2, serves model/wine@1",
    }


def test_words(deployed: Path) -> None:
    moved, wished = (git(deployed, "rev-parse", rev)[:8] for rev in ("HEAD~1", "HEAD"))
    assert fine(deployed, "live").out.splitlines() == [
        f"{REF}  model/wine@2",
        f"    since 2026-03-01 12:00  by Mona  in {moved}",
        "    better by 0.02",
        "    approved by @ines  2026-03-01 12:00",
        f"deployment/wine-prod  model/wine@2 (by {REF})",
        f"    in {wished}",
        "    approved by @ines  2026-03-01 12:00",
        "    rolled out model/wine@1  2026-03-01 12:30  by @cd",
        "    ought to serve model/wine@2, serves model/wine@1",
    ]
    assert fine(deployed, "live", "--on", "2026-02-01").out == "nothing was live by 2026-02-01 23:59\n"
    assert fine(deployed, "live", "--at", "v1").out == "nothing was live here\n"


def test_words_about_what_a_revert_brought_back_and_what_nobody_wished_for(deployed: Path) -> None:
    fine(deployed, "promote", "model/wine@1", "production")
    commit(deployed, {}, "back", "2026-03-05T12:00:00+00:00")
    fine(deployed, "revert", "HEAD", "--force")
    commit(deployed, {}, "revert", "2026-03-07T12:00:00+00:00")
    back = git(deployed, "rev-parse", "HEAD")[:8]
    said = fine(deployed, "live", "--on", "2026-03-08").out.splitlines()
    assert said[1] == f"    since 2026-03-01 12:00  by Mona  in {back}  holds from 2026-03-07 12:00"
    lines = fine(deployed, "live", "--on", "2026-03-01").out.splitlines()
    assert lines[lines.index("deployment/wine-prod  wish unknown") :] == [
        "deployment/wine-prod  wish unknown",
        "    rolled out model/wine@1  2026-03-01 12:30  by @cd",
        "    no wish is recorded, serves model/wine@1",
    ]


def test_who_made_a_version_may_lie_beyond_a_shallow_clone(deployed: Path) -> None:
    pointer = f"pointer:\n  type: dvc\n  path: model.pkl\n  md5: {'a' * 32}\n"
    lines = (deployed / "metadata/models/wine/2.yaml").read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("run:"))
    commit(deployed, {"metadata/models/wine/2.yaml": text + pointer})
    assert fine(deployed, "live", "--format", "json").json["complete"] is True
    git(deployed.parent, "clone", "-q", "--depth=1", deployed.as_uri(), "shallow")
    said = fine(deployed.parent / "shallow", "live", "--format", "json")
    assert said.json["complete"] is False
    assert said.err == (
        "git ml: warning: objects of history are not in this clone: git fetch --unshallow brings the rest\n"
    )


def test_tables_for_programs(deployed: Path) -> None:
    csv = fine(deployed, "live", "--format", "csv").out.splitlines()
    assert csv[0].startswith("ref,version,since,by,status,approvals,data,exists,rollout,rolled_out,differs")
    slots = fine(deployed, "live", "--format", "json").json["live"]
    scalar = {name for slot in slots for name, held in slot.items() if not isinstance(held, list | dict)}
    assert scalar - {"last_rollout"} <= {*csv[0].split(",")}
    assert ",better by 0.02," in csv[1]
    for on in (None, "2026-03-01"):
        asked = ["--on", on] if on else []
        told = fine(deployed, "live", *asked, "--format", "json").json["live"]
        rows = gitml.open(deployed).live(on).rows
        assert [column.name for column in rows.columns] == csv[0].split(",")
        names = {name for slot in told for name in slot} - {"approvals", "data", "rollout", "last_rollout"}
        assert [
            {name: row[name] for name in names if name in slot} for row, slot in zip(rows.rows, told, strict=True)
        ] == [{name: slot[name] for name in names if name in slot} for slot in told]
    assert csv[2].startswith("deployment/wine-prod,model/wine@2,")
    assert ",true," in csv[2]
    assert fine(deployed, "live", "--format", "md").out.startswith("| ref |")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--on", "then"], "neither a date nor a time"),
        (["--on", "2026-02-30"], "no such date"),
        (["--at", "nowhere"], "no revision 'nowhere'"),
    ],
)
def test_what_is_refused(store: Path, words: list[str], told: str) -> None:
    said = ml(store, "live", *words)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1
