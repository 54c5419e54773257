"""A file at a glance: each constraint with what it tells, its parameters, and what its check can cost."""

from verif_dsl.compiler.locales import ENGLISH
from verif_dsl.compiler.program import Bound, Constraint, Domain, Param, Program, Spec
from verif_dsl.compiler.texts import LARGEST_RESPONSE
from verif_dsl.compiler.told import told
from verif_dsl.compiler.values import quoted, written


def overview(program: Program) -> str:
    """The constraints and the specs of a file, one paragraph each."""
    return "\n\n".join(
        "\n".join(lines)
        for lines in (
            *map(_constraint, program.constraints.values()),
            *(_spec(spec) for spec in program.specs.values()),
        )
    )


def _constraint(constraint: Constraint) -> list[str]:
    lines = [f"constraint {constraint.name} version {constraint.version}"]
    if constraint.doc:
        lines.append(f"  {constraint.doc}")
    if constraint.deprecated:
        instead = f" (use {constraint.replacement})" if constraint.replacement else ""
        lines.append(f"  deprecated: {constraint.deprecated}{instead}")
    lines += [f"  tells: {one.text}" for one in told(constraint) if one.text and one.instruction.lang == ENGLISH]
    lines += [f"  {_parameter(parameter)}" for parameter in constraint.parameters]
    lines += [f"  requires {text}" for _, text in constraint.requires]
    lines += [f"  reads {given}" for given in constraint.givens]
    return [*lines, f"  {cost_in_words(constraint)}"]


def _parameter(parameter: Param) -> str:
    default = "" if parameter.default is None else f" = {written(parameter.default)}"
    return f"{parameter.name}: {written_domain(parameter.domain)}{default}"


def written_domain(domain: Domain) -> str:
    """A domain as a `param` clause has it.

    >>> from verif_dsl.compiler.kinds import INT
    >>> written_domain(Domain(INT, 1, "most"))
    'int in 1 to most'
    """
    if domain.item:
        size = "" if domain.low is None else f" size {_bound(domain.low)} to {_bound(domain.high)}"
        return f"list of {written_domain(domain.item)}{size}"
    if domain.choices:
        return f"one_of({', '.join(map(quoted, domain.choices))})"
    if domain.pattern is not None:
        return f'text matching re"{domain.pattern}"'
    return str(domain.kind) if domain.low is None else f"{domain.kind} in {_bound(domain.low)} to {_bound(domain.high)}"


def written_sample(parameter: Param, most: int) -> str:
    """What generators draw from, as a `sample` has it; of a list, so many values. Empty where nothing says it.

    >>> from verif_dsl.compiler.kinds import TEXT
    >>> written_sample(Param("word", Domain(TEXT), pool=("tea", "milk", "rum")), 2)
    '"tea", "milk" and 1 more'
    """
    if parameter.sample is not None:
        low, high = parameter.sample
        return f"{_bound(low)} to {_bound(high)}"
    more = len(parameter.pool) - most
    return ", ".join(map(written, parameter.pool[:most])) + (f" and {more} more" if more > 0 else "")


def _bound(bound: Bound) -> str:
    return bound if isinstance(bound, str) else written(bound)


def cost_in_words(constraint: Constraint) -> str:
    """What its check can cost, in the middle of a sentence."""
    if constraint.cost is None:
        return "judged by a model"
    passes = -(-constraint.cost // LARGEST_RESPONSE)
    return f"costs at most {constraint.cost:,} steps, as {passes:,} passes over the largest response"


def _spec(spec: Spec) -> list[str]:
    lines = [f"spec {spec.name} version {spec.version}"]
    if spec.doc:
        lines.append(f"  {spec.doc}")
    for use in spec.uses:
        arguments = ", ".join(f"{name} = {written(value)}" for name, value in use.arguments.items())
        alias = f" as {use.name}" if use.name != use.constraint.rpartition(".")[2] else ""
        lines.append(f"  use {use.constraint}({arguments}){alias}")
    return lines
