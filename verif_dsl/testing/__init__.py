"""Property tests for constraints: strategies that draw responses and arguments, laws that every constraint keeps.

The strategies need Hypothesis, the extra `testing`. Each name is fetched on first use, so that nothing of it is
imported before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verif_dsl.testing.goals import how
    from verif_dsl.testing.laws import LAWS
    from verif_dsl.testing.strategies import arguments, responses, satisfying, violating
    from verif_dsl.testing.vif_texts import programs

__all__ = ["LAWS", "arguments", "how", "programs", "responses", "satisfying", "violating"]

_HOMES = {
    "LAWS": "verif_dsl.testing.laws",
    "how": "verif_dsl.testing.goals",
    "programs": "verif_dsl.testing.vif_texts",
    **dict.fromkeys(("arguments", "responses", "satisfying", "violating"), "verif_dsl.testing.strategies"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
