"""`git ml status`: how the store is; with `--data`, whether others can have its data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from command_line import Said, fine, ml
from dvc_world import WINE, dvc, objects, push, settled, world
from gitrepo import commit, environment, git, init, write


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store over the world: two versions of a data set, of which an alias chose the first, then the second."""
    place = tmp_path_factory.mktemp("status")
    site = {"DVC_SITE_CACHE_DIR": str(place / "site"), "DVC_NO_ANALYTICS": "1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(site).items():
            patch.setenv(name, value)
        repo = world(place)
        write(repo, {"metadata/store.yaml": "schema: store/1\nmain: main\n"})
        fine(repo, "new", "dataset", "wine", "--from", "data/wine.csv")
        fine(repo, "promote", "dataset/wine@1", "current")
        commit(repo, {}, "one")
        write(repo, {"data/wine.csv": WINE + "9.5,\n"})
        with dvc(repo) as opened:
            opened.add("data/wine.csv")
        fine(repo, "bump", "dataset/wine", "--reason", "more")
        fine(repo, "promote", "dataset/wine@2", "current")
        commit(repo, {}, "two")
        push(repo)
    return place


@pytest.fixture
def repo(made: Path, tmp_path: Path) -> Path:
    return settled(Path(shutil.copytree(made, tmp_path / "world", symlinks=True)) / "repo")


def data(said: Said) -> dict[tuple[str, str], dict[str, object]]:
    """The answer by path and ref."""
    return {(one["path"], " ".join(one["refs"])): one for one in said.json["data"]}


# ── the store ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_store_in_a_few_lines(repo: Path) -> None:
    head = git(repo, "rev-parse", "HEAD")
    fine(repo, "set", "dataset/wine", "description=Wines.")
    fine(repo, "new", "metric", "auc", "direction=higher")
    write(repo, {"metadata/notes/x.yaml": "schema: note/1\n"})
    said = fine(repo, "status")
    lines = said.out.splitlines()
    assert lines[0] == f"the work tree, on main at {head[:12]}"
    assert "1 error: git ml validate" in lines[-6] or any("error" in line for line in lines)
    assert lines[-4:] == [
        "3 changes of records and pointers not committed:", "~ dataset/wine  metadata/datasets/wine.yaml",
        "+ metric/auc  metadata/metrics/auc.yaml", "+ note/x  metadata/notes/x.yaml",
    ]  # fmt: skip
    shape = ml(repo, "status", "--format", "json").json
    assert (shape["branch"], shape["head"], shape["folder"], shape["at"]["kind"]) == ("main", head, "", "worktree")
    assert {"kind": "dataset-version", "records": 2, "problems": 0} in shape["kinds"]
    assert [one["op"] for one in shape["uncommitted"]] == ["changed", "added", "added"]
    assert (shape["errors"] > 0, shape["format"]) == (True, 1)
    assert "branch,main" in fine(repo, "status", "--format", "csv").out.splitlines()
    assert "| branch | main |" in fine(repo, "status", "--format", "md").out


def test_a_store_with_nothing_uncommitted_and_one_at_a_commit(repo: Path) -> None:
    assert fine(repo, "status").out.splitlines()[-2:] == ["no problems", "no record and no pointer is uncommitted"]
    said = fine(repo, "status", "--at", "HEAD~1")
    assert said.out.startswith(f"commit {git(repo, 'rev-parse', 'HEAD~1')[:12]}\n")
    assert "uncommitted" not in said.out


def test_a_repository_without_a_commit_or_a_record(tmp_path: Path) -> None:
    place = init(tmp_path / "empty")
    assert fine(place, "status").out.splitlines() == [
        "the work tree, on main, without a commit yet", "no records", "no problems",
        "no record and no pointer is uncommitted",
    ]  # fmt: skip
    assert fine(place, "status", "--data").out == "no record points to data, and DVC tracks none\n"


# ── its data ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_never_pushed_stops_a_pull_request(repo: Path) -> None:
    said = ml(repo, "status", "--data", "--format", "json")
    found = data(said)
    assert said.code == 1
    old, new = found["data/wine.csv", "dataset/wine@1"], found["data/wine.csv", "dataset/wine@2"]
    assert (old["worktree"], old["cache"], old["remote"], old["finding"]) == (None, "yes", "no", True)
    assert (old["state"], old["hint"]) == ("not in the remote local", "dvc push --all-commits")
    assert (new["worktree"], new["cache"], new["remote"], new["finding"]) == ("same", "yes", "yes", False)
    assert (new["state"], new["source"], new["committed"]) == ("pushed", "data/wine.csv.dvc", True)
    assert found["images", ""]["remote"] == "yes"
    assert (said.json["findings"], said.json["complete"], said.json["problems"]) == (1, True, [])
    with dvc(repo) as opened:
        opened.push(all_commits=True)
    assert fine(repo, "status", "--data").out.splitlines()[-1] == "3 pointers: all there"
    (objects(repo.parent / "remote")[str(new["hash"])]).unlink()
    said = ml(repo, "status", "--data")
    assert said.code == 1
    assert said.out.splitlines()[-1] == "3 pointers: 1 committed, and not to be had from a remote"
    assert "not in the remote local  dvc push data/wine.csv" in said.out


def test_what_nobody_has_committed_stops_nobody(repo: Path) -> None:
    with dvc(repo) as opened:
        opened.push(all_commits=True)
    write(repo, {"new.csv": "a\n1\n"})
    with dvc(repo) as opened:
        opened.add("new.csv")
    found = data(fine(repo, "status", "--data", "--format", "json"))["new.csv", ""]
    assert (found["committed"], found["remote"], found["finding"]) == (False, "no", False)
    assert found["state"] == "not in the remote local; not committed yet"
    commit(repo, {})
    assert ml(repo, "status", "--data").code == 1
    assert ml(repo, "status", "--data", "--at", "HEAD~1").code == 0


def test_the_work_tree_is_told_of(repo: Path) -> None:
    write(repo, {"data/wine.csv": "changed\n"})
    shutil.rmtree(repo / "images")
    found = data(ml(repo, "status", "--data", "--format", "json"))
    wine, images = found["data/wine.csv", "dataset/wine@2"], found["images", ""]
    assert (wine["worktree"], wine["state"]) == ("changed", "pushed; changed in the work tree")
    assert wine["hint"] == "dvc add data/wine.csv"
    assert (images["worktree"], images["hint"]) == ("missing", "dvc checkout images")
    shutil.rmtree(repo / ".dvc/cache")
    found = data(ml(repo, "status", "--data", "--format", "json"))
    assert found["images", ""]["hint"] == "dvc pull images"
    assert found["data/wine.csv", "dataset/wine@1"]["state"] == "not in the remote local, and not whole here either"
    lines = ml(repo, "status", "--data").out.splitlines()
    assert lines[-2:] == [
        "3 pointers: 1 committed, and not to be had from a remote", "1 of them are not here either",
    ]  # fmt: skip


def test_a_fresh_clone_as_ci_has_it(repo: Path, tmp_path: Path) -> None:
    clone = tmp_path / "world/clone"
    git(tmp_path, "clone", "-q", str(repo), str(clone))
    settled(clone)
    found = data(ml(clone, "status", "--data", "--format", "json"))
    assert found["images", ""]["worktree"] == "missing"
    assert (found["images", ""]["cache"], found["images", ""]["remote"]) == ("no", "yes")
    shutil.rmtree(clone)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repo}", str(clone))
    settled(clone)
    said = ml(clone, "status", "--data", "--ever-live", "--format", "json")
    assert said.json["complete"] is False
    assert "history is cut off here" in said.err


def test_of_a_folder_a_part(repo: Path) -> None:
    listing = next(name for name in objects(repo.parent / "remote") if name.endswith(".dir"))
    piece = json.loads(objects(repo.parent / "remote")[listing].read_text())[0]["md5"]
    objects(repo.parent / "remote")[piece].unlink()
    found = data(ml(repo, "status", "--data", "--format", "json"))["images", ""]
    assert found["state"] == "pushed in part: the remote local lacks 1 of 2 files"
    way = f"files/md5/{listing[:2]}/{listing[2:]}"
    assert (
        found["hint"]
        == f"remove {way} there, then dvc push images: DVC takes a folder whose listing is there for pushed"
    )


def test_every_state_is_told_in_words(repo: Path) -> None:
    write(repo, {
        "dvc.yaml": (
            "stages:\n  s:\n    cmd: touch a b c\n    outs: [never.csv, {local.bin: {push: false}}, s3://far/x]\n"
            "    metrics: [{m.json: {cache: false}}]\n"
        ),
        "dvc.lock": (
            "schema: '2.0'\nstages:\n  s:\n    cmd: touch a b c\n    outs:\n"
            "    - {path: local.bin, hash: md5, md5: 0cc175b9c0f1b6a831c399e269772661, size: 1}\n"
            "    - {path: m.json, hash: md5, md5: 99914b932bd37a50b983c5e7c90ae93b, size: 2}\n"
        ),
        "m.json": "{}",
        "lib.csv": "a\n",
        "lib.csv.dvc": (
            "md5: a\nfrozen: true\ndeps:\n- path: lib.csv\n  repo: {url: https://example.org/r, rev_lock: abc}\n"
            "outs:\n- {md5: 60b725f10c9c85c70d97880dfe8191b3, size: 2, hash: md5, path: lib.csv}\n"
        ),
        ".gitignore": "/lib.csv\n/local.bin\n",
    })  # fmt: skip
    fine(repo, "new", "dataset-version", "far@1", "pointer={type: uri, uri: s3://far/y, etag: a}")
    fine(repo, "new", "dataset-version", "near@1", "pointer={type: git, path: m.json, blob: "
         + git(repo, "hash-object", "m.json") + "}")  # fmt: skip
    commit(repo, {})
    states = {
        path: one["state"] for (path, _refs), one in data(ml(repo, "status", "--data", "--format", "json")).items()
    }
    assert states["never.csv"].startswith("has no md5 that could be asked for")
    assert states["local.bin"].startswith("not pushed, by design: its push is false")
    assert states["s3://far/x"] == "outside of the repository: DVC does not push it"
    assert states["m.json"] in ("Git keeps it: its cache is false", "Git keeps it")
    assert states["lib.csv"] == "imported from https://example.org/r: DVC fetches it there, and does not push it"
    assert states["s3://far/y"] == "kept elsewhere (s3://far/y): nobody is asked"
    git(repo, "rm", "-q", "--cached", "m.json")
    write(repo, {".gitignore": "/lib.csv\n/local.bin\n/m.json\n"})
    found = data(ml(repo, "status", "--data", "--format", "json"))["m.json", ""]
    assert (found["state"], found["hint"]) == ("its cache is false, and Git does not have it", "git add m.json")


@pytest.mark.parametrize(
    ("config", "state"),
    [
        ("", "no remote is set up"),
        ("[core]\n    remote = r\n['remote \"r\"']\n    url = http://127.0.0.1:9/x\n", "r does not answer: "),
        ("[core]\n    remote = r\n['remote \"r\"']\n    url = s3://x/y\n", "the remote r cannot be opened: s3 is"),
        ("[core\n", "DVC in repo cannot be opened: "),
    ],
)  # fmt: skip
def test_who_cannot_be_asked_stops_a_pull_request_too(repo: Path, config: str, state: str) -> None:
    (repo / ".dvc/config").write_text("")
    (repo / ".dvc/config.local").write_text(config)
    said = ml(repo, "status", "--data", "--format", "json")
    assert said.code == 1
    assert said.err == ""
    assert all(str(one["state"]).startswith(state) for one in said.json["data"])


def test_where_dvc_is_not_set_up(repo: Path) -> None:
    git(repo, "rm", "-r", "-q", "--cached", ".dvc")
    shutil.rmtree(repo / ".dvc")
    said = ml(repo, "status", "--data")
    assert said.code == 1
    assert "DVC is not set up here" in said.out


def test_a_bare_repository_says_so(repo: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(bare))
    assert fine(bare, "status").out.startswith("commit ")
    said = ml(bare, "status", "--data")
    assert said.code == 1
    assert "this repository is bare" in said.err


def test_a_file_of_dvc_s_that_cannot_be_read(repo: Path) -> None:
    with dvc(repo) as opened:
        opened.push(all_commits=True)
    commit(repo, {"broken.dvc": "outs: [\n"})
    said = ml(repo, "status", "--data", "--format", "json")
    assert said.code == 1
    assert [one["code"] for one in said.json["problems"]] == ["read.dvc"]
    assert "broken.dvc" in said.err


# ── what was ever live ─────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_ever_live(repo: Path) -> None:
    with dvc(repo) as opened:
        opened.push(all_commits=True)
    git(repo, "rm", "-q", "metadata/datasets/wine/1.yaml")
    git(repo, "commit", "-q", "-m", "version 1 is gone")
    assert len(fine(repo, "status", "--data", "--format", "json").json["data"]) == 2
    found = data(fine(repo, "status", "--data", "--ever-live", "--format", "json"))
    old = found["data/wine.csv", "dataset/wine@1"]
    assert (old["live"], old["remote"], old["committed"]) == (["alias/dataset/wine/current"], "yes", True)
    assert found["data/wine.csv", "dataset/wine@2"]["live"] == ["alias/dataset/wine/current"]
    objects(repo.parent / "remote")[str(old["hash"])].unlink()
    objects(repo / ".dvc/cache")[str(old["hash"])].unlink()
    assert fine(repo, "status", "--data").code == 0
    said = ml(repo, "status", "--ever-live")
    assert said.code == 1
    assert said.out.splitlines()[-1] == "1 of them are not here either"
    assert ml(repo, "status", "--ever-live", "--at", "HEAD~2").code == 1
