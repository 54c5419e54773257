"""The pytest plugin: `pytest rules.vif` runs each example and each law of a file as a test.

Files are collected when they are named on the command line, and those in folders with `vif = true` in pytest's
settings. It imports nothing of the compiler before a file is collected, for pytest loads it wherever the package is
installed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verif_dsl.testing.laws import Law
    from verif_dsl.testing.running import Outcome, Skip
    from verif_dsl.testing.subjects import Subject


class Broken(Exception):
    """A law or an example that does not hold; its text is all there is to see."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings: which files, how many responses, and laws that are switched off."""
    parser.addini("vif", "collect .vif files also where no one names them", type="bool", default=False)
    parser.addini("vif_without", "laws that are switched off: LAW[:CONSTRAINT]=REASON", type="linelist", default=[])
    group = parser.getgroup("vif", "constraints in .vif files")
    group.addoption("--vif-cases", type=int, default=20, metavar="N", help="responses for each law (20)")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "VifFile | None":
    """A .vif file, when it was named or the settings ask for all."""
    if file_path.suffix != ".vif":
        return None
    named = parent.session.isinitpath(file_path)
    return VifFile.from_parent(parent, path=file_path) if named or parent.config.getini("vif") else None


class VifFile(pytest.File):
    """A file of constraints."""

    def collect(self) -> "Iterator[ConstraintNode]":
        """Its constraints, in order."""
        from verif_dsl.compiler import read_source
        from verif_dsl.compiler.diagnostics import VerifError
        from verif_dsl.testing.running import program_of, read_skip, subjects_of

        try:
            program = program_of(read_source(self.path))
            skips = [read_skip(one) for one in self.config.getini("vif_without")]
        except VerifError as error:
            raise self.CollectError(error.message) from None
        if not program.constraints:
            raise self.CollectError(f"{self.path.name} has no constraints, so nothing would be tested")
        for subject in subjects_of(program, self.config.getoption("--vif-cases")):
            yield ConstraintNode.make(self, subject, skips)


class ConstraintNode(pytest.Collector):
    """One constraint: its examples and the laws are its tests."""

    subject: "Subject"
    skips: "list[Skip]"

    @classmethod
    def make(cls, parent: VifFile, subject: "Subject", skips: "list[Skip]") -> "ConstraintNode":
        """The node of a constraint."""
        node: ConstraintNode = cls.from_parent(parent, name=subject.name)
        node.subject, node.skips = subject, skips
        return node

    def collect(self) -> "Iterator[ExampleItem | LawItem]":
        """An item for each example, and one for each law but that about the examples."""
        from verif_dsl.testing.laws import LAWS

        numbers = {"accept": 0, "reject": 0}
        for place, example in enumerate(self.subject.constraint.examples):
            verb = "accept" if example.accepts else "reject"
            numbers[verb] += 1
            item: ExampleItem = ExampleItem.from_parent(self, name=f"{verb}-{numbers[verb]}")
            item.place = place
            yield item
        for law in LAWS:
            if law.name not in ("examples-agree", "unrelated-fail"):
                one: LawItem = LawItem.from_parent(self, name=law.name)
                one.law = law
                yield one


class _Item(pytest.Item):
    def node(self) -> ConstraintNode:
        assert isinstance(self.parent, ConstraintNode)
        return self.parent

    def settle(self, outcome: "Outcome") -> None:
        """Pass, fail or skip as an outcome says."""
        from verif_dsl.testing.reports import described

        if outcome.finding is not None:
            raise Broken(f"{outcome.constraint} breaks {outcome.law}: {described(outcome.finding)}")
        if outcome.status == "not tried":
            pytest.skip(str(outcome.reason))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Plain text for what we found; a traceback only for what should not happen."""
        if isinstance(excinfo.value, Broken):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the constraint stands."""
        subject = self.node().subject
        text = self.path.read_text(encoding="utf-8")
        return self.path, text.count("\n", 0, subject.constraint.span.start), f"{subject.name}: {self.name}"


class ExampleItem(_Item):
    """One `accept` or `reject`."""

    place: int

    def runtest(self) -> None:
        """Its verdicts by both back ends."""
        from dataclasses import replace

        from verif_dsl.testing.running import chosen_laws, try_law

        subject = self.node().subject
        one = replace(subject.constraint, examples=(subject.constraint.examples[self.place],))
        (law,) = chosen_laws(["examples-agree"])
        self.settle(try_law(law, replace(subject, constraint=one, given=subject.before)))


class LawItem(_Item):
    """One law."""

    law: "Law"

    def runtest(self) -> None:
        """What comes of it on the constraint."""
        from verif_dsl.testing.running import try_law

        node = self.node()
        self.settle(try_law(self.law, node.subject, node.skips))
