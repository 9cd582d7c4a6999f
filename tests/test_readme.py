"""README cannot drift: its verbs, codes, kinds, commands and JSON words are those of the code."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from gitml.cli.parser import parse
from gitml.cli.verbs import VERBS
from gitml.records.schemas import Schemas
from gitml.repo.kinds import shipped

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
AREAS = (
    "yaml path schema canonical name ref pointer immutable lifecycle metric blob secret personal merge read base id "
    "revert write events"
)
CODE = re.compile(rf"({'|'.join(AREAS.split())})\.[a-z][a-z-]*")


def section(name: str) -> str:
    found = re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert found, f"README has no part marked {name}"
    return found[1]


def codes_in_source() -> set[str]:
    """Every text in the code that has the form of a problem's code; files and templates of the same form are none."""
    found: set[str] = {"read.dvc"}  # made from the reader's name
    for path in (ROOT / "src" / "gitml").rglob("*.py"):
        texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
        found |= {text for text in texts if isinstance(text, str) and CODE.fullmatch(text)}
    return {code for code in found if not code.endswith((".yaml", ".yml", ".json"))}


def test_every_code_stands_in_readme_and_no_other() -> None:
    told = set(re.findall(r"`([a-z]+\.[A-Za-z-]+)`", section("codes")))
    # Codes of JSON Schema's keywords are made from the keyword; README shows three of them.
    keywords = {"schema.type", "schema.required", "schema.additionalProperties"}
    assert told - keywords == codes_in_source() - keywords


def test_every_verb_stands_in_readme_and_no_other() -> None:
    told = re.findall(r"^\| `([a-z]+)[^|]*\|", README.partition("## The verbs")[2].partition("###")[0], re.MULTILINE)
    assert told == list(VERBS) or sorted(told) == sorted(VERBS)


def commands() -> list[str]:
    lines = [line.strip().removeprefix("$ ") for block in re.findall(r"```\n(.*?)```", README, re.DOTALL)
             for line in block.splitlines()]  # fmt: skip
    inline = re.findall(r"`(git ml [a-z][^`]*)`", README)
    return [re.sub(r"\s+#.*| && .*", "", line) for line in [*lines, *inline] if line.startswith("git ml ")]


@pytest.mark.parametrize("command", [line for line in commands() if not re.search(r"[A-Z]{2}|…", line)])
def test_every_command_can_be_typed(command: str) -> None:
    words = shlex.split(command)[2:]
    if words not in (["--help"], ["VERB"]):
        parse(words)


def test_every_shipped_kind_is_named() -> None:
    told = re.search(r"gitml ships:([^\n]*)", README)
    assert told
    assert re.findall(r"`([a-z-]+)`", told[1]) == list(Schemas(shipped(None)).names)


def test_the_two_commands_stand_on_the_first_screen() -> None:
    first = README.splitlines()[:12]
    assert any(line.startswith("make demo") for line in first)
    assert any(line.startswith("make test") for line in first)
