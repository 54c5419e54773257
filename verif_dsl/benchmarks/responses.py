"""The responses to a benchmark's prompts."""

import json
from collections.abc import Sequence
from pathlib import Path

from verif_dsl.benchmarks.prompts import Asked, admitted_key
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.rows import read_chunks


def read_responses(path: Path, prompts: Sequence[Asked]) -> list[str | None]:
    """The response to each prompt, matched by `key` where the file has one, else by `prompt`; None where there is none.

    Raises `VerifError` for two responses to one prompt, or a response to none.
    """
    found: dict[object, str] = {}
    by = "prompt"
    asked: set[object] = set()
    for rows in read_chunks(path, needed=("response",), extras=("key", "prompt")):
        if not asked:  # as the first rows do it, so do all
            by = "key" if "key" in rows.columns else "prompt"
            asked = {getattr(one, by) for one in prompts}
        names = rows.columns.get(by, [None] * rows.count)
        for index, (response, name) in enumerate(zip(rows.columns["response"], names, strict=True)):
            place = f"{path}, row {rows.first + index}"
            if (name if by == "prompt" else admitted_key(place, name)) is None:
                raise VerifError(f"{place}: it has neither `key` nor `prompt`, and could answer any prompt")
            if not isinstance(name, str | int) or name not in asked:
                hint = _same_but_for_its_type(name, asked)
                raise VerifError(f"{place}: no prompt has this {by}, {json.dumps(name, default=str)[:60]}{hint}")
            if name in found:
                raise VerifError(f"{place}: a second response to {by} {json.dumps(name)[:60]}")
            found[name] = response
    return [found.get(getattr(one, by)) for one in prompts]


def _same_but_for_its_type(name: object, asked: set[object]) -> str:
    """IFEval's keys are numbers and IFBench's are texts, and what writes responses may not keep them apart."""
    other = next((one for one in asked if str(one) == str(name)), None)
    return "" if other is None else f" (one has {json.dumps(other)}, which is another)"
