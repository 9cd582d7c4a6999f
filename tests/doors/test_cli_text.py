"""What a person sees: golden files, each the words typed and all that was said."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from cellar import ID_2, RUN_A, RUN_B
from command_line import fine, ml
from gitml.render.problems import validation
from gitrepo import git, write
from golden import golden

SHOWN = {
    "list.txt": "list",
    "list-run.txt": "list run",
    "list-run-filtered.txt": "list run 'metrics.auc > 0.9' --sort -metrics.auc --columns params,metrics",
    "list-run.csv": "list run --format csv",
    "list-run.md": "list run --format md --columns params,metrics --limit 2",
    "list-nothing.txt": "list run 'metrics.auc > 2'",
    "list-at.txt": "list model-version --at v1",
    "show.txt": "show model/wine@2",
    "show-at.txt": "show v1:model/wine",
    "show.csv": "show alias/model/wine/production --format csv",
    "show.md": "show alias/model/wine/production --format md",
    "compare.txt": "compare model/wine@1 model/wine@2",
    "compare-all.txt": "compare model/wine@1 model/wine@2 --all",
    "compare.md": f"compare run/wine/{RUN_A} run/wine/{RUN_B} --format md",
    "compare.csv": "compare v1:model/wine model/wine --format csv",
    "validate.txt": "validate",
    "new.txt": "new metric loss direction=lower",
    "set.txt": "set metric/auc unit='\"1\"' --unset tolerance",
    "set-commit.txt": "set metric/auc direction=lower --commit",
    "set.csv": "set metric/auc direction=lower --format csv",
    "set-nothing.txt": "set metric/auc direction=higher",
    "rm.txt": "rm alias/model/wine/production",
    "promote.txt": "promote model/wine@1 production --reason 'the labels of March were wrong'",
    "retire.txt": "retire model/wine@1 --reason 'older than a month'",
    "colour.txt": "compare model/wine@1 model/wine@2 --color always",
}
WRONG = {
    "wrong-verb.txt": "shwo model/wine",
    "wrong-flag.txt": "list run --sorted metrics.auc",
    "wrong-ref.txt": "show model/wein",
    "wrong-kind.txt": "list runs",
    "wrong-filter.txt": "list run 'metrics.auc >> 0.9'",
    "wrong-field.txt": "list run 'metrics.acu > 0.9'",
    "wrong-value.txt": "set metric/auc direction=upwards unit=3",
    "wrong-rev.txt": "list --at v2",
    "wrong-lifecycle.txt": "retire model/wine@2 --reason 'still in production'",
    "wrong-conflict.txt": "new metric auc direction=higher",
    "wrong-message.txt": "rm metric/auc -m why",
    "wrong-yaml.txt": "set model/wine 'owners=[a, b'",
    "wrong-one.txt": "compare model/wine@1",
    "wrong-landed.txt": "set model/wine@1 metrics.auc=0.99",
}


@pytest.mark.parametrize(("name", "words"), SHOWN.items(), ids=SHOWN)
def test_what_is_said(store: Path, name: str, words: str) -> None:
    said = fine(store, *shlex.split(words))
    assert said.err == ""
    golden(name, f"$ git ml {words}\n{said.out}")


@pytest.mark.parametrize(("name", "words"), WRONG.items(), ids=WRONG)
def test_what_is_said_when_it_goes_wrong(store: Path, name: str, words: str) -> None:
    before = git(store, "status", "--porcelain")
    said = ml(store, *shlex.split(words))
    assert said.out == ""
    assert said.code in (1, 2)
    assert git(store, "status", "--porcelain") == before
    golden(name, f"$ git ml {words}\n{said.err}[{said.code}]\n")


def test_problems_are_worth_reading(store: Path) -> None:
    write(
        store,
        {
            "metadata/metrics/loss.yaml": "schema: metric/1\ndirecton: lower\n",
            "metadata/metrics/rmse.yaml": "schema: metric/1\ndirection: lower\ndirection: higher\n",
            "metadata/models/wine/3.yaml": f"schema: model-version/1\nid: {ID_2[:-2]}30\nrun: run/wine/nope\n",
            "metadata/modles/beer.yaml": "schema: model/1\n",
        },
    )
    said = ml(store, "validate")
    assert (said.code, said.err) == (1, "")
    golden("validate-problems.txt", f"$ git ml validate\n{said.out}[1]\n")
    assert ml(store, "validate", "--quiet").out == said.out


@pytest.mark.parametrize("count", [0, 1, 2])
def test_that_nothing_is_wrong_is_said_in_the_same_words(repo: Path, count: int) -> None:
    write(
        repo, {f"metadata/metrics/m{number}.yaml": "schema: metric/1\ndirection: higher\n" for number in range(count)}
    )
    git(repo, "add", "-A")
    assert fine(repo, "validate", "--staged").out == validation((), count) == fine(repo, "validate").out


def test_quiet_where_nothing_is_wrong(store: Path) -> None:
    assert fine(store, "validate", "--quiet").out == ""
    assert fine(store, "validate", "--quiet", "--format", "json").json["problems"] == []


def test_init_says_what_it_wrote(repo: Path) -> None:
    said = fine(repo, "init", "--hooks")
    golden("init.txt", f"$ git ml init --hooks\n{said.out}")
    assert said.err.count("git ml: hook: ") == 4
    assert fine(repo, "init", "--hooks").out == "nothing to change\n"


def test_a_foreign_schemas_folder_is_told_once(repo: Path) -> None:
    write(repo, {"schemas/orders.sql": "create table orders"})
    said = fine(repo, "init")
    told = "git ml: warning: schemas/ belongs to something else and is left alone: the packaged schemas serve"
    assert [line for line in said.err.splitlines() if "warning" in line] == [told]
    assert fine(repo, "new", "metric", "auc", "direction=higher").out.startswith("+ metric/auc")
