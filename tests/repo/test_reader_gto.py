"""GTO's tags as a registry: GTO itself says what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gto.api
import pytest
from gto.registry import GitRegistry
from gto.tag import parse_name
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gitml.records.explain import explain
from gitml.records.ref import Ref
from gitml.repo.data.plain import Unreadable, load
from gitml.repo.git import Git
from gitml.repo.git.tags import Tag, moment, tags
from gitml.repo.packaged import folder
from gitml.repo.readers.gto import Registry, Version, event_of, place, registry
from gitml.repo.readers.gto_records import artifacts_yaml, registry_records
from gitrepo import DATE, commit, git, init
from replayed import replay

START = int(datetime.fromisoformat(DATE).timestamp())
NOON = datetime.fromisoformat(DATE)
MONA = "Mona <mona@example.org>"
DONE = {
    "register": "registration",
    "deregister": "deregistration",
    "assign": "assignment",
    "unassign": "unassignment",
    "deprecate": "deprecation",
}


def read(repo: Path, annotated: Mapping[str, datetime] | None = None) -> Registry:
    return registry(tags(Git.find(repo)), annotated=annotated)


def shown(found: Registry, *, deprecated: bool = False) -> dict[str, Any]:
    """The registry as `gto show --json` prints it."""
    stages = {stage for artifact in found.artifacts.values() for stage in artifact.slots}
    return {
        name: {
            "version": artifact.latest.version if artifact.latest else None,
            "stage": {stage: slot.version if (slot := artifact.slots.get(stage)) else None for stage in stages},
            "registered": artifact.registered,
            "active": artifact.active,
        }
        for name, artifact in found.artifacts.items()
        if artifact.active or deprecated
    }


def agrees(repo: Path, found: Registry) -> None:
    """GTO says the same: of the whole, of each artifact's versions, and in its journal."""
    assert shown(found) == gto.api.show(str(repo))
    assert shown(found, deprecated=True) == gto.api.show(str(repo), deprecated=True)
    with GitRegistry.from_url(str(repo)) as opened:
        state = opened.get_artifacts()
    for name, artifact in found.artifacts.items():
        listed = state[name].get_versions(include_non_explicit=True, include_discovered=True)
        standing = [version for version in artifact.versions if version.active or version.deprecated]
        assert [
            (version.version, version.commit, version.time, version.by, version.message, version.tag)
            for version in standing
            if version.registered
        ] == [
            (
                said.version,
                said.commit_hexsha,
                said.created_at,
                f"{said.author} <{said.author_email}>",
                said.message,
                said.ref,
            )
            for said in listed
            if said.is_registered
        ]
        given = {said.commit_hexsha for said in listed if any(stage.assignments for stage in said.stages.values())}
        assert (
            given
            >= {version.commit for version in standing if not version.registered}
            == {said.commit_hexsha for said in listed if said.commit_hexsha in given and not said.is_registered}
        )
    assert journal(found) == sorted(
        str((said["timestamp"].timestamp(), *(said[word] for word in ("event", "artifact", "version", "stage", "ref"))))
        for said in gto.api.history(str(repo))
    )


def journal(found: Registry) -> list[str]:
    events = [event for artifact in found.artifacts.values() for event in artifact.events]
    return sorted(
        str(
            (
                said.time.timestamp(),
                DONE[said.action],
                said.artifact,
                said.version or None,
                said.stage or None,
                said.tag,
            )
        )
        for said in events
    )


def test_a_repository_of_others(real: Path, tmp_path: Path) -> None:
    repo = replay(real / "iterative+demo-bank-customer-churn", tmp_path / "churn")
    found = read(repo, {"randomforest-model": datetime.now(UTC)})
    agrees(repo, found)
    model = found.artifacts["lightgbm-model"]
    assert [version.version for version in model.versions] == ["v2.0.3", "v2.0.1", "v2.0.0", "v1.0.0"]
    assert {stage: slot.version for stage, slot in model.slots.items()} == {
        "dev": "v2.0.1",
        "prod": "v2.0.0",
        "stage": "v2.0.0",
    }
    assert [event.version for event in model.slots["dev"].history] == ["v1.0.0", "v2.0.3", "v2.0.1"]
    as_of = registry(tags(Git.find(repo)), until=datetime(2022, 9, 29, 23, 59, 59, tzinfo=UTC))
    assert as_of.artifacts["lightgbm-model"].slots["dev"].version == "v2.0.3"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A repository with three commits, and a registry that GTO made; a second between one tag and the next."""
    repo = init(tmp_path / "made")
    first, second, third = (commit(repo, {"model.pkl": text}, text) for text in ("one", "two", "three"))
    told = str(repo)
    said = [
        gto.api.register(told, "wine", first, version="v1.0.0", message="first harvest"),
        gto.api.register(told, "wine", second, version="v2.0.0-rc.2"),
        gto.api.register(told, "wine", third, version="v2.0.0-rc.10"),
        gto.api.assign(told, "wine", "prod", version="v1.0.0"),
        gto.api.assign(told, "wine", "prod", version="v2.0.0-rc.2", simple=True, message="better by 0.02"),
        gto.api.assign(told, "wine", "dev", version="v2.0.0-rc.10"),
        gto.api.unassign(told, "wine", stage="dev", version="v2.0.0-rc.10"),
        gto.api.deregister(told, "wine", version="v2.0.0-rc.10", message="wrong labels"),
        gto.api.register(told, "cellars/north:corks/tca", second),
        gto.api.assign(told, "cellars/north:corks/tca", "prod", version="v0.0.1"),
        gto.api.assign(told, "barrels", "dev", ref=third, skip_registration=True),
        gto.api.register(told, "vinegar", first),
        gto.api.assign(told, "vinegar", "prod", version="v0.0.1"),
        gto.api.deprecate(told, "vinegar", message="nobody drinks it"),
    ]
    agrees(repo, read(repo))  # most of them within a second
    tagged(repo, [(tag.tag, tag.commit_hexsha, after, tag.message) for after, tag in enumerate(said)])
    git(repo, "tag", "bottles@v1.0.0", first)  # lightweight
    for name in ("v1.0.0", "release-2026", "wine@v1", "wine@creates", "wine@1.0.0", "corks#prod#x", "=wine@v1.0.0"):
        git(repo, "tag", "-a", "-m", "not GTO's", name)
    return repo


def test_what_gto_made(made: Path) -> None:
    found = read(made)
    agrees(made, found)
    assert set(found.artifacts) == {"wine", "cellars/north:corks/tca", "barrels", "vinegar"}
    wine = found.artifacts["wine"]
    assert [(version.version, version.active) for version in wine.versions] == [
        ("v2.0.0-rc.10", False),
        ("v2.0.0-rc.2", True),
        ("v1.0.0", True),
    ]
    assert set(wine.slots) == {"prod"}
    assert not found.artifacts["vinegar"].active
    assert all(version.deprecated for version in found.artifacts["vinegar"].versions)
    assert place("cellars/north:corks/tca") == ("cellars/north", "corks/tca")
    assert place("wine") == ("", "wine")


def test_records(made: Path) -> None:
    first, second, third = git(made, "rev-list", "--reverse", "HEAD").split()
    pointer = {"type": "dvc", "path": "model.pkl", "md5": "5d1c88aa0b3e47f69182c5d4e7f0a1b2"}

    def annotation(version: Version) -> dict[str, Any] | None:
        return (
            {"path": "model.pkl", "desc": "Prices a wine.", "labels": ["red"]} if version.artifact == "wine" else None
        )

    found = registry_records(read(made), lambda version: pointer if version.commit == first else None, annotation)
    records = {str(ref): said for ref, said in found}
    assert len(records) == len(found)
    assert all(Ref.parse(ref) for ref in records)
    assert sorted(records) == [
        "alias/model/barrels/dev",
        "alias/model/cellars%2Fnorth%3Acorks%2Ftca/prod",
        "alias/model/wine/prod",
        f"model/barrels@{third}",
        "model/cellars%2Fnorth%3Acorks%2Ftca@v0.0.1",
        "model/vinegar@v0.0.1",
        "model/wine@v1.0.0",
        "model/wine@v2.0.0-rc.10",
        "model/wine@v2.0.0-rc.2",
        "status/model/vinegar/v0.0.1",
        "status/model/wine/v2.0.0-rc.10",
    ]
    wine = records["model/wine@v1.0.0"]
    assert {name: wine[name] for name in ("by", "reason", "description", "pointer", "labels", "code")} == {
        "by": MONA,
        "reason": "first harvest",
        "description": "Prices a wine.",
        "pointer": pointer,
        "labels": ["red"],
        "code": {"commit": first},
    }
    assert wine["custom"]["gto"] == {"tag": "wine@v1.0.0", "commit": first, "registered": True, "path": "model.pkl"}
    alias = records["alias/model/wine/prod"]
    assert (alias["version"], alias["by"], alias["reason"]) == ("v2.0.0-rc.2", MONA, "better by 0.02")
    assert alias["custom"] == {"gto": {"tag": "wine#prod", "commit": second}}
    assert records["alias/model/barrels/dev"]["version"] == third
    retired = records["status/model/wine/v2.0.0-rc.10"]
    assert (retired["status"], retired["reason"]) == ("retired", "wrong labels")
    assert records["status/model/vinegar/v0.0.1"]["status"] == "deprecated"
    for ref, said in found:
        schema = load((folder() / f"{ref.kind}.yaml").read_bytes())
        assert not set(said) - set(schema["properties"]) - {"code", "custom"}
        assert not set(schema["required"]) - set(said) - {"schema", "id"}
    assert not explain({"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}, wine["created"])


def test_an_annotation_of_the_checked_out_commit_counts(repo: Path) -> None:
    raw = "corks:\n  type: dataset\n  path: corks.csv\n  description: Corks by cellar.\n  labels: [tca]\nwine: {}\n"
    oid = commit(repo, {"a": "1"}, date="2026-02-01T12:00:00+00:00")
    tagged(repo, [("wine@v1.0.0", oid, 0, ""), ("wine@deprecated", oid, 60, ""), ("oak@v1.0.0", oid, 0, "")])
    tagged(repo, [("oak@deprecated", oid, 0, "")])
    named = artifacts_yaml(raw.encode())
    assert named["corks"] == {"type": "dataset", "path": "corks.csv", "desc": "Corks by cellar.", "labels": ["tca"]}
    agrees(repo, read(repo))
    assert not read(repo).artifacts["wine"].active
    assert read(repo).artifacts["oak"].active, "of one second, what is not a deprecation holds"
    commit(repo, {"artifacts.yaml": raw}, date="2026-03-02T12:00:00+00:00")
    found = read(repo, dict.fromkeys(named, datetime(2026, 3, 2, 12, tzinfo=UTC)))
    assert shown(found) == gto.api.show(str(repo))
    assert found.artifacts["wine"].active
    assert (found.artifacts["corks"].registered, found.artifacts["corks"].latest) == (False, None)


@pytest.mark.parametrize("raw", [b"- wine", b"wine", b"wine: [", b"\xff"])
def test_an_artifacts_yaml_that_cannot_be_read(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        artifacts_yaml(raw)


def test_artifacts_yaml_with_nothing() -> None:
    assert artifacts_yaml(b"") == {}
    assert artifacts_yaml(b"wine: text\ncorks:\n") == {}


def tagged(repo: Path, said: list[tuple[str, str, int, str]]) -> None:
    """Annotated tags (name, commit, seconds after the start, message), by one process."""
    stream = "".join(
        f"tag {name}\nfrom {oid}\ntagger {MONA} {START + after} +0200\ndata {len(message)}\n{message}\n"
        for name, oid, after, message in said
    )
    git(repo, "fast-import", "--quiet", "--force", text=stream.encode())


NAMES = ("wine", "north=wine", "a/b.c=d/e")
VERSIONS = ("v1.0.0", "v1.0.0-rc.2", "v1.0.0-rc.10", "v1.0.0-a", "v0.10.0", "v0.9.0", "v2.0.0+b.1")


@st.composite
def registries(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Tags (name, number of the commit, seconds) for many artifacts, as GTO reads them without giving up."""
    found: dict[str, tuple[int, int]] = {}
    for number in range(draw(st.integers(8, 40))):
        artifact = f"{draw(st.sampled_from(NAMES))}{number}"
        # GTO gives up where one commit has two versions of one artifact.
        versions = draw(st.lists(st.sampled_from(VERSIONS), min_size=4, max_size=4))
        for counter in range(draw(st.integers(1, 8))):
            at, after = draw(st.integers(0, 3)), draw(st.integers(0, 4))
            stage = draw(st.sampled_from(["#prod", "#dev", "#s/t-1"]))
            begun = draw(st.sampled_from([f"@{versions[at]}", f"@{versions[at]}", stage, stage, "@deprecated"]))
            ended = "" if begun == "@deprecated" else draw(st.sampled_from(["", "", "!"]))
            name = f"{artifact}{begun}{ended}"
            found[name if name not in found else f"{name}#{counter}"] = (at, after)
    return [(name, *place) for name, place in found.items()]


@settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # each artifact is a case of its own
@given(said=registries())
def test_gto_says_the_same_of_any_tags(
    said: list[tuple[str, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    repo = init(tmp_path_factory.mktemp("any") / "repo")
    # Two of the four commits are later than the first tags.
    oids = [commit(repo, {}, str(n), date=(NOON + timedelta(seconds=n - 1)).isoformat()) for n in range(4)]
    tagged(repo, [(name, oids[at], after, name) for name, at, after in said])
    agrees(repo, read(repo))


@given(
    name=st.text("av19.-+#@!=:/_d", max_size=24)
    | st.from_regex(r"[a-b/=]{1,4}[#@](v\d\.\d\.\d|prod|deprecated)!?(#\d)?")
)
def test_gto_reads_the_same_names(name: str) -> None:
    tag = Tag(name, "4f2a91c0", NOON, MONA, "", name, NOON)
    told, event = parse_name(name, raise_on_fail=False), event_of(tag)
    if name.endswith("\n") or (told and "action" not in told):
        return  # a line feed ends no tag; `@created`, which GTO itself cannot read
    assert (event is not None) == bool(told)
    if event is not None:
        assert (event.action, event.artifact) == (told["action"].value, told["name"])
        assert (event.version, event.stage) == (told.get("version", ""), told.get("stage", ""))


def test_two_versions_of_one_commit(repo: Path) -> None:
    oid = commit(repo, {"a": "1"})
    tagged(repo, [("wine@v1.0.0", oid, 0, ""), ("wine@v1.0.1", oid, 1, ""), ("wine#prod", oid, 2, "")])
    assert read(repo).artifacts["wine"].slots["prod"].version == "v1.0.1"
    tagged(repo, [("wine@v1.0.1!", oid, 3, "")])
    assert read(repo).artifacts["wine"].slots["prod"].version == "v1.0.0"
    tagged(repo, [("wine@v1.0.0!", oid, 4, "")])
    assert not read(repo).artifacts["wine"].slots


def test_one_version_of_two_commits_is_one_record(repo: Path) -> None:
    first, second = commit(repo, {"a": "1"}), commit(repo, {"a": "2"})
    tagged(repo, [("wine@v1.0.0", first, 0, ""), ("wine@v1.0.0!", first, 1, ""), ("wine@v1.0.0#2", second, 2, "")])
    [(ref, said)] = registry_records(read(repo), lambda _version: None)
    assert (str(ref), said["code"]["commit"]) == ("model/wine@v1.0.0", second)


def test_tags_of_every_make(repo: Path) -> None:
    oid = commit(repo, {"a": "1"}, "a message\n\nin two parts")
    late = {"GIT_COMMITTER_DATE": "2026-03-05T12:00:00+05:00", "GIT_COMMITTER_NAME": "Inés"}
    git(repo, "tag", "light")
    git(repo, "tag", "-a", "-m", "said\n\nand done", "full", env=late)
    git(repo, "tag", "-a", "-m", "of a tag", "nested", "full", env=late)
    git(repo, "update-ref", "refs/tags/copied/full", "refs/tags/full")
    git(repo, "tag", "tree", "HEAD^{tree}")
    git(repo, "tag", "-a", "-m", "a blob", "blob", "HEAD:a")
    body = f"object {oid}\ntype commit\ntag old\n\nnobody\n".encode()
    git(repo, "update-ref", "refs/tags/old", git(repo, "hash-object", "-t", "tag", "-w", "--stdin", text=body))
    found = {tag.name: tag for tag in tags(Git.find(repo))}
    assert list(found) == ["copied/full", "full", "light", "nested", "old"]
    assert {tag.commit for tag in found.values()} == {oid}
    later = datetime(2026, 3, 5, 7, tzinfo=UTC)
    assert found["light"] == Tag("light", oid, NOON, MONA, "a message\n\nin two parts", "", NOON)
    assert found["full"] == Tag("full", oid, later, "Inés <mona@example.org>", "said\n\nand done", "full", NOON)
    assert (found["copied/full"].inner, found["nested"].message) == ("full", "of a tag")
    assert (found["old"].author, found["old"].time, found["old"].message) == (MONA, NOON, "nobody")
    assert not found["light"].annotated


def test_no_tags(repo: Path) -> None:
    assert read(repo) == Registry({})


def test_a_clock_beyond_the_calendar() -> None:
    assert moment(b"99999999999999").year == 9999
    assert moment(b"").year == 1970


def test_a_tag_by_another_name_is_what_its_object_says(repo: Path) -> None:
    oid = commit(repo, {"a": "1"})
    tagged(repo, [("wine@v1.0.0", oid, 0, "")])
    git(repo, "update-ref", "refs/tags/wine@v9.0.0", "refs/tags/wine@v1.0.0")
    agrees(repo, read(repo))
    assert [version.version for version in read(repo).artifacts["wine"].versions] == ["v1.0.0"]


def test_numbers_without_end() -> None:
    tag = f"wine@v{'9' * 5000}.0.0"
    both = [Tag(name, "4f2a", NOON, MONA, "", name, NOON) for name in (tag, "wine@v9.0.0")]
    assert [version.tag for version in registry(both).artifacts["wine"].versions] == [tag, "wine@v9.0.0"]
