"""The filter language, read by recursive descent.

    filter      = [ disjunction ]                                 an empty filter holds of everything
    disjunction = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | primary
    primary     = "(" disjunction ")" | "true" | "false" | comparison
    comparison  = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) scalar
                | field [ "not" ] "in" "(" scalar { "," scalar } ")"
                | field [ "not" ] ( "like" | "ilike" ) text
                | field "is" [ "not" ] ( "null" | "nan" )
    field       = name | reading "(" name ")"                     readings: records/filter_readings.py
    name        = segment { "." segment }
    segment     = letters, digits, "_", "-", "/" and "@", not beginning the name with a digit or "-"
                | "`" any characters, a backtick doubled "`"
    scalar      = number | text | "true" | "false" | date
    number      = [ "+" | "-" ] ( digits [ "." [ digits ] ] | "." digits ) [ "e" [ "+" | "-" ] digits ] | [ sign ] "inf"
    text        = "'" any characters, a ' doubled "'" | '"' any characters, a " doubled '"'       no other escape
    date        = YYYY-MM-DD [ "T" hh:mm [ ":" ss [ "." digits ] ] [ "Z" | ( "+" | "-" ) hh[:]mm ] ]      unquoted

Reserved words are read in any case; as a name of one segment they are backticked. `==` and `<>` are read as `=` and
`!=`. There is no arithmetic, so `params.learning-rate` and `metrics.val/loss` need no backticks. A field cannot be
compared with a field. `not` binds tighter than `and`, and that tighter than `or`. What each comparison means stands in
records/filter_values.py. Parentheses and `not` nest 50 deep.
"""

from __future__ import annotations

from datetime import date
from typing import Final, cast

from gitml.errors import BadFilter
from gitml.records.filter_nodes import RESERVED, Always, And, Compare, Expr, Leaf, Nan, Not, Null, Or, Reading
from gitml.records.filter_readings import READINGS
from gitml.records.filter_tokens import Cursor, Token
from gitml.records.filter_values import Op, Operand, Scalar, when
from gitml.records.nearest import nearest
from gitml.records.record import column, segments

MAX_DEPTH: Final = 50
MAX_DIGITS: Final = 400
MAX_PATTERN: Final = 1_000

_COMPARED = ("=", "!=", "<", "<=", ">", ">=")
_OPERATORS = (*_COMPARED, "in", "not in", "like", "ilike", "is null", "is not null")
_INSTEAD = {
    "between": "write x >= 1 and x <= 2",
    "contains": "write x like '%text%'",
    "startswith": "write x like 'text%'",
    "endswith": "write x like '%text'",
    "matches": "write like, with % for any characters",
    "regexp": "write like, with % for any characters",
    "rlike": "write like, with % for any characters",
}


def read(text: str) -> Expr:
    """The filter that the text says; raises BadFilter, which points at the column."""
    cursor = Cursor(text)
    if cursor.token.kind == "end":
        return Always()
    expr = _disjunction(cursor, 0)
    if cursor.token.key == ")":
        raise BadFilter("this ) closes nothing", column=cursor.token.column, hint="remove it, or open a (")
    if cursor.token.kind != "end":
        raise _unjoined(cursor, "the end")
    return expr


def _disjunction(cursor: Cursor, depth: int) -> Expr:
    parts = [_conjunction(cursor, depth)]
    while cursor.accept("or"):
        parts.append(_conjunction(cursor, depth))
    return Or(tuple(parts)) if len(parts) > 1 else parts[0]


def _conjunction(cursor: Cursor, depth: int) -> Expr:
    parts = [_negation(cursor, depth)]
    while cursor.accept("and"):
        parts.append(_negation(cursor, depth))
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _negation(cursor: Cursor, depth: int) -> Expr:
    if depth > MAX_DEPTH:
        raise BadFilter(f"nested deeper than {MAX_DEPTH}", column=cursor.token.column, hint="write it flatter")
    return Not(_negation(cursor, depth + 1)) if cursor.accept("not") else _primary(cursor, depth)


def _primary(cursor: Cursor, depth: int) -> Expr:
    if said := cursor.accept("true", "false"):
        return Always() if said.key == "true" else Not(Always())
    opened = cursor.accept("(")
    if not opened:
        return _comparison(cursor)
    expr = _disjunction(cursor, depth + 1)
    if cursor.token.kind == "end":
        raise BadFilter("this ( is not closed", column=opened.column, hint="add a )")
    if not cursor.accept(")"):
        raise _unjoined(cursor, ")")
    return expr


def _comparison(cursor: Cursor) -> Leaf:
    reading, token = _field(cursor)
    name = column(*segments(token.text))
    if cursor.token.key == "is":
        if reading:
            raise cursor.wrong(f"a comparison of {reading}(…)", hint=f"ask it of the field: {token} is null")
        return _is(cursor, name, token)
    op, value = _operation(cursor, token)
    return Reading(reading, name, op, value) if reading else Compare(name, op, value)


def _field(cursor: Cursor) -> tuple[str, Token]:
    token = _name(cursor)
    if not cursor.accept("("):
        return "", token
    if token.text not in READINGS:
        near = nearest(token.text, READINGS)
        raise BadFilter(f"there is no reading {token}", column=token.column, hint="compare the field itself", near=near)
    inner = _name(cursor)
    cursor.expect(")", f"a ) after {inner}")
    return token.text, inner


def _name(cursor: Cursor) -> Token:
    token = cursor.token
    if token.kind == "name" and not token.key:
        return cursor.take()
    hint = "write the field, then the operator, then the value: metrics.auc > 0.9"
    if token.text.lower() in RESERVED or (token.kind == "junk" and token.text[0].isdecimal()):
        hint = f"a field of this name is written `{token}`"
    raise cursor.wrong("a field", hint=hint)


def _is(cursor: Cursor, name: str, said: Token) -> Leaf:
    cursor.take()
    negated = cursor.accept("not") is not None
    if cursor.accept("null"):
        return Null(name, negated)
    if cursor.token.text.lower() == "nan":
        cursor.take()
        return Nan(name, negated)
    raise cursor.wrong("null or nan", hint=f"is asks for these only; write {said} {'!=' if negated else '='} …")


def _operation(cursor: Cursor, name: Token) -> tuple[Op, Operand]:
    if sign := cursor.accept(*_COMPARED):
        return cast("Op", sign.key), _compared(cursor, name, sign)
    negated = cursor.accept("not")
    word = cursor.accept("in", "like", "ilike")
    if not word:
        expected = "in, like or ilike after not" if negated else f"an operator after {name}"
        default = f"write {name} != …" if negated else f"write {name} = …, or {name} is not null"
        hint = _INSTEAD.get(cursor.token.text.lower(), default)
        raise cursor.wrong(expected, hint=hint, near=_near(cursor.token, _OPERATORS))
    op = cast("Op", f"not {word.key}" if negated else word.key)
    return op, _listed(cursor, name, op) if word.key == "in" else _pattern(cursor, op)


def _compared(cursor: Cursor, name: Token, sign: Token) -> Scalar:
    token = cursor.token
    if token.key == "null":
        hint = f"write {name} is {'not ' * (sign.key == '!=')}null"
        raise BadFilter("null is not compared", column=token.column, hint=hint)
    if token.key == "(":
        raise cursor.wrong(f"one value after {sign}", hint=f"write {name} in (…)")
    value = _scalar(cursor, f"a value after {sign}", name)
    if isinstance(value, bool) and sign.key not in {"=", "!="}:
        raise BadFilter(f"{token} has no order", column=sign.column, hint="write = or !=")
    return value


def _listed(cursor: Cursor, name: Token, op: str) -> tuple[Scalar, ...]:
    cursor.expect("(", f"a ( after {op}, as in {name} {op} ('a', 'b')")
    values = [_scalar(cursor, "a value", name)]
    while cursor.accept(","):
        values.append(_scalar(cursor, "a value", name))
    cursor.expect(")", "a , or )")
    return tuple(values)


def _pattern(cursor: Cursor, op: str) -> str:
    token = cursor.token
    if token.kind != "text":
        said = token if token.text and not token.key else "text"
        raise cursor.wrong(f"a quoted text after {op}", hint=f"write {op} '%{said}%'")
    if len(token.text) > MAX_PATTERN:
        raise BadFilter(f"a pattern longer than {MAX_PATTERN} characters", column=token.column, hint="write = or in")
    return _unquoted(cursor.take())


def _scalar(cursor: Cursor, expected: str, name: Token) -> Scalar:
    token = cursor.token
    if token.kind == "text":
        return _unquoted(cursor.take())
    if token.kind == "number":
        return number(cursor.take())
    if token.kind == "date":
        return _date(cursor.take())
    if token.key in {"true", "false"}:
        return cursor.take().key == "true"
    raise cursor.wrong(expected, hint=_quote_hint(token, name))


def number(token: Token) -> int | float:
    """The number that a token says; raises BadFilter where it is too long to be one."""
    if len(token.text) > MAX_DIGITS:
        raise BadFilter(f"a number of {len(token.text)} characters", column=token.column, hint="write it as 1e30")
    return int(token.text) if token.text.lstrip("+-").isdecimal() else float(token.text)


def _date(token: Token) -> date:
    value = when(token.text)
    if value is None:
        hint = "write 2026-03-01, 2026-03-01T10:00Z or 2026-03-01T10:00:00+02:00"
        raise BadFilter(f"{token} is no date or time", column=token.column, hint=hint)
    return value


def _unquoted(token: Token) -> str:
    quote = token.text[0]
    return token.text[1:-1].replace(quote * 2, quote)


def _near(token: Token, words: tuple[str, ...]) -> tuple[str, ...]:
    return nearest(token.text, words) if token.kind == "name" else ()


def _unjoined(cursor: Cursor, last: str) -> BadFilter:
    hint = "write and" if cursor.token.key == "," else "join comparisons by and, or by or"
    if cursor.token.kind == "junk" and ":" in cursor.token.text:
        hint = "a date and its time are written 2026-03-01T10:00"
    return cursor.wrong(f"and, or, or {last}", hint=hint, near=_near(cursor.token, ("and", "or")))


def _quote_hint(token: Token, name: Token) -> str:
    if token.text.lower() == "nan":
        return f"NaN equals nothing; write {name} is nan"
    if token.kind == "name":
        return f"quote a text: '{token}'; a field cannot be compared with a field"
    if token.kind == "junk" and len(token.text) > 1:
        return f"quote a text: '{token}'"
    if token.key in _COMPARED:
        return "the operators are = != < <= > >="
    return "a value is a number, a quoted text, true, false or a date"
