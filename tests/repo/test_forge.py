"""Links to GitHub and GitLab, from what a remote's address may look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitml.repo.forge import link, remote_address
from gitml.repo.git import Git
from gitrepo import git

HUB = "https://github.com/cellar/wine/blob/4f2a/src/train%20it.py"
LAB = "https://gitlab.example.org/a/b/wine/-/blob/4f2a/src/train%20it.py"


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("https://github.com/cellar/wine", HUB),
        ("https://github.com/cellar/wine.git", HUB),
        ("https://github.com/cellar/wine.git/", HUB),
        ("https://mona:token@github.com/cellar/wine.git", HUB),
        ("git@github.com:cellar/wine.git", HUB),
        ("github.com:cellar/wine", HUB),
        ("ssh://git@github.com:22/cellar/wine.git", HUB),
        ("git://GitHub.com/cellar/wine", HUB),
        ("git@gitlab.example.org:a/b/wine.git", LAB),
        ("https://gitlab.example.org:8443/a/b/wine", LAB),
        ("https://example.org/cellar/wine.git", None),
        ("https://notgithub.example.org/cellar/wine.git", None),
        ("../wine", None),
        ("/srv/git/github.com/wine", None),
        ("file:///srv/github.com/wine", None),
        ("", None),
        (None, None),
    ],
)
def test_a_link(address: str | None, wanted: str | None) -> None:
    assert link(address, "4f2a", "src/train it.py") == wanted


def test_the_remote_is_origin_else_the_first(repo: Path) -> None:
    found = Git.find(repo)
    assert remote_address(found) is None
    git(repo, "remote", "add", "b", "https://b.example.org/x.git")
    git(repo, "remote", "add", "c", "https://c.example.org/x.git")
    assert remote_address(found) == "https://b.example.org/x.git"
    git(repo, "remote", "add", "origin", "https://o.example.org/x.git")
    assert remote_address(found) == "https://o.example.org/x.git"
