"""Wrong flags or a wrong verb."""

from __future__ import annotations

from gitml.errors import GitmlError


class Usage(GitmlError):
    """Wrong flags or a wrong verb: exit 2."""

    code = "usage"
