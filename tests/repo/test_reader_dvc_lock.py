"""dvc.lock in every form that it has had, well-formed and not; DVC's own reading is the oracle."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvc_oracle import inside, new_repo
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.dvc.lock import Lock, Locked, LockEntry, _by_stage, _whole, digest_of, lock

A, B, C = "1e46" + "0" * 28, "b" * 32, "c" * 32

STAGE = f"""\
train:
  cmd: python train.py
  deps:
  - path: data/features
    hash: md5
    md5: {B}.dir
    size: 2232588
    nfiles: 2
  - path: src/train.py
    md5: {C}
  params:
    params.yaml:
      lr: 1e-3
      seed: 012
      country: no
      since: 2026-03-01
      layers: [1, 2]
      when: null
      name: '7'
    src/own.json:
      deep: {{a: {{b: .nan}}}}
  outs:
  - path: model.pkl
    hash: md5
    md5: {A}
    size: 1952521
"""


def indented(text: str) -> str:
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))


def read(text: str) -> Lock:
    return lock("dvc.lock", text.encode())


def entry(text: str = STAGE) -> LockEntry:
    (found,) = read(text).entries.values()
    return found


def test_an_entry_with_all_that_is_in_it() -> None:
    found = entry()
    assert (found.name, found.command, found.line) == ("train", "python train.py", 1)
    assert found.deps == (
        Locked("data/features", f"{B}.dir", "md5", 2232588, 2),
        Locked("src/train.py", C, legacy=True),
    )
    assert found.outs == (Locked("model.pkl", A, size=1952521),)


def test_params_have_the_types_that_were_written() -> None:
    params = entry().params["params.yaml"]
    expected = {
        "lr": 0.001, "seed": 12, "country": "no", "since": "2026-03-01", "layers": [1, 2], "when": None, "name": "7",
    }  # fmt: skip
    assert params == expected
    assert [type(value) for value in params.values()] == [type(value) for value in expected.values()]
    assert math.isnan(entry().params["src/own.json"]["deep"]["a"]["b"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (STAGE, 1),
        (f"schema: '2.0'\nstages:\n{indented(STAGE)}", 3),
        (f"schema: '2.0'\ndatasets:\n- {{name: ds, type: dvc}}\nstages:\n{indented(STAGE)}", 5),
        (f"stages:\n{indented(STAGE)}", 2),
        (f"schema: 2.0\nstages:\n\n{indented(STAGE)}", 4),
        (f"# by hand\n\nschema: '1.0'\n{STAGE}", 4),
    ],
)
def test_every_schema_gives_the_same_entry(text: str, line: int) -> None:
    found = read(text)
    assert found.problems == ()
    assert list(found.entries) == ["train"]
    assert found.entries["train"].line == line
    assert found.entries["train"].digest == entry().digest
    assert repr(found.entries["train"].params) == repr(entry().params)


def test_stages_by_the_names_of_what_stands_around_them() -> None:
    cmd = "{cmd: x}"
    assert list(read(f"stages: {cmd}\nschema: {cmd}\n").entries) == ["stages", "schema"]
    assert list(read(f"schema: '2.0'\nstages: {{stages: {cmd}, cmd: {cmd}}}\n").entries) == ["stages", "cmd"]
    assert list(read(f"schema: '2.0'\nstages:\n  1: {cmd}\n  prepare@us-0.1: {cmd}\n").entries) == [
        "1",
        "prepare@us-0.1",
    ]


def test_commands_are_a_line_or_several() -> None:
    assert entry("a: {cmd: [x, y 1]}").command == ("x", "y 1")
    assert entry("a:\n  cmd: |\n    x\n    y\n").command == "x\ny\n"
    assert entry("a: {cmd: 12}").command == "12"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f"md5: {C.upper()}.dir", Locked("p", f"{C}.dir", legacy=True)),
        ("md5: 01234567890123456789012345678901", Locked("p", "01234567890123456789012345678901", legacy=True)),
        ("md5: '', etag: '\"0x8D\"', size: 3", Locked("p", '"0x8D"', "etag", 3)),
        ("etag: 1e3", Locked("p", "1e3", "etag")),
        ("checksum: ABC", Locked("p", "abc", "checksum")),
        (
            f"md5: {C}, hash: md5, version_id: 1_0, isexec: true",
            Locked("p", C, version_id="1_0", options={"isexec": True}),
        ),
        (
            f"md5: {C}, hash: md5, cloud: {{s3: {{etag: 12, version_id: 1e5}}}}",
            Locked("p", C, version_id="1e5", options={"cloud": {"s3": {"etag": "12", "version_id": "1e5"}}}),
        ),
        ("dataset: {type: dvc, rev_lock: abc}", Locked("p", options={"dataset": {"type": "dvc", "rev_lock": "abc"}})),
        ("size: big, nfiles: -1", Locked("p")),
    ],
)
def test_hashes_of_every_kind_are_text(said: str, expected: Locked) -> None:
    found = read(f"a:\n  cmd: x\n  deps:\n  - {{path: p, {said}}}\n")
    assert found.problems == ()
    assert found.entries["a"].deps == (expected,)


@pytest.mark.parametrize(
    ("text", "line", "said", "left"),
    [
        ("schema: '2.0'\nstages: text\n", 2, "stages is not a mapping", {}),
        ("a: text\nb:\n  cmd: x\n", 1, "the stage a is not a mapping", {"b": 0}),
        ("b:\n  cmd: x\na:\n", 3, "the stage a is not a mapping", {"b": 0}),
        ("a:\n  outs: []\n", 2, "the stage a has no cmd", {"a": 0}),
        ("a:\n  cmd: x\n  outs: {}\n", 3, "outs is not a list", {"a": 0}),
        (f"a:\n  cmd: x\n  outs:\n  - text\n  - path: p\n    md5: {B}\n", 4, "an output has no path", {"a": 1}),
        ("a:\n  cmd: x\n  deps:\n  - md5: x\n  outs:\n  - path: p\n", 4, "a dependency has no path", {"a": 1}),
        ("a:\n  cmd: x\n  outs:\n  - path: p\n    md5: none\n", 5, "p: its md5 is none", {"a": 1}),
        ("a:\n  cmd: x\n  params: [lr]\n", 3, "params is not a mapping", {"a": 0}),
        ("a:\n  cmd: x\n  params:\n    p.yaml: [lr]\n", 4, "p.yaml is not a mapping", {"a": 0}),
        (
            "schema: '2.0'\nstages:\n  a:\n    outs: []\n  b:\n    cmd: x\n",
            4,
            "the stage a has no cmd",
            {"a": 0, "b": 0},
        ),
    ],
)
def test_what_is_malformed_is_a_problem_and_the_rest_is_read(
    text: str, line: int, said: str, left: Mapping[str, int]
) -> None:
    found = lock("sub/dvc.lock", text.encode())
    (problem,) = found.problems
    assert (problem.code, problem.path, problem.line) == ("read.dvc", "sub/dvc.lock", line)
    assert said in problem.message
    assert {name: len(one.outs) for name, one in found.entries.items()} == left


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "{}", "schema: '2.0'\n", "schema: '2.0'\nstages:\n", "null"])
def test_a_lock_without_stages(text: str) -> None:
    assert read(text) == Lock({})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("just text", 1),
        ("- a\n", 1),
        (f"<<<<<<< ours\nschema: '2.0'\n=======\n{STAGE}", 2),
        (f"schema: '2.0'\nstages:\n{indented(STAGE)}<<<<<<< ours\n", 30),
        (f"schema: '2.0'\nstages:\n{indented(STAGE)}  eval:\n    cmd: [x\n", 31),
        ("schema: '2.0'\nstages:\n  a: {cmd: x}\n  a: {cmd: y}\n", 4),
    ],
)
def test_a_file_that_cannot_be_read(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert caught.value.line == line


def test_anchors_and_merge_keys_as_dvc_allows_them() -> None:
    found = read(
        f"a: &a\n  cmd: x\n  outs: &outs\n  - path: p\n    md5: {B}\nb:\n  <<: *a\n  cmd: y\n"
        "c: {cmd: z, deps: *outs}\n"
    )
    assert found.problems == ()
    assert [one.command for one in found.entries.values()] == ["x", "y", "z"]
    assert found.entries["a"].outs == found.entries["b"].outs == found.entries["c"].deps


# ── the digest ──────────────────────────────────────────────────────────────────────────────────────────────────────


KEYS = st.text(max_size=3) | st.integers(-2, 2) | st.booleans()
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ENTRIES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


def shuffled(value: Any, order: Any) -> Any:
    """An equal value whose keys stand in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(inner, order)) for key, inner in value.items()]
        order.shuffle(items)
        return dict(items)
    return [shuffled(inner, order) for inner in value] if isinstance(value, list) else value


def leaves(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in leaves(inner, (*way, key))]
    if isinstance(value, list):
        return [found for number, inner in enumerate(value) for found in leaves(inner, (*way, number))]
    return [way]


def replaced(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    if not way:
        return new
    if isinstance(value, list):
        return [replaced(inner, way[1:], new) if at == way[0] else inner for at, inner in enumerate(value)]
    return {key: replaced(inner, way[1:], new) if key is way[0] else inner for key, inner in value.items()}


@given(ENTRIES, st.randoms())
def test_equal_entries_have_equal_digests_in_any_order(value: Any, order: Any) -> None:
    digest = digest_of(value)
    assert len(digest) == 32
    assert digest_of(shuffled(value, order)) == digest


@given(st.data())
def test_any_changed_leaf_changes_the_digest(data: st.DataObject) -> None:
    value = data.draw(ENTRIES)
    ways = leaves(value)
    if not ways:
        return
    way = data.draw(st.sampled_from(ways))
    old = value
    for step in way:
        old = old[step]
    new = data.draw(LEAVES.filter(lambda leaf: repr(leaf) != repr(old)))
    assert digest_of(replaced(value, way, new)) != digest_of(value)


def test_what_is_alike_to_python_differs_in_the_digest() -> None:
    values: list[Any] = [1, 1.0, True, "1", {1: 1}, {"1": 1}, {True: 1}, {"\0" + "1": 1}, [1], None, {}, []]
    assert len({digest_of(value) for value in values}) == len(values)
    assert digest_of({"a": math.nan}) == digest_of({"a": math.nan})


def test_the_digest_tells_of_hashes_as_text() -> None:
    digests = {entry(f"a:\n  cmd: x\n  outs:\n  - path: p\n    md5: 1e4{n}{'0' * 28}\n").digest for n in range(6)}
    assert len(digests) == 6


# ── the quick way and the whole way ─────────────────────────────────────────────────────────────────────────────────

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**20) | st.floats() | st.text("a: #'\"\n&*{}e1.-<|", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3),
    max_leaves=6,
)
MD5S = st.integers(0, 16**32 - 1).map(lambda number: f"{number:032x}") | st.just(A)
ITEMS = st.fixed_dictionaries(
    {"path": st.text("ab/.: #", min_size=1, max_size=8), "md5": MD5S},
    optional={"hash": st.just("md5"), "size": st.just(5)},
)
STAGES = st.fixed_dictionaries(
    {"cmd": st.text("ab c\n&'\":>", min_size=1, max_size=30) | st.lists(st.just("x > y 2>&1"), min_size=1, max_size=2)},
    optional={
        "deps": st.lists(ITEMS, max_size=3),
        "params": st.dictionaries(
            st.just("params.yaml"), st.dictionaries(st.text("ab.", max_size=3), VALUES, max_size=3)
        ),
        "outs": st.lists(ITEMS, max_size=3),
    },
)
NAMES = st.text("ab@-_0", min_size=1, max_size=5) | st.just("a" * 200)
LOCKS = st.dictionaries(NAMES, STAGES, max_size=4)


def written(stages: Any) -> bytes:
    """A lock as DVC writes it."""
    from dvc.utils.serialize import _yaml as yaml

    with io.StringIO() as stream:
        yaml._get_yaml().dump({"schema": "2.0", "stages": stages}, stream)
        return stream.getvalue().encode()


@settings(max_examples=50)
@given(LOCKS)
def test_stage_by_stage_is_as_good_as_the_whole(stages: Any) -> None:
    raw = written(stages)
    whole = _whole("dvc.lock", raw)
    assert list(whole.entries) == [str(name) for name in stages]
    assert repr(lock("dvc.lock", raw)) == repr(whole)


@settings(max_examples=50)
@given(LOCKS, st.data())
def test_a_spoilt_lock_is_read_stage_by_stage_only_where_that_is_right(stages: Any, data: st.DataObject) -> None:
    lines = written(stages).splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        spoilt = st.sampled_from(
            [b"", b"  ", b"  a:\n", b"    cmd: x\n", b"  - x\n", b"  &a b: *a\n", b"  ---\n", b"\t", b"'", b"|\n"]
        )
        lines[at] = data.draw(st.sampled_from([b"", lines[at], lines[at][2:], b"  " + lines[at]])) + data.draw(spoilt)
    raw = b"".join(lines)
    quick = _by_stage(raw)
    if quick is not None:
        assert repr(Lock(quick)) == repr(_whole("dvc.lock", raw))


@given(st.binary() | st.text("a: -\n[]{}&*'\"|>!#0stages").map(lambda text: f"schema: '2.0'\nstages:\n{text}".encode()))
def test_any_bytes_at_all(raw: bytes) -> None:
    try:
        found = lock("dvc.lock", raw)
    except Unreadable:
        return
    assert json.dumps([one.digest for one in found.entries.values()])


# ── DVC as the oracle ───────────────────────────────────────────────────────────────────────────────────────────────


def facts_by_dvc(stage: Any) -> dict[str, Any]:
    from dvc.dependency import ParamsDependency

    deps = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    params = {dep.def_path: dict(dep.hash_info.value or {}) for dep in stage.deps if isinstance(dep, ParamsDependency)}
    hashes = [sorted(item_by_dvc(item) for item in items) for items in (deps, stage.outs)]
    return {"deps": hashes[0], "outs": hashes[1], "params": params}


def item_by_dvc(item: Any) -> tuple[Any, ...]:
    info, meta = item.hash_info, item.meta
    legacy = item.hash_name == "md5-dos2unix" and bool(info)
    return (item.def_path, info.value if info else None, legacy, meta.size, meta.nfiles, meta.version_id)


def facts_by_gitml(found: LockEntry) -> dict[str, Any]:
    hashes = [sorted(item_by_gitml(item) for item in items) for items in (found.deps, found.outs)]
    return {"deps": hashes[0], "outs": hashes[1], "params": found.params}


def item_by_gitml(item: Locked) -> tuple[Any, ...]:
    return (item.path, item.hash, item.legacy, item.size, item.nfiles, item.version_id)


def stages_by_dvc(repo: Any) -> dict[str, dict[str, Any]]:
    return {stage.name: facts_by_dvc(stage) for stage in repo.index.stages}


@pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")  # pygtrie, below DVC
def test_what_dvc_writes_when_it_runs(tmp_path: Path) -> None:
    files = {
        "params.yaml": "lr: 1e-3\nname: 'no'\ndeep: {a: [1, {b: .inf}]}\nflag: off\n",
        "own.toml": "x = 1\n[y]\nz = 2.50\n",
        "in.txt": "1\r\n2\r\n",
        "dvc.yaml": """\
stages:
  prepare:
    cmd:
    - mkdir -p out
    - cp in.txt out/one && cp in.txt out/two
    deps: [in.txt]
    params: [lr, name, flag, {own.toml: [x, y.z]}]
    outs: [out]
  train:
    cmd: cat out/one > model.txt; echo '{"auc":0.9}' > metrics.json
    deps: [out]
    params: [deep.a]
    outs: [model.txt]
    metrics: [metrics.json: {cache: false}]
""",
    }
    repo = new_repo(tmp_path / "repo", files)
    with inside(tmp_path / "repo"):
        repo.reproduce()
        repo._reset()
        theirs = stages_by_dvc(repo)
    raw = (tmp_path / "repo/dvc.lock").read_bytes()
    found = lock("dvc.lock", raw)
    assert found.problems == ()
    assert _by_stage(raw) is not None
    assert {name: facts_by_gitml(one) for name, one in found.entries.items()} == theirs
    assert found.entries["prepare"].command == ("mkdir -p out", "cp in.txt out/one && cp in.txt out/two")


def test_what_dvc_reads_from_locks_of_other_years(tmp_path: Path) -> None:
    text = f"""\
schema: '2.0'
stages:
  old:
    cmd: x
    deps:
    - path: in
      md5: {A!r}
      size: 5
    - path: folder
      md5: {B}.dir
      size: 5
      nfiles: 2
    outs:
    - path: cloudy
      hash: md5
      files:
      - relpath: sub/a
        md5: {C}
        size: 3
        cloud: {{remote: {{etag: abc, version_id: '1'}}}}
      - relpath: b
        md5: {B}
        size: 4
    - path: one
      hash: md5
      md5: {C}
      size: 3
      isexec: true
      cloud: {{remote: {{etag: abc, version_id: xyz}}}}
    - path: later
"""
    pipeline = "stages: {old: {cmd: x, deps: [in, folder], outs: [cloudy, one, later]}}\n"
    repo = new_repo(tmp_path / "repo", {"dvc.yaml": pipeline, "dvc.lock": text})
    assert {name: facts_by_gitml(one) for name, one in read(text).entries.items()} == stages_by_dvc(repo)


def test_every_lock_of_a_real_repository(real: Path) -> None:
    snapshots = sorted((real / "iterative+demo-bank-customer-churn" / "snapshots").iterdir())
    expected = json.loads((real / "FACTS.json").read_text())["iterative+demo-bank-customer-churn"]
    for snapshot in snapshots:
        found = lock("dvc.lock", (snapshot / "dvc.lock").read_bytes())
        assert found.problems == ()
        assert list(found.entries) == expected[snapshot.name]["stages"]
        params = {way[-1]: value for one in found.entries.values() for way, value in flat(one.params).items()}
        assert params.items() >= expected[snapshot.name]["params"].items()


def flat(value: Any, way: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    if not isinstance(value, Mapping):
        return {way: value}
    return {place: leaf for key, inner in value.items() for place, leaf in flat(inner, (*way, key)).items()}
