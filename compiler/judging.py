"""Types for a `judge` block: the question, the scale with its anchors, and the score that passes."""

from collections.abc import Iterable, Mapping, Sequence

from verif_dsl.compiler import syntax
from verif_dsl.compiler.calls import Report
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.compiler.ir import Node
from verif_dsl.compiler.program import Rubric
from verif_dsl.compiler.wording import Wording, holes_of

RESPONSE = "response"
"""What every judge is shown, and alone where its block does not say."""


def rubric_of(
    trees: Sequence[syntax.Judge], wording: Wording, arguments: Mapping[str, Node | None], givens: Iterable[str]
) -> Rubric | None:
    """The rubric of a constraint, or None when there is no block or something in it is wrong (and is reported).

    `arguments` are what the question and the anchors may show in their holes, `givens` the names of the texts that the
    judge can be shown beside the prompt and the response.
    """
    if not trees:
        return None
    tree, report = trees[0], wording.typer.report
    for what, found in (("ask", tree.asks), ("scale", tree.scales), ("pass", tree.passes)):
        if len(found) != 1:
            report("V0206", f"a judge needs one `{what}`, and this has {len(found)}", tree.span)
    if len(tree.unknowns) > 1:
        report("V0206", "`unknown` is given twice", tree.span)
    shown = (PROMPT.name, RESPONSE, *givens)
    for index, name in enumerate(tree.shows):
        if name.name not in shown:
            report("V0201", f"a judge cannot be shown `{name}`", name.span, suggestion(name.name, shown))
        elif name.name in {one.name for one in tree.shows[:index]}:
            report("V0206", f"`{name}` is shown twice", name.span)
    if tree.shows and RESPONSE not in {one.name for one in tree.shows}:
        report("V0206", "a judge has to see the response", tree.shows[0].span, "add it: show response")
    if len(tree.asks) != 1 or len(tree.scales) != 1 or len(tree.passes) != 1:
        return None
    low, high = (whole_number(end, report) for end in tree.scales[0])
    if low is None or high is None:
        return None
    if low >= high:
        first, last = tree.scales[0]
        hint = f"write scale {high} to {low}" if low > high else "write scale 1 to 5"
        report("V0205", f"the scale {low} to {high} has no two scores", first.span.join(last.span), hint)
        return None
    pass_at = whole_score(tree.passes[0], low, high, report)
    ask = wording.template(tree.asks[0], arguments)
    anchors = [
        (whole_score(one.score, low, high, report), wording.template(one.text, arguments)) for one in tree.anchors
    ]
    texts = [(score, text) for score, text in anchors if score is not None and text is not None]
    if ask is None or pass_at is None or len(texts) < len(anchors):
        return None
    holes = {
        name: node for one in (ask, *(text for _, text in texts)) for name, node in holes_of(one, arguments).items()
    }
    show = tuple(name.name for name in tree.shows) or (RESPONSE,)
    unknown = tree.unknowns[0] if tree.unknowns else "mask"
    return Rubric(ask, low, high, tuple(texts), pass_at, show, unknown, holes)


def whole_number(tree: syntax.Number, report: Report) -> int | None:
    """The number, or None when it is not a whole one (which is reported)."""
    if "." in tree.text:
        report("V0203", "scores are whole numbers", tree.span)
        return None
    return int(tree.text)


def whole_score(tree: syntax.Number, low: int, high: int, report: Report) -> int | None:
    """A score of the scale, or None when it is none (which is reported)."""
    score = whole_number(tree, report)
    if score is not None and not low <= score <= high:
        report("V0205", f"{score} is outside the scale {low} to {high}", tree.span)
        return None
    return score
