"""What can be typed: verbs, flags in any order, examples that parse, wrong words told with the right ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from command_line import ml
from gitml.cli import entry
from gitml.cli.parser import parse, parser, usage
from gitml.cli.usage import Usage
from gitml.cli.verbs import VERBS
from gitml.cli.words import FORMAT, SHOWS, WRITES

SHOWING = (
    "show", "get", "preview", "list", "compare", "diff", "log", "blame", "live", "lineage", "why",
    "leaderboard", "validate", "status", "export",
)  # fmt: skip
WRITING = (
    "init", "new", "set", "rm", "run", "reproduce", "sync", "register", "bump", "promote", "retire", "revert",
    "renumber", "import",
)  # fmt: skip
WORDS = (
    "init", "new", "set", "show", "get", "preview", "rm", "list", "compare", "diff", "log", "blame", "live", "lineage",
    "why", "leaderboard", "validate", "run", "reproduce", "sync", "events", "register", "bump", "promote", "retire",
    "import", "export", "revert", "renumber", "status", "doctor", "cache", "version",
)  # fmt: skip


def test_the_verbs_are_those_of_the_design() -> None:
    assert set(VERBS) == set(WORDS) == set(entry.DEEDS)
    assert {*SHOWING, *WRITING, "cache", "doctor", "events", "version"} == set(VERBS)


@pytest.mark.parametrize("verb", SHOWING)
def test_what_shows_takes_at_and_format(verb: str) -> None:
    # By their names: a drawing is one more format.
    assert {argument.names for argument in SHOWS} <= {argument.names for argument in VERBS[verb].arguments}


@pytest.mark.parametrize("verb", WRITING)
def test_what_writes_takes_commit_message_branch_and_format(verb: str) -> None:
    assert all(argument in VERBS[verb].arguments for argument in WRITES)
    assert FORMAT in VERBS[verb].arguments


@pytest.mark.parametrize("verb", VERBS)
def test_every_example_parses(verb: str) -> None:
    assert VERBS[verb].examples
    for example in VERBS[verb].examples:
        git, ml_word, *words = shlex.split(example)
        assert (git, ml_word) == ("git", "ml")
        assert parse(words).verb == verb
        assert len(example) <= 110


def test_help_names_every_verb_and_nothing_else(tmp_path: Path) -> None:
    said = ml(tmp_path, "--help")
    assert (said.code, said.err) == (0, "")
    assert re.findall(r"^    ([a-z]+)  ", said.out, re.MULTILINE) == list(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_has_its_examples(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    said = ml(tmp_path, verb, "-h")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"usage: git ml {verb}")
    assert all(f"  {example}\n" in said.out for example in VERBS[verb].examples)
    told = said.out.partition("examples:")[0]
    assert max(map(len, told.splitlines())) <= 90
    assert "SUPPRESS" not in told
    assert "--pushed" not in told


def test_usage_says_what_may_be_left_out() -> None:
    assert usage(VERBS["rm"]).startswith("git ml rm REF [--commit] [-m TEXT] [--branch B]")
    assert usage(VERBS["list"]).startswith("git ml list [KIND] [FILTER] [--sort FIELD]")
    assert usage(VERBS["run"]).startswith("git ml run --experiment E [--param NAME=VALUE]")
    assert usage(VERBS["run"]).endswith("-- COMMAND")


@pytest.mark.parametrize(
    "words",
    [
        "list run 'a > 1' --sort -metrics.auc --limit 5",
        "list run --sort -metrics.auc 'a > 1' --limit 5",
        "list --limit 5 run --sort=-metrics.auc 'a > 1'",
        "--color never list --limit 5 --sort -metrics.auc run 'a > 1'",
    ],
)
def test_options_and_places_stand_in_any_order(words: str) -> None:
    args = parse(shlex.split(words))
    assert (args.kind, args.filter, args.sort, args.limit) == ("run", "a > 1", ["-metrics.auc"], 5)
    assert args.color == ("never" if words.startswith("--color") else "auto")


def test_places_that_repeat_may_be_parted_by_flags() -> None:
    assert parse(["validate", "a", "--fix", "b"]).paths == ["a", "b"]
    assert parse(["set", "a/b", "x=1", "--commit", "y=2", "-m", "why"]).fields == ["x=1", "y=2"]
    assert parse(["compare", "a/b", "--all", "c/d"]).refs == ["a/b", "c/d"]
    assert parse(["new", "metric", "--commit", "auc", "a=-1"]).fields == ["a=-1"]


def test_a_color_given_before_the_verb_holds_and_one_after_it_wins() -> None:
    assert parse(["--color", "always", "list"]).color == "always"
    assert parse(["--color", "always", "list", "--color", "never"]).color == "never"


def test_the_command_of_run_is_left_alone() -> None:
    args = parse(["-C", "x", "run", "--experiment", "e", "--param", "lr=-1", "--", "python", "-h", "--", "--commit"])
    assert args.command == ["python", "-h", "--", "--commit"]
    assert (args.folder, args.experiment, args.param, args.commit) == ("x", "e", ["lr=-1"], False)


def test_a_word_behind_two_dashes_is_a_place() -> None:
    assert parse(["validate", "--", "-odd.yaml"]).paths == ["-odd.yaml"]


def test_lists_are_not_shared_between_command_lines() -> None:
    assert parse(["set", "a/b", "--unset", "x"]).unset == ["x"]
    assert parse(["set", "a/b", "c=1"]).unset == []


@pytest.mark.parametrize("words", entry.PLAIN, ids=" ".join)
def test_what_is_said_most_often_is_understood_without_the_parser(words: tuple[str, ...]) -> None:
    assert vars(entry._arguments(words)) == vars(parse(words))


@pytest.mark.parametrize(
    ("words", "told", "near"),
    [
        ("lst", "'lst' is no verb", "list"),
        ("serve model/wine@1", "'serve' is no verb", None),
        ("list run --sorted a", "list: there is no flag --sorted", "--sort"),
        ("list run --form=json", "list: there is no flag --form=json", "--format"),
        ("--colour never list", "there is no flag --colour", "--color"),
        ("list --format jsn", "list: --format has no 'jsn'", "json"),
        ("list --limit many", "list: argument --limit: 'many' is no whole number from 0 on", None),
        ("list --limit -1", "list: argument --limit: '-1' is no whole number from 0 on", None),
        ("renumber model/wine@3 --to x", "renumber: argument --to: 'x' is no whole number from 1 on", None),
        ("list run a b", "'b' is one word too many for git ml list", None),
        ("show", "show: the following arguments are required: REF", None),
        ("show a/b --at", "show: argument --at: expected one argument", None),
        ("run python train.py", "run: the following arguments are required: --experiment", None),
        ("run --experiment e python train.py", "'python': the command stands behind --", None),
        ("retire a/b@1 --as gone", "retire: --as has no 'gone'", None),
        ("", "which verb?", None),
    ],
)
def test_wrong_words_are_told_with_the_nearest_right_ones(words: str, told: str, near: str | None) -> None:
    with pytest.raises(Usage) as raised:
        parse(shlex.split(words))
    assert raised.value.message == told
    assert raised.value.hint
    assert near is None or near in raised.value.near


def test_wrong_words_end_with_two(tmp_path: Path) -> None:
    said = ml(tmp_path, "lst")
    assert (said.code, said.out) == (2, "")
    assert said.err == "git ml: 'lst' is no verb (nearest: list, set); git ml -h shows all verbs\n"


@pytest.mark.parametrize("words", ["list --sorted --format json", "lst --format=json"])
def test_wrong_words_are_json_where_json_was_asked_for(words: str, tmp_path: Path) -> None:
    said = ml(tmp_path, *words.split())
    assert said.code == 2
    assert said.error["code"] == "usage"


def test_the_parser_of_one_verb_is_that_of_all() -> None:
    one, whole = parser(["list"]), parser()
    assert one.verbs["list"].format_help() == whole.verbs["list"].format_help()


def test_version_is_a_flag_as_well(tmp_path: Path) -> None:
    assert ml(tmp_path, "--version").out == ml(tmp_path, "version").out
