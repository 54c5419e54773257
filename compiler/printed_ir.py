"""Expressions of the IR as users would write them, for plans."""

from fractions import Fraction
from typing import Any

from verif_dsl.compiler import syntax
from verif_dsl.compiler.builtins import BUILTINS, REQUIRED
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Items, Local, Node, Quantifier, Value
from verif_dsl.compiler.kinds import REGEX
from verif_dsl.compiler.layout import render
from verif_dsl.compiler.printed_expressions import expression
from verif_dsl.compiler.source import Span
from verif_dsl.compiler.values import written

NOWHERE = Span(0, 0)
ONE_LINE = 1_000_000
VARIABLES = "xyzuvw"


def shown(node: Node) -> str:
    """One line for a node; the variables of quantifiers get names by how deep they are.

    >>> from verif_dsl.compiler.kinds import BOOL, TEXT, list_of
    >>> words = Call("words", (Input("response"),), list_of(TEXT))
    >>> same = Call("==", (Local(1, 0, TEXT), Constant("a", TEXT)), BOOL)
    >>> shown(Quantifier("any", 1, 1, words, None, same))
    'any(x == "a" for x in words(response))'
    """
    return render(expression(_tree(node)), ONE_LINE)


def _tree(node: Node) -> syntax.Expression:
    match node:
        case Constant(value, kind):
            return syntax.Regex(str(value), NOWHERE) if kind == REGEX else _literal(value)
        case Argument(name):
            return _name(name)
        case Input(name):
            return _name("prompt" if name == PROMPT.key else name)
        case Local(depth, index):
            return _variable(depth, index)
        case Items(items):
            return syntax.ListOf(tuple(map(_tree, items)), NOWHERE)
        case Call():
            return _call(node)
        case Quantifier(quantity, depth, arity, source, condition, body):
            variables = tuple(_variable(depth, index) for index in range(arity))
            kept = None if condition is None else _tree(condition)
            return syntax.Quantified(_name(quantity), _tree(body), variables, _tree(source), kept, NOWHERE)


def _literal(value: Value) -> syntax.Expression:
    match value:
        case bool():
            return syntax.Boolean(value, NOWHERE)
        case int() | Fraction():
            return syntax.Number(written(value), NOWHERE)
        case str():
            return syntax.Text(value, NOWHERE)
        case tuple():
            return syntax.ListOf(tuple(map(_literal, value)), NOWHERE)
        case None:
            return _name("undecided")


def _name(name: str) -> syntax.Name:
    return syntax.Name(name, NOWHERE)


def _variable(depth: int, index: int) -> syntax.Name:
    letter = VARIABLES[(depth - 1) % len(VARIABLES)]
    return _name(letter * (index + 1))


def _call(node: Call) -> syntax.Expression:
    name: Any = node.builtin.removesuffix(" decimal").removesuffix(" maybe")
    operands = tuple(map(_tree, node.arguments))
    match name, operands:
        case "as", (inner,):
            return inner
        case "not", (syntax.Comparison(operands=sides, comparators=("in",)),):
            return syntax.Comparison(sides, ("not in",), NOWHERE)
        case (("not" | "negate"), (inner,)):
            return syntax.Unary("not" if name == "not" else "-", inner, NOWHERE)
        case (("and" | "or" | "+" | "-" | "*"), (left, right)):
            return syntax.Binary(name, left, right, NOWHERE)
        case (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in text" | "in list"), (left, right)):
            return syntax.Comparison((left, right), (name.partition(" ")[0],), NOWHERE)
    parameters = zip(BUILTINS[node.builtin].parameters, node.arguments, operands, strict=True)
    arguments = tuple(
        syntax.Argument(None if parameter.default is REQUIRED else parameter.name, operand, NOWHERE)
        for parameter, argument, operand in parameters
        if not (isinstance(argument, Constant) and argument.value == parameter.default)
    )
    return syntax.Call(_name(name), arguments, NOWHERE)
