"""The first rows of a file of data, whatever its format; no more of it is read than that takes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any

from gitml.actions.columns import head_csv
from gitml.errors import BadValue, DiskFailed, MissingExtra
from gitml.records.record import flatten

CSV, TSV, LINES, JSON, PARQUET, TEXT, BINARY = "csv", "tsv", "jsonl", "json", "parquet", "text", "binary"
LINE, VALUE = "line", "value"
_SUFFIXES: Mapping[str, str] = {
    "csv": CSV, "tsv": TSV, "tab": TSV, "jsonl": LINES, "ndjson": LINES, "json": JSON, "parquet": PARQUET,
    "pq": PARQUET,
}  # fmt: skip
_ZIPPED = ".gz"
_START = 1 << 13
_LINE = 1 << 20
_DOCUMENT = 64 << 20
_TEXT_BYTES = bytes(range(32, 256)) + b"\n\r\t\f\b\x1b"


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The format of a file, its first rows with their fields in order, how many there are where that is known."""

    format: str
    names: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    total: int | None = None
    notes: tuple[str, ...] = ()


def first_rows(file: Path, name: str, limit: int, told: str | None = None) -> FirstRows:
    """At most `limit` rows of a file that is called `name` where it belongs; `told` is the format that a record says.

    MissingExtra for Parquet without pyarrow; BadValue for what is not what its name says; DiskFailed.
    """
    zipped = name.lower().endswith(_ZIPPED)
    with _readable(name):
        kind = _format(file, name, told, zipped=zipped)
        return _READERS[kind](_File(file, name, zipped), limit)


@dataclass(frozen=True, slots=True)
class _File:
    """A file, what it is called where it belongs, and whether it is compressed."""

    path: Path
    name: str
    zipped: bool

    def open(self) -> IO[bytes]:
        return gzip.open(self.path) if self.zipped else self.path.open("rb")  # type: ignore[return-value]


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, UnicodeError) as error:
        raise BadValue(f"{name} cannot be read: {error}") from None
    except OSError as error:
        raise DiskFailed(f"{name} cannot be read: {error.strerror or error}") from error


def _format(file: Path, name: str, told: str | None, *, zipped: bool) -> str:
    suffixes = [suffix.lower().lstrip(".") for suffix in PurePosixPath(name).suffixes]
    inner = suffixes[-2:-1] if zipped else suffixes[-1:]
    for word in (told, *inner):
        if word is not None and word.lower() in _SUFFIXES:
            return _SUFFIXES[word.lower()]
    with _File(file, name, zipped).open() as raw:
        start = raw.read(_START)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return TEXT
    odd = start.translate(None, _TEXT_BYTES)
    return BINARY if odd or not _decodes(start) else TEXT


def _decodes(start: bytes) -> bool:
    """Whether it is UTF-8, but for a letter that was cut in two."""
    try:
        start.decode()
    except UnicodeDecodeError as error:
        return len(start) == _START and error.start > len(start) - 4
    return True


def _csv(file: _File, limit: int) -> FirstRows:
    return _separated(file, limit, CSV, None)


def _tsv(file: _File, limit: int) -> FirstRows:
    return _separated(file, limit, TSV, "\t")


def _separated(file: _File, limit: int, kind: str, delimiter: str | None) -> FirstRows:
    found = head_csv(file.path, file.name, limit, delimiter, zipped=file.zipped)
    names = tuple(column.name for column in found.columns)
    cells = (zip(names, row, strict=True) for row in found.rows)
    rows = tuple({name: value for name, value in row if value is not None} for row in cells)
    return FirstRows(kind, names, rows, notes=found.notes)


def _lines(file: _File, limit: int) -> FirstRows:
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    with file.open() as raw:
        for number in range(1, limit + 1):
            line = raw.readline(_LINE)
            if not line:
                break
            row, fault = _row(line)
            if fault:
                notes.append(f"line {number} {fault}")
            if row is not None:
                rows.append(row)
    return FirstRows(LINES, _names(rows), tuple(rows), notes=tuple(notes))


def _row(line: bytes) -> tuple[dict[str, Any] | None, str]:
    if len(line) == _LINE:
        return None, "is too long to be shown"
    if not line.strip():
        return None, ""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None, "is no JSON"
    return (flatten(value) if isinstance(value, dict) else {VALUE: value}), ""


def _json(file: _File, limit: int) -> FirstRows:
    with file.open() as raw:
        content = raw.read(_DOCUMENT + 1)
    if len(content) > _DOCUMENT:
        told = f"larger than {_DOCUMENT >> 20} MiB: shown as text"
        found = _text(file, limit)
        return FirstRows(JSON, found.names, found.rows, notes=(told, *found.notes))
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadValue(f"{file.name} is no JSON: {error}") from None
    every = _records(data)
    rows = tuple(flatten(one) if isinstance(one, dict) else {VALUE: one} for one in every[:limit])
    return FirstRows(JSON, _names(rows), rows, len(every))


def _records(data: Any) -> list[Any]:
    """The rows of a document: the items of a list, the lines of lists of one length, else the document itself."""
    if isinstance(data, list):
        return data
    columns = list(data.values()) if isinstance(data, dict) else []
    if columns and all(isinstance(column, list) for column in columns) and len(set(map(len, columns))) == 1:
        return [dict(zip(data, values, strict=True)) for values in zip(*columns, strict=True)]
    return [data]


def _names(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for row in rows for name in row))


def _parquet(file: _File, limit: int) -> FirstRows:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra("pyarrow", "parquet") from None
    try:
        with pq.ParquetFile(file.path) as table:
            batches = table.iter_batches(batch_size=max(limit, 1))
            found = islice((row for batch in batches for row in batch.to_pylist()), limit)
            rows = tuple({name: _plain(value) for name, value in row.items() if value is not None} for row in found)
            return FirstRows(PARQUET, tuple(table.schema_arrow.names), rows, table.metadata.num_rows)
    except pa.ArrowException as error:
        raise BadValue(f"{file.name} is no Parquet file: {str(error).splitlines()[0]}") from None


def _plain(value: Any) -> Any:
    """A value of Arrow's as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return str(value) if isinstance(value, Decimal | timedelta) else value


def _text(file: _File, limit: int) -> FirstRows:
    with file.open() as raw:
        start = raw.read(4)
        encoding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    if encoding == "utf-16":
        with file.open() as raw:
            lines = raw.read(_LINE).decode(encoding, "replace").splitlines()[:limit]
    else:
        with file.open() as raw:
            read = (raw.readline(_LINE) for _number in range(limit))
            lines = [line.decode("utf-8", "replace").rstrip("\r\n") for line in read if line]
            lines = [line.removeprefix("\ufeff") for line in lines[:1]] + lines[1:]
    return FirstRows(TEXT, (LINE,), tuple({LINE: line} for line in lines))


def _binary(file: _File, _limit: int) -> FirstRows:
    return FirstRows(BINARY, notes=(f"binary, {file.path.stat().st_size} bytes: git ml get fetches them",))


_READERS: Mapping[str, Callable[[_File, int], FirstRows]] = {
    CSV: _csv, TSV: _tsv, LINES: _lines, JSON: _json, PARQUET: _parquet, TEXT: _text, BINARY: _binary,
}  # fmt: skip
