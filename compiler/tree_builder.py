"""Lark's parse tree to `syntax` nodes: one method a grammar rule, named as the rule."""

import re
from dataclasses import dataclass
from typing import Any

from lark import Token, Transformer, v_args
from lark.tree import Meta

from verif_dsl.compiler import syntax
from verif_dsl.compiler.diagnostics import Diagnostic
from verif_dsl.compiler.source import Span
from verif_dsl.compiler.values import dedent_block

RESERVED = frozenset(
    """vif pack import define constraint spec doc tags deprecated param require given let instruct feedback check judge
    accept reject use reward and or not in for if true false""".split()  # noqa: SIM905 (reads better than 29 literals)
)
"""Words that may not be names: those that start a clause or an item, and the operators. All others stay free."""

LONGEST_NUMBER = 40
"""Characters of a number: beyond what any type holds, and within what Python turns into an `int` (4,300 digits)."""

ESCAPE = re.compile(r"\\(u\{([0-9a-fA-F]{1,6})\}|.)", re.DOTALL)
SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


def span_of_meta(meta: Meta) -> Span:
    """Where a rule's text stands; an empty rule stands at the start."""
    return Span(0, 0) if meta.empty else Span(meta.start_pos, meta.end_pos)


def _token_span(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _one(children: list[Any], kind: type | tuple[type, ...]) -> Any:
    """The child of a kind that may stand at most once, or None."""
    return next((child for child in children if isinstance(child, kind)), None)


def _all(children: list[Any], kind: type | tuple[type, ...]) -> tuple[Any, ...]:
    return tuple(child for child in children if isinstance(child, kind))


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A small optional part (`when`, `weight`, ...) on its way to the node that holds it."""

    tag: str
    value: Any


def _tagged(children: list[Any], tag: str) -> Any:
    return next((child.value for child in children if isinstance(child, _Tagged) and child.tag == tag), None)


@v_args(meta=True)
class TreeBuilder(Transformer[Token, Any]):
    """Builds the tree bottom up, and collects what is wrong with names, escapes and versions on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.diagnostics: list[Diagnostic] = []

    def report(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, hint))

    # ------------------------------------------------------------------------------------------------- names, text

    def _name(self, token: Token) -> syntax.Name:
        if str(token) in RESERVED:
            hint = f"choose another name, such as `{token}_`"
            self.report("V0102", f"`{token}` is a reserved word and cannot be a name", _token_span(token), hint)
        return syntax.Name(str(token), _token_span(token))

    def qname(self, meta: Meta, children: list[Token]) -> syntax.Name:
        names = [self._name(child) for child in children]
        module = names[0].name if len(names) == 2 else None
        return syntax.Name(names[-1].name, span_of_meta(meta), module)

    def _text(self, token: Token) -> syntax.Text:
        """A STRING token with its escapes resolved."""

        def replace(match: re.Match[str]) -> str:
            if match[2] and int(match[2], 16) <= 0x10FFFF and not 0xD800 <= int(match[2], 16) <= 0xDFFF:
                return chr(int(match[2], 16))
            if match[1] in SIMPLE_ESCAPES:
                return SIMPLE_ESCAPES[match[1]]
            start = (token.start_pos or 0) + 1 + match.start()
            hint = r"the escapes are \n \t \r \" \\ and \u{1F600}"
            self.report("V0103", f"`{match[0]}` is not an escape", Span(start, start + len(match[0])), hint)
            return ""

        return syntax.Text(ESCAPE.sub(replace, token[1:-1]), _token_span(token))

    def string(self, meta: Meta, children: list[Token]) -> syntax.Text:
        return self._text(children[0])

    def block(self, meta: Meta, children: list[Token]) -> syntax.Text:
        return syntax.Text(dedent_block(children[0][3:-3]), span_of_meta(meta), block=True)

    # ------------------------------------------------------------------------------------------------- expressions

    def number(self, meta: Meta, children: list[Token]) -> syntax.Number:
        return self._number(children[0])

    def signed(self, meta: Meta, children: list[Token]) -> syntax.Number:
        *minus, digits = children
        return syntax.Number("".join(minus) + self._number(digits).text, span_of_meta(meta))

    def regex(self, meta: Meta, children: list[Token]) -> syntax.Regex:
        return self._regex(children[0])

    def _regex(self, token: Token) -> syntax.Regex:
        return syntax.Regex(token[3:-1], _token_span(token))

    def true(self, meta: Meta, children: list[Token]) -> syntax.Boolean:
        return syntax.Boolean(True, span_of_meta(meta))

    def false(self, meta: Meta, children: list[Token]) -> syntax.Boolean:
        return syntax.Boolean(False, span_of_meta(meta))

    def name(self, meta: Meta, children: list[syntax.Name]) -> syntax.Name:
        return children[0]

    def bound_name(self, meta: Meta, children: list[Token]) -> syntax.Name:
        return self._name(children[0])

    def list_(self, meta: Meta, children: list[Any]) -> syntax.ListOf:
        return syntax.ListOf(tuple(children), span_of_meta(meta))

    list_literal = list_

    def _chain(self, operator: Any, operands: list[Any]) -> Any:
        left = operands[0]
        for right in operands[1:]:
            left = syntax.Binary(operator, left, right, left.span.join(right.span))
        return left

    def disjunction(self, meta: Meta, children: list[Any]) -> syntax.Binary:
        return self._chain("or", children)  # type: ignore[no-any-return]

    def conjunction(self, meta: Meta, children: list[Any]) -> syntax.Binary:
        return self._chain("and", children)  # type: ignore[no-any-return]

    def product(self, meta: Meta, children: list[Any]) -> syntax.Binary:
        return self._chain("*", children)  # type: ignore[no-any-return]

    def sum_(self, meta: Meta, children: list[Any]) -> Any:
        left = children[0]
        for operator, right in zip(children[1::2], children[2::2], strict=True):
            left = syntax.Binary(operator, left, right, left.span.join(right.span))
        return left

    def add_operator(self, meta: Meta, children: list[Token]) -> str:
        return str(children[0])

    def comparator(self, meta: Meta, children: list[Token]) -> str:
        return " ".join(children)

    def comparison(self, meta: Meta, children: list[Any]) -> syntax.Comparison:
        return syntax.Comparison(tuple(children[::2]), tuple(children[1::2]), span_of_meta(meta))

    def not_(self, meta: Meta, children: list[Any]) -> syntax.Unary:
        return syntax.Unary("not", children[0], span_of_meta(meta))

    def negate(self, meta: Meta, children: list[Any]) -> syntax.Expression:
        operand = children[1]
        if isinstance(operand, syntax.Number) and not operand.text.startswith("-"):
            return syntax.Number("-" + operand.text, span_of_meta(meta))
        return syntax.Unary("-", operand, span_of_meta(meta))

    def positional(self, meta: Meta, children: list[Any]) -> syntax.Argument:
        return syntax.Argument(None, children[0], span_of_meta(meta))

    def named(self, meta: Meta, children: list[Any]) -> syntax.Argument:
        return syntax.Argument(self._name(children[0]).name, children[1], span_of_meta(meta))

    def if_(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("if", children[0])

    def quantified(self, meta: Meta, children: list[Any]) -> _Tagged:
        condition = _tagged(children, "if")
        body, *variables, source = [child for child in children if not isinstance(child, _Tagged)]
        return _Tagged("quantified", (body, tuple(self._name(one) for one in variables), source, condition))

    def call(self, meta: Meta, children: list[Any]) -> syntax.Call | syntax.Quantified:
        if quantified := _tagged(children, "quantified"):
            body, variables, source, condition = quantified
            return syntax.Quantified(children[0], body, variables, source, condition, span_of_meta(meta))
        return syntax.Call(children[0], tuple(children[1:]), span_of_meta(meta))

    # ------------------------------------------------------------------------------------------------------- types

    def range(self, meta: Meta, children: list[Any]) -> syntax.Range:
        return syntax.Range(children[0], children[1], span_of_meta(meta))

    def int_type(self, meta: Meta, children: list[Any]) -> syntax.TypeName:
        return syntax.TypeName("int", span_of_meta(meta), range=_one(children, syntax.Range))

    def decimal_type(self, meta: Meta, children: list[Any]) -> syntax.TypeName:
        return syntax.TypeName("decimal", span_of_meta(meta), range=_one(children, syntax.Range))

    def bool_type(self, meta: Meta, children: list[Any]) -> syntax.TypeName:
        return syntax.TypeName("bool", span_of_meta(meta))

    def text_type(self, meta: Meta, children: list[Token]) -> syntax.TypeName:
        return syntax.TypeName("text", span_of_meta(meta), matching=self._regex(children[0]) if children else None)

    def one_of_type(self, meta: Meta, children: list[Token]) -> syntax.TypeName:
        return syntax.TypeName("one_of", span_of_meta(meta), choices=tuple(map(self._text, children)))

    def list_type(self, meta: Meta, children: list[Any]) -> syntax.TypeName:
        return syntax.TypeName("list", span_of_meta(meta), range=_one(children, syntax.Range), item=children[0])

    # ----------------------------------------------------------------------------------------------------- clauses

    def doc(self, meta: Meta, children: list[Any]) -> syntax.Doc:
        return syntax.Doc(children[0], span_of_meta(meta))

    def tags(self, meta: Meta, children: list[Token]) -> syntax.Tags:
        return syntax.Tags(tuple(map(self._text, children)), span_of_meta(meta))

    def deprecated(self, meta: Meta, children: list[Any]) -> syntax.Deprecated:
        return syntax.Deprecated(self._text(children[0]), _one(children, syntax.Name), span_of_meta(meta))

    def default(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("default", children[0])

    def sample(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("sample", children[0])

    def param(self, meta: Meta, children: list[Any]) -> syntax.Param:
        name, type_name = self._name(children[0]), children[1]
        return syntax.Param(
            name, type_name, _tagged(children, "default"), _tagged(children, "sample"), span_of_meta(meta)
        )

    def require(self, meta: Meta, children: list[Any]) -> syntax.Require:
        return syntax.Require(children[0], span_of_meta(meta))

    def given_turn(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("turn", (str(children[0]), children[1]))

    def given_field(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("field", self._text(children[0]))

    def given(self, meta: Meta, children: list[Any]) -> syntax.Given:
        role, index = _tagged(children, "turn") or (None, None)
        if index is not None and "." in index.text:
            self.report("V0203", "the index of a turn is a whole number", index.span)
            index = None
        number = int(index.text) if index else 0
        return syntax.Given(self._name(children[0]), role, number, _tagged(children, "field"), span_of_meta(meta))

    def let(self, meta: Meta, children: list[Any]) -> syntax.Let:
        return syntax.Let(self._name(children[0]), children[1], span_of_meta(meta))

    def when(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("when", children[0])

    def lang(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("lang", self._text(children[0]))

    def instruct(self, meta: Meta, children: list[Any]) -> syntax.Instruct:
        return syntax.Instruct(children[0], _tagged(children, "when"), _tagged(children, "lang"), span_of_meta(meta))

    def feedback(self, meta: Meta, children: list[Any]) -> syntax.Feedback:
        return syntax.Feedback(children[0], _tagged(children, "when"), _tagged(children, "lang"), span_of_meta(meta))

    def check(self, meta: Meta, children: list[Any]) -> syntax.Check:
        return syntax.Check(children[0], span_of_meta(meta))

    def _number(self, token: Token) -> syntax.Number:
        if len(token) > LONGEST_NUMBER:
            message = f"a number of {len(token):,} characters, more than the {LONGEST_NUMBER} allowed"
            self.report("V0207", message, _token_span(token), "write a number that fits into 64 bits")
            return syntax.Number("0", _token_span(token))
        return syntax.Number(str(token), _token_span(token))

    def ask(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("ask", children[0])

    def scale(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("scale", (self._number(children[0]), self._number(children[1])))

    def anchor(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("anchor", syntax.Anchor(self._number(children[0]), children[1], span_of_meta(meta)))

    def pass_(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("pass", self._number(children[0]))

    def show(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("show", tuple(self._name(child) for child in children))

    def unknown(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("unknown", str(children[0]))

    def judge(self, meta: Meta, children: list[_Tagged]) -> syntax.Judge:
        def gather(tag: str) -> tuple[Any, ...]:
            return tuple(child.value for child in children if child.tag == tag)

        shows = tuple(name for names in gather("show") for name in names)
        return syntax.Judge(
            gather("ask"),
            gather("scale"),
            gather("anchor"),
            gather("pass"),
            shows,
            gather("unknown"),
            span_of_meta(meta),
        )

    def bind(self, meta: Meta, children: list[Any]) -> syntax.Bind:
        return syntax.Bind(self._name(children[0]), children[1], span_of_meta(meta))

    def with_(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("with", tuple(children))

    def turn(self, meta: Meta, children: list[Any]) -> syntax.Turn:
        return syntax.Turn(str(children[0]), children[1], span_of_meta(meta))  # type: ignore[arg-type]

    def after(self, meta: Meta, children: list[Any]) -> _Tagged:
        return _Tagged("after", tuple(children))

    def score(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("score", self._number(children[0]))

    def because(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("because", self._text(children[0]))

    def example(self, meta: Meta, children: list[Any]) -> syntax.Example:
        return syntax.Example(
            str(children[0]) == "accept",
            children[1],
            _tagged(children, "with") or (),
            _tagged(children, "after") or (),
            _tagged(children, "score"),
            _tagged(children, "because"),
            span_of_meta(meta),
        )

    # --------------------------------------------------------------------------------------------------- top level

    def version(self, meta: Meta, children: list[Token]) -> _Tagged:
        number = self._number(children[0])
        if "." in number.text or int(number.text) < 1:
            self.report("V0203", "a version is a whole number from 1", number.span)
            return _Tagged("version", 1)
        return _Tagged("version", int(number.text))

    def formal(self, meta: Meta, children: list[Any]) -> syntax.Formal:
        return syntax.Formal(self._name(children[0]), children[1], span_of_meta(meta))

    def define(self, meta: Meta, children: list[Any]) -> syntax.Define:
        name, *formals, result, body = children
        return syntax.Define(self._name(name), tuple(formals), result, body, span_of_meta(meta))

    def constraint(self, meta: Meta, children: list[Any]) -> syntax.Constraint:
        version = _tagged(children, "version") or 1
        clauses = tuple(child for child in children[1:] if not isinstance(child, _Tagged))
        return syntax.Constraint(self._name(children[0]), version, clauses, span_of_meta(meta))

    def weight(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("weight", self._number(children[0]))

    def alias(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("alias", self._name(children[0]))

    def use(self, meta: Meta, children: list[Any]) -> syntax.Use:
        arguments = _all(children, syntax.Bind)
        weight, alias = _tagged(children, "weight"), _tagged(children, "alias")
        return syntax.Use(children[0], arguments, weight, alias, span_of_meta(meta))

    def reward(self, meta: Meta, children: list[Any]) -> syntax.Reward:
        return syntax.Reward(children[0], span_of_meta(meta))

    def spec(self, meta: Meta, children: list[Any]) -> syntax.Spec:
        version = _tagged(children, "version") or 1
        clauses = tuple(child for child in children[1:] if not isinstance(child, _Tagged))
        return syntax.Spec(self._name(children[0]), version, clauses, span_of_meta(meta))

    def edition(self, meta: Meta, children: list[Token]) -> _Tagged:
        return _Tagged("edition", self._number(children[0]))

    def pack(self, meta: Meta, children: list[Token]) -> _Tagged:
        texts = [self._text(child) for child in children]
        return _Tagged("pack", (texts[0], texts[1] if len(texts) > 1 else None))

    def import_(self, meta: Meta, children: list[Token]) -> syntax.Import:
        path, *version, alias = children
        return syntax.Import(
            self._text(path), self._text(version[0]) if version else None, self._name(alias), span_of_meta(meta)
        )

    def start(self, meta: Meta, children: list[Any]) -> syntax.File:
        imports = _all(children, syntax.Import)
        items = _all(children, (syntax.Define, syntax.Constraint, syntax.Spec))
        return syntax.File(_tagged(children, "edition"), _tagged(children, "pack"), imports, items, span_of_meta(meta))
