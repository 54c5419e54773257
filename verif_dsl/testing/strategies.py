"""Hypothesis strategies made from constraints: legal arguments, and responses that satisfy or violate them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, floor

from hypothesis import strategies as st

from verif_dsl.compiler.binding import BindError, admit, bind
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT
from verif_dsl.compiler.program import Bound, Constraint, Domain, Param
from verif_dsl.compiler.texts import prepare
from verif_dsl.testing.building import build
from verif_dsl.testing.choosing import Drawn, Seeded
from verif_dsl.testing.goals import Goal, Recipe, goal_of, recipe
from verif_dsl.testing.pattern_texts import text_for
from verif_dsl.testing.shapes import DEGENERATE, RESPONSES, WORDS
from verif_dsl.verifier import Verifier

SPREAD = 40
"""How far from the low end of an open range numbers are drawn, its ends apart."""

TRIES = 4
"""How often a drawn plan may miss before one of the texts that were seen to be right is taken."""


def satisfying(
    subject: Constraint | Verifier,
    arguments: Mapping[str, object] | str | None = None,
    *,
    given: Mapping[str, str] | None = None,
) -> st.SearchStrategy[str]:
    """Responses that satisfy a constraint, or all the hard constraints that a verifier's spec has.

    `arguments` are those of the constraint (by default its defaults, else those of its first example); with a verifier
    they are the name of a spec or its clauses, as `Verifier.check` takes them. `given` is what came before, by its key.
    They are built from the check; where it is too involved for that, they come from the examples (`how` says which).
    Raises `VerifError` where neither gives any.

    >>> import verif_dsl
    >>> verifier = verif_dsl.compile('''
    ... constraint word_range {
    ...   param min: int in 1 to 50 = 5
    ...   param max: int in min to 50 = 9
    ...   instruct "Write {min} to {max} words."
    ...   check min <= len(words(response)) <= max
    ...   accept "one two three four five"
    ...   reject "one"
    ... }
    ... ''')
    >>> from hypothesis import given, settings
    >>> @given(satisfying(verifier.constraints["word_range"], {"min": 3, "max": 4}))
    ... @settings(derandomize=True)
    ... def test_splitting(response):
    ...     assert 3 <= len(response.split()) <= 4
    >>> test_splitting()
    """
    return reaching(goal_of(subject, arguments, given=given))


def violating(
    subject: Constraint | Verifier,
    arguments: Mapping[str, object] | str | None = None,
    *,
    given: Mapping[str, str] | None = None,
) -> st.SearchStrategy[str]:
    """Responses, none of them blank, that do not satisfy a constraint, or all those of a spec; as `satisfying`."""
    return reaching(goal_of(subject, arguments, want=False, given=given))


def reaching(goal: Goal) -> st.SearchStrategy[str]:
    """Responses for a goal."""
    found = recipe(goal)
    if found.how is None:
        verb = "satisfies" if goal.want else "violates"
        reasons = "; ".join(found.unknown) or "the parts of the check seem to exclude each other"
        raise VerifError(f"no response is known that {verb} this: {reasons}")
    return _drawn(goal, found)


@st.composite
def _drawn(draw: st.DrawFn, goal: Goal, found: Recipe) -> str:
    chooser = Drawn(draw)
    for _ in range(TRIES if found.plans else 0):
        text = prepare(build(chooser.pick(found.plans), chooser))
        if goal.met(text):
            return text
    return chooser.pick(found.texts)


def responses() -> st.SearchStrategy[str]:
    """Responses of all sorts: prose, Markdown, code, data, several scripts, degenerate ones, and mixtures of these.

    >>> from hypothesis import find
    >>> find(responses(), lambda text: text.startswith("#")) != ""
    True
    """
    whole = st.sampled_from(RESPONSES)
    mixed = st.lists(st.one_of(whole, st.sampled_from(WORDS)), min_size=1, max_size=4)
    joined = st.tuples(mixed, st.sampled_from((" ", "\n", "\n\n"))).map(lambda pair: pair[1].join(pair[0]))
    return st.one_of(st.sampled_from(DEGENERATE), whole, joined, st.text(min_size=1, max_size=60)).map(prepare)


@st.composite
def arguments(draw: st.DrawFn, constraint: Constraint, *, usual: bool = False) -> dict[str, Value]:
    """Legal arguments of a constraint, the ends of their ranges included; with `usual` from its samples only.

    Bounds that name an earlier parameter, and what the constraint requires of its arguments, are kept.
    """
    problem: BindError | None = None
    for _ in range(20):
        drawn: dict[str, Value] = {}
        for parameter in constraint.parameters:
            drawn[parameter.name] = _value(draw, constraint, parameter, drawn, usual)
        try:
            return bind(constraint, drawn)
        except BindError as error:
            problem = error
    raise VerifError(str(problem))


def _value(
    draw: st.DrawFn, constraint: Constraint, parameter: Param, earlier: Mapping[str, Value], usual: bool
) -> Value:
    domain = parameter.domain
    examples = [one.arguments[parameter.name] for one in constraint.examples if parameter.name in one.arguments]
    if domain.kind in (INT, DECIMAL):
        return _number(draw, domain, parameter.sample if usual else None, earlier)
    if domain.item is not None:
        low, high = (_end(end, earlier, other) for end, other in ((domain.low, 0), (domain.high, 1000)))
        if domain.item.kind in (INT, DECIMAL):
            size = draw(st.integers(ceil(low), min(floor(high), ceil(low) + 4)))
            return tuple(_number(draw, domain.item, None, earlier) for _ in range(size))
        pool = _pool(
            domain.item, parameter.pool, [one for value in examples if isinstance(value, tuple) for one in value], usual
        )
        most = min(floor(high), max(ceil(low), 4), max(len(pool), ceil(low)))
        unique = len(pool) >= ceil(low)
        items = st.lists(st.sampled_from(pool), min_size=ceil(low), max_size=most, unique=unique)
        return tuple(draw(items))
    return draw(st.sampled_from(_pool(domain, parameter.pool, [*examples, parameter.default], usual)))


def _number(draw: st.DrawFn, domain: Domain, sample: tuple[Bound, Bound] | None, earlier: Mapping[str, Value]) -> Value:
    low = _end(domain.low, earlier, -(10**9))
    high = _end(domain.high, earlier, 10**9)
    near = (
        (max(low, min(high, _end(sample[0], earlier, low))), min(high, max(low, _end(sample[1], earlier, high))))
        if sample
        else (low, high)
    )
    scale = 100 if domain.kind == DECIMAL else 1
    first, last = ceil(near[0] * scale), floor(near[1] * scale)
    if sample is None and low <= 0 <= high:
        first, last = max(first, -SPREAD * scale), min(last, SPREAD * scale)
    inner = st.integers(first, max(first, min(last, first + SPREAD * scale)))
    if sample is None:
        inner = st.one_of(inner, st.sampled_from((ceil(low * scale), floor(high * scale))))
    value = draw(inner)
    return Fraction(value, scale) if domain.kind == DECIMAL else value


def _end(bound: Bound, earlier: Mapping[str, Value], otherwise: int | Fraction) -> int | Fraction:
    value = earlier.get(bound, otherwise) if isinstance(bound, str) else bound
    return value if isinstance(value, int | Fraction) else otherwise


def _pool(domain: Domain, pool: Sequence[Value], examples: Sequence[Value], usual: bool) -> list[Value]:
    """The texts (or booleans) to draw from."""
    if domain.kind == BOOL:
        return [False, True]
    if domain.choices:
        return [*domain.choices]
    known = [*pool, *examples] if not (usual and pool) else [*pool]
    if not known or not usual:
        pattern = domain.pattern
        made = [*WORDS[:12]] if pattern is None else [text_for(pattern, Seeded(seed)) for seed in range(24)]
        known += made
    return list(dict.fromkeys(one for one in known if _legal(domain, one)))


def _legal(domain: Domain, value: Value) -> bool:
    try:
        admit(domain, value, {})
    except ValueError:
        return False
    return True
