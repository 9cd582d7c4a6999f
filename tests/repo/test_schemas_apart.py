"""What is worked out of schema files is shared, but never asked of another store, which may be gone by then."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import gitml
from gitml.records import schemas
from gitml.repo import kinds
from gitrepo import commit, init


@pytest.mark.parametrize("edited", [False, True], ids=["as shipped", "edited"])
def test_two_stores_with_the_same_schemas_of_which_one_goes(tmp_path: Path, *, edited: bool) -> None:
    stores = []
    for name in ("one", "other"):
        place = init(tmp_path / name)
        gitml.init(place)
        if edited:
            schema = place / "schemas/dataset.yaml"
            schema.write_text(schema.read_text() + "# ours\n")
        commit(place, {}, "begin")
        stores.append(place)
    for place in stores:
        assert gitml.open(place).rows("dataset").total == 0  # the heads of schemas are kept
    kinds._schemas.cache_clear()  # as a process that begins now finds it
    schemas._kind.cache_clear()
    assert gitml.open(stores[0]).rows("dataset").total == 0
    shutil.rmtree(stores[0])
    store = gitml.open(stores[1])
    store.new("dataset", "wine", {"description": "Wines."})
    assert store.show("dataset/wine").data["description"] == "Wines."
