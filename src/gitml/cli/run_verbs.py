"""The verbs about runs that were, as data (see verbs)."""

from __future__ import annotations

from gitml.cli.words import COLOR, FORMAT, SHOWS, WRITES, Verb, choice, limit, many, option, place, switch
from gitml.records.settings import LINE

CURVES = (
    option("--curves", "METRIC", "a metric of runs over its steps, drawn here"),
    option("-o --output", "FILE", "with --curves: a picture instead, FILE.png or FILE.svg", "file", dest="picture"),
    switch("--watch", "with --curves: draw again while a run goes on"),
)
LEADERBOARD = Verb(
    "leaderboard",
    "rank the runs of an experiment by a metric, the best first",
    (
        place("experiment", "EXPERIMENT", "the experiment"),
        place("filter", "FILTER", "which runs: 'params.lr < 1e-2'", nargs="?"),
        option(
            "--metric", "NAME", "the metric: validation.auc; without it the experiment's objective, or the only one"
        ),
        option("--by", "FIELD", "the best run of each value of a field: params.model"),
        option("--limit", "N", "at most N lines (default: 20)", type=limit),
        option("--columns", "FIELDS", "these fields beside, with commas", action="append"),
        option(
            "--diff", "A B", "how the board changed between two commits, tags, branches or dates", "revision", nargs=2
        ),
        switch("--gap", "each metric of training against the same metric of other splits"),
        option("--effects", "METRIC", "what each parameter does to a metric"),
        *SHOWS,
    ),
    (
        "git ml leaderboard wine --metric validation.auc",
        "git ml leaderboard wine 'params.lr < 1e-2' --metric validation.auc --by params.model --limit 5",
        "git ml leaderboard wine --metric validation.auc --diff v1.0 HEAD",
        "git ml leaderboard wine --metric validation.auc --gap",
        "git ml leaderboard wine --effects validation.auc --format csv",
    ),
    "Which way is better says the metric's record, or the objective of the experiment's. Equal values share a rank, "
    "NaN stands last without one. Runs that did not end well, are deleted, are another run again or lack the metric "
    "are left out, and counted; a filter that looks at status, deleted or reproduces decides of that itself. "
    "--effects: of numbers Spearman's rank correlation (rho) and the slope of least squares per unit, or per decade "
    "where the values span two or more; of other values the mean of each and Kelley's epsilon squared, the share "
    "of the variance between them. Parameters that change together share their effect.",
)
REPRODUCE = Verb(
    "reproduce",
    "run a run again, with its code, data and environment, and with --check say how the result compares",
    (
        place("ref", "RUN", "the run: run/wine/01JD…", "ref"),
        choice("--env", ("check", "uv"), "its environment: check what differs here, or rebuild it with uv"),
        switch("--keep", "keep the worktree that it ran in"),
        switch("--check", "compare metrics and outputs, record that too, and exit 1 where they differ"),
        many(
            "--tolerance", "NAME=AMOUNT", "how much a metric may differ, auc=0.01 or loss=2%; else what its record says"
        ),
        *WRITES,
    ),
    (
        "git ml reproduce run/wine/01JD7K0000000000000000000A",
        "git ml reproduce run/wine/01JD7K0000000000000000000A --check --tolerance validation.auc=0.01",
        "git ml reproduce run/wine/01JD7K0000000000000000000A --env uv --check --tolerance loss=2% --commit",
    ),
    "First it says what of the code, the script, the command, the data, the environment and the seed is there. The "
    "code is the recorded tree, what was not committed included; where it is gone, a commit with the same script "
    "(equivalent), else nothing runs. Data are checked out by the hashes that were read, from git, the work tree, "
    "DVC's cache or its remotes. It runs in a worktree of its own; your files, index and branches stay as they are. "
    "The result is a run of type reproduce, the comparison one of type verify: identical, within tolerance, different.",
)
SYNC = Verb(
    "sync",
    "record what ran elsewhere or crashed, and bring back what was lost before it was committed",
    (
        many("--spool", "DIR", "a folder that runs elsewhere have written to (default: GITML_SPOOL)", "folder"),
        switch("--no-push", "leave the events line, and what keeps the code of runs, here"),
        many("--forget", "RUN", "a run whose record was removed before it was committed: let go of it", "ref"),
        *WRITES,
    ),
    (
        "git ml sync",
        "git ml sync --spool /shared/spool --commit -m 'runs of the night'",
        "git ml sync --forget run/wine/01JD7K0000000000000000000A",
    ),
    "All that a run says is in its journal, below the Git directory, a second later, and stays there until its record "
    "stands in a commit; a spool is such a folder, for machines without a repository. A run whose process is gone "
    "without a word is recorded as crashed. A second sync changes nothing. Where there is a remote, the events line is "
    "pushed on top of what others have pushed there, and so are the refs that keep the code of runs, which go once "
    "main has it, and to DVC's default remote the series of its runs that DVC has; nothing else is.",
)
EVENTS = Verb(
    "events",
    "move events to a branch of their own, or back into the tree",
    (
        place("deed", "", "what to do", choices=("move",)),
        option("--to", "BRANCH", "the branch, or tree (default: gitml/events)", "branch", default=LINE),
        *WRITES[:2],
        FORMAT,
        COLOR,
    ),
    ("git ml events move --commit", "git ml events move --to tree --commit -m 'one person again'"),
    "Not a byte of a record changes. On the branch it is one commit, whatever is checked out; the tree's part, "
    "store.yaml and the files that come or go, is left to you, or committed with --commit. What records of the tree "
    "refer to stays in it as a copy.",
)
