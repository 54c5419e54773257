"""The catalogue: what each constraint of the standard library, or of a file, says, takes, tells and checks.

Everything comes from the compiled program and its text, nothing is written twice. `pages` makes Markdown of it.

>>> entry = find("length.word_range")
>>> entry.name, entry.constraint.doc
('length.word_range', 'A lower and an upper limit on the number of words, both allowed.')
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from verif_dsl.compiler import compile_source, syntax
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.comments import Comments, comments_of
from verif_dsl.compiler.diagnostics import SourceError, VerifError, nearest, suggestion
from verif_dsl.compiler.ir import Call, Value, walk
from verif_dsl.compiler.modules import STANDARD, ModuleError, find_module, read_source, standard_modules
from verif_dsl.compiler.overview import written_domain
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.program import Constraint, Param, Program
from verif_dsl.compiler.source import Source, Span
from verif_dsl.compiler.specs import build
from verif_dsl.compiler.told import Told, told

PORTS = frozenset(STANDARD + name for name in ("ifbench", "ifeval", "iftrain"))
"""The modules whose constraints instruct in the words of a benchmark, and decide as its code does."""

HEAD_COMMENT = re.compile(r"(?:(?:(?:vif|pack|import)\b[^\n]*|[ \t]*)\n)*((?:#[^\n]*\n)+)(?=[ \t]*(?:\n|$))")
NAMED = re.compile(r"^constraint (\w+)", re.MULTILINE)
"""Where a module, which is in the one style, begins a constraint; no two constraints of the library have one name."""


@dataclass(frozen=True)
class Module:
    """A compiled module or file."""

    program: Program

    @property
    def name(self) -> str:
        """How imports write a standard module; of a file, its path."""
        return self.program.source.name

    @property
    def short(self) -> str | None:
        """What its constraints are called after, where it is a standard module."""
        return self.name.removeprefix(STANDARD) if self.name.startswith(STANDARD) else None

    @property
    def version(self) -> str | None:
        return self.program.pack[1] if self.program.pack else None

    @property
    def is_port(self) -> bool:
        return self.name in PORTS

    @cached_property
    def entries(self) -> dict[str, "Entry"]:
        """Its constraints, by the names it gives them."""
        return {name: Entry(self, one) for name, one in self.program.constraints.items()}

    def entry(self, name: str) -> "Entry":
        """A constraint by its name here, imported ones included. Raises `VerifError` when there is none."""
        imported = {
            f"{alias}.{name}": entry
            for alias, module in self._imports.items()
            for name, entry in module.entries.items()
        }
        known = {**self.entries, **imported}
        if name not in known:
            hint = suggestion(name, known) or f"`vif list {self.short or self.name}` shows what it has"
            raise VerifError(f"{self.name} has no constraint `{name}` ({hint})")
        return known[name]

    @property
    def about(self) -> str:
        """The comment at the head of the file, if there is one with a blank line after it."""
        found = HEAD_COMMENT.match(self.program.source.text)
        return "\n".join(line[1:].removeprefix(" ") for line in found[1].splitlines()) if found else ""

    @property
    def summary(self) -> str:
        """The first paragraph of `about`."""
        return " ".join(self.about.partition("\n\n")[0].split())

    @property
    def definitions(self) -> list[str]:
        """The source of its definitions, and of those it uses of other files."""
        found: dict[tuple[str, str], str] = {}
        for tree in self._defines.values():
            found[self.name, tree.name.name] = self._with_comment(tree)
        self.follow(self.tree.items, found, self)
        return list(found.values())

    # ------------------------------------------------------------------------------------------------------ its source

    @cached_property
    def tree(self) -> syntax.File:
        return parse(self.program.source)

    @cached_property
    def trees(self) -> dict[str, syntax.Constraint]:
        return {one.name.name: one for one in self.tree.items if isinstance(one, syntax.Constraint)}

    @cached_property
    def _comments(self) -> Comments:
        return comments_of(self.program.source, self.tree)

    @cached_property
    def _defines(self) -> dict[str, syntax.Define]:
        return {one.name.name: one for one in self.tree.items if isinstance(one, syntax.Define)}

    @cached_property
    def _imports(self) -> dict[str, "Module"]:
        return {alias: Module(program) for alias, program in self.program.modules.items()}

    def text(self, span: Span) -> str:
        """A part of the source as it stands there, but for the indentation of its first line."""
        source = self.program.source
        first, *others = source.text[span.start : span.end].split("\n")
        column = source.position(span.start)[1]
        return "\n".join([first, *(re.sub(f"^ {{,{column - 1}}}", "", line) for line in others)])

    def follow(self, trees: object, found: dict[tuple[str, str], str], reader: "Module") -> None:
        """Adds the definitions that parts of this file call, directly or not; `reader` is the file that shows them."""
        for call in syntax.walk(trees):
            if isinstance(call, syntax.Call):
                name = call.function
                home = self._imports[name.module] if name.module else self
                tree = home._defines.get(name.name)
                if tree and (home.name, name.name) not in found:
                    origin = "" if home.name == reader.name else f"# of {home.name}\n"
                    found[home.name, name.name] = origin + home._with_comment(tree)
                    home.follow(tree, found, reader)

    def _with_comment(self, tree: syntax.Define) -> str:
        """A definition and the comment right above it."""
        lines: list[str] = []
        for comment in self._comments.above.get(tree.span.start, ()):
            lines = [] if comment.before_blank else [*lines, comment.text]
        return "\n".join([*lines, self.text(tree.span)])


@dataclass(frozen=True)
class Entry:
    """One constraint of a module."""

    module: Module
    constraint: Constraint

    @property
    def tree(self) -> syntax.Constraint:
        return self.module.trees[self.constraint.name]

    @property
    def name(self) -> str:
        """What whoever uses it calls it: with its module, where that is a standard one."""
        return f"{self.module.short}.{self.constraint.name}" if self.module.short else self.constraint.name

    @property
    def summary(self) -> str:
        """What it is, on one line: its `doc`, else the first thing it tells."""
        return " ".join((self.constraint.doc or (self.told[0].text if self.told else None) or "").split())

    @cached_property
    def told(self) -> list[Told]:
        return told(self.constraint)

    @property
    def decision(self) -> str:
        """The source of its `check` or `judge`, with the `given` and `let` clauses."""
        return self._source(syntax.Given, syntax.Let, syntax.Check, syntax.Judge)

    @property
    def feedback(self) -> str:
        return self._source(syntax.Feedback)

    @property
    def examples(self) -> str:
        return self._source(syntax.Example)

    def _source(self, *kinds: type) -> str:
        return "\n".join(self.module.text(one.span) for one in self.tree.clauses if isinstance(one, kinds))

    def when(self, one: Told) -> str | None:
        """The source of the condition under which something is told."""
        clauses = (clause for clause in self.tree.clauses if isinstance(clause, syntax.Instruct))
        tree = next(clause for clause in clauses if clause.span == one.instruction.span)
        return self.module.text(tree.when.span) if tree.when else None

    @property
    def definitions(self) -> list[str]:
        """The source of the definitions that it uses."""
        found: dict[tuple[str, str], str] = {}
        self.module.follow(self.tree.clauses, found, self.module)
        return list(found.values())

    @property
    def data(self) -> list[str]:
        """The functions it uses that read data which has to be installed; without that its verdicts are unknown."""
        nodes = walk(self.constraint.check) if self.constraint.check else ()
        called = dict.fromkeys(one.builtin for one in nodes if isinstance(one, Call))
        return [name for name in called if BUILTINS[name].lacking]

    def to_dict(self) -> dict[str, object]:
        """The entry as plain data, for `--json`."""
        one, judge = self.constraint, self.constraint.judge
        instructions = [
            {"text": each.text, "with": plain(each.arguments), "when": self.when(each), "lang": each.instruction.lang}
            for each in self.told
        ]
        examples = [
            {
                "accepts": each.accepts,
                "response": each.response,
                "with": plain(each.arguments),
                "given": dict(each.given),
                "score": each.score,
                "because": each.because,
            }
            for each in one.examples
        ]
        return {
            "name": self.name,
            "module": self.module.name,
            "version": one.version,
            "kind": one.kind,
            "port": self.module.is_port,
            "doc": one.doc,
            "tags": list(one.tags),
            "deprecated": one.deprecated,
            "use_instead": one.replacement,
            "parameters": list(map(_parameter, one.parameters)),
            "requires": [text for _, text in one.requires],
            "reads": [str(given) for given in one.givens],
            "instructions": instructions,
            "decision": self.decision,
            "judge": {"scale": [judge.low, judge.high], "pass": judge.pass_at} if judge else None,
            "definitions": self.definitions,
            "feedback": self.feedback or None,
            "examples": examples,
            "cost": one.cost,
            "data": self.data,
        }


def _parameter(parameter: Param) -> dict[str, object]:
    sample: dict[str, object] | None = {"values": plain(parameter.pool)} if parameter.pool else None
    if parameter.sample is not None:
        sample = {"low": plain(parameter.sample[0]), "high": plain(parameter.sample[1])}
    return {
        "name": parameter.name,
        "type": written_domain(parameter.domain),
        "required": parameter.default is None,
        "default": plain(parameter.default),
        "sample": sample,
    }


def plain(value: Value | Mapping[str, Value] | None) -> object:
    """A value as JSON has it, which a row of data may give back as an argument."""
    match value:
        case Mapping():
            return {name: plain(one) for name, one in value.items()}
        case tuple():
            return list(map(plain, value))
        case Fraction():
            return int(value) if value.denominator == 1 else float(value)
    return value


# ------------------------------------------------------------------------------------------------------------- finding


def standard_library() -> list[Module]:
    """Every standard module."""
    paths = standard_modules()
    # As imports of one text, for which a module that others import is compiled once.
    text = "".join(f'import "{path}" as m{index}\n' for index, path in enumerate(paths))
    program = _built(Source("<library>", text))
    return [Module(program.modules[f"m{index}"]) for index in range(len(paths))]


def standard_module(name: str) -> Module:
    """A standard module, by `length` or `std/length`. Raises `VerifError` when there is none."""
    short = name.removeprefix(STANDARD)
    try:
        return Module(_built(find_module(STANDARD + short, None)))
    except ModuleError:
        close = nearest(short, (one.removeprefix(STANDARD) for one in standard_modules()))
        hint = f"did you mean `{close}`?" if close else "`vif list` shows them all; a file's name ends in .vif"
        raise VerifError(f"there is no module `{name}` ({hint})") from None


def _built(source: Source) -> Program:
    """The program without a run of its examples: those of the library are run by its tests."""
    program, diagnostics = build(source)
    if errors := [one for one in diagnostics if one.severity == "error"]:
        raise SourceError(source, errors)
    return program


def module_of_file(path: Path) -> Module:
    """A user's file. Raises `VerifError` when it cannot be read or does not compile."""
    return Module(compile_source(read_source(path)))


def find(name: str) -> Module | Entry:
    """What the standard library calls so: a module (`length`) or a constraint.

    Of a constraint it can be `length.word_range`, `word_range`, or the id of a benchmark that it ports, such as
    `keywords:existence`. Raises `VerifError`, with what was probably meant, when there is none.
    """
    short = name.removeprefix(STANDARD)
    if STANDARD + short in standard_modules():
        return standard_module(short)
    owner, dot, constraint = short.partition(".")
    if dot:
        return standard_module(owner).entry(constraint)
    # By their texts: to compile them all takes seconds.
    homes = {name: path for path in standard_modules() for name in NAMED.findall(find_module(path, None).text)}
    wanted = re.sub("[:-]", "_", short)
    if wanted in homes:
        return standard_module(homes[wanted]).entry(wanted)
    names = {name: f"{path.removeprefix(STANDARD)}.{name}" for name, path in homes.items()}
    names |= {one.removeprefix(STANDARD): one.removeprefix(STANDARD) for one in standard_modules()}
    close = nearest(wanted, names)
    hint = f"did you mean `{names[close]}`?" if close else "`vif list` shows what there is; a file's name ends in .vif"
    raise VerifError(f"the standard library has no `{name}` ({hint})")
