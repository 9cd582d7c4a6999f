"""The parser: what `verbs` says, for argparse; wrong words are told with the nearest right ones."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from gitml.cli.verbs import COLOR, FOLDER, NAMES, Argument, Verb, find
from gitml.errors import GitmlError
from gitml.records.nearest import nearest

PROG = "git ml"
TOLD = "A Git-native metadata store for machine learning: records beside your code and data, in the same repository."
MORE = "git ml VERB -h tells more of each verb; the manual is git ml --help."
SHELLS = ("bash", "zsh", "tcsh")
_WITH_VALUES = ("-C", "--color", "--print-completion")


class Usage(GitmlError):
    """Wrong flags or a wrong verb: exit 2."""

    code = "usage"


class Parser(argparse.ArgumentParser):
    """argparse, with its errors as values, options and places in any order, and texts laid out when they are asked for."""

    verbs: Mapping[str, Parser] = {}
    """The parser of each verb; of a verb's own parser, none."""

    def error(self, message: str) -> NoReturn:
        """What is wrong with the arguments, in argparse's words."""
        raise Usage(f"{message}", hint=f"{self.prog} -h shows what there is")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:  # type: ignore[override]
        """As argparse's, but `list run --limit 5 FILTER` finds its FILTER behind the option, too."""
        if self._subparsers is not None or getattr(self, "_mixing", False):
            return super().parse_known_args(args, namespace)
        self._mixing = True  # older Pythons come back here, once for options and once for places
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def _check_value(self, action: argparse.Action, value: Any, *_rest: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = list(map(str, action.choices))
            name = "verb" if action.dest == "verb" else "/".join(action.option_strings) or action.dest
            hint = f"{self.prog} -h shows the verbs" if name == "verb" else f"choose from {', '.join(choices)}"
            raise Usage(
                f"{value!r} is no {name}" if name == "verb" else f"{name}: {value!r} is none of its choices",
                hint=hint,
                near=nearest(str(value), choices),
            )

    def actions(self) -> list[argparse.Action]:
        """Its arguments."""
        return list(self._actions)

    def options(self) -> list[str]:
        """The flags that it knows."""
        return [flag for action in self._actions if action.help != argparse.SUPPRESS for flag in action.option_strings]

    def format_help(self) -> str:
        """The help, its paragraphs wrapped."""
        import shutil
        import textwrap

        width = max(min(shutil.get_terminal_size().columns - 2, 100), 40)
        paragraphs = (self.description or "").split("\n\n")
        self.description = "\n\n".join(textwrap.fill(part, width) for part in paragraphs)
        return super().format_help()


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of a command line; raises Usage. What follows `--` of `run` is in `command`."""
    verb = _verb(argv)
    mine, command = _cut(argv) if verb == "run" else (list(argv), [])
    whole = parser([verb] if verb in NAMES else NAMES)
    args, extras = whole.parse_known_args(_joined(mine))
    if extras:
        raise _unknown(whole, args, extras)
    if args.verb is None and not args.shell:
        raise Usage("which verb?", hint=f"git ml -h shows the verbs: {', '.join(NAMES)}")
    args.command = command
    return args


def parser(verbs: Iterable[str] = NAMES) -> Parser:
    """The parser of some verbs: of one alone it is built in a moment."""
    whole = Parser(
        prog=PROG,
        usage=f"{PROG} [-C DIR] [--color WHEN] VERB …",
        description=TOLD,
        epilog=MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add(whole, FOLDER)
    _add(whole, COLOR, default="auto")
    whole.add_argument("--version", action="store_const", const="version", dest="verb", help="print the version")
    whole.add_argument(
        "--print-completion",
        choices=SHELLS,
        dest="shell",
        metavar="SHELL",
        help="print a script that completes in %(choices)s",
    )
    # Not required for argparse: without a verb there is a better word to say.
    places = whole.add_subparsers(dest="verb", metavar="VERB", title="verbs", parser_class=Parser)
    whole.verbs = {name: _verb_parser(places, find(name)) for name in verbs}
    return whole


def _verb_parser(places: Any, verb: Verb) -> Parser:
    described = f"{verb.told[0].upper()}{verb.told[1:]}." + (f"\n\n{verb.more}" if verb.more else "")
    examples = "\n".join(f"  {example}" for example in verb.examples)
    inner: Parser = places.add_parser(
        verb.name, prog=f"{PROG} {verb.name}", help=verb.told, description=described, epilog=f"examples:\n{examples}",
        usage=usage(verb).replace("%", "%%"), formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    for argument in verb.arguments:
        # A flag that stands before the verb, too, keeps the value given there.
        _add(inner, argument, **({"default": argparse.SUPPRESS} if argument is COLOR else {}))
    return inner


def _add(place: Parser, argument: Argument, **more: Any) -> None:
    place.add_argument(*argument.names, **{**argument.options, **more})


def usage(verb: Verb) -> str:
    """How a verb is written, in one line: `git ml rm REF [--commit] …`."""
    places = [argument for argument in verb.arguments if not argument.names[0].startswith("-")]
    flags = [argument for argument in verb.arguments if argument not in places]
    words = [*map(_word, places), *(_word(flag) for flag in flags if flag.options.get("help") != argparse.SUPPRESS)]
    end = ["-- COMMAND"] if verb.name == "run" else []
    return " ".join([PROG, verb.name, *words, *end])


def _word(argument: Argument) -> str:
    options = argument.options
    name = options.get("metavar") or "|".join(options.get("choices") or ())
    if argument.names[0].startswith("-"):
        flag = argument.names[0] + ("" if options.get("action") == "store_true" else f" {name}")
        return flag if options.get("required") else f"[{flag}]"
    return {"?": f"[{name}]", "*": f"[{name} …]", "+": f"{name} …"}.get(options.get("nargs", ""), name)


def wants_json(argv: Sequence[str]) -> bool:
    """Whether errors are wanted as JSON, of a command line that cannot be parsed."""
    return "--format=json" in argv or ("--format", "json") in zip(argv, argv[1:], strict=False)


def _verb(argv: Sequence[str]) -> str | None:
    words = iter(argv)
    for word in words:
        if word in _WITH_VALUES:
            next(words, None)
        elif not word.startswith("-"):
            return word
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


def _unknown(whole: Parser, args: argparse.Namespace, extras: Sequence[str]) -> Usage:
    name = getattr(args, "verb", None)
    place = whole.verbs.get(name or "", whole)
    word = extras[0]
    if word.startswith("-") and len(word) > 1:
        near = nearest(word.partition("=")[0], place.options())
        return Usage(f"{place.prog} knows no {word}", near=near, hint=f"{place.prog} -h shows its flags")
    if name == "run":
        return Usage(f"{word!r}: the command stands behind --", hint=f"git ml run --experiment E -- {' '.join(extras)}")
    return Usage(f"{word!r} is one word too many for {place.prog}", hint="put quotes around words that belong together")
