"""Parameter types as domains: the `int in 1 to max`, `one_of(...)` and `sample` of a `param` clause."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor

from verif_dsl.compiler import syntax
from verif_dsl.compiler.binding import admit
from verif_dsl.compiler.calls import number_of
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.compiler.expressions import Typer
from verif_dsl.compiler.intervals import ANY, WIDEST, Interval
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT, list_of
from verif_dsl.compiler.program import Bound, Domain
from verif_dsl.compiler.source import Span
from verif_dsl.compiler.texts import prepare
from verif_dsl.compiler.values import written


def domain_of(tree: syntax.TypeName, typer: Typer, ranges: Mapping[str, Interval]) -> Domain | None:
    """The domain a written type stands for; `ranges` holds the int parameters before it, which its bounds may name."""
    match tree.kind:
        case "bool":
            return Domain(BOOL)
        case "int" | "decimal":
            low, high = _bounds(tree.range, typer, ranges, whole=tree.kind == "int")
            return Domain(INT if tree.kind == "int" else DECIMAL, low, high)
        case "text":
            if tree.matching and typer.typed(tree.matching, {}) is None:
                return None
            return Domain(TEXT, pattern=prepare(tree.matching.pattern) if tree.matching else None)
        case "one_of":
            choices = tuple(prepare(choice.value) for choice in tree.choices)
            for index, choice in enumerate(choices):
                if choice in choices[:index]:
                    typer.report("V0205", f"{written(choice)} stands twice", tree.choices[index].span)
            return Domain(TEXT, choices=choices)
        case "list":
            item = domain_of(tree.item, typer, ranges) if tree.item else None
            if item is None:
                return None
            low, high = _bounds(tree.range, typer, ranges)
            return Domain(list_of(item.kind), low, high, item=item)


def _bounds(
    tree: syntax.Range | None, typer: Typer, ranges: Mapping[str, Interval], *, whole: bool = True
) -> tuple[Bound, Bound]:
    if tree is None:
        return None, None
    low, high = (_bound(end, typer, ranges, whole) for end in (tree.low, tree.high))
    if isinstance(low, int | Fraction) and isinstance(high, int | Fraction) and low > high:
        typer.report("V0205", f"the range {low} to {high} is empty", tree.span, f"write {high} to {low}")
    return low, high


def _bound(tree: syntax.Expression, typer: Typer, ranges: Mapping[str, Interval], whole: bool) -> Bound:
    match tree:
        case syntax.Name(name, span):
            if whole and name in typer.fractional:
                typer.report("V0203", f"a whole number is needed here, and `{name}` is a decimal", span)
            elif name not in ranges:
                hint = suggestion(name, ranges) or "a bound is a number, or a parameter declared before that is one"
                typer.report("V0201", f"there is no number `{name}` before this", span, hint)
            return name
        case syntax.Number(text, span):
            value: int | Fraction = number_of(text)[0]
            if whole and isinstance(value, Fraction):
                typer.report("V0203", "a whole number is needed here", span)
            elif not -WIDEST <= value <= WIDEST:
                typer.report("V0207", f"bounds lie within {WIDEST:,}", span)
            else:
                return value
    return None


def interval_of_domain(domain: Domain, ranges: Mapping[str, Interval]) -> Interval:
    """The numbers an int domain can hold, whatever the parameters that its bounds name.

    >>> interval_of_domain(Domain(INT, 1, "max"), {"max": Interval(5, 9)})
    Interval(low=1, high=9)
    """

    def ends(bound: Bound, default: int) -> Interval:
        if isinstance(bound, str):
            return ranges.get(bound, ANY)
        return Interval(default, default) if bound is None else Interval(floor(bound), ceil(bound))

    return Interval(ends(domain.low, -WIDEST).low, ends(domain.high, WIDEST).high)


def sample_of(
    tree: syntax.Range | syntax.ListOf | None, domain: Domain, typer: Typer, ranges: Mapping[str, Interval]
) -> tuple[tuple[Bound, Bound] | None, tuple[Value, ...]]:
    """What a `sample` clause draws from: a range for numbers, or values (for a list, its items)."""
    match tree:
        case syntax.Range(span=span):
            if domain.kind in (INT, DECIMAL):
                sample = _bounds(tree, typer, ranges, whole=domain.kind == INT)
                legal, drawn = interval_of_domain(domain, ranges), interval_of_domain(Domain(INT, *sample), ranges)
                if drawn.high < legal.low or drawn.low > legal.high:
                    typer.report("V0205", f"nothing of this sample is within {legal.low} to {legal.high}", span)
                return sample, ()
            typer.report("V0203", f"a sample of {domain.kind} is a list of values", span, 'write sample ["...", "..."]')
        case syntax.ListOf(items):
            drawn_from = domain.item or domain
            pool: list[Value] = []
            for item in items:
                try:
                    pool.append(admit(drawn_from, literal(item), {}))
                except ValueError as error:
                    typer.report("V0205", f"this is no sample: {error}", item.span)
            return None, tuple(pool)
    return None, ()


def literal(tree: syntax.Expression) -> Value:
    """The value of a literal."""
    match tree:
        case syntax.Number(text):
            return number_of(text)[0]
        case syntax.Text(value) | syntax.Boolean(value):
            return value
        case syntax.ListOf(items):
            return tuple(literal(item) for item in items)
    raise AssertionError(f"the grammar lets no {type(tree).__name__} stand here")


def span_of(binds: tuple[syntax.Bind, ...], name: str | None, otherwise: Span) -> Span:
    """Where an argument is given, or `otherwise`."""
    return next((one.value.span for one in binds if one.name.name == name), otherwise)
