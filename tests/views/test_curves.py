"""Curves: in the order of their steps, with their last and best, and where each dot stands in a drawing."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.cli.curves import frames
from gitml.errors import NotFound
from gitml.render.canvas import Canvas
from gitml.render.curves import curves_text
from gitml.render.page import Page
from gitml.views.curves import Curve, Curves, Mark, curves
from gitml.views.metrics import Metric

HIGHER = Metric("higher")
BRAILLE = re.compile("[\u2801-\u28ff]")


def of(*values: float, direction: str = "higher", live: bool = False) -> Curves:
    points = [("auc", step, value) for step, value in enumerate(values)]
    return curves("auc", Metric(direction), [("run/w/a", points, live)])


def test_points_stand_by_their_steps_and_the_best_by_its_direction() -> None:
    points = [("auc", 3, 0.5), ("loss", 1, 9), ("auc", 1, 0.9), ("auc", 1, 0.8), ("auc", 2, math.nan)]
    found = curves("auc", HIGHER, [("run/w/a", points, False)])
    (curve,) = found.curves
    assert [(mark.at, mark.value) for mark in curve.marks if mark.at != 2] == [(1, 0.9), (1, 0.8), (3, 0.5)]
    assert (curve.last, curve.best, found.along) == (Mark(3, 0.5), Mark(1, 0.9), "step")
    assert [len(stretch) for stretch in curve.stretches] == [2, 1]
    assert of(3, 1, 2, direction="lower").curves[0].best == Mark(1, 1)
    assert of(3, 1, 2, direction="none").curves[0].best is None


def test_without_steps_points_are_counted_in_all_curves() -> None:
    logged = [("run/w/a", [("auc", None, 1), ("auc", None, 2)], False), ("run/w/b", [("auc", 90, 3)], False)]
    found = curves("auc", HIGHER, logged)
    assert found.along == "point"
    assert [[mark.at for mark in curve.marks] for curve in found.curves] == [[1, 2], [1]]


def test_a_metric_that_was_not_logged_is_refused_unless_the_run_goes_on() -> None:
    with pytest.raises(NotFound, match="no metric auk") as found:
        curves("auk", HIGHER, [("run/w/a", [("auc", 1, 1)], False)])
    assert found.value.near == ("auc",)
    assert curves("auk", HIGHER, [("run/w/a", [], True)]).curves == (Curve("run/w/a", (), None, None, live=True),)


def test_a_rising_line_goes_from_the_left_below_to_the_right_above() -> None:
    text = curves_text(of(0, 1, 2, 3), Page(width=60)).splitlines()
    drawing = [line[5:] for line in text[:16]]
    first, last = ([place for place, row in enumerate(drawing) if BRAILLE.search(row[column:])] for column in (0, 48))
    assert (first[0], first[-1]) == (0, 15)
    assert drawing[0].endswith(" a")
    assert max(last) < 4
    assert BRAILLE.match(drawing[15])
    assert text[17].split() == ["0", "3", "step"]
    assert text[-1].split() == ["a", "run/w/a", "3", "3", "3", "3"]


@pytest.mark.parametrize("values", [(1.0,), (2.0, 2.0), (0.0, 0.0), (1e308, -1e308), (math.nan, 5.0, math.inf)])
def test_what_has_no_height_or_no_place_is_drawn_all_the_same(values: tuple[float, ...]) -> None:
    assert BRAILLE.search(curves_text(of(*values), Page(width=40)))


def test_of_nothing_there_is_no_drawing() -> None:
    text = curves_text(of(math.nan, live=True))
    assert text.startswith("no value of auc can be drawn yet\n")
    assert text.rstrip().endswith("still running")


def test_without_colour_several_curves_are_letters_and_with_it_dots_in_colours() -> None:
    two = curves(
        "auc",
        HIGHER,
        [(f"run/w/{name}", [("auc", 0, 1 - up), ("auc", 9, up)], False) for name, up in (("a", 1), ("b", 0))],
    )
    plain = curves_text(two)
    assert not BRAILLE.search(plain)
    assert {"a", "b", "*"} <= set(plain.partition("└")[0])
    bright = curves_text(two, Page(width=80, colour=True))
    assert BRAILLE.search(bright)
    assert {"\x1b[38;5;32m", "\x1b[38;5;214m"} <= set(re.findall("\x1b\\[38[^m]*m", bright))
    assert max(len(re.sub("\x1b[^m]*m", "", line)) for line in bright.splitlines()) <= 80


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), min_size=1, max_size=5))
def test_every_dot_is_in_its_cell(dots: list[tuple[int, int]]) -> None:
    canvas = Canvas(10, 5)
    canvas.line(dots, 0)
    rows = [[text for text, _owner in row] for row in canvas.rows()]
    for x, y in dots:
        assert ord(rows[y // 4][x // 2]) & (0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80)[y % 4 + 4 * (x % 2)]


def test_a_watch_draws_what_has_changed_until_nothing_goes_on() -> None:
    told = [of(1, live=True), of(1, live=True), of(1, 2, live=True), of(1, 2)]
    waits: list[None] = []
    assert list(frames(iter(told).__next__, lambda: waits.append(None))) == [told[0], told[2], told[3]]
    assert len(waits) == 3
