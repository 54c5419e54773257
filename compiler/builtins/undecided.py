"""Logic with a third value (Kleene, "Introduction to Metamathematics", 1952, section 64), and `decide`, which ends it.

In values an undecided one is None, in columns null: Polars' operators on nulls are Kleene's. Users write the operators
as operators; a decided value may stand where one that may be undecided is wanted.
"""

from collections.abc import Callable
from operator import and_, eq, ne, or_
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.builtins.operators import not_column
from verif_dsl.compiler.kinds import BOOL, ITEM, list_of, maybe

if TYPE_CHECKING:
    import polars as pl

MAYBE = maybe(BOOL)
LEFT_RIGHT = (Parameter("left", MAYBE), Parameter("right", MAYBE))
LEFT_RIGHT_ITEM = (Parameter("left", maybe(ITEM)), Parameter("right", maybe(ITEM)))


def both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: bool | None, right: bool | None) -> bool | None:
    return negated(both(negated(left), negated(right)))


def negated(x: bool | None) -> bool | None:
    return None if x is None else not x


def decided_only(function: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    return lambda left, right: None if left is None or right is None else function(left, right)


def in_list_maybe_column(item: "pl.Expr", items: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return pl.when(item.is_not_null()).then(items.list.contains(item))


def as_it_is(x: Any) -> Any:
    return x


def decide(x: bool | None, if_unknown: bool) -> bool:
    return if_unknown if x is None else x


def decide_column(x: "pl.Expr", if_unknown: "pl.Expr") -> "pl.Expr":
    return x.fill_null(if_unknown)


UNDECIDED = (
    Builtin(
        "and maybe",
        LEFT_RIGHT,
        MAYBE,
        "False where one side is false, undecided where that hangs on an undecided side.",
        both,
        and_,
        (((True, None), None), ((False, None), False), ((True, True), True)),
    ),
    Builtin(
        "or maybe",
        LEFT_RIGHT,
        MAYBE,
        "True where one side is true, undecided where that hangs on an undecided side.",
        either,
        or_,
        (((True, None), True), ((False, None), None), ((False, False), False)),
    ),
    Builtin(
        "not maybe",
        (Parameter("x", MAYBE),),
        MAYBE,
        "It does not hold; undecided for what is undecided.",
        negated,
        not_column,
        (((None,), None), ((True,), False)),
    ),
    Builtin(
        "== maybe",
        LEFT_RIGHT_ITEM,
        MAYBE,
        "The same value; undecided where one side is.",
        decided_only(eq),
        eq,
        ((("en", None), None), (("en", "en"), True)),
    ),
    Builtin(
        "!= maybe",
        LEFT_RIGHT_ITEM,
        MAYBE,
        "Not the same value; undecided where one side is.",
        decided_only(ne),
        ne,
        ((("en", None), None), (("en", "fr"), True)),
    ),
    Builtin(
        "in list maybe",
        (Parameter("item", maybe(ITEM)), Parameter("list", list_of(ITEM))),
        MAYBE,
        "One of the items equals it; undecided for an undecided item.",
        decided_only(lambda item, items: item in items),
        in_list_maybe_column,
        (((None, ("en",)), None), (("en", ("en", "fr")), True)),
    ),
    Builtin(
        "as maybe",
        (Parameter("x", ITEM),),
        maybe(ITEM),
        "A decided value where one that may be undecided is wanted.",
        as_it_is,
        as_it_is,
        (((True,), True),),
    ),
    Builtin(
        "decide",
        (Parameter("x", MAYBE), Parameter("if_unknown", BOOL)),
        BOOL,
        "The condition, or `if_unknown` where it is undecided.",
        decide,
        decide_column,
        (((None, True), True), ((False, True), False)),
    ),
)
