"""What a run is captured with, without being told: faults, seeds, variables, use of the machine, never a secret."""

from __future__ import annotations

import importlib.metadata
import json
import os
import random
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import gitml
from gitml.actions.capture import gpus, notebook, packages, places, seeds
from gitml.actions.capture.usage import Sample, Usage
from gitml.actions.run import Run
from gitrepo import commit, environment, git, write

TOKENS = {
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2c3D4e5F6" * 3,
    "url": "https://mona:hunter22@example.org/x",
    "slack": "xoxb-123456789012-abcdefghijkl",
}


def data(run: Run) -> dict[str, Any]:
    return dict(gitml.open().show(run.ref).data)


# ── faults ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_frames_of_a_failure_are_told_by_path_line_and_function_without_its_text(plain: Path) -> None:
    commit(plain, {"lib/fit.py": "import json\n\n\ndef fit():\n    json.loads('secret words')\n"})
    write(plain, {"train.py": "import sys\nsys.path.insert(0, 'lib')\nimport gitml, fit\n"
                  "try:\n    with gitml.run('wine') as run:\n        fit.fit()\n"
                  "except ValueError:\n    print(run.ref)\n"})  # fmt: skip
    env = environment({"PYTHONPATH": str(Path(gitml.__file__).parents[1])})
    done = subprocess.run([sys.executable, "train.py"], env=env, capture_output=True, check=True, text=True)
    found = gitml.open().show(done.stdout.split()[-1]).data["error"]
    assert (found["type"], found["module"]) == ("JSONDecodeError", "json.decoder")
    frames = [(one["path"], one["line"], one["function"]) for one in found["frames"]]
    assert frames[:2] == [("train.py", 6, "<module>"), ("lib/fit.py", 5, "fit")]
    assert frames[2][0].endswith("json/__init__.py")
    assert not any(Path(one["path"]).is_absolute() for one in found["frames"])
    assert "secret words" not in json.dumps(found)


def test_of_very_many_frames_the_innermost_are_kept(plain: Path) -> None:
    def deeper(depth: int) -> int:
        return 1 // 0 if depth == 0 else deeper(depth - 1)

    with pytest.raises(ZeroDivisionError), gitml.run("wine") as run:
        deeper(200)
    frames = data(run)["error"]["frames"]
    assert len(frames) == 40
    assert {one["function"] for one in frames} == {"deeper"}


# ── seeds ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_seeds_that_a_script_sets_are_heard_and_all_is_as_it_was_afterwards(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    before = random.seed, np.random.seed, np.random.default_rng
    with gitml.run("wine") as run:
        random.seed(42)
        random.seed(43)  # of a fold, perhaps: the first one counts
        np.random.default_rng(np.int64(44))
    assert data(run)["seeds"] == {"hash": 7, "python": 42, "numpy": 44}
    assert before == (random.seed, np.random.seed, np.random.default_rng)


def test_a_seed_that_was_told_stays_and_one_beyond_64_bits_is_text(plain: Path) -> None:
    with pytest.warns(match="beyond 64 bits"), gitml.run("wine", seeds={"numpy": 1}) as run:  # noqa: PT031
        np.random.seed(2)  # noqa: NPY002 - what people write
        random.seed(2**70)
    assert data(run)["seeds"] == {"numpy": 1, "python": str(2**70)}


def test_what_was_set_before_numpy_tells_until_something_is_drawn(plain: Path) -> None:
    for seed in (0, 42, 2**32 - 1):
        np.random.seed(seed)  # noqa: NPY002
        with gitml.run("wine") as run:
            pass
        assert data(run)["seeds"] == {"numpy": seed}
    np.random.random(1000)  # noqa: NPY002
    with gitml.run("wine") as run:
        pass
    assert "seeds" not in data(run)


def test_torch_is_asked_for_its_seed(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a module that answers as torch documents it: the real one is too large for a test."""
    torch = types.ModuleType("torch")
    held = [67280421310721]
    vars(torch).update(initial_seed=lambda: held[0], manual_seed=lambda seed: held.__setitem__(0, seed))
    monkeypatch.setitem(sys.modules, "torch", torch)
    found: dict[str, Any] = {}
    with seeds.heard(found):
        assert "torch" not in found
        vars(torch)["manual_seed"](5)
    assert (found["torch"], held) == (5, [5])
    found = {}
    with seeds.heard(found):
        assert found["torch"] == 5


def test_what_a_library_seeds_for_itself_is_not_the_scripts(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "installed", lambda: (str(Path(__file__).parent) + os.sep,))
    with gitml.run("wine") as run:
        random.seed(9)
    assert "python" not in data(run).get("seeds", {})


# ── variables, environment, host ──────────────────────────────────────────────────────────────────────────────────────


def test_variables_are_recorded_by_name_alone(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = plain / "metadata/store.yaml"
    settings.write_text(settings.read_text().replace("text: false", "text: false\n  variables:\n  - CELLAR"))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("CELLAR", "north")
    monkeypatch.setenv("CELLAR_PRIVATE", "south")
    with gitml.run("wine") as run:
        pass
    assert data(run)["variables"] == {"CELLAR": "north", "OMP_NUM_THREADS": "2"}


def test_lock_files_belong_to_the_environment(plain: Path) -> None:
    with gitml.run("wine") as without:
        pass
    write(plain, {"uv.lock": "version = 1\n"})
    with gitml.run("wine") as run:
        pass
    assert data(run)["environment"] != data(without)["environment"]
    (found,) = gitml.open().show(data(run)["environment"]).data["lock_files"]
    assert found["path"] == "uv.lock"
    assert found["size"] == len("version = 1\n")
    write(plain, {"uv.lock": "version = 2\n\n"})
    with gitml.run("wine") as again:
        pass
    assert data(again)["environment"] != data(run)["environment"]


def test_the_branch_and_the_folder_where_it_was_started(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(plain, "switch", "-q", "-c", "try/one")
    (plain / "src").mkdir()
    monkeypatch.chdir(plain / "src")
    with gitml.run("wine") as run:
        pass
    assert (data(run)["code"]["branch"], data(run)["code"]["folder"]) == ("try/one", "src")
    git(plain, "switch", "-q", "--detach")
    with gitml.run("wine") as run:
        pass
    assert "branch" not in data(run)["code"]


def test_graphics_processors_are_named_and_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a module that answers as NVIDIA documents its bindings: there is no such processor here."""
    nvml = types.ModuleType("pynvml")
    error = type("NVMLError", (Exception,), {})

    def old(_device: int) -> int:
        raise error

    vars(nvml).update(
        NVMLError=error, nvmlInit=lambda: None, nvmlDeviceGetCount=lambda: 1, nvmlDeviceGetHandleByIndex=lambda at: at,
        nvmlDeviceGetName=lambda _at: b"NVIDIA L4", nvmlSystemGetDriverVersion=lambda: "550.54",
        nvmlDeviceGetMemoryInfo=lambda _at: types.SimpleNamespace(total=24_000_000_000, used=3_000_000_000),
        nvmlDeviceGetUtilizationRates=lambda _at: types.SimpleNamespace(gpu=61),
        nvmlDeviceGetTotalEnergyConsumption=old,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    gpus._library.cache_clear()
    try:
        assert gpus.named() == [{"name": "NVIDIA L4", "memory_gb": 24, "driver": "550.54"}]
        assert gpus.load() == [gpus.Load(61, 3_000_000_000, 0.0)]
    finally:
        gpus._library.cache_clear()


def test_the_packages_are_those_that_python_tells_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, odd, torn = (tmp_path / f"{name}-info" for name in ("Old_Thing.egg", "odd-1.0_x.dist", "~torn-1.0.dist"))
    write(old, {"PKG-INFO": "Metadata-Version: 1.0\nName: Old.Thing\nVersion: 0.3\n\nVersion: 9\n"})
    write(odd, {"METADATA": "Name: odd\nVersion: 1.0-x\n"})
    torn.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path), str(tmp_path / "no.zip")])
    told: dict[str, str] = {}
    for one in importlib.metadata.MetadataPathFinder.find_distributions():
        if one.metadata and one.metadata["Name"]:
            told.setdefault(packages.normal(one.metadata["Name"]), one.version)
    assert packages.by_name() == told
    assert (told["old-thing"], told["odd"]) == ("0.3", "1.0-x")


def test_without_graphics_processors_nothing_is_told_of_them() -> None:
    gpus._library.cache_clear()
    assert gpus.named() == [] == list(gpus.load())


# ── use of the machine ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_short_run_tells_its_time_and_its_processors(plain: Path) -> None:
    with gitml.run("wine") as run:
        sum(range(300_000))
    used = data(run)["utilization"]
    assert used["duration_s"] >= 0
    assert 0 <= used["cpu_time_s"] <= used["duration_s"] * (os.cpu_count() or 1) + 0.1


def test_samples_are_summed_up() -> None:
    samples = iter([
        Sample(10.0, 1.0, 100_000_000, 0, 0, 50, 60, [gpus.Load(20, 1_000_000, 100.0)]),
        Sample(12.0, 4.0, 300_000_000, 7_000_000, 1_000_000, 2_000_050, 60, [gpus.Load(80, 9_000_000, 3_600_100.0)]),
    ])  # fmt: skip
    usage = Usage(look=lambda _process: next(samples))
    assert usage._sampled()
    assert usage._sampled()
    found = usage.stop()
    assert found["cpu_percent_max"] == 150.0
    assert (found["memory_mb_mean"], found["memory_mb_max"]) == (200.0, 300.0)
    assert (found["disk_read_mb"], found["disk_written_mb"]) == (7.0, 1.0)
    assert (found["network_received_mb"], found["network_sent_mb"]) == (2.0, 0.0)
    assert (found["gpu_percent_mean"], found["gpu_percent_max"], found["gpu_memory_mb_max"]) == (50.0, 80.0, 9.0)
    assert found["energy_kwh"] == 1.0


def test_the_use_of_a_real_process_and_of_its_children_is_seen() -> None:
    script = (
        "import subprocess, sys; held = bytearray(80_000_000)\n"
        "within = 'held = bytearray(60_000_000); print(1, flush=True); input()'\n"
        "inner = subprocess.Popen([sys.executable, '-c', within], stdin=subprocess.PIPE)\n"
        "input(); inner.communicate(b'\\n')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        usage = Usage(process.pid)
        assert usage._sampled()
        process.communicate(b"\n")
        assert not usage._sampled()  # it has ended: that is no fault
    assert usage.stop()["memory_mb_max"] > 140
    assert not psutil.pid_exists(process.pid)


# ── notebooks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def cells(*sources: str | list[str], **more: Any) -> str:
    held = [{"cell_type": "code", "source": one, "metadata": {}, "outputs": [], **more} for one in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": held})


def test_a_notebooks_digest_is_that_of_what_was_written(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(plain, {"a.ipynb": cells("x = 1\ny"), "c.ipynb": cells("x = 2\ny"), "d.ipynb": "{}", "e.ipynb": "[1]",
                  "b.ipynb": cells(["x = 1\n", "y"], outputs=[{"text": "7"}], execution_count=3)})  # fmt: skip
    one, other, changed, odd, none = (notebook.digest(plain / f"{name}.ipynb") for name in "abcde")
    assert one == other != changed
    assert odd is None is none
    assert notebook.digest(plain / "nowhere.ipynb") is None
    monkeypatch.setenv("GITML_NOTEBOOK", "a.ipynb")
    with gitml.run("wine") as run:
        pass
    assert data(run)["code"]["notebook"] == {"path": "a.ipynb", "sha256": one}


# ── secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def failing(token: str, runs: list[Run]) -> None:
    """A run that says a token wherever one can say something, and fails."""
    told = {"dsn": token, "deep": [{"er": token}]}
    with gitml.run("wine", params=told, tags={"at": token}, name=token, note=token) as run:
        runs.append(run)
        run.log({token: 1.0})
        run.log_params({token: 2})
        run.set_tags({token: "x"})
        random.seed(token)
        raise ValueError(f"cannot open {token}")


def test_a_secret_that_is_planted_everywhere_is_recorded_nowhere(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = plain / "metadata/store.yaml"
    settings.write_text(settings.read_text().replace("text: false", "text: true\n  variables:\n  - CELLAR_DSN"))
    commit(plain, {}, "settings")
    for name, token in TOKENS.items():
        monkeypatch.setenv("CELLAR_DSN", token)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", token)
        monkeypatch.setenv("GITML_CONTAINER", token)
        monkeypatch.setattr(sys, "orig_argv", ["python", "train.py", "--dsn", token, f"--token={token}"])
        runs: list[Run] = []
        with pytest.warns(match="looks like"), pytest.raises(ValueError, match="cannot"):
            failing(token, runs)
        written = "".join(path.read_text() for path in (plain / "metadata").rglob("*") if path.is_file())
        assert token not in written, name
        assert data(runs[0])["status"] == "failed", name
