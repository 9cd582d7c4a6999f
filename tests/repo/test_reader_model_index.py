"""Model indexes: Collections, Models, Results and Metrics, as loose as they are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import WARNING
from gitml.records.explain import explain
from gitml.records.ref import Ref
from gitml.repo.data.plain import load
from gitml.repo.packaged import folder
from gitml.repo.readers.derived import record
from gitml.repo.readers.model_index import get, is_index, listed, model_index
from gitml.repo.readers.model_records import metrics, records

PLACE = "configs/wine/metafile.yml"


def read(text: str, path: str = PLACE) -> dict[str, dict[str, Any]]:
    """The records of a text by ref; it has no problems."""
    found = model_index(path, text.encode())
    assert found.problems == ()
    return {str(ref): said for ref, said in records(found)}


def test_the_models_of_others_are_counted_as_they_are(real: Path) -> None:
    """Metafiles, models and metrics at each of the nine commits."""
    facts = json.loads((real / "FACTS.json").read_text())["open-mmlab+mmocr"]
    assert len(facts) == 9
    for commit, fact in facts.items():
        place = real / "open-mmlab+mmocr" / "snapshots" / commit
        paths = [path.relative_to(place).as_posix() for path in sorted(place.rglob("*.y*ml"))]
        assert all(map(is_index, paths))
        found = [model_index(path, (place / path).read_bytes()) for path in paths]
        metafiles = [index for index in found if index.path.endswith("metafile.yml")]
        said = [made for index in found for made in records(index)]
        models = {ref: data for ref, data in said if ref.kind == "model"}
        assert fact == {
            "metafiles": len(metafiles),
            "without_Models": sum(not index.models for index in metafiles),
            "models": len(models),
            "metric_values": sum(
                len(values) for data in models.values() for values in data.get("metrics", {}).values()
            ),
            "Models_is_mapping": [
                index.path for index in found for problem in index.problems if "Models is a mapping" in problem.message
            ],
        }
        assert len({ref for ref, _data in said}) == len(said)
        assert all(problem.severity == WARNING and problem.line for index in found for problem in index.problems)


MODELS = """\
Collections:
- Name: WineNet
  Metadata:
    Training Data: WineLabels
    Training Techniques: [SGD with Momentum, Weight Decay]
    Epochs: 5
  Paper: {URL: "https://example.org/paper", Title: Reading labels}
  README: configs/wine/README.md
Models:
- Name: winenet_r18/60e
  Alias: WN18
  In Collection: WineNet
  Config: configs/wine/winenet_r18.py
  Metadata: {Training Data: [WineLabels, Corks], Epochs: 1e1, inference time (ms/im): 012}
  Results:
  - {Task: Text Recognition, Dataset: Labels 1.0, Metrics: {word_acc: 0.8817, top 1: 74.67%, n: null, on: no}}
  - {Task: Text Recognition, Dataset: Corks, Metrics: {word_acc: 80.5}}
  Weights: https://example.org/r18-51c5d5b2.pth
- Name: winenet_r50
  Alias: [WN50, WineNet]
  In Collection: WineNet
  README: own.md
"""


def test_records_of_models() -> None:
    found = read(MODELS)
    assert list(found) == ["model/winenet_r18%2F60e", "model/winenet_r50", "model-collection/WineNet"]
    paper = {"URL": "https://example.org/paper", "Title": "Reading labels"}
    results = found["model/winenet_r18%2F60e"].pop("results")
    assert found["model/winenet_r18%2F60e"] == {
        "collection": "model-collection/WineNet",
        "aliases": ["WN18"],
        "config": "configs/wine/winenet_r18.py",
        "task": "Text Recognition",
        "training_data": ["WineLabels", "Corks"],
        "metadata": {"Training Data": ["WineLabels", "Corks"], "Epochs": 10.0, "inference time (ms/im)": 12},
        "metrics": {
            "Labels 1.0": {"word_acc": 0.8817, "top 1": "74.67%", "n": None, "on": "no"},
            "Corks": {"word_acc": 80.5},
        },
        "pointer": {"type": "uri", "uri": "https://example.org/r18-51c5d5b2.pth"},
        "paper": paper,
        "readme": "configs/wine/README.md",
        "source": PLACE,
    }
    assert results[1] == {"Task": "Text Recognition", "Dataset": "Corks", "Metrics": {"word_acc": 80.5}}
    assert found["model/winenet_r50"] == {
        "collection": "model-collection/WineNet",
        "aliases": ["WN50", "WineNet"],
        "paper": paper,
        "readme": "own.md",
        "source": PLACE,
    }
    collection = found["model-collection/WineNet"]
    assert collection["models"] == ["model/winenet_r18%2F60e", "model/winenet_r50"]
    assert (collection["training_data"], collection["readme"]) == ("WineLabels", "configs/wine/README.md")
    assert collection["metadata"]["Epochs"] == 5
    assert explain(load((folder() / "model-collection.yaml").read_bytes()), collection) == []


def test_one_mapping_where_a_list_is_meant() -> None:
    found = model_index(PLACE, b"Collections:\n- Name: oWine\nModels:\n  Weights: https://example.org/w.pth\n")
    [problem] = found.problems
    assert str(problem) == f"{PLACE}:4: Models is a mapping where a list is expected; write a dash before each entry"
    assert (problem.code, problem.severity) == ("read.model-index", WARNING)
    assert [name for name, _data in found.models] == ["oWine"]
    said = {str(ref): data for ref, data in records(found)}
    assert said["model/oWine"]["collection"] == "model-collection/oWine"


def test_a_mapping_of_models_by_name() -> None:
    found = model_index("model-index.yaml", b"models:\n  a: {config: a.py}\n  b: {Config: b.py}\n")
    assert [name for name, _data in found.models] == ["a", "b"]
    assert {str(ref): data["config"] for ref, data in records(found)} == {"model/a": "a.py", "model/b": "b.py"}


def test_models_without_a_name() -> None:
    found = model_index("zoo/reds/metafile.yml", b"Models:\n- Config: a.py\n- Config: b.py\n- Name: 2025\n- Name: ''\n")
    assert [name for name, _data in found.models] == ["reds", "reds~2", "2025", "reds~3"]
    assert found.problems == ()
    assert [name for name, _data in model_index("metafile.yml", b"Models: [{Config: a}]").models] == ["metafile.yml"]


def test_two_models_of_one_name_are_both_kept() -> None:
    text = b"Models:\n- Name: wn\n  Weights: a\n- Name: wn~2\n- Name: wn\n  Weights: b\n"
    found = model_index(PLACE, text)
    assert [(name, get(data, "weights")) for name, data in found.models] == [("wn", "a"), ("wn~2", None), ("wn~3", "b")]
    [problem] = found.problems
    assert (problem.line, problem.severity) == (5, WARNING)
    assert problem.message == "Models holds the name wn twice; the second is read as wn~3"


def test_files_that_hold_more() -> None:
    text = b"Import:\n- a/metafile.yml\n- b/*.yml\nModels:\n- c.yml\n- Name: d\nCollections: e.yml\n"
    found = model_index("model-index.yml", text)
    assert found.imports == ("a/metafile.yml", "b/*.yml", "e.yml", "c.yml")
    assert [name for name, _data in found.models] == ["d"]
    assert model_index("model-index.yml", b"Import: a.yml\n").imports == ("a.yml",)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (b"Models: ]", 1, "not YAML"),
        (b"Models:\n- Name: a\n  Name: b\n", 3, "the key 'Name' stands twice"),
        (b"- Name: a\n", 1, "a model index is a mapping"),
        (b"a bare text", 1, "a model index is a mapping"),
        (b"Models:\n- \xff", 2, "not UTF-8"),
        (b"[" * 200_000, 1, "nested too deep"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_problem(text: bytes, line: int, message: str) -> None:
    found = model_index(PLACE, text)
    [problem] = found.problems
    assert (found.models, found.collections) == ((), ())
    assert (problem.code, problem.path, problem.line) == ("read.model-index", PLACE, line)
    assert message in problem.message


def test_an_entry_that_is_no_mapping_is_a_problem_and_the_rest_is_read() -> None:
    found = model_index(PLACE, b"Models:\n- Name: a\n- 7\n-\n- [x]\n- Name: b\n")
    assert [name for name, _data in found.models] == ["a", "b"]
    assert [(problem.line, problem.message) for problem in found.problems] == [
        (3, "Models holds 7 where a mapping is expected"),
        (5, "Models holds ['x'] where a mapping is expected"),
    ]


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"Name: NAF\nData: {}\n", b"Models:\n", b"Models: []\n"])
def test_a_file_without_models(text: bytes) -> None:
    found = model_index("dataset_zoo/naf/metafile.yml", text)
    assert (found.models, found.collections, found.problems, records(found)) == ((), (), (), [])


def test_which_files_are_read() -> None:
    assert all(map(is_index, ["model-index.yml", "a/b/metafile.yml", "metafile.yaml"]))
    assert not any(map(is_index, ["model_index.yml", "metafile.yml/x.yml", "my-metafile.yml"]))


def result(dataset: Any, task: Any, **values: Any) -> dict[str, Any]:
    return {"Dataset": dataset, "Task": task, "Metrics": values}


def test_metrics_of_one_data_set_are_one_mapping() -> None:
    found = metrics([result("COCO", "Detection", box=42.6), result("COCO", "Segmentation", mask=36.7)])
    assert found == {"COCO": {"box": 42.6, "mask": 36.7}}


def test_metrics_that_would_meet_are_told_apart_by_task() -> None:
    found = metrics([result("COCO", "Detection", AP=42.6), result("COCO", "Segmentation", AP=36.7, n=1)])
    assert found == {"COCO": {"Detection": {"AP": 42.6}, "Segmentation": {"AP": 36.7, "n": 1}}}
    found = metrics([result("COCO", "Detection", AP=1), result("COCO", "Detection", AP=2), result("COCO", None, AP=3)])
    assert found == {"COCO": {"Detection": {"AP": 1}, "Detection~2": {"AP": 2}, "result": {"AP": 3}}}


def test_metrics_without_a_data_set() -> None:
    assert metrics([result(None, "Detection", AP=1)]) == {"Detection": {"AP": 1}}
    assert metrics([{"metrics": {"AP": 1}}, result("AP", None, x=2)]) == {"AP": {"x": 2}, "AP~2": 1}
    assert metrics([result(["A", "B"], None, AP=1)]) == {"A, B": {"AP": 1}}
    assert metrics([{"Metrics": "see README"}, {}]) == {}


def test_results_in_other_shapes() -> None:
    found = read("Models:\n- Name: a\n  Results: {Dataset: D, Metrics: {1: 2, yes: .nan}}\n  Weights: [x, y]\n")
    assert found["model/a"]["results"]["Metrics"].keys() == {"1", "yes"}
    assert found["model/a"]["weights"] == ["x", "y"]
    assert read("Models:\n- Name: a\n  Results: see README\n")["model/a"]["results"] == "see README"
    tasks = read("Models:\n- Name: a\n  Results: [{Task: x}, {Task: y}, {Task: x}]\n")["model/a"]
    assert tasks["tasks"] == ["x", "y"]
    assert "task" not in tasks


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Name", "Results", "Metrics", "Dataset", "Metadata", "x"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(data=st.fixed_dictionaries({}, optional=dict.fromkeys(["Models", "Collections", "models", "Import"], values)))
def test_any_shape_gives_records_or_problems(data: dict[str, Any]) -> None:
    found = model_index(PLACE, json.dumps(data).encode())
    said = records(found)
    assert len({ref for ref, _data in said}) == len(said) == len(found.models) + len(found.collections)
    for ref, entry in said:
        assert Ref.parse(str(ref)) == ref
        assert record(ref.kind, ref.keys, PLACE, entry).data["source"] == PLACE


@given(raw=st.binary(max_size=60))
def test_any_bytes_give_a_problem_or_nothing(raw: bytes) -> None:
    found = model_index(PLACE, raw)
    assert len(found.problems) <= 1
    assert not found.models or not found.problems


def test_listed() -> None:
    assert [listed(value) for value in (None, "a", ["a"], {})] == [[], ["a"], ["a"], [{}]]
