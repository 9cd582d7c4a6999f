"""Bytes under DVC: its hashes and its cache read by ourselves, and its own command for what it writes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from gitml.errors import DiskFailed, GitmlError, NotFound
from gitml.repo.git import Git
from gitml.repo.writing.files import disk_failed

if TYPE_CHECKING:
    from gitml.repo.data.pointers import Pointer

_FOLDER = ".dvc"
_IGNORE = ".dvcignore"
_NEVER = {".dvc", ".git", ".hg"}
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"
_BINARY_SHARE = 0.3
_PROTECTED = 0o444
_FULL = ("No space left on device", "Disk quota exceeded", "Read-only file system")


def dvc_root(git: Git, path: Path | None = None) -> Path | None:
    """The folder of the nearest `.dvc` around `path` (the work tree's top by default); None without DVC."""
    if git.root is None:
        return None
    start = (git.root / (path or "")).absolute()
    for folder in (start, *start.parents):
        if (folder / _FOLDER).is_dir():
            return folder
        if folder == git.root:
            break
    return None


def is_dvc(git: Git) -> bool:
    """Whether DVC is set up at the top of the work tree."""
    return dvc_root(git) is not None


def file_digest(path: Path) -> tuple[str, int]:
    """DVC's md5 and size of a file, or of a folder (`….dir`: the md5 of its listing); NotFound, DiskFailed."""
    try:
        return _folder_digest(path) if path.is_dir() else _digest(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{error.filename or path}: no such file") from error
    except OSError as error:
        raise DiskFailed(f"{error.filename or path}: cannot be read: {error.strerror}") from error


def is_what(path: Path, md5: str) -> bool:
    """Whether a file or folder is what a hash of DVC's says, in the way of DVC 3 or of DVC 2; NotFound, DiskFailed."""
    if path.is_dir() != md5.endswith(".dir"):
        return False
    return file_digest(path)[0] == md5 or legacy_digest(path) == md5


def legacy_digest(path: Path) -> str:
    """DVC 2's md5 of a file, or of a folder: the line ends of texts were made alike; NotFound, DiskFailed."""
    try:
        return _folder_digest(path, _unix_digest)[0] if path.is_dir() else _unix_digest(path)[0]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{error.filename or path}: no such file") from error
    except OSError as error:
        raise DiskFailed(f"{error.filename or path}: cannot be read: {error.strerror}") from error


def cache_path(git: Git, md5: str, path: Path | None = None) -> Path | None:
    """Where DVC's cache holds these bytes, None where it does not; `path` says of which `.dvc`, if not the top one."""
    if not _MD5.fullmatch(md5):
        return None
    root = dvc_root(git, path)
    if root is None:
        return None
    for folder in _cache_folders(root / _FOLDER):
        for place in (folder / "files" / "md5", folder):  # DVC 3, and DVC 2 before it
            found = place / md5[:2] / md5[2:]
            if found.is_file():
                return found
    return None


def cache_folder(git: Git) -> Path | None:
    """Where DVC keeps its cache, or would; None without DVC."""
    root = dvc_root(git)
    return None if root is None else next(_cache_folders(root / _FOLDER))


def keep(git: Git, file: IO[bytes]) -> tuple[str, int]:
    """Put bytes into DVC's cache, as `dvc add` would, with no file in the work tree; their md5 and size. DiskFailed."""
    folder = cache_folder(git)
    if folder is None:
        raise GitmlError("DVC is not set up here", hint="dvc init")
    file.seek(0)
    found = hashlib.md5(usedforsecurity=False)
    while part := file.read(1 << 20):
        found.update(part)
    md5, size = found.hexdigest(), file.tell()
    place = folder / "files" / "md5" / md5[:2] / md5[2:]
    draft = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    try:
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            file.seek(0)
            with draft.open("wb") as target:
                shutil.copyfileobj(file, target)
            draft.chmod(_PROTECTED)
            draft.replace(place)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise disk_failed(error, place) from error
    return md5, size


def pointer_file(name: str, md5: str, size: int) -> bytes:
    """The text of a `.dvc` file, as `dvc add` writes it for a file beside it."""
    return f"outs:\n- md5: {md5}\n  size: {size}\n  hash: md5\n  path: {name}\n".encode()


def share_cache(git: Git, other: Git) -> None:
    """Let DVC in another work tree of the repository use the cache of this one; DiskFailed."""
    folder, root = cache_folder(git), dvc_root(other)
    if folder is None or root is None:
        return
    local = root / _FOLDER / "config.local"
    try:
        local.write_text(f"[cache]\n    dir = {folder.absolute()}\n", encoding="utf-8")
    except OSError as error:
        raise disk_failed(error, local) from error


def checkout_all(git: Git) -> None:
    """`dvc checkout` of all that DVC tracks; GitmlError where its cache lacks some of it."""
    root = dvc_root(git)
    if root is not None:
        _run(git, root, "checkout")


def add(git: Git, path: Path | str) -> Pointer:
    """`dvc add`: the pointer that DVC wrote, of `path` or of the tracked folder that holds it; GitmlError."""
    from gitml.repo.data.pointers import tracked

    root, target = _placed(git, path)
    if not target.exists():
        raise NotFound(f"{path}: no such file")
    _run(git, root, "add", str(target.relative_to(root)))
    for folder in (target, *target.parents):
        pointer = folder.with_name(f"{folder.name}.dvc")
        if pointer.is_file():
            source = pointer.relative_to(git.root or root).as_posix()
            return next(iter(tracked({source: pointer.read_bytes()}).pointers.values()))
        if folder == root:
            break
    raise GitmlError(f"{path}: dvc add wrote no pointer file")


def fetch(git: Git, path: Path | str) -> None:
    """`dvc fetch`: bring what `path` is tracked as into DVC's cache; GitmlError.

    DVC calls it a success when the remote does not have it: look into the cache afterwards.
    """
    root, target = _placed(git, path)
    if "No remote provided" in _run(git, root, "fetch", str(target.relative_to(root))):
        raise GitmlError(f"dvc fetch {path}: no remote is set up", hint="dvc remote add -d NAME URL")


def checkout(git: Git, paths: Iterable[Path | str]) -> None:
    """`dvc checkout` of what DVC tracks at these paths; GitmlError, DiskFailed. What is not in its cache it refuses."""
    targets: dict[Path, list[str]] = {}
    for path in paths:
        root, target = _placed(git, path)
        targets.setdefault(root, []).append(str(target.relative_to(root)))
    for root, names in targets.items():
        _run(git, root, "checkout", *names)


def _placed(git: Git, path: Path | str) -> tuple[Path, Path]:
    """The folder of the `.dvc` that is in charge of a path, and the whole path."""
    target = ((git.root or git.git_dir) / path).absolute()
    root = dvc_root(git, target.parent)
    if root is None:
        raise GitmlError(f"{path}: DVC is not set up here", hint="dvc init")
    return root, target


def _run(git: Git, root: Path, verb: str, *args: str) -> str:
    """One DVC command as a process of its own; what it told, GitmlError with its first word on what went wrong."""
    command = [sys.executable, "-m", "dvc", verb, "--", *args]
    try:
        done = subprocess.run(command, cwd=root, env=git.environment(), capture_output=True, check=False)
    except OSError as error:
        raise disk_failed(error, root) from error
    told = done.stderr.decode("utf-8", "replace")
    if done.returncode:
        errors = [line.removeprefix("ERROR: ") for line in told.splitlines() if line.startswith("ERROR: ")]
        said = errors[0] if errors else "it failed"
        kind = DiskFailed if any(word in said for word in _FULL) else GitmlError
        raise kind(f"dvc {verb} {' '.join(args)}: {said}")
    return told


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        return md5, file.tell()


def _unix_digest(path: Path) -> tuple[str, int]:
    """As DVC 2 reads: a MiB at a time, each text or not by its own first bytes."""
    found = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk.replace(b"\r\n", b"\n") if _is_text(chunk[:512]) else chunk)
        return found.hexdigest(), file.tell()


def _is_text(start: bytes) -> bool:
    return b"\0" not in start and len(start.translate(None, _TEXT)) <= len(start) * _BINARY_SHARE


def _folder_digest(folder: Path, digest: Callable[[Path], tuple[str, int]] | None = None) -> tuple[str, int]:
    listing, total = [], 0
    for path in _files(folder):
        md5, size = (digest or _digest)(path)
        listing.append({"md5": md5, "relpath": path.relative_to(folder).as_posix()})
        total += size
    listing.sort(key=lambda entry: entry["relpath"])
    text = json.dumps(listing, sort_keys=True).encode()
    return f"{hashlib.md5(text, usedforsecurity=False).hexdigest()}.dir", total


def _files(folder: Path) -> Iterator[Path]:
    """The files that DVC would hash: links to files followed, links to folders and what it ignores left out."""
    for place, folders, names in _ignoring(folder) or _walk(folder):
        folders[:] = [name for name in folders if name not in _NEVER]
        yield from (Path(place, name) for name in names if name not in _NEVER)


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    def fail(error: OSError) -> None:
        raise error

    return os.walk(folder, onerror=fail)


def _ignoring(folder: Path) -> Iterator[tuple[str, list[str], list[str]]] | None:
    """DVC's own walk, where a .dvcignore above the folder has rules; its rules are its own, and its import is slow."""
    here = folder.absolute()
    root = next((above for above in here.parents if (above / _FOLDER).is_dir()), None)
    if root is None or not any(_has_rules(above / _IGNORE) for above in here.parents if above.is_relative_to(root)):
        return None
    from dvc.repo import Repo

    repo = Repo(str(root))
    return repo.dvcignore.walk(repo.fs, str(here))  # type: ignore[no-any-return]


def _has_rules(path: Path) -> bool:
    if not path.is_file():
        return False
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.strip() and not line.startswith("#") for line in lines)


def _cache_folders(settings: Path) -> Iterator[Path]:
    """Every place where DVC might keep its cache, the nearest first; its users' settings cost an import, so last."""
    yield from _configured([settings / "config.local", settings / "config"])
    yield settings / "cache"
    from dvc.dirs import global_config_dir, system_config_dir

    yield from _configured([Path(global_config_dir()) / "config", Path(system_config_dir()) / "config"])


def _configured(files: Iterable[Path]) -> Iterator[Path]:
    import configparser

    for file in files:
        config = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        try:
            config.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise GitmlError(f"{file}: cannot be read: {str(error).splitlines()[0]}") from error
        folder = (config.get("cache", "dir", fallback=None) or "").strip("'\"")
        if folder:
            yield file.parent / Path(folder).expanduser()
