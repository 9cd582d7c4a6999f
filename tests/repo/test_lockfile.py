"""`dvc.lock` by whole entries: what is not asked for stays byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import BadValue
from gitml.repo.data.lockfile import entries, spliced, texts

HEAD = "schema: '2.0'\nstages:\n"
NAMES = ["prepare", "train@us", "'1e5'", '"a b"']
MD5 = "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"


def entry(name: str, command: str) -> str:
    return (
        f"  {name}:\n    cmd: {command}\n    deps:\n    - path: a.py\n      hash: md5\n      md5: {MD5}\n"
        "    params:\n      params.yaml:\n        text: |-\n          one\n\n          two\n"
    )


LOCKS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["python a.py", "b", "c: d".replace(": ", "")]))


def lock(said: dict[str, str]) -> bytes:
    return (HEAD + "".join(entry(name, command) for name, command in said.items())).encode()


def plain(name: str) -> str:
    return name.strip("'\"")


@given(now=LOCKS, other=LOCKS)
def test_entries_come_and_go_as_wholes(now: dict[str, str], other: dict[str, str]) -> None:
    given_ = texts("dvc.lock", lock(other))
    assert list(given_) == [plain(name) for name in other]
    assert spliced("dvc.lock", lock(now), {}) == (lock(now) if now else None)
    assert spliced("dvc.lock", lock(now), dict(given_)) == (lock({**now, **other}) if now or other else None)
    left = {name: said for name, said in now.items() if name not in other}
    gone = {plain(name): None for name in other}
    assert spliced("dvc.lock", lock(now), gone) == (lock(left) if left else None)


def test_where_there_was_none_or_an_empty_one() -> None:
    put = texts("dvc.lock", lock({"a": "b"}))
    for raw in (None, b"", b"schema: '2.0'\nstages:\n", b"schema: '2.0'\nstages: {}\n"):
        assert spliced("dvc.lock", raw, dict(put)) == lock({"a": "b"})
    assert entries("dvc.lock", None) == {}


@pytest.mark.parametrize(
    "raw",
    [
        b"stages:\n  a:\n    cmd: b\nschema: '2.0'\n",
        b"schema: '2.0'\nstages:\n    a:\n      cmd: b\n",
        b"schema: '2.0'\nstages: {a: {cmd: b}}\n",
        b"a:\n  cmd: b\n",
        HEAD.encode() + b"  a:\n    cmd: b",
        b"schema: '2.0'\nstages: [\n",
        b"schema: '2.0'\nstages:\n  a: 1\n",
    ],
)
def test_what_dvc_does_not_write_is_left_alone(raw: bytes) -> None:
    with pytest.raises(BadValue, match=r"dvc.lock"):
        spliced("dvc.lock", raw, {"a": None})
