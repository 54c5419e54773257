"""Types for expressions: syntax tree to IR.

Every mistake becomes a diagnostic, and what depends on a mistake is not reported again.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from fractions import Fraction

from verif_dsl.compiler import syntax
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.calls import QUANTITIES, counted, mismatch_hint, number_of
from verif_dsl.compiler.closed_sets import Choices
from verif_dsl.compiler.diagnostics import Diagnostic, Note, suggestion
from verif_dsl.compiler.functions import call
from verif_dsl.compiler.intervals import ANY, FINEST, LARGEST, WIDEST, Interval, decimals_fit, interval_of
from verif_dsl.compiler.ir import Constant, Items, Local, Node, Quantifier, children
from verif_dsl.compiler.kinds import (
    BOOL,
    DECIMAL,
    INT,
    NOTHING,
    REGEX,
    TEXT,
    Kind,
    common,
    is_value,
    list_of,
    settle,
    unify,
)
from verif_dsl.compiler.operators import compare, lifted, operate
from verif_dsl.compiler.patterns.pattern import PatternError, parse_pattern
from verif_dsl.compiler.source import Span
from verif_dsl.compiler.texts import prepare

LARGEST_EXPRESSION = 20_000
"""Nodes of one expression with every `let` and `define` written out: they can double at each step."""

DEEPEST_EXPRESSION = 150
"""Levels of one expression, written out the same way: whatever walks it is recursive."""

MOST_WORK = 1_000_000
"""Expressions typed for one file, those inside definitions once a call."""

Names = Mapping[str, Node | None]
"""What each visible name stands for; None for one whose definition already has an error."""


@dataclass
class _Work:
    """What typing one file has cost so far, shared by all its typers."""

    typed: int = 0
    level: int = 0
    refused: bool = False
    sizes: dict[int, tuple[Node, int]] = field(default_factory=dict)


@dataclass
class Typer:
    """Types the expressions of one file, collecting diagnostics.

    `typed` returns the node, or None when something in the expression is wrong and has been reported.
    """

    defines: Mapping[str, syntax.Define] = field(default_factory=dict)
    modules: Mapping[str, "Typer | None"] = field(default_factory=dict)
    """The typers of imported files, by the names the files were given; None for one that could not be read."""
    arguments: Mapping[str, Interval] = field(default_factory=dict)
    """The range of each int parameter of the constraint at hand."""
    choices: Choices = field(default_factory=dict)
    """The choices of each of its `one_of` parameters."""
    fractional: Set[str] = frozenset()
    """The decimals among its parameters."""
    hidden: Set[str] = frozenset()
    """Names that it has and that only what reads the response may use."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _work: _Work = field(default_factory=_Work)
    open: tuple[str, ...] = ()
    """The definitions whose bodies are being typed, outside in."""

    def report(
        self, code: str, message: str, span: Span, hint: str | None = None, notes: tuple[Note, ...] = ()
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, hint, notes=notes))

    def warn(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, hint, "warning"))

    def opened(self, define: str) -> "Typer":
        """The same typer inside the body of a `define`, where a call of it would go in circles."""
        return replace(self, open=(*self.open, define))

    def expect(self, tree: syntax.Expression, kind: Kind, names: Names, what: str) -> Node | None:
        """The typed expression where only one kind will do; `what` begins the sentence when it is another."""
        node = self.typed(tree, names)
        return None if node is None else self.fitted(node, kind, tree.span, what)

    def fitted(self, node: Node, kind: Kind, span: Span, what: str) -> Node | None:
        """The node as a value of a kind, or None when it is of another (which is reported)."""
        node = lifted(node, kind)
        if not unify(kind, node.kind, None)[0]:
            hint = mismatch_hint(kind, node.kind)
            self.report("V0203", f"{what} must be {kind}, and this is {node.kind}", span, hint)
            return None
        return self.settled(node, kind)

    def typed(self, tree: syntax.Expression, names: Names, depth: int = 0) -> Node | None:
        """The IR of an expression, inside `depth` quantifiers."""
        work = self._work
        work.typed += 1
        if work.typed > MOST_WORK or work.level >= DEEPEST_EXPRESSION:
            if not work.refused:
                self.report("V0104", "this grows too large or too deep with its definitions written out", tree.span)
            work.refused = True
        if work.refused:  # one report is enough, and everything around it fails in its turn
            return None
        work.level += 1
        try:
            return self._typed(tree, names, depth)
        finally:
            work.level -= 1

    def _typed(self, tree: syntax.Expression, names: Names, depth: int) -> Node | None:
        match tree:
            case syntax.Number(text, span):
                return self._number(*number_of(text), span)
            case syntax.Text(value):
                return Constant(prepare(value), TEXT)
            case syntax.Boolean(value):
                return Constant(value, BOOL)
            case syntax.Regex(pattern, span):
                return self._regex(pattern, span)
            case syntax.Name():
                return self._name(tree, names)
            case syntax.ListOf(items, span):
                return self._list(items, span, names, depth)
            case syntax.Unary("-", operand, span):
                return self._apply("negate", [operand], span, names, depth)
            case syntax.Unary(operator, operand, span):
                return self._apply(operator, [operand], span, names, depth)
            case syntax.Binary(operator, left, right, span):
                return self._apply(operator, [left, right], span, names, depth)
            case syntax.Comparison():
                return self._comparison(tree, names, depth)
            case syntax.Quantified():
                return self._quantified(tree, names, depth)
            case syntax.Call():
                return call(self, tree, names, depth)

    # ------------------------------------------------------------------------------------------------------- atoms

    def made(self, node: Node | None, span: Span) -> Node | None:
        """Guards each new node: numbers stay in range, and the whole stays small enough to walk."""
        if node is None:
            return None
        sizes = self._work.sizes
        size = 1 + sum(sizes[id(child)][1] if id(child) in sizes else 1 for child in children(node))
        sizes[id(node)] = (node, size)  # the node is kept, so that its id stays its own
        if size > LARGEST_EXPRESSION:
            self.report("V0104", "this expression is too large with its definitions written out", span)
            self._work.refused = True
            return None
        fits = interval_of(node, self.arguments).fits if node.kind == INT else decimals_fit(node, self.arguments)
        if not fits and isinstance(node, Constant):
            self.report("V0207", f"numbers lie within {LARGEST:,}", span)
            return None
        if not fits:
            hint = "give the parameters a narrower range" if self.arguments else None
            self.report("V0207", f"this number could go beyond {LARGEST:,}", span, hint)
            return None
        return node

    def _number(self, value: int | Fraction, kind: Kind, span: Span) -> Node | None:
        if kind == DECIMAL and not (-WIDEST <= value <= WIDEST and (value * FINEST).denominator == 1):
            message = f"a decimal lies within {WIDEST:,} and has at most six places"
            self.report("V0207", message, span)
            return None
        return self.made(Constant(value, kind), span)

    def _regex(self, pattern: str, span: Span) -> Node | None:
        pattern = prepare(pattern)
        try:
            parse_pattern(pattern)
        except PatternError as error:
            # The pattern starts after `re"`.
            at = Span(span.start + 3 + error.offset, span.start + 4 + error.offset)
            self.report("V0208", error.message, at, error.hint)
            return None
        return Constant(pattern, REGEX)

    def _name(self, tree: syntax.Name, names: Names) -> Node | None:
        if tree.module:
            self.report("V0201", f"`{tree}` is no value", tree.span, "call a definition of a module: module.name(...)")
            return None
        if tree.name in names:
            return names[tree.name]
        if tree.name in self.hidden:
            hint = "parameters can stand here, and givens in a `when`"
            self.report("V0201", f"`{tree.name}` is not known before there is a response", tree.span, hint)
        elif tree.name in BUILTINS or tree.name in self.defines:
            self.report("V0201", f"`{tree.name}` is a function", tree.span, f"call it: {tree.name}(...)")
        else:
            self.report("V0201", f"there is no name `{tree.name}` here", tree.span, suggestion(tree.name, names))
        return None

    def _list(self, items: tuple[syntax.Expression, ...], span: Span, names: Names, depth: int) -> Node | None:
        nodes = [node for item in items if (node := self.typed(item, names, depth)) is not None]
        if len(nodes) < len(items):
            return None
        if any(node.kind == DECIMAL for node in nodes):
            nodes = [lifted(node, DECIMAL) for node in nodes]
        item: Kind | None = NOTHING
        for node in nodes:
            item = item and common(item, node.kind)
        if item is None or not is_value(item):
            message = f"a list holds no {item}" if item else "the items of a list must all be of one type"
            self.report("V0203", message, span)
            return None
        kind = list_of(item)
        if any(node.kind == INT and not ANY.holds(interval_of(node, self.arguments)) for node in nodes):
            # What reads an item knows only that it lies within these bounds.
            self.report("V0207", f"an item of this list could go beyond {WIDEST:,}", span)
            return None
        values = [node.value for node in nodes if isinstance(node, Constant)]
        if len(values) == len(nodes):
            return self.made(Constant(tuple(values), kind), span)
        if item not in (TEXT, INT, BOOL):
            what = "lists" if item.name == "list" else f"{item}s"
            self.report("V0203", f"the items of a list of {what} have to be written out", span)
            return None
        return self.made(Items(tuple(nodes), kind), span)

    def settled(self, node: Node, kind: Kind) -> Node:
        """An argument as its parameter has it: `[]` takes the type of the list that is wanted."""
        return Constant(node.value, kind) if isinstance(node, Constant) and settle(node.kind) != node.kind else node

    # --------------------------------------------------------------------------------------------------- operators

    def _apply(self, name: str, operands: list[syntax.Expression], span: Span, names: Names, depth: int) -> Node | None:
        return operate(self, name, operands, [self.typed(operand, names, depth) for operand in operands], span, depth)

    def _comparison(self, tree: syntax.Comparison, names: Names, depth: int) -> Node | None:
        nodes = [self.typed(operand, names, depth) for operand in tree.operands]
        links = [
            compare(self, comparator, tree.operands[index : index + 2], nodes[index : index + 2], depth)
            for index, comparator in enumerate(tree.comparators)
        ]
        result = links[0]
        for link in links[1:]:
            result = operate(self, "and", [tree, tree], [result, link], tree.span)
        return result

    # ------------------------------------------------------------------------------------------------------- calls

    def _quantified(self, tree: syntax.Quantified, names: Names, depth: int) -> Node | None:
        source = self.typed(tree.source, names, depth)
        source = source and self.settled(source, settle(source.kind))
        quantity = tree.function.name
        if tree.function.module or quantity not in QUANTITIES:
            self.report(
                "V0201", f"`{tree.function}` is not a quantifier", tree.function.span, suggestion(quantity, QUANTITIES)
            )
            return None
        inner = dict(names)
        for variable in tree.variables:
            if variable.name in inner:
                message = f"`{variable.name}` already has a meaning here"
                self.report("V0204", message, variable.span, "choose another name")
            inner[variable.name] = None
        if source is not None:
            kinds = self._item_kinds(source.kind, tree)
            if kinds is None:
                return None
            for index, (variable, kind) in enumerate(zip(tree.variables, kinds, strict=True)):
                inner[variable.name] = Local(depth + 1, index, kind)
        condition = self.typed(tree.condition, inner, depth + 1) if tree.condition else None
        body = self.typed(tree.body, inner, depth + 1)
        for part, node in ((tree.condition, condition), (tree.body, body)):
            if part and node and node.kind != BOOL:
                hint = mismatch_hint(BOOL, node.kind)
                self.report("V0203", f"`{quantity}` tests each item, and this is {node.kind}", part.span, hint)
                return None
        if source is None or body is None or (tree.condition and condition is None):
            return None
        arity = len(tree.variables)
        return self.made(Quantifier(quantity, depth + 1, arity, source, condition, body), tree.span)  # type: ignore[arg-type]

    def _item_kinds(self, kind: Kind, tree: syntax.Quantified) -> tuple[Kind, ...] | None:
        if kind.name != "list":
            hint = "go through words(x), sentences(x), lines(x), chars(x), ..." if kind == TEXT else None
            self.report("V0203", f"`for` goes through a list, and this is {kind}", tree.source.span, hint)
            return None
        item = kind.parts[0]
        kinds = item.parts if item.name == "pair" else (item,)
        if len(kinds) != len(tree.variables):
            span = tree.variables[0].span.join(tree.variables[-1].span)
            hint = "for pairs write adjacent(xs) or indexed(xs)" if len(kinds) == 1 else "write for a, b in ..."
            message = f"each item here takes {counted(len(kinds), 'variable')}, not {len(tree.variables)}"
            self.report("V0203", message, span, hint)
            return None
        return kinds
