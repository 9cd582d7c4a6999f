"""What DVC's files say, well-formed and not, now and in history."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitml.repo.data.pointers import Pointer, tracked
from gitml.repo.data.produced import hashes_in_history, in_history
from gitml.repo.git import Git
from gitml.repo.readers.dvc import is_pointer_file
from gitrepo import commit, git

A, B, C = "1e46" + "0" * 28, "b" * 32, "c" * 32


def out(path: str, md5: str, more: str = "  hash: md5\n") -> str:
    return f"outs:\n- md5: {md5}\n  size: 12\n{more}  path: {path}\n"


def stage(name: str, path: str, md5: str) -> str:
    deps = f"    deps:\n    - path: in\n      md5: {C}\n"
    return f"  {name}:\n    cmd: x\n{deps}    outs:\n    - path: {path}\n      md5: {md5}\n"


def test_which_files_are_read() -> None:
    read = ["a.dvc", "x/a.csv.dvc", "dvc.lock", "x/dvc.lock", "dvc.yaml", "x/Dvcfile"]
    others = [".dvc", ".dvc/config", "advc.lock", "dvc.lock.bak"]
    assert [path for path in [*read, *others] if is_pointer_file(path)] == read


def test_a_dvc_file_with_a_hash_that_looks_like_a_number() -> None:
    found = tracked({"data/wine.csv.dvc": out("wine.csv", A).encode()})
    path = "data/wine.csv"
    assert found.pointers == {path: Pointer(path, A, 12, None, "data/wine.csv.dvc")}
    assert found.problems == ()


def test_folders_legacy_hashes_work_folders_and_anchors() -> None:
    files = {
        "images.dvc": out("images", f"{B}.dir", "  nfiles: 3\n"),
        "deep/x.dvc": f"wdir: ../other\n{out('./a/../x', B)}",
        "twice.dvc": f"outs:\n- &one\n  path: p\n  md5: {B}\n- path: q\n  md5: {C}\n",
        "Dvcfile": f"cmd: make\n{out('made', C)}",
    }
    found = tracked({path: text.encode() for path, text in files.items()}).pointers
    assert sorted(found) == ["images", "made", "other/x", "p", "q"]
    assert found["images"] == Pointer("images", f"{B}.dir", 12, 3, "images.dvc", legacy=True)
    assert not found["other/x"].legacy


def test_locks_of_both_schemas_and_where_their_stages_run() -> None:
    files = {
        "dvc.lock": "schema: '2.0'\nstages:\n" + stage("train", "m.pkl", B) + stage("prep@us", "us.csv", A),
        "dvc.yaml": "stages:\n  train: {wdir: models}\n  prep:\n    foreach: [us]\n    do: {wdir: data, cmd: y}\n",
        "old/dvc.lock": stage("train", "m.pkl", C).replace("\n  ", "\n").strip(),
        "none/dvc.lock": "schema: '2.0'\n",
        "empty/dvc.lock": "",
    }
    found = tracked({path: text.encode() for path, text in files.items()})
    assert found.problems == ()
    assert {path: pointer.md5 for path, pointer in found.pointers.items()} == {
        "models/m.pkl": B, "data/us.csv": A, "old/m.pkl": C,
    }  # fmt: skip


def test_where_stages_run_by_a_template() -> None:
    files = {
        "sub/dvc.yaml": "stages:\n  a:\n    foreach: [x, y]\n    do: {wdir: 'in/${item}', cmd: c}\n"
        "  b: {wdir: '${p}', cmd: c}\n",
        "sub/dvc.lock": "schema: '2.0'\nstages:\n" + stage("a@x", "m", A) + stage("a@y", "m", B) + stage("b", "n", C),
    }
    found = tracked({path: text.encode() for path, text in files.items()}).pointers
    # What b's template needs is in another file.
    assert {path: one.md5 for path, one in found.items()} == {"sub/in/x/m": A, "sub/in/y/m": B, "sub/n": C}


def test_what_is_not_added_yet_or_lies_elsewhere_is_no_pointer() -> None:
    elsewhere = "".join(f"- {{path: '{path}', md5: {B}}}\n" for path in ("/abs", "s3://b/k", "C:\\x", "../x", "."))
    text = f"outs:\n- path: later\n{elsewhere}"
    assert tracked({"a.dvc": text.encode()}).pointers == {}
    imported = f"frozen: true\ndeps:\n- {{path: x, md5: {C}, repo: {{url: u, rev_lock: a}}}}\n{out('y', B)}"
    assert list(tracked({"b.dvc": imported.encode()}).pointers) == ["y"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("outs:\n- md5: 'x\n", 3, "not YAML"),
        (f"<<<<<<< ours\n{out('a', B)}=======\n", 2, "not YAML"),
        ("a: 1\nouts: text\n", 2, "outs is not a list"),
        ("outs:\n- text\n", 2, "an output has no path"),
        (f"outs:\n- path: a\n  md5: {B}\n- md5: {B}\n", 4, "an output has no path"),
        ("outs:\n- path: a\n  md5: nothing\n", 3, "a: its md5 is none"),
        ("- a\n", 1, "the file is not a mapping"),
        ("\ttab: 1\n", 1, "not YAML"),
        ("a: 1\n--- \nb: 2\n", 2, "a second document"),
    ],
)
def test_a_malformed_file_is_one_problem_and_the_rest_is_read(text: str, line: int, said: str) -> None:
    found = tracked({"bad.dvc": text.encode(), "good.dvc": out("good", B).encode()})
    assert "good" in found.pointers
    (problem,) = found.problems
    assert (problem.code, problem.path, problem.line) == ("read.dvc", "bad.dvc", line)
    assert said in problem.message


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 200_000,
        b"{a: " * 200_000,
        b"- " * 200_000,
        b"\n".join(b" " * n + b"a:" for n in range(3000)),
        b"\n".join(b" " * n + b"-" for n in range(280)),
        b"? " * 100_000,
        b"a: &a [x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (n, n) for n in range(99)),
        b"a: &a [*a]\n",
        b"\xff\xfe\x00",
        b"\xff not utf-8",
        b"\0",
        b"x: " + b"[" * 50 + b"]" * 50,
    ],
)
def test_hostile_files_are_problems_and_never_the_end_of_the_process(raw: bytes) -> None:
    begun = time.monotonic()
    for path in ("a.dvc", "dvc.lock", "dvc.yaml"):
        tracked({path: raw, "good.dvc": out("good", B).encode(), "dvc.lock": b"" if path != "dvc.lock" else raw})
    assert time.monotonic() - begun < 20


WORDS = st.sampled_from(["outs", "path", "md5", "stages", "schema", "wdir", "do", "size", "a", "../..", "${x}", A, ""])
SHAPES = st.recursive(
    WORDS | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner), max_leaves=20
)


@settings(deadline=None)
@given(
    st.binary()
    | st.text(alphabet="outs: -\n[]{}&*ab'\"|>!#path md5").map(str.encode)
    | SHAPES.map(lambda shape: json.dumps(shape).encode())
)
def test_any_bytes_at_all(raw: bytes) -> None:
    tracked({"a.dvc": raw, "dvc.lock": raw, "dvc.yaml": raw, "Dvcfile": b"outs: " + raw})


def test_every_hash_that_stood_in_history(repo: Path) -> None:
    assert hashes_in_history(Git.find(repo)) == {}
    commit(repo, {"data/a.csv.dvc": out("a.csv", A)})
    git(repo, "checkout", "-q", "-b", "side")
    commit(repo, {"data/a.csv.dvc": out("a.csv", B), "x.dvc": "broken: ["})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"data/a.csv.dvc": out("a.csv", C), "dvc.lock": "schema: '2.0'\nstages:\n" + stage("t", "m", A)})
    git(repo, "merge", "-q", "-s", "ours", "side")
    commit(repo, {"dvc.yaml": "stages:\n  t: {wdir: models, cmd: x}\n"})
    (repo / "data/a.csv.dvc").unlink()
    commit(repo, {"sp ace/é.dvc": out("é", B)})
    found = hashes_in_history(Git.find(repo / "data" if (repo / "data").exists() else repo))
    assert found["data/a.csv"] == {A, B, C}
    assert found["sp ace/é"] == {B}
    assert found["models/m"] == found["m"] == {A}
    git_ = Git.find(repo)
    assert in_history(git_, "data/a.csv", B) is True
    assert in_history(git_, "data/a.csv", "d" * 32) is False
    assert in_history(git_, "data/a.csv", B, "main~3") is False


def test_what_a_shallow_clone_cannot_know(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"a.dvc": out("a", A)})
    commit(repo, {"a.dvc": out("a", B)})
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repo}", "shallow")
    shallow = Git.find(tmp_path / "shallow")
    assert in_history(shallow, "a", B) is True
    assert in_history(shallow, "a", A) is None


def test_a_merge_that_no_parent_had(repo: Path) -> None:
    commit(repo, {"a.dvc": out("a", A)})
    git(repo, "checkout", "-q", "-b", "side")
    commit(repo, {"b": "1"})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"c": "1"})
    git(repo, "merge", "-q", "--no-commit", "side")
    commit(repo, {"a.dvc": out("a", B)})
    commit(repo, {"a.dvc": out("a", C)})
    assert hashes_in_history(Git.find(repo))["a"] == {A, B, C}


def test_the_history_of_a_real_repository(repo: Path, real: Path) -> None:
    expected: dict[str, set[str]] = {}
    for snapshot in sorted((real / "iterative+demo-bank-customer-churn" / "snapshots").iterdir()):
        files = {path.relative_to(snapshot).as_posix(): path for path in snapshot.rglob("*") if path.is_file()}
        contents = {path: file.read_bytes() for path, file in files.items() if is_pointer_file(path)}
        found = tracked(contents)
        assert found.problems == ()
        for path, pointer in found.pointers.items():
            expected.setdefault(path, set()).add(pointer.md5)
        git(repo, "rm", "-r", "-q", "--ignore-unmatch", ".")
        commit(repo, contents)
    assert len(expected["data/Churn_Modelling.csv"]) == 2
    assert hashes_in_history(Git.find(repo)) == {path: frozenset(hashes) for path, hashes in expected.items()}
