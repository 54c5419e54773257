"""A constraint under test: texts and arguments to try it with, and its verdicts by both back ends."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import BindError, bind, draw
from verif_dsl.compiler.evidence import evidence
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.program import Constraint, Instruction, Use
from verif_dsl.compiler.texts import is_blank, prepare, too_large
from verif_dsl.compiler.wording import applicable
from verif_dsl.grading import grade
from verif_dsl.requirements import Requirements
from verif_dsl.testing.adapting import adapted
from verif_dsl.testing.building import build
from verif_dsl.testing.choosing import Seeded
from verif_dsl.testing.goals import Goal, given_of, goal_of, recipe
from verif_dsl.testing.shapes import DEGENERATE, RESPONSES

FEW = 12
"""The ends of open ranges are tried only where they ask for no more than this, or are low ends."""

FAR_LONGER = 60
"""How often what came before is repeated where a long one may be needed."""


@dataclass(frozen=True, slots=True)
class Try:
    """A response with the arguments it is graded by."""

    response: str
    arguments: Mapping[str, Value]
    given: Mapping[str, str]


@dataclass(frozen=True)
class Subject:
    """One constraint with a check, and how hard to try."""

    name: str
    constraint: Constraint
    cases: int = 20
    """About how many responses each law sees."""
    real: tuple[str, ...] = ()
    """Real responses to other prompts."""
    seed: int = 0
    given: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def before(self) -> Mapping[str, str]:
        """What came before the responses."""
        return {**given_of(self.constraint), **self.given}

    @cached_property
    def arguments(self) -> list[dict[str, Value]]:
        """Legal arguments: defaults, those of an example, drawn ones, and ones at the low ends of ranges."""
        found: list[dict[str, Value]] = []
        with suppress(BindError):
            found.append(bind(self.constraint, {}))
        found += [dict(one.arguments) for one in self.constraint.examples[:1]]
        random = Random(f"{self.seed} {self.name}")
        with suppress(BindError):
            found += [draw(self.constraint, random) for _ in range(1 + self.cases // 10)]
        for parameter in self.constraint.parameters if found else ():
            for end in (parameter.domain.low, parameter.domain.high):
                value = found[0].get(end) if isinstance(end, str) else end
                if value is not None and (end == parameter.domain.low or value <= FEW):  # type: ignore[operator]
                    with suppress(BindError):
                        found.append(bind(self.constraint, {**found[0], parameter.name: value}))
        return _distinct(found)[: 2 + self.cases // 5]

    @cached_property
    def usual(self) -> dict[str, Value]:
        """Arguments such as a row of data has: drawn from the samples, where there are any."""
        with suppress(BindError):
            return draw(self.constraint, Random(f"{self.seed} usual {self.name}"))
        return self.arguments[0]

    @cached_property
    def many_arguments(self) -> list[dict[str, Value]]:
        """More of them, for what costs little: the ends of all ranges, and more draws."""
        found, random = [*self.arguments], Random(f"{self.seed} more {self.name}")
        for parameter in self.constraint.parameters if found else ():
            for end in (parameter.domain.low, parameter.domain.high):
                if isinstance(end, int):
                    with suppress(BindError):
                        found.append(bind(self.constraint, {**found[0], parameter.name: end}))
        with suppress(BindError):
            found += [draw(self.constraint, random) for _ in range(2 * self.cases if self.constraint.parameters else 0)]
        return _distinct(found)

    def goal(self, arguments: Mapping[str, Value], want: bool) -> Goal:
        return goal_of(self.constraint, arguments, want=want, given=self.before)

    def goals(self, arguments: Mapping[str, Value], want: bool) -> Iterator[Goal]:
        """The goal, and the same after something else: as in the examples, fit for these arguments, or much longer."""
        yield self.goal(arguments, want)
        if self.before:
            befores = [
                {key: next(adapted(text, example.arguments, arguments), text) for key, text in example.given.items()}
                for example in self.constraint.examples
            ]
            befores.append({key: "\n".join([text] * FAR_LONGER) for key, text in self.before.items()})
            for before in befores:
                yield goal_of(self.constraint, arguments, want=want, given={**self.before, **before})

    @cached_property
    def tries(self) -> list[Try]:
        """Responses with arguments: built to pass, built to fail, real-looking, and the examples."""
        chooser = Seeded(f"{self.seed} {self.name}")
        found = []
        for arguments in self.arguments:
            for text in self._texts(arguments, chooser):
                found.append(Try(prepare(text), arguments, self.before))
        return found

    def _texts(self, arguments: Mapping[str, Value], chooser: Seeded) -> Iterator[str]:
        each = max(1, self.cases // len(self.arguments))
        for want in (True, False):
            made = recipe(self.goal(arguments, want))
            yield from made.texts[:2]
            for _ in range(each // 3 if made.plans else 0):
                yield build(chooser.pick(made.plans), chooser)
        examples = [one.response for one in self.constraint.examples]
        for _ in range(1 + each // 4):
            yield chooser.pick(examples)
            yield chooser.pick(RESPONSES)
            yield chooser.pick(DEGENERATE[:-8])

    @cached_property
    def verdicts(self) -> list[str]:
        """The verdicts of the columnar back end on `tries`."""
        return self.columnar(self.tries)

    def reference(self, one: Try) -> str:
        """The verdict of the reference evaluator."""
        if is_blank(one.response):
            return "fail"
        if too_large(one.response):
            return "unknown"
        assert self.constraint.check is not None
        row = Row(one.response, one.arguments, one.given)
        return "pass" if evaluate(self.constraint.check, row) else "fail"

    def columnar(self, tries: Sequence[Try]) -> list[str]:
        """The verdicts of the columnar back end on a batch."""
        required = [Requirements((Use(self.name, one.arguments, name=self.name),)) for one in tries]
        texts = {"response": [one.response for one in tries]}
        texts |= {key: [prepare(one.given[key]) for one in tries] for key in self.before}
        verdicts: list[str] = grade({self.name: self.constraint}, texts, required)["verdict"].to_list()
        return verdicts

    def instruction(self, arguments: Mapping[str, Value]) -> str | None:
        """What the model is told."""
        return _first(self.constraint.instructions, Row("", arguments, self.before))

    def evidence(self, one: Try) -> tuple[str, ...]:
        """The conditions of the check that decide its verdict; none where none is looked at."""
        if self.constraint.check is None or is_blank(one.response) or too_large(one.response):
            return ()
        return evidence(self.constraint.check, Row(one.response, one.arguments, one.given))

    def feedback(self, one: Try) -> str | None:
        """What the constraint says to a person about a response."""
        return _first(self.constraint.feedback, Row(one.response, one.arguments, one.given))


def _distinct(found: list[dict[str, Value]]) -> list[dict[str, Value]]:
    return [one for place, one in enumerate(found) if one not in found[:place]]


def _first(texts: Sequence[Instruction], row: Row) -> str | None:
    """The first text that applies to a row; None where none does, or it shows what is not there."""
    with suppress(KeyError, FileNotFoundError):
        for one in applicable(texts, row):
            return one.template.render({name: evaluate(node, row) for name, node in one.holes.items()})
    return None


def smallest(text: str, wrong: Callable[[str], bool], most: int = 400) -> str:
    """A small text that is still wrong: what can be left out is left out, in ever smaller pieces.

    >>> smallest("a plain, long text, with commas", lambda text: "," in text)
    ','
    """
    size, looks = max(len(text) // 2, 1), 0
    while size:
        start, changed = 0, False
        while start < len(text) and looks < most:
            shorter = prepare(text[:start] + text[start + size :])
            looks += 1
            if len(shorter) < len(text) and shorter.strip() and wrong(shorter):
                text, changed = shorter, True
            else:
                start += size
        if not changed or looks >= most:
            size //= 2
    return text
