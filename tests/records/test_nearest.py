from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from gitml.records.nearest import nearest


def test_case_then_last_part_then_likeness() -> None:
    columns = ["metrics.auc", "metrics.validation.auc", "metrics.rmse", "params.lr", "Status", "status"]
    assert nearest("metrics.acu", columns)[0] == "metrics.auc"
    assert nearest("auc", columns) == ("metrics.auc", "metrics.validation.auc")
    assert nearest("STATUS", columns) == ("Status", "status")
    assert nearest("adn", ["and", "or"]) == ("and",)
    assert nearest("model/whine", ["model/wine", "model/beer", "dataset/wine"])[0] == "model/wine"
    assert nearest("zzz", columns) == nearest("auc", []) == ()
    assert nearest("run1", [f"run{place}" for place in range(9)], limit=2) == ("run1", "run0")


def test_quick_among_many_and_with_hostile_names() -> None:
    refs = [f"run/wine/{place:026}" for place in range(100_000)]
    start = time.process_time()
    assert nearest("run/wnie/00000000000000000000000077", refs)[0] == refs[77]
    assert nearest("x" * 1_000_000, [*refs, "x" * 1_000_000]) == ()
    assert time.process_time() - start < 5


@given(st.text(), st.lists(st.text()))
def test_never_raises_and_gives_candidates(name: str, candidates: list[str]) -> None:
    assert set(nearest(name, candidates)) <= set(candidates)
