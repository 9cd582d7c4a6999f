"""Files that a run logs: where they lie, what the record says of them, and that git passes them by."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import gitml
from acting import dvc, warned
from gitml.errors import BadValue
from gitrepo import commit, git

ROWS = [{"a": 1, "b": "x"}, {"a": 2.5, "c": None}]


class Figure:
    """What saves itself as matplotlib's figures do."""

    def savefig(self, path: str) -> None:
        Path(path).write_bytes(b"\x89PNG")


class Page:
    """What saves itself as plotly's figures do."""

    def write_html(self, path: str) -> None:
        Path(path).write_text("<html>")

    def write_image(self, path: str) -> None:
        Path(path).write_text("image")


def logged(run: Any) -> None:
    run.log_text("grüße\r\n", "notes.txt")
    run.log_dict({"lr": 0.1, "layers": (1, 2)}, "config.json")
    run.log_dict({"lr": 1e-5}, "config.yaml")
    run.log_figure(Figure(), "plots/loss.png")
    run.log_figure(Page(), "plots/loss.html")
    run.log_table(ROWS, "rows.csv")
    run.log_table({"a": [1, 2], "b": [3, 4]}, "columns.json")
    run.log_table(pd.DataFrame({"a": [1, 2]}), "frame.csv")


def test_files_lie_beside_the_store_and_the_record_names_them(plain: Path) -> None:
    with gitml.run("wine", commit=True) as run:
        logged(run)
    found = gitml.open().show(run.ref).data["outputs"]
    top = Path(found["notes.txt"]["path"]).parent
    assert top.parts[:2] == ("artifacts", "wine")
    assert top.name == run.id
    for name, told in found.items():
        content = (plain / told["path"]).read_bytes()
        assert told["path"] == f"{top}/{name}"
        assert (told["md5"], told["size"]) == (hashlib.md5(content).hexdigest(), len(content))  # noqa: S324
    assert found["plots/loss.png"]["media_type"] == "image/png"
    assert (plain / top / "notes.txt").read_bytes() == "grüße\r\n".encode()
    assert json.loads((plain / top / "config.json").read_text()) == {"lr": 0.1, "layers": [1, 2]}
    assert yaml.safe_load((plain / top / "config.yaml").read_text()) == {"lr": 1e-5}
    assert (plain / top / "plots/loss.html").read_text() == "<html>"
    assert (plain / top / "rows.csv").read_text() == "a,b,c\n1,x,\n2.5,,\n"
    assert json.loads((plain / top / "columns.json").read_text()) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
    assert (plain / top / "frame.csv").read_text() == "a\n1\n2\n"
    assert git(plain, "status", "--short") == ""
    assert "artifacts/.gitignore" in git(plain, "show", "--name-only", "--format=", "HEAD").split()
    assert gitml.open().validate().problems == ()


def test_dvc_may_track_them_and_git_then_sees_its_pointer(tracked: Path) -> None:
    with gitml.run("wine", commit=True) as run:
        run.log_text("x", "notes.txt")
    path = gitml.open().show(run.ref).data["outputs"]["notes.txt"]["path"]
    dvc(tracked, "add", "-q", path)
    shown = git(tracked, "status", "--short", "-uall").split()
    assert [one for one in shown if one != "??"] == [f"{path}.dvc"]


@pytest.mark.parametrize("name", ["", "/etc/x", "../x", "a/../../x", "c:x", "a\\b"])
def test_a_name_that_leads_out_is_refused(plain: Path, name: str) -> None:
    with pytest.raises(BadValue, match="no name of a file"), gitml.run("wine") as run:
        run.log_text("x", name)


def test_what_cannot_be_written_so_is_told(plain: Path) -> None:
    with gitml.run("wine") as run:
        for table, name in ((ROWS, "rows.parquet"), (pd.DataFrame(), "x.txt"), ([1, 2], "x.csv"), (3, "x.json")):
            with pytest.raises(BadValue, match="table"):
                run.log_table(table, name)
        with pytest.raises(BadValue, match="a str cannot save itself"):
            run.log_figure("figure", "x.png")
    assert "outputs" not in gitml.open().show(run.ref).data


def test_a_disk_that_refuses_fails_nothing(plain: Path) -> None:
    (plain / "artifacts").write_text("a file\n")
    with warned() as told, gitml.run("wine") as run:
        run.log_text("x", "notes.txt")
    assert ["notes.txt was not written" in str(one.message) for one in told] == [True]
    assert gitml.open().show(run.ref).data["status"] == "finished"


def test_those_of_a_spool_are_taken_along(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node").mkdir()
    (plain / "team").mkdir()
    gitml.init(plain / "team")
    monkeypatch.chdir(tmp_path / "node")
    with gitml.run("wine", spool=tmp_path / "spool") as run:
        logged(run)
    monkeypatch.chdir(plain / "team")
    assert gitml.open().sync([tmp_path / "spool"], commit=True).recorded == (run.ref,)
    found = gitml.open().show(run.ref).data["outputs"]
    assert all(told["path"].startswith("team/artifacts/wine/") for told in found.values())
    assert {name: (plain / told["path"]).stat().st_size for name, told in found.items()} == {
        name: told["size"] for name, told in found.items()
    }
    assert not list((tmp_path / "spool").iterdir())


def test_runs_where_the_repository_ignores_their_files_already(plain: Path) -> None:
    commit(plain, {".gitignore": "/artifacts/\n"})
    refs = []
    for number in range(3):
        with gitml.run("wine") as run:
            run.log_text(f"{number}", "said.txt")
        assert not run.warnings
        refs.append(run.ref)
    assert {row["ref"] for row in gitml.open().rows("run").rows} == set(refs)
