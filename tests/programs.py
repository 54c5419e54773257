"""Generators of syntax trees over the whole grammar, meaningless but parseable, and of untidy texts for them."""

import dataclasses
import re
from typing import Any

from hypothesis import strategies as st

from verif_dsl.compiler import syntax
from verif_dsl.compiler.printer import CONSTRAINT_ORDER, SPEC_ORDER, in_order
from verif_dsl.compiler.source import Span

NOWHERE = Span(0, 0)

NAMES = [
    *("a", "b_1", "words", "response", "longer_name_than_most_names_are", "x", "f"),
    *("user", "to", "text", "int", "size", "version", "re", "unknown", "mask", "as", "with", "lang", "notable", "list"),
]
"""Plain ones, and keywords that are none where a name stands."""

PIECES = [
    *("a", "Words of some length, ", " ", "  ", "\n", "\n\n", "\n    ", "\t", "\r", "\r\n"),
    *('"', "'", "''", "\\", "\\n", "#", "# no comment", "{", "}", "{n}"),
    *("é", "e\u0301", "\u0301", "👨\u200d👩", "❤\ufe0f", "\u200d", "\u00a0", "\ufeff", "\x00", "你好"),
]
PATTERNS = ["a", r"\"#", r"[^\"]+", "(?i)é{2}", r"\\", ""]


def spanless(node: Any) -> Any:
    """A tree without its places, so that two can be compared."""
    match node:
        case Span():
            return NOWHERE
        case tuple():
            return tuple(map(spanless, node))
        case _ if dataclasses.is_dataclass(node):
            fields = {field.name: spanless(getattr(node, field.name)) for field in dataclasses.fields(node)}
            return type(node)(**fields)
        case _:
            return node


def arranged(file: syntax.File) -> syntax.File:
    """A file with its clauses in canonical order."""

    def arrange(item: Any) -> Any:
        order = {syntax.Constraint: CONSTRAINT_ORDER, syntax.Spec: SPEC_ORDER}.get(type(item))
        return dataclasses.replace(item, clauses=in_order(item.clauses, order)) if order else item

    return dataclasses.replace(file, items=tuple(map(arrange, file.items)))


def node(kind: type, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nodes of a kind, which is nowhere, from its parts."""
    return st.tuples(*parts).map(lambda values: kind(*values, NOWHERE))


def several(part: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(part, min_size=least, max_size=most).map(tuple)


def maybe(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | part


plain_names = node(syntax.Name, st.sampled_from(NAMES))
names = st.builds(syntax.Name, st.sampled_from(NAMES), st.just(NOWHERE), maybe(st.sampled_from(NAMES)))
numbers = node(syntax.Number, st.sampled_from(["0", "7", "007", "0.50", "123456789"]))
signed = numbers | node(syntax.Number, st.sampled_from(["-1", "-0.5"]))
values = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
strings = node(syntax.Text, values)
blocks = values.filter(lambda value: "'''" not in value).map(lambda value: syntax.Text(value, NOWHERE, block=True))
texts = strings | blocks
regexes = node(syntax.Regex, st.sampled_from(PATTERNS))
booleans = node(syntax.Boolean, st.booleans())
literals = st.recursive(
    signed | texts | booleans, lambda inner: node(syntax.ListOf, several(inner, most=12)), max_leaves=12
)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arguments = several(node(syntax.Argument, maybe(st.sampled_from(NAMES)), inner))
    # `-5` is a number, so that there is no minus before one.
    negated = inner.filter(lambda one: not (isinstance(one, syntax.Number) and one.text[0] != "-"))
    comparators = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"])
    chains = st.lists(st.tuples(comparators, inner), min_size=1, max_size=3)
    return st.one_of(
        node(syntax.ListOf, several(inner)),
        node(syntax.Call, names, arguments),
        node(syntax.Quantified, names, inner, several(plain_names, least=1, most=2), inner, maybe(inner)),
        node(syntax.Unary, st.just("not"), inner),
        node(syntax.Unary, st.just("-"), negated),
        node(syntax.Binary, st.sampled_from(["+", "-", "*", "and", "or"]), inner, inner),
        node(syntax.Binary, st.sampled_from(["+", "-", "*", "and", "or"]), inner, inner),
        st.builds(
            lambda first, rest: syntax.Comparison(
                (first, *(one for _, one in rest)), tuple(operator for operator, _ in rest), NOWHERE
            ),
            inner,
            chains,
        ),
    )


expressions = st.recursive(signed | texts | regexes | booleans | names, _larger, max_leaves=12)

ranges = node(syntax.Range, signed | plain_names, signed | plain_names)


def _type(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[syntax.TypeName]:
    return st.builds(syntax.TypeName, st.just(kind), st.just(NOWHERE), **fields)


def _list_of(item: st.SearchStrategy[syntax.TypeName]) -> st.SearchStrategy[syntax.TypeName]:
    # A `size` belongs to the innermost list that has none.
    return st.one_of(
        _type("list", item=item),
        _type("list", item=item.filter(lambda one: one.kind != "list" or one.range), range=ranges),
    )


types = st.recursive(
    st.one_of(
        _type("int", range=maybe(ranges)),
        _type("decimal", range=maybe(ranges)),
        _type("bool"),
        _type("text", matching=maybe(regexes)),
        _type("one_of", choices=several(strings, least=1, most=9)),
    ),
    _list_of,
    max_leaves=2,
)

binds = node(syntax.Bind, plain_names, literals)
roles = st.sampled_from(["user", "assistant", "system"])
docs = node(syntax.Doc, texts)
tags = node(syntax.Tags, several(strings, least=1))
judges = node(
    syntax.Judge,
    several(texts, most=2),
    several(st.tuples(numbers, numbers), most=2),
    several(node(syntax.Anchor, numbers, texts)),
    several(numbers, most=2),
    several(plain_names),
    several(st.sampled_from(["mask", "fail"]), most=2),
)
examples = node(
    syntax.Example,
    st.booleans(),
    texts,
    several(binds),
    several(node(syntax.Turn, roles, texts)),
    maybe(numbers),
    maybe(strings),
)
clauses = st.one_of(
    docs,
    tags,
    judges,
    node(syntax.Deprecated, strings, maybe(names)),
    node(syntax.Param, plain_names, types, maybe(literals), maybe(ranges | node(syntax.ListOf, several(literals)))),
    node(syntax.Require, expressions),
    node(syntax.Given, plain_names, roles, st.integers(-9, 9), st.none()),
    node(syntax.Given, plain_names, st.none(), st.just(0), strings),
    node(syntax.Let, plain_names, expressions),
    node(syntax.Instruct, texts, maybe(expressions), maybe(strings)),
    node(syntax.Feedback, texts, maybe(expressions), maybe(strings)),
    node(syntax.Check, expressions),
    examples,
)
uses = node(syntax.Use, names, several(binds), maybe(numbers), maybe(plain_names))
versions = st.sampled_from([1, 1, 2, 30])
items = st.one_of(
    node(syntax.Define, plain_names, several(node(syntax.Formal, plain_names, types)), types, expressions),
    node(syntax.Constraint, plain_names, versions, several(clauses, most=6)),
    node(
        syntax.Spec,
        plain_names,
        versions,
        several(st.one_of(docs, tags, uses, node(syntax.Reward, expressions), examples), most=5),
    ),
)
files = node(
    syntax.File,
    maybe(numbers),
    maybe(st.tuples(strings, maybe(strings))),
    several(node(syntax.Import, strings, maybe(strings), plain_names), most=2),
    several(items),
)
"""Syntax trees of files, their clauses in any order."""

TOKEN = re.compile(
    r"""'''(?:[^']|'[^']|''[^'])*'''|(?:re)?"(?:[^"\\\n]|\\.)*"|[a-z_][a-z0-9_]*|[0-9]+(?:\.[0-9]+)?|->|[=!<>]=|\S"""
)
REMARKS = ["#", "# plain", "## { [", '# it"s "', "# '''", "# vif 1", "# {n}  \t", "#é"]


@st.composite
def untidy(draw: st.DrawFn, text: str) -> str:
    """A text with the tokens of another, and any space and comments between them."""
    remarks = st.sampled_from(REMARKS).map(lambda remark: f" {remark}\n")
    gaps = (
        st.sampled_from([" ", " ", " ", " ", "\n", "\n\n", " \n \n\n", "\r\n\t"]) | remarks | remarks.map("\n{}".format)
    )
    tokens = TOKEN.findall(text)
    spaces = draw(st.lists(gaps, min_size=len(tokens) + 1, max_size=len(tokens) + 1))
    return "".join(part for pair in zip(spaces, [*tokens, ""], strict=True) for part in pair)
