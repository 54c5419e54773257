"""What compiles and is probably not meant: warnings about a constraint whose parts do not fit together.

A name that nothing uses is left over or misspelt; a parameter that the check reads and the instruction does not tell is
one that the model cannot know, and one that is told and not checked promises what nobody holds it to.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from verif_dsl.compiler import syntax
from verif_dsl.compiler.ir import Argument, Node, walk
from verif_dsl.compiler.program import Constraint
from verif_dsl.compiler.source import Span
from verif_dsl.compiler.templates import TemplateError, parse_template


class Warn(Protocol):
    """How a warning is told: its code, a sentence, its place, and how to mend it."""

    def __call__(self, code: str, message: str, span: Span, hint: str | None = None) -> None: ...


def lint_constraint(tree: syntax.Constraint, constraint: Constraint, warn: Warn) -> None:
    """Warns about unused names of a constraint that compiles, and about parameters told or checked only."""
    used = set(_used_names(tree))
    shown = _arguments(*(node for one in constraint.instructions for node in one.holes.values()))
    told = shown | _arguments(*(one.when for one in constraint.instructions))
    judged = tuple(constraint.judge.holes.values()) if constraint.judge else ()
    decided = _arguments(constraint.check, *judged)
    for clause in tree.clauses:
        match clause:
            case syntax.Param(name=name) if name.name not in used:
                warn("V0217", f"nothing uses `{name}`", name.span, "remove it")
            case syntax.Param(name=name) if name.name in decided and name.name not in told:
                hint = f"show it in an instruct: {{{name}}}"
                warn("V0303", f"the verdict depends on `{name}`, and no instruct tells it", name.span, hint)
            case syntax.Param(name=name) if name.name in shown and name.name not in decided:
                warn("V0303", f"an instruct shows `{name}`, and the verdict does not depend on it", name.span)
            case syntax.Let(name) | syntax.Given(name) if name.name not in used:
                warn("V0217", f"nothing uses `{name}`", name.span, "remove it")


def lint_imports(imports: Sequence[syntax.Import], file: syntax.File, warn: Warn) -> None:
    """Warns about those imports that nothing of the file uses."""
    used = {one.module for one in syntax.walk(file.items) if isinstance(one, syntax.Name)} if imports else set()
    for tree in imports:
        if tree.alias.name not in used:
            warn("V0217", f"nothing uses `{tree.alias}`", tree.alias.span, "remove the import")


def _arguments(*nodes: Node | None) -> set[str]:
    """The parameters that some expressions read."""
    return {one.name for node in nodes if node is not None for one in walk(node) if isinstance(one, Argument)}


def _used_names(tree: syntax.Constraint) -> Iterator[str]:
    """Every name that a clause reads, in its expressions, its types or the holes of its texts."""
    for clause in tree.clauses:
        for one in _parts(clause):
            match one:
                case syntax.Name(name, module=None):
                    yield name
                case syntax.Text(value):
                    yield from _holes(value)


def _parts(clause: object) -> Iterator[object]:
    """What a clause says, without the name that it defines."""
    match clause:
        case syntax.Param(type=type_, default=default, sample=sample):
            yield from _nodes((type_, default, sample))
        case syntax.Let(value=value):
            yield from _nodes(value)
        case syntax.Given() | syntax.Example():
            return
        case _:
            yield from _nodes(clause)


def _nodes(node: object) -> Iterator[object]:
    """A syntax tree's nodes; of a call, the arguments."""
    match node:
        case tuple():
            for one in node:
                yield from _nodes(one)
        case syntax.Call(arguments=parts):
            yield from _nodes(parts)
        case syntax.Quantified(body=body, source=source, condition=condition):
            yield from _nodes((body, source, condition))
        case _ if hasattr(node, "__dataclass_fields__"):
            yield node
            for field in node.__dataclass_fields__:
                yield from _nodes(getattr(node, field))


def _holes(text: str) -> Iterator[str]:
    try:
        yield from (hole.name for hole in parse_template(text).holes)
    except TemplateError:  # a text in another language, or one that is no template
        yield from (part.partition("}")[0].partition(":")[0] for part in text.split("{")[1:])
