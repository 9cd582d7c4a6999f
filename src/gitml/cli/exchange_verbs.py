"""The verbs between gitml and other tools, as data (see verbs): `import` and `export`."""

from __future__ import annotations

from gitml.cli.words import SHOWS, WRITES, Verb, option, place, switch

TOOLS = ("mlflow",)
"""The words of `interop.formats.FORMATS`, which a plain listing shall not import; a test compares the two."""
_TOOL = place("tool", "", "the other tool", choices=TOOLS)
_LOSSES = option("--losses", "FILE", "write what could not be carried over, and why, to a JSON file", "file")
IMPORT = Verb(
    "import",
    "take over what another tool has recorded",
    (
        _TOOL,
        place(
            "source", "SOURCE", "where it is: an mlruns folder, a SQLite file, the http:// address of a server", "file"
        ),
        _LOSSES,
        switch("--artifacts", "copy the files of runs too, where they are at hand"),
        *WRITES,
    ),
    (
        "git ml import mlflow mlruns --commit",
        "git ml import mlflow sqlite:///mlflow.db --losses losses.json",
        "git ml import mlflow http://localhost:5000 --branch experiments",
    ),
    "Runs keep their ids, times, users, metrics with every point, params, tags, inputs, and whether they are deleted; "
    "experiments, logged models, the registry with versions, stages and aliases come along. A folder that Git tracks, "
    "here or in another repository, is followed through its history: a run that was removed since is taken as it last "
    "stood. Done twice it changes nothing; what has changed in the source since is set. Nothing that looks like a "
    "secret is written. A file that cannot be read is a loss, told with its path and the reason, and not the end.",
)
EXPORT = Verb(
    "export",
    "give another tool what is recorded here",
    (_TOOL, place("target", "URI", "where to: a tracking URI of MLflow's"), _LOSSES, *SHOWS),
    (
        "git ml export mlflow sqlite:///mlflow.db",
        "git ml export mlflow http://localhost:5000 --at v1.0 --losses losses.json",
    ),
    "Experiments, runs with every point of their metrics, inputs, models, versions and aliases are written through "
    "MLflow's own client, which gives runs ids of its own: the tag gitml.ref says which is which, and what is there "
    "already is not written again. Needs pip install 'gitml[mlflow]'.",
)
