"""Pipelines against DVC's own: each form of stage in a dvc.yaml of its own, and the sections beside the stages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dvc.dependency.param import read_param_file
from hypothesis import given
from hypothesis import strategies as st

from dvc_oracle import by_dvc, by_gitml, inside, new_repo, reader
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.dvc.stages import Dep, Out, Pipeline, param_values, pipeline
from gitml.repo.readers.values import load_values
from gitrepo import init, write

PARAMS = r"""lr: 0.01
tiny: 1e-5
flag: true
off: false
nothing: null
name: wine
path: data/raw dir
list: [a, b, c]
nums: [1, 2.5, true, null]
models:
  rf: {depth: 3, name: forest}
  gb: {depth: 5, name: "gradient boost"}
grid:
- {depth: 1, tag: x}
- {depth: 2, tag: y}
opts:
  lr: 0.1
  deep: {n: 3, act: "re lu"}
  verbose: true
  quiet: false
  layers: [1, 2, "a b"]
  none: null
  empty: {}
1: one
esc: "${lr}"
"""

FORMS = {
    "plain": r"""stages:
  train:
    cmd: python train.py
    deps: [train.py, ../plain/data/, ./x/../y.csv, /abs/file, "https://example.org/x.csv"]
    params: [lr, opts.deep.n, lr]
    outs:
    - model.pkl
    - m2.pkl: {cache: false, persist: true, desc: d, type: model, labels: [a, b], meta: {k: 1}}
    - m3: {remote: r, push: false}
    metrics: [metrics.json, {m.yaml: {cache: false}}]
    plots: [p.csv, {q.csv: {x: a, y: b, title: T, cache: false, header: false}}]
    frozen: true
    always_changed: true
    desc: "some words"
    meta: {who: me, n: [1, 2]}
  many:
    cmd: [a, b, c]
    outs: [m.pkl, {m.pkl: {cache: false}}, {a: {cache: false}, b: {persist: true}}]
""",
    "params": r"""stages:
  a:
    cmd: x
    params: [lr, other.yaml: [a.b, c], whole.toml: , third.json: [], lr, {params.yaml: [name]}]
  b:
    cmd: x
    params: [lr, {params.yaml: null}]
  c:
    cmd: x
    wdir: ../sub/dir
    params: [lr, ../x.py: [K.v], ./q.yaml: [a]]
    deps: [d, ../e]
  d:
    cmd: x
    wdir: ..
    deps: [d, params/f]
    outs: [o]
  e:
    cmd: x
    wdir: ${name}/${list[0]}
    deps: [d]
""",
    "templ": r"""stages:
  exact: {cmd: "${name}", desc: "${name} ${lr}", frozen: false}
  text:
    cmd: >-
      run --lr ${lr} --tiny ${tiny} --flag ${flag} --off=${off} --n ${nothing} ${ name } ${models.rf.name}
      ${models[gb].name} ${list[1]} ${grid[0].tag} ${grid[-1][tag]} ${nums[2]} \${lr} ${esc}
    deps: ["${name}.csv", "data/${list[2]}"]
    outs: ["${name}.pkl": {cache: false, desc: "${name}"}, "x${lr}"]
    params: ["models.${list[0]}", "${name}.yaml": ["${name}", "k"]]
    meta: {"${name}": "${lr}", deep: ["${flag}", {x: "${tiny}"}]}
    desc: ${name}
  unfold: {cmd: "python x.py ${opts} --more ${models}"}
  unfoldlist: {cmd: ["a ${opts}", "b ${models.gb}"]}
  escaped: {cmd: 'echo \${HOME} \${lr}'}
  multi: {cmd: "a\n${name}\nb"}
  dollar: {cmd: "echo $HOME $(x) $ {lr} ${name}}"}
""",
    "vars": r"""vars:
- {a: 1, b: {c: [x, y], d: 0.5}}
- f.yaml
- g.json:x,y
- h.toml
- p.py
- params.yaml
- b: {e: more}
stages:
  s:
    cmd: x ${a} ${b.c[1]} ${b.d} ${b.e} ${fy} ${x} ${y.z} ${h.t} ${K} ${C.v} ${C.w} ${lr}
    deps: ["${b.c[0]}"]
  local:
    vars: [loc.yaml, {own: 5}, "../g.json:z", b: {own: 3}]
    wdir: inner
    cmd: "y ${own} ${loc} ${a} ${z} ${b.own} ${b.d}"
  local2:
    vars: [{own: 6}]
    cmd: "y ${own} ${list[0]}"
""",
    "foreach": r"""vars: [{inline: [q, r]}, mix: [1, 1.5, yes, true, null]]
stages:
  lst: {foreach: [us, eu, 1, 2.5, true, null], do: {cmd: "x ${item}", outs: ["o-${item}"]}}
  var: {foreach: "${list}", do: {cmd: "x ${item}"}}
  nums: {foreach: "${nums}", do: {cmd: "x ${item}"}}
  mix: {foreach: "${mix}", do: {cmd: "x ${item} ${lr}"}}
  map: {foreach: "${models}", do: {cmd: "x ${key} ${item.depth} ${item[name]}", desc: "${key}", wdir: "${key}"}}
  inmap: {foreach: {a: 1, b: "${name}", c: {d: "${lr}"}, 3: x, true: y}, do: {cmd: "x ${key}", meta: "${key}"}}
  grid: {foreach: "${grid}", do: {cmd: "x ${item.depth} ${item.tag}"}}
  ingrid: {foreach: [{a: 1}, {a: "${lr}"}], do: {cmd: "x ${item.a}"}}
  some: {foreach: ["${name}", "${list[1]}", "${flag}", "p-${flag}", x], do: {cmd: "x ${item}"}}
  nested: {foreach: [[1, 2], [3, 4]], do: {cmd: "x ${item[0]} ${item[1]}"}}
  inl: {foreach: "${inline}", do: {cmd: "x ${item}", vars: [{z: 3}]}}
  loc: {foreach: [a, b], do: {cmd: "x ${item} ${z} ${list[0]}", vars: [{z: 3}]}}
  dup: {foreach: [a, a, b], do: {cmd: "x ${item}"}}
  opts: {foreach: "${models}", do: {cmd: "x ${item}"}}
  empty: {foreach: [], do: {cmd: x}}
  emptym: {foreach: {}, do: {cmd: x}}
""",
    "matrix": r"""stages:
  m:
    matrix: {a: [1, 2], b: [x, y, true, null]}
    cmd: "x ${item.a} ${item.b} ${key}"
    outs: ["${key}"]
  v:
    matrix: {a: "${list}", b: "${grid}", c: "${nums}", d: [["q"], {e: f}]}
    cmd: "x ${item.a} ${item.b.tag} ${item.c}"
  t:
    matrix: {a: abc, b: "p${name}"}
    cmd: "x ${item.a} ${item.b}"
  k:
    matrix: {a: "${models}"}
    cmd: "x ${item.a}"
  e: {matrix: {a: []}, cmd: x}
  w: {matrix: {a: [1]}, cmd: "x ${item}", wdir: "d${item.a}", vars: [{own: 1}], desc: "own ${own}"}
""",
    "anchors": r"""vars: [{base: &b {x: 1, y: 2}}, {more: {<<: *b, y: 3}}]
stages:
  a: &a
    cmd: "x ${more.x} ${more.y} ${base.y}"
    deps: &d [p, q]
    outs: [a]
  b:
    <<: *a
    outs: [b]
  c:
    <<: [{cmd: first, desc: one}, {cmd: second, desc: two, frozen: true}]
    deps: *d
""",
    "clean": r"""stages: {a: {cmd: ls}}
""",
}
FILES = {
    "vars/f.yaml": "fy: 2020\n",
    "vars/g.json": '{"x": 1e-3, "y": {"z": false}, "z": "only"}',
    "vars/h.toml": "[h]\nt = 3.5\n",
    "vars/p.py": "K = 5\nclass C:\n    v = 'text'\n    def __init__(self):\n        self.w = f()\n        self.w = 7\n",
    "vars/inner/loc.yaml": "loc: here\n",
}
TOP = """
vars: [{deep: {metrics: m.json, list: [a.csv, b.csv]}}]
params: [p.yaml, "${deep.metrics}", ../q.json]
metrics: ["${deep.metrics}", sub/n.yaml]
plots:
- simple.csv
- "${deep.list[0]}"
- shaped.csv: {x: step, y: [a, b], title: "${name}"}
- both: {x: {a.csv: t}, y: {a.csv: v, b.csv: [w, x]}}
- bare.csv:
artifacts:
  model: {path: models/m.pkl, type: model, desc: "${name}", labels: [a, "${name}"], meta: {n: 1}}
  "${name}": {path: ../other}
datasets:
- {name: d, type: dvc, url: "https://example.org/${name}"}
"""
TREE = {
    "dvc.yaml": "stages:\n  train:\n    cmd: x ${lr}\n    params: [lr]\n    deps: [foreach/o-us]\n",
    "params.yaml": "lr: 3\n",
    **{f"{name}/dvc.yaml": text for name, text in FORMS.items()},
    **{f"{name}/params.yaml": PARAMS for name in FORMS if name != "clean"},
    **FILES,
    "top/dvc.yaml": TOP,
    "top/params.yaml": "name: wine\n",
    "empty/dvc.yaml": "",
}


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """All forms in one repository, opened by DVC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "dvc-site"))
        yield new_repo(tmp_path_factory.mktemp("forms") / "repo", TREE)


def read_pipeline(root: Path, path: str) -> Pipeline:
    return pipeline(path, (root / path).read_bytes(), reader(root))


def stages_of(root: Path, path: str) -> dict[str, dict[str, Any]]:
    found = read_pipeline(root, path)
    assert not found.problems
    return {stage.address: by_gitml(stage) for stage in found.stages}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_resolved_as_dvc_does(repo: Any, name: str) -> None:
    ours = stages_of(Path(repo.root_dir), f"{name}/dvc.yaml")
    assert ours
    assert ours == by_dvc(repo, f"{name}/dvc.yaml")
    assert list(ours) == list(by_dvc(repo, f"{name}/dvc.yaml"))


def test_addresses_are_those_that_dvc_lists(repo: Any) -> None:
    root = Path(repo.root_dir)
    run = [sys.executable, "-m", "dvc", "stage", "list", "--all", "--name-only"]
    listed = subprocess.run(run, cwd=root, capture_output=True, check=True, text=True).stdout.splitlines()
    paths = [name for name in TREE if name.endswith("dvc.yaml")]
    ours = [stage.address for path in paths for stage in read_pipeline(root, path).stages]
    assert sorted(ours) == sorted(name.strip() for name in listed)
    assert {"train", "foreach/dvc.yaml:var@a", "matrix/dvc.yaml:m@1-x"} <= set(ours)


def test_the_sections_beside_the_stages_are_as_dvc_reads_them(repo: Any) -> None:
    from dvc.dvcfile import load_file

    root = Path(repo.root_dir)
    with inside(root):
        theirs = load_file(repo, str(root / "top/dvc.yaml"))
        found = read_pipeline(root, "top/dvc.yaml")
        assert found.problems == ()
        assert theirs.params == ["p.yaml", "m.json", "../q.json"]
        assert found.params == ("top/p.yaml", "top/m.json", "q.json")
        assert theirs.metrics == ["m.json", "sub/n.yaml"]
        assert found.metrics == ("top/m.json", "top/sub/n.yaml")
        plots = [{plot: None} if isinstance(plot, str) else plot for plot in theirs.plots]
        assert found.plots == {name: said or {} for plot in plots for name, said in plot.items()}
        assert list(found.plots) == ["simple.csv", "a.csv", "shaped.csv", "both", "bare.csv"]
        places = {"model": "top/models/m.pkl", "wine": "other"}
        assert found.artifacts == {name: said | {"path": places[name]} for name, said in theirs.artifacts.items()}
        assert list(found.datasets) == theirs.datasets


def test_the_parts_of_a_stage(repo: Any) -> None:
    found = read_pipeline(Path(repo.root_dir), "plain/dvc.yaml").stages[0]
    assert (found.address, found.name, found.pipeline) == ("plain/dvc.yaml:train", "train", "plain/dvc.yaml")
    assert found.deps[1] == Dep("plain/data", "../plain/data/")
    assert found.deps[3:] == (
        Dep("/abs/file", "/abs/file"),
        Dep("https://example.org/x.csv", "https://example.org/x.csv"),
    )
    assert found.outs[0] == Out("plain/model.pkl", "model.pkl")
    assert found.outs[-1].options == {"x": "a", "y": "b", "title": "T", "header": False}
    assert (found.line, found.command) == (2, "python train.py")


def test_an_older_file_is_read_too() -> None:
    said = """
stages:
  train:
    cmd: python train.py
    outs:
    - model.pkl: {checkpoint: true}
    live: {dvclive: {summary: true}}
    locked: true
plots: {logs.csv: {x: step}, other.csv: }
x-ours: {anything: goes}
"""
    found = pipeline("dvc.yaml", said.encode(), {}.get)
    assert found.problems == ()
    assert found.stages[0].frozen
    assert found.plots == {"logs.csv": {"x": "step"}, "other.csv": {}}


@pytest.mark.parametrize("said", ["", "# nothing\n", "{}", "stages:\n", "stages: {}\n", "~", "false"])
def test_an_empty_file_is_an_empty_pipeline(said: str) -> None:
    assert pipeline("a/dvc.yaml", said.encode(), {}.get) == Pipeline("a/dvc.yaml")


@pytest.mark.parametrize(
    ("said", "line"),
    [("just text\n", 1), ("- a\n- b\n", 1), ("stages:\n  a:\n    cmd: 'x\n", 4), ("a: b\n  c: d\n", 2), ("7", 1)],
)
def test_a_file_that_is_no_pipeline_cannot_be_read(said: str, line: int) -> None:
    with pytest.raises(Unreadable) as caught:
        pipeline("dvc.yaml", said.encode(), {}.get)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("said", "line", "field"),
    [
        ("a: 1\nstages: [a]\n", 2, "stages"),
        ("params: 3\n", 1, "params"),
        ("metrics: [[a]]\n", 1, "metrics"),
        ("plots: [3]\n", 1, "plots"),
        ("plots: ['${gone}']\n", 1, "plots"),
        ("artifacts: [a]\n", 1, "artifacts"),
        ("artifacts:\n  a: {path: x}\n  b: {type: model}\n", 3, "artifacts.b"),
        ("artifacts:\n  '${gone}': {path: x}\n", 2, "artifacts.${gone}"),
        ("stages:\n  3: {cmd: x}\n", 2, "stages.3"),
    ],
)
def test_a_broken_section_is_one_problem(said: str, line: int, field: str) -> None:
    found = pipeline("dvc.yaml", said.encode(), {}.get)
    assert [(problem.line, problem.field) for problem in found.problems] == [(line, field)]
    assert set(found.artifacts) <= {"a"}


@given(st.text(":{}[]&*!|>-'\" \n\t#%<=a1.$@", max_size=60))
def test_no_text_is_more_than_problems(said: str) -> None:
    for text in (
        said,
        f"stages:\n  a: {{{said}}}\n",
        f"stages:\n  a:\n    foreach: {said}\n    do: {{cmd: '${{item}}'}}\n",
    ):
        try:
            pipeline("dvc.yaml", text.encode(), {}.get)
        except Unreadable:
            continue


# ── params ────────────────────────────────────────────────────────────────────────────────────────────────────────

HELD = {
    "a": {"b": [1, {"c": 2}], 1: "int", "x.y": 3, "*": 4, "bc": 5},
    "n": None, "e": {}, "l": [], 2: {"z": 1}, "glob": {"ab": 1, "b": 2},
}  # fmt: skip
STEPS = ["a", "b", "0", "1", "-1", "+1", "c", "x", "y", "*", "n", "e", "2", "z", "", "glob", "?b", "[ab]", "b*", "A"]


@given(st.lists(st.lists(st.sampled_from(STEPS), min_size=1, max_size=3).map(".".join), min_size=1, max_size=3))
def test_tracked_keys_are_those_that_dvc_finds(keys: list[str]) -> None:
    import dpath

    theirs: dict[str, Any] = {}
    for key in filter(lambda key: key.strip("."), keys):
        try:
            theirs[key] = dpath.get(HELD, key, separator=".")  # what DVC asks
        except (KeyError, ValueError):
            continue
    assert repr(param_values(HELD, tuple(filter(lambda key: key.strip("."), keys)) or ("gone",))) == repr(theirs)


def test_params_of_files_are_those_that_dvc_reads(repo: Any) -> None:
    keys = ("lr", "tiny", "models.rf.depth", "grid.1.tag", "nothing", "gone", "opts")
    raw = (Path(repo.root_dir) / "templ/params.yaml").read_bytes()
    with inside(Path(repo.root_dir)):
        theirs = read_param_file(repo.fs, "templ/params.yaml", list(keys), flatten=True)
        whole = read_param_file(repo.fs, "templ/params.yaml")
    assert param_values(load_values(raw, "params.yaml"), keys) == theirs
    assert param_values(load_values(raw, "params.yaml"), ()) == {str(key): value for key, value in whole.items()}
    assert param_values([1, 2], ()) == param_values("text", ("a",)) == {}


# ── the real project ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_stages_of_a_real_project_at_every_commit(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc.repo import Repo

    snapshots = sorted((real / "iterative+demo-bank-customer-churn" / "snapshots").iterdir())
    init(tmp_path)
    monkeypatch.chdir(tmp_path)
    Repo.init(str(tmp_path)).close()
    for snapshot in snapshots:
        write(tmp_path, {f"{snapshot.name}/{file.name}": file.read_bytes() for file in snapshot.glob("*.yaml")})
    repo = Repo(str(tmp_path))
    seen = 0
    for snapshot in snapshots:
        path = f"{snapshot.name}/dvc.yaml"
        ours = stages_of(tmp_path, path)
        assert ours == by_dvc(repo, path)
        seen += len(ours)
    assert seen >= len(snapshots)


def tree(files: Mapping[str, str]) -> Mapping[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def test_only_what_templates_need_is_read() -> None:
    asked: list[str] = []
    files = tree(
        {"a/dvc.yaml": "stages: {s: {cmd: x}}\n", "b/dvc.yaml": "vars: [c.json]\nstages: {s: {cmd: '${k}'}}\n"}
    )
    for name, raw in files.items():
        pipeline(name, raw, asked.append)  # type: ignore[arg-type]
    assert asked == ["b/params.yaml", "b/c.json"]
