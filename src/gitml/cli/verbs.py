"""The verbs as data: what each is called, takes and shows as examples; parser, man page and completion come of it."""

from __future__ import annotations

from gitml.cli.exchange_verbs import EXPORT, IMPORT
from gitml.cli.health_verbs import HEALTH
from gitml.cli.run_verbs import CURVES, EVENTS, LEADERBOARD, REPRODUCE, SYNC
from gitml.cli.words import (
    AT,
    COLOR,
    FORMATS,
    HIDDEN,
    REASON,
    REF,
    SHOWS,
    WRITES,
    Verb,
    choice,
    limit,
    many,
    option,
    past,
    place,
    switch,
    version,
)

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
    (
        switch("--hooks", "let git validate what is committed and pushed"),
        option("--events", "BRANCH", "let events flow on a branch of their own: gitml/events", "branch"),
        *WRITES,
    ),
    ("git ml init", "git ml init --hooks --commit -m 'a store for our models'", "git ml init --events gitml/events"),
    "In an existing repository too. What is there already is left as it is; a second time changes nothing.",
)
NEW = Verb(
    "new",
    "write a new record",
    (
        place("kind", "KIND", "what it is about: dataset, metric, decision, …", "kind"),
        place("name", "NAME", "its name; a version's is NAME@VERSION, an event's id may be left out", nargs="?"),
        place("fields", "field=value", "what it says", nargs="*"),
        option("--from", "PATH", "a dataset's data: DVC tracks it, version 1 describes it", "file", dest="source"),
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
        place("fields", "field=value", "what it shall say", nargs="*"),
        many("--unset", "FIELD", "remove a field"),
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
        option("-o --output", "DIR", "put a copy into DIR; without it their place is printed", "folder", dest="into"),
        *SHOWS,
    ),
    ("git ml get dataset/wine@1", "git ml get model/wine@3 -o wine-3"),
)
PREVIEW = Verb(
    "preview",
    "print the first rows of the data that a record points to",
    (REF, option("--limit", "N", "at most N rows (default: 10)", type=limit, default=10), *SHOWS),
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
        place("kind", "KIND", "what to list; without it, how many records of each kind there are", "kind", nargs="?"),
        place("filter", "FILTER", "which: 'metrics.auc > 0.9 and params.lr < 1e-2'", nargs="?"),
        option("--sort", "FIELD", "by a field; by -FIELD the highest first; several with commas", action="append"),
        option("--limit", "N", "at most N rows", type=limit),
        option("--columns", "FIELDS", "these fields, with commas; metrics is all in it", action="append"),
        choice("--dialect", ("gitml", "mlflow"), "whose filter language it is"),
        past("--all-commits", "commits", "over all commits of branches, tags, remotes and HEAD; with --at X up to X"),
        past("--all-branches", "branches", "over the tips of local branches"),
        past("--all-tags", "tags", "over the commits that have a tag"),
        past("--experiments", "experiments", "over the commits of DVC's experiments"),
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
        place("refs", "REF", "two or more records; with --curves one or more runs", "ref", nargs="+"),
        switch("--all", "the fields that are the same, too"),
        *CURVES,
        *SHOWS,
    ),
    (
        "git ml compare model/wine@2 model/wine@3",
        "git ml compare v1.0:deployment/wine-prod deployment/wine-prod --all",
        "git ml compare run/wine/01JD7K0000000000000000000A --curves validation.auc -o auc.png",
    ),
    "Below the fields stand the data by hash, column by column where versions are known, the commits and files of the "
    "code, the packages of the environment, and the duration: of the record itself or of the run that made it.",
)
DIFF = Verb(
    "diff",
    "say what changed between two snapshots, by meaning",
    (
        place("a", "A", "a commit, tag, branch, date, staged, worktree; or A..B, A...B", "revision", nargs="?"),
        place("b", "B", "another; without it the work tree, without A from HEAD", "revision", nargs="?"),
        switch("--exit-code", "exit 1 where something changed"),
        *SHOWS,
    ),
    ("git ml diff", "git ml diff v1.0", "git ml diff main HEAD --format md", "git ml diff 2026-03-01 2026-04-01"),
    "Records are matched by name, then by identity and content, so that a rename is one change; lists of records by "
    "their keys. What has only been formatted anew has not changed. With --format md it is a pull request's comment: "
    "its first line is always <!-- gitml -->, so that a bot finds the one that it wrote, and it is never too long.",
)
LOG = Verb(
    "log",
    "say what happened to a record, or to all: who changed what, when, from what to what; the newest first",
    (
        place("ref", "REF", "a record, or what was one once; without it, all", "ref", nargs="?"),
        option("--field", "FIELD", "the changes of this field, or of all fields in it"),
        option("--since", "DATE", "from a day (UTC) or time on"),
        option("--author", "TEXT", "by whom the text is in the name or address"),
        option("--limit", "N", "the newest N events", type=limit),
        *SHOWS,
    ),
    (
        "git ml log",
        "git ml log alias/model/wine/production",
        "git ml log model/wine@3 --field metrics",
        "git ml log --since 2026-03-01 --author ines --format md",
    ),
    "Renames are followed. A change stands with the commit that made it, not with the merge that brought it in; what a "
    "merge did itself stands with the merge. --at X is the history that leads to X.",
)
BLAME = Verb(
    "blame",
    "say of each field of a record which commit gave it its value",
    (REF, *SHOWS),
    ("git ml blame model/wine", "git ml blame alias/model/wine/production --at v1.0"),
    "Lists of records go by their keys, not by lines; renames are followed. What is not committed has no commit.",
)
LIVE = Verb(
    "live",
    "say what each alias chooses and each deployment serves, or did on a day: approvals, data, wish and rollout",
    (
        option("--on", "DATE", "what was true at the end of that day (UTC) or at a time, by what is known today"),
        switch("--remote", "ask DVC's remotes, too, whether the data's bytes exist"),
        *SHOWS,
    ),
    ("git ml live", "git ml live --on 2026-03-01", "git ml live --at v1.0 --format json"),
    "--at is what the store said then, --on what was true then: an alias holds from its since, a rollout from its "
    "created, whenever they were committed.",
)
LINEAGE = Verb(
    "lineage",
    "show where a record comes from, and what depends on it",
    (
        place("ref", "REF", "a record, or code/train.py; without it, the whole snapshot", "ref", nargs="?"),
        switch("--up", "what it comes from; so it is without a flag, too"),
        switch("--down", "what depends on it; with --up both"),
        option("--depth", "N", "at most N steps from it", type=limit),
        option("--to", "REF", "the shortest way between the two, whichever comes first", "ref"),
        switch("--stale", "only where what it was made of has changed since"),
        switch("--code", "the code paths and environments, too: code with its commit, as a link where there is one"),
        AT,
        choice("--format", (*FORMATS, "mermaid", "dot", "svg"), "what to print; svg takes Graphviz"),
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
        place("a", "A", "a record, or a commit, tag or branch", "ref"),
        place("b", "B", "another", "ref"),
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
        place("paths", "PATH", "files or folders; without any, everything", "file", nargs="*"),
        switch("--staged", "what the next commit would change, and what refers to it"),
        option("--range", "A..B", "what is wrong at B that was not yet wrong where it and A parted", "revision"),
        option("--merge", "A B", "what would be wrong once B is merged into A by git alone", "revision", nargs=2),
        switch("--fix", "first rewrite records in canonical form, comments kept"),
        switch("-q --quiet", "say nothing where nothing is wrong"),
        # For the pre-push hook alone: what git says to it is read from standard input.
        switch("--pushed", HIDDEN),
        *SHOWS,
    ),
    (
        "git ml validate",
        "git ml validate --staged",
        "git ml validate metadata/models --fix",
        "git ml validate --range main..HEAD",
        "git ml validate --merge main HEAD",
    ),
    "With --range, and with --merge, a promotion that makes a metric worse beyond its tolerance is an error; elsewhere "
    "it is a warning. With --merge no merge driver runs, as none does on the hosting site, and the merged store is "
    "checked as a whole; a problem that one side has already names its commit.",
)
RUN = Verb(
    "run",
    "run a command and record it: parameters, inputs, outputs, code, environment, how it ended",
    (
        option("--experiment", "E", "the experiment that it belongs to", required=True),
        many("--param", "NAME=VALUE", "a parameter"),
        many("--tag", "NAME=TEXT", "a tag"),
        many("--input", "NAME=REF|PATH", "what it reads", "file"),
        many("--output", "NAME=PATH", "what it writes", "file"),
        option(
            "--spool", "DIR", "write nothing but there, for git ml sync to gather; no repository is needed", "folder"
        ),
        *WRITES,
    ),
    (
        "git ml run --experiment wine -- python train.py",
        "git ml run --experiment wine --spool /shared/spool -- python train.py",
        "git ml run --experiment wine --param lr=0.01 --input train=dataset/wine@2 --output model=wine.pkl -- ./train",
    ),
    _COMMAND,
)
REGISTER = Verb(
    "register",
    "make the next version of a model, or of dataset/NAME, feature-set/NAME",
    (
        place("name", "NAME", "the model; or dataset/NAME, feature-set/NAME", "ref"),
        option("--run", "REF", "the run that made it", "ref"),
        option("--path", "FILE", "its bytes; DVC tracks them", "file"),
        many("--set", "field=value", "what the version says"),
        *WRITES,
    ),
    ("git ml register wine --run run/wine/01JD7K0000000000000000000A --path models/wine.pkl --commit",),
    _FIELDS,
)
BUMP = Verb(
    "bump",
    "make the next version of data that have changed",
    (
        place("name", "REF", "dataset/NAME, or feature-set/NAME", "ref"),
        REASON,
        many("--set", "field=value", "what the version says"),
        *WRITES,
    ),
    ("git ml bump dataset/wine --reason 'harvest of 2026 added'", "git ml bump dataset/wine --reason cleaned --commit"),
    "The version says what is new against the last one: rows, columns added and removed, types. Who refers to the last "
    "one is told. Where nothing has changed nothing is written.",
)
PROMOTE = Verb(
    "promote",
    "let an alias choose a version",
    (REF, place("alias", "ALIAS", "the slot: production, staging, …"), REASON, *WRITES),
    ("git ml promote model/wine@3 production --reason 'beats version 2 by 0.011 auc on the holdout' --commit",),
)
RETIRE = Verb(
    "retire",
    "take a version out of use: it stays, and says why",
    (REF, REASON, choice("--as", ("retired", "deprecated", "rejected"), "the status", dest="status"), *WRITES),
    ("git ml retire model/wine@2 --reason 'trained on mislabelled data' --as rejected",),
)
RENUMBER = Verb(
    "renumber",
    "of two versions with one number, move the later and every ref to it",
    (
        place("ref", "REF", "the version that is there twice: model/wine@3", "ref"),
        option("--to", "N", "the new number; without it, one more than the highest", type=version),
        *WRITES,
    ),
    ("git ml renumber model/wine@3", "git ml renumber dataset/wine@4 --to 6"),
    "The later one is that which is not on main, else the one created later. In the middle of a merge that both sides "
    "added the version in, it settles the conflict and stages what it wrote.",
)
REVERT = Verb(
    "revert",
    "undo: a record as of a revision, or what a commit or a range did",
    (
        place("what", "WHAT", "a record (with --to), a commit, or a range A..B", "ref", nargs="?"),
        option("--to", "REV", "the record, or all of the kind, as of a commit, tag, branch or date", "revision"),
        option("--kind", "KIND", "records of this kind alone", "kind"),
        option("--field", "FIELD", "this field alone, and those inside of it"),
        switch("--data", "put DVC's pointers back too, and check the data out"),
        switch("--force", "let refs dangle and deployments follow, as warnings; let uncommitted changes go"),
        switch("--dry-run", "show what would change, as git ml diff does, and write nothing"),
        *WRITES,
    ),
    (
        "git ml revert alias/model/wine/production --to v1.0 --commit",
        "git ml revert HEAD --dry-run",
        "git ml revert deployment/wine-prod --to HEAD~3 --data",
        "git ml revert v1.0..HEAD --kind alias",
        "git ml revert --kind alias --to 2026-03-01",
        "git ml revert model/wine --to v1.0 --field owners",
    ),
    "It makes new changes and never rewrites history. What has been changed since in other fields stays; where the "
    "same field has been changed since, nothing is written and all the values are told. Code stays as it is: git "
    "revert undoes that. With --data the data are fetched first, and where they are nowhere, or the work tree's copy "
    "holds bytes that nobody else has, nothing at all is changed.",
)

VERBS = {
    verb.name: verb
    for verb in (
        *(INIT, NEW, SET, SHOW, GET, PREVIEW, RM, LIST, COMPARE, DIFF, LOG, BLAME, LIVE, LINEAGE, WHY),
        *(LEADERBOARD, VALIDATE),
        *(RUN, REPRODUCE, SYNC, EVENTS, REGISTER, BUMP, PROMOTE, RETIRE, IMPORT, EXPORT, RENUMBER, REVERT, *HEALTH),
    )
}
