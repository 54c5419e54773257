"""Passes over the IR: pure functions from an expression to one with the same value everywhere.

`PASSES` lists them in the order they run; a test holds each to the reference evaluator on generated programs.
"""

from collections.abc import Callable
from functools import lru_cache

from verif_dsl.compiler.ir import Node
from verif_dsl.compiler.passes.constants_right import constants_right
from verif_dsl.compiler.passes.fold_constants import fold_constants
from verif_dsl.compiler.passes.guard_dear import guard_dear
from verif_dsl.compiler.passes.push_negation import push_negation
from verif_dsl.compiler.passes.split_occurrences import split_occurrences

PASSES: tuple[Callable[[Node], Node], ...] = (
    split_occurrences,
    fold_constants,
    push_negation,
    constants_right,
    guard_dear,
)


@lru_cache(maxsize=1024)
def optimise(node: Node) -> Node:
    """The expression after every pass."""
    for one in PASSES:
        node = one(node)
    return node
