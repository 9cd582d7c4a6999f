"""Random seeds, as a script sets them: in `random`, numpy and torch, and Python's own of hashes.

What a script sets while its run lasts is heard; what libraries do inside is theirs. Of what was set before, numpy and
torch can tell as long as nothing was drawn.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import ModuleType
from typing import Any, Final

from gitml.actions.capture.places import is_installed

# Module, its functions that set a seed, and what `seeds` calls it.
_HEARD: Final = (
    ("random", ("seed",), "python"),
    ("numpy.random", ("seed", "default_rng"), "numpy"),
    ("torch", ("manual_seed",), "torch"),
)
_OF_TORCH_ITSELF: Final = 67280421310721  # what torch begins with, where nobody has set one
_WORDS: Final = 624  # of the Mersenne Twister's state


@contextmanager
def heard(found: dict[str, Any]) -> Iterator[None]:
    """Put into `found` what is set meanwhile, or can be told to have been before; what stands there already stays."""
    told = set(found)
    found |= {name: seed for name, seed in _before().items() if name not in told}
    spied = [(module, word, getattr(module, word), name) for module, word, name in _loaded()]
    for module, word, deed, name in spied:
        setattr(module, word, _telling(deed, name, found, told))
    try:
        yield
    finally:
        for module, word, deed, _name in spied:
            if getattr(getattr(module, word), "__wrapped__", None) is deed:  # else somebody else has put theirs there
                setattr(module, word, deed)


def _loaded() -> Iterator[tuple[ModuleType, str, str]]:
    for module, words, name in _HEARD:
        if module in sys.modules:
            yield from ((sys.modules[module], word, name) for word in words if hasattr(sys.modules[module], word))


def _telling(deed: Callable[..., Any], name: str, found: dict[str, Any], told: set[str]) -> Callable[..., Any]:
    """The same function, which tells the first seed that a script gives it; `told` are the names that have theirs."""

    @wraps(deed)
    def telling(*args: Any, **kwargs: Any) -> Any:
        given = next((one for one in (*args, *kwargs.values()) if one is not None), None)
        is_seed = isinstance(given, str) or hasattr(given, "__index__")
        if is_seed and name not in told and not is_installed(sys._getframe(1).f_code.co_filename):  # noqa: SLF001
            told.add(name)
            found[name] = given
        return deed(*args, **kwargs)

    return telling


def _before() -> dict[str, int]:
    found: dict[str, int] = {}
    if os.environ.get("PYTHONHASHSEED", "random").isdigit():
        found["hash"] = int(os.environ["PYTHONHASHSEED"])
    numpy, torch = sys.modules.get("numpy.random"), sys.modules.get("torch")
    if numpy is not None and (seed := _of_numpy(numpy)) is not None:
        found["numpy"] = seed
    if torch is not None and (drawn := int(torch.initial_seed())) != _OF_TORCH_ITSELF:
        found["torch"] = drawn
    return found


def _of_numpy(numpy: Any) -> int | None:
    """The seed of numpy's global generator: its first word, if that seed gives this state and nothing was drawn."""
    state = numpy.get_state(legacy=False)
    if state["bit_generator"] != "MT19937" or state["state"]["pos"] != _WORDS:
        return None
    seed = int(state["state"]["key"][0])
    again = numpy.RandomState(seed).get_state(legacy=False)["state"]["key"]
    return seed if (again == state["state"]["key"]).all() else None
