"""Constraints that say nothing beside another one, since whatever keeps that one keeps them.

A proof takes a search, and most pairs need none: one response that keeps the one and fails the other settles it. So
responses are tried first, those that the constraints come with and some that are long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.conflicts.verdict import Fact, Used, facts_of, opposite, refute, shortest
from verif_dsl.compiler.conflicts.witness import fillers
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.program import Constraint
from verif_dsl.compiler.texts import is_blank, prepare

MOST_COMPARED = 12
"""So many constraints are compared with each other; where there are more, those that stand first."""

MOST_TRIED = 60
"""Examples that each constraint is tried on, besides the longer responses made of them."""

LONGEST_TRIED = 1_000
SENTENCES, WORDS = 30, 10


@dataclass(frozen=True, slots=True)
class Implication:
    """Every response that keeps `stronger` keeps `weaker`, which is of no use beside it."""

    stronger: str
    weaker: str


def implications(uses: Sequence[Used]) -> list[Implication]:
    """The pairs of which one constraint is kept by all that keep the other, as far as that is proved.

    No more than `MOST_COMPARED` constraints are compared; those that a judge decides are left out.
    """
    compared = [one for one in uses if one.constraint.check is not None][:MOST_COMPARED]
    facts = {one.name: facts_of(one.name, one.constraint, one.arguments) for one in compared}
    failed = {
        one.name: fact for one in compared if (fact := opposite(one.name, one.constraint, one.arguments)) is not None
    }
    apart = _told_apart(compared, facts)
    found = []
    for weaker in compared:
        for stronger in compared:
            if stronger is not weaker and (stronger.name, weaker.name) not in apart:
                because = refute([*facts[stronger.name], failed[weaker.name]])
                if because is not None and failed[weaker.name] in because.facts and len(because.facts) > 1:
                    found.append(Implication(stronger.name, weaker.name))
    return found


def _told_apart(uses: Sequence[Used], facts: dict[str, list[Fact]]) -> set[tuple[str, str]]:
    """The pairs of which some response keeps the first and fails the second."""
    usable = [one for one in uses if _can_be_tried(one.constraint)]
    verdicts: dict[tuple[str, str], bool] = {}

    def passes(used: Used, text: str) -> bool:
        if (used.name, text) not in verdicts:
            verdicts[used.name, text] = _passes(used, text)
        return verdicts[used.name, text]

    examples = [example.response for one in usable for example in one.constraint.examples]
    known = [one for one in dict.fromkeys(examples) if len(one) <= LONGEST_TRIED][:MOST_TRIED]
    failing = (next((text for text in known if not passes(one, text)), "a") for one in usable)
    others = list(dict.fromkeys([*failing, *_long_texts()]))
    found = set()
    for stronger in usable:
        kept = [text for text in known if passes(stronger, text)]
        if not kept and (own := shortest(facts[stronger.name])) is not None:
            kept = [own] if passes(stronger, own) else []
        joined = [text for other in others for text in _joined(min(kept, key=len), other)] if kept else []
        kept += [text for text in joined if passes(stronger, text)]
        for weaker in usable:
            if any(not passes(weaker, text) for text in kept):
                found.add((stronger.name, weaker.name))
    return found


def _can_be_tried(constraint: Constraint) -> bool:
    return constraint.check is not None and not constraint.givens and lacking(constraint.check) is None


def _passes(used: Used, text: str) -> bool:
    assert used.constraint.check is not None
    text = prepare(text)
    return not is_blank(text) and evaluate(used.constraint.check, Row(text, used.arguments)) is True


def _joined(one: str, other: str) -> Iterator[str]:
    yield f"{one} {other}"
    yield f"{other} {one}"
    yield f"{one}\n\n{other}"


def _long_texts() -> Iterator[str]:
    """Many sentences in a line, in small letters and in capitals, and many paragraphs."""
    words = list(islice(fillers(), SENTENCES * WORDS))
    sentences = [" ".join(words[at : at + WORDS]).capitalize() + "." for at in range(0, len(words), WORDS)]
    yield " ".join(sentences).lower()
    yield " ".join(sentences).upper()
    yield "\n\n".join(sentences)
