"""Every builtin of the language, by name. To add one, add one row to the file of its topic; nothing else changes.

>>> print(BUILTINS["words"])
words(x: text) -> list of text
"""

from verif_dsl.compiler.builtins.base import REQUIRED, Builtin, Parameter
from verif_dsl.compiler.builtins.decimals import DECIMALS
from verif_dsl.compiler.builtins.documents import DOCUMENTS
from verif_dsl.compiler.builtins.lists import LISTS
from verif_dsl.compiler.builtins.operators import OPERATORS
from verif_dsl.compiler.builtins.segments import SEGMENTS
from verif_dsl.compiler.builtins.texts import TEXTS

__all__ = ["BUILTINS", "OPERATOR_NAMES", "PLANNED", "REQUIRED", "Builtin", "Parameter"]

BUILTINS: dict[str, Builtin] = {one.name: one for one in (*OPERATORS, *SEGMENTS, *TEXTS, *LISTS, *DECIMALS, *DOCUMENTS)}

OPERATOR_NAMES = frozenset({one.name for one in OPERATORS} | {one.name for one in DECIMALS if " " in one.name})
"""Builtins that are written as operators and cannot be called by name."""

PLANNED = frozenset(
    {
        "decide", "language",
        "prose", "strip_markup", "tokens_ws",
    }
)  # fmt: skip
"""Builtins of the language design that this version does not compile yet, so that they are told from misspellings."""
