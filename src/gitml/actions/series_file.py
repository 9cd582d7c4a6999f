"""The file of a run's points beside its record: CSV or Parquet, the smaller; in git, or in DVC's hands past a size."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from gitml.actions import series
from gitml.actions.pointer import point
from gitml.errors import MissingExtra, NotFound
from gitml.records.record import column, segments
from gitml.records.ref import Ref
from gitml.records.settings import TREE
from gitml.records.template import OWN_FOLDER, SERIES
from gitml.repo.change import Change
from gitml.repo.data.dvc import dvc_root, keep, pointer_file
from gitml.repo.journal.lines import Name, Point, milliseconds
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.files import disk_failed

# To load what writes Parquet takes half a second; git and DVC pack CSV as well.
_WORTH_PARQUET = 256 << 10
_IN_MEMORY = 1 << 20
_ROWS = 1 << 16

Points = Callable[[], Iterator[Point]]


class Beside(NamedTuple):
    """What a record says of its series' file, and the changes that bring it."""

    told: dict[str, Any]
    changes: tuple[Change, ...]


def beside(repository: Repository, snapshot: Snapshot, ref: Ref, points: Points) -> Beside:
    """Write the file: as a change of its own, or as what DVC tracks, in the work tree or its cache; DiskFailed."""
    own = snapshot.schemas.path(ref).removeprefix(OWN_FOLDER).removesuffix(".yaml")
    scratch = repository.git.common_dir / "gitml"  # where the journal is: that there is room elsewhere, nobody knows
    with _smaller(points, scratch) as (file, suffix):
        path = f"{snapshot.prefix}{SERIES}{own}{suffix}"
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        sha256 = _digest(file)
        told = {"path": path, "sha256": sha256}
        # On another branch there is no place for DVC to look at.
        if size > snapshot.settings.dvc_above and snapshot.at.kind == "worktree":
            file.seek(0)
            place = repository.file(path)
            if dvc_root(repository.git, place.parent) is not None:
                flows = snapshot.settings.events != TREE
                return (_in_cache if flows else _with_dvc)(repository, snapshot, told, file)
        file.seek(0)
        content = file.read()
    return Beside(told, (Change(path, None, snapshot.git.blob_id(content), content, fresh=True),))


def _in_cache(repository: Repository, snapshot: Snapshot, told: dict[str, Any], file: IO[bytes]) -> Beside:
    """In DVC's cache, with its pointer on the events line: nobody's work tree has either."""
    md5, size = keep(repository.git, file)
    path = f"{told['path']}.dvc"
    content = pointer_file(told["path"].rpartition("/")[2], md5, size)
    change = Change(path, None, snapshot.git.blob_id(content), content, fresh=True)
    return Beside({**told, "md5": md5, "size": size}, (change,))


def _with_dvc(repository: Repository, snapshot: Snapshot, told: dict[str, Any], file: IO[bytes]) -> Beside:
    place = repository.file(told["path"])
    draft = place.with_name(f".{place.name}.tmp")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as target:
            shutil.copyfileobj(file, target)
        draft.replace(place)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise disk_failed(error, place) from error
    tracked = point(repository, snapshot, place)
    known = {key: tracked.pointer[key] for key in ("md5", "size") if key in tracked.pointer}
    return Beside(told | known, tracked.changes)


@contextmanager
def _smaller(points: Points, scratch: Path) -> Iterator[tuple[IO[bytes], str]]:
    """The points as CSV, or as Parquet where that is smaller and can hold them, and the suffix of its name."""
    with SpooledTemporaryFile(_IN_MEMORY, dir=str(scratch)) as plain:  # large ones are the disk's to hold
        for part in series.table(points()):
            plain.write(part)
        size = plain.tell()
        with SpooledTemporaryFile(_IN_MEMORY, dir=str(scratch)) as packed:
            if size > _WORTH_PARQUET and _pack(points(), packed) and packed.tell() < size:
                yield packed, ".parquet"
            else:
                yield plain, ".csv"


def _digest(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while part := file.read(_IN_MEMORY):
        found.update(part)
    return found.hexdigest()


def _pack(points: Iterator[Point], file: IO[bytes]) -> bool:
    """Write points as Parquet; False without pyarrow, and where an integer has more than 64 bits.

    Integers and floats have columns of their own, so that each is exactly what it was.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return False
    types = {"name": pa.dictionary(pa.int32(), pa.string()), "step": pa.int64(), "time": pa.timestamp("ms", "UTC"),
             "value": pa.float64(), "integer": pa.int64()}  # fmt: skip
    schema = pa.schema(list(types.items()))
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while some := list(islice(points, _ROWS)):
            whole = [type(one.value) is int for one in some]
            cells = (
                [column(*one.name) for one in some],
                [one.step for one in some],
                [one.time for one in some],
                [None if is_whole else one.value for one, is_whole in zip(some, whole, strict=True)],
                [one.value if is_whole else None for one, is_whole in zip(some, whole, strict=True)],
            )
            try:
                arrays = [pa.array(cell, kind) for cell, kind in zip(cells, types.values(), strict=True)]
            except (OverflowError, pa.ArrowInvalid):
                return False
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return True


def read(file: Path, name: str = "") -> Iterator[Point]:
    """The points of a series' file, whose `name` tells what it is where DVC's cache has it under another.

    NotFound where it is gone, MissingExtra for Parquet without pyarrow.
    """
    try:
        yield from _parquet(file) if (name or file.name).endswith(".parquet") else _csv(file)
    except FileNotFoundError:
        raise NotFound(f"{file}: no such file") from None


def _csv(file: Path) -> Iterator[Point]:
    names: dict[str, Name] = {}
    with file.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        next(rows, None)
        for name, step, time, value in rows:
            if name not in names:
                names[name] = segments(name)
            at = milliseconds(datetime.fromisoformat(time))
            yield Point(names[name], _number(value), int(step) if step else None, at)


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _parquet(file: Path) -> Iterator[Point]:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra("pyarrow", "parquet") from None
    with pq.ParquetFile(file) as found:
        for batch in found.iter_batches(_ROWS):
            # The integers of the time are its milliseconds already.
            times = batch.column("time").cast("int64").to_pylist()
            names = batch.column("name").to_pylist()
            cells: Iterable[tuple[Any, ...]] = zip(
                names, batch.column("value").to_pylist(), batch.column("integer").to_pylist(),
                batch.column("step").to_pylist(), times, strict=True,
            )  # fmt: skip
            for name, value, integer, step, time in cells:
                yield Point(segments(name), value if integer is None else integer, step, time)
