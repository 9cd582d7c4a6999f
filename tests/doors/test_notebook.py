"""A real notebook in a real kernel: the same API, the magic, and the lineage to what its author wrote."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import gitml
from gitml.actions.capture import notebook
from gitrepo import commit, init

if TYPE_CHECKING:
    import pytest

CELLS = (
    "%load_ext gitml\nimport gitml, random",
    "with gitml.run('wine', params={'lr': 0.01}) as run:\n    random.seed(42)\n    run.log({'auc': 0.91}, step=1)",
    "%gitml list run 'metrics.auc > 0.9' --columns ref,metrics.auc --format csv",
    "%gitml list nothing",
    "1 / 0",
)


def printed(cell: nbformat.NotebookNode, stream: str = "stdout") -> str:
    return "".join(one.text for one in cell.outputs if one.get("name") == stream)


def test_a_notebook_records_runs_with_the_digest_of_its_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = init(tmp_path / "repo")
    gitml.init(place)
    made = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    file = place / "explore.ipynb"
    nbformat.write(made, file)
    commit(place, {}, "begin")
    monkeypatch.setenv("GITML_NOTEBOOK", "explore.ipynb")
    monkeypatch.setenv("PYTHONPATH", str(Path(gitml.__file__).parents[1]))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    written = notebook.digest(file)
    client = NotebookClient(made, timeout=60, allow_errors=True, resources={"metadata": {"path": str(place)}})
    client.create_kernel_manager()
    client.km.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    client.execute()
    nbformat.write(made, file)  # now with outputs, as Jupyter saves it
    (row,) = gitml.open(place).rows("run").rows
    record = gitml.open(place).show(row["ref"]).data
    assert record["code"]["notebook"] == {"path": "explore.ipynb", "sha256": written}
    assert notebook.digest(file) == written
    assert "command" not in record["code"]
    assert (record["seeds"], record["metrics"]) == ({"python": 42}, {"auc": 0.91})
    assert printed(made.cells[2]).splitlines() == ["ref,metrics.auc", f"{row['ref']},0.91"]
    assert "there is no kind 'nothing'" in printed(made.cells[3]) + printed(made.cells[3], "stderr")
    assert made.cells[4].outputs[0].ename == "ZeroDivisionError"  # the kernel goes on as it was
