"""Texts that can only be one of a few: choices of a parameter, kinds of JSON, codes of languages.

Comparing such a text with one that it can never be is a mistake that no run would show (`tone == "formel"` just never
holds), so it is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.diagnostics import nearest
from verif_dsl.compiler.ir import Argument, Call, Constant, Items, Node
from verif_dsl.compiler.locales import language_code

Choices = Mapping[str, tuple[str, ...]]
"""The choices of each `one_of` parameter."""

MANY = 8
"""So many values can still be listed in a hint."""


@dataclass(frozen=True, slots=True)
class NeverEqual:
    """Why two texts can never be equal, and what was probably meant."""

    message: str
    hint: str | None


def never_equal(left: Node, right: Node, choices: Choices) -> NeverEqual | None:
    """The first value on one side that the other side can never have, or None.

    >>> from verif_dsl.compiler.kinds import TEXT
    >>> tone = Argument("tone", TEXT)
    >>> found = never_equal(tone, Constant("formel", TEXT), {"tone": ("formal", "neutral")})
    >>> found.message, found.hint
    ('`tone` is never "formel"', 'did you mean "formal"?')
    """
    for closed, other in ((left, right), (right, left)):
        if isinstance(closed, Argument) and isinstance(other, Argument):
            continue  # two parameters may share some choices only
        known, values = _possible(closed, choices), _written(other, choices)
        wrong = next((value for value in values if value not in known), None) if known is not None else None
        if known is not None and wrong is not None:
            return NeverEqual(f'{_name(closed)} is never "{wrong}"', _hint(wrong, known))
    return None


def _possible(node: Node, choices: Choices) -> tuple[str, ...] | None:
    """Everything a text can be, where that is a closed set that the program did not write on the spot."""
    match node:
        case Argument(name):
            return choices.get(name)
        case Call(name) if values := BUILTINS[name].values:
            return values()
        case Call("as maybe", (inner,)):
            return _possible(inner, choices)
    return None


def _written(node: Node, choices: Choices) -> tuple[str, ...]:
    """The texts that a program wrote on one side of a comparison, each of which should be possible."""
    match node:
        case Constant(str(value)):
            return (value,)
        case Constant(tuple(values)):
            return tuple(value for value in values if isinstance(value, str))
        case Items(items):
            return tuple(value for item in items for value in _written(item, choices))
        case Argument(name):
            return choices.get(name, ())
        case Call("as maybe", (inner,)):
            return _written(inner, choices)
    return ()


def _name(node: Node) -> str:
    match node:
        case Argument(name):
            return f"`{name}`"
        case Call("as maybe", (inner,)):
            return _name(inner)
        case Call(name):
            return f"`{name}(...)`"
    raise AssertionError(f"a {type(node).__name__} has no closed set")


def _hint(wrong: str, known: tuple[str, ...]) -> str | None:
    code = language_code(wrong)
    if code in known:
        return f'write "{code}"'
    if close := nearest(wrong, known):
        return f'did you mean "{close}"?'
    return "it is one of " + ", ".join(f'"{one}"' for one in known) if len(known) <= MANY else None
