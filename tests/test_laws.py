"""Laws that hold across the rooms, on real repositories: differences lead there and back; no bytes stop a command."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cellar import RUN_A, cellar
from command_line import fine, ml
from gitml.repo.change import Change
from gitml.repo.diff import diff, invert
from gitml.repo.git import Git
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.writer import write as put
from gitrepo import commit, environment, git, init, write
from hostile import BOMB, CONTENTS, Bad
from replayed import replay
from yaml_strategies import mutants, values

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MD5 = "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"
CARD = """$id: card/1
x-gitml:
  addressing: named
  path: datasets/{name}/metadata.yaml
  canonical: false
type: object
"""

# ── there and back ──────────────────────────────────────────────────────────────────────────────────────────────────

Files = Mapping[str, bytes]
PATHS = [
    "metadata/store.yaml", "metadata/models/wine.yaml", "metadata/models/wine/1.yaml", "metadata/metrics/auc.yaml",
    "metadata/metrics/with space~1234abcd.yaml", "metadata/ünïcode.yaml", "metadata/new\nline.yaml",
    "metadata/b\udcff.yaml", "schemas/card.yaml", "schemas/api.json", "datasets/a/metadata.yaml",
    "datasets/b c/metadata.yaml", "data/wine.csv.dvc", "dvc.lock", "README.md",
]  # fmt: skip
CONTENT = st.sampled_from(
    [b"", b"a: 1\n", b"schema: metric/1\ndirection: higher\n", CARD.encode(), b"\xff\0", b"x" * 9000]
)
TREES = st.dictionaries(st.sampled_from(PATHS), CONTENT, max_size=8)


@pytest.fixture(scope="module")
def clean() -> Iterator[None]:
    """Nobody's git variables or configuration, for what lives longer than one test."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def empty(clean: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one empty commit, to which tests add branches."""
    repo = init(tmp_path_factory.mktemp("laws") / "repo")
    git(repo, "commit", "-q", "--allow-empty", "-m", "nothing")
    return repo


def committed(repo: Path, files: Files) -> str:
    """A commit of these files and no others, on nobody's branch; its id."""
    # Through git itself, not our writer: the law shall not lean on what it tests.
    stream = b"commit refs/heads/laws\ncommitter M <m@example.org> 1767225600 +0000\ndata 0\ndeleteall\n"
    stream += b"".join(
        b"M 100644 inline %b\ndata %d\n%b\n" % (_quoted(path), len(raw), raw) for path, raw in files.items()
    )
    command = ["git", "fast-import", "--quiet", "--force"]
    subprocess.run(command, cwd=repo, input=stream, check=True, env=environment())
    return git(repo, "rev-parse", "refs/heads/laws")


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode("utf-8", "surrogateescape")


def there_and_back(one: Snapshot, two: Snapshot) -> list[Change]:
    """Check the law on snapshots; the changes from the one to the other."""
    changes = diff(one, two)
    assert one.overlay(changes) == two
    assert two.overlay(invert(changes)) == one
    assert invert(invert(changes)) == [
        Change(each.path, each.before, each.after, None, each.mode, each.old_mode) for each in changes
    ]
    assert diff(two, one) == invert(changes)
    assert (changes == []) == (one == two)
    return changes


@settings(max_examples=40)
@given(first=TREES, second=TREES)
def test_differences_lead_there_and_back(empty: Path, first: Files, second: Files) -> None:
    repository = Repository.find(empty)
    one, two = (repository.commit(committed(empty, files)) for files in (first, second))
    changes = there_and_back(one, two)
    git(empty, "update-ref", "refs/heads/target", one.at.commit or "")
    found = Git.find(empty)
    written = put(found, changes, branch="target", now=NOW)
    assert repository.commit(git(empty, "rev-parse", "target")) == two
    assert bool(written.commit) == bool(changes)
    put(found, invert(changes), branch="target", now=NOW)
    assert repository.commit(git(empty, "rev-parse", "target")) == one


@settings(max_examples=15)
@given(first=TREES, second=TREES)
def test_differences_written_into_the_work_tree_are_what_it_then_holds(
    empty: Path, first: Files, second: Files
) -> None:
    base = committed(empty, first)
    git(empty, "checkout", "-q", "-f", "-B", "here", base)
    git(empty, "clean", "-q", "-ffdx")
    repository = Repository.find(empty)
    one, two = repository.head(), repository.commit(committed(empty, second))
    changes = diff(one, two)
    put(Git.find(empty), changes, now=NOW)
    assert repository.worktree() == two
    assert git(empty, "rev-parse", "HEAD") == base
    put(Git.find(empty), invert(changes), now=NOW)
    assert repository.worktree() == one == repository.staged()
    put(Git.find(empty), changes, commit=True, now=NOW)
    assert repository.head() == repository.staged() == repository.worktree() == two
    assert git(empty, "status", "--porcelain") == ""


def test_modes_and_links_come_back(repo: Path) -> None:
    commit(repo, {"metadata/metrics/a.yaml": "a: 1\n", "metadata/metrics/b.yaml": "b: 1\n"})
    one = Repository.find(repo).head()
    (repo / "metadata/metrics/a.yaml").chmod(0o755)
    (repo / "metadata/metrics/b.yaml").unlink()
    (repo / "metadata/metrics/b.yaml").symlink_to("a.yaml")
    commit(repo, {"metadata/metrics/c.yaml": "c: 1\n"})
    assert len(there_and_back(one, Repository.find(repo).head())) == 3


@pytest.mark.parametrize("name", ["iterative+demo-bank-customer-churn", "EpistasisLab+pmlb", "open-mmlab+mmocr"])
def test_differences_of_real_histories_lead_there_and_back(real: Path, tmp_path: Path, name: str) -> None:
    repo = replay(real / name, tmp_path / "repo")
    git(repo, "checkout", "-q", "-b", "adopted")
    commit(repo, {"schemas/card.yaml": CARD})
    repository = Repository.find(repo)
    asker = repository.head().own_schemas
    commits = git(repo, "rev-list", "--first-parent", "HEAD").split()
    snapshots = [repository.commit(one, asker) for one in commits]
    pairs = [*pairwise(snapshots), (snapshots[0], snapshots[-1])]
    changes = [len(there_and_back(one, two)) for one, two in pairs]
    assert sum(changes) > 0
    for one in (commits[0], commits[-1]):
        for argv in (["list"], ["validate"], ["list", "card"]):
            assert ml(repo, *argv, "--at", one).code in (0, 1)
    git(repo, "checkout", "-q", "-f", commits[-1])
    put(Git.find(repo), diff(snapshots[-1], snapshots[0]), commit=True, now=NOW)
    assert repository.head().overlay([]) == snapshots[0]


# ── no bytes stop a command ─────────────────────────────────────────────────────────────────────────────────────────

DVC = {
    "data/wine.csv.dvc": f"outs:\n- md5: {MD5}\n  size: 3\n  hash: md5\n  path: wine.csv\n",
    "dvc.yaml": "stages:\n  a:\n    cmd: x\n    wdir: sub\n    outs:\n    - b.csv\n",
    "dvc.lock": f"schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - path: b.csv\n      md5: {MD5}\n",
    ".gitattributes": "metadata/**/*.yaml text eol=lf -filter\n",
    ".gitignore": "*.pyc\n",
    ".dvcignore": "tmp\n",
    "metadata/datasets/wine/1.yaml": "schema: dataset-version/1\nid: 01JD7H2Q0V8N4C3W9T5R6Y1KXZ\n"
    'created: "2026-02-10T09:12:00Z"\n'
    f'pointer:\n  type: dvc\n  path: data/wine.csv\n  md5: "{MD5}"\n',
}
TARGETS = [
    *DVC, "metadata/store.yaml", "metadata/models/wine.yaml", "metadata/models/wine/2.yaml",
    "metadata/metrics/auc.yaml", "metadata/aliases/model/wine/production.yaml", "schemas/run.yaml",
    "schemas/alias.yaml", "schemas/metric.yaml", "schemas/model-version.yaml", "schemas/store.yaml",
    "schemas/meta-schema.yaml", "schemas/new.yaml", "metadata/runs/wine/{shard}/x.yaml", "metadata/series/x.yaml",
    ".git/info/exclude", ".git/info/attributes",
]  # fmt: skip
VERBS = [
    ["validate"], ["list"], ["list", "run"], ["list", "model-version"], ["show", "model/wine@2"],
    ["show", "alias/model/wine/production"], ["show", f"run/wine/{RUN_A}"], ["validate", "--staged"],
    ["validate", "--format", "json"], ["list", "run", "--format", "json"], ["show", "model/wine", "--format", "json"],
]  # fmt: skip
TOLD = {"not YAML", "binary", "two documents", "empty", "a list", "alias bomb", "200,000 brackets", "5,000 digits"}


@pytest.fixture(scope="module")
def whole(clean: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cellar with schemas of its own and DVC's files, which each example finds as it was."""
    place = tmp_path_factory.mktemp("bytes") / "repo"
    cellar(place)
    fine(place, "init")
    commit(place, DVC)
    assert fine(place, "validate").out.endswith("no problems\n")
    return place


@st.composite
def mangled(draw: st.DrawFn, raw: bytes) -> bytes:
    """A valid file with something done to it: bytes cut, put in, doubled; or a value in it replaced by any other."""
    try:
        data = yaml.safe_load(raw)
    except yaml.YAMLError:
        data = None
    if isinstance(data, dict) and data and draw(st.booleans()):
        place = data
        key = draw(st.sampled_from(sorted(place, key=str)))
        while isinstance(place[key], dict) and place[key] and draw(st.booleans()):
            place = place[key]
            key = draw(st.sampled_from(sorted(place, key=str)))
        place[key] = draw(values)
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")
    start = draw(st.integers(0, len(raw)))
    end = draw(st.integers(start, min(len(raw), start + 20)))
    return raw[:start] + draw(st.binary(max_size=5) | st.just(raw[start:end] * 2)) + raw[end:]


@settings(max_examples=60)
@given(data=st.data())
@example(data=None)
def test_no_bytes_in_any_file_of_a_store_stop_a_command(whole: Path, data: st.DataObject | None) -> None:
    files: dict[str, bytes] = {}
    for path in TARGETS[:6] if data is None else data.draw(st.lists(st.sampled_from(TARGETS), min_size=1, max_size=2)):
        file = whole / path
        held = file.read_bytes() if file.is_file() else b"schema: run/1\nstatus: finished\n"
        kinds = st.binary(max_size=200) | mangled(held) | mutants().map(lambda text: text.encode())
        files[path] = BOMB.encode() if data is None else data.draw(kinds)
    kept = {path: (whole / path).read_bytes() if (whole / path).is_file() else None for path in files}
    write(whole, files)
    try:
        for argv in VERBS if data is None else data.draw(st.lists(st.sampled_from(VERBS), min_size=3, max_size=3)):
            said = ml(whole, *argv)
            assert said.code in (0, 1), (argv, files, said)
            assert "Traceback" not in said.err
            assert len(said.err.splitlines()) <= 2, (argv, files, said)
            assert said.code == 0 or said.out or said.err.startswith(("git ml: ", '{"format"')), (argv, files, said)
    finally:
        for path, content in kept.items():
            if content is None:
                (whole / path).unlink()
            else:
                (whole / path).write_bytes(content)


@settings(max_examples=40)
@given(content=st.binary(max_size=100) | mutants().map(lambda text: f"schema: metric/1\n{text}".encode()))
@example(content=b"schema: metric/1\ndirection: higher\n")
def test_the_hook_says_of_a_change_what_validate_says_of_it(whole: Path, content: bytes) -> None:
    path = "metadata/metrics/loss.yaml"
    write(whole, {path: content})
    git(whole, "add", "--", path)
    try:
        everything = ml(whole, "validate", "--format", "json").json["problems"]
        staged = ml(whole, "validate", "--staged", "--format", "json").json["problems"]
        alone = ml(whole, "validate", "--format", "json", path).json["problems"]
    finally:
        git(whole, "rm", "-q", "-f", "--", path)
    assert everything == staged == alone
    assert all(problem["path"] == path for problem in everything)


@settings(max_examples=30)
@given(text=mutants())
def test_fix_changes_form_alone(whole: Path, text: str) -> None:
    path = "metadata/notes/n.yaml"
    inner = "".join(f"  {line}" for line in text.splitlines(keepends=True))
    write(whole, {path: f"schema: note/1\ncustom:\n{inner}"})
    asked = ("show", "note/n", "--format", "json")
    try:
        before = ml(whole, *asked)
        fixed = ml(whole, "validate", "--fix", path)
        after = ml(whole, *asked)
        assert fixed.code in (0, 1)
        assert (before.code, after.code) in ((0, 0), (1, 1), (1, 0))
        if before.code == 0:
            assert after.json["data"] == before.json["data"]
            assert "canonical.form" not in ml(whole, "validate", path).out
    finally:
        (whole / path).unlink()
    assert git(whole, "status", "--porcelain") == ""


@pytest.mark.parametrize("bad", [bad for bad in CONTENTS if str(bad) in TOLD], ids=str)
def test_whatever_stands_in_dvcs_files_is_at_most_one_problem_each(whole: Path, bad: Bad, tmp_path: Path) -> None:
    place = Path(shutil.copytree(whole, tmp_path / "repo", symlinks=True))
    for path in ("data/wine.csv.dvc", "dvc.lock", "dvc.yaml", "schemas/model.yaml"):
        write(place, {path: bad.content})
        said = ml(place, "validate", "--format", "json")
        assert said.code in (0, 1)
        own = [one for one in said.json["problems"] if one["path"] == path and one["severity"] == "error"]
        assert len(own) <= 1 or path.startswith("schemas/")
        assert all(one["code"] in ("read.dvc", "schema.invalid") for one in own)
        assert "model/wine" in fine(place, "list", "model").out
        git(place, "checkout", "-q", "--", path)
