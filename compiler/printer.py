"""Syntax tree to text in the one style of the language, which docs/formatting.md tells.

>>> text = 'constraint c{accept"b"reject"a" check not("a" in response) instruct"No a."}'
>>> print(format_source(Source("<text>", text)), end="")
constraint c {
  instruct "No a."
  check not ("a" in response)
  accept "b"
  reject "a"
}
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from verif_dsl.compiler import syntax
from verif_dsl.compiler.comments import WHOLE_FILE, Comment, Comments, comments_of
from verif_dsl.compiler.layout import LINE, STEP, Concat, Document, Fill, Group, Nest, render
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.printed_expressions import call, comma_separated, expression, list_of, written
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.values import quoted

WIDTH = 100
"""Columns that a line takes at most, unless a single text or name needs more."""

CONSTRAINT_ORDER = (
    syntax.Doc,
    syntax.Tags,
    syntax.Deprecated,
    syntax.Param,
    syntax.Require,
    syntax.Given,
    syntax.Let,
    syntax.Instruct,
    syntax.Feedback,
    syntax.Check,
    syntax.Judge,
    syntax.Example,
)
"""The order of a constraint's clauses: what it is, what it takes, what it says, how it decides, and on what.

Clauses of one kind keep their order, which matters: a name is visible after its clause, and a seed chooses among the
instructions by their number. Between the kinds it never does: nothing before `let` can name what a `let` names.
"""

SPEC_ORDER = (syntax.Doc, syntax.Tags, syntax.Use, syntax.Reward, syntax.Example)

Clause = TypeVar("Clause")


def format_source(source: Source) -> str:
    """A .vif text in the one style, its comments kept. Raises `SourceError` (V01xx) when it does not parse."""
    file = parse(source)
    return print_file(file, comments_of(source, file))


def print_file(file: syntax.File, comments: Comments | None = None) -> str:
    """The text of a syntax tree; parsing it gives the same tree, its clauses in canonical order."""
    return "".join(f"{line}\n" for line in _Printer(comments or Comments()).file(file))


def in_order(clauses: Iterable[Clause], order: Sequence[type]) -> tuple[Clause, ...]:
    """Clauses sorted by kind, those of one kind as they were."""
    return tuple(sorted(clauses, key=lambda clause: order.index(type(clause))))


class _Printer:
    """Lines for the parts of a file, with the comments around each."""

    def __init__(self, comments: Comments) -> None:
        self.comments = comments

    # ---------------------------------------------------------------------------------------------------- whole file

    def file(self, file: syntax.File) -> list[str]:
        head: list[str] = []
        if file.edition:
            head += self._part(file.edition.span.start, f"vif {file.edition.text}", 0)
        if file.pack:
            name, version = file.pack
            shown = f"pack {quoted(name.value)}" + (f" version {quoted(version.value)}" if version else "")
            head += self._part(name.span.start, shown, 0)
        imports = [line for one in file.imports for line in self._part(one.span.start, _import(one), 0)]
        items = [self._item(item) for item in file.items]
        end = self._own_lines(self.comments.closing.get(WHOLE_FILE, ()), 0)
        if end and not end[-1]:
            end.pop()  # the blank line after the last comment separates it from nothing
        sections = [section for section in (head, imports, *items, end) if section]
        return [line for section in sections for line in ("", *section)][1:]

    def _item(self, item: syntax.Define | syntax.Constraint | syntax.Spec) -> list[str]:
        match item:
            case syntax.Define():
                return self._part(item.span.start, _define(item), 0)
            case syntax.Constraint(name, version, clauses, span):
                inner = [self._clause(one) for one in in_order(clauses, CONSTRAINT_ORDER)]
                return self._braces(span.start, _header("constraint", name, version), inner, 0)
            case syntax.Spec(name, version, clauses, span):
                inner = [self._clause(one) for one in in_order(clauses, SPEC_ORDER)]
                return self._braces(span.start, _header("spec", name, version), inner, 0)

    def _clause(self, clause: syntax.Clause | syntax.Use | syntax.Reward) -> list[str]:
        if isinstance(clause, syntax.Judge):
            return self._judge(clause, clause.span.start)
        return self._part(clause.span.start, _document(clause), STEP)

    def _judge(self, judge: syntax.Judge, start: int) -> list[str]:
        parts: list[tuple[int, Document]] = []
        parts += [(ask.span.start, Concat("ask ", written(ask))) for ask in judge.asks]
        parts += [(low.span.start, f"scale {low.text} to {high.text}") for low, high in judge.scales]
        for one in judge.anchors:
            parts.append((one.span.start, Concat(f"anchor {one.score.text} ", Nest(written(one.text)))))
        parts += [(score.span.start, f"pass >= {score.text}") for score in judge.passes]
        if judge.shows:
            shown = comma_separated([name.name for name in judge.shows])
            parts.append((judge.shows[0].span.start, Concat("show ", Nest(shown))))
        inner = [self._part(at, document, 2 * STEP) for at, document in parts]
        # The place of `unknown` is not in the tree: what is said about it, or after it, comes out above it.
        inner.append(self._own_lines(self.comments.closing.get(start, ()), 2 * STEP, keep_blank=False))
        inner += [[f"{' ' * 2 * STEP}unknown {policy}"] for policy in judge.unknowns]
        return self._braces(start, "judge", inner, STEP, closed=True)

    # ------------------------------------------------------------------------------------------------------ comments

    def _part(self, start: int, document: Document, indent: int) -> list[str]:
        """The lines of a part without braces."""
        shown = " " * indent + render(document, WIDTH, indent)
        above = self._own_lines(self.comments.above.get(start, ()), indent, keep_blank=indent == 0)
        return [*above, *(shown + self._beside(start)).split("\n")]

    def _braces(
        self, start: int, header: str, inner: Iterable[list[str]], indent: int, closed: bool = False
    ) -> list[str]:
        """The lines of a part that holds others; `closed` when these include the comments before its `}`."""
        above = self._own_lines(self.comments.above.get(start, ()), indent, keep_blank=indent == 0)
        lines = [line for part in inner for line in part]
        if not closed:
            lines += self._own_lines(self.comments.closing.get(start, ()), indent + STEP, keep_blank=False)
        opening = self.comments.opening.get(start)
        margin = " " * indent
        if not lines and not opening:
            return [*above, f"{margin}{header} {{}}{self._beside(start)}"]
        first = f"{margin}{header} {{" + (f"  {opening}" if opening else "")
        return [*above, first, *lines, f"{margin}}}{self._beside(start)}"]

    def _beside(self, start: int) -> str:
        comment = self.comments.beside.get(start)
        return f"  {comment}" if comment else ""

    def _own_lines(self, comments: Iterable[Comment], indent: int, keep_blank: bool = True) -> list[str]:
        lines: list[str] = []
        for comment in comments:
            lines.append(" " * indent + comment.text)
            lines += [""] if keep_blank and comment.before_blank else []
        return lines


# ------------------------------------------------------------------------------------------------------------ clauses


def _header(keyword: str, name: syntax.Name, version: int) -> str:
    return f"{keyword} {name}" if version == 1 else f"{keyword} {name} version {version}"


def _import(tree: syntax.Import) -> str:
    version = f" version {quoted(tree.version.value)}" if tree.version else ""
    return f"import {quoted(tree.path.value)}{version} as {tree.alias}"


def _define(tree: syntax.Define) -> Document:
    formals = [Concat(f"{formal.name}: ", _type(formal.type)) for formal in tree.formals]
    head = Concat(call(f"define {tree.name}", formals), " -> ", _type(tree.result), " =")
    return Concat(head, Group(Nest(Concat(LINE, expression(tree.body)))))


def _type(tree: syntax.TypeName) -> Document:
    match tree.kind:
        case "one_of":
            return list_of("one_of(", [quoted(choice.value) for choice in tree.choices], ")")
        case "list" if tree.item:
            return Concat("list of ", _type(tree.item), _optional(" size ", tree.range))
        case "text":
            return 'text matching re"' + tree.matching.pattern + '"' if tree.matching else "text"
        case _:
            return Concat(tree.kind, _optional(" in ", tree.range))


def _range(tree: syntax.Range) -> Document:
    return Concat(expression(tree.low), " to ", expression(tree.high))


def _optional(word: str, tree: syntax.Range | syntax.Expression | None) -> Document:
    match tree:
        case None:
            return ""
        case syntax.Range():
            return Concat(word, _range(tree))
        case _:
            return Concat(word, expression(tree))


def _words(head: Document, *options: tuple[str, syntax.Range | syntax.Expression | None]) -> Document:
    """A clause and its optional parts, each of which moves to a line of its own where it does not fit."""
    given = [_optional(word, tree) for word, tree in options if tree is not None]
    return Nest(Fill((head, *given)))


def _bind(tree: syntax.Bind) -> Document:
    return Concat(f"{tree.name} = ", expression(tree.value))


def _document(clause: syntax.Clause | syntax.Use | syntax.Reward) -> Document:
    match clause:
        case syntax.Doc(text):
            return Nest(Concat("doc ", written(text)))
        case syntax.Tags(tags):
            return Nest(Concat("tags ", comma_separated([quoted(tag.value) for tag in tags])))
        case syntax.Deprecated(reason, replacement):
            return _words(f"deprecated {quoted(reason.value)}", ("use ", replacement))
        case syntax.Param(name, type_name, default, sample):
            return _words(Concat(f"param {name}: ", _type(type_name)), ("= ", default), ("sample ", sample))
        case syntax.Require(condition):
            return Concat("require ", expression(condition))
        case syntax.Given(name, role, index, column):
            return f"given {name} from " + (f"field {quoted(column.value)}" if column else f"{role}[{index}]")
        case syntax.Let(name, value):
            return Concat(f"let {name} =", Group(Nest(Concat(LINE, expression(value)))))
        case syntax.Instruct(text, when, lang):
            return _words(Concat("instruct ", written(text)), ("when ", when), ("lang ", lang))
        case syntax.Feedback(text, when, lang):
            return _words(Concat("feedback ", written(text)), ("when ", when), ("lang ", lang))
        case syntax.Check(condition):
            return Concat("check ", expression(condition))
        case syntax.Example():
            return _example(clause)
        case syntax.Use(constraint, arguments):
            head = call(f"use {constraint}", [_bind(one) for one in arguments])
            return _words(head, ("weight ", clause.weight), ("as ", clause.alias))
        case syntax.Reward(value):
            return Concat("reward ", expression(value))
        case syntax.Judge():
            raise AssertionError("a judge block has lines of its own")


def _example(tree: syntax.Example) -> Document:
    parts: list[Document] = [Concat("accept " if tree.accepts else "reject ", written(tree.response))]
    if tree.arguments:
        parts.append(Concat("with ", Nest(comma_separated([_bind(one) for one in tree.arguments]))))
    if tree.after:
        turns = [Concat(f"{turn.role} ", written(turn.text)) for turn in tree.after]
        parts.append(Concat("after ", Nest(Fill(tuple(turns)))))
    parts += [_optional("score ", tree.score)] if tree.score else []
    parts += [_optional("because ", tree.because)] if tree.because else []
    return Nest(Fill(tuple(parts)))
