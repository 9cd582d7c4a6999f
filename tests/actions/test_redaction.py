"""What looks like a secret is never written."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

import gitml
from gitml.actions.redaction import REDACTED, command_line, redacted
from gitml.actions.run import RunWarning
from gitml.checks.secrets import secret
from gitml.records.record import flatten, segments
from gitrepo import write

TOKEN = "ghp_" + "a1B2" * 9
KEY = "AKIA" + "ABCDEFGHIJKLMNOP"


def looks_secret(data: dict[str, Any]) -> bool:
    """What the check would say of a record."""
    return any(secret(segments(name)[-1], value) for name, value in flatten(data).items())


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"lr": 0.1, "max_tokens": 512}, {"lr": 0.1, "max_tokens": 512}),
        ({"password": "hunter2"}, {"password": REDACTED}),
        ({"db": {"api_key": "abc", "host": "h"}}, {"db": {"api_key": REDACTED, "host": "h"}}),
        ({"password": 1234}, {"password": REDACTED}),
        ({"use_secret": True, "password": None, "secret": ""}, {"use_secret": True, "password": None, "secret": ""}),
        ({"api_key": "$API_KEY"}, {"api_key": "$API_KEY"}),
        ({"api_key": ["a", {"b": "c"}]}, {"api_key": [REDACTED, {"b": REDACTED}]}),
        ({"password": {"value": "hunter2"}}, {"password": {"value": REDACTED}}),
        ({"note": f"use {TOKEN} here"}, {"note": REDACTED}),
        ({"list": ["fine", KEY]}, {"list": ["fine", REDACTED]}),
        ({TOKEN: 1}, {REDACTED: 1}),
        ({"url": "postgres://u:hunter2@db/x"}, {"url": REDACTED}),
        ({"md5": "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"}, {"md5": "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"}),
    ],
    ids=range(13),
)
def test_values_and_names(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    told: list[str] = []
    assert redacted(given, told.append) == wanted
    assert bool(told) == (given != wanted)
    assert not looks_secret(wanted)
    assert not any("hunter2" in one or TOKEN in one for one in told)


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (["python", "train.py", "--lr", "0.01"], "python train.py --lr 0.01"),
        (["python", "a b.py"], "python 'a b.py'"),
        (["train", "--password", "hunter2", "x"], f"train --password {REDACTED} x"),
        (["train", "--password=hunter2"], f"train --password={REDACTED}"),
        (["train", "--token", "hunter22"], f"train --token {REDACTED}"),
        (["train", "--api-key", "-hunter2", "--v"], f"train --api-key {REDACTED} --v"),
        (["env", "API_KEY=hunter2", "train"], f"env API_KEY={REDACTED} train"),
        (["train", TOKEN], f"train {REDACTED}"),
        (["train", "--db", "postgres://u:hunter2@db/x"], f"train --db {REDACTED}"),
        (["train", "--db=postgres://u:hunter2@db/x"], f"train --db={REDACTED}"),
        (["train", "--max-tokens", "512", "--tokenizer", "bpe"], "train --max-tokens 512 --tokenizer bpe"),
    ],
    ids=range(11),
)
def test_command_lines(argv: list[str], wanted: str) -> None:
    told: list[str] = []
    assert command_line(argv, told.append) == wanted
    assert bool(told) == (REDACTED in wanted)
    assert not looks_secret({"command": wanted})


def test_a_run_with_secrets_is_written_without_them(plain: Path) -> None:
    with (
        pytest.warns(RunWarning, match="looks like"),
        gitml.run("wine", params={"password": "hunter2", "lr": 0.1}, tags={"t": TOKEN}, note=f"see {KEY}") as run,
    ):
        run.log({"auc": 0.9, TOKEN: 0.5}, step=1)
    found = gitml.open().show(run.ref).data
    assert found["params"] == {"password": REDACTED, "lr": 0.1}
    assert found["metrics"] == {"auc": 0.9, REDACTED: 0.5}
    _nowhere(plain, "hunter2", TOKEN, KEY)
    assert gitml.open().validate().problems == ()


def test_nor_is_a_secret_in_the_text_of_an_exception_or_what_is_kept_aside(plain: Path) -> None:
    settings = plain / "metadata/store.yaml"
    settings.write_text(settings.read_text().replace("text: false", "text: true"))
    write(plain, {"metadata/runs": "a file stands here\n"})
    with (
        pytest.warns(RunWarning),
        pytest.raises(ValueError, match="bad"),
        gitml.run("wine", params={"password": "hunter2"}),
    ):
        raise ValueError(f"bad {TOKEN}")
    assert list((plain / ".git/gitml/unsaved").rglob("*.yaml"))
    _nowhere(plain, "hunter2", TOKEN)


def _nowhere(place: Path, *secrets: str) -> None:
    for one in secrets:
        found = subprocess.run(["grep", "-rl", one, "."], cwd=place, capture_output=True, check=False).stdout
        assert found == b""
