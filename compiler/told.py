"""What a constraint tells, each of its texts filled with arguments that it is for: for people who look at it."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import BindError, bind, draw
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.program import Constraint, Instruction

TRIES = 50
"""How often arguments are drawn before those that hardly ever come are looked for."""


@dataclass(frozen=True, slots=True)
class Told:
    """An `instruct`, the arguments it was filled with, and what came of it; without both where none were found."""

    instruction: Instruction
    arguments: Mapping[str, Value] | None
    text: str | None


def told(constraint: Constraint) -> list[Told]:
    """Every `instruct` in order, each with the first arguments found that it applies to.

    The same constraint is told in the same way each time.
    """
    found: dict[int, Told] = {}
    for row in _rows(constraint):
        for index, one in enumerate(constraint.instructions):
            if index not in found and (text := _filled(one, row)) is not None:
                found[index] = Told(one, row.arguments, text)
        if len(found) == len(constraint.instructions):
            break
    return [found.get(index, Told(one, None, None)) for index, one in enumerate(constraint.instructions)]


def _rows(constraint: Constraint) -> Iterator[Row]:
    """Rows to try; what came before is that of an example, where examples have it."""
    given = next((one.given for one in constraint.examples if one.given), {})
    return (Row("", arguments, given) for arguments in _arguments(constraint))


def _arguments(constraint: Constraint) -> Iterator[Mapping[str, Value]]:
    """Default arguments, drawn ones, those of the examples, and some at the ends of their ranges."""
    with suppress(BindError):  # something has no default
        yield bind(constraint, {})
    random = Random(constraint.name)  # by name, so that not all who ask for a number show the same
    found: list[Mapping[str, Value]] = []
    with suppress(BindError):  # something has no sample
        for _ in range(TRIES if constraint.parameters else 0):
            found.append(draw(constraint, random))
            yield found[-1]
    found += [example.arguments for example in constraint.examples]
    yield from (example.arguments for example in constraint.examples)
    for parameter in constraint.parameters if found else ():
        for end in (parameter.domain.low, parameter.domain.high):
            value = found[0][end] if isinstance(end, str) else end
            with suppress(BindError):  # `when n == 1`, or `when min == max`
                yield bind(constraint, {**found[0], parameter.name: value})


def _filled(one: Instruction, row: Row) -> str | None:
    try:
        if one.when is not None and not evaluate(one.when, row):
            return None
        return one.template.render({name: evaluate(node, row) for name, node in one.holes.items()})
    except KeyError:  # it shows what came before, and no example has any
        return None
