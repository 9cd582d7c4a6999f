"""The command line as a process: streams, terminals, signals, locales; what only the system can show."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command_line import fine, ml, on_terminal, process
from gitml.cli import progress
from gitrepo import git, write

# ── by which names it is called ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", [("git", "ml"), ("git-ml",), ("gitml",), (sys.executable, "-m", "gitml")], ids=str)
def test_every_name_is_the_same_command(store: Path, shell: dict[str, str], words: tuple[str, ...]) -> None:
    said = process(store, *words, "list", env=shell)
    assert (said.code, said.out, said.err) == (0, fine(store, "list").out, "")


def test_from_a_sub_folder_and_from_afar(store: Path, shell: dict[str, str], tmp_path: Path) -> None:
    here = process(store, "git", "ml", "list", "run", env=shell)
    assert process(store / "metadata/models", "git", "ml", "list", "run", env=shell) == here
    assert process(tmp_path, "git", "ml", "-C", "repo", "list", "run", env=shell) == here
    assert process(tmp_path, "git", "-C", "repo", "ml", "list", "run", env=shell) == here
    assert process(tmp_path, "git", "ml", "-C", str(store), "validate", "metadata/models", env=shell).code == 0


def test_the_exit_codes_of_a_process(store: Path, shell: dict[str, str]) -> None:
    write(store, {"metadata/metrics/auc.yaml": "schema: metric/1\n"})
    assert process(store, "git-ml", "list", env=shell).code == 0
    assert process(store, "git-ml", "validate", env=shell).code == 1
    assert process(store, "git-ml", "show", "model/wein", env=shell).code == 1
    assert process(store, "git-ml", "shwo", env=shell).code == 2


# ── streams ───────────────────────────────────────────────────────────────────────────────────────────────────────


def many(store: Path) -> None:
    """More rows than a pipe holds."""
    text = f"schema: metric/1\ndescription: {'x' * 200}\ndirection: higher\n"
    write(store, {f"metadata/metrics/m{number}.yaml": text for number in range(800)})


def test_a_reader_that_goes_away_is_no_error(store: Path, shell: dict[str, str]) -> None:
    many(store)
    said = process(store, "bash", "-c", "git ml list metric | head -1; echo ${PIPESTATUS[0]}", env=shell)
    assert said.out.splitlines()[1:] == ["141"]
    assert said.err == ""


def test_a_full_disk_behind_standard_output_is_told(store: Path, shell: dict[str, str]) -> None:
    said = process(store, "bash", "-c", "git ml list > /dev/full", env=shell)
    assert (said.code, said.err) == (1, "git ml: standard output cannot be written: No space left on device\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code(store: Path, shell: dict[str, str], closed: str) -> None:
    words = f"git-ml list {closed}; echo $? >&3; git-ml show model/wein {closed}; echo $? >&3"
    said = process(store, "bash", "-c", f"exec 3> codes; {words}", env=shell)
    assert (store / "codes").read_text() == "0\n1\n"
    assert "Traceback" not in said.out + said.err


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {"LC_ALL": "de_DE.latin1"}],
    ids=str,
)  # fmt: skip
def test_no_locale_breaks_it(store: Path, shell: dict[str, str], locale: dict[str, str]) -> None:
    fine(store, "set", "model/wine", "description=Küche 厨")
    env = {**shell, **locale}
    assert "description: Küche 厨\n" in process(store, "git-ml", "show", "model/wine", env=env).out
    assert process(store, "git-ml", "list", "model", "--format", "json", env=env).json["total"] == 1
    code, shown = on_terminal(store, "git-ml", "show", "model/wine", env=env)
    assert code == 0
    assert "description: K" in shown


def test_an_encoding_that_lacks_a_letter_shows_its_number(store: Path, shell: dict[str, str]) -> None:
    fine(store, "set", "model/wine", "description=Küche 厨")
    code, shown = on_terminal(store, "git-ml", "show", "model/wine", env={**shell, "PYTHONIOENCODING": "ascii"})
    assert code == 0
    assert "description: K\\xfcche \\u53a8\n" in shown


def test_a_path_that_is_no_utf_8(store: Path, shell: dict[str, str]) -> None:
    place = os.fsencode(store / "metadata/metrics") + b"/\xff.yaml"
    Path(os.fsdecode(place)).write_text("direction: up\n")
    said = process(store, "git-ml", "validate", env=shell)
    assert said.code == 1
    assert "metadata/metrics/\\udcff.yaml: error" in said.out
    found = process(store, "git-ml", "validate", "--format", "json", env=shell).json
    assert found["problems"][0]["path"] == "metadata/metrics/\udcff.yaml"


# ── terminals ─────────────────────────────────────────────────────────────────────────────────────────────────────

CODES = re.compile(r"\x1b\[[0-9;]*m")


def test_a_table_fits_the_terminal_and_has_colour_there_alone(store: Path, shell: dict[str, str]) -> None:
    code, shown = on_terminal(store, "git", "ml", "list", "run", env=shell, columns=60)
    assert code == 0
    assert "\x1b[1m" in shown
    lines = CODES.sub("", shown).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[-1].endswith("--columns or --format csv")
    assert "\x1b" not in process(store, "git", "ml", "list", "run", env=shell).out


@pytest.mark.parametrize(
    ("words", "more", "coloured"),
    [
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        (("--color", "never"), {}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_can_be_had_or_not(
    store: Path, shell: dict[str, str], words: tuple[str, ...], more: dict[str, str], *, coloured: bool
) -> None:
    _code, shown = on_terminal(store, "git-ml", *words, "list", env={**shell, **more})
    assert ("\x1b[" in shown) is coloured


def test_a_dumb_terminal_has_no_colour(store: Path, shell: dict[str, str]) -> None:
    _code, shown = on_terminal(store, "env", "TERM=dumb", "git-ml", "list", env=shell)
    assert "\x1b" not in shown


def test_errors_are_coloured_on_a_terminal(store: Path, shell: dict[str, str]) -> None:
    code, shown = on_terminal(store, "git-ml", "show", "model/wein", env=shell)
    assert code == 1
    assert shown.startswith("\x1b[31mgit ml:\x1b[0m there is no model/wein")


# ── a bar, where it takes long ────────────────────────────────────────────────────────────────────────────────────


def waited(patience: float, until: str, how_far: progress.HowFar = progress.nobody_knows) -> str:
    """What a terminal shows while something is going on, until it shows a text (or for a while, if there is none)."""
    ours, theirs = pty.openpty()
    shown = b""
    with os.fdopen(theirs, "w") as stream, progress.waiting("reading all records", stream, patience, how_far):
        deadline = time.monotonic() + (30 if until else 0.3)
        while time.monotonic() < deadline and not (until and until.encode() in shown):
            if select.select([ours], [], [], 0.05)[0]:
                shown += os.read(ours, 65536)
    os.close(ours)
    return shown.decode()


def test_a_bar_moves_where_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = waited(0.0, "0:00:0")
    assert "reading all records" in shown
    assert "━" in shown or "-" in shown


def test_a_bar_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "25,000 of 100,000" in waited(0.0, "25,000 of 100,000", lambda: (25_000, 100_000))
    assert "100 of 100" in waited(0.0, "100 of 100", lambda: (104, 100))  # a share was read twice


def test_nothing_moves_where_it_is_done_before() -> None:
    assert waited(60.0, "") == ""


def test_no_bar_without_a_terminal(store: Path, shell: dict[str, str]) -> None:
    many(store)
    assert process(store, "git-ml", "validate", env=shell).err == ""


# ── signals ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_interrupt_ends_with_130(store: Path, shell: dict[str, str]) -> None:
    """It waits for its standard input, like a pre-push hook whose git says nothing yet."""
    started = subprocess.Popen(
        ["git-ml", "validate", "--pushed"], cwd=store, env=shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    with started:
        _reads_its_input(started.pid)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=30)
    assert started.returncode == 130
    assert (out, err) == (b"", b"\ngit ml: interrupted\n")


def _reads_its_input(pid: int) -> None:
    """Wait until a process sleeps in a read of its standard input (Linux tells by the system call it is in)."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            call = Path(f"/proc/{pid}/syscall").read_text().split()
        except OSError:
            pytest.skip("the system does not tell what a process waits for")
        if call[:2] == ["0", "0x0"]:
            return
        select.select([], [], [], 0.02)
    pytest.fail("it never came to read")


# ── a command that is recorded ────────────────────────────────────────────────────────────────────────────────────


def test_run_leaves_standard_output_to_the_command(store: Path, shell: dict[str, str]) -> None:
    words = ("--param", "lr=0.5", "--param", "opt.name=adam", "--tag", "year=2025", "--commit")
    said = process(
        store, "git", "ml", "run", "--experiment", "wine", *words, "--", "sh", "-c", "echo out; echo err >&2", env=shell
    )
    assert (said.code, said.out) == (0, "out\n")
    assert said.err.startswith("err\n")
    assert "+ run/wine/" in said.err
    assert f"committed {git(store, 'rev-parse', 'HEAD')[:12]}\n" in said.err
    (row,) = fine(store, "list", "run", "params.lr = 0.5", "--format", "json").json["rows"]
    assert (row["params.opt.name"], row["tags.year"], row["status"]) == ("adam", "2025", "finished")


def test_run_as_json_leaves_standard_output_to_the_answer(store: Path, shell: dict[str, str]) -> None:
    said = process(
        store,
        "git",
        "ml",
        "run",
        "--experiment",
        "wine",
        "--format",
        "json",
        "--",
        "sh",
        "-c",
        "echo out; exit 3",
        env=shell,
    )
    assert said.code == 3
    assert said.err == "out\n"
    assert said.json.keys() == {"format", "commit", "changes", "problems", "ref", "exit_code", "warnings"}
    assert (said.json["exit_code"], said.json["commit"]) == (3, None)
    assert said.json["ref"] in {change["ref"] for change in said.json["changes"]}
    assert fine(store, "show", said.json["ref"], "--format", "json").json["data"]["status"] == "failed"


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 42", 42), ("kill -TERM $$", 143)])
def test_run_exits_as_its_command_did(store: Path, shell: dict[str, str], command: str, code: int) -> None:
    words = ("run", "--experiment", "wine", "--", "sh", "-c", command)
    assert process(store, "git-ml", *words, env=shell).code == code


def test_run_in_another_folder_and_with_files(store: Path, shell: dict[str, str], tmp_path: Path) -> None:
    write(store, {"work/in.csv": "a\n1\n"})
    flags = ("--experiment", "wine", "--input", "rows=in.csv", "--output", "sum=out.txt", "--format", "json")
    command = ("sh", "-c", "cat in.csv > out.txt; pwd")
    said = process(tmp_path, "git-ml", "-C", str(store / "work"), "run", *flags, "--", *command, env=shell)
    assert said.err.splitlines()[0] == str(store / "work")
    data = fine(store, "show", said.json["ref"], "--format", "json").json["data"]
    assert data["inputs"]["rows"]["path"] == "work/in.csv"
    assert data["outputs"]["sum"]["path"] == "work/out.txt"


def test_an_output_that_was_not_written_is_told(store: Path) -> None:
    said = ml(store, "run", "--experiment", "wine", "--output", "model=model.pkl", "--", "true")
    assert said.code == 0
    assert "git ml: warning: the output model was not recorded: " in said.err
