"""What an exception says of itself without its text: its type, and where it came from."""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb
from typing import Any, Final

from gitml.actions.capture.places import installed

_MOST: Final = 40
_OWN: Final = Path(__file__).parents[2]


def told(root: Path, error: BaseException) -> dict[str, Any]:
    """Its type, the module of that where it is not Python's own, and its frames, outermost first; 40 at most.

    `root` is that of the repository, in which files are named.
    """
    kind = type(error)
    frames = [
        {"path": _place(root, frame.f_code.co_filename), "line": line, "function": frame.f_code.co_name}
        for frame, line in walk_tb(error.__traceback__)
        if not Path(frame.f_code.co_filename).is_relative_to(_OWN)
    ]
    module = {} if kind.__module__ in ("builtins", "__main__") else {"module": kind.__module__}
    return {"type": kind.__name__, **module, **({"frames": frames[-_MOST:]} if frames else {})}


def _place(root: Path, file: str) -> str:
    """A file from the repository's root, or from the folder of installed packages: where these lie is left out."""
    path = Path(file)
    if not path.is_absolute():
        return file  # `<stdin>`, a notebook's cell
    place = next((one for one in installed() if path.is_relative_to(one)), None)
    if place:
        return path.relative_to(place).as_posix()
    top = root.resolve()
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.name
