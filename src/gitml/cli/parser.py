"""The parser: what `verbs` says, for argparse; wrong words are told with the nearest right ones."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

from gitml.cli.usage import Usage
from gitml.cli.verbs import VERBS
from gitml.cli.words import COLOR, FOLDER, HIDDEN, Argument, Verb
from gitml.records.nearest import nearest

PROG = "git ml"
TOLD = "A Git-native metadata store for machine learning: records beside your code and data, in the same repository."
MORE = "git ml VERB -h tells more of each verb; the manual is git ml --help."
SHELLS = ("bash", "zsh", "tcsh")
_GLUE = "\0"
_WITH_VALUES = ("-C", "--color", "--print-completion")
_BEFORE = (*_WITH_VALUES, "--version", "-h", "--help")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """argparse's own, which asks the terminal for its width each time that an argument is added: 8 ms of imports."""

    def __init__(self, prog: str, width: int = 80) -> None:
        super().__init__(prog, width=width)


class Parser(argparse.ArgumentParser):
    """argparse, with errors as values, options and places in any order, and texts laid out only when asked for."""

    verbs: Mapping[str, Parser] = {}
    """The parser of each verb; of a verb's own parser, none."""

    _mixing = False

    def error(self, message: str) -> NoReturn:
        """What is wrong with the arguments, in argparse's words."""
        raise Usage(f"{self._told}{message}", hint=f"{self.prog} -h shows what it takes")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse's, but `list run --limit 5 FILTER` finds its FILTER behind the option, too."""
        if self.verbs or self._mixing or "--" in (args or ()):  # which the mixing loses
            return super().parse_known_args(args, namespace)
        self._mixing = True  # older Pythons come back here, once for options and once for places
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def _check_value(self, action: argparse.Action, value: Any, *_rest: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        choices = list(map(str, action.choices))
        if action.dest == "verb":
            raise Usage(f"{value!r} is no verb", near=nearest(str(value), VERBS), hint="git ml -h shows all verbs")
        place = f"{self._told}{'/'.join(action.option_strings)}".removesuffix(": ")
        told = f"{place} has no {value!r}"
        raise Usage(told, near=nearest(str(value), choices), hint=f"choose from {', '.join(choices)}")

    @property
    def _told(self) -> str:
        """The verb that an error is about."""
        return f"{self.prog.removeprefix(f'{PROG} ')}: " if self.prog != PROG else ""

    def actions(self) -> list[argparse.Action]:
        """Its arguments."""
        return list(self._actions)

    def flags(self) -> list[str]:
        """The flags that it knows."""
        return [flag for action in self._actions if action.help != HIDDEN for flag in action.option_strings]

    def format_help(self) -> str:
        """The help, usage and paragraphs wrapped."""
        import re
        import shutil
        import textwrap

        width = max(min(shutil.get_terminal_size().columns - 2, 100), 40)
        paragraphs = (self.description or "").split("\n\n")
        self.description = "\n\n".join(textwrap.fill(part, width) for part in paragraphs)
        # What stands in one pair of brackets stays together.
        words = re.sub(r"\[[^]]*\]", lambda found: found[0].replace(" ", _GLUE), self.usage or "")
        lines = textwrap.wrap(words, width - 7, subsequent_indent=" " * 7, break_on_hyphens=False)
        self.usage = "\n".join(lines).replace(_GLUE, " ")
        self.formatter_class = partial(_Formatter, width=width)
        return super().format_help()


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of a command line; raises Usage. What follows `--` of `run` is in `command`."""
    verb = _verb(argv)
    mine, command = _cut(argv) if verb == "run" else (list(argv), [])
    whole = parser([verb] if verb in VERBS else VERBS)
    args: argparse.Namespace
    args, extras = whole.parse_known_args(_joined(mine))
    if extras:
        raise _unknown(whole, args.verb, extras)
    if args.verb is None and not args.shell:
        raise Usage("which verb?", hint=f"git ml -h tells of each: {', '.join(VERBS)}")
    args.command = command
    return args


def parser(verbs: Iterable[str] = tuple(VERBS)) -> Parser:
    """The parser of some verbs: of one alone it is built in a moment."""
    whole = Parser(
        prog=PROG,
        usage=f"{PROG} [-C DIR] [--color WHEN] VERB …",
        description=TOLD,
        epilog=MORE,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    _add(whole, FOLDER)
    _add(whole, COLOR)
    whole.add_argument("--version", action="store_const", const="version", dest="verb", help="print the version")
    shells = "print a script that completes in %(choices)s"
    whole.add_argument("--print-completion", choices=SHELLS, dest="shell", metavar="SHELL", help=shells)
    # Not required for argparse: without a verb there is a better word to say.
    places = whole.add_subparsers(dest="verb", metavar="VERB", title="verbs", parser_class=Parser)
    whole.verbs = {name: _verb_parser(places, VERBS[name]) for name in verbs}
    return whole


def _verb_parser(places: Any, verb: Verb) -> Parser:
    examples = "\n".join(f"  {example}" for example in verb.examples)
    inner: Parser = places.add_parser(
        verb.name,
        prog=f"{PROG} {verb.name}",
        help=verb.told,
        description=f"{verb.told[0].upper()}{verb.told[1:]}." + (f"\n\n{verb.more}" if verb.more else ""),
        epilog=f"examples:\n{examples}",
        usage=usage(verb),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    for argument in verb.arguments:
        # A flag that may stand before the verb, too, keeps the value given there.
        _add(inner, argument, **({"default": argparse.SUPPRESS} if argument is COLOR else {}))
    return inner


def _add(place: Parser, argument: Argument, **more: Any) -> None:
    named = {"metavar": argument.metavar} if argument.metavar else {}
    told = argparse.SUPPRESS if argument.told == HIDDEN else argument.told.replace("%", "%%")
    place.add_argument(*argument.names, **{"help": told, **named, **argument.options, **more})


def usage(verb: Verb) -> str:
    """How a verb is written, in one line: `git ml rm REF [--commit] …`."""
    places = [_word(argument) for argument in verb.arguments if not argument.is_flag]
    flags = [_word(argument) for argument in verb.arguments if argument.is_flag and argument.told != HIDDEN]
    return " ".join([PROG, verb.name, *places, *flags, *(["-- COMMAND"] if verb.name == "run" else [])])


def _word(argument: Argument) -> str:
    name = argument.metavar or "|".join(argument.options.get("choices", ()))
    if argument.is_flag:
        flag = f"{argument.names[0]} {name}".rstrip()
        return flag if argument.options.get("required") else f"[{flag}]"
    return {"?": f"[{name}]", "*": f"[{name} …]", "+": f"{name} …"}.get(argument.options.get("nargs", ""), name)


def _verb(argv: Sequence[str]) -> str | None:
    words = iter(argv)
    for word in words:
        if not word.startswith("-"):
            return word
        if word.partition("=")[0] not in _BEFORE:  # else its value would pass for the verb
            raise _no_flag("", word, _BEFORE)
        if word in _WITH_VALUES:
            next(words, None)
    return None


def _cut(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    if "--" not in argv:
        return list(argv), []
    place = list(argv).index("--")
    return list(argv[:place]), list(argv[place + 1 :])


def _joined(argv: Sequence[str]) -> list[str]:
    """`--sort -metrics.auc` as one word: argparse would take the second for a flag."""
    words = iter(argv)
    return [
        f"{word}={value}" if word == "--sort" and (value := next(words, None)) is not None else word for word in words
    ]


def _unknown(whole: Parser, verb: str | None, extras: Sequence[str]) -> Usage:
    place = whole.verbs.get(verb or "", whole)
    word = extras[0]
    if word.startswith("-") and len(word) > 1:
        return _no_flag("" if place is whole else f"{verb}: ", word, place.flags())
    if verb == "run":
        return Usage(f"{word!r}: the command stands behind --", hint=f"git ml run --experiment E -- {' '.join(extras)}")
    return Usage(f"{word!r} is one word too many for {place.prog}", hint="put quotes around words that belong together")


def _no_flag(verb: str, word: str, flags: Iterable[str]) -> Usage:
    near = nearest(word.partition("=")[0], flags)
    return Usage(
        f"{verb}there is no flag {word}", near=near, hint=f"{PROG} {verb.replace(': ', ' ')}-h shows its flags"
    )
