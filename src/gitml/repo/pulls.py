"""By which pull request a commit came in, as the messages of hosting sites tell it."""

from __future__ import annotations

import re

# The last block of a message, where trailers stand; and GitLab's own line.
_TRAILER = re.compile(
    r"^(?:pull[- ]request|merge[- ]request|pr|mr|pr-url|pull-request-url|reviewed-on)\s*:\s*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_GITLAB = re.compile(r"^See merge request (?:\S*?)!(\d+)\s*$", re.MULTILINE)
_MERGED = re.compile(r"Merge pull request #(\d+) (?:from|in) ")
_BITBUCKET = re.compile(r"Merged in .+ \(pull request #(\d+)\)")
_AZURE = re.compile(r"Merged PR (\d+): ")
_SQUASHED = re.compile(r"\S.*\((#|!)(\d+)\)")
_NUMBER = re.compile(r"([#!])?(\d+)")
_LINK = re.compile(r"https?://\S+/(pull|pulls|pull-requests|merge_requests)/(\d+)\b\S*")


def pull_request(subject: str, message: str) -> str | None:
    """`#12` of GitHub and its like, `!12` of GitLab; None where a message names none."""
    if found := _from_trailers(message) or _GITLAB.search(message):
        return found if isinstance(found, str) else f"!{found[1]}"
    for pattern in (_MERGED, _BITBUCKET, _AZURE):
        if merged := pattern.match(subject):
            return f"#{merged[1]}"
    squashed = _SQUASHED.fullmatch(subject.strip())
    return f"{squashed[1]}{squashed[2]}" if squashed else None


def _from_trailers(message: str) -> str | None:
    block = message.rstrip().rpartition("\n\n")[2]
    for said in _TRAILER.findall(block):
        text = said.strip()
        if link := _LINK.fullmatch(text):
            return f"{'!' if link[1] == 'merge_requests' else '#'}{link[2]}"
        if number := _NUMBER.fullmatch(text):
            return f"{number[1] or '#'}{number[2]}"
    return None
