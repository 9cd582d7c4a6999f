"""Each code of a check, on a real repository: what gives it, where it points, and that the mended record is clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitml.checks import validate
from gitml.checks.merged import merge_check
from gitml.checks.range import between
from gitml.errors import Problem
from gitml.records.template import file_name, shard
from gitml.repo import packaged
from gitml.repo.repository import Repository
from gitrepo import commit, git, write

ID = "01JD7H2Q0V8N4C3W9T5R6Y1KXZ"
OTHER_ID = "01JD7M5B2R8V0K4T6N9C1Q3W7Y"
MD5 = "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"
STORE = "schema: store/1\nmain: main\nevents: tree\n"
DATASET = "schema: dataset/1\ndescription: Wines.\n"
POINTED = f'pointer:\n  type: dvc\n  path: data/wine.csv\n  md5: "{MD5}"\n'
VERSION = f'schema: dataset-version/1\nid: {ID}\ncreated: "2026-02-10T09:12:00Z"\n{POINTED}'
DVC = f"outs:\n- md5: {MD5}\n  size: 3\n  hash: md5\n  path: wine.csv\n"
MODEL_VERSION = f'schema: model-version/1\nid: {OTHER_ID}\ncreated: "2026-02-10T09:12:00Z"\n'
RUN = 'schema: run/1\nstatus: finished\ncreated: "2026-02-10T09:12:00Z"\n'
X = "metadata/datasets/x.yaml"
ALIAS = "metadata/aliases/model/wine/production.yaml"
EVENT = f"metadata/runs/wine/{shard('a')}/a.yaml"

GOOD = {
    "metadata/store.yaml": STORE,
    "metadata/datasets/wine.yaml": DATASET,
    "metadata/datasets/wine/1.yaml": VERSION,
    "data/wine.csv.dvc": DVC,
    "data/.gitignore": "/wine.csv\n",
    "metadata/models/wine.yaml": "schema: model/1\ndescription: Price band.\n",
    "metadata/models/wine/1.yaml": MODEL_VERSION,
    "metadata/runs/wine/7c/.keep": "",
}


def found(repo: Path) -> list[Problem]:
    repository = Repository.find(repo)
    return list(validate.everything(repository, repository.here()).problems)


def codes(repo: Path) -> list[str]:
    return [problem.code for problem in found(repo)]


def only(repo: Path) -> Problem:
    problems = found(repo)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


@pytest.fixture
def store(repo: Path) -> Path:
    commit(repo, GOOD)
    return repo


def test_a_good_store_has_no_problems(store: Path) -> None:
    assert found(store) == []


@pytest.mark.parametrize(
    ("files", "code", "path", "line", "field"),
    [
        ({X: "a: b: c\n"}, "yaml.syntax", X, 1, None),
        ({X: ""}, "yaml.empty", X, None, None),
        ({X: "- a\n"}, "schema.type", X, 1, None),
        ({X: DATASET + "owners: me\n"}, "schema.type", X, 3, "owners"),
        ({X: DATASET + "ownrs: []\n"}, "schema.additionalProperties", X, 3,
         "ownrs"),
        ({"metadata/store.yaml": STORE + "series: 3\n"}, "schema.type", "metadata/store.yaml", 4, "series"),
        ({"metadata/datasts/x.yaml": DATASET}, "path.unknown-kind", "metadata/datasts/x.yaml", None, None),
        ({"metadata/datasets/a/b/c.yaml": DATASET}, "path.mismatch", "metadata/datasets/a/b/c.yaml", None, None),
        ({"metadata/models/x.yaml": DATASET}, "path.mismatch", "metadata/models/x.yaml", 1, "schema"),
        ({"metadata/models/x.yaml": "schema: modl/1\n"}, "path.unknown-kind", "metadata/models/x.yaml", 1, "schema"),
        ({"metadata/datasets/Wine.yaml": DATASET}, "path.mismatch", "metadata/datasets/Wine.yaml", None, None),
        ({"metadata/datasets/x.yml": DATASET}, "path.mismatch", "metadata/datasets/x.yml", None, None),
        ({X: "description: d\nschema: dataset/1\n"}, "canonical.form", X,
         None, None),
        ({EVENT: RUN + "inputs:\n  train:\n    ref: dataset/wine@2\n"}, "ref.missing", EVENT, 6, "inputs.train.ref"),
        ({EVENT: RUN + "inputs:\n  train:\n    ref: metric/auc\n"}, "ref.kind", EVENT, 6, "inputs.train.ref"),
        ({EVENT: RUN + "inputs:\n  train:\n    ref: what is this\n"}, "ref.missing", EVENT, 6, "inputs.train.ref"),
        ({EVENT: RUN + f"inputs:\n  train:\n    ref: dataset/wine@1\n    id: {OTHER_ID}\n"}, "ref.id", EVENT, 6,
         "inputs.train.ref"),
        ({ALIAS: 'schema: alias/1\nversion: "9"\n'}, "ref.missing",
         ALIAS, 2, "version"),
        ({ALIAS: f'schema: alias/1\nversion: "1"\nid: {ID}\n'}, "ref.id",
         ALIAS, 2, "version"),
        ({EVENT: RUN + "tags:\n  api_key: sdkfjh2348\n"}, "secret.found", EVENT, 5, "tags.api_key"),
        ({EVENT: RUN + "description: AKIAABCDEFGHIJKLMNOP is it\n"}, "secret.found", EVENT, 4, "description"),
        ({EVENT: RUN + "description: " + "x" * 70_000 + "\n"}, "blob.size", EVENT, 4, "description"),
        ({"schemas/mine.yaml": "$id: mine/1\nx-gitml: 3\n"}, "schema.invalid", "schemas/mine.yaml", None, None),
        ({"schemas/mine.yaml": "$id: mine/1\n  x-gitml: [\n"}, "schema.invalid", "schemas/mine.yaml", 2, None),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_problem(
    store: Path, files: dict[str, str], code: str, path: str, line: int | None, field: str | None
) -> None:
    write(store, files)
    problems = [problem for problem in found(store) if problem.path == path]
    assert [problem.code for problem in problems][:1] == [code], [str(problem) for problem in problems]
    problem = problems[0]
    assert problem.field == field
    if line is not None:
        assert problem.line == line
    assert problem.message
    assert problem.severity == ("warning" if code == "canonical.form" else "error")


def test_the_pointer_that_a_change_brings_must_be_tracked(store: Path) -> None:
    (store / "data/wine.csv.dvc").unlink()
    assert codes(store) == []  # it stands in history, and its version has landed
    write(store, {"metadata/datasets/wine/2.yaml": VERSION.replace(ID, OTHER_ID.replace("Y", "Z"))})
    assert only(store).code == "pointer.missing"
    write(store, {"data/wine.csv.dvc": DVC.replace(MD5, "0" * 32)})
    problem = only(store)
    assert (problem.code, problem.field, problem.path) == (
        "pointer.hash",
        "pointer.md5",
        "metadata/datasets/wine/2.yaml",
    )
    assert "0" * 32 in problem.message


def test_a_pointer_may_name_the_commit_that_tracks_it(store: Path) -> None:
    head = git(store, "rev-parse", "HEAD")
    commit(store, {"data/wine.csv.dvc": DVC.replace(MD5, "0" * 32)})
    later = VERSION.replace(ID, OTHER_ID.replace("Y", "Z")) + f'  tracked_at: "{head}"\n'
    write(store, {"metadata/datasets/wine/2.yaml": later})
    assert codes(store) == []


SECOND = VERSION.replace(ID, OTHER_ID.replace("Y", "Z"))


def test_a_committed_pointer_need_only_stand_in_history_up_to_its_commit(store: Path) -> None:
    """Registered on a branch, and then the data were put back: as of the tip, in the work tree and merged."""
    git(store, "checkout", "-q", "-b", "side")
    other = {"data/wine.csv.dvc": DVC.replace(MD5, "0" * 32)}
    commit(store, {**other, "metadata/datasets/wine/2.yaml": SECOND.replace(MD5, "0" * 32)})
    tip = commit(store, {"data/wine.csv.dvc": DVC})
    assert codes(store) == []
    git(store, "checkout", "-q", "main")
    repository = Repository.find(store)
    assert between(repository, repository.git.resolve("main"), tip).problems == ()
    assert merge_check(repository, repository.git.resolve("main"), tip).problems == ()
    assert merge_check(repository, tip, commit(store, {X: DATASET})).problems == ()
    git(store, "merge", "-q", "--no-ff", "--no-commit", "side")
    assert [one.code for one in validate.staged(repository).problems] == []
    git(store, "merge", "--abort")
    # The hash stands in history, but not in that of this commit.
    commit(store, {"metadata/datasets/wine/2.yaml": SECOND.replace(MD5, "0" * 32)})
    assert codes(store) == ["pointer.hash"]


def test_where_history_is_cut_short_an_old_hash_is_not_checked(store: Path, tmp_path: Path) -> None:
    head = git(store, "rev-parse", "HEAD")
    commit(store, {"data/wine.csv.dvc": DVC.replace(MD5, "0" * 32)})
    commit(store, {"metadata/datasets/wine/2.yaml": SECOND.replace(MD5, "0" * 32), X: DATASET})
    git(store, "config", "uploadpack.allowFilter", "true")
    for option, hint in (("--depth=1", "git fetch --unshallow"), ("--filter=blob:none", "git fetch --refetch")):
        clone = tmp_path / option
        git(tmp_path, "clone", "-q", option, f"file://{store}", str(clone))
        assert [(one.code, one.severity, one.path, one.hint) for one in found(clone)] == [
            ("pointer.unknown", "warning", "metadata/datasets/wine/1.yaml", hint)
        ]
        assert MD5 in only(clone).message
    # What is not committed yet must be tracked now, cut or not; unless by a commit that is not here.
    write(clone, {"metadata/datasets/wine/3.yaml": SECOND.replace("7Z", "7W")})
    assert "pointer.hash" in codes(clone)
    shallow = tmp_path / "--depth=1"
    write(shallow, {"metadata/datasets/wine/3.yaml": SECOND.replace("7Z", "7W") + f'  tracked_at: "{head}"\n'})
    assert codes(shallow) == ["pointer.unknown", "pointer.unknown"]
    git(shallow, "fetch", "-q", "--unshallow")
    assert codes(shallow) == []


def test_a_pointer_without_identity_is_unpinned(store: Path) -> None:
    write(
        store,
        {
            "metadata/datasets/wine/2.yaml": VERSION.split("pointer", maxsplit=1)[0].replace(
                ID, OTHER_ID.replace("Y", "Z")
            )
            + "pointer:\n  type: uri\n  uri: s3://bucket/wine.csv\n"
        },
    )
    assert (only(store).code, only(store).severity) == ("pointer.unpinned", "warning")


def test_a_landed_version_neither_changes_nor_goes(store: Path) -> None:
    write(store, {"metadata/models/wine/1.yaml": MODEL_VERSION + "intended_use: other\n"})
    problem = only(store)
    assert (problem.code, problem.ref) == ("immutable.changed", "model/wine@1")
    write(store, {"metadata/models/wine/1.yaml": "# only a comment\n" + MODEL_VERSION})
    assert codes(store) == []
    (store / "metadata/models/wine/1.yaml").unlink()
    assert [(problem.code, problem.path) for problem in found(store)] == [
        ("immutable.changed", "metadata/models/wine/1.yaml")
    ]


def test_on_a_branch_a_version_may_change_until_it_lands(store: Path) -> None:
    git(store, "checkout", "-q", "-b", "work")
    two = MODEL_VERSION.replace(OTHER_ID, ID.replace("Z", "Y"))
    commit(store, {"metadata/models/wine/2.yaml": two})
    write(store, {"metadata/models/wine/2.yaml": two + "intended_use: other\n"})
    assert codes(store) == []
    write(store, {"metadata/models/wine/1.yaml": MODEL_VERSION + "intended_use: other\n"})
    assert codes(store) == ["immutable.changed"]


def test_the_lifecycle_says_what_may_be_promoted(store: Path) -> None:
    alias = f'schema: alias/1\nversion: "1"\nid: {OTHER_ID}\n'
    retired = "schema: status/1\nstatus: retired\n"
    write(store, {ALIAS: alias, "metadata/statuses/model/wine/1.yaml": retired})
    assert set(codes(store)) == {"lifecycle.move"}
    (store / ALIAS).unlink()
    assert codes(store) == []
    commit(store, {})
    write(store, {"metadata/statuses/model/wine/1.yaml": "schema: status/1\nstatus: approved\n"})
    problem = only(store)
    assert (problem.code, problem.field, problem.hint) == ("lifecycle.move", "status", "retired is final")


def test_a_circle_of_refs_is_named_once(store: Path) -> None:
    one = VERSION + "inputs:\n  previous:\n    ref: dataset/wine@3\n"
    two = VERSION.replace(ID, ID[:-1] + "2") + "inputs:\n  previous:\n    ref: dataset/wine@1\n"
    three = VERSION.replace(ID, ID[:-1] + "3") + "inputs:\n  previous:\n    ref: dataset/wine@2\n"
    git(store, "checkout", "-q", "-b", "work")
    write(store, {f"metadata/datasets/wine/{n}.yaml": text for n, text in ((1, one), (2, two), (3, three))})
    problems = [problem for problem in found(store) if problem.code == "ref.cycle"]
    assert len(problems) == 1
    assert problems[0].message.count("<-") == 3


def test_values_of_a_personal_column_are_found(store: Path) -> None:
    columns = "columns:\n- name: grower\n  type: string\n  nulls: 0\n  min: Adams\n  classification: {}\n"
    version = VERSION.replace(ID, ID[:-1] + "2")
    write(store, {"metadata/datasets/wine/2.yaml": version + columns.format("internal")})
    assert codes(store) == []
    write(store, {"metadata/datasets/wine/2.yaml": version + columns.format("personal")})
    assert (only(store).code, only(store).field, only(store).line) == ("personal.found", "columns[name=grower].min", 12)


def test_names_that_differ_by_case_warn(store: Path) -> None:
    write(store, {f"metadata/datasets/{file_name('Wine')}.yaml": "schema: dataset/1\nname: Wine\ndescription: d\n"})
    problem = only(store)
    assert (problem.code, problem.severity) == ("name.case", "warning")
    assert "dataset/Wine" in problem.message
    assert "dataset/wine" in problem.message


def test_one_id_names_one_version(store: Path) -> None:
    write(store, {"metadata/models/wine/2.yaml": MODEL_VERSION})
    assert only(store).code == "id.duplicate"


def test_a_symlink_is_no_record(store: Path) -> None:
    (store / "metadata/datasets/link.yaml").symlink_to("wine.yaml")
    assert only(store).code == "path.not-a-file"


def test_a_folder_is_no_record(store: Path) -> None:
    write(store, {"metadata/datasets/x.yaml/readme.txt": "hello"})
    assert only(store).code == "path.not-a-file"


def test_a_submodule_is_no_record(store: Path) -> None:
    head = git(store, "rev-parse", "HEAD")
    git(store, "update-index", "--add", "--cacheinfo", f"160000,{head},metadata/datasets/sub.yaml")
    git(store, "commit", "-q", "-m", "submodule")
    repository = Repository.find(store)
    found = validate.everything(repository, repository.head()).problems
    assert [problem.code for problem in found] == ["path.not-a-file"]


def test_an_lfs_pointer_is_no_record(store: Path) -> None:
    write(store, {X: "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"})
    assert only(store).code == "path.lfs"


def test_an_ignored_record_warns(store: Path) -> None:
    write(store, {".gitignore": "metadata/datasets/x.yaml\n", X: DATASET})
    assert [(problem.code, problem.path) for problem in found(store)] == [("path.ignored", X)]


def test_a_conflict_is_a_problem(store: Path) -> None:
    git(store, "checkout", "-q", "-b", "other")
    commit(store, {"metadata/datasets/wine.yaml": "schema: dataset/1\ndescription: Theirs.\n"})
    git(store, "checkout", "-q", "main")
    commit(store, {"metadata/datasets/wine.yaml": "schema: dataset/1\ndescription: Ours.\n"})
    git(store, "merge", "other", check=False)
    assert "merge.conflict" in codes(store)


def test_a_change_does_not_weaken_the_rule_that_it_breaks(store: Path) -> None:
    schema = (packaged.folder() / "run.yaml").read_text()
    commit(store, {"schemas/run.yaml": schema})
    weaker = schema.replace("required: [schema, status, created]", "required: [schema]")
    assert weaker != schema
    write(store, {"schemas/run.yaml": weaker, EVENT: "schema: run/1\n"})
    assert sorted(codes(store)) == ["schema.edited", "schema.required", "schema.required"]
    git(store, "commit", "-q", "--allow-empty", "-m", "x")
    commit(store, {"schemas/run.yaml": weaker})
    assert "schema.required" not in codes(store)


def test_to_take_in_the_shipped_schemas_judges_no_record_anew(store: Path) -> None:
    schema = (packaged.folder() / "run.yaml").read_text()
    commit(store, {EVENT: RUN})
    write(store, {"schemas/run.yaml": schema})
    git(store, "add", "-A")
    assert validate.staged(Repository.find(store)).checked == 0
    write(store, {"schemas/run.yaml": schema.replace("required: [schema, status", "required: [schema, by, status")})
    git(store, "add", "-A")
    staged = validate.staged(Repository.find(store))
    assert [(problem.code, problem.path) for problem in staged.problems] == [("schema.required", EVENT)]
    assert staged.checked == 1


def test_what_refers_to_a_removed_record_is_looked_at(store: Path) -> None:
    model = "metadata/models/grape.yaml"
    commit(
        store,
        {
            model: "schema: model/1\nuse_case: use-case/cellar\n",
            "metadata/use-cases/cellar.yaml": "schema: use-case/1\ndescription: d\n",
        },
    )
    git(store, "rm", "-q", "metadata/use-cases/cellar.yaml")
    repository = Repository.find(store)
    staged = validate.staged(repository)
    assert [(problem.code, problem.path) for problem in staged.problems] == [("ref.missing", model)]
    assert staged.checked == 1


def test_staged_content_alone_is_judged(store: Path) -> None:
    write(store, {X: DATASET})
    git(store, "add", "-A")
    write(store, {X: "broken: [\n"})
    repository = Repository.find(store)
    assert validate.staged(repository).problems == ()
    assert "yaml.syntax" in codes(store)


def test_a_shallow_clone_says_what_was_not_checked(store: Path, tmp_path: Path) -> None:
    commit(store, {X: DATASET})
    git(store, "checkout", "-q", "-b", "work", "HEAD~1")
    commit(store, {"metadata/datasets/z.yaml": DATASET})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", "--branch", "work", f"file://{store}", str(clone))
    assert [(problem.code, problem.severity) for problem in found(clone)] == [("base.unknown", "warning")]
