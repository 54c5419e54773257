"""Data that some builtins read and this package does not bring: without them a verdict is unknown, never guessed."""

from functools import lru_cache

from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.ir import Call, Node, walk


def lacking(check: Node) -> str | None:
    """What a check needs and is not installed, with how to install it; None when it can be decided here.

    >>> from verif_dsl.compiler.ir import Constant
    >>> from verif_dsl.compiler.kinds import BOOL
    >>> print(lacking(Constant(True, BOOL)))
    None
    """
    reasons = (BUILTINS[name].lacking for name in _named(check))
    return next((reason for reason in (one() for one in reasons if one is not None) if reason is not None), None)


@lru_cache(maxsize=1024)
def _named(check: Node) -> tuple[str, ...]:
    return tuple(dict.fromkeys(node.builtin for node in walk(check) if isinstance(node, Call)))
