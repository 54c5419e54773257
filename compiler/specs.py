"""Types for a whole file: definitions, constraints, specs. `build(source)` is the front end from text to program."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from verif_dsl.compiler import syntax
from verif_dsl.compiler.binding import BindError, bind
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.calls import QUANTITIES, is_narrowed, type_of
from verif_dsl.compiler.declarations import ConstraintBuilder
from verif_dsl.compiler.diagnostics import Diagnostic, Note, SourceError, suggestion
from verif_dsl.compiler.domains import literal, span_of
from verif_dsl.compiler.examples import run_all_examples
from verif_dsl.compiler.expressions import Typer
from verif_dsl.compiler.ir import Argument, Node
from verif_dsl.compiler.lints import lint_imports
from verif_dsl.compiler.modules import (
    MOST_MODULES,
    STANDARD,
    ModuleError,
    Pin,
    check_pin,
    check_version,
    circle,
    find_module,
    pin_of,
    read_lock,
    read_source,
)
from verif_dsl.compiler.parser import parse, parse_within
from verif_dsl.compiler.program import Constraint, Example, Program, Spec, Use
from verif_dsl.compiler.rewards import GROUPS, Reward, RewardError, build_reward, groups
from verif_dsl.compiler.source import Source, Span
from verif_dsl.compiler.spec_examples import spec_examples

EDITION = "1"
BUILT_IN = frozenset(BUILTINS) | frozenset(QUANTITIES)
"""Names of functions that no definition can have."""

DEEPEST_IMPORTS = 20
IN_A_ROW = "of_a_row"
"""What the spec is called whose clauses stand in a row of data."""


@dataclass
class _Reading:
    """What reading a program has come across: the files being read, outside in, those done, and the lock."""

    folder: Path | None
    lock: Mapping[str, Pin] | None
    being_read: list[str] = field(default_factory=list)
    done: dict[str, tuple[Program, Typer]] = field(default_factory=dict)
    pins: dict[str, Pin] = field(default_factory=dict)


def build(source: Source) -> tuple[Program, tuple[Diagnostic, ...]]:
    """The typed program of a source with everything found wrong; unusable when an error is among the diagnostics.

    Raises `SourceError` when the text does not parse, and `VerifError` for a lock that is not one.
    """
    reading = _Reading(source.folder, read_lock(source.folder))
    program, typer = _build(source, reading)
    return replace(program, pins=reading.pins), tuple(sorted(typer.diagnostics, key=lambda one: one.span))


def pins_of(path: Path) -> dict[str, Pin]:
    """What a .vif file imports as it is now, whatever a lock says. Raises `VerifError` when it does not compile."""
    source = read_source(path)
    reading = _Reading(source.folder, None)
    _, typer = _build(source, reading)
    if errors := [one for one in typer.diagnostics if one.severity == "error"]:
        raise SourceError(source, errors)
    return reading.pins


def _build(source: Source, reading: _Reading) -> tuple[Program, Typer]:
    file = parse(source)
    typer = Typer(defines=_defines(file))
    modules = _modules(file, typer, reading)
    broken = {tree.alias.name for tree in file.imports} - set(modules)
    typer = replace(typer, modules={**dict.fromkeys(broken), **{alias: one[1] for alias, one in modules.items()}})
    _headers(file, typer)
    _names(file, typer)
    _check_defines(typer)
    constraints: dict[str, Constraint] = {}
    failed: set[str] = set()
    for item in file.items:
        if isinstance(item, syntax.Constraint):
            built = ConstraintBuilder(item, typer, source).build()
            if built:
                constraints[built.name] = built
            else:
                failed.add(item.name.name)
    lint_imports([tree for tree in file.imports if tree.alias.name in modules], file, typer.warn)
    trees = [item for item in file.items if isinstance(item, syntax.Spec)]
    imported = Program(source, modules={alias: module[0] for alias, module in modules.items()}).known()
    known = {**constraints, **imported}
    for item in file.items:
        if isinstance(item, syntax.Constraint):
            for clause in item.clauses:
                if isinstance(clause, syntax.Deprecated) and clause.replacement:
                    _exists(clause.replacement, typer, known, failed)
    specs = {tree.name.name: _spec(tree, typer, known, failed) for tree in trees}
    pack = (file.pack[0].value, file.pack[1].value if file.pack[1] else None) if file.pack else None
    programs = {alias: module[0] for alias, module in modules.items()}
    return Program(source, pack, constraints, specs, programs), typer


def _defines(file: syntax.File) -> dict[str, syntax.Define]:
    found = {item.name.name: item for item in file.items if isinstance(item, syntax.Define)}
    return {name: item for name, item in found.items() if name not in BUILT_IN}


def _headers(file: syntax.File, typer: Typer) -> None:
    if file.edition and file.edition.text != EDITION:
        message = f"this compiler knows edition {EDITION} of the language, not {file.edition.text}"
        typer.report("V0105", message, file.edition.span, f"write vif {EDITION}")


def _modules(file: syntax.File, typer: Typer, reading: _Reading) -> dict[str, tuple[Program, Typer]]:
    """The imported files by the names they are given; what is wrong with an import is reported at its place."""
    modules: dict[str, tuple[Program, Typer]] = {}
    for tree in file.imports:
        if tree.alias.name in modules:
            typer.report("V0204", f"`{tree.alias}` is the name of two imports", tree.alias.span, "choose another name")
            continue
        try:
            modules[tree.alias.name] = _module(tree.path.value, tree.version.value if tree.version else None, reading)
        except ModuleError as error:
            typer.report(error.code, error.message, tree.path.span, error.hint)
    return modules


def _module(path: str, version: str | None, reading: _Reading) -> tuple[Program, Typer]:
    if around := circle(path, reading.being_read):
        raise ModuleError("V0213", f"this import goes in a circle: {around}", "move what both need into a third file")
    if path not in reading.done:
        if len(reading.done) + len(reading.being_read) >= MOST_MODULES:
            raise ModuleError("V0104", f"a program has at most {MOST_MODULES} files")
        if len(reading.being_read) >= DEEPEST_IMPORTS:
            raise ModuleError("V0104", f"imports go at most {DEEPEST_IMPORTS} files deep")
        source = find_module(path, reading.folder)
        reading.being_read.append(path)
        try:
            program, typer = _build(source, reading)
        except SourceError as error:
            raise _module_error(path, source, error.diagnostics[0]) from None
        finally:
            reading.being_read.pop()
        pin = pin_of(source, program.pack[1] if program.pack else None)
        check_pin(path, pin, reading.lock)
        found = [one for one in typer.diagnostics if one.severity == "error"]
        if not found and not path.startswith(STANDARD):  # the tests of the standard library hold its examples to it
            found = [result.diagnostic for result in run_all_examples(program) if result.diagnostic]
        if found:
            raise _module_error(path, source, found[0])
        reading.pins[path] = pin
        reading.done[path] = program, typer
    check_version(path, version, reading.pins[path].version)
    return reading.done[path]


def _module_error(path: str, source: Source, first: Diagnostic) -> ModuleError:
    """An import whose file has an error, which is told with its place there."""
    if first.code == "V0213":
        return ModuleError(first.code, first.message, first.hint)
    line, column = source.position(first.span.start)
    message = f'"{path}" has an error at {source.name}:{line}:{column}: {first.message} ({first.code})'
    return ModuleError("V0215", message, first.hint)


def _names(file: syntax.File, typer: Typer) -> None:
    """Constraints, specs and definitions share one set of names."""
    seen: dict[str, Span] = {}
    for item in file.items:
        if item.name.name in seen:
            first = Note("it is defined here first", seen[item.name.name])
            message, hint = f"`{item.name}` is defined twice", "give one of them another name"
            typer.report("V0204", message, item.name.span, hint, (first,))
        elif isinstance(item, syntax.Define) and item.name.name in BUILT_IN:
            typer.report("V0204", f"`{item.name}` is built in", item.name.span, "choose another name")
        seen.setdefault(item.name.name, item.name.span)


def _check_defines(typer: Typer) -> None:
    """Types each definition where it stands, so that its mistakes are reported there and not where it is called."""
    for tree in typer.defines.values():
        for one in (*(formal.type for formal in tree.formals), tree.result):
            if is_narrowed(one):
                message = "the types of a definition have no ranges, patterns or choices"
                typer.report("V0203", message, one.span, f"write {type_of(one)}")
        names: dict[str, Node | None] = {}
        for formal in tree.formals:
            if formal.name.name in names:
                typer.report("V0204", f"`{formal.name}` stands twice in `{tree.name}`", formal.name.span)
            names[formal.name.name] = Argument(formal.name.name, type_of(formal.type))
        typer.opened(tree.name.name).expect(tree.body, type_of(tree.result), names, f"the body of `{tree.name}`")


def spec_of(text: str, program: Program) -> Spec:
    """The spec whose clauses a text holds, such as `use word_range(min = 2) use no_commas()`.

    `program` has the constraints that it uses. Raises `SourceError` for a mistake, at its place in the text.
    """
    source, file = parse_within("<constraints>", f"spec {IN_A_ROW} {{ ", text)
    typer = Typer()
    match file.items:
        case (syntax.Spec() as tree,):
            for one in tree.clauses:
                if isinstance(one, syntax.Example):
                    typer.report("V0206", "a row has no examples", one.span, "examples stand in a spec of the file")
            spec = _spec(tree, typer, program.known(), set())
        case _:
            raise SourceError(source, [Diagnostic("V0101", "this is more than the clauses of a spec", Span(0, 0))])
    if errors := [one for one in typer.diagnostics if one.severity == "error"]:
        raise SourceError(source, errors)
    return spec


def _spec(tree: syntax.Spec, typer: Typer, constraints: Mapping[str, Constraint], failed: set[str]) -> Spec:
    uses: list[Use] = []
    used: dict[str, Span] = {}
    reward: Reward | None = None
    clauses = tree.clauses
    for clause in clauses:
        match clause:
            case syntax.Use():
                use = _use(clause, typer, constraints, failed)
                if use and use.name in GROUPS:
                    message = f"`{use.name}` is the name of a group in rewards"
                    typer.report("V0204", message, clause.span, "give it another name: `as other_name`")
                elif use and use.name in used:
                    message, first = f"`{use.name}` stands twice in this spec", Note("here first", used[use.name])
                    hint = "give one of them a name of its own: `as other_name`"
                    typer.report("V0204", message, clause.span, hint, (first,))
                elif use:
                    uses.append(use)
                    used[use.name] = clause.span
            case syntax.Reward(span=span):
                if reward is not None:
                    typer.report("V0206", "a spec has one `reward`", span)
                reward = _reward(clause, tree, typer)
    if not any(isinstance(clause, syntax.Use) for clause in clauses):
        typer.report("V0206", f"`{tree.name}` uses no constraint", tree.name.span, "add use name(...)")
    docs = [one for one in clauses if isinstance(one, syntax.Doc)]
    for again in docs[1:]:
        typer.report("V0206", "`doc` is given twice", again.span)
    doc = docs[0].text.value if docs else None
    tags = tuple(tag.value for one in clauses if isinstance(one, syntax.Tags) for tag in one.tags)
    examples: tuple[Example, ...] = ()
    if len(uses) == sum(isinstance(one, syntax.Use) for one in clauses):  # all of its uses are known
        trees = [one for one in clauses if isinstance(one, syntax.Example)]
        examples = tuple(spec_examples(trees, uses, constraints, typer.report))
    return Spec(tree.name.name, tree.version, doc, tags, tuple(uses), reward, examples, tree.name.span)


def _exists(tree: syntax.Name, typer: Typer, constraints: Mapping[str, Constraint], failed: set[str]) -> bool:
    """Whether there is such a constraint; where there is none, that is reported."""
    name = str(tree)
    broken = tree.module in typer.modules and typer.modules[tree.module or ""] is None
    if name not in constraints and name not in failed and not broken:  # their own errors say enough
        hint = suggestion(name, [*constraints, *failed])
        typer.report("V0201", f"there is no constraint `{name}`", tree.span, hint)
    return name in constraints


def _use(tree: syntax.Use, typer: Typer, constraints: Mapping[str, Constraint], failed: set[str]) -> Use | None:
    name = str(tree.constraint)
    if not _exists(tree.constraint, typer, constraints, failed):
        return None
    constraint = constraints[name]
    if constraint.deprecated:
        module = f"{tree.constraint.module}." if tree.constraint.module else ""
        hint = f"use {module}{constraint.replacement}" if constraint.replacement else None
        typer.warn("V0210", f"`{name}` is deprecated: {constraint.deprecated}", tree.constraint.span, hint)
    given = {}
    for one in tree.arguments:
        if one.name.name in given:
            typer.report("V0202", f"`{one.name}` is given twice", one.span)
        given[one.name.name] = literal(one.value)
    try:
        arguments = bind(constraint, given)
    except BindError as error:
        typer.report("V0501", error.message, span_of(tree.arguments, error.argument, tree.span), error.hint)
        return None
    weight = float(tree.weight.text) if tree.weight else 1.0
    if weight == 0 and tree.weight:
        typer.report("V0205", "a weight of 0 leaves the constraint out", tree.weight.span, "remove the `use`")
    return Use(name, arguments, weight, tree.alias.name if tree.alias else tree.constraint.name, tree.span)


def _reward(clause: syntax.Reward, tree: syntax.Spec, typer: Typer) -> Reward | None:
    try:
        reward = build_reward(clause.expression)
    except RewardError as error:
        typer.diagnostics.append(error.diagnostic)
        return None
    names = set(GROUPS)
    names.update((one.alias or one.constraint).name for one in tree.clauses if isinstance(one, syntax.Use))
    for name in sorted(groups(reward) - names):
        typer.report("V0201", f"there is nothing called `{name}` in this spec", clause.span, suggestion(name, names))
    return reward
