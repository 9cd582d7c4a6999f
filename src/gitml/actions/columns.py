"""The columns of a CSV file, read once from end to end with constant memory: types by all values, missing ones counted.

Values are judged a block of a column at a time, by one regular expression over all of them: a million rows of ten
columns take seconds.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice, pairwise, zip_longest
from pathlib import Path
from typing import Any, TextIO

from gitml.errors import BadValue, DiskFailed

# What pandas takes for a missing value.
NULLS = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null"]
)  # fmt: skip
_BLOCK = 5000
_SAMPLE = 1 << 16
_SAMPLE_ROWS = 200
_WIDEST = 1 << 26
_DELIMITERS = ",;\t|"
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?"
_INT = r"[-+]?(?:0|[1-9][0-9]{0,18})"
_REAL = r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_FORMS = {
    "bool": r"(?:true|false|True|False|TRUE|FALSE)",
    # A number with a leading zero is a code, not a quantity.
    "int": f" *{_INT} *",
    "float": rf" *(?:{_REAL}|[-+]?(?:inf|Inf|INF|[Ii]nfinity)) *",
    "date": _DATE,
    "datetime": rf"{_DATE}(?:[T ]{_TIME} ?(?:Z|[-+][0-9]{{2}}:?[0-9]{{2}})?)?",
}
_ONE = {name: re.compile(form) for name, form in _FORMS.items()}
_ALL = {name: re.compile(rf"(?:(?:{form})\n)*") for name, form in _FORMS.items()}
# What a type becomes when a value does not fit it.
_WIDER = {"bool": "string", "int": "float", "float": "string", "date": "datetime", "datetime": "string"}
_INT64 = 2**63
_SAFE_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its logical type (None where no value says), its missing values, the storage's own type."""

    name: str
    type: str | None
    nulls: int | None = None
    dtype: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The column as a record holds it."""
        found = {"name": self.name, "type": self.type, "dtype": self.dtype, "nulls": self.nulls}
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Table:
    """What a CSV file holds, and what was odd about it."""

    rows: int
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """The first rows of a table, by column: values in their types, None for a missing one; and what was odd."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()


def head_csv(file: Path, name: str, limit: int, delimiter: str | None = None, *, zipped: bool = False) -> Head:
    """The first rows of a CSV file, which is called `name` where it belongs; types by the rows that were looked at.

    BadValue where it cannot be read as one.
    """
    with _reading(name):
        encoding, notes = _encoding(file, zipped=zipped)
        with _opened(file, encoding, zipped=zipped) as stream, _wide_fields():
            sample = stream.read(_SAMPLE)
            stream.seek(0)
            filled = (row for row in csv.reader(stream, delimiter=delimiter or _delimiter(sample)) if row)
            first = list(islice(filled, max(limit + 1, _SAMPLE_ROWS)))
    if not first:
        return Head((), (), (*notes, "it is empty"))
    header = is_header(first[0], first[1:])
    names = _names(first[0]) if header else _numbered(first[0])
    held = list(_columns(first[header:], len(names)))
    types = [_type_of([value for value in values if value not in NULLS]) for values in held or [()] * len(names)]
    typed = [[_typed(value, kind) for value in values[:limit]] for values, kind in zip(held, types, strict=False)]
    columns = (Column(name, kind) for name, kind in zip(names, types, strict=True))
    return Head(tuple(columns), tuple(zip(*typed, strict=True)), tuple(notes))


def _typed(value: str, kind: str | None) -> Any:
    """A value as its column's type has it; a text stays as it is, whatever stands for a missing number."""
    if kind not in ("int", "float", "bool"):
        return value or None
    if value in NULLS:
        return None
    return value.lower() == "true" if kind == "bool" else int(value) if kind == "int" else float(value)


def read_csv(file: Path, delimiter: str | None = None, *, zipped: bool = False) -> Table:
    """The columns of a CSV file; BadValue where it cannot be read as one."""
    with _reading(file.name):
        encoding, notes = _encoding(file, zipped=zipped)
        with _opened(file, encoding, zipped=zipped) as stream:
            sample = stream.read(_SAMPLE)
            stream.seek(0)
            with _wide_fields():
                return _table(csv.reader(stream, delimiter=delimiter or _delimiter(sample)), notes)


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise BadValue(f"{name} cannot be read as CSV: {error}") from None
    except (gzip.BadGzipFile, EOFError, UnicodeError) as error:
        raise BadValue(f"{name} cannot be read: {error}") from None
    except OSError as error:
        raise DiskFailed(f"{name} cannot be read: {error.strerror or error}") from error


def _encoding(file: Path, *, zipped: bool) -> tuple[str, list[str]]:
    with gzip.open(file) if zipped else file.open("rb") as raw:
        start = raw.read(_SAMPLE)
    found = next((name for bom, name in _BOMS.items() if start.startswith(bom)), None)
    if found:
        return found, []
    try:
        io.TextIOWrapper(io.BytesIO(start[: start.rfind(b"\n") + 1] or start[:-4]), "utf-8").read()
    except UnicodeDecodeError:
        return "latin-1", ["it is not UTF-8: read as Latin-1"]
    return "utf-8", []


def _opened(file: Path, encoding: str, *, zipped: bool) -> TextIO:
    if zipped:
        return gzip.open(file, "rt", encoding=encoding, errors="replace", newline="")
    return file.open(encoding=encoding, errors="replace", newline="")


@contextmanager
def _wide_fields() -> Iterator[None]:
    """Let one value be as long as a document: the csv module's limit is the whole process's, so it is set back."""
    before = csv.field_size_limit(_WIDEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _delimiter(sample: str) -> str:
    """The sign that splits the first lines into the same number of values, and into most."""
    lines = sample if len(sample) < _SAMPLE else sample[: sample.rfind("\n") + 1]

    def score(delimiter: str) -> tuple[float, int]:
        with _wide_fields():
            rows = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
            widths = [len(row) for row in islice(rows, _SAMPLE_ROWS) if row]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)

    return max(_DELIMITERS, key=score)


def _table(rows: Iterator[list[str]], notes: list[str]) -> Table:
    filled = (row for row in rows if row)  # a blank line is no row
    first = list(islice(filled, _SAMPLE_ROWS))
    if not first:
        return Table(0, (), (*notes, "it is empty"))
    header = is_header(first[0], first[1:])
    if not header:
        notes.append("it has no header: columns are named by their number")
    names = _names(first[0]) if header else _numbered(first[0])
    if header and sorted(names) != sorted(first[0]):
        notes.append("its header has names that are empty or occur twice: those were given a number")
    found = [_Growing() for _name in names]
    count = ragged = 0
    body = chain(first[header:], filled)
    while block := list(islice(body, _BLOCK)):
        count += len(block)
        ragged += sum(len(row) != len(names) for row in block)
        for column, values in zip(found, _columns(block, len(names)), strict=True):
            column.take(values)
    if ragged:
        notes.append(f"{ragged} rows have more or fewer values than there are columns")
    columns = (Column(name, column.type, column.nulls) for name, column in zip(names, found, strict=True))
    return Table(count, tuple(columns), tuple(notes))


def _columns(block: list[list[str]], width: int) -> Iterable[Sequence[str]]:
    """The rows of a block as columns; what a short row lacks is missing, what a long one has too much is left out."""
    if not all(len(row) == width for row in block):
        block = [(row + [""] * (width - len(row)))[:width] for row in block]
    return zip(*block, strict=True)


def is_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether a first row names the columns: it does unless it looks like the rows below it, numbers under numbers."""
    cells = [cell for cell in first if cell not in NULLS]
    numbers = [cell for cell in cells if _is(cell, "float") or _is(cell, "date") or _is(cell, "datetime")]
    if not numbers:
        return True
    if _counts_up(numbers):  # years, or the numbers of columns
        return True
    below = list(zip_longest(*rest[:_SAMPLE_ROWS], fillvalue=""))
    types = [_type_of([value for value in column if value not in NULLS]) for column in below]
    named = [held not in (None, "string") and not _is(cell, held) for cell, held in zip(first, types, strict=False)]
    return any(named) and sum(named) >= len(numbers)


def _counts_up(numbers: list[str]) -> bool:
    if len(numbers) < 2 or not all(_is(cell, "int") for cell in numbers):  # noqa: PLR2004 - one number counts nothing
        return False
    steps = {int(after) - int(before) for before, after in pairwise(numbers)}
    return len(steps) == 1 and steps.pop() > 0


def _is(value: str, kind: str) -> bool:
    return _ONE[kind].fullmatch(value) is not None


def _numbered(first: Sequence[str]) -> list[str]:
    return [f"column_{number}" for number in range(1, len(first) + 1)]


def _names(header: Sequence[str]) -> list[str]:
    """Names for columns: each once, none of them empty."""
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = wanted = cell.strip() or f"column_{number}"
        again = 1
        while name in names:
            name = f"{wanted}.{again}"
            again += 1
        names.append(name)
    return names


@dataclass(slots=True)
class _Growing:
    """A column as far as it has been read."""

    type: str | None = None
    nulls: int = 0
    _seen: bool = field(default=False)

    def take(self, values: Sequence[str]) -> None:
        """Judge the next values."""
        nulls = sum(map(NULLS.__contains__, values))
        self.nulls += nulls
        if self.type == "string" or nulls == len(values):
            return
        there = [value for value in values if value not in NULLS] if nulls else values
        self.type = _type_of(there, self.type)


def _type_of(values: Sequence[str], known: str | None = None) -> str | None:
    """The narrowest type that fits all of some values, and is no narrower than the one known already."""
    if not values:
        return known
    kind = known or next((name for name in _ONE if _is(values[0], name)), "string")
    while kind != "string" and not _fit(values, kind):
        kind = _WIDER[kind]
    return kind


def _fit(values: Sequence[str], kind: str) -> bool:
    text = "\n".join(values) + "\n"
    if text.count("\n") != len(values) or not _ALL[kind].fullmatch(text):
        return False
    if kind == "int" and max(map(len, values)) > _SAFE_DIGITS:
        return all(-_INT64 <= int(value) < _INT64 for value in values)
    return _are_days(values, kind) if kind in ("date", "datetime") else True


def _are_days(values: Sequence[str], kind: str) -> bool:
    """Whether the calendar has these days: the form alone lets 30 February pass."""
    read = date.fromisoformat if kind == "date" else lambda value: datetime.fromisoformat(value[:10])
    try:
        for value in values:
            read(value)
    except ValueError:
        return False
    return True
