"""Whole .vif files drawn by Hypothesis: they compile, for their examples are built from their checks."""

from hypothesis import strategies as st

from verif_dsl.compiler.source import Source
from verif_dsl.compiler.specs import build
from verif_dsl.compiler.values import written
from verif_dsl.testing.goals import goal_of, recipe

TEXTS = ("river", "sea", "The end.", ",", "- ", "é", "don't")
COMPARATORS = (">=", "<=", "==", "<", ">")
PLAIN = "len(words(response)) >= 2"
"""The check to fall back on, for which examples are known."""


@st.composite
def _numbers(draw: st.DrawFn, named: bool) -> str:
    """A number, or the parameter."""
    return "n" if named and draw(st.booleans()) else str(draw(st.integers(1, 6)))


@st.composite
def _atoms(draw: st.DrawFn, named: bool) -> str:
    number = draw(_numbers(named))
    comparator = draw(st.sampled_from(COMPARATORS))
    text = written(draw(st.sampled_from(TEXTS)))
    unit = draw(st.sampled_from(("words", "sentences", "paragraphs", "lines")))
    quantity = draw(st.sampled_from(("any", "all", "every")))
    return draw(
        st.sampled_from(
            (
                f"len({unit}(response)) {comparator} {number}",
                f"occurrences(response, {text}) {comparator} {number}",
                f"{text} in response",
                f"starts_with(trim(response), {text})",
                f"ends_with(trim(response), {text})",
                "is_lower(response)",
                'matches(response, re"[0-9]")',
                f"{quantity}(len(chars(one)) {comparator} {number} for one in words(response))",
                f"count(starts_with(one, {text}) for one in lines(response)) {comparator} {number}",
            )
        )
    )


def _checks(named: bool) -> st.SearchStrategy[str]:
    return st.recursive(
        _atoms(named),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(("and", "or")), inner).map(lambda parts: "({}) {} ({})".format(*parts)),
            inner.map("not ({})".format),
        ),
        max_leaves=3,
    )


@st.composite
def programs(draw: st.DrawFn) -> str:
    """The text of a .vif file with a few constraints, with or without parameters, and a spec over them.

    >>> import verif_dsl
    >>> from hypothesis import given, settings
    >>> @given(programs())
    ... @settings(derandomize=True, max_examples=5, database=None, deadline=None)
    ... def test_compiling(text):
    ...     assert verif_dsl.compile(text).specs
    >>> test_compiling()
    """
    names = [f"rule_{number}" for number in range(draw(st.integers(1, 3)))]
    rules = [
        _rule(name, *draw(st.booleans().flatmap(lambda named: st.tuples(st.just(named), _checks(named)))))
        for name in names
    ]
    uses = "\n".join(f"  use {name}()" for name in names)
    return "\n".join([*rules, f"spec all {{\n{uses}\n}}\n"])


def _rule(name: str, named: bool, check: str) -> str:
    """A constraint with examples; where none are found for the check, with a plain one."""
    parameter = "  param n: int in 1 to 9 = 3\n" if named else ""
    told = "Keep to the rule of {n}." if named else "Keep to the rule."

    def text(check: str, accept: str, reject: str) -> str:
        return (
            f'constraint {name} {{\n{parameter}  instruct "{told}"\n  check {check}\n'
            f"  accept {written(accept)}\n  reject {written(reject)}\n}}\n"
        )

    for one in (check, PLAIN):
        constraint = build(Source("<text>", text(one, "a", "b")))[0].constraints[name]
        accepted, rejected = (recipe(goal_of(constraint, want=want)).texts for want in (True, False))
        if accepted and rejected:
            return text(one, accepted[0], rejected[0])
    raise AssertionError("the plain check has examples of both kinds")
