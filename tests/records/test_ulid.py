"""ULIDs: they sort by time, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.records.ulid import is_ulid, new_ulid

times = st.integers(0, 2**48 - 1)
random_bytes = st.binary(min_size=10, max_size=10)


@given(times, random_bytes)
def test_what_is_made_is_a_ulid(time: int, randomness: bytes) -> None:
    assert is_ulid(new_ulid(time, randomness))


@given(times, random_bytes, times, random_bytes)
def test_ulids_sort_by_time_then_by_their_random_bits(one: int, a: bytes, other: int, b: bytes) -> None:
    assert (new_ulid(one, a) < new_ulid(other, b)) is ((one, a) < (other, b))


def test_a_known_ulid() -> None:
    assert new_ulid(1469918176385, bytes(10)) == "01ARYZ6S410000000000000000"
    assert new_ulid(2**48 - 1, b"\xff" * 10) == "7" + "Z" * 25


@pytest.mark.parametrize(
    "text",
    ["", "01ARYZ6S41", "01aryz6s410000000000000000", "8" + "Z" * 25, "01ARYZ6S41000000000000000I", "0" * 26 + "\n"],
)
def test_what_is_no_ulid(text: str) -> None:
    assert not is_ulid(text)
