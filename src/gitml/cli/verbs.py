"""The verbs as data: what each is called, takes and shows as examples; parser, man page and completion come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FORMATS = ("table", "json", "csv", "md")
HIDDEN = "==SUPPRESS=="  # argparse's own word


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its flags (or the name of its place), what stands there, in a word, and what argparse is to know.

    `completes` names what a shell can offer: kind, ref, file, folder, revision, branch.
    """

    names: tuple[str, ...]
    metavar: str
    told: str
    completes: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_flag(self) -> bool:
        """Whether it is a flag, and not a place."""
        return self.names[0].startswith("-")


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb; the examples are whole commands, each of which must parse."""

    name: str
    told: str
    arguments: tuple[Argument, ...]
    examples: tuple[str, ...]
    more: str = ""


def _place(name: str, metavar: str, told: str, completes: str = "", **options: Any) -> Argument:
    return Argument((name,), metavar, told, completes, options)


def _option(names: str, metavar: str, told: str, completes: str = "", **options: Any) -> Argument:
    return Argument(tuple(names.split()), metavar, told, completes, options)


def _switch(names: str, told: str) -> Argument:
    return Argument(tuple(names.split()), "", told, options={"action": "store_true"})


def _choice(name: str, choices: tuple[str, ...], told: str, **options: Any) -> Argument:
    words = {"choices": choices, "default": choices[0], **options}
    return Argument((name,), "", f"{told} (default: {choices[0]})", options=words)


def _many(name: str, metavar: str, told: str, completes: str = "") -> Argument:
    return _option(name, metavar, f"{told}; may be repeated", completes, action="append", default=[])


def _past(flag: str, word: str, told: str) -> Argument:
    return Argument((flag,), "", told, options={"action": "append_const", "const": word, "dest": "over"})


def limit(text: str) -> int:
    """A number of rows; ValueError where it is none, so that argparse says so."""
    number = int(text)
    if number < 0:
        raise ValueError
    return number


FORMAT = _choice("--format", FORMATS, "what to print")
COLOR = _choice("--color", ("auto", "always", "never"), "when to use colours; auto: on a terminal")
FOLDER = _option("-C", "DIR", "run as if started in DIR", "folder", dest="folder")
AT = _option("--at", "X", "as of a commit, tag, branch, date (the end of that day, UTC), staged, worktree", "revision")
SHOWS = (AT, FORMAT, COLOR)
WRITES = (
    _switch("--commit", "commit what was written; without it gitml writes files, as DVC does"),
    _option("-m", "TEXT", "the commit's message", dest="message"),
    _option("--branch", "B", "commit to branch B, checked out or not", "branch"),
    FORMAT,
    COLOR,
)
REF = _place("ref", "REF", "a record: model/wine@3, run/wine/01JD…, v1.0:model/wine@3", "ref")
REASON = _option("--reason", "TEXT", "why; it stays in the record")

_FIELDS = (
    "A value is YAML flow: 3 is a number, '\"3\"' text, '[a, b]' a list, '{a: 1}' a mapping, an empty one null. "
    "What begins with none of [ { \" ' is one plain scalar, whatever it holds. "
    "Dots in a field's name lead into mappings; a name that holds a dot stands in backticks."
)
_COMPARISONS = (
    "A filter has = != < <= > >= in, not in, like, ilike, is null, is not null, and, or, not and parentheses. "
    "A field that is missing makes a comparison false; text and numbers differ: params.year = '2025' is text."
)
_HISTORY = (
    " Over history there is one row for each text that a record has had, with the first commit that has it: its id, "
    "its time, and the refs that point to it. The flags may be given together, and commit, time and refs are fields "
    "like others."
)
_LINEAGE = (
    "Nobody draws an edge: they come from refs, pointers, dvc.lock, and what runs read and wrote. What counts is the "
    "hash that the consumer recorded: where the producer gives another one now the edge is stale, and both are shown, "
    "with the commit that gave the old one last. Circles are told of and never followed round."
)
_COMMAND = (
    "Everything after -- is the command. It exits as its command did, and leaves standard output to it: what was "
    "recorded is told on standard error (with --format json it is the other way round)."
)

INIT = Verb(
    "init",
    "make a store here: store.yaml, schemas, .gitattributes",
    (_switch("--hooks", "let git validate what is committed and pushed"), *WRITES),
    ("git ml init", "git ml init --hooks --commit -m 'a store for our models'"),
    "In an existing repository too. What is there already is left as it is; a second time changes nothing.",
)
NEW = Verb(
    "new",
    "write a new record",
    (
        _place("kind", "KIND", "what it is about: dataset, metric, decision, …", "kind"),
        _place("name", "NAME", "its name; a version's is NAME@VERSION, an event's id may be left out", nargs="?"),
        _place("fields", "field=value", "what it says", nargs="*"),
        _option("--from", "PATH", "a dataset's data: DVC tracks it, version 1 describes it", "file", dest="source"),
        *WRITES,
    ),
    (
        "git ml new metric auc direction=higher tolerance.absolute=0.005",
        "git ml new dataset wine --from data/wine.csv 'owners=[\"@cellar-data\"]' --commit",
        "git ml new decision one-model 'description=why there is one model for all growers'",
    ),
    _FIELDS,
)
SET = Verb(
    "set",
    "change fields of a record, and nothing else in its file",
    (
        REF,
        _place("fields", "field=value", "what it shall say", nargs="*"),
        _many("--unset", "FIELD", "remove a field"),
        *WRITES,
    ),
    (
        "git ml set model/wine 'owners=[\"@cellar-ml\"]'",
        "git ml set metric/auc tolerance.absolute=0.01 --unset description --commit -m 'auc: looser'",
    ),
    _FIELDS,
)
SHOW = Verb(
    "show",
    "print a record",
    (REF, *SHOWS),
    (
        "git ml show model/wine@3",
        "git ml show v1.0:model/wine@3 --format json",
        "git ml show dataset/wine@1 --at 2026-03-01",
    ),
)
GET = Verb(
    "get",
    "fetch the bytes that a record points to, and check their digest",
    (
        REF,
        _option("-o --output", "DIR", "put a copy into DIR; without it their place is printed", "folder", dest="into"),
        *SHOWS,
    ),
    ("git ml get dataset/wine@1", "git ml get model/wine@3 -o wine-3"),
)
PREVIEW = Verb(
    "preview",
    "print the first rows of the data that a record points to",
    (REF, _option("--limit", "N", "at most N rows (default: 10)", type=limit, default=10), *SHOWS),
    ("git ml preview dataset/wine@1", "git ml preview dvc-output/data%2Fwine.csv --limit 3 --format csv"),
    "CSV, TSV, JSON lines, JSON, Parquet and text; of a folder its files. Columns that are classified as personal, or "
    "look personal, are masked.",
)
RM = Verb(
    "rm",
    "remove a record",
    (REF, *WRITES),
    ("git ml rm note/old", "git ml rm metric/rmse --commit -m 'rmse is not used'"),
)
LIST = Verb(
    "list",
    "list records as a table",
    (
        _place("kind", "KIND", "what to list; without it, how many records of each kind there are", "kind", nargs="?"),
        _place("filter", "FILTER", "which: 'metrics.auc > 0.9 and params.lr < 1e-2'", nargs="?"),
        _option("--sort", "FIELD", "by a field; by -FIELD the highest first; several with commas", action="append"),
        _option("--limit", "N", "at most N rows", type=limit),
        _option("--columns", "FIELDS", "these fields, with commas; metrics is all in it", action="append"),
        _choice("--dialect", ("gitml", "mlflow"), "whose filter language it is"),
        _past("--all-commits", "commits", "over all commits of branches, tags, remotes and HEAD; with --at X up to X"),
        _past("--all-branches", "branches", "over the tips of local branches"),
        _past("--all-tags", "tags", "over the commits that have a tag"),
        _past("--experiments", "experiments", "over the commits of DVC's experiments"),
        *SHOWS,
    ),
    (
        "git ml list",
        "git ml list run 'metrics.auc > 0.9 and params.lr < 1e-2' --sort -metrics.auc --limit 20",
        "git ml list run \"metrics.auc > 0.9 AND tags.team = 'cellar'\" --dialect mlflow --columns params,metrics",
        "git ml list model-version --at v1.0 --format csv",
        "git ml list run 'metrics.auc > 0.8' --all-commits --sort -time",
    ),
    _COMPARISONS + _HISTORY,
)
COMPARE = Verb(
    "compare",
    "set records side by side, the first as the baseline",
    (
        _place("refs", "REF", "two or more records", "ref", nargs="+"),
        _switch("--all", "the fields that are the same, too"),
        *SHOWS,
    ),
    (
        "git ml compare model/wine@2 model/wine@3",
        "git ml compare v1.0:deployment/wine-prod deployment/wine-prod --all",
    ),
)
LINEAGE = Verb(
    "lineage",
    "show where a record comes from, and what depends on it",
    (
        _place("ref", "REF", "a record, or code/train.py; without it, the whole snapshot", "ref", nargs="?"),
        _switch("--up", "what it comes from; so it is without a flag, too"),
        _switch("--down", "what depends on it; with --up both"),
        _option("--depth", "N", "at most N steps from it", type=limit),
        _option("--to", "REF", "the shortest way between the two, whichever comes first", "ref"),
        _switch("--stale", "only where what it was made of has changed since"),
        _switch("--code", "the code paths and environments, too: code with its commit, as a link where there is one"),
        AT,
        _choice("--format", (*FORMATS, "mermaid", "dot", "svg"), "what to print; svg takes Graphviz"),
        COLOR,
    ),
    (
        "git ml lineage model/wine@3",
        "git ml lineage dataset/wine@1 --down --depth 3",
        "git ml lineage model/wine@3 --to dvc-output/data%2Fwine.csv --code",
        "git ml lineage --stale",
        "git ml lineage model/wine@3 --up --down --format mermaid",
    ),
    _LINEAGE,
)
WHY = Verb(
    "why",
    "say why two models, runs or commits differ: the first differences upstream, the nearest first",
    (
        _place("a", "A", "a record, or a commit, tag or branch", "ref"),
        _place("b", "B", "another", "ref"),
        *SHOWS,
    ),
    ("git ml why model/wine@2 model/wine@3", "git ml why v1.0:dvc-stage/train dvc-stage/train", "git ml why v1.0 HEAD"),
    "Data is compared by its hash, and followed upstream as long as it differs: from model to run, stage and raw data. "
    "Beside it stand parameters, code and environment, each with both values.",
)
VALIDATE = Verb(
    "validate",
    "say what is wrong; exit 1 where there is an error",
    (
        _place("paths", "PATH", "files or folders; without any, everything", "file", nargs="*"),
        _switch("--staged", "what the next commit would change, and what refers to it"),
        _switch("--fix", "first rewrite records in canonical form, comments kept"),
        _switch("-q --quiet", "say nothing where nothing is wrong"),
        # For the pre-push hook alone: what git says to it is read from standard input.
        _switch("--pushed", HIDDEN),
        *SHOWS,
    ),
    ("git ml validate", "git ml validate --staged", "git ml validate metadata/models --fix"),
)
RUN = Verb(
    "run",
    "run a command and record it: parameters, inputs, outputs, code, environment, how it ended",
    (
        _option("--experiment", "E", "the experiment that it belongs to", required=True),
        _many("--param", "NAME=VALUE", "a parameter"),
        _many("--tag", "NAME=TEXT", "a tag"),
        _many("--input", "NAME=REF|PATH", "what it reads", "file"),
        _many("--output", "NAME=PATH", "what it writes", "file"),
        *WRITES,
    ),
    (
        "git ml run --experiment wine -- python train.py",
        "git ml run --experiment wine --param lr=0.01 --input train=dataset/wine@2 --output model=wine.pkl -- ./train",
    ),
    _COMMAND,
)
REGISTER = Verb(
    "register",
    "make the next version of a model, or of dataset/NAME, feature-set/NAME",
    (
        _place("name", "NAME", "the model; or dataset/NAME, feature-set/NAME", "ref"),
        _option("--run", "REF", "the run that made it", "ref"),
        _option("--path", "FILE", "its bytes; DVC tracks them", "file"),
        _many("--set", "field=value", "what the version says"),
        *WRITES,
    ),
    ("git ml register wine --run run/wine/01JD7K0000000000000000000A --path models/wine.pkl --commit",),
    _FIELDS,
)
BUMP = Verb(
    "bump",
    "make the next version of data that have changed",
    (
        _place("name", "REF", "dataset/NAME, or feature-set/NAME", "ref"),
        REASON,
        _many("--set", "field=value", "what the version says"),
        *WRITES,
    ),
    ("git ml bump dataset/wine --reason 'harvest of 2026 added'", "git ml bump dataset/wine --reason cleaned --commit"),
    "The version says what is new against the last one: rows, columns added and removed, types. Who refers to the last "
    "one is told. Where nothing has changed nothing is written.",
)
PROMOTE = Verb(
    "promote",
    "let an alias choose a version",
    (REF, _place("alias", "ALIAS", "the slot: production, staging, …"), REASON, *WRITES),
    ("git ml promote model/wine@3 production --reason 'beats version 2 by 0.011 auc on the holdout' --commit",),
)
RETIRE = Verb(
    "retire",
    "take a version out of use: it stays, and says why",
    (REF, REASON, _choice("--as", ("retired", "deprecated", "rejected"), "the status", dest="status"), *WRITES),
    ("git ml retire model/wine@2 --reason 'trained on mislabelled data' --as rejected",),
)
STATUS = Verb(
    "status",
    "say how the store is, and with --data where its data are",
    (
        _switch("--data", "of each pointer: is it in the work tree, in DVC's cache, in its remote"),
        _switch("--ever-live", "also the data of every version that an alias ever chose"),
        *SHOWS,
    ),
    ("git ml status", "git ml status --data", "git ml status --data --ever-live --format json"),
    "With --data the remotes themselves are asked, not DVC's index of them. It exits 1 where committed data cannot be "
    "had from a remote, so that a pull request whose data nobody has pushed is stopped.",
)
VERSION = Verb("version", "print the version", (FORMAT, COLOR), ("git ml version",))

VERBS = {
    verb.name: verb
    for verb in (
        *(INIT, NEW, SET, SHOW, GET, PREVIEW, RM, LIST, COMPARE, LINEAGE, WHY, VALIDATE),
        *(RUN, REGISTER, BUMP, PROMOTE, RETIRE, STATUS, VERSION),
    )
}
