"""The journal: what is added is read back, whatever it is, and whatever a crash or a disk has done to it."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disks import full, mounted
from gitml.records.record import column
from gitml.repo.journal import writing
from gitml.repo.journal.folder import OWN, Folder, folders
from gitml.repo.journal.later import later
from gitml.repo.journal.lines import event_line, events, named, number_text, points, points_line, tail, whole
from gitml.repo.journal.process import Life, life, this_process
from gitml.repo.journal.writing import Journal

NAMES = st.lists(st.text(), min_size=1, max_size=3).map(tuple)
NUMBERS = st.floats() | st.integers()


def added(folder: Path, *lines: str, name: str = OWN) -> Journal:
    journal = Journal(folder, name)
    for line in lines:
        with journal.turn:
            journal.add(line)
    journal.close(durable=True)
    return journal


def point(name: str, value: float, time: int = 0) -> str:
    return points_line(time, None, [named(name) + number_text(value)])


@given(st.dictionaries(NAMES, NUMBERS, max_size=4), st.integers() | st.none(), st.integers(0, 1 << 45))
def test_points_read_back(metrics: dict[tuple[str, ...], float], step: int | None, time: int) -> None:
    line = points_line(time, step, [named(column(*name)) + number_text(value) for name, value in metrics.items()])
    found = list(points([line.encode()]))
    assert repr(found) == repr(
        [type(one)(name, value, step, time) for one, (name, value) in zip(found, metrics.items(), strict=True)]
    )
    assert len(found) == len(metrics)
    assert list(events([line.encode()])) == []


JSON = st.recursive(
    st.text() | st.integers() | st.floats(allow_nan=False) | st.none(),
    lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), JSON))
def test_events_read_back(said: dict[str, Any]) -> None:
    line = event_line(7, "params", said).encode()
    assert line.count(b"\n") == 1
    assert list(events([line])) == [(7, "params", said)]
    assert list(points([line])) == []


@pytest.mark.parametrize(
    "spoilt", [b"\0\0\0\n", b"[1, null, \n", b'{"at": 3, "par\n', b'{"at": "x"}\n', b"[1]\n", b"\xff\n"]
)
def test_a_line_that_is_spoilt_costs_itself_alone(tmp_path: Path, spoilt: bytes) -> None:
    added(tmp_path, point("a", 1), event_line(5, "tags", {"b": "c"}))
    with (tmp_path / OWN).open("ab") as file:
        file.write(spoilt + point("a", 2).encode())
    folder = Folder(tmp_path)
    assert [one.value for one in folder.points()] == [1, 2]
    assert folder.events == [(5, "tags", {"b": "c"})]


def test_a_torn_last_line_was_never_said(tmp_path: Path) -> None:
    added(tmp_path, point("a", 1), point("a", 2))
    whole_file = (tmp_path / OWN).read_bytes()
    for size in range(len(whole_file)):
        (tmp_path / OWN).write_bytes(whole_file[:size])
        assert len(list(Folder(tmp_path).points())) == whole_file[:size].count(b"\n")


def test_what_several_processes_say_is_in_order_of_time(tmp_path: Path) -> None:
    added(tmp_path, point("a", 1, 10), point("a", 3, 30))
    added(tmp_path, point("a", 2, 20), point("a", 4, 40), name="other.jsonl")
    assert [one.value for one in Folder(tmp_path).points()] == [1, 2, 3, 4]
    assert Folder(tmp_path).is_shared


def test_the_tail_of_a_large_file(tmp_path: Path) -> None:
    added(tmp_path, *(point("a", number) for number in range(20_000)))
    lines = tail(tmp_path / OWN)
    assert len(lines) < 5000
    assert lines == list(whole(tmp_path / OWN))[-len(lines) :]


def test_a_disk_that_is_full_for_a_while_tears_a_line_and_loses_none(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=256k"):
        journal = Journal(disk / "run", OWN)
        for number in range(3000):
            with journal.turn:
                journal.add(point("loss", number))
        with full(disk, free=10_000):
            journal.flush()
            assert journal.fault is not None
            assert b"".join(whole(journal.path)) != journal.path.read_bytes() or journal.held()[1]
            assert [one.value for one in Folder(disk / "run").points(*journal.held())] == list(range(3000))
        journal.close(durable=True)
        assert journal.held()[1] == []
        assert [one.value for one in Folder(disk / "run").points()] == list(range(3000))
        assert journal.lost == 0


def test_a_folder_that_cannot_be_made_costs_nothing_but_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    journal = added(tmp_path / "file" / "run", point("a", 1), point("a", 2))
    assert isinstance(journal.fault, OSError)
    assert [one.value for one in Folder(tmp_path / "file" / "run").points(*journal.held())] == [1, 2]


def test_a_process_is_there_or_gone() -> None:
    mine = this_process()
    assert life(mine) is Life.THERE
    assert life({**mine, "started": "1"}) is Life.GONE  # the number is another process's by now
    assert life({**mine, "boot": "before"}) is Life.GONE
    assert life({**mine, "space": "a container's"}) is Life.UNKNOWN
    assert life({**mine, "host": "elsewhere"}) is Life.UNKNOWN
    assert life({}) is Life.UNKNOWN


def test_a_run_elsewhere_is_gone_when_it_has_long_been_silent(tmp_path: Path) -> None:
    elsewhere = {"process": {**this_process(), "host": "elsewhere"}}
    added(tmp_path / "a", event_line(0, "begin", elsewhere))
    assert Folder(tmp_path / "a").life is Life.UNKNOWN
    for place in (tmp_path / "a" / OWN, tmp_path / "a"):
        os.utime(place, (0, 0))
    assert Folder(tmp_path / "a").life is Life.GONE


def test_folders_are_those_of_runs(tmp_path: Path) -> None:
    assert folders(tmp_path / "nowhere") == []
    for name in ("b", "a", ".gone-c"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").write_text("")
    found = folders(tmp_path)
    assert [one.id for one in found] == ["a", "b"]
    assert found[0].begin is None
    found[0].remove()
    found[0].remove()
    assert [one.id for one in folders(tmp_path)] == ["b"]


def test_numbers_that_json_has_not() -> None:
    assert [json.loads(number_text(one)) for one in (math.nan, math.inf, -math.inf, 2**70, 0.1)] == [
        "nan", "inf", "-inf", 2**70, 0.1,
    ]  # fmt: skip


def test_a_silent_run_gives_a_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_open", set())
    journal, touched = Journal(tmp_path, OWN), Event()
    with journal.turn:
        journal.add('{"at": 1}\n')
    journal.flush()
    os.utime(journal.path, (1, 1))
    monkeypatch.setattr(writing, "_BEAT", 0.0)
    monkeypatch.setattr(writing, "later", lambda _deed, _seconds: touched.set())
    writing._beat()
    assert journal.path.stat().st_mtime > 1
    assert touched.is_set()  # and so on
    journal.close(durable=False)
    touched.clear()
    os.utime(journal.path, (1, 1))
    writing._beat()
    assert (journal.path.stat().st_mtime, touched.is_set()) == (1, False)


def test_what_is_due_sooner_is_done_sooner() -> None:
    done, order = Event(), list[str]()

    def second() -> None:
        order.append("second")
        done.set()

    later(lambda: order.append("never"), 3600)
    later(second, 0.02)
    later(lambda: order.append("first"), 0.0)
    assert done.wait(10)
    assert order == ["first", "second"]
