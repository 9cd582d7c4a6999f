"""DVC's files as people, merges and attackers leave them, through the real command line: nothing else is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from command_line import Said, fine, ml
from gitrepo import commit, git, write

MD5 = "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"
GOOD = {
    "good/dvc.yaml": "stages:\n  ok:\n    cmd: echo ok\n    outs: [ok.txt]\n    metrics: [ok.json: {cache: false}]\n",
    "good/ok.json": '{"auc": 0.5}',
    "good/dvc.lock": f"stages:\n  ok:\n    cmd: echo ok\n    outs:\n    - path: ok.txt\n      md5: {MD5}\n",
    "good/one.csv.dvc": f"outs:\n- md5: {MD5}\n  size: 3\n  hash: md5\n  path: one.csv\n",
}
TRACKED = f"outs:\n- md5: {MD5}\n  size: 3\n  path: {{}}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join(9 * ['*' + before])}]\n" for before, one in zip("abcdefghij", "bcdefghijk", strict=True)
)
HALF = "stages:\n  t:\n    cmd: 'abc\n"
CONFLICT = "stages:\n<<<<<<< HEAD\n  t:\n    cmd: a\n=======\n  t:\n    cmd: b\n>>>>>>> theirs\n"
DEEP = "[" * 200_000
PLAIN = "stages:\n  t:\n    cmd: t\n"
LOCK = "schema: '2.0'\nstages:\n  {}:\n    cmd: t\n    outs:\n    - path: o\n      md5: " + MD5 + "\n"

Told = tuple[str, int | None, str]
"""The path and line of a problem, and words of it."""


@dataclass(frozen=True, slots=True)
class Bad:
    """Files, the problems that are told of them, and the stages that are read none the less."""

    name: str
    files: Mapping[str, str | bytes]
    told: tuple[Told, ...] = ()
    stages: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def _yaml(name: str, text: str | bytes, *told: tuple[int, str], stages: tuple[str, ...] = ()) -> Bad:
    """A dvc.yaml."""
    return Bad(name, {"dvc.yaml": text}, tuple(("dvc.yaml", *one) for one in told), stages)


def _values(name: str, text: str | bytes, file: str, *told: tuple[int | None, str]) -> Bad:
    """A file of params and metrics; its stage is read whatever it holds."""
    params = (
        f"    params:\n    - {file}:\n" if file.startswith("p") else f"    metrics:\n    - {file}: {{cache: false}}\n"
    )
    return Bad(name, {"dvc.yaml": PLAIN + params, file: text}, tuple((file, *one) for one in told), ("t",))


def _whole(name: str, text: str | bytes, line: int, words: str) -> Bad:
    """The same in a dvc.yaml, a dvc.lock and a .dvc file."""
    paths = ("dvc.yaml", "sub/dvc.lock", "x.dvc")
    return Bad(name, dict.fromkeys(paths, text), tuple((path, line, words) for path in paths))


CASES = [
    # templates and vars
    _yaml("a var that is missing", "stages:\n  t:\n    cmd: ${no.x}\n  u:\n    cmd: u\n", (2, "no.x"), stages=("u",)),
    _yaml(
        *("vars in a circle", "vars:\n- a: ${b}\n- b: ${a}\nstages:\n  t:\n    cmd: echo ${a}\n  u:\n    cmd: u\n"),
        (1, "a template stands in vars"),
        stages=("u",),
    ),
    _yaml("a file of vars that is missing", "vars: [v.yaml]\nstages:\n  t:\n    cmd: ${a}\n", (1, "no v.yaml")),
    _yaml(
        *("templates that are none", "stages:\n  t:\n    cmd: ${}\n  u:\n    cmd: ${a[}\n  v:\n    cmd: v\n"),
        (2, "(and 1 more)"),
        stages=("v",),
    ),
    _yaml("a matrix of a million", "stages:\n  t:\n    matrix:\n"
          + "".join(f"      k{n}: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\n" for n in range(6)) + "    cmd: t\n", (2, "10,000")),
    # stages and locks
    Bad("a lock for a stage that is gone", {"dvc.yaml": PLAIN, "dvc.lock": LOCK.format("gone")}, (), ("gone", "t")),
    Bad("a lock alone", {"dvc.lock": LOCK.format("gone")}, (), ("gone",)),
    Bad("a dvc.yaml that is a folder", {"dvc.yaml/x": "", "dvc.lock/x": "", "a.dvc/x": ""}),
    _yaml(
        *("merge keys", "x: &x\n  cmd: t\n  deps: [a]\nstages:\n  t:\n    <<: *x\n    outs: [o]\n  u: *x\n"),
        stages=("t", "u"),
    ),
    _yaml("stages that are none", "stages:\n  t: 3\n  u:\n    cmd:\n  v:\n    cmd: v\n    deps: 3\n  w:\n    cmd: w\n",
          (2, "(and 2 more)"), stages=("w",)),
    _yaml("two stages that claim one output",
          "stages:\n  a:\n    cmd: a\n    outs: [o]\n  b:\n    cmd: b\n    outs: [o]\n",
          (5, "dvc-output/o is claimed by dvc-stage/a and by dvc-stage/b"), stages=("a", "b")),
    Bad("an output that is tracked, too",
        {"dvc.yaml": "stages:\n  a:\n    cmd: a\n    outs: [o]\n", "o.dvc": TRACKED.format("o")},
        (("o.dvc", 1, "claimed by dvc-stage/a and by o.dvc"),), ("a",)),
    _yaml("stages in a circle", "stages:\n  a:\n    cmd: a\n    deps: [p]\n    outs: [o]\n  b:\n    cmd: b\n"
          "    deps: [o]\n    outs: [p]\n  c:\n    cmd: c\n    deps: [s]\n    outs: [s]\n", stages=("a", "b", "c")),
    Bad("a lock with odd entries",
        {"dvc.yaml": PLAIN, "dvc.lock": "stages:\n  t:\n    cmd: t\n    deps: 3\n    outs: [3, {md5: x}]\n  u: 3\n"},
        (("dvc.lock", 4, "deps is not a list"),), ("t",)),
    Bad("places outside", {"dvc.yaml": "stages:\n  t:\n    cmd: t\n    wdir: ../../..\n    deps: [/etc/passwd, .]\n"
                           "    outs: [../x, '.']\n", "x.dvc": TRACKED.format("../../../etc/passwd")}, (), ("t",)),
    # files that cannot be read at all
    _whole("half written", HALF, 4, "unexpected end"),
    _whole("a conflict", CONFLICT, 2, "a merge has left its conflict here"),
    _whole("a bare text", "hello\n", 1, "not a mapping"),
    _whole("200,000 brackets", DEEP, 1, "nested too deep"),
    _whole("an alias bomb", BOMB, 6, "aliases stand for more than"),
    _whole("bytes", bytes(range(256)), 2, "0x80 is not UTF-8"),
    _whole("a key twice", "stages: {}\nouts: []\nouts: []\nstages: {}\n", 3, "stands twice"),
    _whole("a tag", "stages: !!python/object:os.system x\n", 1, "tag:yaml.org,2002:python"),
    Bad("empty files", dict.fromkeys(["dvc.yaml", "dvc.lock", "x.dvc", "sub/dvc.yaml", "sub/dvc.lock"], "")),
    Bad("a comment alone", dict.fromkeys(["dvc.yaml", "dvc.lock", "x.dvc"], "# later\n")),
    # params and metrics
    _values("params that are a list", "- 1\n- 2\n", "p.yaml"),
    _values("params that are a text", '"x"', "p.json"),
    _values("params in TOML", "lr = 0.1\nday = 1979-05-27\n", "p.toml"),
    _values("params in bad TOML", "a = 1\nlr = = 0.1\n", "p.toml", (2, "not TOML")),
    _values("params in Python", "lr = 1\nt = (1, 2)\nb = b'x'\nd = {None: 1, 2: 3, True: 4, (1, 2): 6}\n", "p.py"),
    _values("params in bad Python", "x = 1\nlr = (\n", "p.py", (2, "not Python")),
    _values("params in deep Python", "lr = " + "-" * 100_000 + "1\n", "p.py", (None, "not Python that can be read")),
    _values("metrics of no number", '{"a": NaN, "c": null, "d": "x", "e": [null], "f": 1e9999}', "m.json"),
    _values("metrics of no number in YAML", "a: .nan\nb: -.inf\nc:\n2: x\nnull: y\ntrue: z\n", "m.yaml"),
    _values("metrics that are a list", "[1, 2]", "m.json"),
    _values("half a character", '{"a": "\\ud800", "\\udfff": 1, "b": "\\u0000\\u001b[31m"}', "m.json"),
    _values("a long number", '{"a": ' + "9" * 4000 + ', "b": 12345678901234567890}', "m.json"),
    _values("a number too long", '{"a": ' + "9" * 5000 + "}", "m.json", (None, "too long")),
    _values("a hexadecimal of 5,000 digits", "a: 0x" + "f" * 5000 + "\n", "m.yaml"),
    _values("the same in TOML", "a = 0x" + "f" * 5000 + "\n", "m.toml"),
    _values("deep metrics", '{"a":' * 60 + "1" + "}" * 60, "m.json"),
    _values("deeper metrics", '{"a":' * 900 + "1" + "}" * 900, "m.json", (None, "nested too deep")),
    _values("a long name", '{"' + "n" * 5000 + '": 1}', "m.json"),
    _values("half a metrics file", '{"a": 1,', "m.json", (1, "not JSON")),
    Bad("a folder of metrics and pictures",
        {"dvc.yaml": PLAIN + "    metrics:\n    - ev: {cache: false}\n", "ev/m.json": "{}", "ev/a.png": b"\x89PNG\0",
         "ev/l.tsv": "a\tb\n1\t2: 3\n", "ev/half.json": "{"}, (("ev/half.json", 1, "not JSON"),), ("t",)),
    # pointers
    Bad("an import from nowhere",
        {"i.dvc": "frozen: true\ndeps:\n- path: a\n  repo:\n    url: https://nowhere.invalid/x.git\n"
         f"    rev_lock: {'0' * 40}\n" + TRACKED.format("i")}),
    Bad("a folder whose listing is not here", {"d.dvc": f"outs:\n- md5: {MD5}.dir\n  nfiles: 2\n  path: d\n"}),
    Bad("pointers that are none", {"x.dvc": "outs: [3, {md5: x}]\n"}, (("x.dvc", 1, "an output has no path"),)),
    Bad("a configuration that is none", {".dvc/config": b"[[[\xff", "dvc.yaml": PLAIN, "dvc.lock": LOCK.format("t")},
        (), ("t",)),
    Bad("a damaged listing", {
        ".dvc/config": "", ".gitignore": ".dvc/cache\n", f".dvc/cache/files/md5/{MD5[:2]}/{MD5[2:]}.dir": '{"a": [',
        "dvc.yaml": PLAIN + "    outs: [o]\n    metrics: [o/m.json]\nmetrics: [o/m.json]\n",
        "dvc.lock": LOCK.format("t").replace(MD5, f"{MD5}.dir")}, (), ("t",)),
]  # fmt: skip


@pytest.fixture
def place(repo: Path) -> Path:
    """A repository under DVC in which all is well."""
    commit(repo, GOOD, "well")
    return repo


@pytest.mark.parametrize("bad", CASES, ids=str)
def test_one_problem_a_file_and_the_rest_is_read(place: Path, bad: Bad) -> None:
    """Each of them now, and over history once it is mended."""
    broken = commit(place, bad.files, "bad")
    said = ml(place, "validate", "--format", "json")
    assert said.err == ""
    problems = said.json["problems"]
    assert [(one["path"], one["line"]) for one in problems] == sorted((path, line) for path, line, _words in bad.told)
    assert {one["code"] for one in problems} <= {"read.dvc"}
    for one, (_path, _line, words) in zip(problems, sorted(bad.told, key=lambda told: told[0]), strict=True):
        assert words in one["message"]
        assert len(one["message"]) < 300
    assert said.code == (1 if bad.told else 0)
    assert _stages(place) == {*bad.stages, "ok"}
    _all_verbs(place, warned=bool(bad.told))
    git(place, "rm", "-rq", *bad.files if ".gitignore" not in bad.files else ["dvc.yaml", "dvc.lock"])
    git(place, "commit", "-q", "-m", "mended")
    rows, err = _past(place)
    assert {row["code.command"] for row in rows} >= {"echo ok"}
    for path, _line, _words in bad.told[:1]:
        assert f"{broken[:8]} {path}" in err


def _stages(place: Path) -> set[str]:
    return {row["name"] for row in fine(place, "list", "dvc-stage", "--format", "json").json["rows"]}


def _past(place: Path) -> tuple[list[dict[str, Any]], str]:
    """What `list run --all-commits` gives, and what is said of files that could not be read for all sorts of kinds."""
    said = fine(place, "list", "run", "--all-commits", "--format", "json")
    others = [fine(place, "list", kind, "--all-commits").err for kind in ("dvc-pipeline", "dvc-output")]
    return said.json["rows"], "".join([said.err, *others])


def _all_verbs(place: Path, *, warned: bool) -> None:
    """What a person asks first; nothing of it fails, and nothing unprintable reaches the terminal."""
    counts = fine(place, "list", "--format", "json").json["rows"]
    assert sum(row["problems"] for row in counts) > 0 or not warned
    for argv in (["list"], ["list", "dvc-stage"], ["lineage"], ["lineage", "--format", "json"], ["status"]):
        assert fine(place, *argv).out.replace("\n", "").isprintable()
    assert ml(place, "status", "--data").code in (0, 1)
    assert warned or not fine(place, "list", "dvc-stage").err
    for kind in ("dvc-stage", "dvc-output", "dvc-pipeline", "run"):
        for row in fine(place, "list", kind, "--format", "json").json["rows"]:
            assert _is_of(row["ref"], fine(place, "show", row["ref"], "--format", "json"))
            fine(place, "show", row["ref"])
            fine(place, "lineage", row["ref"], "--down")


def _is_of(ref: str, said: Said) -> bool:
    return bool(said.json["ref"] == ref and said.json["derived"])


NAMES = ["a b", 'a"b', "a'b", "a@b", "a:b", "a#b", "a%2Fb", "a\\b", "-a", "*", "~", "葡萄 酒", "a\u202eb", "a\x1b[31m"]


def test_names_of_every_sort(place: Path) -> None:
    quoted = [name.replace("\\", "\\\\").replace('"', '\\"').replace("\x1b", "\\e") for name in NAMES]
    files = {
        f'数 "据"@:#/{number}.dvc': f'outs:\n- md5: {MD5}\n  path: "{name}"\n' for number, name in enumerate(quoted)
    }
    stages = {f'"{name}"': name for name, plain in zip(quoted, NAMES, strict=True) if "@" not in plain}
    text = "stages:\n" + "".join(
        f'  {key}:\n    cmd: "{name}"\n    outs: ["o {name}"]\n' for key, name in stages.items()
    )
    commit(place, {**files, "dvc.yaml": text, "a @:#/dvc.yaml": PLAIN})
    assert fine(place, "validate").out.endswith("no problems\n")
    assert _stages(place) == {"ok", "t", *(name for name in NAMES if "@" not in name)}
    outputs = fine(place, "list", "dvc-output", "--format", "json").json["rows"]
    assert {row["path"] for row in outputs} >= {f'数 "据"@:#/{name}' for name in NAMES}
    _all_verbs(place, warned=False)


def test_a_stage_of_foreachs_name_and_one_without_a_name(place: Path) -> None:
    commit(place, {"dvc.yaml": "stages:\n  a@b:\n    cmd: x\n  '':\n    cmd: x\n  3:\n    cmd: x\n  c:\n    cmd: x\n"})
    said = ml(place, "validate", "--format", "json")
    (problem,) = said.json["problems"]
    assert (problem["line"], problem["message"][-12:]) == (2, "(and 2 more)")
    assert _stages(place) == {"c", "ok"}
    _all_verbs(place, warned=True)


def test_names_that_are_not_utf8(place: Path) -> None:
    write(place, {"x/one.csv.dvc": TRACKED.format("one.csv"), "x/dvc.yaml": PLAIN + "    outs: [o]\n"})
    (place / "x").rename(place / b"\xff".decode("utf-8", "surrogateescape"))
    commit(place, {})
    assert fine(place, "validate").code == 0
    assert _stages(place) == {"ok", "t"}
    outputs = fine(place, "list", "dvc-output", "--format", "json").json["rows"]
    assert "\\xff/one.csv" in {row["path"] for row in outputs}
    _all_verbs(place, warned=False)


def test_files_equal_to_the_byte_in_two_folders_are_two_outputs(place: Path) -> None:
    train = "stages:\n  t:\n    cmd: t\n    deps: [a/x.csv]\n"
    lock = f"schema: '2.0'\nstages:\n  t:\n    cmd: t\n    deps:\n    - path: a/x.csv\n      md5: {MD5}\n"
    same = TRACKED.format("x.csv")
    commit(place, {"a/x.csv.dvc": same, "b/x.csv.dvc": same, "dvc.yaml": train, "dvc.lock": lock})
    outputs = {row["ref"] for row in fine(place, "list", "dvc-output", "--format", "json").json["rows"]}
    assert outputs >= {"dvc-output/a%2Fx.csv", "dvc-output/b%2Fx.csv"}
    edges = fine(place, "lineage", "dvc-stage/t", "--format", "json").json["edges"]
    assert {edge["from"] for edge in edges if edge["to"] == "dvc-stage/t"} == {"dvc-output/a%2Fx.csv"}
    assert len(fine(place, "lineage", "dvc-output/b%2Fx.csv", "--down", "--format", "json").json["nodes"]) == 1


def test_metrics_that_are_no_numbers_stay_what_they_are(place: Path) -> None:
    metrics = '{"a": NaN, "b": -Infinity, "c": null, "d": "0,91", "e": 12345678901234567890}'
    files = {"dvc.yaml": PLAIN + "    metrics:\n    - m.json: {cache: false}\n", "m.json": metrics}
    commit(place, files)
    found = fine(place, "show", "dvc-stage/t", "--format", "json").json["data"]["metrics"]
    big = "12345678901234567890"
    assert found == {"a": {"$float": "nan"}, "b": {"$float": "-inf"}, "c": None, "d": "0,91", "e": big}
    listed = fine(place, "list", "dvc-stage", "metrics.a > 0", "--format", "json").json
    assert listed["rows"] == []


ARTIFACTS = """artifacts:
  a: 3
  b: {path: 3}
  c: {path: ../../x}
  d: {path: /etc/passwd}
  e: {path: "s3://x/y"}
  f: {path: x, desc: 3, type: [1], labels: x}
"""


def test_gto_tags_of_broken_artifacts(place: Path) -> None:
    head = commit(place, {"dvc.yaml": ARTIFACTS, "dvc.lock": HALF, "x.dvc": "[["})
    for name in "abcdefz":
        git(place, "tag", "-a", f"{name}@v1.0.0", "-m", "\x1b[31mred")
        git(place, "tag", "-a", f"{name}#prod", "-m", "x")
    git(place, "tag", "-a", "tree@v1.0.0", "HEAD^{tree}", "-m", "x")
    git(place, "tag", "-a", "blob#prod", "HEAD:dvc.yaml", "-m", "x")
    git(place, "tag", "light@v1.0.0")
    inner = f"object {head}\ntype commit\ntag ../../x=q@v1.0.0\ntagger A <a@example.org> 1700000000 +0000\n\nx\n"
    oid = git(place, "hash-object", "-t", "tag", "-w", "--literally", "--stdin", text=inner.encode())
    git(place, "update-ref", "refs/tags/q@v1.0.0", oid)
    assert ml(place, "validate").code == 1
    versions = {row["ref"] for row in fine(place, "list", "model-version", "--format", "json").json["rows"]}
    assert versions >= {f"model/{name}@v1.0.0" for name in "abcdefz"}
    assert not {ref for ref in versions if "tree" in ref or "light" in ref}
    for ref in sorted(versions):
        assert fine(place, "show", ref).out.replace("\n", "").isprintable()
    assert len(fine(place, "list", "alias", "--format", "json").json["rows"]) == 7
    _all_verbs(place, warned=True)
