r"""Builtins that read the blocks of Markdown: fenced code, and tables as GitHub writes them.

Which line closes a block of code hangs on the one that opened it, which no regular expression says: their columnar form
is the reference function run over the distinct values of a column.
"""

import re
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.kinds import TEXT, list_of
from verif_dsl.compiler.texts import SPACES

if TYPE_CHECKING:
    import polars as pl

X = Parameter("x", TEXT)
OPENING_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
CLOSING_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t\r]*")
DASHES = re.compile(r":?-+:?")
CELL = re.compile(r"(?:[^|\\]|\\.|\\)+|\|", re.DOTALL)


def runs_of_lines(x: str) -> list[tuple[bool, list[str]]]:
    """The lines of a text in runs, each with whether it is a fenced block of code (CommonMark).

    How far its fences are indented does not matter: in a list, models indent them in many ways.
    """
    runs: list[tuple[bool, list[str]]] = [(False, [])]
    fence = ""
    for line in x.split("\n"):
        opening = None if fence else OPENING_FENCE.match(line)
        if opening:
            fence = opening[1]
            runs.append((True, []))
        runs[-1][1].append(line)
        closing = CLOSING_FENCE.fullmatch(line) if fence and not opening else None
        if closing and closing[1].startswith(fence):
            fence = ""
            runs.append((False, []))
    return runs


def code_blocks(x: str) -> tuple[str, ...]:
    return tuple("\n".join(lines) for is_code, lines in runs_of_lines(x) if is_code)


def code_blocks_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(lambda text: list(code_blocks(text)), pl.List(pl.String()), x)


def without_code(x: str) -> str:
    return "\n".join(line for is_code, lines in runs_of_lines(x) for line in ([""] if is_code else lines))


def without_code_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(without_code, pl.String(), x)


def cells(line: str) -> tuple[str, ...]:
    r"""The cells of a row: what stands between bars, those at its ends left out; `\|` is a bar within a cell."""
    row = line.strip(SPACES)
    found = [""]
    for part in CELL.findall(row.removeprefix("|")):
        if part == "|":
            found.append("")
        else:
            found[-1] = part
    if len(found) > 1 and not found[-1]:
        found.pop()
    return tuple(one.replace("\\|", "|").strip(SPACES) for one in found)


def tables(x: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    found: list[tuple[tuple[str, ...], ...]] = []
    for is_code, lines in runs_of_lines(x):
        if not is_code:
            found += tables_of(lines)
    return tuple(found)


def tables_of(lines: list[str]) -> list[tuple[tuple[str, ...], ...]]:
    """The tables among lines: a row, a line of dashes with as many cells, and all rows right below."""
    found: list[list[tuple[str, ...]]] = []
    inside = False
    for above, line in zip(["", *lines], lines, strict=False):
        if inside and "|" in line:
            found[-1].append(cells(line))
        elif inside := "|" in above and "|" in line and delimits(line, len(cells(above))):
            found.append([cells(above)])
    return [tuple(rows) for rows in found]


def delimits(line: str, columns: int) -> bool:
    dashes = cells(line)
    return len(dashes) == columns and all(map(DASHES.fullmatch, dashes))


def tables_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    def listed(text: str) -> list[list[list[str]]]:
        return [[list(row) for row in rows] for rows in tables(text)]

    return over_distinct(listed, pl.List(pl.List(pl.List(pl.String()))), x)


BLOCKS = (
    Builtin(
        "code_blocks",
        (X,),
        list_of(TEXT),
        "The fenced blocks of code, each with the lines of its fences, up to the closing fence or the end of the text; "
        "a fence closes when it is made of the same sign, is at least as long, and nothing else is on its line.",
        code_blocks,
        code_blocks_column,
        (
            (("See:\n```py\nx = 1\n```\n~~~\ny",), ("```py\nx = 1\n```", "~~~\ny")),
            (("````\n```\n````",), ("````\n```\n````",)),
            (("`x` and ```y```",), ()),
        ),
    ),
    Builtin(
        "without_code",
        (X,),
        TEXT,
        "The text with an empty line in the place of each of its `code_blocks`.",
        without_code,
        without_code_column,
        ((("# A\n```\n# B\n```\nC `d`",), "# A\n\nC `d`"), (("~~~\nnever closed",), "")),
    ),
    Builtin(
        "tables",
        (X,),
        list_of(list_of(list_of(TEXT))),
        "The tables of Markdown outside `code_blocks`, each a list of its rows, and a row a list of its cells: heads, "
        "below them a line of dashes such as `|---|:-:|` with as many cells, which is left out, and then all lines up "
        "to one without `|`. The rows may differ in length.",
        tables,
        tables_column,
        (
            (("| a | b |\n|---|:-:|\n| 1 | |\n\n| c |",), ((("a", "b"), ("1", "")),)),
            (("a \\| b | c\n--- | ---\n1 | 2 | 3\nend",), ((("a | b", "c"), ("1", "2", "3")),)),
            (("a | b\n---",), ()),
        ),
    ),
)
