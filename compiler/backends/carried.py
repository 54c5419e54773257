"""Definitions of our own modules copied out, each with all that it needs: what an emitted module is made of.

So a builtin stays defined in one place. Three things change on the way. Imports inside functions go to the top. A
pattern, which is only translated when it is first used, becomes a constant in Rust's dialect. And a constant that is
computed from what stays here becomes its value.
"""

import ast
import builtins
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from verif_dsl.compiler.backends.python_code import Brackets, Code, lay_out
from verif_dsl.compiler.builtins.markdown import patterns_of
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.patterns.pattern import to_rust

TRANSLATIONS = {"to_rust": to_rust, "patterns_of": patterns_of}
"""Calls that are replaced by what they give."""

OURS = "verif_dsl"
SHORT = 60
"""A pattern of at most this many characters stands where it is used; a longer one gets a name."""

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Outline:
    """What stands at the top level of a module, by name."""

    module: ModuleType
    lines: tuple[str, ...]
    definitions: dict[str, Definition]
    imports: dict[str, tuple[str, str | None]]
    """The module that a name comes from, and its name there; None for a module as a whole."""


@cache
def outline(module: str) -> Outline:
    """The outline of one of our modules."""
    loaded = importlib.import_module(module)
    source = inspect.getsource(loaded)
    definitions: dict[str, Definition] = {}
    imports: dict[str, tuple[str, str | None]] = {}
    for statement in _statements(ast.parse(source)):
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                definitions[name] = statement
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                definitions[name] = statement
            case ast.Import(names=names):
                imports |= {one.asname or one.name: (one.name, None) for one in names}
            case ast.ImportFrom(module=str(origin), names=names):
                imports |= {one.asname or one.name: (origin, one.name) for one in names}
    return Outline(loaded, tuple(source.splitlines()), definitions, imports)


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements at the top level, those under `if TYPE_CHECKING` among them."""
    for statement in tree.body:
        yield from statement.body if isinstance(statement, ast.If) else [statement]


@dataclass
class Carried:
    """Everything copied so far."""

    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    """Definitions by their module and line."""
    homes: dict[str, str] = field(default_factory=dict)
    """The module that each copied name comes from."""
    imports: set[str] = field(default_factory=set)
    patterns: dict[str, str] = field(default_factory=dict)
    """Named patterns, in Rust's dialect."""

    def add(self, module: str, name: str) -> None:
        """Copies what a module calls `name`, and what that needs."""
        found = outline(module)
        if name in found.imports:
            origin, original = found.imports[name]
            if origin.startswith(OURS) and original is not None:
                self.add(origin, original)
            elif origin != "typing" or original != "TYPE_CHECKING":
                self.import_(origin, original, name)
        elif name in found.definitions and self.homes.get(name) != module:
            if name in self.homes:
                raise VerifError(f"{module} and {self.homes[name]} both define `{name}`: one needs another name")
            self.homes[name] = module
            self._copy(found, found.definitions[name], name)
        elif name not in found.definitions and not hasattr(builtins, name):
            raise VerifError(f"{module} defines `{name}` in a way that cannot be written out as Python")

    def import_(self, module: str, name: str | None, alias: str) -> None:
        """Adds an import of a package, or of a name from one."""
        renamed = "" if alias in (module, name) else f" as {alias}"
        self.imports.add(f"import {module}{renamed}" if name is None else f"from {module} import {name}{renamed}")

    def _copy(self, found: Outline, definition: Definition, name: str) -> None:
        module = found.module.__name__
        if isinstance(definition, ast.Assign | ast.AnnAssign) and _computed_from_ours(found, definition):
            text = f"{name} = {_literal(getattr(found.module, name), name)}"
        else:
            text = self._text(found, definition)
            for needed in _names(definition):
                self.add(module, needed)
        self.texts[module, definition.lineno] = text

    def _text(self, found: Outline, definition: Definition) -> str:
        """The source of a definition, its translations replaced and without its imports of Polars."""
        decorators = getattr(definition, "decorator_list", [])
        first, last = min(one.lineno for one in (definition, *decorators)), definition.end_lineno or 0
        lines = [line.encode() for line in found.lines[first - 1 : last]]
        calls = [one for one in ast.walk(definition) if isinstance(one, ast.Call) and _is_translation(one)]
        # From the last to the first, so that places in the text stay what they are.
        for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset), reverse=True):
            at = call.lineno - first
            before, after = lines[at][: call.col_offset].decode(), lines[at][call.end_col_offset :].decode()
            start = before.lstrip()
            written = lay_out(start, self._translated(found.module, call), after, before.removesuffix(start))
            lines[at] = written.encode()
        text = "\n".join(line.decode() for line in lines)
        text = re.sub(r'(""")\n +import polars as pl\n', r"\1\n", text)
        text = re.sub(r"^ +import polars as pl\n\n?", "", text, flags=re.MULTILINE)
        return re.sub(r'(: |-> )"(pl\.\w+|tuple\[[\w., ]+\])"', r"\1\2", text)  # annotations need no quotes there

    def _translated(self, module: ModuleType, call: ast.Call) -> Code:
        argument = call.args[0]
        value = argument.value if isinstance(argument, ast.Constant) else getattr(module, ast.unparse(argument))
        found: Any = TRANSLATIONS[ast.unparse(call.func)](value)
        name = argument.id if isinstance(argument, ast.Name) else ""
        if isinstance(found, str):
            return self.pattern(found, name)
        return Brackets("(", tuple(map(self.pattern, found)), ")")

    def pattern(self, rust: str, name: str = "") -> str:
        """How code refers to a pattern: by its name where it is long, and otherwise as it is."""
        if len(rust) <= SHORT:
            return raw(rust)
        known = next((one for one, other in self.patterns.items() if other == rust), None)
        if known is None:
            known = name if name and name not in self.patterns else f"PATTERN_{len(self.patterns) + 1}"
            self.patterns[known] = rust
        return known

    def names(self) -> set[str]:
        """All names that stand at the top level of a module of these definitions."""
        imported = {line.rpartition(" ")[2] for line in self.imports}
        return {*self.homes, *self.patterns, *imported}

    def definitions(self) -> list[str]:
        """The copied texts; those of a module in its order, which is an order in which they can run."""
        if both := self.homes.keys() & self.patterns.keys():
            raise VerifError(f"`{min(both)}` is both a pattern and something else: one needs another name")
        return [text for _, text in sorted(self.texts.items())]


def text_literal(text: str) -> str:
    """A text as formatters write it: in double quotes, unless it has more of them than of the others.

    >>> print(text_literal('a'), text_literal('"'), text_literal("'\\"'"))
    "a" '"' "'\\"'"
    """
    written = repr(text)
    if written.startswith('"') or text.count('"') > text.count("'"):
        return written
    inside = written[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{inside}"'


def raw(pattern: str) -> str:
    """A pattern in Rust's dialect, in which everything but its own signs is escaped, as a Python literal."""
    return f'r"{pattern}"'


def _is_translation(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TRANSLATIONS


def _computed_from_ours(found: Outline, definition: Definition) -> bool:
    return any(found.imports.get(name, ("", None))[0].startswith(OURS) for name in _names(definition))


def _literal(value: Any, name: str) -> str:
    written = text_literal(value) if isinstance(value, str) else repr(value)
    try:
        if ast.literal_eval(written) == value:
            return written
    except (ValueError, SyntaxError):
        pass
    raise VerifError(f"`{name}` cannot be written out as Python")


def _names(definition: ast.AST) -> list[str]:
    """The names that a definition reads and does not bind itself, in order."""
    bound = set() if isinstance(definition, ast.Assign | ast.AnnAssign) else set(_bound(definition))
    return [name for name in dict.fromkeys(_read(definition)) if name not in bound]


def _bound(definition: ast.AST) -> Iterator[str]:
    """The names that mean something else inside a definition."""
    for node in ast.walk(definition):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.FunctionDef(name=name) if node is not definition:
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (one.asname or one.name for one in names)


def _read(node: ast.AST) -> Iterator[str]:
    """The names that are read, also in annotations in quotes, but not inside of what is translated."""
    if _is_translation(node):
        return
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            yield name
        case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
            yield from _quoted(annotation)
        case ast.FunctionDef(returns=ast.expr() as annotation):
            yield from _quoted(annotation)
    for child in ast.iter_child_nodes(node):
        yield from _read(child)


def _quoted(annotation: ast.AST) -> Iterator[str]:
    """The names in the quoted parts of an annotation."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="Literal")):
            return
        case ast.Constant(value=str(text)):
            yield from _read(ast.parse(text, mode="eval"))
    for child in ast.iter_child_nodes(annotation):
        yield from _quoted(child)
