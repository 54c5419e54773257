"""What `vif check` tells of a spec: that no response can keep it, or that a part of it says nothing new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from verif_dsl.compiler.conflicts import Contradiction, Implication, Refuted, conflicts_in, implications, used_by
from verif_dsl.compiler.diagnostics import Diagnostic, Note
from verif_dsl.compiler.program import Constraint, Program, Spec
from verif_dsl.compiler.rewards import GROUPS, groups
from verif_dsl.compiler.source import Span

MOST_USES_OF_SPEC, MOST_USES = 40, 2_000
"""Uses that are looked at, those of a spec that stand first, and the specs of a file until there are so many in all."""

Places = Mapping[str, Span]
"""Where each use of a spec stands, by its name."""


def conflicts_told(program: Program) -> Iterator[Diagnostic]:
    """An error for each spec that contradicts itself, and warnings about uses that others make superfluous.

    No response is searched for: a spec of which neither an `accept` nor a contradiction is known gets no word.

    >>> from verif_dsl.compiler import Source, compile_source
    >>> program = compile_source(Source("<doc>", '''
    ... import "std/length" as length
    ... spec reply { use length.words_at_least(n = 3) use length.words_at_most(n = 2) }
    ... '''))
    >>> [(one.code, one.message) for one in conflicts_told(program)]
    [('V0403', 'no response keeps both `words_at_least` and `words_at_most`')]
    """
    known = program.known()
    looked_at = 0
    for whole in program.specs.values():
        spec = replace(whole, uses=whole.uses[:MOST_USES_OF_SPEC])
        looked_at += len(spec.uses)
        if looked_at > MOST_USES:
            return
        places = {use.name: use.span or spec.span for use in spec.uses}
        match conflicts_in(spec, known, look_for_witness=False):
            case Contradiction(because):
                yield _contradiction(spec, because, places)
            case _:
                yield from (_superfluous(one, places) for one in superfluous(spec, known))


def superfluous(spec: Spec, known: Mapping[str, Constraint]) -> list[Implication]:
    """For each use that another one makes superfluous, the first such other; of two that say the same, the later.

    A use whose verdict the reward asks for by its name is of use all the same.
    """
    order = {use.name: place for place, use in enumerate(spec.uses)}
    pairs = {(one.stronger, one.weaker) for one in implications(used_by(spec.uses, known))}
    named = groups(spec.reward) - set(GROUPS) if spec.reward else set()
    found: dict[str, Implication] = {}
    for stronger, weaker in sorted(pairs, key=lambda pair: (order[pair[1]], order[pair[0]])):
        same_and_first = (weaker, stronger) in pairs and order[weaker] < order[stronger]
        if not same_and_first and weaker not in named:
            found.setdefault(weaker, Implication(stronger, weaker))
    return list(found.values())


def _contradiction(spec: Spec, because: Refuted, places: Places) -> Diagnostic:
    conditions: dict[str, list[str]] = {}
    for fact in because.facts:
        conditions.setdefault(fact.constraint, []).append(fact.shown)
    notes = [Note(f"`{name}` asks for {' and '.join(shown)}", places[name]) for name, shown in conditions.items()]
    why = f", since {'; and '.join(because.axioms)}" if because.axioms else ""
    message = f"no response keeps {_all_of(because.constraints)}{why}"
    return Diagnostic("V0403", message, spec.span, "change or remove one of these uses", notes=tuple(notes))


def _all_of(names: Sequence[str]) -> str:
    """The names in a sentence.

    >>> _all_of(["a"]), _all_of(["a", "b"]), _all_of(["a", "b", "c"])
    ('`a`', 'both `a` and `b`', '`a`, `b` and `c` together')
    """
    *others, last = (f"`{name}`" for name in names)
    if len(others) <= 1:
        return f"both {others[0]} and {last}" if others else last
    return f"{', '.join(others)} and {last} together"


def _superfluous(one: Implication, places: Places) -> Diagnostic:
    message = f"`{one.weaker}` says nothing that `{one.stronger}` does not say"
    notes = (Note(f"`{one.stronger}` is used here", places[one.stronger]),)
    hint = "remove it, or let the reward name it"
    return Diagnostic("V0404", message, places[one.weaker], hint, "warning", notes)
