"""What responses have to do, and how they are made: from the check, or from the examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import BindError, bind
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.ir import Call, Input, Node, Value
from verif_dsl.compiler.kinds import BOOL
from verif_dsl.compiler.program import Constraint
from verif_dsl.compiler.texts import is_blank, prepare, too_large
from verif_dsl.testing.adapting import adapted
from verif_dsl.testing.building import TRIALS, build
from verif_dsl.testing.choosing import Seeded
from verif_dsl.testing.facts import Facts, plans
from verif_dsl.testing.normal import impossible, specialised
from verif_dsl.testing.searching import search
from verif_dsl.testing.shapes import DEGENERATE, RESPONSES
from verif_dsl.verifier import Verifier

How = Literal["constructed", "from examples"]

RESPONSE = Input("response")


@dataclass(frozen=True)
class Goal:
    """What a response has to do: make a check, with its arguments in place, pass or fail."""

    check: Node
    want: bool
    known: tuple[str, ...] = ()
    """Texts to fall back on: the examples of the constraints."""

    def met(self, text: str) -> bool:
        """Whether a response does it; blank ones and those over the cap do neither."""
        if is_blank(text) or too_large(text):
            return False
        return bool(evaluate(self.check, Row(text))) == self.want


@dataclass(frozen=True)
class Recipe:
    """How responses for a goal are made."""

    plans: tuple[Facts, ...]
    """Plans of which every trial was right."""
    texts: tuple[str, ...]
    """Texts that are right: trials, examples with changes, and where none of these is, what answers nothing."""
    unknown: tuple[str, ...]
    """The parts of the check that no plan understands."""

    @property
    def how(self) -> How | None:
        if self.plans:
            return "constructed"
        return "from examples" if self.texts else None


ENOUGH = 4
"""How many plans that work are kept."""


@lru_cache(maxsize=2048)
def recipe(goal: Goal) -> Recipe:
    """The plans for a goal that are seen to work, else texts that do."""
    good: list[Facts] = []
    texts: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for plan in plans(goal.check, goal.want, RESPONSE):
        trials = [prepare(build(plan, Seeded(seed))) for seed in range(TRIALS)]
        right = [one for one in trials if goal.met(one)]
        texts.update(dict.fromkeys(right))
        unknown.update(dict.fromkeys(plan.unknown))
        if len(right) == len(trials):
            good.append(plan)
        if len(good) >= ENOUGH:
            break
    if not good:
        texts.update(dict.fromkeys(islice(filter(goal.met, _changed(goal.known)), 8)))
    if not texts:
        texts.update(dict.fromkeys(filter(goal.met, map(prepare, DEGENERATE))))
    if not texts and not impossible(goal.check, goal.want):
        near = search(goal.check, goal.want, goal.known)
        texts.update({} if near is None or not goal.met(near) else {near: None})
    return Recipe(tuple(good), tuple(sorted(texts, key=len)), tuple(unknown))


def _changed(examples: Sequence[str]) -> list[str]:
    """Examples, and small changes to them, the simplest first; then what models write."""
    changed = [
        text
        for one in examples
        for text in (
            *(f"{one} And more.", f"{one}\n\nAnd more.", f"{one} {one}", f"{one}\n{one}", f"{one}\n\n{one}"),
            *(one.upper(), one.lower(), f"First. {one}", one[: len(one) // 2], one.rstrip(".!?")),
        )
    ]
    joined = [f"{one}\n\n{other}" for one in examples for other in examples if one != other]
    return [prepare(one) for one in (*examples, *changed, *joined[:60], *RESPONSES)]


def goal_of(
    subject: Constraint | Verifier,
    arguments: Mapping[str, object] | str | None = None,
    *,
    want: bool = True,
    given: Mapping[str, str] | None = None,
) -> Goal:
    """What a response has to do to satisfy, or not to satisfy, a constraint or all hard constraints of a spec."""
    if isinstance(subject, Constraint):
        if isinstance(arguments, str):
            raise VerifError("the arguments of a constraint are a mapping; a spec is named together with its verifier")
        bound = default_arguments(subject) if arguments is None else _bound(subject, arguments)
        parts = [(subject, bound)]
    else:
        text = arguments if isinstance(arguments, str) or arguments is None else None
        known = subject.program.known()
        parts = [(known[use.constraint], dict(use.arguments)) for use in subject.requirements(text).uses]
    checks: list[Node] = []
    examples: dict[str, None] = {}
    for constraint, values in parts:
        for example in sorted(constraint.examples, key=lambda one: one.accepts != want):
            near = adapted(example.response, example.arguments, values)
            examples.update(dict.fromkeys((example.response, *near)))
        if constraint.check is not None:
            checks.append(specialised(constraint.check, Row("", values, {**given_of(constraint), **(given or {})})))
    if not checks:
        raise VerifError("there is no check among these constraints: a judge decides them")
    check = checks[0]
    for one in checks[1:]:
        check = Call("and", (check, one), BOOL)
    return Goal(check, want, tuple(examples))


def _bound(constraint: Constraint, arguments: Mapping[str, object]) -> dict[str, Value]:
    try:
        return bind(constraint, arguments)
    except BindError as error:
        raise VerifError(str(error)) from None


def given_of(constraint: Constraint) -> Mapping[str, str]:
    """What came before in the first example that has it."""
    empty = {one.key: "Tea is a drink. It is hot." for one in constraint.givens}
    return {**empty, **next((one.given for one in constraint.examples if one.given), {})}


def default_arguments(constraint: Constraint) -> dict[str, Value]:
    """The default arguments of a constraint; where one has no default, those of its first example."""
    try:
        return bind(constraint, {})
    except BindError as error:
        for example in constraint.examples:
            return dict(example.arguments)
        raise VerifError(str(error)) from None


def how(subject: Constraint, arguments: Mapping[str, object] | None = None, *, want: bool = True) -> How | None:
    """How responses that satisfy a constraint are made, or (`want` is false) those that violate it.

    >>> import verif_dsl
    >>> verifier = verif_dsl.compile('''
    ... constraint no_a { instruct "No a." check not ("a" in response) accept "b" reject "a" }
    ... ''')
    >>> how(verifier.constraints["no_a"])
    'constructed'
    """
    return recipe(goal_of(subject, arguments, want=want)).how
