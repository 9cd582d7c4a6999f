"""Where a repository is looked at in a browser: the links of GitHub and GitLab."""

from __future__ import annotations

import re
from urllib.parse import quote

from gitml.repo.git import Git

# https://name:secret@host/path, ssh://git@host:22/path, git@host:path
_ADDRESS = re.compile(r"(?:(?:https?|ssh|git)://)?(?:[^@/]*@)?([A-Za-z0-9.-]+)(?::\d+(?=/))?[:/]/?(.+?)(?:\.git)?/?")
_BLOBS = (("github", "blob"), ("gitlab", "-/blob"))


def remote_address(git: Git) -> str | None:
    """The address of `origin`, else of the first remote; None where there is none."""
    names = git.run("remote", check=False).decode("utf-8", "replace").split()
    if not names:
        return None
    name = "origin" if "origin" in names else names[0]
    return git.run("remote", "get-url", name, check=False).decode("utf-8", "replace").strip() or None


def link(address: str | None, commit: str, path: str) -> str | None:
    """The page that shows a path at a commit; None where the address is neither GitHub's nor GitLab's.

    What stands in an address before the host, such as a token, is never in a link.
    """
    found = _ADDRESS.fullmatch(address or "")
    if not found:
        return None
    host, place = found[1].lower(), found[2]
    word = next((word for forge, word in _BLOBS if forge in host.split(".")), None)
    return f"https://{host}/{quote(place)}/{word}/{commit}/{quote(path)}" if word else None
