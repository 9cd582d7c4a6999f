from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import BadValue, GitFailed
from gitml.repo.git import Git
from gitml.repo.git.batch import FEW
from gitml.repo.git.environment import quoted
from gitml.repo.git.objects import Entry, blob_id, missing
from gitrepo import commit, git, init, write

STRANGE = ["a b.txt", "q\"uo'te", "ünï/ç.txt", "new\nline", "tab\there", "-dash", "back\\slash", ":colon", "*", "cr\r"]


def test_a_tree_with_strange_paths_links_and_submodules(repo: Path, tmp_path: Path) -> None:
    latin = os.fsdecode(b"latin-\xe9")
    write(repo, {name: name.encode() for name in STRANGE})
    (repo / latin).write_bytes(b"latin")
    (repo / "link").symlink_to("a b.txt")
    (repo / "run.sh").write_bytes(b"")
    (repo / "run.sh").chmod(0o755)
    part = init(tmp_path / "part")
    pointed = commit(part, {"f": "1"})
    git(repo, "update-index", "--add", "--cacheinfo", f"160000,{pointed},sub/part")
    (repo / "sub/part").mkdir(parents=True)
    first = commit(repo, {})
    found = Git.find(repo)
    tree = found.tree(first)
    assert set(tree) == {*STRANGE, latin, "link", "run.sh", "sub/part"}
    assert tree["sub/part"] == Entry("160000", pointed)
    assert tree["link"] == Entry("120000", found.blob_id(b"a b.txt"))
    assert tree["run.sh"] == Entry("100755", found.blob_id(b""))
    assert found.staged().entries == tree
    assert all(tree[name] == ("100644", found.blob_id(name.encode())) for name in STRANGE)
    assert found.hash_paths(STRANGE) == {name: tree[name].oid for name in STRANGE}
    assert [path for path, *_ in found.status()] == []
    assert dict(found.cat([tree["sub/part"].oid])) == {pointed: None}


def test_a_tree_of_something_that_looks_like_an_option(repo: Path) -> None:
    with pytest.raises(BadValue):
        Git.find(repo).tree("--help")
    with pytest.raises(GitFailed, match="not a tree object"):
        Git.find(repo).tree("0" * 39 + "1")


@pytest.mark.parametrize("rounds", [1, 100, 3000])
def test_contents_come_in_the_order_asked(repo: Path, rounds: int) -> None:
    contents = [b"", b"\n", b"a\n", b"\0\xff", b"x" * 3000, b"0" * 40 + b" blob 3\nabc\n"]
    first = commit(repo, {str(n): content for n, content in enumerate(contents)})
    found = Git.find(repo)
    tree = found.tree(first)
    gone = "0" * 39 + "1"
    asked = [tree[str(n)].oid for n in range(len(contents))] + [gone]
    expected = [*zip(asked, [*contents, None], strict=True)]
    count = 0
    for number, answer in enumerate(found.cat(iter(asked * rounds))):
        assert answer == expected[number % len(expected)]
        count += 1
    assert count == rounds * len(expected)
    assert missing(found, asked * 100) == [gone] * 100


def test_contents_of_nothing_start_no_process(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Git.find(repo)
    monkeypatch.setenv("PATH", "")
    assert list(found.cat([])) == []


def test_a_caller_that_has_seen_enough_leaves_no_process(repo: Path) -> None:
    first = commit(repo, {"f": "x" * 100_000})
    found = Git.find(repo)
    asked = [found.tree(first)["f"].oid] * 20_000
    before = psutil.Process().children()
    answers = found.cat(asked)
    assert len(list(islice(answers, 3))) == 3
    assert psutil.Process().children() != before
    answers.close()  # type: ignore[attr-defined]
    assert psutil.Process().children() == before


def test_an_id_with_a_newline_would_shift_every_answer(repo: Path) -> None:
    with pytest.raises(BadValue, match="newline"):
        list(Git.find(repo).cat(["0" * 40 + "\nHEAD"]))


@pytest.mark.parametrize("many", [1, FEW + 1])
def test_a_corrupt_object_is_an_error_and_not_a_missing_one(repo: Path, many: int) -> None:
    first = commit(repo, {"f": "content", "g": "fine"})
    found = Git.find(repo)
    tree = found.tree(first)
    oid = tree["f"].oid
    file = repo / ".git/objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.write_bytes(b"garbage" + file.read_bytes())
    with pytest.raises(GitFailed, match=r"cat-file: .*unable to unpack"):
        list(found.cat([tree["g"].oid] * many + [oid]))


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    """A partial clone that has the blobs of its last commit alone."""
    origin = init(tmp_path / "origin")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    commit(origin, {f"old{n}": f"old {n}" for n in range(FEW + 44)})
    for n in range(FEW + 44):
        (origin / f"old{n}").unlink()
    commit(origin, {"new": "new"}, "second")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{origin}", "partial")
    return tmp_path / "partial"


@pytest.mark.parametrize("knows", ["1", "0"])
@pytest.mark.parametrize("many", [5, FEW + 44])
def test_a_partial_clone_fetches_nothing_unasked(
    partial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int, knows: str
) -> None:
    found = Git.find(partial)
    old, new = found.tree("HEAD~1"), found.tree("HEAD")
    asked = [entry.oid for entry in old.values()][:many]
    asked[3:3] = [new["new"].oid]
    asked.append("1" * 40)
    # A git before 2.39.4 does not know the variable: the same answers, and still nothing fetched.
    monkeypatch.setattr("gitml.repo.git.environment.FIXED", {"LC_ALL": "C", "GIT_NO_LAZY_FETCH": knows})
    log = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(log))
    expected = [(oid, b"new" if oid == new["new"].oid else None) for oid in asked]
    assert list(found.cat(asked)) == expected
    assert len(missing(found, asked)) == len(asked) - 1
    assert "upload-pack" not in log.read_text()
    monkeypatch.delenv("GIT_TRACE2_EVENT")
    assert "old 0" not in git(partial, "cat-file", "--batch-all-objects", "--batch")


def test_a_partial_clone_fetches_all_at_once_on_request(
    partial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Git.find(partial)
    assert found.promisor() == "origin"
    asked = [entry.oid for entry in found.tree("HEAD~1").values()]
    log = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(log))
    found.fetch_missing(missing(found, asked))
    served = [line for line in log.read_text().splitlines() if '"start"' in line and "upload-pack" in line]
    assert len(served) == 1
    assert [content for _, content in found.cat(asked)].count(None) == 0
    assert next(found.cat(asked))[1] == b"old 0"
    with pytest.raises(GitFailed, match=r"git fetch: "):
        found.fetch_missing(["1" * 40])


@pytest.mark.parametrize("knows", ["1", "0"])
def test_trees_that_a_partial_clone_lacks_are_told(
    partial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knows: str
) -> None:
    monkeypatch.setattr("gitml.repo.git.environment.FIXED", {"LC_ALL": "C", "GIT_NO_LAZY_FETCH": knows})
    git(tmp_path, "clone", "-q", "--filter=tree:0", "--no-checkout", f"file://{tmp_path / 'origin'}", "treeless")
    for _ in range(2):
        with pytest.raises(GitFailed) as caught:
            Git.find(tmp_path / "treeless").tree("HEAD")
        assert "partial clone" in caught.value.hint


def test_a_full_clone_has_nobody_to_ask(repo: Path) -> None:
    found = Git.find(repo)
    assert found.promisor() is None
    found.fetch_missing([])
    with pytest.raises(GitFailed, match="no remote has promised"):
        found.fetch_missing(["1" * 40])


def test_ids_are_gits(repo: Path) -> None:
    for content in (b"", b"a", b"\r\n\0"):
        asked = git(repo, "hash-object", "--stdin", text=content)
        assert blob_id(content) == Git.find(repo).blob_id(content) == asked


def test_hashing_cleans_and_passes_over_what_cannot_be_read(repo: Path) -> None:
    write(repo, {".gitattributes": "*.txt text\n", "a.txt": "1\r\n", "b.bin": "1\r\n", "c": "c"})
    (repo / "folder").mkdir()
    found = Git.find(repo)
    assert found.hash_paths(["gone", "a.txt", "folder", "b.bin", "gone too", "c", "no"]) == {
        "a.txt": blob_id(b"1\n"),
        "b.bin": blob_id(b"1\r\n"),
        "c": blob_id(b"c"),
    }
    assert found.hash_paths([]) == {}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1))
def test_quoting_gives_one_line_without_loose_quotes(path: str) -> None:
    line = quoted(path)
    assert "\n" not in line
    assert "\r" not in line
    unquoted = line[1:-1].encode().decode("latin-1").encode("latin-1").decode("unicode_escape").encode("latin-1")
    assert unquoted.decode() == path
