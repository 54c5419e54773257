"""A compiled file as one Python module that needs Polars only, and gives the verdicts that this package gives.

First come the functions that people call, one a constraint and one a spec; then their checks, written out from the
same steps that `columns` carries out; then what those use of ours, copied (see `carried`); last the long patterns.
"""

import ast
import builtins
import keyword
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePath

from verif_dsl.compiler.artefact import meaning_hash
from verif_dsl.compiler.backends.pattern_constants import pattern_constants
from verif_dsl.compiler.backends.python_code import STEP, WIDTH, Brackets, Code, Named, call, flat, lay_out
from verif_dsl.compiler.backends.written import Writer, value
from verif_dsl.compiler.conversation import Given
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT
from verif_dsl.compiler.patterns.charset import unicode_version
from verif_dsl.compiler.patterns.pattern import to_rust
from verif_dsl.compiler.program import Bound, Constraint, Domain, Program, Spec
from verif_dsl.compiler.rewards import DEFAULT, Aggregate, Gate, Group, Number, Product, Reward, Sum, parse_reward
from verif_dsl.compiler.templates import Template
from verif_dsl.compiler.values import written

STANDALONE = "verif_dsl.compiler.backends.standalone"
REWARDS = "verif_dsl.compiler.rewards"
NEEDED = {
    "all_classified": "py3langid 0.4.0",
    "languages_of": "langdetect 1.0.9 with NumPy",
    "punkt_tables": "NLTK's punkt tables",
}
"""What builtins need besides Polars, by a function that they bring along."""

PARAMETERS = ("responses", "prompts", "columns", "verdicts")
"""Names that the functions use themselves."""


def emitted(program: Program, version: str) -> str:
    """The module for a file, with the constraints that its specs use of others; `version` is that of this package.

    Raises `VerifError` for what cannot be written out.
    """
    used = {use.constraint for spec in program.specs.values() for use in spec.uses}
    constraints = {name: one for name, one in program.known().items() if name in program.constraints or name in used}
    # Once to see what is copied, and again with other names for what would bear the same.
    draft, module = _Module(), _Module()
    draft.write(constraints, program.specs.values())
    module.taken |= draft.writer.carried.names()
    functions = module.write(constraints, program.specs.values())
    carried = module.writer.carried.names()
    needs = ", ".join(["Polars", *(needed for name, needed in NEEDED.items() if name in carried)])
    text = module.text(_docstring(program, constraints, version, needs), functions)
    try:
        ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError):  # what Python says of brackets in brackets in brackets
        raise VerifError("a check is nested too deeply to be written out as Python") from None
    return text


def _docstring(program: Program, constraints: Mapping[str, Constraint], version: str, needs: str) -> str:
    source = _plain(PurePath(program.source.name).name)
    hashes = [f"{name}: {meaning_hash(one)}" for name, one in constraints.items()]
    lines = [
        f'"""The constraints of {source} as Python functions, with the verdicts of verif-dsl.',
        "",
        f"Do not edit: made by vif emit --python (verif-dsl {version}, Unicode {unicode_version()}). It needs {needs}.",
        "",
        "A function takes responses, and for each of its arguments one value for all or a list of one for each;",
        'it returns "pass", "fail" or "unknown" for each response. The function of a spec returns the verdicts of each',
        "of its constraints, and the rewards, None where an unknown verdict leaves one open. Wrong arguments are a",
        "ValueError. What the constraints mean, by SHA-256:",
        "",
        *(f"{STEP}{_plain(line)}" for line in hashes),
        '"""',
    ]
    return "\n".join(lines)


@dataclass
class _Module:
    """A module being written."""

    writer: Writer = field(default_factory=Writer)
    checks: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """The function of each constraint."""
    taken: set[str] = field(default_factory=lambda: {*dir(builtins), *keyword.kwlist, *PARAMETERS, "pl"})

    def write(self, constraints: Mapping[str, Constraint], specs: Iterable[Spec]) -> list[str]:
        """The functions that people call."""
        for name in constraints:
            self.names[name] = self.new(name.replace(".", "_"))
        self.carry("Rule")
        functions = [self.constraint(name, one) for name, one in constraints.items()]
        return functions + [self.spec(one, constraints) for one in specs]

    def new(self, wanted: str, *others: str) -> str:
        """A name that is not taken, nor one of some others: the wanted one, or that with underscores behind it."""
        while wanted in self.taken or wanted in others:
            wanted += "_"
        self.taken.add(wanted)
        return wanted

    def carry(self, name: str, module: str = STANDALONE) -> str:
        """Copies something of ours, and gives its name."""
        self.writer.carried.add(module, name)
        return name

    def constraint(self, name: str, constraint: Constraint) -> str:
        """The function of a constraint; its check goes to the others."""
        function = self.names[name]
        arguments = _python_arguments(constraint)
        check = "None"
        if constraint.check is not None:
            check = self.new(f"check_{function}", *arguments.values())
            self.checks.append(self.writer.function(check, constraint.check))
        rule: list[Code] = [value(name), check]
        if constraint.parameters:
            domains = (Named(f"{value(one.name)}: ", self.domain(one.domain)) for one in constraint.parameters)
            rule.append(Named("parameters=", Brackets("{", tuple(domains), "}")))
        if constraint.requires:
            rule.append(Named("requires=", Brackets("[", tuple(self._requires(function, constraint)), "]")))
        if constraint.givens:
            rule.append(Named("reads=", Brackets("[", tuple(map(self._reading, constraint.givens)), "]")))
        passed = tuple(f"{value(one)}: {python}" for one, python in arguments.items())
        reads = _reads(constraint)
        calls: list[Code] = ["responses", Brackets("{", passed, "}"), *(f"{one}={one}" for one in reads)]
        signature: list[Code] = [
            f"{arguments[one.name]}: {_annotation(one.domain)}"
            if one.default is None
            # A tuple, since a default must not be changed.
            else Named(f"{arguments[one.name]}: {_annotation(one.domain)} = ", literal(one.default, "()"))
            for one in constraint.parameters
        ]
        signature += [f"{one}: {READ[one]} | None = None" for one in reads]
        return "\n".join(
            [
                _definition(function, signature, "list[str]"),
                *_described(constraint),
                lay_out("rule = ", call("Rule", *rule), "", STEP),
                lay_out("return ", call("rule.verdicts", *calls), "", STEP),
            ]
        )

    def _requires(self, function: str, constraint: Constraint) -> Iterator[Code]:
        for condition, words in constraint.requires:
            name = self.new(f"require_{function}", *_python_arguments(constraint).values())
            self.checks.append(self.writer.function(name, condition))
            yield Brackets("(", (name, value(words)), ")")

    def _reading(self, given: Given) -> str:
        self.carry("Reading")
        place = (
            f"field={value(given.field)}" if given.role is None else f"role={value(given.role)}, index={given.index}"
        )
        return f"Reading({value(given.key)}, {value(str(given))}, {place})"

    def domain(self, domain: Domain) -> Code:
        """The expression for the domain of a parameter."""
        ends = [] if domain.low is domain.high is None else [_end(domain.low), _end(domain.high)]
        if domain.kind == BOOL:
            return call(self.carry("Flag"))
        if domain.kind in (INT, DECIMAL):
            return call(self.carry("Whole" if domain.kind == INT else "Decimal"), *ends)
        if domain.kind == TEXT:
            return call(self.carry("Text"), *self._text_domain(domain))
        if domain.kind.name == "list" and domain.item is not None:
            return call(self.carry("ListOf"), self.domain(domain.item), *ends)
        raise VerifError(f"a parameter of type {domain.kind} cannot be written out as Python")

    def _text_domain(self, domain: Domain) -> Iterator[Code]:
        if domain.choices:
            yield Named("choices=", Brackets("(", tuple(map(value, domain.choices)), ")"))
        if domain.pattern is not None:
            flag = "(?i)" if domain.pattern.startswith("(?i)") else ""
            whole = to_rust(f"{flag}^(?:{domain.pattern.removeprefix(flag)})$")
            shown = f're"{domain.pattern}"'
            yield f"pattern={self.writer.carried.pattern(whole)}"
            yield f"shown={value(shown)}"

    def spec(self, spec: Spec, constraints: Mapping[str, Constraint]) -> str:
        """The function of a spec."""
        function = self.new(spec.name)
        reads = [one for one in READ if any(one in _reads(constraints[use.constraint]) for use in spec.uses)]
        entries: list[Code] = []
        for use in spec.uses:
            parameters = _python_arguments(constraints[use.constraint])
            passed: list[Code] = [Named(f"{parameters[name]}=", literal(one)) for name, one in use.arguments.items()]
            passed += [f"{one}={one}" for one in _reads(constraints[use.constraint])]
            entries.append(Named(f"{value(use.name)}: ", call(self.names[use.constraint], "responses", *passed)))
        uses = (f"{value(use.name)}: ({value(constraints[use.constraint].kind)}, {use.weight!r})" for use in spec.uses)
        self.carry("rewards_of")
        reward = self.reward(spec.reward or parse_reward(DEFAULT))
        summed = call("rewards_of", reward, "verdicts", Brackets("{", tuple(uses), "}"), "len(responses)")
        returned = "tuple[dict[str, list[str]], list[float | None]]"
        return "\n".join(
            [
                _definition(function, [f"{one}: {READ[one]} | None = None" for one in reads], returned),
                f'{STEP}"""{_plain(spec.doc or f"The verdicts and the rewards of the spec `{spec.name}`.")}"""',
                lay_out("verdicts = ", Brackets("{", tuple(entries), "}"), "", STEP),
                lay_out("return verdicts, ", summed, "", STEP),
            ]
        )

    def reward(self, reward: Reward | Group) -> Code:
        """The expression that builds a reward."""
        self.carry(type(reward).__name__, REWARDS)
        match reward:
            case Number(number):
                return f"Number({number!r})"
            case Group(name):
                return f"Group({value(name)})"
            case Product(left, right) | Sum(left, right):
                return call(type(reward).__name__, self.reward(left), self.reward(right))
            case Gate(comparator, left, right):
                return call("Gate", value(comparator), self.reward(left), self.reward(right))
            case Aggregate(function, members, if_empty):
                listed = Brackets("(", tuple(map(self.reward, members)), ")")
                return call("Aggregate", value(function), listed, repr(if_empty))

    def text(self, docstring: str, functions: Iterable[str]) -> str:
        """The whole module."""
        carried = self.writer.carried
        table = "\n".join(f"{STEP}{value(name)}: {function}," for name, function in self.names.items())
        parts = [*functions, f"CONSTRAINTS = {{\n{table}\n}}", *self.checks, *carried.definitions()]
        constants = list(pattern_constants(carried.patterns))
        if constants:
            parts.append("# Patterns, each class of characters spelled out.\n" + "\n".join(constants))
        both = {f"from collections.abc import {one}" for one in ("Mapping", "Sequence")}
        return "\n\n".join([docstring, _imports(sorted({*carried.imports, *both})), "\n" + "\n\n\n".join(parts)]) + "\n"


READ = {"prompts": "Sequence[str | Sequence[Mapping[str, object]]]", "columns": "Mapping[str, Sequence[str]]"}
"""The arguments for what a check reads beside the response, with their types."""


def _reads(constraint: Constraint) -> list[str]:
    needed = {"prompts" if one.role is not None else "columns" for one in constraint.givens}
    return [one for one in READ if one in needed]


def _python_arguments(constraint: Constraint) -> dict[str, str]:
    """What each parameter is called in Python."""
    found: dict[str, str] = {}
    taken = {*keyword.kwlist, "responses", "rule", *_reads(constraint)}
    for one in constraint.parameters:
        found[one.name] = one.name
        while found[one.name] in taken:
            found[one.name] += "_"
        taken.add(found[one.name])
    return found


def _definition(name: str, parameters: Sequence[Code], returned: str) -> str:
    parts: list[Code] = ["responses: Sequence[str]", *(["*", *parameters] if parameters else [])]
    head = f"def {name}({', '.join(map(flat, parts))}) -> {returned}:"
    if len(head) <= WIDTH:
        return head
    return "\n".join([f"def {name}(", *(lay_out("", one, ",", STEP) for one in parts), f") -> {returned}:"])


def _described(constraint: Constraint) -> list[str]:
    """The docstring of a constraint's function."""
    paragraphs = [constraint.doc or "", f"Deprecated: {constraint.deprecated}" if constraint.deprecated else ""]
    if constraint.instructions:
        paragraphs.insert(0, _instruction(constraint.instructions[0].template))
    if constraint.check is None:
        paragraphs.append(
            "A judge has to decide this, and there is none here: it is unknown, and blank responses fail."
        )
    lines = [
        f"{STEP}{line}" if line else "" for line in "\n\n".join(_plain(one) for one in paragraphs if one).splitlines()
    ]
    if not lines:
        return []
    lines[0] = f'{STEP}"""{lines[0].strip()}'
    if len(lines) == 1:
        return [f'{lines[0]}"""']
    return [*lines, f'{STEP}"""']


def _instruction(template: Template) -> str:
    holes = iter(template.holes)
    return "".join(part if isinstance(part, str) else f"{{{next(holes).name}}}" for part in template.parts)


def _plain(text: str) -> str:
    """A text as it may stand in a docstring."""
    text = "".join(one if one.isprintable() or one == "\n" else f"U+{ord(one):04X}" for one in text)
    wrapped = [textwrap.wrap(line, WIDTH - 2 * len(STEP)) or [""] for line in text.splitlines()]
    return "\n".join(line for lines in wrapped for line in lines).replace("\\", "\\\\").replace('"', '\\"')


def literal(given: Value, brackets: str = "[]") -> Code:
    """A value as a caller would write it, its lists within brackets of a kind."""
    if isinstance(given, Fraction):
        return written(given)
    if isinstance(given, tuple):
        return Brackets(brackets[0], tuple(literal(one, brackets) for one in given), brackets[1])
    return value(given)


def _annotation(domain: Domain) -> str:
    one = _item_type(domain)
    return f"{one} | Sequence[{one}]"


def _item_type(domain: Domain) -> str:
    if domain.item is not None:
        return f"Sequence[{_item_type(domain.item)}]"
    return {BOOL: "bool", INT: "int", DECIMAL: "float", TEXT: "str"}[domain.kind]


def _end(end: Bound) -> str:
    return written(end) if isinstance(end, Fraction) else value(end)


def _imports(imports: Sequence[str]) -> str:
    """The imports in the order of formatters; those of one module on one line."""
    plain = [one for one in imports if one.startswith("import ") and "polars" not in one]
    names: dict[str, list[str]] = {}
    for one in imports:
        if one.startswith("from "):
            module, _, name = one.removeprefix("from ").partition(" import ")
            names.setdefault(module, []).append(name)
    grouped = [f"from {module} import {', '.join(sorted(found))}" for module, found in sorted(names.items())]
    standard = "\n".join([*plain, *grouped])
    return f"from __future__ import annotations\n\n{standard}\n\nimport polars as pl"
