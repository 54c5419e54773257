"""What a verdict rests on: the conditions of a check that decide it, and what their sides come to."""

from collections.abc import Iterator
from fractions import Fraction

from verif_dsl.compiler.backends.reference import Row, evaluate, kept_items
from verif_dsl.compiler.comparators import OPPOSITES
from verif_dsl.compiler.ir import Call, Input, Node, Quantifier, Value, walk
from verif_dsl.compiler.printed_ir import shown
from verif_dsl.compiler.values import written

MOST_CONDITIONS = 3
LONGEST_CONDITION, LONGEST_VALUE = 120, 60


def evidence(check: Node, row: Row) -> tuple[str, ...]:
    """The conditions by which a response fails a check, or those that make it pass: at most `MOST_CONDITIONS`.

    >>> from verif_dsl.compiler.kinds import BOOL, INT, TEXT, list_of
    >>> from verif_dsl.compiler.ir import Argument, Constant
    >>> length = Call("len", (Call("words", (Input("response"),), list_of(TEXT)),), INT)
    >>> short = Call("<=", (length, Argument("n", INT)), BOOL)
    >>> comma = Call("in text", (Constant(",", TEXT), Input("response")), BOOL)
    >>> check = Call("and", (short, Call("not", (comma,), BOOL)), BOOL)
    >>> evidence(check, Row("one, two", {"n": 1}))
    ('`len(words(response)) <= n` does not hold, with 2 <= 1', '`"," in response` holds')
    """
    found = list(_deciding(check, row, bool(evaluate(check, row))))
    # What the arguments alone decide says nothing of the response.
    of_texts = [one for one in found if any(isinstance(node, Input) for node in walk(one[0]))]
    return tuple(_told(node, row, holds) for node, holds in (of_texts or found)[:MOST_CONDITIONS])


def _deciding(node: Node, row: Row, holds: bool) -> Iterator[tuple[Node, bool]]:
    """The parts of a condition that make it hold, or not hold, and whether they do."""
    match node:
        case Call("and" | "or", sides):
            for side in sides:
                if bool(evaluate(side, row)) == holds:
                    yield from _deciding(side, row, holds)
        case Call("not", (inner,)):
            yield from _deciding(inner, row, not holds)
        case _:
            yield node, holds


def _told(node: Node, row: Row, holds: bool) -> str:
    condition = f"`{_short(shown(node), LONGEST_CONDITION)}` {'holds' if holds else 'does not hold'}"
    match node:
        case Call(builtin, (left, right)) if (comparator := builtin.removesuffix(" decimal")) in OPPOSITES:
            sides = (_value(evaluate(one, row)) for one in (left, right))
            return f"{condition}, with {f' {comparator} '.join(sides)}"
        case Call("decide", (inner, _)) if evaluate(inner, row) is None:
            return f"{condition}, being undecided"
        case Quantifier("any" | "all" | "every" as quantity):
            items = [(item, bool(evaluate(node.body, row, inner))) for item, inner in kept_items(node, row, {})]
            if not items:
                return f"{condition}, with nothing to look at"
            if holds == (quantity == "any"):
                decides = next(item for item, value in items if value == holds)
                return f"{condition}, as {_value(decides)} shows"
    return condition


def _value(value: Value) -> str:
    """A value as the language writes it, and 2/3 as 2/3: decimals have no end there."""
    text = written(value)
    endless = isinstance(value, Fraction) and Fraction(text) != value
    return _short(str(value) if endless else text, LONGEST_VALUE)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
