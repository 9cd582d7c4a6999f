"""What holds of every revert: the bytes before come back, twice is nothing, and nobody else's fields are touched."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acting import opened
from gitml.actions.reverting.inverse import edits, inverse, is_below
from gitml.errors import Conflict, NotFound
from gitml.records.canonical import dump
from gitml.records.edit import edit
from gitml.records.reader import read
from gitml.records.record import MISSING, differences, leaves, same
from gitrepo import environment, git, init

# ── fields ────────────────────────────────────────────────────────────────────────────────────────────────────────────

KEYS = st.sampled_from(["a", "b", "c.d", "e f"])
SCALARS = st.sampled_from([1, 2, 1.0, True, None, "x", "1", float("nan")])
ITEMS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from(["p", "q", "r[s]"])}, optional={"t": SCALARS, "u": SCALARS}),
    max_size=3, unique_by=lambda item: item["name"],
)  # fmt: skip
VALUES = st.recursive(SCALARS | st.lists(SCALARS, max_size=2), lambda inner: st.dictionaries(KEYS, inner, max_size=3))
DATA = st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES, "c.d": VALUES, "items": ITEMS})


def keyed(pattern: tuple[str, ...]) -> str | None:
    return "name" if pattern == ("items",) else None


def by_field(data: Mapping[str, Any]) -> dict[str, Any]:
    return leaves(data, keyed)


@settings(max_examples=300)
@given(old=DATA, new=DATA)
@example(old={}, new={"a": {"b": {}}})
def test_what_nobody_has_touched_goes_back_whole(old: dict[str, Any], new: dict[str, Any]) -> None:
    for now in (old, new):
        found = inverse(old, new, now, keyed)
        assert (found.clashes, same(found.data, old)) == ((), True)


@settings(max_examples=300)
@given(old=DATA, new=DATA, now=DATA)
def test_only_the_fields_of_the_change_go_back(old: dict[str, Any], new: dict[str, Any], now: dict[str, Any]) -> None:
    found = inverse(old, new, now, keyed)
    undone = [one.field for one in differences(old, new, keyed)]
    for one in differences(now, found.data, keyed):
        told = [name for name in undone if is_below(one.field, name) or is_below(name, one.field)]
        # A list or mapping that is empty on one side is told as a whole: what was in it is below its name.
        assert told, (one, undone)
    for clash in found.clashes:
        assert not same(clash.old, clash.new)
        assert not same(clash.now, clash.new)
        assert not same(clash.now, clash.old)


@settings(max_examples=200)
@given(now=DATA, wanted=DATA)
def test_the_smallest_edits_make_it_so(now: dict[str, Any], wanted: dict[str, Any]) -> None:
    now, wanted = {"id": 1, **now}, {"id": 1, **wanted}
    raw = dump(now)
    assert same(read(edit(raw, dict(edits(now, wanted)))).data, wanted)


@given(old=DATA, new=DATA, name=st.sampled_from(["a", "b", "items", "items[name=p]", "items[name=p].t", "a.b"]))
def test_one_field_goes_back_and_no_other(old: dict[str, Any], new: dict[str, Any], name: str) -> None:
    found = inverse(old, new, new, keyed, within=name)
    if found.clashes:  # what holds the field is something else now, or not there
        assert [one.field for one in found.clashes if one.field == name or not is_below(name, one.field)] == []
        assert same(found.data, new)
        return
    told = differences(new, found.data, keyed)
    assert all(is_below(one.field, name) or is_below(name, one.field) for one in told)
    inside = {one: value for one, value in by_field(old).items() if is_below(one, name)}
    now = by_field(found.data)
    assert all(same(now.get(one, MISSING), value) for one, value in inside.items())


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

Files = dict[str, str]
NAMES = ["auc", "loss", "rmse"]
FIELDS = ["tolerance", "labels", "custom", "description", "title"]
LINES = {
    "tolerance": ["tolerance:\n  absolute: 0.1", "tolerance:\n  absolute: 0.2", "tolerance: {relative: 0.1}"],
    "labels": ["labels:\n- a", "labels:\n- a\n- b", "labels: [c]"],
    "custom": ["custom:\n  x: 1", "custom:\n  x: 2\n  y:\n    z: 1", "custom:\n  y:\n    z: 2\n  # why\n  w: 3"],
    "description": [
        "description: one",
        "description: |\n  two\n  lines",
        "description: 'one'",
        "# told\ndescription: x",
    ],
    "title": ["title: A", "title: B", 'title: "A"  # beside'],
}


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A record, in whatever form people write it."""
    chosen = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=4))
    lines = [draw(st.sampled_from(LINES[name])) for name in chosen]
    text = "\n".join(["schema: metric/1", "direction: higher", *lines]) + "\n"
    return text.replace("\n", "\r\n") if draw(st.integers(0, 9)) == 0 else text


@st.composite
def histories(draw: st.DrawFn) -> list[Files]:
    """Trees one after the other, each with a few files written, removed or renamed."""
    files: Files = {}
    found = []
    for _step in range(draw(st.integers(2, 5))):
        files = dict(files)
        for _edit in range(draw(st.integers(1, 2))):
            name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
            deed = draw(st.sampled_from(["write", "write", "field", "remove", "rename"]))
            if deed == "remove":
                files.pop(name, None)
            elif deed == "rename" and name in files and other not in files:
                files[other] = files.pop(name)
            elif deed == "field" and name in files:
                files[name] = edit(files[name].encode(), {("custom", "x"): draw(st.integers(0, 3))}).decode()
            else:
                files[name] = draw(texts())
        found.append(files)
    return found


@pytest.fixture(scope="module")
def place(_session_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = init(tmp_path_factory.mktemp("laws") / "repo")
    git(repo, "commit", "-q", "--allow-empty", "-m", "nothing")
    return repo


def committed(place: Path, trees: Sequence[Files]) -> list[str]:
    """A branch `laws` with these trees, made by git itself; the commits, the oldest first."""
    stream = "reset refs/heads/laws\n\n"
    for number, files in enumerate(trees):
        whole = {"metadata/store.yaml": "schema: store/1\nmain: main\n", "train.py": f"{number}\n"}
        whole |= {f"metadata/metrics/{name}.yaml": text for name, text in files.items()}
        stream += (
            f"commit refs/heads/laws\ncommitter M <m@example.org> {1767225600 + number} +0000\ndata 0\ndeleteall\n"
        )
        stream += "".join(
            f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n" for path, text in whole.items()
        )
    command = ["git", "fast-import", "--quiet", "--force"]
    subprocess.run(command, cwd=place, input=stream.encode(), check=True, env=environment())
    return git(place, "rev-list", "--reverse", "laws").split()


def records(place: Path, rev: str) -> str:
    return git(place, "ls-tree", "-r", rev, "--", "metadata")


@settings(max_examples=25)
@given(trees=histories())
def test_the_last_commit_undone_gives_the_bytes_before_it(place: Path, trees: list[Files]) -> None:
    commits = committed(place, trees)
    store = opened(place)
    first = store.revert("laws", branch="laws", message="undo")
    assert records(place, "laws") == records(place, commits[-2])
    assert git(place, "show", "laws:train.py") == git(place, "show", f"{commits[-1]}:train.py")
    if first.commit:
        store.revert(first.commit, branch="laws", message="undo the undoing")
        assert records(place, "laws") == records(place, commits[-1])
    store.revert(f"{commits[0]}..laws", branch="laws", message="all")
    assert records(place, "laws") == records(place, commits[0])


@settings(max_examples=25)
@given(trees=histories(), data=st.data())
def test_an_older_commit_undone_touches_its_own_fields_or_nothing(
    place: Path, trees: list[Files], data: st.DataObject
) -> None:
    commits = committed(place, trees)
    number = data.draw(st.integers(1, len(commits) - 1))
    store = opened(place)
    before, after, today = (store.at(rev).snapshot for rev in (commits[number - 1], commits[number], commits[-1]))
    try:
        store.revert(commits[number], branch="laws", message="undo")
    except Conflict:
        assert records(place, "laws") == records(place, commits[-1])
        return
    then = store.at("laws").snapshot
    sides = [{str(one.ref): one.data for one in each.records("metric")} for each in (before, after, today, then)]
    moved = {one for one in {*sides[0], *sides[1]} if not same(sides[0].get(one), sides[1].get(one))}
    for ref in {*sides[2], *sides[3]}:
        old, new, now, found = (side.get(ref) for side in sides)
        if ref not in moved:
            # It may have been followed under another name, and then it has the fields of what was changed.
            assert same(now, found) or found is None or now is None or any(one not in sides[2] for one in moved)
        elif old is not None and new is not None and now is not None and found is not None:
            asked = {one.field for one in differences(old, new)}
            told = {one.field for one in differences(now, found)}
            assert all(any(is_below(one, a) or is_below(a, one) for a in asked) for one in told)


@settings(max_examples=10)
@given(trees=histories(), data=st.data())
def test_a_record_as_of_a_revision_has_its_bytes(place: Path, trees: list[Files], data: st.DataObject) -> None:
    commits = committed(place, trees)
    name, rev = data.draw(st.sampled_from(NAMES)), data.draw(st.sampled_from(commits))
    path = f"metadata/metrics/{name}.yaml"
    sides = [git(place, "rev-parse", "--verify", "-q", f"{one}:{path}", check=False) for one in (rev, "laws")]
    try:
        store = opened(place)
        done = store.revert(f"metric/{name}", to=rev, branch="laws", message="back")
    except NotFound:
        assert sides == ["", ""]
        return
    if not any("keeps that name" in one for one in done.warnings):
        assert git(place, "rev-parse", "--verify", "-q", f"laws:{path}", check=False) == sides[0]
