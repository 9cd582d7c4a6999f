"""What gitml refuses, as MLflow says it: an exception with a code that its clients know, and our message."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    BAD_REQUEST,
    INVALID_PARAMETER_VALUE,
    INVALID_STATE,
    PERMISSION_DENIED,
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
)

from gitml.errors import BadFilter, BadRef, BadValue, Conflict, GitmlError, NotFound, Refused

P = ParamSpec("P")
T = TypeVar("T")
_CODES: tuple[tuple[type[GitmlError], int], ...] = (
    (NotFound, RESOURCE_DOES_NOT_EXIST),
    (BadValue, INVALID_PARAMETER_VALUE),
    (BadRef, INVALID_PARAMETER_VALUE),
    (BadFilter, INVALID_PARAMETER_VALUE),
    (Refused, INVALID_PARAMETER_VALUE),
    (Conflict, TEMPORARILY_UNAVAILABLE),
)


def said(error: GitmlError) -> MlflowException:
    """An error of ours as one of MLflow's; of several problems each is told."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), BAD_REQUEST)
    problems = "".join(f"\n{problem}" for problem in getattr(error, "problems", ()))
    return MlflowException(f"{error}{problems}", error_code=code)


def spoken(method: Callable[P, T]) -> Callable[P, T]:
    """A method of a store for MLflow: what gitml refuses in it is told in MLflow's way."""

    @wraps(method)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except GitmlError as error:
            raise said(error) from error

    return told


def speaking(cls: type[T]) -> type[T]:
    """A class decorator: every public method that the class itself and its parts here define is `spoken`."""
    for part in reversed(cls.__mro__):
        if part.__module__.startswith("gitml."):
            for name, method in vars(part).items():
                if callable(method) and (not name.startswith("_") or name in _ASKED):
                    setattr(cls, name, spoken(method))
    return cls


_ASKED = (
    "_search_runs", "_search_datasets", "_get_deleted_runs", "_get_deleted_logged_models",
    "_hard_delete_run", "_hard_delete_experiment", "_hard_delete_logged_model",
)  # fmt: skip
"""Methods that MLflow calls from outside though their names begin with an underscore."""


def invalid(message: str) -> NoReturn:
    """Raise INVALID_PARAMETER_VALUE."""
    raise MlflowException(message, error_code=INVALID_PARAMETER_VALUE)


def unready(message: str) -> NoReturn:
    """Raise INVALID_STATE."""
    raise MlflowException(message, error_code=INVALID_STATE)


def missing(message: str) -> NoReturn:
    """Raise RESOURCE_DOES_NOT_EXIST."""
    raise MlflowException(message, error_code=RESOURCE_DOES_NOT_EXIST)


def taken(message: str) -> NoReturn:
    """Raise RESOURCE_ALREADY_EXISTS."""
    raise MlflowException(message, error_code=RESOURCE_ALREADY_EXISTS)


def forbidden(message: str) -> NoReturn:
    """Raise PERMISSION_DENIED."""
    raise MlflowException(message, error_code=PERMISSION_DENIED)
