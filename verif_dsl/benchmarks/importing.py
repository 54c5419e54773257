"""The prompts of a benchmark as .vif source, a spec for each, and as rows to train on."""

import io
import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from verif_dsl.benchmarks import BENCHMARKS
from verif_dsl.benchmarks.ids import imports
from verif_dsl.benchmarks.prompts import Asked
from verif_dsl.compiler import compile_source
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.parser import LARGEST_SOURCE
from verif_dsl.compiler.printer import format_source
from verif_dsl.compiler.program import Use
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.values import dedent_block, quoted, written

SPECS = ".vif"
ROWS = (".jsonl", ".parquet")
"""What the name of an import ends in."""

LARGEST_INT = 1 << 63


def imports_of(prompts: Iterable[Asked]) -> str:
    """The lines that a .vif file needs to know the constraints of these prompts."""
    used = {use.constraint.partition(".")[0] for one in prompts for use in one.uses}
    return imports(module for module in BENCHMARKS if module in used)


# ----------------------------------------------------------------------------------------------------------- source


def to_source(prompts: Sequence[Asked], benchmark: str) -> str:
    """A .vif text, as `vif fmt` writes it, with a spec for each prompt: its text as the `doc`, and what it asks for.

    Raises `VerifError` when the text would be larger than a .vif file may be.
    """
    specs = [_spec(name, one) for name, one in zip(_names(prompts), prompts, strict=True)]
    text = "\n".join(["vif 1\n", f"# Prompts of {benchmark}, a spec for each.\n", imports_of(prompts), *specs])
    _check_size(prompts, text)
    formatted = format_source(Source("<import>", text))
    _check_size(prompts, formatted)
    compile_source(Source("<import>", formatted))
    return formatted


def _check_size(prompts: Sequence[Asked], text: str) -> None:
    if len(text) > LARGEST_SOURCE:
        raise VerifError(
            f"{len(prompts):,} prompts make a .vif file of {len(text):,} characters, more than the {LARGEST_SOURCE:,} "
            f"allowed; write them as rows ({' or '.join(ROWS)})"
        )


def _names(prompts: Sequence[Asked]) -> list[str]:
    """What the specs are called: after the keys, or by number where keys differ only in what names cannot hold."""
    names = ["prompt_" + re.sub("[^a-z0-9]+", "_", str(one.key).lower()).strip("_") for one in prompts]
    if max(Counter(names).values()) > 1:
        return [f"prompt_{number}" for number in range(len(prompts))]
    return names


def _spec(name: str, asked: Asked) -> str:
    clauses = [f"doc {_text(asked.prompt)}", *map(_use, asked.uses)]
    return f"spec {name} {{\n" + "".join(f"  {clause}\n" for clause in clauses) + "}\n"


def _use(use: Use) -> str:
    arguments = ", ".join(f"{name} = {written(value)}" for name, value in use.arguments.items())
    return f"use {use.constraint}({arguments})" + (f" as {use.name}" if use.name else "")


def _text(text: str) -> str:
    """The text in quotes; one of several lines as a block, where a block can hold it as it is."""
    lines = text.split("\n")
    body = "\n" + textwrap.indent(text, "    ") + "\n    "
    if len(lines) > 1 and "'''" not in text and all(map(str.isprintable, lines)) and dedent_block(body) == text:
        return f"'''{body}'''"
    return quoted(text)


# ------------------------------------------------------------------------------------------------------------- rows


def to_rows(prompts: Sequence[Asked], suffix: str) -> bytes:
    """A file of rows, each with the `key`, the `prompt` and its `constraints`."""
    rows = [{"key": one.key, "prompt": one.prompt, "constraints": one.constraints} for one in prompts]
    if suffix == ".jsonl":
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
    return _parquet(rows)


def _parquet(rows: Sequence[dict[str, str | int]]) -> bytes:
    import polars

    numbers = all(isinstance(row["key"], int) and abs(row["key"]) < LARGEST_INT for row in rows)
    if not numbers:  # a column has one type
        rows = [{**row, "key": str(row["key"])} for row in rows]
    file = io.BytesIO()
    polars.DataFrame(
        rows, schema={"key": polars.Int64 if numbers else polars.String, "prompt": str, "constraints": str}
    ).write_parquet(file)
    return file.getvalue()
