"""DVC's digests of large files, kept while the file stays as it is: a data set is not read anew for every run."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from gitml.repo.cache import Cache
from gitml.repo.data.dvc import file_digest

ASKED: Final = "md5/1/"
"""How all keys begin that this version asks the cache for."""

# Smaller files are read faster than the cache is asked.
_LARGE = 8 << 20
# A file that was written just now may be written again within its clock's tick.
_SETTLED_NS = 2_000_000_000


def known_digest(cache: Cache, path: Path) -> tuple[str, int]:
    """As `dvc.file_digest`; of a large file that has the times and size of an earlier look, from that look."""
    if not path.is_file() or path.stat().st_size < _LARGE:
        return file_digest(path)
    seen = path.stat()
    key = _key(seen)
    kept = cache.get([key]).get(key)
    if isinstance(kept, str):
        return kept, seen.st_size
    found = file_digest(path)
    if time.time_ns() - seen.st_mtime_ns > _SETTLED_NS and _key(path.stat()) == key:
        cache.put({key: found[0]})
    return found


def _key(seen: os.stat_result) -> str:
    """What changes when somebody writes the file, whatever its times are set to: ctime is the kernel's own."""
    return f"{ASKED}{seen.st_dev}/{seen.st_ino}/{seen.st_size}/{seen.st_mtime_ns}/{seen.st_ctime_ns}"
