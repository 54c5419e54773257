"""What came before an example: the turns of its `after`, and the columns that stand in its `with`."""

from collections.abc import Collection, Iterable
from typing import Protocol

from verif_dsl.compiler import syntax
from verif_dsl.compiler.conversation import Given
from verif_dsl.compiler.domains import literal
from verif_dsl.compiler.source import Span
from verif_dsl.compiler.texts import prepare
from verif_dsl.compiler.values import written


class Report(Protocol):
    """How an error is told: its code, a sentence, its place, and how to mend it."""

    def __call__(self, code: str, message: str, span: Span, hint: str | None = None) -> None: ...


def texts_before(
    tree: syntax.Example, givens: Iterable[tuple[str, Given]], columns: Collection[Given], report: Report
) -> dict[str, str] | None:
    """The texts that an example gives to what is read beside the response, by key; None where it does not.

    `givens` come with whoever reads them (`the constraint`), and `columns` are those that a `with` can give by their
    names; other names of the `with` are not looked at. What is missing, no text or given twice is reported.
    """
    turns = [(turn.role, turn.text.value) for turn in tree.after]
    fields: dict[str, str] = {}
    for bind in tree.arguments:
        called, value = {one.field or "" for one in columns if one.name == bind.name.name}, literal(bind.value)
        if called and not isinstance(value, str):
            report("V0501", f"`{bind.name}` is a column of texts, and {written(value)} is none", bind.value.span)
            return None
        if again := sorted(called & fields.keys()):
            report("V0202", f'the column "{again[0]}" is given twice', bind.span)
            return None
        fields.update(dict.fromkeys(called, str(value)))
    found: dict[str, str] = {}
    for reader, given in givens:
        text = given.find(turns, fields)
        if text is None:
            hint = f'add with {given.name} = "..."' if given.role is None else f'add after {given.role} "..."'
            report("V0206", f"{reader} reads {given}, and this example has none", tree.span, hint)
            return None
        found[given.key] = prepare(text)
    return found
