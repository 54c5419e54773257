"""What a compiled .vif file is made of: typed, frozen, free of syntax, ready for any back end."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from verif_dsl.compiler.conversation import Given
from verif_dsl.compiler.ir import Node, Value
from verif_dsl.compiler.kinds import Kind
from verif_dsl.compiler.modules import Pin
from verif_dsl.compiler.rewards import Reward
from verif_dsl.compiler.source import Source, Span
from verif_dsl.compiler.templates import Template

Bound = int | Fraction | str | None
"""One end of a range: a number, the name of an earlier parameter, or open."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The legal values of a parameter.

    `low` and `high` bound a number, or a list's size; `pattern` must match a text as a whole; `choices` is the closed
    set of a `one_of`; `item` is the domain of a list's items.
    """

    kind: Kind
    low: Bound = None
    high: Bound = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    item: "Domain | None" = None


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter; generators draw from `sample` when it is a number, else from `pool` (for a list, its items)."""

    name: str
    domain: Domain
    default: Value | None = None
    sample: tuple[Bound, Bound] | None = None
    pool: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Instruction:
    """One way to tell the model (or, as feedback, the user), for the arguments that meet `when`."""

    template: Template
    when: Node | None
    lang: str
    holes: Mapping[str, Node]
    span: Span


@dataclass(frozen=True, slots=True)
class Example:
    """An `accept` or a `reject` line, its arguments bound, and what came before it by key.

    That of a spec has no arguments, for those stand in the uses, and no score.
    """

    accepts: bool
    response: str
    given: Mapping[str, str]
    arguments: Mapping[str, Value]
    because: str | None
    score: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Rubric:
    """How a soft constraint is judged: the question, the scale with its anchors, and the score that passes."""

    ask: Template
    low: int
    high: int
    anchors: tuple[tuple[int, Template], ...]
    pass_at: int
    show: tuple[str, ...]
    """What the judge sees: `response`, `prompt`, or the name of a given; in this order."""
    unknown: Literal["mask", "fail"]
    holes: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint: hard when it has a `check`, soft when it has a `judge`."""

    name: str
    version: int
    doc: str | None
    tags: tuple[str, ...]
    deprecated: str | None
    replacement: str | None
    """The constraint to use instead of a deprecated one, as its file calls it."""
    parameters: tuple[Param, ...]
    givens: tuple[Given, ...]
    """The texts it reads beside the response, `prompt` among them where it does."""
    requires: tuple[tuple[Node, str], ...]
    """Conditions on the arguments, each with its source text."""
    instructions: tuple[Instruction, ...]
    feedback: tuple[Instruction, ...]
    check: Node | None
    cost: int | None
    """Steps that the check takes at most, on a response of the largest size (see `cost`)."""
    judge: Rubric | None
    examples: tuple[Example, ...]
    span: Span

    @property
    def kind(self) -> Literal["hard", "soft"]:
        return "hard" if self.check is not None else "soft"


@dataclass(frozen=True, slots=True)
class Use:
    """A constraint with its arguments in place, as one requirement of a spec or of a dataset row."""

    constraint: str
    arguments: Mapping[str, Value]
    weight: float = 1.0
    name: str = ""
    """What its verdicts are called: the `as` name, else the constraint's own."""
    span: Span | None = field(default=None, compare=False)
    """Where it stands in the text, when it stands in one."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A named set of requirements with the reward that sums them up, and responses that keep all of it or do not."""

    name: str
    version: int
    doc: str | None
    tags: tuple[str, ...]
    uses: tuple[Use, ...]
    reward: Reward | None
    examples: tuple[Example, ...]
    span: Span


@dataclass(frozen=True)
class Program:
    """A compiled file."""

    source: Source
    pack: tuple[str, str | None] | None = None
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    specs: Mapping[str, Spec] = field(default_factory=dict)
    modules: Mapping[str, "Program"] = field(default_factory=dict)
    """The imported files by the names they were given."""
    pins: Mapping[str, Pin] = field(default_factory=dict)
    """The text of every file that it imports, directly or not, by the path it was imported under."""

    def known(self) -> dict[str, Constraint]:
        """Every constraint that can be asked for by name: its own, and those of its imports as `module.name`."""
        imported = {
            f"{alias}.{name}": one for alias, module in self.modules.items() for name, one in module.constraints.items()
        }
        return {**self.constraints, **imported}

    @property
    def digest(self) -> str:
        """The SHA-256 of the text and of the texts it imports: what a result depends on."""
        texts = [self.source.text, sorted((name, pin.sha256) for name, pin in self.pins.items())]
        return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
