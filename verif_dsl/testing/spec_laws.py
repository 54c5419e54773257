"""What a spec is held to: its examples agree with its checks, and some response keeps all of it."""

from collections.abc import Callable, Mapping

from verif_dsl.compiler.conflicts import Contradiction, Satisfiable, Undecided, conflicts_in
from verif_dsl.compiler.examples import run_spec_examples
from verif_dsl.compiler.program import Constraint, Example, Spec
from verif_dsl.grading import grade
from verif_dsl.requirements import Requirements
from verif_dsl.testing.laws import Finding, NotTried
from verif_dsl.verdicts import PASS

Known = Mapping[str, Constraint]


def examples_agree(spec: Spec, known: Known) -> Finding | NotTried | None:
    """What the two back ends find of the examples of a spec: an `accept` keeps all that is checked, a `reject` not.

    >>> from verif_dsl.compiler import Source, typed_source
    >>> text = 'constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" } '
    >>> program = typed_source(Source("<doc>", text + 'spec s { use c() accept "a" }'))
    >>> examples_agree(program.specs["s"], program.known()).message
    'this `accept` is contradicted: `c` fails on it'
    """
    if not spec.examples:
        return NotTried("it has no examples")
    for result in run_spec_examples(spec, known):
        example = result.example
        if result.untried is not None:
            return NotTried(result.untried)
        if result.diagnostic is not None:
            notes = tuple(note.label for note in result.diagnostic.notes)
            return Finding(result.diagnostic.message, example.response, evidence=notes, given=example.given)
        if _keeps_all(spec, known, example) != example.accepts:
            verb = "accept" if example.accepts else "reject"
            return Finding(f"the columnar back end contradicts this `{verb}`", example.response, given=example.given)
    return None


def _keeps_all(spec: Spec, known: Known, example: Example) -> bool:
    """Whether the response of an example passes every check of a spec, by the columnar back end."""
    checked = tuple(use for use in spec.uses if known[use.constraint].check is not None)
    texts = {"response": [example.response], **{key: [text] for key, text in example.given.items()}}
    return bool((grade(known, texts, [Requirements(checked)])["verdict"] == PASS).all())


def not_vacuous(spec: Spec, known: Known) -> Finding | NotTried | None:
    """Whether some response keeps all of a spec (see `compiler.conflicts`)."""
    match conflicts_in(spec, known):
        case Contradiction(because):
            facts = "".join(f"\n  {fact}" for fact in because.facts)
            axioms = "".join(f"\n  always: {axiom}" for axiom in because.axioms)
            return Finding(f"no response keeps all of these{facts}{axioms}")
        case Undecided(reason):
            return NotTried(f"undecided: {reason}")
        case Satisfiable():
            return None


SPEC_LAWS: Mapping[str, Callable[[Spec, Known], Finding | NotTried | None]] = {
    "examples-agree": examples_agree,
    "not-vacuous": not_vacuous,
}
"""The laws that specs keep as well."""
