"""`git ml run` of a script that knows nothing of gitml: what it writes is recorded all the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import gitml
from acting import dvc, opened
from gitrepo import commit, write

WRITES = """
import json, pathlib
pathlib.Path("metrics.json").write_text(json.dumps({"auc": 0.9, "validation": {"loss": 0.1}, "name": "x", "ok": True}))
pathlib.Path("params.yaml").write_text("lr: 0.01\\ndepth: 3\\n")
"""
LIVE = """
import json, pathlib
plots = pathlib.Path("dvclive/plots/metrics/train")
plots.mkdir(parents=True)
(plots / "acc.tsv").write_text("step\\tacc\\n0\\t0.5\\n1\\t0.75\\n2\\t")
pathlib.Path("dvclive/metrics.json").write_text(json.dumps({"train": {"acc": 0.75}, "best": 0.8, "step": 1}))
pathlib.Path("dvclive/params.yaml").write_text("lr: 0.5\\n")
"""
ADDS = """
import pathlib
pathlib.Path("models/wine.pkl").write_text("weights")
pathlib.Path("models/wine.pkl.dvc").write_text("outs:\\n- md5: 54bea1ca6b5bd8d0b7ee8cd1b3d1ae1c\\n  path: wine.pkl\\n")
"""
STAGE = """
stages:
  train:
    cmd: python train.py
    deps: [data/wine.csv, train.py]
    params: [lr]
    outs: [models/wine.pkl]
    metrics:
    - scores.json: {cache: false}
"""
TRAIN = """
import json
open("models/wine.pkl", "w").write("weights")
json.dump({"auc": 0.8}, open("scores.json", "w"))
"""


def ran(place: Path, script: str, **what: Any) -> dict[str, Any]:
    done = opened(place).run_command("wine", [sys.executable, "-c", script], **what)
    assert done.code == 0
    assert not done.warnings
    return dict(gitml.open(place).show(done.ref).data)


def test_metrics_and_params_files(plain: Path) -> None:
    found = ran(plain, WRITES, params={"lr": 0.02})
    assert found["metrics"] == {"auc": 0.9, "validation": {"loss": 0.1}}
    assert found["params"] == {"lr": 0.02, "depth": 3}
    assert "series" not in found


def test_files_that_it_did_not_write_are_none_of_its(plain: Path) -> None:
    commit(plain, {"metrics.json": json.dumps({"auc": 1}), "params.yaml": "lr: 1\n"})
    found = ran(plain, "import time; time.sleep(0)")
    assert not {"metrics", "params"} & set(found)


@pytest.mark.parametrize("folder", ["dvclive", "out/night/live", "."])
def test_what_dvclive_writes(plain: Path, folder: str) -> None:
    found = ran(plain, LIVE.replace("dvclive", folder))
    assert found["metrics"] == {"train": {"acc": 0.75}, "best": 0.8}
    assert found["params"] == {"lr": 0.5}
    assert found["series"]["summary"]["train.acc"] == {"count": 2, "min": 0.5, "max": 0.75, "last_step": 1}


def test_a_file_that_cannot_be_read_is_told(plain: Path) -> None:
    script = "open('metrics.json', 'w').write('{')"
    done = opened(plain).run_command("wine", [sys.executable, "-c", script])
    assert ["metrics.json was not read" in one for one in done.warnings] == [True]


def test_what_dvcs_stages_read_and_wrote(tracked: Path) -> None:
    write(tracked, {"dvc.yaml": STAGE, "train.py": TRAIN, "params.yaml": "lr: 0.1\n"})
    dvc(tracked, "config", "core.autostage", "false")
    commit(tracked, {}, "a stage")
    done = opened(tracked).run_command("wine", [sys.executable, "-m", "dvc", "repro", "-q"], stdout=sys.stderr)
    assert (done.code, done.warnings) == (0, ())
    found = gitml.open().show(done.ref).data
    assert set(found["inputs"]) == {"data/wine.csv", "train.py"}
    assert found["outputs"]["models/wine.pkl"]["size"] == 7
    assert found["metrics"] == {"auc": 0.8}
    assert found["params"] == {"lr": 0.1}
    assert gitml.open().validate().problems == ()


def test_what_it_gives_to_dvc_is_an_output(tracked: Path) -> None:
    found = ran(tracked, ADDS)
    assert list(found["outputs"]) == ["models/wine.pkl"]
    assert found["outputs"]["models/wine.pkl"]["path"] == "models/wine.pkl"
