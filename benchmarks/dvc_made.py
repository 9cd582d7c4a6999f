"""Repositories of DVC without a record of ours: a pipeline over many commits, and many tracked files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import generate

STEP = 600  # seconds between commits
FOLDERS = 20
SETUP: Mapping[str, bytes] = {
    ".dvc/config": b"[core]\n    analytics = false\n",
    ".dvc/.gitignore": b"/config.local\n/tmp\n/cache\n",
}
PIPELINE = b"""stages:
  prepare:
    cmd: python src/prepare.py
    deps:
    - data/raw.csv
    - src/prepare.py
    params:
    - prepare
    outs:
    - data/prepared.csv
  train:
    cmd: python src/train.py
    deps:
    - data/prepared.csv
    - src/train.py
    params:
    - train
    outs:
    - model.pkl
    metrics:
    - metrics.json:
        cache: false
"""


def pipeline(folder: Path, commits: int, files: int = 100) -> None:
    """A pipeline of two stages, trained anew with other parameters in each commit, beside some other files."""
    code = {f"src/part{number % FOLDERS:02}/file{number:04}.py": b"x = %d\n" % number for number in range(files)}
    own = {"dvc.yaml": PIPELINE, "src/prepare.py": b"prepare\n", "src/train.py": b"train\n"}
    ignored = {".gitignore": b"/model.pkl\n", "data/.gitignore": b"/raw.csv\n/prepared.csv\n"}
    generate.start(folder)
    stream = b"".join(_stream([{**SETUP, **code, **own, **ignored}, *[{}] * (commits - 1)]))
    generate.git(folder, "fast-import", "--quiet", stream=stream)
    generate.git(folder, "reset", "-q", "--hard")


def _stream(changes: list[Mapping[str, bytes]]) -> Iterator[bytes]:
    for number, change in enumerate(changes):
        when = int(generate.START.timestamp()) + number * STEP
        yield f"commit refs/heads/main\ncommitter Mona <mona@example.org> {when} +0000\ndata 5\ntrain\n".encode()
        for path, content in {**change, **_trained(number)}.items():
            yield f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"


def _trained(number: int) -> dict[str, bytes]:
    """What a training leaves: no two commits have the same parameters and metrics."""
    params = {"prepare": {"split": 0.2}, "train": {"depth": number % 7 + 2, "lr": (number + 1) / 8192}}
    metrics = json.dumps({"auc": 1 - 1 / (number + 3), "test": {"loss": number / 7}}).encode()
    lines = (f"{stage}:\n{_lines(told, 2)}" for stage, told in params.items())
    return {
        "params.yaml": "".join(lines).encode(),
        "metrics.json": metrics,
        "dvc.lock": _lock(params, metrics, b"model %d" % number).encode(),
    }


def _lines(told: Mapping[str, float], indent: int) -> str:
    return "".join(f"{' ' * indent}{name}: {value}\n" for name, value in told.items())


def _lock(params: Mapping[str, Mapping[str, float]], metrics: bytes, model: bytes) -> str:
    prepared = _path("data/prepared.csv", b"prepared")
    deps = {
        "prepare": _path("data/raw.csv", b"raw") + _path("src/prepare.py", b"prepare\n"),
        "train": prepared + _path("src/train.py", b"train\n"),
    }
    outs = {"prepare": prepared, "train": _path("metrics.json", metrics) + _path("model.pkl", model)}
    stages = (
        f"  {stage}:\n    cmd: python src/{stage}.py\n    deps:\n{deps[stage]}"
        f"    params:\n      params.yaml:\n        {stage}:\n{_lines(told, 10)}    outs:\n{outs[stage]}"
        for stage, told in params.items()
    )
    return "schema: '2.0'\nstages:\n" + "".join(stages)


def _path(path: str, content: bytes) -> str:
    return f"    - path: {path}\n      hash: md5\n      md5: {md5(content)}\n      size: {len(content)}\n"


def tracked(folder: Path, count: int) -> dict[str, str]:
    """So many files that DVC tracks, each in the work tree and in DVC's cache; their hashes by path."""
    contents = {f"data/{number % FOLDERS:02}/part-{number:05}.csv": b"x\n%d\n" % number for number in range(count)}
    names: dict[str, list[str]] = {}
    for path in contents:
        names.setdefault(str(Path(path).parent), []).append(f"/{Path(path).name}\n")
    ignored = {f"{parent}/.gitignore": "".join(found).encode() for parent, found in names.items()}
    pointers = {f"{path}.dvc": _pointer(path, content) for path, content in contents.items()}
    generate.commit(folder, {**SETUP, **ignored, **pointers}, checkout=True)
    hashes = {path: md5(content) for path, content in contents.items()}
    cache = {f".dvc/cache/files/md5/{hashes[path][:2]}/{hashes[path][2:]}": held for path, held in contents.items()}
    for path, content in (contents | cache).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return hashes


def _pointer(path: str, content: bytes) -> bytes:
    told = f"outs:\n- md5: {md5(content)}\n  size: {len(content)}\n  hash: md5\n  path: {Path(path).name}\n"
    return told.encode()


def md5(content: bytes) -> str:
    """The hash that DVC takes."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
