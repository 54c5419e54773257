"""Types for calls: of builtins, of definitions, of definitions of imported files."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from verif_dsl.compiler import syntax
from verif_dsl.compiler.builtins import BUILTINS, OPERATOR_NAMES, REQUIRED, Builtin, Parameter
from verif_dsl.compiler.calls import FOREIGN_FUNCTIONS, QUANTITIES, conversion_hint, match_arguments, type_of
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.compiler.ir import Call, Constant, Node
from verif_dsl.compiler.kinds import DECIMAL, REGEX, Kind, fill, unify
from verif_dsl.compiler.operators import lifted
from verif_dsl.compiler.patterns.pattern import nullable, parse_pattern
from verif_dsl.compiler.patterns.rescans import rescans
from verif_dsl.compiler.source import Span

if TYPE_CHECKING:
    from verif_dsl.compiler.expressions import Names, Typer


def call(typer: "Typer", tree: syntax.Call, names: "Names", depth: int) -> Node | None:
    """The IR of a call, or None when something in it is wrong (which is reported)."""
    name = tree.function.name
    if tree.function.module:
        return _imported(typer, tree, names, depth)
    if name in typer.defines:
        return _inline(typer, typer.defines[name], tree, names, depth, typer)
    if name in BUILTINS and name not in OPERATOR_NAMES:
        return _builtin(typer, BUILTINS[name], tree, names, depth)
    for argument in tree.arguments:
        typer.typed(argument.value, names, depth)
    if name in QUANTITIES:
        instead = ", or occurrences(x, part)" if name == "count" else ""
        hint = f"write {name}(condition for x in list){instead}"
        typer.report("V0202", f"`{name}` needs a `for`", tree.function.span, hint)
        return None
    known = [*typer.defines, *(one for one in BUILTINS if one not in OPERATOR_NAMES), *QUANTITIES]
    foreign = FOREIGN_FUNCTIONS.get(name)
    close = f"write {foreign}" if foreign else suggestion(name, known)
    typer.report("V0201", f"there is no function `{name}`", tree.function.span, close)
    return None


def _imported(typer: "Typer", tree: syntax.Call, names: "Names", depth: int) -> Node | None:
    """A call of `module.name`, which people also write who expect methods."""
    module, name = tree.function.module or "", tree.function.name
    home = typer.modules.get(module)
    if module in typer.modules and home is None:
        return None
    if home is not None and name in home.defines:
        return _inline(typer, home.defines[name], tree, names, depth, home)
    if home is not None:
        hint = suggestion(name, home.defines)
        typer.report("V0201", f"`{module}` defines no function `{name}`", tree.function.span, hint)
    elif module in names:
        own = f"{name}({module}, ...)" if tree.arguments else f"{name}({module})"
        written = re.sub(r"\bxs?\b", module, FOREIGN_FUNCTIONS[name]) if name in FOREIGN_FUNCTIONS else own
        typer.report("V0201", "values have no methods", tree.function.span, f"write {written}")
    else:
        hint = suggestion(module, typer.modules) or f'add import "..." as {module}'
        typer.report("V0201", f"nothing is imported as `{module}`", tree.function.span, hint)
    return None


def _builtin(typer: "Typer", builtin: Builtin, tree: syntax.Call, names: "Names", depth: int) -> Node | None:
    matched = match_arguments(tree, [(one.name, one.default) for one in builtin.parameters], str(builtin), typer.report)
    typed = {name: typer.typed(value, names, depth) for name, value in (matched or {}).items()}
    if matched is None or any(node is None for node in typed.values()):
        return None
    arguments: list[Node] = []
    item: Kind | None = None
    # Where a decimal stands for the items, whole numbers beside it are decimals, too.
    decimals = any(DECIMAL in (node.kind, *node.kind.parts) for node in typed.values() if node)
    for parameter in builtin.parameters:
        node = typed.get(parameter.name) or Constant(parameter.default, parameter.kind)
        node = lifted(node, fill(parameter.kind, DECIMAL) if decimals else parameter.kind)
        span = matched[parameter.name].span if parameter.name in matched else tree.span
        fits, item = unify(parameter.kind, node.kind, item)
        if not fits:
            wanted = str(fill(parameter.kind, item)) if item else str(parameter.kind).replace(" of item", "")
            message = f"`{parameter.name}` of `{builtin.name}` must be {wanted}, and this is {node.kind}"
            typer.report("V0203", message, span, conversion_hint(parameter.kind, node.kind))
            return None
        if parameter.default is not REQUIRED and not isinstance(node, Constant):
            typer.report("V0203", f"`{parameter.name}` has to be written out, as true or false", span)
            return None
        if parameter.unfit is not None and not _fits(typer, parameter, builtin, node, span):
            return None
        if parameter.kind == REGEX and builtin.needs_match and not _finds_all(typer, node, span):
            return None
        arguments.append(node)
    wanted_kinds = [fill(parameter.kind, item) for parameter in builtin.parameters]
    settled = tuple(map(typer.settled, arguments, wanted_kinds))
    return typer.made(Call(builtin.name, settled, fill(builtin.result, item)), tree.span)


def _fits(typer: "Typer", parameter: Parameter, builtin: Builtin, node: Node, span: Span) -> bool:
    """Whether an argument is written out, and of those that the parameter takes; where not, that is reported."""
    if not isinstance(node, Constant):
        message = f"`{parameter.name}` of `{builtin.name}` has to be written out"
        typer.report("V0203", message, span, "write the text here, or give it a name with let")
        return False
    if problem := parameter.unfit and parameter.unfit(node.value):
        typer.report("V0218", problem, span)
        return False
    return True


def _finds_all(typer: "Typer", pattern: Node, span: Span) -> bool:
    """Whether all matches of a pattern can be found, in linear time; where not, that is reported."""
    assert isinstance(pattern, Constant)
    written = str(pattern.value)
    if nullable(parse_pattern(written)):
        typer.report("V0208", "this pattern can match the empty text, so that its matches are everywhere", span)
        return False
    if rescans(written):
        message = "to find all matches of this pattern, the text has to be read again for each of them"
        hint = "let nothing go on where another alternative matches: a*b|a on a text of a's looks for each b in vain"
        typer.report("V0208", message, span, hint)
        return False
    return True


def _inline(
    typer: "Typer", define: syntax.Define, tree: syntax.Call, names: "Names", depth: int, home: "Typer"
) -> Node | None:
    """A call of a `define` of the file that `home` types: its body with the formals standing for the arguments."""
    formals = {formal.name.name: type_of(formal.type) for formal in define.formals}
    signature = f"{define.name}({', '.join(f'{name}: {kind}' for name, kind in formals.items())})"
    matched = match_arguments(tree, [(name, REQUIRED) for name in formals], signature, typer.report)
    nodes = {name: typer.typed(value, names, depth) for name, value in (matched or {}).items()}
    if matched is None or any(node is None for node in nodes.values()):
        return None
    for name, node in nodes.items():
        assert node is not None
        nodes[name] = typer.fitted(node, formals[name], matched[name].span, f"`{name}` of `{define.name}`")
        if nodes[name] is None:
            return None
    if define.name.name in typer.open:
        circle = " -> ".join((*typer.open, define.name.name))
        typer.report("V0209", f"`{define.name}` is defined by itself: {circle}", tree.function.span)
        return None
    opened = typer.opened(define.name.name)
    quiet = replace(opened, defines=home.defines, modules=home.modules, diagnostics=[])
    body = quiet.typed(define.body, nodes, depth)
    reported = {(one.code, one.span) for one in home.diagnostics}
    for problem in quiet.diagnostics:
        # What is wrong whatever the arguments was reported where it is defined; the rest comes of these arguments.
        if (problem.code, problem.span) not in reported:
            typer.report(problem.code, f"in `{define.name}`: {problem.message}", tree.span, problem.hint)
            return None
    return None if body is None else typer.made(lifted(body, type_of(define.result)), tree.span)
