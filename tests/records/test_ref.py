"""Refs: text and value are inverse, whatever other tools call their things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import BadRef
from gitml.records.ref import Ref, decode, encode
from yaml_strategies import NAMES, names

kinds = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)
revisions = st.none() | st.sampled_from(["HEAD", "v1.0", "HEAD~3", "feature/x", "a:b", "HEAD@{1}", "main^{/fix: it}"])
refs = st.builds(Ref, kinds, st.lists(names, min_size=1, max_size=3).map(tuple), revisions)


@given(refs)
def test_a_ref_reads_what_it_writes(ref: Ref) -> None:
    assert Ref.parse(str(ref)) == ref
    assert str(ref.bare) == str(ref).removeprefix(f"{ref.rev}:")
    assert ref.bare == Ref(ref.kind, ref.keys)


@given(names)
def test_a_version_stands_behind_an_at(name: str) -> None:
    assert str(Ref("dataset-version", (name, "2"))) == f"dataset/{encode(name)}@2"


@given(st.text())
def test_an_encoded_name_holds_nothing_that_parts_a_ref(name: str) -> None:
    encoded = encode(name)
    assert not set(encoded) & set("/@:# \t\n\r\x00\x7f\x85\u2028")
    assert decode(encoded) == name


@given(st.text())
def test_any_text_is_a_ref_or_refused(text: str) -> None:
    try:
        ref = Ref.parse(text)
    except BadRef:
        return
    assert Ref.parse(str(ref)) == ref


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_written_in_a_ref(name: str) -> None:
    for ref in (Ref("metric", (name,)), Ref("model-version", (name, name)), Ref("alias", ("model", name, name), "v1")):
        assert Ref.parse(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("metric/auc", Ref("metric", ("auc",))),
        ("dataset/wine@2", Ref("dataset-version", ("wine", "2"))),
        ("alias/model/wine/production", Ref("alias", ("model", "wine", "production"))),
        ("run/wine/01JD", Ref("run", ("wine", "01JD"))),
        ("v1.0:model/wine@3", Ref("model-version", ("wine", "3"), "v1.0")),
        ("HEAD~2:metric/a%2Fb", Ref("metric", ("a/b",), "HEAD~2")),
        ("dvc-stage/train%40us", Ref("dvc-stage", ("train@us",))),
        ("metric/caf%C3%A9", Ref("metric", ("café",))),
        ("metric/100%", Ref("metric", ("100%",))),
    ],
)
def test_refs_as_the_design_writes_them(text: str, ref: Ref) -> None:
    assert Ref.parse(text) == ref


@pytest.mark.parametrize(
    "text",
    [
        "", "model", "/wine", "model/", "model//3", ":model/wine", "Model/wine", "model/wine@", "model/@3",
        "model/a/b@3", "model/wine@1@2", "mödel/x", "metric/%ff", "1model/x", "http://example.org/x", "metric/a/",
    ],
)  # fmt: skip
def test_what_is_no_ref_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(BadRef) as caught:
        Ref.parse(text)
    assert repr(text)[1:-1] in caught.value.message or "percent codes" in caught.value.message
    assert caught.value.hint
