"""Conflicts among constraints: whether one response can keep all of them, and which of them say nothing new.

The answer is one of three: a contradiction, with the conditions that exclude each other and what holds of every text
beside them; a witness, a response that passes all constraints by the reference evaluator; or undecided, with why.
A contradiction is proved and never guessed: what the analysis does not understand of a check, it takes as met.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verif_dsl.compiler.conflicts.implied import Implication, implications
from verif_dsl.compiler.conflicts.verdict import Fact, Refuted, Used, facts_of, refute
from verif_dsl.compiler.conflicts.witness import find
from verif_dsl.compiler.examples import run_spec_examples
from verif_dsl.compiler.program import Constraint, Spec, Use

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
    "conflicts_in",
    "implications",
    "used_by",
]

MOST_EXAMPLES = 40
"""Accepted examples, of all constraints together, that are tried as responses to all of them."""


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
    kept: bool = False
    """Whether it is an `accept` of the spec, and was not looked for."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Neither a contradiction nor a witness was found."""

    why: str


Verdict = Contradiction | Satisfiable | Undecided


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
    left_out = _judged(uses)
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


def conflicts_in(spec: Spec, known: Mapping[str, Constraint], *, look_for_witness: bool = True) -> Verdict:
    """Whether one response can keep a whole spec; an `accept` of it that holds shows that, and nothing is searched.

    `known` has the constraints that it uses.

    >>> from verif_dsl.compiler import Source, compile_source
    >>> program = compile_source(Source("<doc>", '''
    ... import "std/length" as length
    ... spec reply { use length.words_at_least(n = 3) accept "Tea is ready." }
    ... '''))
    >>> conflicts_in(program.specs["reply"], program.known())
    Satisfiable(witness='Tea is ready.', left_out=(), kept=True)
    """
    uses = used_by(spec.uses, known)
    for one in run_spec_examples(spec, known):
        if one.example.accepts and one.diagnostic is None and one.untried is None:
            return Satisfiable(one.example.response, _judged(uses), kept=True)
    return conflicts(uses, look_for_witness=look_for_witness)


def _judged(uses: Sequence[Used]) -> tuple[str, ...]:
    return tuple(one.name for one in uses if one.constraint.check is None)
