"""What a table's file holds: columns, types, rows, missing values. No value of any column is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitml.actions.columns import Column, read_csv
from gitml.errors import BadValue, MissingExtra

_CSV = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv"}
_PARQUET = {".parquet", ".pq"}


@dataclass(frozen=True, slots=True)
class Profile:
    """A file's format, its rows and columns, and what was odd about it; all but the format unknown for other files."""

    format: str | None = None
    rows: int | None = None
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a dataset version's record that it fills."""
        found = {"format": self.format, "rows": self.rows, "columns": [column.fields for column in self.columns]}
        return {key: value for key, value in found.items() if value not in (None, [])}


def profile(file: Path) -> Profile:
    """The profile of a CSV, TSV (gzipped too) or Parquet file; of any other, its format by its name.

    MissingExtra for Parquet without pyarrow, BadValue for a file that is not what its name says.
    """
    suffixes = [suffix.lower() for suffix in file.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    suffix = suffixes[-2] if zipped and len(suffixes) > 1 else suffixes[-1] if suffixes and not zipped else ""
    if file.is_dir():
        return Profile()
    if suffix in _CSV:
        found = read_csv(file, "\t" if _CSV[suffix] == "tsv" else None, zipped=zipped)
        return Profile(_CSV[suffix], found.rows, found.columns, found.notes)
    if suffix in _PARQUET:
        return _parquet(file)
    return Profile(suffix.lstrip(".") or None)


def _parquet(file: Path) -> Profile:
    """By the file's metadata alone; where it does not count missing values, those columns are scanned."""
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra("pyarrow", "parquet") from None
    import pyarrow as pa

    try:
        with pq.ParquetFile(file) as table:
            nulls = _nulls(table)
            columns = (
                Column(one.name, _logical(pa.types, one.type), nulls.get(one.name), str(one.type))
                for one in table.schema_arrow
            )
            return Profile("parquet", table.metadata.num_rows, tuple(columns))
    except pa.ArrowException as error:
        raise BadValue(f"{file.name} is no Parquet file: {str(error).splitlines()[0]}") from None


def _nulls(table: Any) -> dict[str, int]:
    meta = table.metadata
    counted: dict[str, int | None] = {}
    for group in (meta.row_group(number) for number in range(meta.num_row_groups)):
        for chunk in (group.column(number) for number in range(group.num_columns)):
            known = chunk.statistics.null_count if chunk.statistics and chunk.statistics.has_null_count else None
            before = counted.get(chunk.path_in_schema, 0)
            counted[chunk.path_in_schema] = None if known is None or before is None else before + known
    flat = {one.name for one in table.schema_arrow}
    found = {name: count for name, count in counted.items() if count is not None and name in flat}
    found |= {name: 0 for name in flat if not meta.num_row_groups}
    missing = [name for name in flat if name not in found]
    if missing:
        found |= dict.fromkeys(missing, 0)
        for batch in table.iter_batches(columns=missing):
            for name in missing:
                found[name] += batch.column(name).null_count
    return found


def _logical(types: Any, given: Any) -> str | None:
    """A type of Arrow in the words of the schema."""
    tests: Mapping[str, tuple[str, ...]] = {
        "bool": ("is_boolean",),
        "int": ("is_integer",),
        "float": ("is_floating",),
        "decimal": ("is_decimal",),
        "string": ("is_string", "is_large_string", "is_string_view"),
        "category": ("is_dictionary",),
        "date": ("is_date",),
        "datetime": ("is_timestamp",),
        "time": ("is_time",),
        "duration": ("is_duration",),
        "binary": ("is_binary", "is_large_binary", "is_fixed_size_binary", "is_binary_view"),
        "list": ("is_list", "is_large_list", "is_fixed_size_list"),
        "mapping": ("is_struct", "is_map"),
    }
    for word, names in tests.items():
        if any(hasattr(types, name) and getattr(types, name)(given) for name in names):
            return word
    return None
