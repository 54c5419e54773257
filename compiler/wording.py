"""What a constraint says: the texts of `instruct`, `feedback` and `judge`, with what their holes may show."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from verif_dsl.compiler import syntax
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.compiler.expressions import Names, Typer
from verif_dsl.compiler.formats import FORMATS
from verif_dsl.compiler.ir import Node
from verif_dsl.compiler.kinds import BOOL, Kind
from verif_dsl.compiler.locales import ENGLISH, is_known, language_name
from verif_dsl.compiler.program import Instruction
from verif_dsl.compiler.source import Source, Span
from verif_dsl.compiler.templates import Hole, Template, TemplateError, parse_template

LANGUAGE_TAG = re.compile("[a-z]{2,3}(-[a-z0-9]{2,8})*")


@dataclass(frozen=True)
class Wording:
    """Types the texts of one constraint.

    `early` types conditions on texts that are told before there is a response; `visible` holds all the names of the
    constraint, those that such texts must not show included.
    """

    source: Source
    typer: Typer
    early: Typer
    visible: Names

    def instructions(
        self, clauses: Sequence[syntax.Instruct | syntax.Feedback], names: Names, *, early: bool = False
    ) -> Iterable[Instruction]:
        """The clauses that are right; what is wrong with the others is reported."""
        typer = self.early if early else self.typer
        for clause in clauses:
            lang = self._language(clause.lang)
            when = typer.expect(clause.when, BOOL, names, "a `when`") if clause.when else None
            template = self.template(clause.text, names, lang) if lang else None
            if template and lang and (when or not clause.when):
                yield Instruction(template, when, lang, holes_of(template, names), clause.span)

    def _language(self, tag: syntax.Text | None) -> str | None:
        if tag is None:
            return ENGLISH
        if LANGUAGE_TAG.fullmatch(tag.value) and is_known(tag.value):
            return tag.value
        hint = 'write a language tag of BCP 47 in small letters, such as "en" or "pt-br"'
        self.typer.report("V0205", f"`{tag.value}` is not the tag of a language", tag.span, hint)
        return None

    def template(self, text: syntax.Text, names: Names, lang: str = ENGLISH) -> Template | None:
        """The text with its holes, or None when one of them cannot be filled (which is reported)."""
        try:
            template = parse_template(text.value, lang)
        except TemplateError as error:
            self.typer.report("V0301", error.message, self._inside(text, error.offset, error.length), error.hint)
            return None
        filled = [self._fills(hole, text, names, lang) for hole in template.holes]  # all of them, to report each
        return template if all(filled) else None

    def _fills(self, hole: Hole, text: syntax.Text, names: Names, lang: str) -> bool:
        span = self._inside(text, hole.offset, hole.length)
        if hole.name not in names:
            message, hint = f"there is no parameter `{hole.name}` to put here", suggestion(hole.name, names)
            if hole.name == "prompt":
                message, hint = (
                    "a text shows the prompt by a name of its own",
                    "add given ask from user[-1], show {ask}",
                )
            elif hole.name in self.visible:
                message = f"`{hole.name}` is not known before there is a response"
                hint = "only parameters and givens can stand here"
            self.typer.report("V0301", message, span, hint)
            return False
        node = names[hole.name]
        if node is None:
            return False
        if not hole.accepts(node.kind):
            self.typer.report("V0301", f"this hole cannot show {node.kind}", span, _format_hint(hole, node.kind))
            return False
        return hole.format != "language" or self._names_language(hole, span, lang)

    def _names_language(self, hole: Hole, span: Span, lang: str) -> bool:
        choices = self.typer.choices.get(hole.name, ())
        nameless = [code for code in choices if language_name(code, lang) is None]
        if choices and not nameless:
            return True
        message = f"`{nameless[0]}` is no language code" if nameless else f"`{hole.name}` could be any text"
        hint = 'give the parameter its choices: one_of("en", "fr")'
        self.typer.report("V0301", message, span, hint if not nameless else 'codes are those of ISO 639, such as "fr"')
        return False

    def _inside(self, text: syntax.Text, offset: int, length: int) -> Span:
        """A place inside a text; the whole text where escapes or indentation have moved its characters."""
        start = text.span.start + 1 + offset
        written = self.source.text[start : start + length]
        if not text.block and written == text.value[offset : offset + length]:
            return Span(start, start + length)
        return text.span


def _format_hint(hole: Hole, kind: Kind) -> str | None:
    if kind.name == "list":
        return f"write {{{hole.name}:list}}"
    if kind == BOOL:
        return f"write {{{hole.name}:yesno}}"
    return f"write {{{hole.name}}}" if kind in FORMATS[""].kinds else None


def applicable(instructions: Sequence[Instruction], row: Row, lang: str = ENGLISH) -> list[Instruction]:
    """The instructions in a language whose `when` holds for the row."""
    return [one for one in instructions if one.lang == lang and (one.when is None or evaluate(one.when, row))]


def holes_of(template: Template, names: Mapping[str, Node | None]) -> dict[str, Node]:
    """What each hole of a template shows."""
    return {hole.name: node for hole in template.holes if (node := names.get(hole.name)) is not None}
