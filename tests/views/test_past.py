"""Rows over history: what every commit by itself says, put together; each with the first commit that has it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gitml
from gitml.errors import BadFilter, BadValue, NotFound
from gitml.records.ref import Ref
from gitml.repo.git.commits import iso
from gitml.repo.git.history import nodes
from gitml.repo.repository import Repository
from gitml.store import Store
from gitml.views.rows import Rows
from gitrepo import commit, git, init, write
from histories import START, Commit, shapes, written
from replayed import replay

RUN = "schema: run/1\nstatus: finished\ncreated: '2026-03-01T12:00:00Z'\nmetrics:\n  auc: {auc}\n"
SETTINGS = "schema: store/1\nmain: main\n"
BENCH = """$schema: https://json-schema.org/draft/2020-12/schema
$id: bench/1
x-gitml:
  addressing: named
  path: "{path}"
  canonical: false
type: object
properties:
  score: {{type: number}}
"""


def place(run: str) -> str:
    """Where a run of experiment wine lies."""
    return str(gitml.records.schemas.Schemas(gitml.repo.kinds.shipped(None)).path(Ref("run", ("wine", run))))


A, B, C = (place(f"01JD7K000000000000000000{letter}0") for letter in "ABC")


def oracle(store: Store, kind: str, commits: Iterable[str]) -> dict[tuple[str, str], tuple[Any, set[str]]]:
    """What each commit by itself says: data by ref and blob, and all commits that have it."""
    found: dict[tuple[str, str], tuple[Any, set[str]]] = {}
    for oid in commits:
        try:
            records = list(store.at(named(store, oid)).snapshot.records(kind))
        except NotFound:  # no schema knows the kind there
            continue
        for record in records:
            found.setdefault((str(record.ref), record.blob), (record.data, set()))[1].add(oid)
    return found


def named(store: Store, oid: str) -> str:
    """A commit by the name that stands there and knows most of tags: a branch's, or that of the last tag."""
    root = store.repository.file("")
    lines = git(root, "for-each-ref", "--format=%(refname)", f"--points-at={oid}", "refs/heads", "refs/remotes")
    tags = git(root, "for-each-ref", "--sort=-creatordate", "--format=%(refname)", f"--points-at={oid}", "refs/tags")
    return [*lines.split(), *tags.split(), oid][0]


def agree(store: Store, kind: str, over: list[str], commits: list[str]) -> None:
    """The rows are those of the oracle, each with a commit that has it, and no earlier one of these has."""
    wanted = oracle(store, kind, commits)
    before = {node.oid: node.parents for node in nodes(store.repository.git, commits)}
    rows = store.rows(kind, over=over).rows
    assert len(rows) == len(wanted)
    left = dict(wanted)
    for row in rows:
        same = [key for key, (_data, oids) in left.items() if key[0] == row["ref"] and row["commit"] in oids]
        fitting = [key for key in same if not ancestors(before, row["commit"]) & left[key][1]]
        assert fitting, row
        left.pop(fitting[0])
        assert row["time"] == store.repository.git.commit_info(row["commit"]).time
    assert not left


def ancestors(parents: Mapping[str, tuple[str, ...]], oid: str) -> set[str]:
    """All commits before one."""
    todo, found = list(parents[oid]), set()
    while todo:
        at = todo.pop()
        if at not in found:
            found.add(at)
            todo.extend(parents[at])
    return found


def past(repo: Path, kind: str, *over: str, **how: Any) -> Rows:
    return gitml.open(repo).rows(kind, over=over or "commits", **how)


def told(rows: Rows) -> list[tuple[str, float, str]]:
    """Of each run its last letter, its auc, and when it was first there, in seconds after the first of 2026."""
    return [(row["ref"][-2], row["metrics.auc"], row["time"]) for row in rows.rows]


@pytest.fixture
def lines(repo: Path) -> dict[str, str]:
    """Run A on main, changed twice and back; B on a side line, merged; C on another line and in an experiment."""
    run = RUN.format
    shape = [
        Commit((), {"metadata/store.yaml": SETTINGS, A: run(auc=0.5)}, 0),
        Commit((0,), {A: run(auc=0.6)}, 60),
        Commit((0,), {B: run(auc=0.7)}, 30),
        Commit((1, 2), {"code.py": "1", B: run(auc=0.7)}, 90),
        Commit((3,), {A: run(auc=0.5)}, 120),
        Commit((1,), {C: run(auc=0.8)}, 150),
        Commit((4,), {C: run(auc=0.9)}, 180),
        Commit((4,), {A: None, B: None}, 210),
    ]
    oids = written(repo, shape)
    for number in (0, 1, 2, 3, 4, 6, 7):
        git(repo, "update-ref", "-d", f"refs/heads/c{number}")
    git(repo, "update-ref", "refs/heads/main", oids[7])
    git(repo, "update-ref", f"refs/exps/{oids[4][:2]}/{oids[4][2:]}/loud-moth", oids[6])
    git(repo, "tag", "v1", oids[3])
    git(repo, "reset", "-q", "--hard")
    return dict(zip("01234567", oids, strict=True))


# ── the rows ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_row_a_ref_and_blob_with_the_first_commit(repo: Path, lines: dict[str, str]) -> None:
    found = past(repo, "run")
    assert [(row["ref"][-2], row["metrics.auc"], row["commit"]) for row in found.rows] == [
        ("A", 0.5, lines["0"]),
        ("A", 0.6, lines["1"]),
        ("B", 0.7, lines["2"]),
        ("C", 0.8, lines["5"]),
    ]
    assert [column.name for column in found.columns][:5] == ["ref", "commit", "time", "refs", "schema"]
    assert [column.type for column in found.columns][:4] == ["string", "string", "string", "list"]
    assert [row["refs"] for row in found.rows] == [[], [], [], ["c5"]]
    assert [row["time"] for row in found.rows] == [iso(START + seconds) for seconds in (0, 60, 30, 150)]
    assert (found.total, found.complete, found.problems) == (4, True, ())


def test_over_branches_tags_and_experiments(repo: Path, lines: dict[str, str]) -> None:
    found = past(repo, "run", "tags")
    assert [(row["ref"][-2], row["commit"], row["refs"]) for row in found.rows] == [
        ("A", lines["3"], ["v1"]),
        ("B", lines["3"], ["v1"]),
    ]
    assert {row["refs"][0] for row in past(repo, "run", "experiments").rows} == {"loud-moth"}
    assert [row["metrics.auc"] for row in past(repo, "run", "branches").rows] == [0.6, 0.8]
    assert past(repo, "run", "branches", "tags", "experiments").total == 5
    assert past(repo, "run", "commits", "experiments").total == 5


@pytest.mark.parametrize("over", [["commits"], ["branches"], ["tags"], ["experiments"], ["tags", "experiments"]])
@pytest.mark.usefixtures("lines")
def test_the_commits_one_by_one_say_the_same(repo: Path, over: list[str]) -> None:
    store = gitml.open(repo)
    agree(store, "run", over, [node.oid for node in store._past(over).nodes])


def test_as_of_a_revision(repo: Path, lines: dict[str, str]) -> None:
    store = gitml.open(repo).at(lines["5"])
    assert [row["commit"] for row in store.rows("run", over="commits").rows] == [lines[n] for n in "015"]
    assert store.rows("run", over="tags").total == 0
    assert gitml.open(repo).at("worktree").rows("run", over="commits").total == 4


# ── filters, columns, order ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("lines")
def test_commit_time_and_refs_are_fields(repo: Path) -> None:
    assert told(past(repo, "run", where="time >= '2026-01-01T00:01:00Z'", sort="-time")) == [
        ("C", 0.8, iso(START + 150)),
        ("A", 0.6, iso(START + 60)),
    ]
    first = past(repo, "run").rows[0]["commit"]
    assert past(repo, "run", where=f"commit = '{first}'").total == 1
    assert [row["ref"][-2] for row in past(repo, "run", sort="-metrics.auc", limit=2).rows] == ["C", "B"]
    cut = past(repo, "run", sort="-metrics.auc", limit=1)
    assert (cut.total, len(cut.rows)) == (4, 1)


@pytest.mark.usefixtures("lines")
def test_columns_come_behind_those_of_history(repo: Path) -> None:
    found = past(repo, "run", columns="metrics,commit")
    assert [column.name for column in found.columns] == ["ref", "time", "refs", "metrics.auc", "commit"]
    nothing = past(repo, "run", where="metrics.auc > 2", columns="status")
    assert [(column.name, column.type) for column in nothing.columns] == [
        ("ref", "string"),
        ("commit", "string"),
        ("time", "string"),
        ("refs", "list"),
        ("status", "string"),
    ]


@pytest.mark.usefixtures("lines")
def test_what_is_asked_wrongly_is_told(repo: Path) -> None:
    with pytest.raises(BadFilter, match="no run has a field metrics"):
        past(repo, "run", where="status.x = 1 or metrics.auk > 1")
    with pytest.raises(NotFound, match="'rum'"):
        past(repo, "rum")
    with pytest.raises(BadValue, match="'branch' is no part of history"):
        past(repo, "run", "branch")
    with pytest.raises(BadValue, match="no limit"):
        past(repo, "run", limit=-1)


@pytest.mark.usefixtures("lines")
def test_as_a_dataframe(repo: Path) -> None:
    frame = gitml.open(repo).table("run", over=["commits"], columns="metrics.auc")
    assert list(frame.columns) == ["ref", "commit", "time", "refs", "metrics.auc"]
    assert list(frame["refs"]) == [[], [], [], ["c5"]]
    assert frame["metrics.auc"].tolist() == [0.5, 0.6, 0.7, 0.8]


def test_own_fields_of_these_names_give_way(repo: Path) -> None:
    card = "time: noon\ncommit: mine\nrefs: {a: 1}\nscore: 1\n"
    oid = commit(repo, {"schemas/bench.yaml": BENCH.format(path="bench/{name}.yaml"), "bench/x.yaml": card})
    (row,) = past(repo, "bench").rows
    assert row == {
        "ref": "bench/x",
        "commit": oid,
        "time": "2026-03-01T12:00:00Z",
        "refs": ["main"],
        "refs.a": 1,
        "score": 1,
    }


# ── schemas of their time ─────────────────────────────────────────────────────────────────────────────────────────


def test_each_commit_is_read_with_its_own_schemas(repo: Path) -> None:
    one, two = (BENCH.format(path=path) for path in ("bench/{name}.yaml", "score/{name}/card.yaml"))
    commit(repo, {"bench/early.yaml": "score: 1\n"})
    commit(repo, {"schemas/bench.yaml": one, "bench/early.yaml": "score: 2\n", "score/late/card.yaml": "score: 3\n"})
    commit(repo, {"bench/early.yaml": "score: 4\n"})
    commit(repo, {"schemas/bench.yaml": two})
    commit(repo, {"bench/early.yaml": "score: 5\n", "score/late/card.yaml": "score: 6\n"})
    commit(repo, {"schemas/bench.yaml": one})
    store = gitml.open(repo)
    agree(store, "bench", ["commits"], [node.oid for node in store._past("commits").nodes])
    # Before the first schema that of the store that asks serves: the one of the work tree.
    assert [(row["ref"], row["score"]) for row in store.rows("bench", over="commits").rows] == [
        *[("bench/early", score) for score in (1, 2, 4, 5)],
        *[("bench/late", score) for score in (3, 6)],
    ]


def test_a_kind_that_is_gone_is_still_known(repo: Path) -> None:
    first = commit(repo, {"schemas/bench.yaml": BENCH.format(path="bench/{name}.yaml"), "bench/x.yaml": "score: 1\n"})
    git(repo, "rm", "-q", "-r", "schemas", "bench")
    commit(repo, {"README": "gone"})
    found = past(repo, "bench", where="score > 0")
    assert [(row["commit"], row["score"]) for row in found.rows] == [(first, 1)]
    assert {column.name: column.type for column in found.columns}["score"] == "int"


def test_a_store_in_a_folder(repo: Path) -> None:
    commit(repo, {"sub/metadata/store.yaml": SETTINGS, f"sub/{A}": RUN.format(auc=0.1), B: RUN.format(auc=0.2)})
    commit(repo, {f"sub/{A}": RUN.format(auc=0.3)})
    store = Store(Repository.find(repo / "sub"))
    assert [row["metrics.auc"] for row in store.rows("run", over="commits").rows] == [0.1, 0.3]
    agree(store, "run", ["commits"], [node.oid for node in store._past("commits").nodes])


# ── what cannot be read ───────────────────────────────────────────────────────────────────────────────────────────


def test_what_cannot_be_read_is_one_problem_with_its_first_commit(repo: Path) -> None:
    bad = commit(repo, {A: "schema: run/1\nstatus: [\n", B: RUN.format(auc=0.1)}, date="2026-03-01T12:00:00+00:00")
    commit(repo, {"code.py": "1"}, date="2026-03-02T12:00:00+00:00")
    worse = commit(repo, {A: "status: ]\n"}, date="2026-03-03T12:00:00+00:00")
    commit(repo, {A: RUN.format(auc=0.2)}, date="2026-03-04T12:00:00+00:00")
    found = past(repo, "run")
    assert found.total == 2
    assert [(each.code, each.path, each.commit) for each in found.problems] == [
        ("yaml.syntax", A, bad),
        ("yaml.syntax", A, worse),
    ]
    assert found.complete
    assert past(repo, "model").problems == ()


def test_a_shallow_or_partial_clone_is_incomplete(repo: Path, tmp_path: Path) -> None:
    commit(repo, {A: RUN.format(auc=0.1)})
    last = commit(repo, {A: RUN.format(auc=0.2), "metadata/runs/wine/stray.yml": "a: 1\n"})
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repo}", "shallow")
    found = past(tmp_path / "shallow", "run")
    assert [(row["metrics.auc"], row["commit"]) for row in found.rows] == [(0.2, last)]
    assert not found.complete
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo}", "partial")
    found = past(tmp_path / "partial", "run")
    assert (found.total, found.complete) == (0, False)
    assert {each.code for each in found.problems} == {"path.unreadable"}


def test_a_reader_that_lacks_a_file_leaves_history_incomplete(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n"})
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo}", "partial")
    assert past(repo, "dvc-stage").complete
    assert [row["ref"] for row in past(repo, "dvc-stage").rows] == ["dvc-stage/train"]
    assert not past(tmp_path / "partial", "dvc-stage").complete


@pytest.mark.usefixtures("lines")
def test_a_bare_clone_and_a_linked_work_tree_say_the_same(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--mirror", str(repo), "bare.git")
    git(repo, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"), "v1")
    wanted = past(repo, "run", "commits", "experiments")
    assert wanted.total == 5
    assert past(tmp_path / "bare.git", "run", "commits", "experiments") == wanted
    assert past(tmp_path / "linked", "run", "commits", "experiments") == wanted


def test_an_empty_repository_has_no_history(repo: Path) -> None:
    found = past(repo, "run", "commits", "branches", "tags", "experiments")
    assert (found.total, found.complete, [column.name for column in found.columns]) == (
        0,
        True,
        ["ref", "commit", "time", "refs"],
    )


# ── laws ──────────────────────────────────────────────────────────────────────────────────────────────────────────

FILES = {"a": A, "b/c": B, "b/d/e": "schemas/bench.yaml", "b": "bench/x.yaml", "ü\n": "bench/y.yaml"}
TEXTS = {
    "": "score: 1\n",
    "1\n": RUN.format(auc=0.1),
    "2\n": BENCH.format(path="bench/{name}.yaml"),
    "!run": "]",
    ">a": ">a",
}


@settings(max_examples=20)
@given(shapes(), st.sampled_from(["run", "bench"]))
def test_any_history_says_what_its_commits_say(
    tmp_path_factory: pytest.TempPathFactory, shape: list[Commit], kind: str
) -> None:
    repo = init(tmp_path_factory.mktemp("past") / "repo")
    files = [{FILES.get(path, path): TEXTS.get(text or "", text) if text is not None else None
              for path, text in commit.files.items()} for commit in shape]  # fmt: skip
    oids = written(repo, [commit._replace(files=held) for commit, held in zip(shape, files, strict=True)])
    store = gitml.open(repo)
    if kind == "bench" and not any(held.get("schemas/bench.yaml") == TEXTS["2\n"] for held in files):
        return
    agree(store, kind, ["commits"], oids)
    shutil.rmtree(repo)


# ── real inputs ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_real_corpus(real: Path, tmp_path: Path) -> None:
    repo = replay(real / "EpistasisLab+pmlb", tmp_path / "pmlb")
    schema = Path(__file__).parents[1] / "data" / "pmlb-dataset.yaml"
    write(repo, {"schemas/pmlb-dataset.yaml": schema.read_bytes()})
    store = gitml.open(repo)
    agree(store, "pmlb-dataset", ["commits"], git(repo, "rev-list", "--all").split())


@pytest.mark.parametrize("kind", ["dvc-pipeline", "dvc-stage", "dvc-output", "run", "model-version", "alias"])
def test_a_real_repository_of_dvc(real: Path, tmp_path: Path, kind: str) -> None:
    repo = replay(real / "iterative+demo-bank-customer-churn", tmp_path / "bank")
    store = gitml.open(repo)
    agree(store, kind, ["commits"], git(repo, "rev-list", "--all").split())
    assert store.rows(kind, over="commits").total
