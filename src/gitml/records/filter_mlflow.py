"""MLflow's filter strings (search_runs, search_experiments, search_registered_models), read as MLflow 3 reads them.

    filter     = [ comparison { "AND" comparison } ]                no OR, NOT or parentheses
    comparison = key operator value | key [ "NOT" ] "IN" "(" text { "," text } ")" | key "IS" [ "NOT" ] "NULL"
    key        = entity "." name | attribute                        name: plain, `…`, "…" or '…'; may hold dots
    entity     = metric[s] | param[s] | parameter[s] | tag[s] | attribute[s] | attr | run | dataset[s]

- Metrics are compared with numbers; params and tags as text, the text that Python prints (`5`, `0.01`, `True`).
- Statuses are MLflow's words, times are milliseconds since 1970; ids of runs and experiments, names and version
  numbers are the keys of the record's ref. `run_name` is the field `name`, `user_id` the field `by`.
- `dataset.name` is that of a dataset in `inputs`, `dataset.digest` an input's hash, `dataset.context` an input's key.
- A name with a dot is both the field `` params.`a.b` `` and the field `params.a.b`: MLflow knows no nesting.
- Texts are taken as they stand between their quotes: MLflow undoubles and unescapes nothing.

Stricter than MLflow in one thing: it reads two comparisons without AND between them as if it stood there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from gitml.errors import BadFilter
from gitml.records.filter_nodes import Always, And, Compare, Expr, Leaf, Null, Or, Reading
from gitml.records.filter_parser import MAX_PATTERN, number
from gitml.records.filter_tokens import Cursor, Token, shape
from gitml.records.filter_values import Op, Operand
from gitml.records.nearest import nearest
from gitml.records.record import column

_ANY = r"""`[^`]*+`|"[^"]*+"|'[^']*+'|[\w/@-]++"""
_SHAPE: Final = shape(
    name=rf"(?:`[^`]*+`|[^\W\d][\w/@-]*+)(?:\.(?:{_ANY}))*+",
    text=r"""'(?:''|\\'|[^'])*'|"(?:""|\\"|[^"])*\"""",
)
_ORDERED = ("=", "!=", "<", "<=", ">", ">=")
_TEXTUAL = ("=", "!=", "like", "ilike")
_LISTED = (*_TEXTUAL, "in", "not in")
_NULLABLE = (*_TEXTUAL, "is null", "is not null")
_PROMPT = column("tags", "mlflow.prompt.is_prompt")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a key of MLflow's names here: the fields, how they are read, and the operators that MLflow has for it."""

    fields: tuple[str, ...]
    operators: tuple[str, ...]
    reading: str = ""

    def compare(self, op: Op, value: Operand) -> Expr:
        """The comparison, of any of the fields."""
        leaves: list[Expr] = [self._leaf(field, op, value) for field in self.fields]
        if self.fields[0] == _PROMPT and (op, value) in {("=", "false"), ("!=", "true")}:
            leaves.append(self.is_null())  # to MLflow, what lacks this tag is no prompt
        return Or(tuple(leaves)) if len(leaves) > 1 else leaves[0]

    def is_null(self, *, negated: bool = False) -> Expr:
        """Whether all of the fields are missing or null; negated, whether any is neither."""
        nulls = [Null(field, negated) for field in self.fields]
        return nulls[0] if len(nulls) == 1 else Or(tuple(nulls)) if negated else And(tuple(nulls))

    def _leaf(self, field: str, op: Op, value: Operand) -> Leaf:
        return Reading(self.reading, field, op, value) if self.reading else Compare(field, op, value)


_ENTITIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("metric", "metrics"), "metrics"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "params"),
    **dict.fromkeys(("tag", "tags"), "tags"),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attributes"),
    **dict.fromkeys(("dataset", "datasets"), "dataset"),
}
_RUN_ID = Subject(("ref", "run"), _LISTED, "run_id")
_CREATED = Subject(("created",), _ORDERED, "epoch_ms")
_NAME = Subject(("name",), _TEXTUAL)
_ATTRIBUTES: Final[Mapping[str, Subject]] = {
    "run_id": _RUN_ID,
    **dict.fromkeys(("run_name", "run name", "Run name", "Run Name"), _NAME),
    "user_id": Subject(("by",), _TEXTUAL),
    "status": Subject(("status",), _TEXTUAL, "mlflow_status"),
    **dict.fromkeys(("start_time", "created", "Created", "creation_time", "creation_timestamp"), _CREATED),
    "end_time": Subject(("ended",), _ORDERED, "epoch_ms"),
    "experiment_id": Subject(("ref",), _LISTED, "experiment"),
    "name": Subject(("ref",), _LISTED, "key"),
    "version_number": Subject(("ref",), _ORDERED, "version"),
}
_REFUSED: Final[Mapping[str, str]] = {
    "artifact_uri": "a run's artifacts have no common address here; compare outputs.<name>.path in a gitml filter",
    "source_path": "a model's bytes are found by its pointer; compare pointer.path in a gitml filter",
    "last_update_time": "records keep no time of change; git ml log tells it",
    "last_updated_timestamp": "records keep no time of change; git ml log tells it",
}
_DATASET: Final = {key: Subject(("inputs",), _LISTED, f"dataset_{key}") for key in ("name", "digest", "context")}


def read(text: str) -> Expr:
    """The filter that MLflow would understand; raises BadFilter, which points at the column."""
    cursor = Cursor(text, _SHAPE)
    if cursor.token.kind == "end":
        return Always()
    parts = [_comparison(cursor)]
    while cursor.accept("and"):
        parts.append(_comparison(cursor))
    if cursor.token.kind != "end":
        raise cursor.wrong("AND or the end", hint=_only_and(cursor.token) or "write AND between comparisons")
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _comparison(cursor: Cursor) -> Expr:
    token = cursor.token
    if token.kind != "name" or token.key:
        raise cursor.wrong("metrics.…, params.…, tags.… or an attribute", hint=_only_and(token))
    subject = _subject(cursor.take())
    op = _operator(cursor, subject, token)
    if op.startswith("is"):
        return subject.is_null(negated="not" in op)
    return subject.compare(cast("Op", op), _value(cursor, subject, op))


def _subject(token: Token) -> Subject:
    entity, dot, key = token.text.partition(".")
    if not dot:
        return _attribute(token, _bare(entity))
    kind = _ENTITIES.get(_bare(entity))
    key = _bare(key)
    if kind is None:
        hint = "write metrics., params., tags. or attributes."
        raise BadFilter(f"MLflow has no {token}", column=token.column, hint=hint, near=nearest(entity, _ENTITIES))
    if kind == "attributes":
        return _attribute(token, key)
    if kind == "dataset":
        return _known(token, key, _DATASET)
    nested = key.split(".")
    fields = (column(kind, key), column(kind, *nested)) if len(nested) > 1 and all(nested) else (column(kind, key),)
    return Subject(fields, _ORDERED) if kind == "metrics" else Subject(fields, _NULLABLE, "text")


def _attribute(token: Token, key: str) -> Subject:
    if key in _REFUSED:
        raise BadFilter(f"{key} is not kept", column=token.column, hint=_REFUSED[key])
    return _known(token, key, _ATTRIBUTES)


def _known(token: Token, key: str, known: Mapping[str, Subject]) -> Subject:
    if key not in known:
        hint = f"one of {', '.join(known)}"
        raise BadFilter(f"MLflow has no {token}", column=token.column, hint=hint, near=nearest(key, known))
    return known[key]


def _bare(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "`\"'" else name


def _operator(cursor: Cursor, subject: Subject, key: Token) -> str:
    here = cursor.token
    words = [word.key] if (word := cursor.accept(*_ORDERED, "in", "not", "like", "ilike", "is")) else []
    if words == ["is"]:
        words += [word.key for word in (cursor.accept("not"), cursor.accept("null")) if word]
    elif words == ["not"]:
        words += [word.key for word in (cursor.accept("in", "like", "ilike"),) if word]
    op = " ".join(words)
    if op in subject.operators:
        return op
    hint = f"one of {', '.join(subject.operators)}"
    if not op:
        raise BadFilter(f"expected an operator after {key}, found {here}", column=here.column, hint=hint)
    raise BadFilter(f"MLflow has no {op} for {key}", column=here.column, hint=hint)


def _value(cursor: Cursor, subject: Subject, op: str) -> Operand:
    if subject.operators == _ORDERED:
        return _number(cursor, subject)
    if op not in {"in", "not in"}:
        return _text(cursor, op)
    cursor.expect("(", f"a ( after {op}")
    values = [_text(cursor, op)]
    while cursor.accept(",") and cursor.token.key != ")":
        values.append(_text(cursor, op))
    cursor.expect(")", "a , or )")
    return tuple(values)


def _number(cursor: Cursor, subject: Subject) -> float:
    token = cursor.token
    if token.kind != "number" or token.text.strip("+-").isalpha():
        raise cursor.wrong("a number", hint="MLflow compares this with numbers only")
    value = number(cursor.take())
    return value if subject.reading else float(value)


def _text(cursor: Cursor, op: str) -> str:
    token = cursor.token
    if token.kind != "text":
        hint = f"write '{token}'" if token.kind in {"name", "number", "date", "junk"} else ""
        raise cursor.wrong("a quoted text", hint=hint)
    if "like" in op and len(token.text) > MAX_PATTERN:
        raise BadFilter(f"a pattern longer than {MAX_PATTERN} characters", column=token.column, hint="write =")
    return cursor.take().text[1:-1]


def _only_and(token: Token) -> str:
    if token.key in {"or", "not", "(", ")"}:
        return "MLflow's filters have AND alone: write or, not and parentheses in a gitml filter"
    return ""
