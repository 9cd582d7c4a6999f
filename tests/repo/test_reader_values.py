"""Values of YAML, JSON, TOML and Python files, held against DVC's own loaders."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from typing import Any

import pytest
from dvc.utils.serialize import PARSERS, dumps_yaml
from hypothesis import given
from hypothesis import strategies as st

from gitml.records.canonical import dump
from gitml.records.record import same
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.values import load_lines, load_values
from gitml.repo.readers.yaml12 import EXPANDED, plain_value
from yaml_strategies import TEXTS, records, texts, values

ENDINGS = ("params.yaml", "params.yml", "dvc.lock", "data.csv.dvc", "no-ending", "a.json", "a.toml", "a.py", "a.JSON")
PLAIN = (
    *TEXTS, "012", "-012", "+_0", "08", "0o17", "0o8", "0b101", "-0b1", "0x1F", "+0xf", "1_000", "1__0", "_1", "0_",
    "0b", "0x", "0o", "1e3", "1e-3", "1E+5", "1e5_0", "1.", "1.e3", ".5", ".5e3", ".5e+3", "+.5", "1_0.5", "._5",
    "-0.0", "-.5", "+", ".", "True", "TRUE", "tRUE", "null", "NULL", "nULL", "~", ".inf", "+.INF", "-.Inf", ".nan",
    "+.nan", "yes", "No", "on", "1:30", "1:30.5", "9" * 30, "0x" + "f" * 40, "12e03", "1.5.2", "1-2", "1e", "0.1.0",
    "v1", "e5", "inf", "nan", "٣",
)  # fmt: skip


def by_dvc(text: str, name: str) -> Any:
    """What DVC reads, with our two departures: dates are texts, tuples and sets lists."""
    return told(PARSERS["." + name.rpartition(".")[2].lower()](text, name))


def told(value: Any) -> Any:
    if isinstance(value, dict):
        return {told(key) if isinstance(key, dt.date) else key: told(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [told(inner) for inner in value]
    if isinstance(value, set):
        return [told(inner) for inner in sorted(value, key=repr)]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def alike(ours: Any, theirs: Any) -> bool:
    """Equal in value and type, NaN included."""
    return repr(ours) == repr(theirs)


# ── YAML ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from(PLAIN) | st.text("0123456789_.+-eExobafn:~", max_size=7) | texts)
def test_plain_scalars_have_the_types_that_dvc_gives_them(text: str) -> None:
    from dvc.utils.serialize import ParseError

    try:
        theirs = PARSERS[".yaml"](f"- {text}\n", "x")
    except (ParseError, ValueError):  # DVC itself fails on `-_` and `._`
        return
    try:
        ours = load_values(f"- {text}\n".encode(), "x.yaml")
    except Unreadable:
        # DVC's present scanner takes what libyaml, with which it ran for years, does not.
        assert not text.isascii() or {":", "&", "\r", '"'} & set(text)
        return
    dated = isinstance(theirs, list) and any(isinstance(item, dt.date) for item in theirs)
    assert dated or "\x85" in text or alike(ours, told(theirs))


def test_dates_stay_the_text_that_was_written() -> None:
    written = ["2026-01-01", "2026-01-01 10:00:00", "2026-1-1T1:00:00Z"]
    assert load_values("\n".join(f"- {text}" for text in written).encode(), "x.yaml") == written


@given(records)
def test_canonical_text_and_what_dvc_dumps_are_read_as_they_were(data: dict[str, Any]) -> None:
    assert same(load_values(dump(data), "x.yaml"), data)
    if json.dumps(data).isascii() and "\\u" not in json.dumps(data):
        text = dumps_yaml(data)
        assert alike(load_values(text.encode(), "x.yaml"), by_dvc(text, "x.yaml"))


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n",
        "a: {<<: [{x: 1}, {x: 2, y: 3}], z: 4}\n",
        "a: &x {b: 1}\nc: &y {<<: *x, b: 2}\nd: {<<: *y, f: 3}\n",
        "z: 1\n<<: {a: 1, z: 2}\nb: 3\n",
        "a: {<<: {x: 1}, x: 2, x: 3}\n",
        "a: &x 1\nb: &x 2\nc: *x\n",
        '"<<": 1\n',
        "2: a\n1.5: b\ntrue: c\nnull: d\n-.inf: e\n",
        "a: !!str 1\nb: !!int '3'\nc: !!float 3\nd: !!null x\ne: !!bool yes\nf: ! 3\n",
        "a: !!map {b: 1}\nc: !!seq [1]\nd: !!set {x}\n",
        "a: |\n  x\n   y\n\nb: >-\n  x\n  y\nc: 'it''s'\nd: \"\\x41\\t\\u00e9\"\n",
        "# only a comment\n",
        "---\n...\n",
        "%YAML 1.2\n---\nno: off\n",
        "- - a\n  - b\n- {x: [1, 2]}\n",
        "? a\n: b\n",
        "\ufeffa: 1\n",
        "a: ${x}\nb: [$x, '${y}']\n",
        "0", "false", '""', "null", "~", "text", "[]", "",
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.ReusedAnchorWarning")
def test_yaml_is_read_as_dvc_reads_it(text: str) -> None:
    assert alike(load_values(text.encode(), "x.yaml"), by_dvc(text, "x.yaml"))


def test_lines_of_the_two_outer_levels() -> None:
    text = "vars: [a]\nstages:\n  a:\n    cmd: x\n\n  # b\n  b: {cmd: y}\nempty: {}\n"
    data, lines = load_lines(text.encode())
    assert data == load_values(text.encode(), "dvc.yaml")
    assert lines == {
        ("vars",): 1, ("stages",): 2, ("stages", "a"): 3, ("stages", "b"): 7, ("empty",): 8,
    }  # fmt: skip


# ── JSON, TOML, Python ────────────────────────────────────────────────────────────────────────────────────────────


@given(values)
def test_json_is_read_as_dvc_reads_it(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert alike(load_values(text.encode(), "m.json"), by_dvc(text, "m.json"))


@pytest.mark.parametrize(
    "text",
    [
        "a = 1e3\nb = 1_000\nc = 0o17\nd = nan\ne = -inf\nf = 0.0\ng = +1\n",
        "when = 1979-05-27\nat = 1979-05-27T07:32:00Z\nlocal = 1979-05-27T07:32:00\ntime = 07:32:00\n",
        "a.b.c = 1\n[x]\ny = [1, 2.0, 'z']\n[[z]]\nq = true\n[[z]]\nq = false\n",
        '"a.b" = 1\n1 = "x"\nt = """ x\n y"""\n',
        "",
    ],
)
def test_toml_is_read_as_dvc_reads_it(text: str) -> None:
    assert alike(load_values(text.encode(), "p.toml"), by_dvc(text, "p.toml"))


CLASS = """
class Train:
    lr = 0.1
    def __init__(self):
        self.n = 5
        local = 6
    def other(self):
        self.m = 7
    class Inner:
        deep = True
"""


@pytest.mark.parametrize(
    "text",
    [
        "LR = 0.1\nN: int = 3\nFLAG = True\nNONE = None\nNEG = -1e-3\nNAME = 'x' 'y'\n",
        "A = [1, (2, 3), {'k': [None]}]\nB = (1, 2)\nC = {3, 1, 2}\nD = {'x': {'y': 1}, 2: 'z'}\n",
        "X = 1 + 1\nY = f()\nZ = [g()]\nW = {**A}\nV = {f(): 1}\na = b = 2\nc, d = 1, 2\nM: int\nok = 1\n",
        CLASS,
        "def __init__(self):\n    self.top = 1\nself.x = 1\nobj.y = 2\nx[0] = 3\n",
        "import os\nif True:\n    hidden = 1\nbytes_ = b'no'\nesc = '\\d'\n",
        "",
    ],
)
@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_python_is_read_as_dvc_reads_it_and_not_run(text: str) -> None:
    theirs = {name: "b'no'" if name == "bytes_" else value for name, value in by_dvc(text, "p.py").items()}
    assert alike(load_values(text.encode(), "p.py"), theirs)


# ── bad input ─────────────────────────────────────────────────────────────────────────────────────────────────────

BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(9))


@pytest.mark.parametrize(
    ("name", "raw", "line", "word"),
    [
        ("x.yaml", b"a: 1\nb: c: d\n", 2, "mapping values"),
        ("x.yaml", b"a: 1\nb: [1, 2\n", 3, "not YAML"),
        ("x.yaml", b"a: 1\na: 2\n", 2, "stands twice"),
        ("x.yaml", b"1: a\ntrue: b\n", 2, "stands twice"),
        ("x.yaml", b"a: *gone\n", 1, "*gone"),
        ("x.yaml", b"a: &x\n  b: *x\n", 2, "*x"),
        ("x.yaml", b"a: 1\n---\nb: 2\n", 2, "second document"),
        ("x.yaml", b"a: !python/object x\n", 1, "!python/object"),
        ("x.yaml", b"\n{[a]: 1}\n", 2, "key"),
        ("x.yaml", b"a: {<<: 1}\n", 1, "<<"),
        ("x.yaml", b"a: {<<: {x: 1}, <<: {y: 1}}\n", 1, "twice"),
        ("x.yaml", b"%YAML 1.1\n---\na: no\n", 1, "YAML 1.1"),
        ("x.yaml", b"a: 1\nb: \xff\n", 2, "UTF-8"),
        ("x.yaml", b"a: \x00\n", None, "not YAML"),
        ("x.yaml", b"[" * 200_000, 1, "too deep"),
        ("x.yaml", b"a: " + b"{a: " * 200_000, 1, "too deep"),
        ("x.yaml", b"- " * 200_000, 1, "too deep"),
        ("x.yaml", BOMB.encode(), 7, f"{EXPANDED:,}"),
        ("x.json", b'{"a": 1,\n "b": }\n', 2, "not JSON"),
        ("x.json", b"", 1, "not JSON"),
        ("x.json", b"[" * 200_000, None, "too deep"),
        ("x.json", b"[" * 900 + b"]" * 900, None, "too deep"),
        ("x.json", b"1" * 5000, None, "too long"),
        ("x.toml", b"a = 1\nb = what\n", 2, "not TOML"),
        ("x.toml", b"a = 1\na = [\n", 3, "not TOML"),
        ("x.toml", b"a = " + b"[" * 200_000, None, "too deep"),
        ("x.py", b"a = 1\nb = (\n", 2, "not Python"),
        ("x.py", b"a = " + b"[" * 200_000, 1, "Python"),
        ("x.py", b"a = 1 \x00", None, "Python"),
        ("x.py", b"a = " + b"-" * 200_000 + b"1", None, "Python"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why_and_where(name: str, raw: bytes, line: int | None, word: str) -> None:
    with pytest.raises(Unreadable, match=r".+") as caught:
        load_values(raw, name)
    assert word in str(caught.value)
    assert caught.value.line == line


def test_a_modest_use_of_aliases_is_no_bomb() -> None:
    text = "a: &a [" + ", ".join(["x"] * 1000) + "]\nb: [" + ", ".join(["*a"] * 100) + "]\n"
    assert len(load_values(text.encode(), "x.yaml")["b"]) == 100


@given(st.binary(max_size=40) | st.text(":{}[]&*!|>-'\" \n\t#%<=a1.", max_size=30).map(str.encode))
def test_bytes_of_any_kind_are_values_or_one_fault(raw: bytes) -> None:
    for name in ENDINGS:
        with suppress(Unreadable):
            load_values(raw, name)


def test_a_scalar_alone() -> None:
    assert plain_value("1e-3") == 0.001
    assert plain_value("-_") == "-_"
    assert plain_value("9" * 5000) == "9" * 5000
