"""Expressions are broken into lines as formatters of Python break them, whatever their length."""

import shutil
import subprocess
from pathlib import Path

import pytest

from verif_dsl.compiler.backends.python_code import Code, Infix, call, lay_out


def shapes(length: int) -> list[Code]:
    """Expressions with a cast behind a call of some length: alone, beside others, in brackets, in another cast."""
    inner = call("f_column", "a" * length, 'pl.col("x")', then=".cast(pl.Int64)")
    return [
        inner,
        Infix("!=", (inner, inner)),
        Infix("&", (Infix("==", (inner, "1")), "b" * 90)),
        call("g_column", inner, "c" * 30, then=".cast(pl.Int64)"),
    ]


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")
def test_ruff_leaves_the_lines_as_they_are(tmp_path: Path) -> None:
    keeps = [call("keep", "rows", one, then=".collect()") for length in range(40, 125) for one in shapes(length)]
    module = tmp_path / "module.py"
    module.write_text("".join(lay_out("x = ", one) + "\n" for one in keeps), encoding="utf-8")
    ruff = ["ruff", "format", "--diff", "--isolated", "--line-length", "120", str(module)]
    assert subprocess.run(ruff, capture_output=True, text=True).stdout == ""
