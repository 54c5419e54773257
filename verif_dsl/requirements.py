"""What a row requires, as text: a spec's name, the clauses of a spec, `use word_range(min = 2, max = 5)`, or JSON,
`[{"use": "word_range", "with": {"min": 2, "max": 5}}]`.

Text, because a dataset column has one type for all rows, and Arrow would merge the keys of structs across rows.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from verif_dsl.compiler.binding import BindError, bind
from verif_dsl.compiler.diagnostics import SourceError, VerifError, suggestion
from verif_dsl.compiler.program import Program, Use
from verif_dsl.compiler.rewards import GROUPS, Reward
from verif_dsl.compiler.specs import spec_of
from verif_dsl.compiler.texts import prepare

KEYS = ("use", "with", "weight", "as")
CLAUSE = re.compile(r"\s*(?:use|reward)\s")
"""How clauses of a spec begin."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """The constraints of a row with their arguments, and the reward of its spec where that has one."""

    uses: tuple[Use, ...]
    reward: Reward | None = None


def default_requirements(program: Program) -> Requirements:
    """What rows require when nobody says: the file's only spec, else every constraint with its defaults.

    Raises `VerifError` when a constraint without a default value is among them.
    """
    if len(program.specs) == 1:
        (spec,) = program.specs.values()
        return Requirements(spec.uses, spec.reward)
    return _of_items(program, [{"use": name} for name in program.constraints])


def read_requirements(program: Program, text: str) -> Requirements:
    """The requirements that a text names.

    Raises `VerifError` for what is neither a spec nor clauses nor such JSON, an unknown constraint, or arguments it
    does not accept.
    """
    if text in program.specs:
        spec = program.specs[text]
        return Requirements(spec.uses, spec.reward)
    if CLAUSE.match(text):
        return _of_clauses(program, text)
    if not text.lstrip().startswith(("[", "{")):
        hint = suggestion(text, program.specs) or "or write use constraint(name = 1), or JSON"
        raise VerifError(f"there is no spec `{text}` ({hint})")
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VerifError(f"the constraints are not JSON: {error}") from None
    return _of_items(program, items if isinstance(items, list) else [items])


def _of_clauses(program: Program, text: str) -> Requirements:
    try:
        spec = spec_of(text, program)
    except SourceError as error:
        first = error.diagnostics[0]
        hint = f" ({first.hint})" if first.hint else ""
        raise VerifError(f"`{_shortened(text)}`: {first.message}{hint}") from None
    return Requirements(spec.uses, spec.reward)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:77] + "..."


def write_requirements(uses: Sequence[Use]) -> str:
    """The JSON that `read_requirements` reads back as these uses.

    >>> write_requirements([Use("word_range", {"min": 2}, 1.0, "word_range")])
    '[{"use": "word_range", "with": {"min": 2}}]'
    """
    items = []
    for use in uses:
        item: dict[str, object] = {"use": use.constraint, "with": dict(use.arguments)}
        if use.weight != 1:
            item["weight"] = use.weight
        if use.name not in ("", use.constraint):
            item["as"] = use.name
        items.append(item)
    return json.dumps(items, ensure_ascii=False, default=float)  # decimals; six places survive as floats


def _of_items(program: Program, items: Sequence[object]) -> Requirements:
    uses: list[Use] = []
    for item in items:
        use = _use(program, item)
        if any(use.name == other.name for other in uses):
            raise VerifError(f'two requirements are called `{use.name}` (give one a name: "as": "...")')
        uses.append(use)
    return Requirements(tuple(uses))


def _use(program: Program, item: object) -> Use:
    if not isinstance(item, dict) or not isinstance(item.get("use"), str):
        raise VerifError(f'a requirement is {{"use": "constraint", "with": {{...}}}}, not {json.dumps(item)[:80]}')
    for key in item:
        if key not in KEYS:
            raise VerifError(f"a requirement has no key `{key}` ({suggestion(str(key), KEYS)})")
    name, given, weight = item["use"], item.get("with", {}), item.get("weight", 1)
    constraints = program.known()
    if name not in constraints:
        raise VerifError(f"there is no constraint `{name}`" + _parenthesis(suggestion(name, constraints)))
    if not isinstance(given, dict):
        raise VerifError(f"`with` of `{name}` is an object of arguments, not {json.dumps(given)[:80]}")
    if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 < weight < float("inf"):
        raise VerifError(f"the weight of `{name}` is a positive number, not {json.dumps(weight)[:80]}")
    alias = item.get("as", name.rpartition(".")[2])
    if not isinstance(alias, str) or not alias:
        raise VerifError(f"the `as` of `{name}` is a name, not {json.dumps(alias)[:80]}")
    if alias in GROUPS:
        raise VerifError(f"`{name}` cannot be called `{alias}`, which is the name of a group in rewards")
    try:
        arguments = bind(constraints[name], given)
    except BindError as error:
        raise VerifError(str(error)) from None
    return Use(name, arguments, float(weight), prepare(alias))


def _parenthesis(hint: str | None) -> str:
    return f" ({hint})" if hint else ""
