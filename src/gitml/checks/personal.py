"""What looks personal: names of columns that say so, and values of a form that only people have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

MASK: Final = "***"
# Words of a column's name that say enough alone, and those that do together.
_WORDS: Final = frozenset(
    ("email", "emails", "mail", "phone", "phones", "telephone", "tel", "mobile", "cellphone", "fax", "surname", "dob",
     "surnames", "lastname", "firstname", "fullname", "forename", "nickname", "username", "birthday", "birthdate",
     "birthplace", "ssn", "nin", "passport", "iban", "address", "addresses", "street", "ip", "vorname", "nachname",
     "geburtsdatum", "telefon", "telefonnummer", "adresse", "strasse", "anschrift")
)  # fmt: skip
_PAIRS: Final = frozenset(
    tuple(pair.split())
    for pair in (
        "first name", "last name", "full name", "given name", "family name", "middle name", "maiden name", "user name",
        "customer name", "patient name", "person name", "client name", "employee name", "contact name", "author name",
        "e mail", "birth date", "date birth", "of birth", "social security", "credit card", "card number",
        "account number", "national id", "tax id", "driver license", "drivers license", "license plate", "ip addr",
    )
)  # fmt: skip
_SPLIT = re.compile(r"[^0-9a-zA-ZäöüÄÖÜß]+|(?<=[a-z0-9])(?=[A-Z])")
_FORMS: Final = {
    "email": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    "phone": r"\+[0-9](?:[ ./()-]{0,2}[0-9]){7,14}",
    "local_phone": r"\([0-9]{3}\) ?[0-9]{3}-[0-9]{4}",
    "iban": r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    "social_security": r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b",
}
_ANY = re.compile("|".join(_FORMS.values()))
_ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])")
_CARD = re.compile(r"[0-9](?:[ -]?[0-9]){12,18}")
_NINE = 9


def looks_personal(name: str, values: Iterable[Any] = ()) -> bool:
    """Whether a column is about persons, by its name, or by the form of most of its values."""
    if _is_named_so(name):
        return True
    there = [str(value).strip() for value in values if value is not None and not isinstance(value, bool | dict | list)]
    there = [value for value in there if value]
    return bool(there) and sum(map(_has_form, there)) * 2 > len(there)


def hidden(text: str) -> str:
    """A text with what looks personal in it masked."""
    return _ANY.sub(MASK, text)


@lru_cache(maxsize=1 << 12)
def _is_named_so(name: str) -> bool:
    words = [word.lower() for word in _SPLIT.split(name) if word]
    return not _WORDS.isdisjoint(words) or any(pair in _PAIRS for pair in pairwise(words))


def _has_form(value: str) -> bool:
    if _ANY.fullmatch(value) or _ADDRESS.fullmatch(value):
        return True
    return _CARD.fullmatch(value) is not None and _adds_up([int(sign) for sign in value if sign.isdigit()])


def _adds_up(digits: Sequence[int]) -> bool:
    """The check of card numbers (ISO/IEC 7812-1, Luhn)."""
    doubled = [digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[::-2]) + sum(digit - _NINE * (digit > _NINE) for digit in doubled)) % 10 == 0
