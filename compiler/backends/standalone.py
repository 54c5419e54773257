"""What an emitted module brings along beside its checks: arguments admitted, rows graded, verdicts summed up.

Here nothing is called: `emitted` copies from here. The domains say what `binding.admit` says, in fewer words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from typing import Any

import polars as pl

from verif_dsl.compiler.backends.rewards import decided, reward_ends
from verif_dsl.compiler.conversation import turns_of
from verif_dsl.compiler.cost import LARGEST_LIST, LONGEST_ARGUMENT, LONGEST_LIST
from verif_dsl.compiler.intervals import FINEST, WIDEST
from verif_dsl.compiler.rewards import Reward
from verif_dsl.compiler.texts import is_blank, prepare, too_large

PASS = "pass"
FAIL = "fail"
UNKNOWN = "unknown"

End = int | Fraction | str | None
"""One end of a range: a number, the name of an earlier argument, or open."""


def end_of(end: End, earlier: Mapping[str, Any], otherwise: int) -> Any:
    """The number that one end of a range stands for."""
    found = earlier.get(end, otherwise) if isinstance(end, str) else end
    return otherwise if found is None else found


def within(number: Any, low: End, high: End, earlier: Mapping[str, Any]) -> None:
    """Raises ValueError for a number outside a range."""
    first, last = end_of(low, earlier, -WIDEST), min(end_of(high, earlier, WIDEST), WIDEST)
    if not first <= number <= last:
        raise ValueError(f"{float(number):g} is outside {float(first):g} to {float(last):g}")


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def dtype(self) -> pl.DataType:
        return pl.Boolean()

    def admit(self, value: object, _: Mapping[str, Any]) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is not True or False")
        return value


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    low: End = None
    high: End = None

    def dtype(self) -> pl.DataType:
        return pl.Int64()

    def admit(self, value: object, earlier: Mapping[str, Any]) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{value!r} is not a whole number")
        within(value, self.low, self.high, earlier)
        return value


@dataclass(frozen=True)
class Decimal:
    """A number with at most six places, as it is written: 0.1 is one tenth."""

    low: End = None
    high: End = None

    def dtype(self) -> pl.DataType:
        return pl.Struct({"n": pl.Int64(), "d": pl.Int64()})

    def admit(self, value: object, earlier: Mapping[str, Any]) -> Fraction:
        if not isinstance(value, int | float | Fraction) or isinstance(value, bool) or not isfinite(value):
            raise ValueError(f"{value!r} is not a number")
        number = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
        if (number * FINEST).denominator != 1:
            raise ValueError(f"{value!r} has more than six places")
        within(number, self.low, self.high, earlier)
        return number


@dataclass(frozen=True)
class Text:
    """A text: one of a few, or one that a pattern (in Rust's dialect) matches, or any."""

    choices: tuple[str, ...] = ()
    pattern: str | None = None
    shown: str = ""
    """The pattern as it was written."""

    def dtype(self) -> pl.DataType:
        return pl.String()

    def admit(self, value: object, _: Mapping[str, Any]) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a text")
        text = prepare(value)
        if len(text) > LONGEST_ARGUMENT:
            raise ValueError(f"a text of {len(text):,} characters, more than the {LONGEST_ARGUMENT:,} allowed")
        if self.choices and text not in self.choices:
            raise ValueError(f"{text!r} is none of {', '.join(map(repr, self.choices))}")
        if self.pattern is not None and not pl.Series([text]).str.contains(self.pattern).item():
            raise ValueError(f"{text!r} does not match {self.shown}")
        return text


@dataclass(frozen=True)
class ListOf:
    """A list of so many items."""

    item: Any
    low: End = None
    high: End = None

    def dtype(self) -> pl.DataType:
        return pl.List(self.item.dtype())

    def admit(self, value: object, earlier: Mapping[str, Any]) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{value!r} is not a list")
        low, high = end_of(self.low, earlier, 0), min(end_of(self.high, earlier, LONGEST_LIST), LONGEST_LIST)
        if not low <= len(value) <= high:
            raise ValueError(f"a list of {len(value)} items, outside the size {low} to {high}")
        found = [self.item.admit(one, earlier) for one in value]
        size = 1 + sum(len(one) if isinstance(one, str) else 1 for one in found)
        if size > LARGEST_LIST:
            raise ValueError(f"a list of {size:,} characters, more than the {LARGEST_LIST:,} allowed")
        return found


def in_column(value: Any) -> Any:
    """A value as Polars takes it: a decimal as its numerator and denominator."""
    if isinstance(value, Fraction):
        return {"n": value.numerator, "d": value.denominator}
    return list(map(in_column, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class Reading:
    """A text that a check reads beside the response: a turn of the prompt, or a column of the data."""

    key: str
    shown: str
    role: str | None = None
    index: int = -1
    field: str | None = None

    def find(self, prompt: object, row: Mapping[str, object]) -> object:
        """The text for one row, or None when the row has none."""
        if self.role is None:
            return row.get(self.field or "")
        said = [text for role, text in turns_of(prompt) if role == self.role] if prompt is not None else []
        return said[self.index] if -len(said) <= self.index < len(said) else None


@dataclass(frozen=True)
class Rule:
    """A constraint: its check (None where a judge would have to decide), and the domain of each parameter."""

    name: str
    check: Callable[[pl.DataFrame], pl.Series] | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    requires: Sequence[tuple[Callable[[pl.DataFrame], pl.Series], str]] = ()
    """Conditions on the arguments, with their words."""
    reads: Sequence[Reading] = ()

    def verdicts(
        self,
        responses: Sequence[str],
        arguments: Mapping[str, Any],
        prompts: Sequence[Any] | None = None,
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> list[str]:
        """A verdict for each response: blank ones fail, and what is over 64 KiB is unknown."""
        if isinstance(responses, str) or not all(isinstance(one, str) for one in responses):
            raise ValueError("responses are a list of texts")
        texts = {"response": [prepare(one) for one in responses], **self._read(len(responses), prompts, columns or {})}
        rows = self._arguments(arguments, len(responses)).with_columns(
            pl.Series(key, column, dtype=pl.String) for key, column in texts.items()
        )
        found = [FAIL if is_blank(one) else UNKNOWN for one in texts["response"]]
        waiting = [
            row
            for row, verdict in enumerate(found)
            if verdict == UNKNOWN and not any(too_large(column[row]) for column in texts.values())
        ]
        if self.check is not None and waiting:
            lines = rows[waiting].with_row_index("line")
            for row, passes in zip(waiting, self.check(lines), strict=True):
                found[row] = PASS if passes else FAIL
        return found

    def _read(
        self, size: int, prompts: Sequence[Any] | None, columns: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """A column for each text that the check reads beside the response."""
        given: dict[str, Sequence[Any]] = {"prompts": prompts} if prompts is not None else {}
        for name, given_values in {**given, **columns}.items():
            if len(given_values) != size:
                raise ValueError(f"there are {size} responses and {len(given_values)} {name}; each response needs one")
        found: dict[str, list[str]] = {one.key: [] for one in self.reads}
        for row in range(size):
            prompt, fields = prompts[row] if prompts is not None else None, {one: columns[one][row] for one in columns}
            for one in self.reads:
                text = one.find(prompt, fields)
                if not isinstance(text, str):
                    raise ValueError(f"row {row}: `{self.name}` reads {one.shown}, and the row has none")
                found[one.key].append(prepare(text))
        return found

    def _arguments(self, given: Mapping[str, Any], size: int) -> pl.DataFrame:
        """A column for each argument. One that is not a list (of lists, for a list) holds for all rows."""
        spread = {name: value for name, value in given.items() if self._is_one_a_row(name, value)}
        for name, column in spread.items():
            if len(column) != size:
                raise ValueError(f"there are {size} responses and {len(column)} values of `{name}`")
        single = {name: value for name, value in given.items() if name not in spread}
        if spread:
            bound = [
                self._admitted({**single, **{one: spread[one][row] for one in spread}}, f"row {row}: ")
                for row in range(size)
            ]
        else:
            bound = [self._admitted(single, "")] * size
        table = pl.DataFrame({"row": pl.int_range(size, eager=True)}).with_columns(
            pl.Series(f"argument {name}", [in_column(one[name]) for one in bound], dtype=domain.dtype())
            for name, domain in self.parameters.items()
        )
        for holds, words in self.requires:
            for row, met in enumerate(holds(table.with_row_index("line"))):
                if not met:
                    raise ValueError(f"row {row}: `{self.name}` requires {words}")
        return table

    def _is_one_a_row(self, name: str, value: Any) -> bool:
        if not isinstance(value, list | tuple):
            return False
        return not isinstance(self.parameters[name], ListOf) or any(isinstance(one, list | tuple) for one in value)

    def _admitted(self, given: Mapping[str, Any], where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, domain in self.parameters.items():
            try:
                found[name] = domain.admit(given[name], found)
            except ValueError as error:
                raise ValueError(f"{where}`{name}` of `{self.name}`: {error}") from None
        return found


def rewards_of(
    reward: Reward, verdicts: Mapping[str, Sequence[str]], uses: Mapping[str, tuple[str, float]], size: int
) -> list[float | None]:
    """One number a response, None where unknown verdicts leave it open; `uses` has the kind and weight of each."""
    lines = [(row, name, *uses[name], verdict) for name, found in verdicts.items() for row, verdict in enumerate(found)]
    columns = {"row": pl.Int64, "constraint": pl.String, "kind": pl.String, "weight": pl.Float64, "verdict": pl.String}
    # No judge gave a score here.
    table = pl.DataFrame(lines, schema=columns, orient="row").with_columns(score=pl.lit(None, dtype=pl.Float64))
    return decided(reward_ends(reward, table, size))
