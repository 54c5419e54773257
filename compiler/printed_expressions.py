"""Expressions and texts as documents for `layout`: with hardly a parenthesis they could do without, escapes anew."""

from collections.abc import Sequence

from verif_dsl.compiler import syntax
from verif_dsl.compiler.layout import LINE, SOFT_LINE, Choice, Concat, Document, Fill, Group, Nest, Verbatim
from verif_dsl.compiler.values import quoted

OR, AND, NOT, COMPARISON, SUM, PRODUCT, FACTOR, ATOM = range(8)
"""How tightly each kind of expression holds together, as the rules of the grammar nest."""

CHAIN_LEVELS = {"or": OR, "and": AND, "+": SUM, "-": SUM, "*": PRODUCT}


def expression(tree: syntax.Expression) -> Document:
    """An expression that starts on the current line."""
    match tree:
        case syntax.Number(text):
            return text
        case syntax.Text():
            return written(tree)
        case syntax.Regex(pattern):
            return f're"{pattern}"'
        case syntax.Boolean(value):
            return "true" if value else "false"
        case syntax.Name():
            return str(tree)
        case syntax.ListOf(items):
            return list_of("[", [expression(item) for item in items], "]")
        case syntax.Call(function, arguments):
            return call(str(function), [_argument(one) for one in arguments])
        case syntax.Quantified():
            return _quantified(tree)
        case syntax.Unary(operator, operand):
            if operator == "-":
                return Concat("-", _operand(operand, FACTOR))
            # `not a == b` needs no parentheses, and is easily taken for `(not a) == b`.
            least = ATOM if isinstance(operand, syntax.Comparison) else NOT
            return Concat("not ", _operand(operand, least))
        case syntax.Binary():
            return _chain(tree)
        case syntax.Comparison(operands, comparators):
            first, *others = (_operand(one, SUM) for one in operands)
            pairs = zip(comparators, others, strict=True)
            rest = [Concat(LINE, f"{comparator} ", operand) for comparator, operand in pairs]
            return Group(Nest(Concat(first, *rest)))


def level(tree: syntax.Expression) -> int:
    """How tightly an expression holds together."""
    match tree:
        case syntax.Binary(operator):
            return CHAIN_LEVELS[operator]
        case syntax.Comparison():
            return COMPARISON
        case syntax.Unary("not"):
            return NOT
        case syntax.Unary():
            return FACTOR
        case syntax.Number(text) if text.startswith("-"):
            return FACTOR
        case _:
            return ATOM


def _operand(tree: syntax.Expression, least: int) -> Document:
    """An expression, in parentheses when it holds together less tightly than its place needs."""
    if level(tree) >= least:
        return expression(tree)
    return Group(Concat("(", Nest(Concat(SOFT_LINE, expression(tree))), SOFT_LINE, ")"))


def _chain(tree: syntax.Binary) -> Document:
    """`a and b and c`: one break before each operator, or none."""
    own = CHAIN_LEVELS[tree.operator]
    rest: list[Document] = []
    left: syntax.Expression = tree
    while isinstance(left, syntax.Binary) and CHAIN_LEVELS[left.operator] == own:
        rest.append(Concat(LINE, f"{left.operator} ", _operand(left.right, own + 1)))
        left = left.left
    return Group(Nest(Concat(_operand(left, own), *reversed(rest))))


def _argument(tree: syntax.Argument) -> Document:
    return Concat(f"{tree.name}=", expression(tree.value)) if tree.name else expression(tree.value)


def _quantified(tree: syntax.Quantified) -> Document:
    names = ", ".join(map(str, tree.variables))
    inside = [SOFT_LINE, expression(tree.body), LINE, f"for {names} in ", expression(tree.source)]
    if tree.condition:
        inside += [LINE, "if ", expression(tree.condition)]
    return Group(Concat(f"{tree.function}(", Nest(Concat(*inside)), SOFT_LINE, ")"))


def call(function: str, arguments: Sequence[Document]) -> Document:
    """`function(a, b)`, or one argument a line."""
    if not arguments:
        return f"{function}()"
    rest = [part for argument in arguments[1:] for part in (",", LINE, argument)]
    return Group(Concat(f"{function}(", Nest(Concat(SOFT_LINE, arguments[0], *rest)), SOFT_LINE, ")"))


def list_of(opening: str, items: Sequence[Document], closing: str) -> Document:
    """`[a, b]`, or as many items on a line as there is room for."""
    if not items:
        return opening + closing
    return Group(Concat(opening, Nest(Concat(SOFT_LINE, comma_separated(items))), SOFT_LINE, closing))


def comma_separated(items: Sequence[Document]) -> Document:
    """`a, b`, as many on a line as there is room for."""
    return Fill((*(Concat(item, ",") for item in items[:-1]), items[-1]))


def written(text: syntax.Text) -> Document:
    """A text the way it was given, in quotes or as a block; a block of one line stands on the line if it fits."""
    if not text.block:
        return quoted(text.value)
    lines = text.value.split("\n")
    # The parser takes \r\n for the end of a line: a \r that belongs to the text needs another.
    kept = (f"{line}\r" if line.endswith("\r") else line for line in lines)
    block = Concat("'''", Verbatim(("", *kept, "'''")))
    if len(lines) > 1 or lines[0].endswith("'"):
        return block
    return Group(Choice(f"'''{lines[0]}'''", block))
