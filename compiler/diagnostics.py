"""Diagnostics, as data first and rendered later; and `VerifError`, the one exception that users meet."""

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from verif_dsl.compiler.source import Source, Span

Severity = Literal["error", "warning"]

CODES = {
    "V0101": "the text does not follow the grammar",
    "V0102": "a reserved word is used as a name",
    "V0103": "an escape in a string is not one of the language's",
    "V0104": "the file is too large or nested too deeply",
    "V0105": "an edition of the language that this compiler does not know",
    "V0201": "a name that is not defined",
    "V0202": "an argument that is not known, missing, or given twice",
    "V0203": "a type that does not fit",
    "V0204": "a name that is defined twice",
    "V0205": "a range that is empty, or a value outside its range",
    "V0206": "a clause that is missing or given twice",
    "V0207": "a number that could leave the 64-bit range",
    "V0208": "a regular expression outside the linear-time subset",
    "V0209": "a definition that uses itself",
    "V0210": "a deprecated constraint is used",
    "V0211": "a check that could cost too much on a long response",
    "V0212": "an import that cannot be found or read",
    "V0213": "an import that leads back to itself",
    "V0214": "an import whose version or text is not the one asked for",
    "V0215": "an imported file with errors",
    "V0216": "a text compared with one that it can never be",
    "V0217": "a name that nothing uses",
    "V0218": "a JSON Schema outside the part that is understood",
    "V0301": "a template hole that cannot be filled",
    "V0302": "no instruct clause applies to legal arguments",
    "V0303": "a parameter that is told and not checked, or checked and not told",
    "V0401": "an example that its check contradicts",
    "V0402": "a constraint whose verdicts changed under the same version",
    "V0403": "a spec whose constraints contradict each other",
    "V0404": "a constraint of a spec that says nothing that another one does not say",
    "V0501": "arguments that a constraint does not accept",
}
"""Every diagnostic code with what it means. Codes are stable: a code is never used for something else."""


LONGEST_EXCERPT = 120
"""Characters of a source line that a diagnostic shows; of a longer line, the part around the place."""


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that matters to a diagnostic, and what it has to do with it."""

    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong at one place: a stable code, a sentence, and how to mend it where that is known."""

    code: str
    message: str
    span: Span
    hint: str | None = None
    severity: Severity = "error"
    notes: tuple[Note, ...] = ()

    def render(self, source: Source) -> str:
        """The diagnostic as people read it: the sentence, the source line, a caret, the hint.

        >>> text = Source("a.vif", "check wrds(response)")
        >>> print(Diagnostic("V0201", "there is no builtin `wrds`", Span(6, 10), "write `words`").render(text))
        error[V0201]: there is no builtin `wrds`
          --> a.vif:1:7
          1 | check wrds(response)
            |       ^^^^
          help: write `words`
        """
        out = [f"{self.severity}[{self.code}]: {self.message}", *_excerpt(source, self.span)]
        for note in self.notes:
            out += [f"  note: {note.label}", *_excerpt(source, note.span)]
        if self.hint:
            out.append(f"  help: {self.hint}")
        return "\n".join(out)

    def to_dict(self, source: Source) -> dict[str, object]:
        """The diagnostic as plain data, for `--format json`: lines and columns count from 1, an end is exclusive.

        >>> Diagnostic("V0201", "there is no name `b`", Span(6, 7)).to_dict(Source("a.vif", "check b"))["start"]
        {'line': 1, 'column': 7}
        """
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": source.name,
            **_place(source, self.span),
            "help": self.hint,
            "notes": [{"label": note.label, **_place(source, note.span)} for note in self.notes],
        }


def _place(source: Source, span: Span) -> dict[str, object]:
    ends = {"start": span.start, "end": max(span.start, min(span.end, len(source.text)))}
    return {end: dict(zip(("line", "column"), source.position(offset), strict=True)) for end, offset in ends.items()}


def _excerpt(source: Source, span: Span) -> list[str]:
    """Where a span is: file and place, its first line, and carets under it."""
    line_number, column = source.position(span.start)
    line = source.line(line_number)
    gutter = " " * len(str(line_number))
    lead = line[: column - 1]
    marked = line[column - 1 : column - 1 + max(span.end - span.start, 1)]
    if len(line) > LONGEST_EXCERPT:
        lead = "..." + lead[-LONGEST_EXCERPT // 3 :] if len(lead) > LONGEST_EXCERPT // 3 else lead
        rest = line[column - 1 : column - 1 + LONGEST_EXCERPT - len(lead)]
        line, marked = f"{lead}{rest}...", marked[: len(rest)]
    # A tab stays a tab and a wide character takes two cells, so that the caret stands under its character.
    indent = "".join("\t" if character == "\t" else " " * _cells(character) for character in lead)
    carets = "^" * max(sum(map(_cells, marked)), 1)
    return [
        f"  --> {source.name}:{line_number}:{column}",
        f"  {line_number} | {line}",
        f"  {gutter} | {indent}{carets}",
    ]


class VerifError(Exception):
    """What a user did that cannot work, in one clear sentence: a source with errors, a missing file, a bad row.

    `diagnostics` holds the places in a .vif source, and is empty for anything that has no place in one.
    """

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.diagnostics = diagnostics

    def __reduce__(self) -> tuple[type["VerifError"], tuple[str, tuple[Diagnostic, ...]]]:
        return VerifError, (self.message, self.diagnostics)


class RowError(VerifError):
    """What is wrong with one row, by its number in whatever was given.

    >>> RowError(2, ": the response is int, not text").counted_from(8192).message
    'row 8194: the response is int, not text'
    """

    def __init__(self, row: int, rest: str, lead: str = "") -> None:
        super().__init__(f"{lead}row {row}{rest}")
        self.row, self.rest, self.lead = row, rest, lead

    def __reduce__(self) -> tuple[type["RowError"], tuple[int, str, str]]:  # type: ignore[override]
        return RowError, (self.row, self.rest, self.lead)

    def counted_from(self, first: int) -> "RowError":
        """The same about the rows of a larger whole, in which row 0 of these is row `first`."""
        return RowError(first + self.row, self.rest, self.lead)


class SourceError(VerifError):
    """A .vif source that does not compile; the message shows every error with its place."""

    def __init__(self, source: Source, diagnostics: Iterable[Diagnostic]) -> None:
        found = tuple(diagnostics)
        super().__init__("\n\n".join(one.render(source) for one in found), found)
        self.source = source

    def __reduce__(self) -> tuple[type["SourceError"], tuple[Source, tuple[Diagnostic, ...]]]:  # type: ignore[override]
        return SourceError, (self.source, self.diagnostics)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely stands for, or None when none is close.

    >>> nearest("wrods", ["words", "lines"]), nearest("aks", ["anchor", "ask"])  # letters that changed places count
    ('words', 'ask')
    >>> nearest("telephone", ["words", "lines"]) is None
    True
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    return close[0] if close else next((one for one in names if sorted(one) == sorted(name)), None)


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """Help for a name that is not known: the nearest one, else the whole list while it is short."""
    names = sorted(known)
    close = nearest(name, names)
    if close:
        return f"did you mean `{close}`?"
    if 0 < len(names) <= 8:
        return "known here: " + ", ".join(f"`{one}`" for one in names)
    return None


def _cells(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
