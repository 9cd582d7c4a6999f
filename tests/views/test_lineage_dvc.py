"""Edges between stages and what DVC tracks: those of `dvc dag --dot`."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from warnings import catch_warnings, simplefilter

from dvc_oracle import inside, new_repo
from gitml.repo.repository import Repository
from gitml.views.lineage.build import lineage
from gitrepo import commit, git
from replayed import replay

PIPELINE = """
vars:
- sites: [north, south]
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py, data/raw, data/one.csv]
    outs: [clean/all.csv, clean/more]
  split:
    foreach: ${sites}
    do:
      cmd: split ${item}
      deps: [clean/all.csv]
      outs: ["parts/${item}.csv"]
  train:
    matrix:
      site: ${sites}
    cmd: train
    deps: ["parts/${item.site}.csv", params.json]
    params: [lr]
    outs: ["models/${item.site}"]
    metrics:
    - metrics/${item.site}.json:
        cache: false
  all:
    cmd: join
    deps: [parts, models/north/inner.bin, "https://example.org/x.csv"]
    outs: [sub/joined.csv]
  lonely:
    cmd: echo
"""
INNER = """
stages:
  report:
    wdir: ..
    cmd: report
    deps: [sub/joined.csv, metrics]
    outs: [reports]
"""
TRACKED = """outs:
- md5: 9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6{dir}
  size: 3
  hash: md5
  path: {path}
"""
LOCAL = """md5: 9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6
frozen: true
deps:
- md5: 9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6
  size: 3
  hash: md5
  path: ../sub/joined.csv
outs:
- md5: 9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6
  size: 3
  hash: md5
  path: copy.csv
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "sub/dvc.yaml": INNER,
    "params.yaml": "lr: 0.1\n",
    "params.json": "{}",
    "prepare.py": "",
    "data/raw.dvc": TRACKED.format(path="raw", dir=".dir"),
    "data/one.csv.dvc": TRACKED.format(path="one.csv", dir=""),
    "data/unused.csv.dvc": TRACKED.format(path="unused.csv", dir=""),
    "data/copy.csv.dvc": LOCAL,
}


def dag(folder: Path) -> tuple[set[str], set[tuple[str, str]]]:
    """The nodes and edges that `dvc dag --dot` prints."""
    from dvc.cli import main

    said = io.StringIO()
    with inside(folder), redirect_stdout(said), catch_warnings():
        simplefilter("ignore")  # DVC's own, about what its libraries will do one day
        assert main(["dag", "--dot"]) == 0
    lines = [re.findall(r'"([^"]*)"', line) for line in said.getvalue().splitlines() if line.endswith(";")]
    return {line[0] for line in lines if len(line) == 1}, {(line[0], line[1]) for line in lines if len(line) == 2}


def ours(folder: Path, rev: str | None = None) -> tuple[set[str], set[tuple[str, str]]]:
    """The same, by gitml: a stage by its address, data that is tracked by itself by its .dvc file."""
    snapshot = Repository.find(folder).at(rev)
    found = lineage(snapshot)
    names = {}
    for kind in ("dvc-stage", "dvc-output"):
        for record in snapshot.records(kind):
            if kind == "dvc-stage":
                names[str(record.ref)] = record.ref.keys[0]
            elif "stage" not in record.data:
                names[str(record.ref)] = str(record.data["source"])
    assert names.keys() <= {node.ref for node in found}
    edges = {(edge.source, edge.target) for edge in found.edges if edge.role == "input"}
    return set(names.values()), {(names[one], names[two]) for one, two in edges if one in names and two in names}


def test_a_repository_of_ours(tmp_path: Path) -> None:
    place = tmp_path / "repo"
    new_repo(place, FILES).close()
    nodes, edges = dag(place)
    assert {("all", "data/copy.csv.dvc"), ("split@north", "all"), ("data/raw.dvc", "prepare")} <= edges
    assert ours(place) == (nodes, edges)


def test_the_demo_of_dvcs_own_makers(real: Path, tmp_path: Path) -> None:
    place = replay(real / "iterative+demo-bank-customer-churn", tmp_path / "churn")
    checked = set()
    for rev in git(place, "rev-list", "--all").split():
        blobs = git(place, "ls-tree", "-r", rev).splitlines()
        files = frozenset(line for line in blobs if line.endswith((".dvc", "dvc.yaml", "dvc.lock")))
        if files in checked:
            continue
        checked.add(files)
        git(place, "checkout", "-q", "-f", rev)
        assert ours(place, rev) == dag(place)
    assert len(checked) > 5


def test_what_a_lock_recorded_and_what_is_now(tmp_path: Path) -> None:
    place = tmp_path / "repo"
    new_repo(place, {}).close()
    stages = "stages:\n  a: {cmd: a, outs: [x]}\n  b: {cmd: b, deps: [x], outs: [y]}\n"
    entry = "  {name}:\n    cmd: {name}\n{sides}"
    one, two = "1" * 32, "2" * 32
    before = _lock(entry, one, one)
    first = commit(place, {"dvc.yaml": stages, "dvc.lock": before})
    assert not lineage(Repository.find(place).at(first)).stale()
    commit(place, {"dvc.lock": _lock(entry, two, one)})
    found = lineage(Repository.find(place).here())
    assert {(edge.source, edge.target, edge.hash, edge.current) for edge in found.stale()} >= {
        ("dvc-stage/a", "dvc-stage/b", f"md5:{one}", f"md5:{two}")
    }


def _lock(entry: str, gives: str, read: str) -> str:
    item = "    {side}:\n    - path: {path}\n      hash: md5\n      md5: '{md5}'\n      size: 1\n"
    a = entry.format(name="a", sides=item.format(side="outs", path="x", md5=gives))
    sides = item.format(side="deps", path="x", md5=read) + item.format(side="outs", path="y", md5="3" * 32)
    return f"schema: '2.0'\nstages:\n{a}{entry.format(name='b', sides=sides)}"
