"""Conflicts among constraints: whether one response can keep all of them, and which of them say nothing new.

The answer is one of three: a contradiction, with the conditions that exclude each other and what holds of every text
beside them; a witness, a response that passes all constraints by the reference evaluator; or undecided, with why.
A contradiction is proved and never guessed: what the analysis does not understand of a check, it takes as met.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verif_dsl.compiler.conflicts.verdict import Fact, Refuted, facts_of, opposite, refute
from verif_dsl.compiler.conflicts.witness import find
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.program import Constraint, Use

__all__ = [
    "Contradiction",
    "Fact",
    "Implication",
    "Refuted",
    "Satisfiable",
    "Undecided",
    "Used",
    "Verdict",
    "conflicts",
    "implications",
    "used_by",
]

MOST_EXAMPLES = 40
"""Accepted examples, of all constraints together, that are tried as responses to all of them."""


@dataclass(frozen=True, slots=True)
class Used:
    """A constraint with its arguments bound, and what it is called where it is used."""

    name: str
    constraint: Constraint
    arguments: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """No response keeps all constraints."""

    because: Refuted

    def __str__(self) -> str:
        return "\n".join([*map(str, self.because.facts), *(f"always: {one}" for one in self.because.axioms)])


@dataclass(frozen=True, slots=True)
class Satisfiable:
    """A response that passes every constraint, but for those that a judge decides (`left_out`)."""

    witness: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Undecided:
    """Neither a contradiction nor a witness was found."""

    why: str


Verdict = Contradiction | Satisfiable | Undecided


@dataclass(frozen=True, slots=True)
class Implication:
    """Every response that keeps `stronger` keeps `weaker`, which is of no use beside it."""

    stronger: str
    weaker: str


def used_by(uses: Sequence[Use], known: Mapping[str, Constraint]) -> list[Used]:
    """The uses of a spec or of a row with the constraints they name."""
    return [Used(one.name or one.constraint, known[one.constraint], one.arguments) for one in uses]


def conflicts(uses: Sequence[Used], *, look_for_witness: bool = True) -> Verdict:
    """Whether one response can keep all of these constraints.

    >>> from verif_dsl.compiler import compile_source
    >>> from verif_dsl.compiler.source import Source
    >>> program = compile_source(Source("<doc>", '''
    ... import "std/punctuation" as punctuation
    ... import "std/positions" as positions
    ... import "std/length" as length
    ... spec reply {
    ...   use length.words_at_most(n = 2)
    ...   use length.words_at_least(n = 3)
    ... }
    ... spec other {
    ...   use length.words_at_least(n = 3)
    ... }
    ... '''))
    >>> specs, known = program.specs, program.known()
    >>> print(conflicts(used_by(specs["reply"].uses, known)))
    `words_at_most`: len(words(response)) <= 2
    `words_at_least`: len(words(response)) >= 3
    >>> conflicts(used_by(specs["other"].uses, known)).witness
    'a a a'
    """
    facts = [fact for one in uses for fact in facts_of(one.name, one.constraint, one.arguments)]
    because = refute(facts)
    if because is not None:
        return Contradiction(because)
    if not look_for_witness:
        return Undecided("no contradiction was found, and no witness was looked for")
    left_out = tuple(one.name for one in uses if one.constraint.check is None)
    if len(left_out) == len(uses):
        return Undecided("a judge decides all of it")
    reading = [one.name for one in uses if one.constraint.check is not None and one.constraint.givens]
    if reading:
        return Undecided(f"`{reading[0]}` reads more than the response")
    examples = [
        example.response
        for one in uses
        for example in one.constraint.examples
        if example.accepts and not example.given and one.constraint.check is not None
    ]
    try:
        witness = find(facts, examples[:MOST_EXAMPLES])
    except FileNotFoundError as lacking:
        return Undecided(str(lacking))
    if witness is None:
        return Undecided("no contradiction was found, and no response that keeps all of it")
    return Satisfiable(witness, left_out)


def implications(uses: Sequence[Used]) -> list[Implication]:
    """The pairs of which one constraint is kept by all that keep the other, as far as that is proved."""
    found = []
    facts = {one.name: facts_of(one.name, one.constraint, one.arguments) for one in uses}
    for weaker in uses:
        failed = opposite(weaker.name, weaker.constraint, weaker.arguments)
        if failed is None:
            continue
        for stronger in uses:
            if stronger is not weaker and stronger.constraint.check is not None:
                because = refute([*facts[stronger.name], failed])
                if because is not None and failed in because.facts and len(because.facts) > 1:
                    found.append(Implication(stronger.name, weaker.name))
    return found
