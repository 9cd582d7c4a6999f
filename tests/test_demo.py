"""What the demo writes by hand fits what it copies: the rest of it is seen by running it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import yaml

from gitml.repo.readers.dvc.stages import pipeline

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def constant(name: str) -> str:
    for node in ast.parse((EXAMPLES / "demo.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return str(ast.literal_eval(node.value))
    raise AssertionError(name)


def test_the_pipeline_runs_from_the_raw_file_to_the_metrics_by_scripts_that_are_there() -> None:
    written = {"dvc.yaml": constant("DVC_YAML").encode(), "params.yaml": constant("PARAMS_YAML").encode()}
    read = pipeline("dvc.yaml", written["dvc.yaml"], written.get)
    assert [stage.name for stage in read.stages] == ["prepare", "train", "evaluate"]
    assert not read.problems
    deps = {dep.path for stage in read.stages for dep in stage.deps}
    scripts = {path for path in deps if path.endswith(".py")}
    assert deps - scripts - {out.path for stage in read.stages for out in stage.outs} == {"data/wine.csv"}
    assert scripts == {path.relative_to(EXAMPLES).as_posix() for path in (EXAMPLES / "stages").glob("*.py")}


def test_every_parameter_is_read_by_a_stage() -> None:
    params: dict[str, dict[str, Any]] = yaml.safe_load(constant("PARAMS_YAML"))
    code = "".join(path.read_text() for path in (EXAMPLES / "stages").glob("*.py"))
    told = {key for keys in params.values() for key in keys} | set(params)
    assert told == set(re.findall(r'(?:params|\.read_text\(\)\))\["(\w+)"\]', code))
