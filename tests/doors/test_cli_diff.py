"""`git ml diff` as a person types it: what it says, from where to where, and what it cannot know."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from cellar import ID_1, ID_2, RUN_C
from command_line import fine, ml, on_terminal
from gitml.repo.git.objects import blob_id
from gitrepo import commit, git, init, write

AUC = "metric/auc"
ALIAS = "alias/model/wine/production"


def heads(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(" ")]


def test_what_march_brought(store: Path) -> None:
    said = fine(store, "diff", "v1", "HEAD")
    old, new = (git(store, "rev-parse", "--short=8", rev) for rev in ("v1", "HEAD"))
    assert heads(said.out) == [
        f'+ {ALIAS}  version "2", by Mona, reason better by 0.02',
        f"+ model/wine@2  auc 0.93, by Mona, run run/wine/{RUN_C}",
        f"+ run/wine/{RUN_C}  auc 0.93, loss nan, status finished, by Mona",
        f"3 added: {old} -> {new}",
    ]
    assert said.err == ""


def test_fields_stand_below_their_record(store: Path) -> None:
    fine(store, "set", "metric/auc", "tolerance.absolute=0.01", "custom.x=", "direction=lower")
    fine(store, "set", "model/wine", 'owners=["@mona", "@cellar-ml"]', "description=Price\nof a wine.\n")
    write(store, {"metadata/terms/new.yaml": "schema: term/1\ndefinition: x\n"})
    said = fine(store, "diff")
    head = git(store, "rev-parse", "--short=8", "HEAD")
    assert said.out.splitlines() == [
        "~ metric/auc",
        "    direction           higher -> lower",
        "    tolerance.absolute  0.005 -> 0.01 (+0.005)",
        "    custom.x            + null",
        "~ model/wine",
        "    description",
        "      - Price band of a wine.",
        "      + Price",
        "      + of a wine.",
        "    owners       + @mona",
        "+ term/new  definition x",
        f"1 added, 2 changed: {head} -> work tree",
    ]


def test_a_metric_is_judged(store: Path) -> None:
    path = f"metadata/runs/wine/{shard(store, RUN_C)}/{RUN_C}.yaml"
    text = (store / path).read_text()
    write(store, {path: text.replace("auc: 0.93", "auc: 0.9")})
    assert "    metrics.auc  0.93 -> 0.9 (-0.03 worse)" in fine(store, "diff").out.splitlines()


def shard(store: Path, run: str) -> str:
    return next(store.glob(f"metadata/runs/wine/*/{run}.yaml")).parent.name


def test_lists_say_what_came_and_went(store: Path) -> None:
    owners = [f"@team-{number}" for number in range(40)]
    fine(store, "set", "model/wine", f"owners={json.dumps(owners)}", "--commit")
    fine(store, "set", "model/wine", f"owners={json.dumps([*owners[1:], '@new'])}")
    assert "    owners  + @new, - @team-0" in fine(store, "diff").out.splitlines()
    fine(store, "set", "model/wine", f"owners={json.dumps(['b', 'a', 'a'])}", "--commit")
    fine(store, "set", "model/wine", f"owners={json.dumps(['a', 'b', 'a'])}")
    assert "    owners  in another order: [b, a, a] -> [a, b, a]" in fine(store, "diff").out.splitlines()


def test_an_item_of_a_keyed_list_is_one_line(store: Path) -> None:
    path = "metadata/datasets/wine/1.yaml"
    text = f'schema: dataset-version/1\nid: {ID_1}\ncreated: "2026-03-01T12:00:00Z"\npointer:\n  type: uri\n'
    age, sex = "- name: age\n  type: int\n  nulls: 3\n", "- name: sex\n  type: string\n"
    commit(store, {path: f"{text}columns:\n{age}"})
    write(store, {path: f"{text}columns:\n{age.replace('int', 'float')}{sex}"})
    assert fine(store, "diff").out.splitlines()[1:3] == [
        "    columns[name=age].type  int -> float",
        "    columns[name=sex]       + name sex, type string",
    ]


def test_json_is_the_contract_s(store: Path) -> None:
    fine(store, "promote", "model/wine@1", "production", "--reason", "it was better", "--commit")
    found = fine(store, "diff", "HEAD~1", "HEAD", "--format", "json").json
    old, new = (git(store, "rev-parse", rev) for rev in ("HEAD~1", "HEAD"))
    path = "metadata/aliases/model/wine/production.yaml"
    assert found == {
        "format": 1,
        "from": {"kind": "commit", "commit": old, "events": None},
        "to": {"kind": "commit", "commit": new, "events": None},
        "complete": True,
        "problems": [],
        "changes": [
            {
                "op": "changed",
                "ref": ALIAS,
                "old_ref": None,
                "kind": "alias",
                "path": path,
                "before": git(store, "rev-parse", f"HEAD~1:{path}"),
                "after": git(store, "rev-parse", f"HEAD:{path}"),
                "fields": [
                    {"field": "version", "op": "changed", "before": "2", "after": "1"},
                    {"field": "id", "op": "changed", "before": ID_2, "after": ID_1},
                    {"field": "reason", "op": "changed", "before": "better by 0.02", "after": "it was better"},
                ],
            }
        ],
    }
    added = fine(store, "diff", "v1", "HEAD~1", "--format", "json").json["changes"]
    assert [one["op"] for one in added] == ["added"] * 3
    loss = {"field": "metrics.loss", "op": "added", "after": {"$float": "nan"}}
    assert loss in added[2]["fields"]
    assert all("before" not in field for one in added for field in one["fields"])


def test_csv_has_a_row_a_field(store: Path) -> None:
    git(store, "mv", "metadata/models/wine/2.yaml", "metadata/models/wine/3.yaml")
    fine(store, "set", "metric/auc", "direction=lower")
    rows = list(csv.DictReader(io.StringIO(fine(store, "diff", "--format", "csv").out)))
    assert [tuple(row.values()) for row in rows] == [
        ("changed", "metric", AUC, "", "metadata/metrics/auc.yaml", "direction", "changed", "higher", "lower"),
        ("renamed", "model-version", "model/wine@3", "model/wine@2", "metadata/models/wine/3.yaml", "", "", "", ""),
    ]  # fmt: skip
    assert "> model/wine@2 -> model/wine@3" in fine(store, "diff").out.splitlines()


def test_nothing_says_so_and_exit_code_counts(store: Path) -> None:
    head = git(store, "rev-parse", "--short=8", "HEAD")
    assert ml(store, "diff", "--exit-code").code == 0
    assert fine(store, "diff").out == f"no changes: {head} -> work tree\n"
    assert fine(store, "diff", "--format", "json").json["changes"] == []
    assert ml(store, "diff", "v1", "--exit-code").code == 1
    assert ml(store, "diff", "v1").code == 0


@pytest.mark.parametrize("args", [("v1", "HEAD"), ("v1..HEAD",), ("v1..",), ("v1...main",), ("v1", "--at", "HEAD")])
def test_the_ways_to_name_two(store: Path, args: tuple[str, ...]) -> None:
    found = fine(store, "diff", *args, "--format", "json").json
    assert (found["from"]["commit"], found["to"]["commit"]) == tuple(
        git(store, "rev-parse", rev) for rev in ("v1^{commit}", "HEAD")
    )


def test_staged_and_work_tree_differ(store: Path) -> None:
    path = "metadata/terms/a.yaml"
    write(store, {path: "schema: term/1\ndefinition: x\n"})
    git(store, "add", path)
    write(store, {path: "schema: term/1\ndefinition: y\n"})
    assert heads(fine(store, "diff", "HEAD", "staged").out)[0] == "+ term/a  definition x"
    assert "    definition  x -> y" in fine(store, "diff", "staged").out.splitlines()
    assert "    definition  y -> x" in fine(store, "diff", "worktree", "staged").out.splitlines()


A, B = "2026-03-02", "2026-03-06"


def dated(repo: Path) -> Path:
    for day, word in (("2026-03-01", "one"), ("2026-03-05", "two"), ("2026-03-09", "three")):
        commit(repo, {"metadata/terms/a.yaml": f"schema: term/1\ndefinition: {word}\n"}, date=f"{day}T12:00:00+00:00")
    return repo


@pytest.mark.parametrize(
    "args", [("2026-03-02", "2026-03-06"), ("2026-03-02..2026-03-06",), ("2026-03-02...2026-03-06",)]
)
def test_dates_are_days_and_the_commits_are_told(repo: Path, args: tuple[str, ...]) -> None:
    said = fine(dated(repo), "diff", *args)
    assert "    definition  one -> two" in said.out.splitlines()
    if "..." not in args[0]:
        assert f"git ml: 2026-03-02 is {git(repo, 'rev-parse', '--short=12', 'HEAD~2')}" in said.err
    assert f"git ml: 2026-03-06 is {git(repo, 'rev-parse', '--short=12', 'HEAD~1')}" in said.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("nowhere",), ("no revision 'nowhere'", "git log")),
        (("HEAD", "mian"), ("no revision 'mian'", "nearest: main")),
        (("2025-01-01",), ("no commit by 2025-01-01", "the first is ", ", of 2026-03-01")),
        (("2026-02-30",), ("2026-02-30: no such date",)),
        (("main..", "main"), ("names two already",)),
        (("main...alone",), ("main and alone have no commit in common", "write main..alone")),
        (("--at", "nowhere"), ("no revision 'nowhere'",)),
    ],
)
def test_what_is_not_there_is_one_line(repo: Path, args: tuple[str, ...], words: tuple[str, ...]) -> None:
    dated(repo)
    git(repo, "checkout", "-q", "--orphan", "alone")
    commit(repo, {"x": "1"})
    git(repo, "checkout", "-q", "main")
    said = ml(repo, "diff", *args)
    assert said.code in (1, 2)
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    assert all(word in said.err for word in words), said.err


def test_a_short_hash_that_several_have_is_refused(repo: Path) -> None:
    dated(repo)
    begins: dict[str, int] = {}
    for number in range(2000):
        begin = blob_id(str(number).encode())[:4]
        if begin in begins:
            break
        begins[begin] = number
    for each in (number, begins[begin]):
        git(repo, "hash-object", "-w", "--stdin", text=str(each).encode())
    said = ml(repo, "diff", begin)
    assert (said.code, said.err.splitlines()[1:]) == (1, [])
    assert "write more digits" in said.err


def test_a_range_of_unrelated_lines_can_be_compared_whole(repo: Path) -> None:
    dated(repo)
    git(repo, "checkout", "-q", "--orphan", "alone")
    git(repo, "rm", "-rfq", ".")
    commit(repo, {"metadata/terms/b.yaml": "schema: term/1\ndefinition: z\n"})
    assert heads(fine(repo, "diff", "main..alone").out)[:2] == ["- term/a  definition three", "+ term/b  definition z"]


def test_a_shallow_clone_says_what_would_bring_the_rest(repo: Path, tmp_path: Path) -> None:
    dated(repo)
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{repo}", "shallow")
    shallow = tmp_path / "shallow"
    assert fine(shallow, "diff", "HEAD~1", "HEAD", "--format", "json").json["complete"] is True
    said = ml(shallow, "diff", "HEAD~2", "HEAD")
    assert said.code == 1
    assert "git fetch --unshallow" in said.err
    early = ml(shallow, "diff", "2026-03-02")
    assert (early.code, "git fetch --unshallow" in early.err) == (1, True)


def test_a_partial_clone_says_that_changes_may_be_missing(repo: Path, tmp_path: Path) -> None:
    dated(repo)
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{repo}", "partial")
    said = fine(tmp_path / "partial", "diff", "HEAD~2", "HEAD", "--format", "json")
    assert said.json["complete"] is False
    assert [(one["op"], one["ref"], one["fields"]) for one in said.json["changes"]] == [("changed", "term/a", [])]
    assert "git fetch --refetch" in said.err
    assert ml(tmp_path / "partial", "diff", "HEAD~2", "HEAD").out.startswith("~ term/a  cannot be read before\n")


def test_in_a_bare_clone_commits_can_be_compared(repo: Path, tmp_path: Path) -> None:
    dated(repo)
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    bare = tmp_path / "bare.git"
    assert "    definition  one -> three" in fine(bare, "diff", "HEAD~2").out.splitlines()
    said = ml(bare, "diff", "staged")
    assert (said.code, len(said.err.splitlines())) == (1, 1)


def test_sha256_and_linked_worktrees(tmp_path: Path) -> None:
    repo = dated(init(tmp_path / "repo", "--object-format=sha256"))
    git(repo, "worktree", "add", "-q", str(tmp_path / "other"), "HEAD~1")
    assert "    definition  two -> three" in fine(tmp_path / "other", "diff", "HEAD", "main").out.splitlines()
    shutil.rmtree(tmp_path / "other" / "metadata")
    assert heads(fine(tmp_path / "other", "diff").out)[0] == "- term/a  definition two"


def test_before_the_first_commit(repo: Path) -> None:
    write(repo, {"metadata/terms/a.yaml": "schema: term/1\ndefinition: x\n"})
    assert fine(repo, "diff").out == "+ term/a  definition x\n1 added: nothing -> work tree\n"


def test_a_terminal_is_not_overrun(store: Path, shell: dict[str, str]) -> None:
    fine(store, "set", "model/wine", f"description={'a word ' * 40}", f"custom.long={'x' * 200}")
    fine(store, "set", "metric/auc", f"description={'y' * 90}")
    code, shown = on_terminal(store, "git-ml", "diff", "v1", "--color", "never", env=shell, columns=60)
    assert code == 0
    assert max(map(len, shown.splitlines())) <= 60
    assert "…" in shown
