"""The compiler: text to typed program, examples run, diagnostics collected. Back ends take it from there.

>>> text = 'constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" }'
>>> program = compile_source(Source("<text>", text))
>>> list(program.constraints)
['c']
"""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from verif_dsl.compiler.diagnostics import Diagnostic, SourceError, VerifError
from verif_dsl.compiler.examples import run_examples
from verif_dsl.compiler.program import Program
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.specs import build

__all__ = ["CheckReport", "Source", "check_file", "check_source", "compile_source", "read_source"]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `vif check` found in one file."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]
    constraints: int
    examples: int
    """Examples run against their check; those of judged constraints are not."""
    failed: int
    """Of these, how many the check contradicts."""

    @property
    def errors(self) -> int:
        """Errors of every kind, failed examples included."""
        return sum(one.severity == "error" for one in self.diagnostics)

    def render(self) -> str:
        """Every diagnostic with its source line, one after another."""
        return "\n\n".join(one.render(self.source) for one in self.diagnostics)


def read_source(path: str | PathLike[str]) -> Source:
    """The text of a .vif file. Raises `VerifError` when it cannot be read."""
    try:
        return Source(str(path), Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise VerifError(f"{path} is not UTF-8 text (byte {error.start})") from None
    except FileNotFoundError:
        raise VerifError(f"there is no file {path}") from None
    except OSError as error:
        raise VerifError(f"{path} cannot be read: {error.strerror}") from None


def check_source(source: Source) -> tuple[Program | None, CheckReport]:
    """The program, unless something is wrong with it, and all that was found."""
    try:
        program, diagnostics = build(source)
    except SourceError as error:
        return None, CheckReport(source, error.diagnostics, 0, 0, 0)
    results = [result for constraint in program.constraints.values() for result in run_examples(constraint)]
    wrong = tuple(result.diagnostic for result in results if result.diagnostic)
    found = tuple(sorted(diagnostics + wrong, key=lambda one: one.span))
    report = CheckReport(source, found, len(program.constraints), len(results), len(wrong))
    return (None if report.errors else program), report


def check_file(path: str | PathLike[str]) -> CheckReport:
    """What is wrong in a .vif file, its examples included. Raises `VerifError` when it cannot be read."""
    return check_source(read_source(path))[1]


def compile_source(source: Source) -> Program:
    """The program of a source whose every example agrees with its check. Raises `SourceError` otherwise."""
    program, report = check_source(source)
    if program is None:
        raise SourceError(source, (one for one in report.diagnostics if one.severity == "error"))
    return program
