"""The one comment on a pull request: found by its first line, made once, then updated; by the forge's HTTP API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from gitml.cli.pull import GITHUB, GITLAB, Pull
from gitml.errors import BadValue, GitmlError

_PAGE: Final = 100
_PAGES: Final = 100
_PATIENCE: Final = 30
# What a forge answers a token that may not write here; it does not always say which of them it means.
_CLOSED: Final = frozenset([HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND])


class ReadOnly(GitmlError):
    """The token may not comment here, as that of a fork may not."""

    code = "read-only"


class _Staying(HTTPRedirectHandler):
    """A token goes to the host that it is for, and nowhere else."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Notes:
    """The comments of one pull request: their address, that of a single one, and how to write to each."""

    forge: str
    every: str
    one: str
    update: str
    headers: Mapping[str, str]
    mine: str

    def put(self, marker: str, text: str) -> str:
        """Update the comment that begins with the marker, or make it: `updated` or `created`. Raises ReadOnly."""
        for found in self._all():
            if str(found.get("body", "")).startswith(marker) and self._is_mine(found):
                self._ask(self.update, f"{self.one}/{found['id']}", {"body": text})
                return "updated"
        self._ask("POST", self.every, {"body": text})
        return "created"

    def _is_mine(self, comment: Mapping[str, Any]) -> bool:
        """Whether a bot wrote it: a person could write such a first line, and change afterwards what stands there."""
        who = comment.get("user") or comment.get("author") or {}
        return self.mine in (who.get("login"), who.get("username")) or who.get("type") == "Bot"

    def _all(self) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _PAGES + 1):
            found = self._ask("GET", f"{self.every}?per_page={_PAGE}&page={page}")
            yield from found
            if len(found) < _PAGE:
                return

    def _ask(self, method: str, address: str, body: Mapping[str, str] | None = None) -> Any:
        return ask(method, address, self.headers, body)


def ask(method: str, address: str, headers: Mapping[str, str], body: Mapping[str, str] | None = None) -> Any:
    """The JSON that an API answers. Raises ReadOnly, GitmlError."""
    if urlsplit(address).scheme not in ("https", "http"):
        raise BadValue(f"{address} is no address of an API")
    data = None if body is None else json.dumps(body).encode()
    request = Request(address, data, {**headers, "Content-Type": "application/json"}, method=method)  # noqa: S310
    where = urlsplit(address).path
    try:
        with build_opener(_Staying).open(request, timeout=_PATIENCE) as answer:
            return json.loads(answer.read() or b"null")
    except HTTPError as error:
        with error:
            message = f"{method} {where}: {error.code} {error.reason}"
        raise (ReadOnly if error.code in _CLOSED else GitmlError)(message) from None
    except (URLError, TimeoutError, ConnectionError, ValueError) as error:
        raise GitmlError(f"{method} {where}: {getattr(error, 'reason', error)}") from None


def notes(pull: Pull, environ: Mapping[str, str]) -> Notes | None:
    """The comments of a pull request; None where there is none, or no token for it."""
    token = environ.get("GITML_TOKEN")
    if pull.number is None or not token:
        return None
    if pull.forge == GITHUB:
        api = environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
        issues = f"{api}/repos/{quote(environ.get('GITHUB_REPOSITORY', ''))}/issues"
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        mine = environ.get("GITML_AUTHOR") or "github-actions[bot]"
        return Notes(GITHUB, f"{issues}/{quote(pull.number)}/comments", f"{issues}/comments", "PATCH", headers, mine)
    api = environ.get("CI_API_V4_URL", "https://gitlab.com/api/v4").rstrip("/")
    project = quote(environ.get("CI_PROJECT_ID", ""), safe="")
    every = f"{api}/projects/{project}/merge_requests/{quote(pull.number)}/notes"
    headers = {"PRIVATE-TOKEN": token}
    mine = str(ask("GET", f"{api}/user", headers).get("username", ""))
    return Notes(GITLAB, every, every, "PUT", headers, mine)
