"""A command that is run and recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

import gitml
from acting import opened
from command_line import ml
from gitml.actions import command
from gitml.errors import BadValue, NotFound
from gitrepo import commit, environment, git, write

INTERRUPTED = """
import gitml, sys
script = "import time; print('ready', flush=True); time.sleep(60)"
done = gitml.open().run_command("wine", [sys.executable, "-c", script])
print(done.code, done.ref, flush=True)
"""


def ran(place: Path, *argv: str, **what: Any) -> tuple[int, dict[str, Any]]:
    done = opened(place).run_command("wine", list(argv), **what)
    return done.code, dict(opened(place).show(done.ref).data)


def test_a_command_that_ends_well(plain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    commit(plain, {"train.py": "import sys; print('trained', *sys.argv[1:])\n"})
    code, found = ran(plain, sys.executable, "train.py", "--lr", "0.01", params={"lr": 0.01}, tags={"team": "cellar"})
    assert (code, capfd.readouterr().out) == (0, "trained --lr 0.01\n")
    assert found["status"] == "finished"
    assert "error" not in found
    assert found["params"] == {"lr": 0.01}
    assert found["code"]["command"] == f"{Path(sys.executable).name} train.py --lr 0.01"
    assert found["code"]["path"] == "train.py"
    assert found["code"]["blob"] == git(plain, "rev-parse", "HEAD:train.py")
    assert found["utilization"]["duration_s"] >= 0
    assert opened(plain).show(found["environment"]).data["language"]["name"] == "python"


def test_a_command_that_fails_gives_its_exit_code(plain: Path) -> None:
    code, found = ran(plain, sys.executable, "-c", "raise SystemExit(3)")
    assert (code, found["status"], found["error"]) == (3, "failed", {"exit_code": 3})


def test_a_command_that_a_signal_ends(plain: Path) -> None:
    code, found = ran(plain, sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert (code, found["status"], found["error"]) == (137, "killed", {"signal": "SIGKILL"})


def test_an_interrupt_is_for_the_command_and_the_run_is_recorded(plain: Path) -> None:
    env = environment({"PYTHONPATH": str(Path(gitml.__file__).parents[1])})
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=plain,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    code, ref = process.stdout.readline().split()
    assert process.wait() == 0
    process.stdout.close()
    assert code == "130"
    assert opened(plain).show(ref).data["status"] == "killed"


def test_inputs_before_and_outputs_after(plain: Path) -> None:
    write(plain, {"data.csv": "a\n1\n"})
    script = "open('model.pkl', 'w').write('weights')"
    code, found = ran(
        plain,
        sys.executable,
        "-c",
        script,
        inputs={"train": "data.csv"},
        outputs={"model": "model.pkl", "log": "no.txt"},
    )
    assert code == 0
    assert found["inputs"]["train"]["path"] == "data.csv"
    assert set(found["outputs"]) == {"model"}
    assert found["outputs"]["model"]["size"] == 7


def test_what_was_not_written_is_told_and_not_raised(plain: Path) -> None:
    done = opened(plain).run_command("wine", [sys.executable, "-c", ""], outputs={"model": "no.pkl"})
    assert done.code == 0
    assert done.warnings == ("the output model was not recorded: no.pkl: no such file or folder",)


def test_what_cannot_be_run(plain: Path) -> None:
    with pytest.raises(NotFound, match="there is no command 'no-such-command'"):
        opened(plain).run_command("wine", ["no-such-command"])
    with pytest.raises(BadValue, match="no command is given"):
        opened(plain).run_command("wine", [])
    assert not (plain / "metadata/runs").exists()


def test_secrets_of_a_command_line_are_not_recorded(plain: Path) -> None:
    _code, found = ran(plain, sys.executable, "-c", "", "--password", "hunter2")
    assert "hunter2" not in str(found)


def test_output_can_be_sent_elsewhere(plain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran(plain, sys.executable, "-c", "print('x')", stdout=sys.stderr)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "x\n")


def test_a_record_that_cannot_be_written_does_not_change_the_exit_code(plain: Path) -> None:
    write(plain, {"metadata/runs": "a file\n"})
    done = opened(plain).run_command("wine", [sys.executable, "-c", "raise SystemExit(4)"])
    assert done.code == 4
    assert done.applied.changes == ()
    assert "kept in" in done.applied.warnings[0]
    assert done.warnings == ()


def test_with_a_commit(plain: Path) -> None:
    done = opened(plain).run_command("wine", [sys.executable, "-c", ""], commit=True)
    assert done.applied.commit == git(plain, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (["python", "train.py"], "train.py"),
        (["python3.12", "-u", "train.py", "other.py"], "train.py"),
        (["python", "-m", "pkg.train", "train.py"], "pkg/train.py"),
        (["python", "-m", "pkg"], "pkg/__main__.py"),
        (["python", "-m", "json.tool"], None),
        (["./train.sh", "train.py"], "train.sh"),
        (["bash", "train.sh"], "train.sh"),
        (["dvc", "repro"], None),
    ],
)
def test_the_script_of_a_command(plain: Path, argv: list[str], path: str | None) -> None:
    write(plain, dict.fromkeys(["train.py", "other.py", "train.sh", "pkg/train.py", "pkg/__main__.py"], ""))
    found = command._script(argv)
    assert (found and found.relative_to(plain).as_posix()) == path


@pytest.mark.slow
def test_another_python_is_asked_what_it_has(plain: Path, tmp_path: Path) -> None:
    place = tmp_path / "env"
    venv.create(place, with_pip=False, symlinks=True)
    python = str(place / "bin/python")
    code, found = ran(plain, python, "-c", "")
    assert code == 0
    held = opened(plain).show(found["environment"]).data
    assert held["language"]["name"] == "python"
    assert "numpy" not in held.get("packages", {})


WRITES = """
import sys
print("epoch 3")
print("ghp_" + "a" * 36, file=sys.stderr)
sys.stderr.write("no end")
sys.exit(4)
"""


@pytest.mark.parametrize("is_asked", [True, False])
def test_the_last_lines_of_a_failed_command_are_recorded_where_texts_are_and_else_stay_here(
    plain: Path, capfd: pytest.CaptureFixture[str], *, is_asked: bool
) -> None:
    write(plain, {"metadata/store.yaml": f"schema: store/1\nmain: main\ncapture:\n  text: {str(is_asked).lower()}\n"})
    done = gitml.open().run_command("wine", [sys.executable, "-uc", WRITES])
    error = gitml.open().show(done.ref).data["error"]
    assert capfd.readouterr() == ("epoch 3\n", f"ghp_{'a' * 36}\nno end")
    assert error["exit_code"] == 4
    here = plain / f".git/gitml/texts/{done.ref.rpartition('/')[2]}.txt"
    told = error["tail"] if is_asked else here.read_text()
    assert sorted(told.splitlines()) == ["[redacted]", "epoch 3", "no end"]
    assert (here.exists(), "tail" in error) == (not is_asked, is_asked)
    assert (str(here) in ml(plain, "show", done.ref).out) == (not is_asked)


def test_what_comes_through_a_pipe_is_passed_on_and_its_last_lines_stay_here(plain: Path) -> None:
    command = [sys.executable, "-m", "gitml", "run", "--experiment", "wine", "--", sys.executable, "-c", WRITES]
    done = subprocess.run(command, cwd=plain, env=environment(), capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (4, "epoch 3\n")
    (here,) = (plain / ".git/gitml/texts").iterdir()
    assert sorted(here.read_text().splitlines()) == ["[redacted]", "epoch 3", "no end"]
    assert ml(plain, "show", "--format", "json", gitml.open(plain).rows("run").rows[0]["ref"]).json["text"] == str(here)
