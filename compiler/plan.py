"""How the columnar back end computes the checks of a file: what the batch shares, and which long tables are made."""

from collections.abc import Iterator, Sequence

from verif_dsl.compiler.backends.columns import shared_nodes
from verif_dsl.compiler.backends.lowering import Scope, lower, wanted
from verif_dsl.compiler.backends.steps import Each, Explode, Keep
from verif_dsl.compiler.ir import Quantifier
from verif_dsl.compiler.passes import optimise
from verif_dsl.compiler.printed_ir import shown
from verif_dsl.compiler.program import Constraint, Program


def plan(program: Program) -> str:
    """The plan for a batch in which every row has all checks of the file, or those of a spec where it has specs."""
    known = program.known()
    batches = {f"spec {name}": [use.constraint for use in spec.uses] for name, spec in program.specs.items()}
    if not batches:
        batches = {"all constraints": list(program.constraints)}
    return "\n\n".join(
        "\n".join(_batch(title, [known[name] for name in dict.fromkeys(names)])) for title, names in batches.items()
    )


def _batch(title: str, constraints: Sequence[Constraint]) -> Iterator[str]:
    checked = [(one.name, optimise(one.check), one.cost) for one in constraints if one.check is not None]
    yield f"{title}: {len(checked)} checks, at most {sum(cost or 0 for *_, cost in checked):,} steps a response"
    shared = shared_nodes([check for _, check, _ in checked], [1] * len(checked), 1)
    yield "  once for the batch"
    for node, count in shared.items():
        yield f"    {shown(node)}  ({count} checks)"
    if not shared:
        yield "    nothing"
    for name, check, _ in checked:
        yield f"  {name}"
        yield f"    {shown(check)}"
        scope = Scope("rows", 0, wanted=wanted(check))
        lower(check, scope)
        for step in scope.steps:
            match step:
                case Explode(node=source):
                    yield f"    a table with one line for each of {shown(source)}"
                case Keep(value=Each(), node=Quantifier(source=source)):
                    yield f"    a question asked within the list {shown(source)}"
