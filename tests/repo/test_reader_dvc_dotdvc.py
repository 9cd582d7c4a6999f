"""`*.dvc` and `Dvcfile` as every DVC since 0.8 has written them, and as people spoil them.

DVC 3 is the oracle for what it still reads: no commands, no metrics.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dvc_oracle import inside, new_repo, place, role
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.dvc import dotdvc
from gitml.repo.readers.dvc.dotdvc import DotDvc, Locked, Origin, dot_dvc
from gitrepo import commit, init

A, B, C = "1e46" + "0" * 28, "b" * 32, "c" * 32
REV = "0123456789" * 4


def read(text: str, path: str = "data/wine.csv.dvc") -> DotDvc:
    found = dot_dvc(path, text.encode())
    assert found.problems == ()
    return found


# ── the years ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_data_that_was_added() -> None:
    found = read(f"outs:\n- md5: {A}\n  size: 84199\n  hash: md5\n  path: wine.csv\n")
    assert found == DotDvc("data/wine.csv.dvc", "data", outs=(Locked("data/wine.csv", A, size=84199),))
    folder = read(f"outs:\n- md5: {B}.dir\n  size: 9\n  nfiles: 3\n  path: images\n", "images.dvc")
    assert folder.outs == (Locked("images", f"{B}.dir", size=9, nfiles=3, legacy=True),)


def test_data_of_dvc_0_and_1() -> None:
    found = read(
        f"md5: {B}\nwdir: ../..\nouts:\n- cache: true\n  md5: {C}\n  metric: false\n  path: tutorial/data.zip\n"
        "  persist: false\n",
        "a/b/data.zip.dvc",
    )
    assert (found.wdir, found.md5, found.command) == ("", B, None)
    assert found.outs == (Locked("tutorial/data.zip", C, legacy=True, options={"metric": False}),)


def test_a_stage_of_dvc_0() -> None:
    text = f"""\
cmd: python train.py
deps:
- md5: {A}
  path: data/in.csv
- path: ../shared/lib.py
locked: true
md5: {C}
outs:
- cache: false
  md5: {B}
  metric:
    type: json
    xpath: AUC
  path: auc.json
- cache: true
  metric: true
  path: loss.json
  persist: true
- metric:
  path: model.pkl
  plot: {{x: epoch}}
wdir: .
"""
    found = read(text, "train/Dvcfile")
    assert (found.command, found.frozen, found.md5) == ("python train.py", True, C)
    assert found.deps == (Locked("train/data/in.csv", A, legacy=True), Locked("shared/lib.py"))
    auc, loss, model = found.outs
    assert (auc.path, auc.hash, auc.role, auc.cache) == ("train/auc.json", B, "metric", False)
    assert auc.options == {"metric": {"type": "json", "xpath": "AUC"}}
    assert (loss.role, loss.cache, loss.persist) == ("metric", True, True)
    assert (model.role, model.options["plot"]) == ("plot", {"x": "epoch"})
    assert found.origin is None


def test_params_in_the_dependencies_of_a_stage() -> None:
    found = read(
        "cmd: x\ndeps:\n- path: params.yaml\n  params: {lr: 1e-3, seed: 012, country: no}\n"
        "- path: own.json\n  params: [a.b, c]\n- params: {top: 1}\n",
        "sub/stage.dvc",
    )
    assert found.params == {"sub/params.yaml": {"lr": 0.001, "seed": 12, "country": "no"}, "params.yaml": {"top": 1}}
    assert found.param_names == {
        "sub/params.yaml": ("lr", "seed", "country"), "sub/own.json": ("a.b", "c"), "params.yaml": ("top",),
    }  # fmt: skip
    assert found.deps == ()


@pytest.mark.parametrize(
    ("repo", "expected"),
    [
        (f"{{url: ../up, rev_lock: {REV}}}", Origin("repo", "data/x", "../up", None, REV)),
        (
            f"{{url: https://h/r, rev: 1.0, rev_lock: 1e4{'0' * 37}, config: {{core: {{remote: a}}}}, remote: b}}",
            Origin(
                *("repo", "data/x", "https://h/r", "1.0", f"1e4{'0' * 37}"),
                options={"config": {"core": {"remote": "a"}}, "remote": "b"},
            ),
        ),
        ("{url: git@h:r}", Origin("repo", "data/x", "git@h:r")),
    ],
)  # fmt: skip
def test_an_import(repo: str, expected: Origin) -> None:
    found = read(f"md5: {C}\nfrozen: true\ndeps:\n- path: ./data/x\n  repo: {repo}\nouts:\n- path: x\n  md5: {B}\n")
    assert found.origin == expected
    assert found.frozen
    assert found.deps == ()
    assert [out.path for out in found.outs] == ["data/x"]


@pytest.mark.parametrize(
    ("dep", "expected"),
    [
        ("{etag: 1e5, path: 'https://h/x'}", Origin("url", "https://h/x", hash="1e5", algorithm="etag")),
        (
            "{checksum: AB, path: hdfs://h/x, size: 5}",
            Origin("url", "hdfs://h/x", hash="ab", algorithm="checksum", size=5),
        ),
        (
            f"{{path: s3://b/x, etag: {A}, version_id: 1.0, size: 3}}",
            Origin("url", "s3://b/x", hash=A, algorithm="etag", size=3, version_id="1.0"),
        ),
        (
            f"{{path: remote://r/x, files: [{{relpath: a, etag: aaa, size: 2}}, {{relpath: b, md5: {C}}}]}}",
            Origin("url", "remote://r/x", size=2),
        ),
        (f"{{path: ../in.csv, md5: {B}, hash: md5}}", Origin("url", "in.csv", hash=B)),
        (
            f"{{path: /abs/in.csv, md5: {B}, fs_config: {{a: 1}}}}",
            Origin("url", "/abs/in.csv", hash=B, options={"fs_config": {"a": 1}}),
        ),
    ],
)  # fmt: skip
def test_an_import_by_url(dep: str, expected: Origin) -> None:
    found = read(f"frozen: true\ndeps:\n- {dep}\nouts:\n- path: x\n  md5: {B}\n")
    assert found.origin == expected
    assert [one.path for one in found.deps] == [expected.path]


def test_an_import_from_a_database() -> None:
    found = read("deps:\n- db: {query: select 1, connection: main, file_format: csv}\nouts:\n- path: x\n")
    assert found.origin == Origin("db", "", options={"query": "select 1", "connection": "main", "file_format": "csv"})
    assert found.deps == ()


def test_a_stage_with_one_dependency_is_no_import() -> None:
    assert read("cmd: x\ndeps:\n- path: a\nouts:\n- path: b\n").origin is None
    assert read("deps:\n- path: a\n- path: c\nouts:\n- path: b\n").origin is None


def test_a_folder_under_cloud_versioning() -> None:
    found = read(
        f"outs:\n- path: images\n  hash: md5\n  files:\n"
        f"  - relpath: b/1.png\n    md5: {A}\n    size: 3\n    cloud: {{aws: {{etag: 12, version_id: 1e5}}}}\n"
        f"  - {{relpath: a.png, md5: {B}, size: 4}}\n",
        "images.dvc",
    )
    (out,) = found.outs
    assert out.files == (
        Locked("b/1.png", A, size=3, version_id="1e5", options={"cloud": {"aws": {"etag": "12", "version_id": "1e5"}}}),
        Locked("a.png", B, size=4),
    )
    assert (out.size, out.nfiles, out.legacy) == (7, 2, False)
    assert out.hash is not None
    assert out.hash.endswith(".dir")


def test_all_that_is_said_beside() -> None:
    found = read(
        f"desc: Wines.\nmeta: {{a: 1e-3, since: 2026-03-01}}\nalways_changed: true\nouts:\n- path: w\n  md5: {B}\n"
        "  hash: md5\n  desc: a\n  type: model\n  labels: [x, '1']\n"
        "  meta: {n: 012}\n  remote: r\n  push: false\n  isexec: true\n"
    )
    assert (found.desc, found.meta, found.always_changed) == ("Wines.", {"a": 0.001, "since": "2026-03-01"}, True)
    assert found.outs[0].options == {
        "desc": "a", "type": "model", "labels": ["x", "1"], "meta": {"n": 12},
        "remote": "r", "push": False, "isexec": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "wdir", "written", "expected"),
    [
        ("a.dvc", "", "x", "x"),
        ("s/a.dvc", "", "./x/../y/", "s/y"),
        ("s/a.dvc", "wdir: ..\n", "x", "x"),
        ("s/a.dvc", "wdir:\n", "x", "s/x"),
        ("s/a.dvc", "wdir: /abs\n", "x", "/abs/x"),
        ("s/a.dvc", "wdir: 2026\n", "1.0", "s/2026/1.0"),
        ("s/a.dvc", "", "../../x", "../x"),
        ("s/a.dvc", "", "/abs/x", "/abs/x"),
        ("s/a.dvc", "", "s3://b/x", "s3://b/x"),
        ("s/a.dvc", "", "C:\\x", "C:\\x"),
        ("s/a.dvc", "", ".", "s"),
        ("a.dvc", "", "null", None),
    ],
)
def test_paths_are_from_the_root(path: str, wdir: str, written: str, expected: str | None) -> None:
    found = dot_dvc(path, f"{wdir}outs:\n- path: {written}\n  md5: {B}\n".encode())
    assert [out.path for out in found.outs] == ([] if expected is None else [expected])


# ── what is malformed ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nouts: text\n", 2, "outs is not a list"),
        ("outs:\n- text\n- path: x\n", 2, "an output has no path"),
        (f"outs:\n- path: x\n- md5: {B}\n", 3, "an output has no path"),
        ("outs:\n- path: x\n  md5: 12\n", 3, "x: its md5 is none"),
        ("deps:\n- {}\nouts:\n- path: x\n", 2, "a dependency has no path"),
        ("outs:\n- path: x\nwdir: [a]\n", 3, "wdir is not text"),
        ("outs:\n- path: x\ndeps:\n- path: y\n  repo: text\n", 5, "repo is not a mapping"),
        ("outs:\n- path: x\ndeps:\n- path: y\n  repo: {rev: a}\n", 5, "y: its repo has no url"),
        ("outs:\n- path: x\ndeps:\n- repo: {url: a}\n", 4, "a dependency has no path"),
        ("outs:\n- path: x\ndeps:\n- path: p\n  params: text\n", 5, "params is not a mapping"),
        ("outs:\n- path: x\n  files:\n  - md5: a\n", 4, "a file has no path"),
    ],
)
def test_what_is_malformed_is_a_problem_and_the_rest_is_read(text: str, line: int, said: str) -> None:
    found = dot_dvc("sub/bad.dvc", text.encode())
    problem = found.problems[0]
    assert (problem.code, problem.path, problem.line) == ("read.dvc", "sub/bad.dvc", line)
    assert said in problem.message
    assert "outs: text" in text or [out.path for out in found.outs] == ["sub/x"]


@pytest.mark.parametrize(
    "text", ["text", "- a\n", "outs: [\n", f"<<<<<<< ours\nmd5: {B}\n=======\n", "a: 1\na: 2\n", "\0"]
)
def test_a_file_that_cannot_be_read(text: str) -> None:
    with pytest.raises(Unreadable):
        dot_dvc("bad.dvc", text.encode())


def test_an_empty_file_says_nothing() -> None:
    assert read("", "a.dvc") == read("# nothing\n", "a.dvc") == DotDvc("a.dvc")


@given(st.binary() | st.text("outs: -\n[]{}&*ab'\"|>!#path md5").map(str.encode))
def test_any_bytes_at_all(raw: bytes) -> None:
    for text in (raw, b"outs:\n" + raw, b"outs:\n- path: x\n" + raw):
        try:
            dot_dvc("a.dvc", text)
        except Unreadable:
            continue


ADDED = st.builds(
    "outs:\n- md5: {}\n  size: {}\n{}  path: {}\n".format,
    st.integers(0, 16**32 - 1).map(lambda number: f"{number:032x}") | st.sampled_from([A, "0" * 32, f"{B}.dir", "0x1"]),
    st.integers(0, 10**17) | st.sampled_from(["012", "1_0", "1e3", "-1", ""]),
    st.sampled_from(["", "  hash: md5\n", "  nfiles: 007\n", "  nfiles: 2\n  hash: md5\n", "  hash: null\n"]),
    st.sampled_from(
        ["null", "NULL", "true", "1e5", "0x1F", "a/../b", "a//b", "1.0", "~", "é", "a b", "-", "2026-03-01"]
    )
    | st.text("ab/._-:#0 ", min_size=1, max_size=6),
)


@given(ADDED, st.sampled_from(["a.dvc", "x/y/a.dvc"]))
@example(f"outs:\n- md5: {A}\n  size: 1\n  hash: md5\n  path: a\n", "a.dvc")
def test_what_dvc_add_writes_is_read_as_anything_else_would_be(text: str, path: str) -> None:
    def outcome(raw: bytes) -> object:
        try:
            return dot_dvc(path, raw)
        except Unreadable as error:
            return str(error)

    quick, slow = outcome(text.encode()), outcome(f"{text}# a comment\n".encode())
    assert quick == slow


def test_the_quick_way_is_taken_for_what_dvc_add_writes() -> None:
    texts = [
        f"outs:\n- md5: {A}\n  size: 1\n{more}  path: data-1.csv\n" for more in ("", "  hash: md5\n", "  nfiles: 2\n")
    ]
    assert all(dotdvc._ADDED.fullmatch(text.encode()) for text in texts)


# ── DVC as the oracle ───────────────────────────────────────────────────────────────────────────────────────────────

FILES = {
    "added.csv.dvc": f"outs:\n- md5: {A!r}\n  size: 5\n  hash: md5\n  path: added.csv\n",
    "old/folder.dvc": f"outs:\n- md5: {B}.dir\n  size: 5\n  nfiles: 2\n  path: folder\n",
    "old/wdir.dvc": f"md5: {C}\nwdir: ../other\nouts:\n- {{md5: {C}, path: deep/x, cache: true, persist: true}}\n",
    "all.dvc": f"""\
deps:
- {{path: added.csv, md5: {B}}}
- {{path: url, md5: {B}, hash: md5}}
outs:
- {{path: m.json, cache: false, desc: a metric, md5: {C}}}
- {{path: plot.csv, persist: true}}
always_changed: true
""",
    "said.dvc": f"""\
frozen: true
desc: Said.
meta: {{a: 1}}
outs:
- {{path: said, md5: {B}, hash: md5, desc: d, type: t, labels: [l],
  meta: {{b: 012}}, remote: r, push: false, cache: false}}
""",
    "cloudy.dvc": f"""\
outs:
- path: cloudy
  hash: md5
  files:
  - {{relpath: sub/a, md5: {C}, size: 3, cloud: {{s: {{etag: abc, version_id: v}}}}}}
  - {{relpath: b, md5: {B}, size: 4}}
- {{path: versioned, md5: {B}, hash: md5, cloud: {{s: {{etag: abc, version_id: v}}}}}}
""",
    "imported.dvc": f"""\
frozen: true
deps:
- path: data/x
  repo: {{url: ../up, rev: main, rev_lock: {REV!r}}}
outs:
- {{path: imported, md5: {B}, size: 4, hash: md5}}
""",
    "url.dvc": f"deps:\n- {{path: 'https://h/x', checksum: abc, size: 2}}\nouts:\n- {{path: url, md5: {B}, hash: md5}}",
    "abs.dvc": f"deps:\n- {{path: /nowhere/x, md5: {C}, hash: md5}}\nouts:\n- {{path: abs, hash: md5}}\n",
    "db.dvc": "deps:\n- db: {query: select 1, connection: c}\nouts:\n- {path: db.csv, hash: md5}\n",
    "empty.dvc": "",
}  # fmt: skip


def test_all_that_dvc_reads_in_such_files(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "repo", FILES)
    found = {path: facts_by_gitml(dot_dvc(path, text.encode())) for path, text in FILES.items()}
    with inside(tmp_path / "repo"):
        assert found == {stage.relpath: facts_by_dvc(stage, tmp_path / "repo") for stage in repo.index.stages}


def facts_by_dvc(stage: Any, root: Path) -> dict[str, Any]:
    from dvc.dependency import DbDependency, RepoDependency

    plain = [dep for dep in stage.deps if not isinstance(dep, RepoDependency | DbDependency)]
    repos = [dep for dep in stage.deps if isinstance(dep, RepoDependency)]
    return {
        "command": None,
        "wdir": "" if Path(stage.wdir) == root else Path(stage.wdir).relative_to(root).as_posix(),
        "deps": [(place(dep, root), *hash_by_dvc(dep)) for dep in plain],
        "outs": [(place(out, root), *hash_by_dvc(out), role(out), out.use_cache, out.persist) for out in stage.outs],
        "said": [said_by_dvc(out) for out in stage.outs],
        "import": stage.is_import,
        "repo": [(dep.def_path, *(dep.def_repo.get(name) for name in ("url", "rev", "rev_lock"))) for dep in repos],
        "db": [dict(dep.db_info) for dep in stage.deps if isinstance(dep, DbDependency)],
        "more": (stage.frozen, stage.always_changed, stage.desc, stage.meta, stage.md5),
    }


def hash_by_dvc(item: Any) -> tuple[Any, ...]:
    legacy = item.hash_name == "md5-dos2unix" and bool(item.hash_info)
    return (item.hash_info.value, legacy, item.meta.size, item.meta.nfiles, item.meta.version_id)


def said_by_dvc(out: Any) -> dict[str, Any]:
    said = out.annot.to_dict()
    return said | ({"remote": out.remote} if out.remote else {}) | ({} if out.can_push else {"push": False})


def facts_by_gitml(found: DotDvc) -> dict[str, Any]:
    origin = found.origin
    names = ("desc", "type", "labels", "meta", "remote", "push")
    return {
        "command": found.command,
        "wdir": found.wdir,
        "deps": [(dep.path, *hash_by_gitml(dep)) for dep in found.deps],
        "outs": [(out.path, *hash_by_gitml(out), out.role, out.cache, out.persist) for out in found.outs],
        "said": [{name: out.options[name] for name in names if name in out.options} for out in found.outs],
        "import": origin is not None,
        "repo": [(origin.path, origin.url, origin.rev, origin.rev_lock)] if origin and origin.kind == "repo" else [],
        "db": [dict(origin.options)] if origin and origin.kind == "db" else [],
        "more": (found.frozen, found.always_changed, found.desc, found.meta, found.md5),
    }


def hash_by_gitml(item: Locked) -> tuple[Any, ...]:
    return (item.hash, item.legacy, item.size, item.nfiles, item.version_id)


@pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")  # pygtrie, below DVC
def test_what_dvc_writes(tmp_path: Path) -> None:
    up = init(tmp_path / "up")
    rev = commit(up, {"data/x.txt": "in git"})
    repo = new_repo(
        tmp_path / "repo", {"wine.csv": "a\r\n", "data/é ü.csv": "1", "images/a": "a", "images/b/c": "c", "in": "in"}
    )
    with inside(tmp_path / "repo"):
        repo.add(["wine.csv", "data/é ü.csv", "images"])
        repo.imp(str(up), "data/x.txt", out="data/x.txt")
        repo.imp_url("in", out="copied", no_exec=True)
        repo._reset()
        theirs = {stage.relpath: facts_by_dvc(stage, tmp_path / "repo") for stage in repo.index.stages}
    raws = {path: (tmp_path / "repo" / path).read_bytes() for path in theirs}
    found = {path: dot_dvc(path, raw) for path, raw in raws.items()}
    assert {path: facts_by_gitml(one) for path, one in found.items()} == theirs
    assert found["data/x.txt.dvc"].origin == Origin("repo", "data/x.txt", str(up), None, rev)
    assert dotdvc._ADDED.fullmatch(raws["wine.csv.dvc"])
    assert dotdvc._ADDED.fullmatch(raws["images.dvc"])
