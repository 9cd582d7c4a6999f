"""The manual page, from the verbs: `git ml --help` is `man git-ml`. `python -m gitml.cli.manpage` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from gitml.cli.parser import MORE, TOLD, usage
from gitml.cli.verbs import VERBS
from gitml.cli.words import COLOR, FOLDER, HIDDEN, SHOWS, WRITES, Argument, Verb

_EXITS = (
    ("0", "fine, whatever a listing shows"),
    ("1", "`validate` found an error, or something is known to be wrong: one line on standard error says what to do"),
    ("2", "wrong flags, or a wrong verb"),
    ("3", "a bug of gitml; a file holds what is needed to report it"),
    ("130", "interrupted"),
)
_SHARED = (*SHOWS, *WRITES)
_RUN = "`run` exits as its command did."
_ENVIRONMENT = (
    ("NO_COLOR", "if set, there are no colours unless --color=always asks for them"),
    ("COLUMNS", "how wide the terminal is"),
    ("GITML_RANKS", "with `apart` each process of torchrun, srun or mpirun is a run of its own"),
    ("GITML_LAUNCH", "what to call a launch of torchrun on several nodes that has no --rdzv-id: the same on each node"),
    ("GITML_SPOOL", "where runs are journaled instead of being recorded, and what `sync` gathers"),
    ("GITML_RUN", "the journal of the run that a process is started in; `run` sets it for its command"),
    ("GITML_OPEN", "the journal of the run from whose block a process is started, as multiprocessing does"),
    ("GITML_COMMIT", "the full id of the commit that a run is of, where there is no repository"),
    ("GITML_REPOSITORY", "the address of its repository, likewise"),
    ("GITML_AUTHOR", "who runs it, likewise"),
    ("GITML_DEBUG", "if set, a bug of gitml shows its traceback"),
)
_FILES = (
    ("metadata/", "the records: metadata/models/wine/3.yaml is model/wine@3"),
    ("metadata/store.yaml", "the store's settings"),
    ("schemas/", "a schema for each kind; a new kind is a new file"),
    (".git/gitml/", "what can be built again: caches, drafts, reports of bugs; but not runs/"),
    (".git/gitml/runs/", "what runs have said whose records are in no commit yet"),
)


def manpage(version: str) -> str:
    """The manual page in man's own language, without a date: it changes when the verbs do."""
    return "".join(f"{line}\n" for line in _lines(version))


def _lines(version: str) -> Iterator[str]:
    yield r".\" Written from the verbs by `python -m gitml.cli.manpage`; a test holds the two equal."
    yield f'.TH GIT\\-ML 1 "" "gitml {_text(version)}" "gitml"'
    yield from (".nh", ".ad l")  # commands are not to be hyphenated or stretched
    yield from _section("NAME", [r"git\-ml \- a metadata store for machine learning, in Git"])
    yield from _section("SYNOPSIS", [r"\fBgit ml\fR [\-C DIR] [\-\-color WHEN] VERB \&..."])
    yield from _section("DESCRIPTION", [_text(TOLD), ".PP", _text(_why(MORE))])
    yield from _section("OPTIONS", _arguments((FOLDER, COLOR)))
    yield from _listed([(r"\fB\-\-print\-completion\fR bash|zsh|tcsh", "print a script that completes in that shell")])
    yield from _section("VERBS THAT SHOW", ["They take", *_arguments(SHOWS)])
    yield from _section("VERBS THAT WRITE", ["They take", *_arguments(WRITES)])
    yield ".SH VERBS"
    for verb in VERBS.values():
        yield from _verb(verb)
    yield from _section("EXIT STATUS", [*_listed((code, told) for code, told in _EXITS), ".PP", _text(_RUN)])
    yield from _section("ENVIRONMENT", _listed(_ENVIRONMENT))
    yield from _section("FILES", _listed(_FILES))
    yield from _section("SEE ALSO", [r"\fBgit\fR(1), \fBdvc\fR(1)"])


def _why(more: str) -> str:
    return more.partition("; ")[0] + "."


def _section(name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {name}"
    yield from lines


def _verb(verb: Verb) -> Iterator[str]:
    yield f'.SS "{_text(verb.name)}"'
    yield f"{_text(verb.told[0].upper() + verb.told[1:])}."
    yield from (".PP", f"{_text(usage(verb))}")
    if verb.more:
        yield from (".PP", _text(verb.more))
    yield from _arguments(each for each in verb.arguments if each not in _SHARED)
    yield from (".PP", "Examples:", ".PP", ".nf", ".RS 4")
    yield from (_text(example) for example in verb.examples)
    yield from (".RE", ".fi")


def _arguments(arguments: Iterable[Argument]) -> Iterator[str]:
    yield from _listed((_names(argument), argument.told) for argument in arguments if argument.told != HIDDEN)


def _names(argument: Argument) -> str:
    value = _italic(argument.metavar or "|".join(argument.options.get("choices", ())))
    return f"{', '.join(map(_bold, argument.names))} {value}".rstrip() if argument.is_flag else value


def _bold(text: str) -> str:
    return rf"\fB{_text(text)}\fR"


def _italic(text: str) -> str:
    return rf"\fI{_text(text)}\fR" if text else ""


def _listed(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, told in pairs:
        yield from (".TP", name if "\\f" in name else _bold(name), _text(told))


def _text(text: str) -> str:
    """A text as roff reads it back: no line begins a request, no hyphen becomes a dash, no quote curls."""
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    plain = plain.replace("…", r"\&...").replace("^", r"\(ha").replace("~", r"\(ti")
    return rf"\&{plain}" if plain.startswith(".") else plain


if __name__ == "__main__":
    from gitml import __version__

    sys.stdout.write(manpage(__version__))
