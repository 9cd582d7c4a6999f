"""Files that a run logs: figures, texts, tables. They lie beside the store, ignored by git until DVC tracks them.

What a figure or a table is, it says itself: by the method that saves it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import Any

from gitml.actions.values import Tell, mapping_of
from gitml.errors import BadValue
from gitml.records.canonical import dump
from gitml.records.ref import Ref
from gitml.records.template import file_name, shard
from gitml.repo.data.dvc import file_digest

FOLDER = "artifacts"
IGNORING = b"*\n!*/\n!*.dvc\n!.gitignore\n"
"""Git ignores everything there but what DVC leaves for it."""
_SAVING = ("savefig", "write_image", "save")

Writing = Callable[[Path], None]
"""What writes a file."""


def place(ref: Ref) -> str:
    """The folder of a run's files, from the store's root."""
    experiment, run = ref.keys
    return f"{FOLDER}/{file_name(experiment)}/{shard(run)}/{run}"


def ignoring(prefix: str) -> str:
    """The path of the file that has git ignore the files of runs, in a store."""
    return f"{prefix}{FOLDER}/.gitignore"


def named(name: str) -> str:
    """A file's name inside of that folder, folders in it included; BadValue for one that leads out."""
    path = PurePosixPath(name)
    if not path.name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise BadValue(f"{name!r} is no name of a file", hint="give it one like loss.png, or plots/loss.png")
    return path.as_posix()


def written(root: Path, inner: str, write: Writing) -> dict[str, Any]:
    """Write a file below the folder of a run's files; what the record says of it but for its path. Raises OSError."""
    import mimetypes

    target = root / inner
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target)
    md5, size = file_digest(target)
    kind, _encoding = mimetypes.guess_type(target.name)
    return {"md5": md5, "size": size} | ({"media_type": kind} if kind else {})


def ignore(store: Path) -> None:
    """Have git ignore the files of runs below a store's root, from the first of them on."""
    file = store / ignoring("")
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError), file.open("xb") as rules:
        rules.write(IGNORING)


def of_text(text: str) -> Writing:
    """A text, as UTF-8 with the line ends that it has."""
    return lambda target: _put(target, text.encode("utf-8", "surrogatepass"))


def of_dict(data: Any, tell: Tell) -> Writing:
    """Values by name, as JSON or, by the file's name, as YAML."""

    def write(target: Path) -> None:
        plain = mapping_of(data, target.name, tell)
        is_yaml = target.suffix in (".yaml", ".yml")
        _put(target, dump(plain) if is_yaml else f"{json.dumps(plain, indent=2, ensure_ascii=False)}\n".encode())

    return write


def of_figure(figure: Any) -> Writing:
    """A figure of matplotlib, plotly, Pillow, or whatever can save itself; BadValue for another."""

    def write(target: Path) -> None:
        page = getattr(figure, "write_html", None) if target.suffix in (".html", ".htm") else None
        save = page or next((found for word in _SAVING if callable(found := getattr(figure, word, None))), None)
        if save is None:
            raise BadValue(
                f"a {type(figure).__name__} cannot save itself", hint="write it to a file, and log_output it"
            )
        save(str(target))

    return write


def of_table(table: Any) -> Writing:
    """A DataFrame, rows as mappings, or columns by name; as CSV, JSON or Parquet by the file's name; else BadValue."""

    def write(target: Path) -> None:
        suffix = target.suffix
        if callable(getattr(table, "to_csv", None)):
            _frame(table, target)
        elif suffix == ".json":
            _put(target, f"{json.dumps(_rows(table), ensure_ascii=False, default=str)}\n".encode())
        elif suffix == ".csv":
            _put(target, _csv(_rows(table)))
        else:
            raise BadValue(f"{target.name}: a table of plain values is written as .csv or .json")

    return write


def _frame(table: Any, target: Path) -> None:
    if target.suffix == ".parquet":
        table.to_parquet(target)
    elif target.suffix == ".json":
        table.to_json(target, orient="records")
    elif target.suffix == ".csv":
        table.to_csv(target, index=False)
    else:
        raise BadValue(f"{target.name}: a table is written as .csv, .json or .parquet")


def _rows(table: Any) -> list[Mapping[str, Any]]:
    if isinstance(table, Mapping):
        cells = zip_longest(*table.values())
        return [dict(zip(table, row, strict=True)) for row in cells]
    rows = [row for row in table if isinstance(row, Mapping)] if isinstance(table, Sequence) else None
    if rows is None or len(rows) < len(table):
        hint = "give rows as mappings, columns by name, or a DataFrame"
        raise BadValue(f"a {type(table).__name__} is no table", hint=hint)
    return rows


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _put(target: Path, content: bytes) -> None:
    target.write_bytes(content)
