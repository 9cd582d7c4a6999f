"""The verbs as data: what each is called, takes and shows as examples; parser, help, man page and completion come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FORMATS = ("table", "json", "csv", "md")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its flags (or the name of its place), and what argparse is to know.

    `completes` names what stands there: a kind, a ref, a file, a folder.
    """

    names: tuple[str, ...]
    options: dict[str, Any]
    completes: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb; the examples are whole commands, each of which must parse."""

    name: str
    told: str
    arguments: tuple[Argument, ...]
    examples: tuple[str, ...]
    more: str = ""


def _arg(*names: str, completes: str = "", **options: Any) -> Argument:
    return Argument(names, options, completes)


def limit(text: str) -> int:
    """A number of rows; ValueError where it is none, so that argparse says so."""
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _many(*names: str, metavar: str, told: str, completes: str = "") -> Argument:
    return _arg(*names, action="append", default=[], metavar=metavar, help=told, completes=completes)


FORMAT = _arg("--format", choices=FORMATS, default="table", help="what to print: %(choices)s (default: table)")
COLOR = _arg("--color", choices=("auto", "always", "never"), help="colours: %(choices)s (default: auto, on a terminal)")
FOLDER = _arg("-C", dest="folder", metavar="DIR", help="run as if started in DIR", completes="folder")
AT = _arg(
    "--at",
    metavar="X",
    help="as of a commit, tag, branch or date (the end of that day, UTC), or `staged`, `worktree`",
    completes="revision",
)
SHOWS = (AT, FORMAT, COLOR)
WRITES = (
    _arg("--commit", action="store_true", help="commit what was written (without it: files alone, as DVC does)"),
    _arg("-m", dest="message", metavar="TEXT", help="the commit's message; goes with --commit or --branch"),
    _arg("--branch", metavar="B", help="commit to branch B, whether it is checked out or not", completes="branch"),
    FORMAT,
    COLOR,
)
REF = _arg("ref", metavar="REF", help="a record: model/wine@3, run/wine/01JD…, v1.0:model/wine@3", completes="ref")
REASON = _arg("--reason", metavar="TEXT", help="why; stays in the record")

_FIELDS = (
    "A value is YAML flow: 3 is a number, '\"3\"' text, '[a, b]' a list, '{a: 1}' a mapping, and an empty one null. "
    "What begins with none of [ { \" ' is one plain scalar, whatever it holds. "
    "Dots in a field's name lead into mappings; a name that holds a dot stands in backticks."
)

VERBS = (
    Verb(
        "init",
        "make a store here: store.yaml, schemas, .gitattributes",
        (_arg("--hooks", action="store_true", help="let git validate what is committed and pushed"), *WRITES),
        ("git ml init", "git ml init --hooks --commit -m 'a store for our models'"),
        "In an existing repository too; whatever is there already is left as it is, so it can be repeated.",
    ),
    Verb(
        "new",
        "write a new record",
        (
            _arg("kind", metavar="KIND", help="what the record is about: dataset, run, metric, …", completes="kind"),
            _arg("name", nargs="?", metavar="NAME", help="its name; of a version NAME@VERSION, of an event the id may be left out"),
            _arg("fields", nargs="*", metavar="field=value", help="what it says"),
            _arg("--from", dest="source", metavar="PATH", help="the data of a dataset: DVC tracks it, version 1 describes it",
                 completes="file"),
            *WRITES,
        ),
        (
            "git ml new metric auc direction=higher tolerance.absolute=0.005",
            "git ml new dataset wine --from data/wine.csv 'owners=[\"@cellar-data\"]' --commit",
            "git ml new decision one-model-per-grower 'description=why there is one model for each grower'",
        ),
        _FIELDS,
    ),
    Verb(
        "set",
        "change fields of a record, and nothing else in its file",
        (
            REF,
            _arg("fields", nargs="*", metavar="field=value", help="what it shall say"),
            _many("--unset", metavar="FIELD", told="remove a field; may be repeated"),
            *WRITES,
        ),
        (
            "git ml set model/wine 'owners=[\"@cellar-ml\"]'",
            "git ml set metric/auc tolerance.absolute=0.01 --unset description --commit -m 'auc: looser'",
        ),
        _FIELDS,
    ),
    Verb(
        "show",
        "print a record",
        (REF, *SHOWS),
        ("git ml show model/wine@3", "git ml show v1.0:model/wine@3 --format json", "git ml show dataset/wine@1 --at 2026-03-01"),
    ),
    Verb(
        "get",
        "fetch the bytes that a record points to, and check their digest",
        (
            REF,
            _arg("-o", "--output", dest="into", metavar="DIR", help="put a copy into DIR; without it their place is printed",
                 completes="folder"),
            *SHOWS,
        ),
        ("git ml get dataset/wine@1", "git ml get model/wine@3 -o /tmp/wine"),
    ),
    Verb("rm", "remove a record", (REF, *WRITES), ("git ml rm note/old", "git ml rm metric/rmse --commit -m 'rmse is not used'")),
    Verb(
        "list",
        "list records as a table: of all kinds how many, of one kind each",
        (
            _arg("kind", nargs="?", metavar="KIND", help="what to list; without it, how many records of each kind there are",
                 completes="kind"),
            _arg("filter", nargs="?", metavar="FILTER", help="only those for which it holds: 'metrics.auc > 0.9 and params.lr < 1e-2'"),
            _arg("--sort", action="append", metavar="FIELD", help="by a field, or -FIELD: the highest first; several with commas"),
            _arg("--limit", type=limit, metavar="N", help="at most N rows"),
            _arg("--columns", action="append", metavar="FIELDS", help="these fields only, with commas; `metrics` is all in it"),
            _arg("--dialect", choices=("gitml", "mlflow"), default="gitml", help="whose filter language it is: %(choices)s"),
            *SHOWS,
        ),
        (
            "git ml list",
            "git ml list run 'metrics.validation.auc > 0.9 and params.lr < 1e-2' --sort -metrics.validation.auc --limit 20",
            "git ml list run \"metrics.auc > 0.9 AND tags.team = 'cellar'\" --dialect mlflow --columns params,metrics",
            "git ml list model-version --at v1.0 --format csv",
        ),
        "Comparisons: = != < <= > >= in, not in, like, ilike, is null, is not null; and, or, not, parentheses.",
    ),
    Verb(
        "compare",
        "set records side by side, the first as the baseline",
        (
            _arg("refs", nargs="+", metavar="REF", help="two or more records", completes="ref"),
            _arg("--all", action="store_true", help="the fields that are the same, too"),
            *SHOWS,
        ),
        ("git ml compare model/wine@2 model/wine@3", "git ml compare v1.0:deployment/wine-prod deployment/wine-prod --all"),
    ),
    Verb(
        "validate",
        "say what is wrong; exit 1 where there is an error",
        (
            _arg("paths", nargs="*", metavar="PATH", help="files or folders; without any, everything", completes="file"),
            _arg("--staged", action="store_true", help="what the next commit would change, and what refers to it"),
            _arg("--fix", action="store_true", help="first rewrite records in canonical form, comments kept"),
            _arg("--pushed", action="store_true", help="==SUPPRESS=="),
            *SHOWS,
        ),
        ("git ml validate", "git ml validate --staged", "git ml validate metadata/models --fix"),
    ),
    Verb(
        "run",
        "run a command and record it: parameters, inputs, outputs, code, environment, how it ended",
        (
            _arg("--experiment", required=True, metavar="E", help="the experiment that it belongs to"),
            _many("--param", metavar="NAME=VALUE", told="a parameter; may be repeated"),
            _many("--tag", metavar="NAME=TEXT", told="a tag; may be repeated"),
            _many("--input", metavar="NAME=REF|PATH", told="what it reads; may be repeated", completes="file"),
            _many("--output", metavar="NAME=PATH", told="what it writes; may be repeated", completes="file"),
            *WRITES,
        ),
        (
            "git ml run --experiment wine --param lr=0.01 --input train=dataset/wine@2 --output model=models/wine.pkl"
            " -- python train.py --lr 0.01",
        ),
        "Everything after -- is the command. It exits as its command did, and leaves standard output to it: what was "
        "recorded is told on standard error (with --format json it is the other way round).",
    ),
    Verb(
        "register",
        "make the next version of a model, or of dataset/NAME, feature-set/NAME",
        (
            _arg("name", metavar="NAME", help="the model; or dataset/NAME, feature-set/NAME", completes="ref"),
            _arg("--run", metavar="REF", help="the run that made it", completes="ref"),
            _arg("--path", metavar="FILE", help="its bytes; DVC tracks them", completes="file"),
            _many("--set", metavar="field=value", told="what the version says; may be repeated"),
            *WRITES,
        ),
        ("git ml register wine --run run/wine/01JD7K0000000000000000000A --path models/wine.pkl --commit",),
        _FIELDS,
    ),
    Verb(
        "promote",
        "let an alias choose a version",
        (REF, _arg("alias", metavar="ALIAS", help="the slot: production, staging, …"), REASON, *WRITES),
        ("git ml promote model/wine@3 production --reason 'beats version 2 by 0.011 auc on the holdout' --commit",),
    ),
    Verb(
        "retire",
        "take a version out of use: it stays, and says why",
        (
            REF,
            REASON,
            _arg("--as", dest="status", choices=("retired", "deprecated", "rejected"), default="retired",
                 help="the status: %(choices)s (default: retired)"),
            *WRITES,
        ),
        ("git ml retire model/wine@2 --reason 'trained on mislabelled data' --as rejected",),
    ),
    Verb("version", "print the version", (FORMAT, COLOR), ("git ml version",)),
)  # fmt: skip

NAMES = tuple(verb.name for verb in VERBS)


def find(name: str) -> Verb:
    """A verb by its name."""
    return next(verb for verb in VERBS if verb.name == name)


Register = Callable[[Argument], None]
