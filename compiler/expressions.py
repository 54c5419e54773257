"""Types for expressions: syntax tree to IR.

Every mistake becomes a diagnostic, and what depends on a mistake is not reported again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from verif_dsl.compiler import syntax
from verif_dsl.compiler.builtins import BUILTINS, OPERATOR_NAMES, PLANNED, REQUIRED, Builtin
from verif_dsl.compiler.calls import (
    FOREIGN_FUNCTIONS,
    comparison_hint,
    conversion_hint,
    lifted,
    match_arguments,
    number_of,
    type_of,
)
from verif_dsl.compiler.diagnostics import Diagnostic, suggestion
from verif_dsl.compiler.intervals import LARGEST, Interval, decimals_fit, interval_of
from verif_dsl.compiler.ir import Call, Constant, Local, Node, Quantifier, children
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, REGEX, TEXT, Kind, fill, list_of, unify
from verif_dsl.compiler.patterns.pattern import PatternError, nullable, parse_pattern
from verif_dsl.compiler.source import Span

QUANTITIES = ("any", "all", "every", "count")
LARGEST_EXPRESSION = 20_000
"""Nodes of one expression with every `let` and `define` written out: they can double at each step."""

DEEPEST_EXPRESSION = 128
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
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _work: _Work = field(default_factory=_Work)
    _open: tuple[str, ...] = ()

    def report(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, hint))

    def warn(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, hint, "warning"))

    def opened(self, define: str) -> "Typer":
        """The same typer inside the body of a `define`, where a call of it would go in circles."""
        return replace(self, _open=(*self._open, define))

    def expect(self, tree: syntax.Expression, kind: Kind, names: Names, what: str) -> Node | None:
        """The typed expression where only one kind will do; `what` begins the sentence when it is another."""
        node = self.typed(tree, names)
        if node is not None and node.kind != kind:
            hint = "compare it: " + comparison_hint(node.kind) if kind == BOOL else None
            self.report("V0203", f"{what} must be {kind}, and this is {node.kind}", tree.span, hint)
            return None
        return node

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
                return self._made(Constant(*number_of(text)), span)
            case syntax.Text(value):
                return Constant(value, TEXT)
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
                return self._call(tree, names, depth)

    # ------------------------------------------------------------------------------------------------------- atoms

    def _made(self, node: Node | None, span: Span) -> Node | None:
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
        if not fits:
            hint = "give the parameters a narrower range"
            self.report("V0207", f"this number could go beyond {LARGEST:,}", span, hint)
            return None
        return node

    def _regex(self, pattern: str, span: Span) -> Node | None:
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
        if tree.name in BUILTINS or tree.name in self.defines:
            self.report("V0201", f"`{tree.name}` is a function", tree.span, f"call it: {tree.name}(...)")
        else:
            self.report("V0201", f"there is no name `{tree.name}` here", tree.span, suggestion(tree.name, names))
        return None

    def _list(self, items: tuple[syntax.Expression, ...], span: Span, names: Names, depth: int) -> Node | None:
        nodes = [self.typed(item, names, depth) for item in items]
        if not items:
            return Constant((), list_of(TEXT))
        if any(node is None for node in nodes):
            return None
        kinds = {node.kind for node in nodes if node}
        if len(kinds) > 1 or not kinds <= {TEXT, INT}:
            self.report("V0203", "the items of a list must all be texts or all be numbers", span)
            return None
        values = [node.value for node in nodes if isinstance(node, Constant)]
        if len(values) < len(nodes):
            self.report("V0601", "lists of computed items are not supported yet", span, "write the items out")
            return None
        return self._made(Constant(tuple(values), list_of(kinds.pop())), span)

    # --------------------------------------------------------------------------------------------------- operators

    def _apply(self, name: str, operands: list[syntax.Expression], span: Span, names: Names, depth: int) -> Node | None:
        nodes = [self.typed(operand, names, depth) for operand in operands]
        return self._operator(name, operands, nodes, span)

    def _operator(self, name: str, trees: list[syntax.Expression], nodes: list[Node | None], span: Span) -> Node | None:
        if f"{name} decimal" in BUILTINS and any(node is not None and node.kind == DECIMAL for node in nodes):
            name, nodes = f"{name} decimal", [node and lifted(node) for node in nodes]
        builtin, item = BUILTINS[name], None
        for parameter, tree, node in zip(builtin.parameters, trees, nodes, strict=True):
            if node is None:
                return None
            fits, item = unify(parameter.kind, node.kind, item)
            if not fits:
                wanted = fill(parameter.kind, item)
                symbol = name.partition(" ")[0].replace("negate", "-")
                self.report("V0203", f"`{symbol}` needs {wanted} here, and this is {node.kind}", tree.span)
                return None
        arguments = tuple(node for node in nodes if node is not None)
        return self._made(Call(name, arguments, fill(builtin.result, item)), span)

    def _comparison(self, tree: syntax.Comparison, names: Names, depth: int) -> Node | None:
        nodes = [self.typed(operand, names, depth) for operand in tree.operands]
        result: Node | None = None
        failed = False
        for index, comparator in enumerate(tree.comparators):
            trees, pair = list(tree.operands[index : index + 2]), nodes[index : index + 2]
            span = trees[0].span.join(trees[1].span)
            one = self._compare(comparator, trees, pair, span)
            failed |= one is None
            result = one if result is None else self._made(_both(result, one), tree.span)
        return None if failed else result

    def _compare(
        self, comparator: str, trees: list[syntax.Expression], nodes: list[Node | None], span: Span
    ) -> Node | None:
        left, right = nodes
        if left is None or right is None:
            return None
        if comparator in ("in", "not in"):
            name = "in text" if right.kind == TEXT else "in list"
            if right.kind != TEXT and right.kind.name != "list":
                self.report("V0203", f"`in` looks into a text or a list, and this is {right.kind}", trees[1].span)
                return None
            found = self._operator(name, trees, nodes, span)
            if found is None or comparator == "in":
                return found
            return self._made(Call("not", (found,), BOOL), span)
        return self._operator(comparator, trees, nodes, span)

    # ------------------------------------------------------------------------------------------------------- calls

    def _quantified(self, tree: syntax.Quantified, names: Names, depth: int) -> Node | None:
        source = self.typed(tree.source, names, depth)
        quantity = tree.function.name
        if tree.function.module or quantity not in QUANTITIES:
            self.report(
                "V0201", f"`{tree.function}` is not a quantifier", tree.function.span, suggestion(quantity, QUANTITIES)
            )
            return None
        inner = dict(names)
        for variable in tree.variables:
            if variable.name in names:
                self.report(
                    "V0204", f"`{variable.name}` already has a meaning here", variable.span, "choose another name"
                )
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
                self.report(
                    "V0203", f"`{quantity}` tests each item, and this is {node.kind}", part.span, "write a condition"
                )
                return None
        if source is None or body is None or (tree.condition and condition is None):
            return None
        arity = len(tree.variables)
        return self._made(Quantifier(quantity, depth + 1, arity, source, condition, body), tree.span)  # type: ignore[arg-type]

    def _item_kinds(self, kind: Kind, tree: syntax.Quantified) -> tuple[Kind, ...] | None:
        if kind.name != "list":
            hint = "go through words(x), sentences(x), lines(x), chars(x), ..." if kind == TEXT else None
            self.report("V0203", f"`for` goes through a list, and this is {kind}", tree.source.span, hint)
            return None
        item = kind.parts[0]
        kinds = item.parts if item.name == "pair" else (item,)
        if len(kinds) != len(tree.variables):
            span = tree.variables[0].span.join(tree.variables[-1].span)
            hint = "a pair of neighbours: for a, b in adjacent(xs)" if len(kinds) == 1 else None
            self.report(
                "V0203", f"each item here takes {len(kinds)} variable(s), not {len(tree.variables)}", span, hint
            )
            return None
        return kinds

    def _call(self, tree: syntax.Call, names: Names, depth: int) -> Node | None:
        name = tree.function.name
        if tree.function.module:
            return self._imported(tree, names, depth)
        if name in self.defines:
            return self._inline(self.defines[name], tree, names, depth, self)
        if name in BUILTINS and name not in OPERATOR_NAMES:
            return self._builtin(BUILTINS[name], tree, names, depth)
        for argument in tree.arguments:
            self.typed(argument.value, names, depth)
        if name in PLANNED:
            self.report("V0601", f"the builtin `{name}` is not supported yet", tree.function.span)
        elif name in QUANTITIES:
            self.report(
                "V0202", f"`{name}` needs a `for`", tree.function.span, f"write {name}(condition for x in list)"
            )
        else:
            known = [*self.defines, *(one for one in BUILTINS if one not in OPERATOR_NAMES), *QUANTITIES]
            foreign = FOREIGN_FUNCTIONS.get(name)
            hint = f"write `{foreign}`" if foreign else suggestion(name, known)
            self.report("V0201", f"there is no function `{name}`", tree.function.span, hint)
        return None

    def _imported(self, tree: syntax.Call, names: Names, depth: int) -> Node | None:
        """A call of `module.name`, which people also write who expect methods."""
        module, name = tree.function.module or "", tree.function.name
        home = self.modules.get(module)
        if module in self.modules and home is None:
            return None
        if home is not None and name in home.defines:
            return self._inline(home.defines[name], tree, names, depth, home)
        if home is not None:
            hint = suggestion(name, home.defines)
            self.report("V0201", f"`{module}` defines no function `{name}`", tree.function.span, hint)
        elif module in names:
            function = FOREIGN_FUNCTIONS.get(name, name)
            self.report("V0201", "values have no methods", tree.function.span, f"write {function}({module}, ...)")
        else:
            hint = suggestion(module, self.modules) or f'add import "..." as {module}'
            self.report("V0201", f"nothing is imported as `{module}`", tree.function.span, hint)
        return None

    def _builtin(self, builtin: Builtin, tree: syntax.Call, names: Names, depth: int) -> Node | None:
        matched = match_arguments(
            tree, [(one.name, one.default) for one in builtin.parameters], str(builtin), self.report
        )
        typed = {name: self.typed(value, names, depth) for name, value in (matched or {}).items()}
        if matched is None or any(node is None for node in typed.values()):
            return None
        arguments: list[Node] = []
        item: Kind | None = None
        for parameter in builtin.parameters:
            node = typed.get(parameter.name) or Constant(parameter.default, parameter.kind)
            if parameter.kind == DECIMAL and node.kind == INT:
                node = lifted(node)
            span = matched[parameter.name].span if parameter.name in matched else tree.span
            fits, item = unify(parameter.kind, node.kind, item)
            if not fits:
                wanted = str(fill(parameter.kind, item)) if item else str(parameter.kind).replace(" of item", "")
                message = f"`{parameter.name}` of `{builtin.name}` must be {wanted}, and this is {node.kind}"
                self.report("V0203", message, span, conversion_hint(builtin, node.kind))
                return None
            if parameter.default is not REQUIRED and not isinstance(node, Constant):
                self.report("V0203", f"`{parameter.name}` has to be written out, as true or false", span)
                return None
            if parameter.kind == REGEX and builtin.needs_match and nullable(parse_pattern(str(_value(node)))):
                self.report("V0208", "this pattern can match the empty text, so that its matches are everywhere", span)
                return None
            arguments.append(node)
        return self._made(Call(builtin.name, tuple(arguments), fill(builtin.result, item)), tree.span)

    def _inline(self, define: syntax.Define, tree: syntax.Call, names: Names, depth: int, home: "Typer") -> Node | None:
        """A call of a `define` of the file that `home` types: its body with the formals standing for the arguments."""
        formals = {formal.name.name: type_of(formal.type) for formal in define.formals}
        signature = f"{define.name}({', '.join(f'{name}: {kind}' for name, kind in formals.items())})"
        matched = match_arguments(tree, [(name, REQUIRED) for name in formals], signature, self.report)
        nodes = {name: self.typed(value, names, depth) for name, value in (matched or {}).items()}
        if matched is None or any(node is None for node in nodes.values()):
            return None
        for name, node in nodes.items():
            if node is not None and node.kind != formals[name]:
                message = f"`{name}` of `{define.name}` must be {formals[name]}, and this is {node.kind}"
                self.report("V0203", message, matched[name].span)
                return None
        if define.name.name in self._open:
            circle = " -> ".join((*self._open, define.name.name))
            self.report("V0209", f"`{define.name}` is defined by itself: {circle}", tree.function.span)
            return None
        # Mistakes inside the body were reported where it is defined.
        opened = self.opened(define.name.name)
        quiet = replace(opened, defines=home.defines, modules=home.modules, diagnostics=[])
        body = quiet.typed(define.body, nodes, depth)
        for problem in quiet.diagnostics:
            if problem.code in ("V0104", "V0207", "V0209"):
                self.report(problem.code, problem.message, tree.span, problem.hint)
                return None
        return self._made(body, tree.span)


def _both(left: Node, right: Node | None) -> Node | None:
    return None if right is None else Call("and", (left, right), BOOL)


def _value(node: Node) -> object:
    return node.value if isinstance(node, Constant) else None
