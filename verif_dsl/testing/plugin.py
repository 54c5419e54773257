"""The pytest plugin: `pytest rules.vif` runs each example and each law of a file as a test.

Files are collected when they are named on the command line, and those in folders with `vif = true` in pytest's
settings. It imports nothing of the compiler before a file is collected, for pytest loads it wherever the package is
installed.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verif_dsl.compiler.program import Constraint, Example, Spec
    from verif_dsl.testing.running import Outcome, Skip
    from verif_dsl.testing.subjects import Subject


class Broken(Exception):
    """A law or an example that does not hold; its text is all there is to see."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings: which files, how many responses, and laws that are switched off."""
    parser.addini("vif", "collect .vif files also where no one names them", type="bool", default=False)
    parser.addini("vif_without", "laws that are switched off: LAW[:CONSTRAINT]=REASON", type="linelist", default=[])
    group = parser.getgroup("vif", "constraints in .vif files")
    group.addoption("--vif-cases", type=_cases, default=20, metavar="N", help="responses for each law (20)")


def _cases(text: str) -> int:
    """A number of responses; none would try nothing, and pass."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "VifFile | None":
    """A .vif file, when it was named or the settings ask for all."""
    if file_path.suffix != ".vif":
        return None
    named = parent.session.isinitpath(file_path)
    return VifFile.from_parent(parent, path=file_path) if named or parent.config.getini("vif") else None


class VifFile(pytest.File):
    """A file of constraints and specs."""

    def collect(self) -> "Iterator[ConstraintNode | SpecNode]":
        """Its constraints and its specs, in order."""
        from verif_dsl.compiler import read_source
        from verif_dsl.compiler.diagnostics import VerifError
        from verif_dsl.testing.running import program_of, read_skip, subjects_of

        try:
            program = program_of(read_source(self.path))
            skips = [read_skip(one) for one in self.config.getini("vif_without")]
        except VerifError as error:
            raise self.CollectError(error.message) from None
        if not program.constraints and not program.specs:
            raise self.CollectError(f"{self.path.name} has no constraints, so nothing would be tested")
        for subject in subjects_of(program, self.config.getoption("--vif-cases")):
            node: ConstraintNode = ConstraintNode.from_parent(self, name=subject.name)
            node.subject, node.skips, node.start = subject, skips, subject.constraint.span.start
            yield node
        known = program.known() if program.specs else {}
        for spec in program.specs.values():
            one: SpecNode = SpecNode.from_parent(self, name=spec.name)
            one.spec, one.known, one.skips, one.start = spec, known, skips, spec.span.start
            yield one


class _Node(pytest.Collector):
    """What has a name in a file, and tests."""

    skips: "list[Skip]"
    start: int
    """Where it begins in the text."""

    def test(self, name: str, outcome: "Callable[[], Outcome]") -> "VifItem":
        """A test of it."""
        item: VifItem = VifItem.from_parent(self, name=name)
        item.outcome, item.start = outcome, self.start
        return item

    def numbered(self, examples: "Iterable[Example]") -> "Iterator[tuple[str, Example]]":
        """The examples with what their tests are called."""
        numbers = {"accept": 0, "reject": 0}
        for example in examples:
            verb = "accept" if example.accepts else "reject"
            numbers[verb] += 1
            yield f"{verb}-{numbers[verb]}", example


class ConstraintNode(_Node):
    """One constraint: its examples and the laws are its tests."""

    subject: "Subject"

    def collect(self) -> "Iterator[VifItem]":
        """A test for each example, and one for each law but that about the examples."""
        from verif_dsl.testing.laws import LAWS
        from verif_dsl.testing.running import chosen_laws, try_law

        subject = self.subject
        (agree,) = chosen_laws(["examples-agree"])
        for name, example in self.numbered(subject.constraint.examples):
            constraint = replace(subject.constraint, examples=(example,))
            alone = replace(subject, constraint=constraint, given=subject.before)
            yield self.test(name, partial(try_law, agree, alone))
        for law in LAWS:
            if law.name not in (agree.name, "unrelated-fail"):
                yield self.test(law.name, partial(try_law, law, subject, self.skips))


class SpecNode(_Node):
    """One spec: its examples are its tests, and that some response keeps all of it."""

    spec: "Spec"
    known: "Mapping[str, Constraint]"

    def collect(self) -> "Iterator[VifItem]":
        """A test for each example, and one for each law of specs but that about the examples."""
        from verif_dsl.testing.running import try_spec_law
        from verif_dsl.testing.spec_laws import SPEC_LAWS

        for name, example in self.numbered(self.spec.examples):
            alone = replace(self.spec, examples=(example,))
            yield self.test(name, partial(try_spec_law, "examples-agree", alone, self.known))
        for law in SPEC_LAWS:
            if law != "examples-agree":
                yield self.test(law, partial(try_spec_law, law, self.spec, self.known, self.skips))


class VifItem(pytest.Item):
    """One example, or one law."""

    outcome: "Callable[[], Outcome]"
    start: int

    def runtest(self) -> None:
        """Pass, fail or skip as the outcome says."""
        from verif_dsl.testing.reports import described

        found = self.outcome()
        if found.finding is not None:
            raise Broken(f"{found.constraint} breaks {found.law}: {described(found.finding)}")
        if found.status == "not tried":
            pytest.skip(str(found.reason))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Plain text for what we found; a traceback only for what should not happen."""
        if isinstance(excinfo.value, Broken):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the constraint or the spec stands."""
        assert self.parent is not None
        line = self.path.read_text(encoding="utf-8").count("\n", 0, self.start)
        return self.path, line, f"{self.parent.name}: {self.name}"
