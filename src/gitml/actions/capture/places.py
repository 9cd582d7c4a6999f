"""Where Python and what is installed with it lie: whose code a file is."""

from __future__ import annotations

import os
from functools import cache


def is_installed(file: str | os.PathLike[str]) -> bool:
    """Whether a file is part of an installed Python or of what is installed there."""
    here = os.path.abspath(file)  # noqa: PTH100  (a path that is only compared)
    return any(here.startswith(place) for place in installed())


@cache
def installed() -> tuple[str, ...]:
    """The folders of these, packages before the library that they may lie in; each ends with a separator."""
    import sysconfig

    named = (sysconfig.get_path(name) for name in ("scripts", "purelib", "platlib", "stdlib"))
    return tuple(os.path.join(place, "") for place in dict.fromkeys(named))  # noqa: PTH118
