"""CI: the steps of action.yml and of ci/gitlab.yml, run in a shell, on real clones, against a forge on this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from command_line import source
from gitml.cli import review as job
from gitml.cli.pull import pull
from gitml.errors import BadValue, GitmlError
from gitml.render.review import MARKER
from gitrepo import commit, environment, git, init

ROOT = Path(__file__).parents[2]
BOT = "github-actions[bot]"
TOKEN = "t0ken"
ID_1, ID_2, ID_3 = (f"01JD7M000000000000000000{number}0" for number in "123")
ALIAS = "metadata/aliases/model/wine/production.yaml"


def version(held: str, auc: float) -> str:
    return f'schema: model-version/1\nid: {held}\ncreated: "2026-02-10T09:12:00Z"\nmetrics:\n  auc: {auc}\n'


def alias(number: str, held: str) -> str:
    return f'schema: alias/1\nversion: "{number}"\nid: {held}\n'


GOOD = {
    "metadata/store.yaml": "schema: store/1\nmain: main\n",
    "metadata/models/wine.yaml": "schema: model/1\n",
    "metadata/models/wine/1.yaml": version(ID_1, 0.9),
    "metadata/models/wine/2.yaml": version(ID_2, 0.95),
    "metadata/models/wine/3.yaml": version(ID_3, 0.5),
    ALIAS: alias("1", ID_1),
}


# ── a forge ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Forge:
    """What GitHub and GitLab keep of one pull request, and who may write there."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    closed: int = 0
    down: int = 0
    address: str = ""

    def say(self, login: str, body: str) -> dict[str, Any]:
        kind = "Bot" if login.endswith("[bot]") else "User"
        made = {"id": 100 + len(self.comments), "body": body, "user": {"login": login, "type": kind}}
        self.comments.append(made | {"author": {"username": login}})
        return made

    @property
    def ours(self) -> list[str]:
        return [one["body"] for one in self.comments if one["user"]["login"] == BOT]

    def answer(self, method: str, address: str, headers: Message, body: Any) -> tuple[int, Any]:
        """What the forge says to one request."""
        parts = urlsplit(address)
        self.asked.append((method, parts.path))
        if TOKEN not in (headers.get("PRIVATE-TOKEN"), str(headers.get("Authorization"))[7:]):
            return 401, {"message": "Bad credentials"}
        if self.down or (self.closed and method != "GET"):
            return self.down or self.closed, {"message": "Resource not accessible by integration"}
        if method != "GET":
            return self._written(method, parts.path, body["body"])
        asked = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
        start = (asked["page"] - 1) * asked["per_page"] if asked else 0
        return 200, self.comments[start : start + asked["per_page"]] if asked else {"username": BOT}

    def _written(self, method: str, path: str, text: str) -> tuple[int, Any]:
        if len(text) > 65_536:
            return 422, {"message": "body is too long"}
        if method == "POST":
            return 201, self.say(BOT, text)
        (found,) = [one for one in self.comments if one["id"] == int(path.rpartition("/")[2])]
        found["body"] = text
        return 200, found


class Handler(BaseHTTPRequestHandler):
    """HTTP for the forge of its server."""

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        forge: Forge = self.server.forge  # type: ignore[attr-defined]
        code, found = forge.answer(self.command, self.path, self.headers, body)
        raw = json.dumps(found).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Location", "http://127.0.0.1:9/stolen")
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815  (http.server's own names)


@pytest.fixture
def forge() -> Iterator[Forge]:
    made = Forge()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.forge = made  # type: ignore[attr-defined]
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


# ── a pull request ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Request:
    """A repository on a server, and the two commits of a pull request in it."""

    origin: Path
    base: str
    head: str

    def clone(self, place: Path, *options: str) -> Path:
        """As a runner checks out a pull request: at the merge, or with less history."""
        git(place.parent, "clone", "-q", "--no-checkout", *options, f"file://{self.origin}", str(place))
        depth = [option for option in options if option.startswith("--depth")]
        git(place, "fetch", "-q", *depth, "origin", "+refs/pull/7/merge:refs/remotes/pull/7/merge")
        git(place, "checkout", "-q", "--detach", "refs/remotes/pull/7/merge")
        return place


def request(origin: Path, files: Mapping[str, str], since: Mapping[str, str] | None = None) -> Request:
    """A pull request that changes files; `since` are those that main has changed meanwhile."""
    init(origin)
    commit(origin, GOOD)
    git(origin, "checkout", "-q", "-b", "side")
    head = commit(origin, files, "a promotion")
    git(origin, "checkout", "-q", "main")
    base = commit(origin, since or {"README.md": "wine\n"}, "meanwhile")
    git(origin, "checkout", "-q", "--detach")
    merged = git(origin, "merge", "-q", "-s", "ours", "-m", "merge", head, check=False) or git(
        origin, "rev-parse", "HEAD"
    )
    git(origin, "update-ref", "refs/pull/7/merge", merged)
    git(origin, "update-ref", "refs/pull/7/head", head)
    git(origin, "checkout", "-q", "main")
    return Request(origin, base, head)


@pytest.fixture
def better(tmp_path: Path) -> Request:
    return request(tmp_path / "origin", {ALIAS: alias("2", ID_2)})


@pytest.fixture
def worse(tmp_path: Path) -> Request:
    return request(tmp_path / "origin", {ALIAS: alias("3", ID_3)})


# ── GitHub ───────────────────────────────────────────────────────────────────────────────────────────────────────

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


@dataclass(frozen=True)
class Ran:
    """How a job ended: the code of each step by name, all that was said, and the summary."""

    codes: dict[str, int]
    out: str
    err: str
    summary: str


def event(asked: Request, **more: Any) -> dict[str, Any]:
    return {"pull_request": {"number": 7, "base": {"sha": asked.base}, "head": {"sha": asked.head}}, **more}


def action(place: Path, forge: Forge, told: Any, name: str = "pull_request", **inputs: str) -> Ran:
    """The steps of action.yml, each in a shell of its own, as a runner does it."""
    runner = place.parent / f"{place.name}-runner"
    runner.mkdir(exist_ok=True)
    (runner / "event.json").write_text(told if isinstance(told, str) else json.dumps(told))
    (runner / "summary.md").write_text("")
    given = {key: one.get("default", "") for key, one in ACTION["inputs"].items()} | {"token": TOKEN} | inputs
    common = {
        "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(runner / "event.json"),
        "GITHUB_REPOSITORY": "cellar/wine", "GITHUB_API_URL": forge.address, "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(runner / "summary.md"), "GITHUB_ENV": str(runner / "env"),
        "RUNNER_TEMP": str(runner), "GITML_PYTHON": sys.executable, "PYTHONPATH": source(),
    }  # fmt: skip
    codes, out, err = {}, "", ""
    for step in ACTION["runs"]["steps"]:
        if not goes(step, given):
            continue
        env = {key: filled(text, given) for key, text in step.get("env", {}).items()}
        folder = place / filled(step.get("working-directory", "."), given)
        done = shell(step["run"], folder, environment(common | env))
        codes[step["name"]] = done.returncode
        out, err = out + done.stdout, err + done.stderr
    return Ran(codes, out, err, (runner / "summary.md").read_text())


def goes(step: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    """Whether the condition of a step holds in a job that nobody has cancelled."""
    parts = step.get("if", "${{ true }}").removeprefix("${{ ").removesuffix(" }}").split(" && ")
    known = {"true": True, "!cancelled()": True, "env.GITML_PYTHON != ''": True}
    known["inputs.comment == 'true'"] = given["comment"] == "true"
    return all(known[part] for part in parts)


def filled(text: str, given: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: given[found[1]], text)


def shell(script: str, place: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As GitHub's `shell: bash`."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=place, env=dict(env), capture_output=True, text=True, check=False)


STEPS = ["Install gitml", "Validate the range", "Check the merge", "Comment"]


def test_a_good_pull_request_passes_and_gets_its_comment(better: Request, tmp_path: Path, forge: Forge) -> None:
    forge.say("mona", "nice!")
    forge.say("mallory", f"{MARKER}\nnot the bot's")
    clone = better.clone(tmp_path / "clone")
    ran = action(clone, forge, event(better))
    assert ran.codes == dict.fromkeys(STEPS, 0), ran
    assert ran.summary == ""
    (body,) = forge.ours
    assert body.startswith(f"{MARKER}\n### production moves from wine@1 to wine@2; auc 0.9 -> 0.95 ▲")
    assert "README" not in body  # what main has done since is none of it
    assert [one["body"] for one in forge.comments][:2] == ["nice!", f"{MARKER}\nnot the bot's"]
    assert TOKEN not in ran.out + ran.err

    git(better.origin, "checkout", "-q", "side")
    again = Request(better.origin, better.base, commit(better.origin, {ALIAS: alias("3", ID_3)}))
    git(clone, "fetch", "-q", "origin")
    ran = action(clone, forge, event(again))
    assert ran.codes == dict.fromkeys(STEPS, 0) | {"Validate the range": 1, "Check the merge": 1}
    (body,) = forge.ours
    assert "moves from wine@1 to wine@3; auc 0.9 -> 0.5 ▼" in body
    assert "**1 error**" in body
    assert f"::error file={ALIAS},line=2,col=10,title=metric.worse::model/wine@3 is worse" in ran.out
    assert ("PATCH", "/repos/cellar/wine/issues/comments/102") in forge.asked


def test_the_comment_is_found_behind_a_hundred_others(better: Request, tmp_path: Path, forge: Forge) -> None:
    for number in range(120):
        forge.say("mona", f"{number}")
    forge.say(BOT, f"{MARKER}\nold")
    action(better.clone(tmp_path / "clone"), forge, event(better))
    assert len(forge.comments) == 121
    assert "production moves" in forge.comments[120]["body"]


def test_with_a_read_only_token_the_summary_takes_it(better: Request, tmp_path: Path, forge: Forge) -> None:
    forge.closed = 403
    clone = better.clone(tmp_path / "clone")
    ran = action(clone, forge, event(better))
    assert ran.codes == dict.fromkeys(STEPS, 0), ran
    assert forge.ours == []
    assert ran.summary.startswith(f"{MARKER}\n### production moves")
    assert "POST /repos/cellar/wine/issues/7/comments: 403 Forbidden): the job's summary has it" in ran.err
    assert action(clone, forge, event(better), token="").summary.startswith(MARKER)


@pytest.mark.parametrize("down", [500, 302])
def test_a_forge_that_fails_is_said_and_the_summary_has_it(
    better: Request, tmp_path: Path, forge: Forge, down: int
) -> None:
    forge.down = down
    ran = action(better.clone(tmp_path / "clone"), forge, event(better))
    assert ran.codes["Comment"] == 1
    assert f"git ml: GET /repos/cellar/wine/issues/7/comments: {down} " in ran.err
    assert ran.summary.startswith(MARKER)
    assert "Traceback" not in ran.err


def test_a_shallow_clone_says_what_it_needs(worse: Request, tmp_path: Path, forge: Forge) -> None:
    ran = action(worse.clone(tmp_path / "clone", "--depth=1"), forge, event(worse))
    assert ran.codes == dict.fromkeys(STEPS, 1) | {"Install gitml": 0}
    needed = "this step needs the whole history; give actions/checkout `fetch-depth: 0`\n"
    assert ran.err.count(needed) == 3
    assert ran.out.count("::error title=gitml::") == 3
    assert "Traceback" not in ran.err
    assert forge.comments == []


def test_two_good_changes_that_make_a_bad_store(tmp_path: Path, forge: Forge) -> None:
    retired = {"metadata/statuses/model/wine/2.yaml": f"schema: status/1\nstatus: retired\nid: {ID_2}\n"}
    asked = request(tmp_path / "origin", {ALIAS: alias("2", ID_2)}, retired)
    ran = action(asked.clone(tmp_path / "clone"), forge, event(asked))
    assert ran.codes == dict.fromkeys(STEPS, 0) | {"Check the merge": 1}
    assert "`lifecycle.move`" in forge.ours[0]


def test_comments_can_be_left_out_and_the_commits_named(worse: Request, tmp_path: Path, forge: Forge) -> None:
    clone = worse.clone(tmp_path / "clone")
    ran = action(clone, forge, {}, "workflow_dispatch", comment="false", base="origin/main", head=worse.head)
    assert ran.codes == dict.fromkeys(STEPS[:3], 0) | {"Validate the range": 1, "Check the merge": 1}
    assert forge.asked == []


def test_a_record_cannot_command_the_runner(tmp_path: Path, forge: Forge) -> None:
    evil = "::add-mask::x"
    asked = request(tmp_path / "origin", {evil: "1\n"}, {evil: "2\n"})
    ran = action(asked.clone(tmp_path / "clone"), forge, event(asked), comment="false")
    word = re.search(r"^::stop-commands::([0-9a-f]{32})$", ran.out, re.MULTILINE)
    assert word
    inside = re.findall(r"^::stop-commands::([0-9a-f]+)\n(.*?)^::\1::$", ran.out, re.MULTILINE | re.DOTALL)
    assert any(evil in text for _word, text in inside)
    outside = re.sub(r"(?ms)^::stop-commands::([0-9a-f]+)\n.*?^::\1::$", "", ran.out)
    assert not re.search(r"^::add-mask", outside, re.MULTILINE)
    assert "file=%3A%3Aadd-mask%3A%3Ax" in outside


def test_pull_request_target_is_refused(worse: Request, tmp_path: Path, forge: Forge) -> None:
    ran = action(worse.clone(tmp_path / "clone"), forge, event(worse), "pull_request_target")
    assert ran.codes == dict.fromkeys(STEPS, 1) | {"Install gitml": 0}
    assert "run this job `on: pull_request`" in ran.err
    assert forge.asked == []
    for file in ("action.yml", "ci/gitlab.yml"):
        code = [line for line in (ROOT / file).read_text().splitlines() if not line.lstrip().startswith("#")]
        assert "pull_request_target" not in "".join(code)


def test_what_lies_in_the_pull_request_is_not_imported(better: Request, tmp_path: Path, forge: Forge) -> None:
    clone = better.clone(tmp_path / "clone")
    for name in ("gitml.py", "yaml.py", "json.py", "urllib.py"):
        (clone / name).write_text("raise SystemExit('imported')\n")
    assert action(clone, forge, event(better), comment="false").codes == dict.fromkeys(STEPS[:3], 0)


def test_gitml_is_installed_where_no_python_is_named(tmp_path: Path) -> None:
    (install,) = [step["run"] for step in ACTION["runs"]["steps"] if step["name"] == "Install gitml"]
    fakes, said = tmp_path / "bin", tmp_path / "said"
    fakes.mkdir()
    (fakes / "python3").write_text(
        f'#!/bin/sh\nif [ "$1" = -c ]; then exec {sys.executable} "$@"; fi\necho "$@" >> {said}\n'
        f'mkdir -p "$3/bin"; printf "#!/bin/sh\\necho \\"\\$@\\" >> {said}\\n" > "$3/bin/python"\n'
        'chmod +x "$3/bin/python"\n'
    )
    (fakes / "python3").chmod(0o755)
    env = environment({"PATH": f"{fakes}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path / "temp")})
    env |= {"GITHUB_ENV": str(tmp_path / "env"), "GITHUB_ACTION_PATH": "/action"}
    done = shell(install, tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert said.read_text() == f"-m venv {tmp_path}/temp/gitml\n-m pip install --quiet /action\n"
    assert (tmp_path / "env").read_text() == f"GITML_PYTHON={tmp_path}/temp/gitml/bin/python\n"
    (fakes / "python3").write_text("#!/bin/sh\nexit 1\n")
    done = shell(install, tmp_path, env)
    assert (done.returncode, done.stdout.count("::error")) == (1, 1)


# ── GitLab ───────────────────────────────────────────────────────────────────────────────────────────────────────

TEMPLATE = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())["gitml-review"]


def gitlab(place: Path, forge: Forge, asked: Request, **more: str) -> subprocess.CompletedProcess[str]:
    """The script of the template, as a runner runs it; gitml is installed already."""
    variables = {
        "GITLAB_CI": "true", "CI_API_V4_URL": forge.address, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_COMMIT_SHA": asked.head, "GITML_TOKEN": TOKEN,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": source(),
    }  # fmt: skip
    return shell("\n".join(TEMPLATE["script"]), place, environment(variables | more))


def fetched(asked: Request, place: Path, *options: str) -> Path:
    """As GitLab's runner fetches: the commit of the merge request alone, and no branch."""
    init(place)
    git(place, "remote", "add", "origin", f"file://{asked.origin}")
    git(place, "fetch", "-q", *options, "origin", "+refs/pull/7/head:refs/pipelines/1")
    git(place, "checkout", "-q", "--detach", "refs/pipelines/1")
    return place


def test_gitlab_makes_one_note_and_updates_it(better: Request, tmp_path: Path, forge: Forge) -> None:
    clone = fetched(better, tmp_path / "clone")
    for _time in range(2):
        done = gitlab(clone, forge, better)
        assert done.returncode == 0, done.stderr
    (body,) = forge.ours
    assert body.startswith(f"{MARKER}\n### production moves from wine@1 to wine@2")
    assert forge.asked[-1] == ("PUT", "/projects/42/merge_requests/7/notes/100")
    assert not (clone / job.SUMMARY).exists()


def test_gitlab_without_a_token_leaves_a_file(worse: Request, tmp_path: Path, forge: Forge) -> None:
    clone = fetched(worse, tmp_path / "clone")
    done = gitlab(clone, forge, worse, GITML_TOKEN="")
    assert done.returncode == 1
    assert done.stdout.count("error metric.worse") == 2
    assert (clone / job.SUMMARY).read_text().startswith(MARKER)
    assert TEMPLATE["artifacts"]["paths"] == [job.SUMMARY]
    assert gitlab(clone, forge, worse, GITML_TOKEN="wrong").returncode == 1
    assert forge.asked[-1] == ("GET", "/user")


def test_gitlab_in_a_shallow_clone_says_what_it_needs(better: Request, tmp_path: Path, forge: Forge) -> None:
    commit(better.origin, {"README.md": "more\n"})
    done = gitlab(fetched(better, tmp_path / "clone", "--depth=1"), forge, better)
    assert done.returncode == 1
    assert 'needs the whole history; set `GIT_DEPTH: "0"` in the job\'s variables' in done.stderr
    assert "Traceback" not in done.stderr
    assert TEMPLATE["variables"]["GIT_DEPTH"] == "0"


def test_the_template_runs_for_merge_requests_alone() -> None:
    assert TEMPLATE["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]


# ── what an environment says ─────────────────────────────────────────────────────────────────────────────────────


def github(tmp_path: Path, told: str, name: str = "push") -> dict[str, str]:
    (tmp_path / "event.json").write_text(told)
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}


@pytest.mark.parametrize(
    ("told", "bases", "head"),
    [
        ('{"before": "aa", "after": "bb"}', ("aa",), "bb"),
        ('{"before": "00", "after": "bb", "repository": {"default_branch": "trunk"}}', ("origin/trunk",), "bb"),
        ('{"merge_group": {"base_sha": "aa", "head_sha": "bb"}}', ("aa",), "bb"),
    ],
)
def test_other_events_have_a_range_too(tmp_path: Path, told: str, bases: tuple[str, ...], head: str) -> None:
    found = pull(github(tmp_path, told))
    assert (found.bases, found.head, found.number) == (bases, head, None)


@pytest.mark.parametrize(
    "told", ["", "{", "[]", "{}", '{"pull_request": {}}', '{"pull_request": 3}', '{"merge_group": null}']
)
def test_an_event_that_says_nothing_is_one_line(tmp_path: Path, told: str) -> None:
    with pytest.raises(BadValue):
        pull(github(tmp_path, told))


def test_gitlab_s_words_for_a_merged_result() -> None:
    words = {"TARGET_BRANCH_NAME": "main", "TARGET_BRANCH_SHA": "aa", "DIFF_BASE_SHA": "bb", "SOURCE_BRANCH_SHA": "cc"}
    told = {f"CI_MERGE_REQUEST_{name}": value for name, value in words.items()}
    found = pull({"GITLAB_CI": "true", "CI_COMMIT_SHA": "dd", **told})
    assert (found.bases, found.head) == (("refs/remotes/origin/main", "aa", "bb"), "cc")


@pytest.mark.parametrize("steps", [[], ["nothing"], ["merge", "comment"]])
def test_an_unknown_step_is_wrong_usage(steps: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert job.main(steps, {}) == 2
    assert capsys.readouterr().err == "git ml: name one step: validate, merge, comment, all\n"


def test_outside_of_any_forge_the_commits_are_named(
    worse: Request, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(worse.origin)
    assert job.main(["validate"], {"GITML_BASE": "main", "GITML_HEAD": "side"}) == 1
    assert "error metric.worse" in capsys.readouterr().out
    assert job.main(["comment"], {"GITML_BASE": "main", "GITML_HEAD": "side"}) == 0
    assert (worse.origin / job.SUMMARY).read_text().startswith(MARKER)
    assert job.main(["validate"], {}) == 1
    assert "set GITML_BASE" in capsys.readouterr().err
    assert job.main(["validate"], {"GITML_BASE": "nowhere"}) == 1
    assert "no revision 'nowhere'" in capsys.readouterr().err


def test_an_address_that_is_none_is_refused() -> None:
    from gitml.cli.notes import ask

    with pytest.raises(BadValue, match="is no address of an API"):
        ask("GET", "file:///etc/passwd", {})
    with pytest.raises(GitmlError, match="GET /x: "):
        ask("GET", "http://127.0.0.1:9/x", {})
