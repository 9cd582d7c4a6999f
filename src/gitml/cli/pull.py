"""Which pull request a CI job is about, by the words of the forge that runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gitml.errors import BadValue, Refused

GITHUB, GITLAB = "github", "gitlab"
NEEDS: Final[Mapping[str, str]] = {
    GITHUB: "give actions/checkout `fetch-depth: 0`",
    GITLAB: 'set `GIT_DEPTH: "0"` in the job\'s variables',
    "": "git fetch --unshallow",
}
"""What a job must do to have the history that a review needs."""


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull (merge) request: its number where there is one, what it goes into (the first of `bases` that is here)."""

    forge: str
    bases: tuple[str, ...]
    head: str
    number: str | None = None


def pull(environ: Mapping[str, str]) -> Pull:
    """What a job is about; GITML_BASE and GITML_HEAD say it better than the event. Raises BadValue, Refused."""
    if environ.get("GITHUB_ACTIONS"):
        found = _github(environ)
    elif environ.get("GITLAB_CI"):
        found = _gitlab(environ)
    else:
        found = Pull("", (), "HEAD")
    base, head = environ.get("GITML_BASE"), environ.get("GITML_HEAD")
    found = Pull(found.forge, (base,) if base else found.bases, head or found.head, found.number)
    if not found.bases:
        raise BadValue("this job names no branch that its commits go into", hint="set GITML_BASE (the input `base`)")
    return found


def _github(environ: Mapping[str, str]) -> Pull:
    if environ.get("GITHUB_EVENT_NAME") == "pull_request_target":
        told = "pull_request_target gives a stranger's pull request the secrets of this repository"
        raise Refused(told, hint="run this job `on: pull_request`")
    event = _event(environ)
    try:
        return _of_event(event, environ.get("GITHUB_SHA", "HEAD"))
    except (AttributeError, KeyError, TypeError):
        raise BadValue("the event of this job is none of GitHub's", hint="see GITHUB_EVENT_PATH") from None


def _of_event(event: Mapping[str, Any], commit: str) -> Pull:
    if "pull_request" in event:
        request = event["pull_request"]
        return Pull(GITHUB, (str(request["base"]["sha"]),), str(request["head"]["sha"]), str(request["number"]))
    if "merge_group" in event:
        return Pull(GITHUB, (str(event["merge_group"]["base_sha"]),), str(event["merge_group"]["head_sha"]))
    before = str(event.get("before", ""))
    branch = event.get("repository", {}).get("default_branch")
    bases = [before] if before.strip("0") else [f"origin/{branch}"] if branch else []
    return Pull(GITHUB, tuple(bases), str(event.get("after") or commit))


def _event(environ: Mapping[str, str]) -> dict[str, Any]:
    place = environ.get("GITHUB_EVENT_PATH")
    if not place:
        return {}
    try:
        found = json.loads(Path(place).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadValue(f"{place} cannot be read: {error}", hint="GITHUB_EVENT_PATH names the event of a job") from None
    return found if isinstance(found, dict) else {}


def _gitlab(environ: Mapping[str, str]) -> Pull:
    branch = environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") or environ.get("CI_DEFAULT_BRANCH")
    shas = [environ.get(f"CI_MERGE_REQUEST_{word}") for word in ("TARGET_BRANCH_SHA", "DIFF_BASE_SHA")]
    bases = [f"refs/remotes/origin/{branch}"] if branch else []
    head = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA") or "HEAD"
    return Pull(GITLAB, (*bases, *filter(None, shas)), head, environ.get("CI_MERGE_REQUEST_IID"))
