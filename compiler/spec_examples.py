"""The examples of a spec: responses that keep all of its checked constraints, or fail one of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from verif_dsl.compiler import syntax
from verif_dsl.compiler.before import Report, texts_before
from verif_dsl.compiler.conversation import Given
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.compiler.program import Constraint, Example, Use
from verif_dsl.compiler.texts import prepare


def spec_examples(
    trees: Iterable[syntax.Example], uses: Sequence[Use], known: Mapping[str, Constraint], report: Report
) -> Iterator[Example]:
    """The examples of a spec with these uses; what is wrong with one is reported.

    Its arguments stand in the uses, so that a `with` can only give a column of the data, as one of the constraints
    calls it. What no checked constraint reads need not be given.
    """
    checked = [use for use in uses if known[use.constraint].check is not None]
    givens = [(f"`{use.name}`", given) for use in checked for given in known[use.constraint].givens]
    columns = [given for _, given in givens if given.role is None]
    for tree in trees:
        if tree.score is not None:
            report("V0206", "an example of a spec has no `score`", tree.score.span, "leave it out")
        _refuse_arguments(tree, uses, columns, report)
        given = texts_before(tree, givens, columns, report)
        if given is not None:
            because = tree.because.value if tree.because else None
            yield Example(tree.accepts, prepare(tree.response.value), given, {}, because, None, tree.span)


def _refuse_arguments(tree: syntax.Example, uses: Sequence[Use], columns: Sequence[Given], report: Report) -> None:
    names = {one.name for one in columns}
    for bind in tree.arguments:
        name = bind.name.name
        if name not in names:
            taking = next((use.constraint for use in uses if name in use.arguments), None)
            hint = f"write it in the use: use {taking}({name} = ...)" if taking else suggestion(name, names)
            report("V0501", f"a spec has no parameters, so no `{name}` can be given here", bind.span, hint)
