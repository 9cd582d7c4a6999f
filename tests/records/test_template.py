"""Templates: from keys to a path and back, for every name; and no path where none may lie."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import BadRef
from gitml.records.template import Template, digest8, file_name, is_plain, shard
from yaml_strategies import NAMES, names

NAMED = Template.read("metadata/metrics/{name}.yaml")
VERSION = Template.read("metadata/models/{name}/{version}.yaml")
SLOT = Template.read("metadata/aliases/{kind}/{name}/{slot}.yaml")
EVENT = Template.read("metadata/runs/{experiment}/{id|shard}/{id}.yaml")
ADOPTED = Template.read("datasets/{name}/metadata.yaml")
OWN = (NAMED, VERSION, SLOT, EVENT)
ULID = "01JD7H2Q0V8N4C3W9T5R6Y1KXZ"


def back(template: Template, path: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that a path stands for, with the exact names inside the record."""
    found = template.match(path)
    assert found is not None, path
    return template.exact(found, dict(zip(template.keys, keys, strict=True)))


@given(st.sampled_from(OWN), st.lists(names, min_size=3, max_size=3))
def test_path_and_back_is_the_same_name(template: Template, three: list[str]) -> None:
    keys = tuple(three[: len(template.keys)])
    assert back(template, template.path(keys), keys) == keys


@pytest.mark.parametrize("template", OWN, ids=lambda template: template.text)
@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_path_that_any_disk_can_hold(template: Template, name: str) -> None:
    keys = (name,) * len(template.keys)
    path = template.path(keys)
    assert back(template, path, keys) == keys
    assert re.fullmatch(r"metadata/([a-z0-9._~-]+/)*[A-Za-z0-9._~-]+\.yaml", path)
    parts = path.removesuffix(".yaml").split("/")
    assert not any(part in {"", ".", ".."} or part.endswith(".") or len(part) > 64 for part in parts)
    assert not any(re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part) for part in parts)


@given(names, names)
def test_two_names_never_share_a_path(one: str, other: str) -> None:
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (file_name(one).casefold() == file_name(other).casefold()) is same


def test_names_that_differ_by_case_alone_lie_apart_even_where_case_does_not_count() -> None:
    assert len({file_name(name).lower() for name in ("wine", "Wine", "WINE", "wINE")}) == 4


def test_both_unicode_forms_of_a_name_are_one_file() -> None:
    assert file_name("café") == file_name("cafe\u0301")


@pytest.mark.parametrize("key", ["wine", "a.b_c-d", "0", "a" * 64, "com", "com10", "console", "1e46"])
def test_plain_names_are_their_own_file_names(key: str) -> None:
    assert is_plain(key)
    assert file_name(key) == key


@pytest.mark.parametrize(
    ("key", "slug"),
    [
        ("o'brien", "o-brien"), ("Two  Words", "two-words"), ("..", ""), (".hidden", "hidden"), ("con", "con"),
        ("a/b", "a-b"), ("模型", ""), ("x" * 300, "x" * 40), ("trailing.", "trailing"), ("data.yaml", "data-yaml"),
        ("%2F", "2f"), ("Wine", "wine"), ("a" * 65, "a" * 40), ("lpt1.x", "lpt1-x"), ("İstanbul", "stanbul"),
        (ULID, ULID.lower()),
    ],
)  # fmt: skip
def test_other_names_are_slug_and_hash(key: str, slug: str) -> None:
    digest = hashlib.sha256(unicodedata.normalize("NFC", key).encode()).hexdigest()
    assert file_name(key) == f"{slug}~{digest[:8]}"
    assert shard(key) == digest[:2]
    assert digest8(key) == digest[:8]


def test_a_ulid_is_its_own_file_name_as_an_id_and_nowhere_else() -> None:
    assert EVENT.path(("wine", ULID)) == f"metadata/runs/wine/{shard(ULID)}/{ULID}.yaml"
    assert NAMED.path((ULID,)) != f"metadata/metrics/{ULID}.yaml"
    assert back(EVENT, EVENT.path(("wine", ULID.lower())), ("wine", ULID.lower())) == ("wine", ULID.lower())


@pytest.mark.parametrize(
    "path",
    [
        "metadata/metrics/auc.yml", "metadata/metrics/.yaml", "metadata/metrics/a/b.yaml", "metadata/metrics",
        "metadata/kpis/auc.yaml", "metadata/metrics/auc.yaml/", "/metadata/metrics/auc.yaml",
    ],
)  # fmt: skip
def test_other_paths_do_not_match(path: str) -> None:
    assert NAMED.match(path) is None


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("metadata/metrics/AUC.yaml", {}),
        ("metadata/metrics/AUC.yaml", {"name": "AUC"}),
        ("metadata/metrics/con.yaml", {}),
        ("metadata/metrics/a b.yaml", {"name": "a b"}),
        (f"metadata/metrics/{ULID}.yaml", {}),
        ("metadata/metrics/o-brien~00000000.yaml", {"name": "o'brien"}),
        ("metadata/metrics/brien~3b0d6ccc.yaml", {"name": "o'brien"}),
        (f"metadata/metrics/{file_name('A')}.yaml", {}),
        (f"metadata/metrics/{file_name('A')}.yaml", {"name": 5}),
        (f"metadata/metrics/{file_name('A')}.yaml", {"name": "a"}),
        ("metadata/metrics/wine~0123abcd.yaml", {"name": "wine"}),
    ],
)
def test_a_path_that_is_not_that_of_its_name_is_refused_with_the_way_out(path: str, data: dict[str, object]) -> None:
    found = NAMED.match(path)
    assert found is not None
    with pytest.raises(BadRef) as caught:
        NAMED.exact(found, data)
    assert caught.value.hint


def test_the_shard_is_computed_so_a_wrong_one_is_not_the_records_path() -> None:
    right = EVENT.path(("wine", ULID))
    wrong = right.replace(f"/{shard(ULID)}/", "/zz/")
    keys = EVENT.exact(EVENT.match(wrong) or {}, {})
    assert EVENT.path(keys) == right


# ── adopted files: names are raw ──────────────────────────────────────────────────────────────────────────────────


@given(names)
def test_an_adopted_name_is_raw_or_refused(name: str) -> None:
    try:
        path = ADOPTED.path((name,))
    except BadRef:
        return
    assert path == f"datasets/{name}/metadata.yaml"
    assert back(ADOPTED, path, (name,)) == (name,)


@pytest.mark.parametrize(
    "name", ["a/b", "..", ".", "x\0", ".git", ".GIT", "git~1", ".github", ".dvc", "x.dvc", "漢" * 100, "\ud800"]
)
def test_an_adopted_name_that_cannot_be_a_file_is_refused(name: str) -> None:
    with pytest.raises(BadRef):
        ADOPTED.path((name,))


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{name}/config", ".git/config"), ("{name}/config", ".dvc/config"), ("data/{name}", "data/wine.csv.dvc"),
        ("{name}.yaml", "dvc.yaml"), ("data/{name}", "data/.gitignore"), ("{name}.lock", "dvc.lock"),
        ("{name}/workflows", ".github/workflows"), ("{name}/x.yaml", "../x.yaml"), ("{name}/x.yaml", "./x.yaml"),
    ],
)  # fmt: skip
def test_no_name_reaches_the_files_of_git_or_dvc(template: str, path: str) -> None:
    assert Template.read(template).fault() is None
    assert Template.read(template).match(path) is None


# ── templates that are none ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "/etc/{name}.yaml", "../{name}.yaml", "a/../../{name}.yaml", "a/./{name}.yaml", "a//{name}.yaml", "a/{name}/",
        "C:/{name}.yaml", "a\\{name}.yaml", "a/{name}\0.yaml", ".git/{name}", ".GIT/{name}", "a/.git/hooks/{name}",
        ".github/workflows/{name}.yaml", ".dvc/{name}.yaml", "data/{name}.dvc", "{name}/dvc.yaml", "{name}/dvc.lock",
        "{name}/.gitignore", "{name}/.gitattributes", ".gitmodules/{name}", "{name}/.dvcignore", "git~1/{name}",
        "a/{name}{version}.yaml", "a/{Name}.yaml", "a/{name.yaml", "a/name}.yaml", "a/{}.yaml", "a/{name|hash}.yaml",
        "a/{id|shard}/{name}.yaml", "metadata/series/{name}.yaml", "metadata/fixed.yaml", "", "{name}/..",
    ],
)  # fmt: skip
def test_a_template_that_may_not_be_says_why(text: str) -> None:
    assert Template.read(text).fault()


@pytest.mark.parametrize(
    "text", [*(template.text for template in OWN), ADOPTED.text, "{name}.yaml", "a/v{name}.yaml", "metadata/store.yaml"]
)
def test_a_template_that_may_be(text: str) -> None:
    assert Template.read(text).fault() is None


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("metadata/models/{name}.yaml", "metadata/models/{name}/{version}.yaml", False),
        ("metadata/models/{name}.yaml", "metadata/datasets/{name}.yaml", False),
        ("metadata/models/{name}.yaml", "metadata/models/{id}.yaml", True),
        ("metadata/{name}.yaml", "metadata/store.yaml", True),
        ("metadata/{kind}/{name}.yaml", "metadata/models/{name}.yaml", True),
        ("a/x-{name}.yaml", "a/{name}-y.yaml", True),
        ("a/x-{name}.yaml", "a/y-{name}.yaml", False),
        ("a/{name}.yaml", "a/{name}.yml", False),
        ("a/{name}.yaml", "a/{name}.b.yaml", True),
        ("a/b{name}", "a/b", False),
        ("a/{id|shard}/{id}", "a/b/{name}", True),
    ],
)
def test_templates_that_share_a_path_overlap(one: str, other: str, overlap: bool) -> None:  # noqa: FBT001
    assert Template.read(one).overlaps(Template.read(other)) is overlap
    assert Template.read(other).overlaps(Template.read(one)) is overlap


pieces = st.sampled_from(["{name}", "a{name}", "{name}b", "a{name}b", "a", "b", "ab", "aab"])


@given(st.lists(pieces, min_size=1, max_size=2), st.lists(pieces, min_size=1, max_size=2), st.text("ab/", max_size=8))
def test_a_path_that_fits_two_templates_shows_that_they_overlap(one: list[str], other: list[str], path: str) -> None:
    first, second = Template.read("/".join(one)), Template.read("/".join(other))
    if first.match(path) is not None and second.match(path) is not None:
        assert first.overlaps(second)


def test_a_placeholder_that_stands_twice_has_one_value() -> None:
    twice = Template.read("a/{name}/{name}.yaml")
    assert twice.keys == ("name",)
    assert twice.match("a/x/x.yaml") == {"name": "x"}
    assert twice.match("a/x/y.yaml") is None
