"""Which commit last produced a hash: in straight lines, in merges, in history that is cut short."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gitml.repo.data.pointers import tracked
from gitml.repo.data.produced import hashes_in_history, producers, versions_in_history
from gitml.repo.git import Git
from gitml.repo.readers.dvc import LOCK, STAGES, is_pointer_file
from gitrepo import commit, git, init

A, B, C = "1e46" + "0" * 28, "b" * 32, "c" * 32


def dot(path: str, md5: str) -> str:
    return f"outs:\n- md5: {md5}\n  hash: md5\n  path: {path}\n"


def locked(**outs: str) -> str:
    stages = (f"  {name}:\n    cmd: x\n    outs:\n    - path: {name}\n      md5: {md5}\n" for name, md5 in outs.items())
    return "schema: '2.0'\nstages:\n" + "".join(stages)


def found(repo: Path, *wanted: tuple[str, str], tip: str = "HEAD") -> dict[tuple[str, str], str]:
    return dict(producers(Git.find(repo), wanted, tip))


def test_the_last_commit_that_introduced_a_hash(repo: Path) -> None:
    assert found(repo, ("x", A)) == {}
    first = commit(repo, {"x.dvc": dot("x", A)})
    second = commit(repo, {"x.dvc": dot("x", B)})
    commit(repo, {"x.dvc": dot("x", B) + "desc: said\n"})
    again = commit(repo, {"x.dvc": dot("x", A)})
    commit(repo, {"code.py": "1"})
    assert found(repo, ("x", A), ("x", B), ("x", C), ("y", A)) == {("x", A): again, ("x", B): second}
    assert found(repo, ("x", A), tip=second) == {("x", A): first}
    assert found(repo) == {}
    assert found(repo / ".git", ("x", B)) == {("x", B): second}


def test_one_stage_of_many_and_a_file_in_another_folder(repo: Path) -> None:
    first = commit(repo, {"sub/dvc.lock": locked(a=A, b=B), "a.dvc": dot("a", A)})
    second = commit(repo, {"sub/dvc.lock": locked(a=A, b=C)})
    commit(repo, {"sub/dvc.lock": locked(b=C, a=A, c=A)})
    wanted = [("sub/a", A), ("sub/b", B), ("sub/b", C), ("a", A), ("sub/a", C), ("b", C)]
    assert found(repo, *wanted) == {("sub/a", A): first, ("sub/b", B): first, ("sub/b", C): second, ("a", A): first}


def test_data_that_moves_from_one_file_to_another_is_not_new(repo: Path) -> None:
    first = commit(repo, {"x.dvc": dot("x", A)})
    git(repo, "rm", "-q", "x.dvc")
    commit(repo, {"dvc.lock": locked(x=A)})
    git(repo, "mv", "dvc.lock", "old.lock")
    gone = commit(repo, {})
    assert found(repo, ("x", A)) == {("x", A): first}
    back = commit(repo, {"dvc.lock": locked(x=A)})
    assert found(repo, ("x", A)) == {("x", A): back}
    assert found(repo, ("x", A), tip=gone) == {("x", A): first}


def test_where_a_stage_runs(repo: Path) -> None:
    commit(repo, {"dvc.yaml": "stages:\n  m: {wdir: models, cmd: x}\n"})
    ran = commit(repo, {"dvc.lock": locked(m=A)})
    assert found(repo, ("models/m", A)) == {("models/m", A): ran}


def test_a_folder_whose_files_are_listed(repo: Path) -> None:
    listed = f"outs:\n- path: x\n  hash: md5\n  files:\n  - {{relpath: a, md5: {A}}}\n"
    md5 = tracked({"x.dvc": listed.encode()}).pointers["x"].md5
    made = commit(repo, {"x.dvc": listed})
    assert found(repo, ("x", md5)) == {("x", md5): made}


def test_what_a_merge_brings_in_was_produced_on_its_branch(repo: Path) -> None:
    commit(repo, {"x.dvc": dot("x", A), "y": "1"})
    git(repo, "checkout", "-q", "-b", "side")
    side = commit(repo, {"x.dvc": dot("x", B)})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"y": "2"})
    git(repo, "merge", "-q", "--no-edit", "side")
    commit(repo, {"y": "3"})
    assert found(repo, ("x", B)) == {("x", B): side}


def test_what_no_parent_of_a_merge_had_is_the_merges(repo: Path) -> None:
    commit(repo, {"dvc.lock": locked(x=A, y=A), "z": "1"})
    git(repo, "checkout", "-q", "-b", "side")
    side = commit(repo, {"dvc.lock": locked(x=B, y=A)})
    git(repo, "checkout", "-q", "main")
    main = commit(repo, {"dvc.lock": locked(x=A, y=B)})
    git(repo, "merge", "-q", "-s", "ours", "--no-commit", "side")
    merge = commit(repo, {"dvc.lock": locked(x=B, y=B, z=C)})
    wanted = [("x", B), ("y", B), ("z", C)]
    assert found(repo, *wanted) == {("x", B): side, ("y", B): main, ("z", C): merge}


def test_a_broken_version_gave_nothing(repo: Path) -> None:
    first = commit(repo, {"x.dvc": dot("x", A)})
    commit(repo, {"x.dvc": f"<<<<<<< ours\n{dot('x', A)}"})
    mended = commit(repo, {"x.dvc": dot("x", A)})
    assert found(repo, ("x", A)) == {("x", A): mended}
    assert found(repo, ("x", A), tip=first) == {("x", A): first}


def test_what_lies_beyond_a_shallow_clone_is_not_found(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"x.dvc": dot("x", A)})
    commit(repo, {"y.dvc": dot("y", A), "x.dvc": dot("x", C)})
    commit(repo, {"z": "1"})
    last = commit(repo, {"x.dvc": dot("x", B)})
    wanted = [("x", A), ("x", B), ("x", C), ("y", A)]
    for depth, known in ((1, {}), (2, {("x", B): last}), (3, {("x", B): last})):
        clone = f"depth-{depth}"
        git(tmp_path, "clone", "-q", f"--depth={depth}", f"file://{repo}", clone)
        assert found(tmp_path / clone, *wanted) == known


def test_what_a_partial_clone_lacks_is_not_found(repo: Path, tmp_path: Path) -> None:
    git(repo, "config", "uploadpack.allowFilter", "true")
    commit(repo, {"x.dvc": dot("x", A)})
    commit(repo, {"x.dvc": dot("x", B)})
    last = commit(repo, {"y.dvc": dot("y", C)})
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{repo}", "partial")
    assert found(tmp_path / "partial", ("x", A), ("x", B), ("y", C)) == {("y", C): last}


def test_a_history_that_is_long(repo: Path) -> None:
    """Each hash of a made-up history of branches and merges, against a plain reading of every commit."""
    choice = random.Random(3)  # noqa: S311 - the same history each time
    stream, parents, states = [], {}, {}
    for number in range(1, 401):
        state = dict(states.get(number - 1, {"dvc.yaml": "stages:\n  a: {wdir: w, cmd: x}\n"}))
        parents[number] = [number - 1] if number > 1 else []
        if number > 40 and choice.random() < 0.2:
            other = choice.randrange(1, number - 1)
            parents[number].append(other)
            state |= {path: text for path, text in states[other].items() if choice.random() < 0.5}
        for path in ("x.dvc", "sub/y.dvc", "dvc.lock"):
            if choice.random() < 0.3:
                state[path] = some(choice, path)
        states[number] = state
        stream.append(told(number, parents[number], state))
    git(repo, "fast-import", "--quiet", text="".join(stream).encode())
    ids = git(repo, "rev-list", "--topo-order", "--reverse", "main").splitlines()
    by_number = {int(subject): oid for oid, subject in (line.split(" ") for line in logged(repo))}
    assert len(ids) == 400
    gives = {number: given(state) for number, state in states.items()}
    expected: dict[tuple[str, str], set[str]] = {}
    for number, pairs in gives.items():
        for pair in pairs - set().union(*(gives[parent] for parent in parents[number])):
            expected.setdefault(pair, set()).add(by_number[number])
    ours = producers(Git.find(repo), expected, "main")
    assert set(ours) == set(expected)
    newest = {pair: max(commits, key=lambda oid: numbers(by_number)[oid]) for pair, commits in expected.items()}
    assert dict(ours) == newest
    assert {(path, md5) for path, all_of in hashes_in_history(Git.find(repo), "main").items() for md5 in all_of} >= set(
        expected
    )


def some(choice: random.Random, path: str) -> str:
    hashes = [f"{number:032x}" for number in range(12)]
    if path.endswith(".dvc"):
        return dot("out", choice.choice(hashes))
    return locked(b=choice.choice(hashes), c=choice.choice(hashes))


def told(number: int, parents: list[int], state: dict[str, str]) -> str:
    """A commit as `git fast-import` reads it, a second after the one before."""
    lines = f"commit refs/heads/main\nmark :{number}\ncommitter M <m@example.org> {1_700_000_000 + number} +0000\n"
    lines += f"data {len(str(number))}\n{number}\n"
    lines += "".join(f"{'merge' if at else 'from'} :{parent}\n" for at, parent in enumerate(parents))
    files = (f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in state.items())
    return f"{lines}deleteall\n{''.join(files)}\n"


def logged(repo: Path) -> list[str]:
    return git(repo, "log", "--format=%H %s", "main").splitlines()


def numbers(by_number: dict[int, str]) -> dict[str, int]:
    return {oid: number for number, oid in by_number.items()}


def given(state: dict[str, str]) -> set[tuple[str, str]]:
    pointers = tracked({path: text.encode() for path, text in state.items()}).pointers
    return {(pointer.path, pointer.md5) for pointer in pointers.values()}


def test_versions_are_told_with_what_stood_before(repo: Path) -> None:
    assert versions_in_history(Git.find(repo), "HEAD") == []
    first = commit(repo, {"x.dvc": dot("x", A), "dvc.lock.bak": "", "not.dvc/y": "", ".dvc/config": ""})
    git(repo, "rm", "-q", "x.dvc")
    second = commit(repo, {})
    (gone, made) = versions_in_history(Git.find(repo), "HEAD")
    assert (gone.commit, gone.path, gone.now) == (second, "x.dvc", None)
    assert (made.commit, made.path, made.before) == (first, "x.dvc", (None,))
    assert gone.before == (made.now,)


@pytest.mark.parametrize("name", [LOCK, STAGES, "sp ace/é\n.dvc", "Dvcfile"])
def test_names_of_every_kind(tmp_path: Path, name: str) -> None:
    repo = init(tmp_path / "repo", "--object-format=sha256")
    made = commit(repo, {name: locked(x=A) if name == LOCK else dot("x", A)})
    assert is_pointer_file(name)
    path = "sp ace/x" if "/" in name else "x"
    assert found(repo, (path, A)) == ({} if name == STAGES else {(path, A): made})
