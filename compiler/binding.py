"""Arguments for a constraint: checked against the parameters' domains, completed with defaults, or drawn at random."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor, isfinite
from random import Random

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.cost import LARGEST_LIST, LONGEST_ARGUMENT, LONGEST_LIST, size_of
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.compiler.intervals import FINEST, WIDEST
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT
from verif_dsl.compiler.patterns.matcher import matches_whole
from verif_dsl.compiler.program import Bound, Constraint, Domain, Param
from verif_dsl.compiler.texts import prepare
from verif_dsl.compiler.values import written

DRAWS = 100
"""How often drawing starts again when the arguments drawn do not meet a `require`."""


LONGEST_DRAWN = 5
"""How many more items than it has to have a drawn list of numbers gets."""


class BindError(ValueError):
    """Arguments that a constraint does not accept: a sentence, the argument at fault, and how to mend it."""

    def __init__(self, message: str, argument: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.argument, self.hint = message, argument, hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


def bind(constraint: Constraint, given: Mapping[str, object]) -> dict[str, Value]:
    """Every parameter of the constraint with its value.

    Raises `BindError` for an unknown or missing argument, a value outside its domain, or a `require` that does not
    hold.
    """
    known = [parameter.name for parameter in constraint.parameters]
    for name in given:
        if name not in known:
            hint = suggestion(name, known) or "it takes no arguments"
            raise BindError(f"`{constraint.name}` has no parameter `{name}`", name, hint)
    bound: dict[str, Value] = {}
    for parameter in constraint.parameters:
        name = parameter.name
        if name not in given and parameter.default is None:
            raise BindError(f"`{constraint.name}` needs a value for `{name}`", None, f"add {name} = ...")
        try:
            bound[name] = admit(parameter.domain, given.get(name, parameter.default), bound)
        except ValueError as error:
            source = "" if name in given else "its default "
            raise BindError(
                f"`{name}` of `{constraint.name}`: {source}{error}", name if name in given else None
            ) from None
    for condition, text in constraint.requires:
        if not evaluate(condition, Row(arguments=bound)):
            raise BindError(f"`{constraint.name}` requires {text}")
    return bound


def admit(domain: Domain, value: object, earlier: Mapping[str, Value]) -> Value:
    """The value as the domain has it (lists become tuples, texts take their one Unicode form).

    Raises `ValueError` with a sentence for a value outside the domain.
    """
    kind = domain.kind
    if kind == BOOL and isinstance(value, bool):
        return value
    if kind == INT and isinstance(value, int) and not isinstance(value, bool):
        low, high = _range(domain, earlier)
        if not low <= value <= high:
            raise ValueError(
                f"{value} is outside {low} to {high}" if low <= high else f"no number fits {low} to {high}"
            )
        return value
    if kind == DECIMAL and isinstance(value, int | float | Fraction) and not isinstance(value, bool):
        return _admit_decimal(domain, value, earlier)
    if kind == TEXT and isinstance(value, str):
        return _admit_text(domain, prepare(value))
    if kind.name == "list" and isinstance(value, list | tuple) and domain.item:
        low, high = _range(domain, earlier, limit=LONGEST_LIST)
        if not low <= len(value) <= high:
            raise ValueError(f"a list of {len(value)} items, outside the size {low} to {high}")
        admitted = tuple(admit(domain.item, item, earlier) for item in value)
        if size_of(admitted) > LARGEST_LIST:
            raise ValueError(f"a list of {size_of(admitted):,} characters, more than the {LARGEST_LIST:,} allowed")
        return admitted
    raise ValueError(f"{_shown(value)} is not {'an' if kind == INT else 'a'} {kind}")


def _admit_decimal(domain: Domain, value: int | float | Fraction, earlier: Mapping[str, Value]) -> Fraction:
    """The number as it is written: a JSON 0.1 is one tenth, and not the nearest binary fraction."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value} is not a number")
    number = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    if (number * FINEST).denominator != 1:
        raise ValueError(f"{written(number)} has more than six places")
    low, high = _range(domain, earlier)
    if not low <= number <= high:
        raise ValueError(f"{float(number):g} is outside {float(low):g} to {float(high):g}")
    return number


def _admit_text(domain: Domain, text: str) -> str:
    if len(text) > LONGEST_ARGUMENT:
        raise ValueError(f"a text of {len(text):,} characters, more than the {LONGEST_ARGUMENT:,} allowed")
    if domain.choices and text not in domain.choices:
        close = suggestion(text, domain.choices)
        raise ValueError(f"{_shown(text)} is not one of its choices" + (f" ({close})" if close else ""))
    if domain.pattern is not None and not matches_whole(domain.pattern, text):
        raise ValueError(f'{_shown(text)} does not match re"{domain.pattern}"')
    return text


def _shown(value: object) -> str:
    text = written(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _resolve(bound: Bound, earlier: Mapping[str, Value], default: int | Fraction) -> int | Fraction:
    value = earlier.get(bound, default) if isinstance(bound, str) else bound
    return value if isinstance(value, int | Fraction) else default


def _range(domain: Domain, earlier: Mapping[str, Value], limit: int = WIDEST) -> tuple[int | Fraction, int | Fraction]:
    low = _resolve(domain.low, earlier, 0 if limit == LONGEST_LIST else -limit)
    return low, min(_resolve(domain.high, earlier, limit), limit)


def draw(constraint: Constraint, random: Random) -> dict[str, Value]:
    """Legal arguments, drawn from each parameter's `sample` (else from its whole domain), in order.

    Raises `BindError` when a text has nothing to draw from, or no draw meets the `require`s.
    """
    problem: BindError | None = None
    for _ in range(DRAWS):
        drawn: dict[str, Value] = {}
        for parameter in constraint.parameters:
            drawn[parameter.name] = _draw(constraint.name, parameter, drawn, random)
        try:
            return bind(constraint, drawn)
        except BindError as error:
            problem = error
    raise problem or BindError(f"`{constraint.name}` has no arguments to draw")


def _draw(owner: str, parameter: Param, earlier: Mapping[str, Value], random: Random) -> Value:
    domain = parameter.domain
    if domain.kind.name == "list" and domain.item:
        pool = parameter.pool or _values(domain.item)
        low, high = (int(end) for end in _range(domain, earlier, limit=LONGEST_LIST))
        if pool:
            return tuple(random.sample(pool, random.randint(min(low, len(pool)), min(high, len(pool)))))
        if domain.item.kind in (INT, DECIMAL):
            size = random.randint(low, min(high, low + LONGEST_DRAWN))
            return tuple(_draw_number(domain.item, None, earlier, random) for _ in range(size))
    elif parameter.pool:
        return random.choice(parameter.pool)
    elif domain.kind in (INT, DECIMAL):
        return _draw_number(domain, parameter.sample, earlier, random)
    elif values := _values(domain):
        return random.choice(values)
    if parameter.default is None:
        hint = 'add sample ["...", "..."]'
        raise BindError(f"`{parameter.name}` of `{owner}` has nothing to draw from", None, hint)
    return parameter.default


def _values(domain: Domain) -> tuple[Value, ...]:
    """All the values of a domain, where they are few and known; none otherwise."""
    return (False, True) if domain.kind == BOOL else domain.choices


def _draw_number(
    domain: Domain, sample: tuple[Bound, Bound] | None, earlier: Mapping[str, Value], random: Random
) -> int | Fraction:
    low, high = _range(domain, earlier)
    if sample is not None:
        first, last = (_resolve(end, earlier, edge) for end, edge in zip(sample, (low, high), strict=True))
        # The range may depend on what was drawn before; the sample then gives way.
        low, high = min(max(first, low), high), max(min(last, high), low)
    if domain.kind == DECIMAL:  # in hundredths, which is how people write shares
        return min(max(Fraction(random.randint(ceil(low * 100), floor(high * 100)), 100), low), high)
    return random.randint(int(low), int(high))
