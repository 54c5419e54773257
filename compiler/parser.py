"""Text to syntax tree: Lark reads `grammar/verif.lark`, and `tree_builder` makes `syntax` nodes of the result."""

import re
from dataclasses import replace
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, VisitError

from verif_dsl.compiler import syntax
from verif_dsl.compiler.diagnostics import Diagnostic, SourceError
from verif_dsl.compiler.parser_tables import built, loaded
from verif_dsl.compiler.source import Source, Span
from verif_dsl.compiler.syntax_errors import explain
from verif_dsl.compiler.tree_builder import TreeBuilder, span_of_meta

LARGEST_SOURCE = 512 * 1024
"""Code points a source may have. Far above any file people write; it bounds what a hostile one can cost."""

DEEPEST_NESTING = 200
"""Levels of the parse tree (a call inside a call adds three), so that no later recursion can run out of stack."""

MOST_OPEN = 1000
"""Brackets open at one place. Those around a whole expression add no level to the tree, so that these may be more."""

LONGEST_CHAIN = 128
"""Operands of one chain such as `a and b and ...`, which later become that many levels of tree."""

BRACKET = re.compile(r"""'{3}(?:[^']|'[^']|''[^'])*'{3}|"(?:[^"\\\n]|\\.)*"|\#[^\n]*|[()\[\]{}]""")
"""A bracket, or a text or comment that brackets may stand in."""

CHAINS = frozenset({"disjunction", "conjunction", "comparison", "sum_", "product"})
"""Grammar rules that the tree builder makes one level an operand of."""


def parse(source: Source) -> syntax.File:
    """The syntax tree of a .vif text.

    Raises `SourceError` (V01xx) at the first place where the text leaves the grammar.

    >>> tree = parse(Source("<text>", 'constraint c { check "a" in response }'))
    >>> tree.items[0].name.name
    'c'
    """
    try:
        return build_tree(source, read(source))
    except UnexpectedInput as error:
        raise SourceError(source, [explain(error, source, parser())]) from None


def parse_within(name: str, lead: str, text: str) -> tuple[Source, syntax.File]:
    """The syntax tree of a piece of a file, with the source that it is read in: after `lead`, and with a `}` behind.

    Raises `SourceError` as `parse` does. Where the piece stops short, it says that and not that the `}`, which nobody
    wrote, is in the wrong place.

    >>> parse_within("<clauses>", "spec s { ", "use c(")
    Traceback (most recent call last):
    ...
    verif_dsl.compiler.diagnostics.SourceError: error[V0101]: it cannot end here
      --> <clauses>:2:1
      2 | }
        | ^
      help: expected `)` or a name
    """
    source = Source(name, f"{lead}{text}\n}}")
    try:
        return source, parse(source)
    except SourceError as error:
        first, *others = error.diagnostics
        if first.span.start > len(lead + text):
            first = replace(first, message="it cannot end here")
        raise SourceError(source, [first, *others]) from None


def read(source: Source) -> Tree[Token]:
    """Lark's parse tree. Raises Lark's own `UnexpectedInput`, and `SourceError` (V0104) for too large a file."""
    if len(source.text) > LARGEST_SOURCE:
        message = f"the file has {len(source.text):,} characters, more than the {LARGEST_SOURCE:,} allowed"
        raise SourceError(source, [Diagnostic("V0104", message, Span(0, 0), "split it into several files")])
    if (place := _too_many_open(source.text)) is not None:
        raise SourceError(source, [_nested_too_deeply(place)])
    return parser().parse(source.text)


def _too_many_open(text: str) -> Span | None:
    """Where more brackets are open than allowed: such a text is hostile, and not worth reading further."""
    depth = 0
    for match in BRACKET.finditer(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MOST_OPEN:
            return Span(*match.span())
    return None


def _nested_too_deeply(place: Span) -> Diagnostic:
    hint = "name the inner parts with `let` or `define`"
    return Diagnostic("V0104", "this is nested too deeply", place, hint)


def build_tree(source: Source, tree: Tree[Token]) -> syntax.File:
    """The syntax tree of what was read. Raises `SourceError` for wrong names and escapes, and for deep nesting."""
    builder = TreeBuilder()
    if deep := _too_deep(tree):
        raise SourceError(source, [_nested_too_deeply(deep)])
    try:
        file: syntax.File = builder.transform(tree)
    except VisitError as error:  # Lark wraps whatever a callback raises; only our own bugs can arrive here
        raise error.orig_exc from error
    if builder.diagnostics:
        raise SourceError(source, sorted(builder.diagnostics, key=lambda one: one.span))
    return file


@cache
def parser() -> Lark:
    """The LALR parser for the grammar file; made once a process."""
    return loaded() or built()


def _too_deep(tree: Tree[Token]) -> Span | None:
    stack: list[tuple[Tree[Token], int]] = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST_NESTING or (node.data in CHAINS and len(node.children) > 2 * LONGEST_CHAIN):
            return span_of_meta(node.meta)
        stack.extend((child, depth + 1) for child in node.children if isinstance(child, Tree))
    return None
