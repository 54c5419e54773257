"""A file of responses of any size, scored chunk by chunk; what is computed is kept, so that a stopped run can go on.

Each chunk of rows becomes a part of the output, and at the end the parts become the output. A later run of the same
command reads the input again, and computes only the chunks that it finds no part of: reading costs little beside
checking, and a part is never taken for rows that have changed since, while a bad row can be mended without losing what
was computed before it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import verif_dsl
from verif_dsl.compiler.diagnostics import RowError, VerifError
from verif_dsl.compiler.rewards import parse_reward
from verif_dsl.parts import Part, Parts
from verif_dsl.rows import Rows, read_chunks
from verif_dsl.scored_rows import IDENTIFYING, ScoredRows, encode, join
from verif_dsl.verdicts import FAIL, PASS, UNKNOWN, Verdicts
from verif_dsl.verifier import Verifier

if TYPE_CHECKING:
    from verif_dsl.judging import Judge


@dataclass(frozen=True)
class Scoring:
    """Which rows are scored, by what, and where the verdicts go.

    A column that is None is called `prompt` or `constraints`, and need not be there. `spec`, where there is one, holds
    for every row; `reward` stands in place of the specs' own. `judge` answers judged constraints, with
    `only_for_reward` where the answer can change the reward.
    """

    verifier: Verifier
    data: Path
    out: Path
    response_column: str = "response"
    prompt_column: str | None = None
    constraints_column: str | None = None
    spec: str | None = None
    reward: str | None = None
    judge: "Judge | None" = None
    only_for_reward: bool = False

    @property
    def parts(self) -> Parts:
        """The parts of the output, and what they depend on beside the rows."""
        command = {
            "version of verif-dsl": verif_dsl.__version__,
            "constraints": self.verifier.program.digest,
            "input": str(self.data.resolve()),
            "--response-column": self.response_column,
            "--prompt-column": self.prompts_in,
            "--constraints-column": self.constraints_in,
            "--spec": self.spec,
            "--reward": self.reward,
            "--judge": None if self.judge is None else self.judge.config.model_dump(mode="json"),
            "--only-for-reward": self.only_for_reward,
        }
        return Parts(self.out, command)

    @property
    def prompts_in(self) -> str:
        return self.prompt_column or "prompt"

    @property
    def constraints_in(self) -> str:
        return self.constraints_column or "constraints"


@dataclass
class Summary:
    """The verdicts on rows, counted: for each constraint how many of each verdict, and the sum of decided rewards."""

    rows: int = 0
    undecided: int = 0
    total_reward: float = 0.0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, other: "Summary") -> None:
        """Count the rows of another summary as well."""
        self.rows += other.rows
        self.undecided += other.undecided
        self.total_reward += other.total_reward
        for constraint, counts in other.counts.items():
            total = self.counts.setdefault(constraint, dict.fromkeys((PASS, FAIL, UNKNOWN), 0))
            for verdict, count in counts.items():
                total[verdict] += count

    @property
    def mean_reward(self) -> float | None:
        """The mean of the decided rewards; None where none is decided."""
        decided = self.rows - self.undecided
        return self.total_reward / decided if decided else None


def score_file(scoring: Scoring) -> Iterator[tuple[Summary, float]]:
    """Score every row and write the output; after each chunk, the summary so far and the share of the input done.

    The output is there when the iterator has ended. Raises VerifError as `read_chunks` and `Verifier.check` do, with
    rows numbered as in the file, and when the output cannot be written or the folder of its parts is another command's.
    Whatever ends a run, the same command goes on where it ended.
    """
    verifier = scoring.verifier
    # What is wrong for every row is told before the first is read.
    if scoring.reward is not None:
        parse_reward(scoring.reward)
    if scoring.spec is not None:
        verifier.requirements(scoring.spec)
    named = [name for name in (scoring.prompt_column, scoring.constraints_column) if name is not None]
    optional = [scoring.prompts_in] if scoring.spec is not None else [scoring.prompts_in, scoring.constraints_in]
    chunks = read_chunks(
        scoring.data,
        needed=[scoring.response_column, *named],
        texts=[name for name in optional if name not in named],
        extras=IDENTIFYING,
    )
    store = scoring.parts
    parts: list[Part] = []
    summary = Summary()
    for number, rows in enumerate(chunks):
        source = _fingerprint(rows)
        part = store.find(number, source) or _computed(scoring, store, number, rows, source)
        parts.append(part)
        summary.add(Summary(**part.about["summary"]))
        yield summary, rows.share
    store.join(partial(join, parts, scoring.out.suffix.lower()))


def _fingerprint(rows: Rows) -> str:
    """A digest of everything in rows that their part depends on."""
    types = {name: str(rows.types[name]) for name in IDENTIFYING if name in rows.types}
    return hashlib.sha256(json.dumps([rows.first, types, rows.columns], default=str).encode()).hexdigest()


def _computed(scoring: Scoring, store: Parts, number: int, rows: Rows, source: str) -> Part:
    """A part that is computed now."""
    held_to = _held_to(scoring, rows)
    try:
        verdicts = scoring.verifier.check(
            rows.columns[scoring.response_column],
            prompts=rows.columns.get(scoring.prompts_in),
            constraints=held_to,
            judge=scoring.judge,
            only_for_reward=scoring.only_for_reward,
            reward=scoring.reward,
        )
        rewards = verdicts.rewards(scoring.reward)
    except RowError as error:
        raise error.counted_from(rows.first) from None
    identifying = {name: rows.columns[name] for name in IDENTIFYING if name in rows.columns}
    scored = ScoredRows(rows.first, identifying, rows.types, rewards, verdicts.by_row())
    decided = [reward for reward in rewards if reward is not None]
    summary = Summary(rows.count, rows.count - len(decided), sum(decided), _counts(verdicts))
    about = {"kinds": scored.kinds(), "summary": asdict(summary)}
    return store.keep(number, source, encode(scored, scoring.out.suffix.lower()), about)


def _held_to(scoring: Scoring, rows: Rows) -> str | list[str] | None:
    """What `Verifier.check` takes as constraints: the spec, the column, or None for the only spec there is."""
    if scoring.spec is not None:
        return scoring.spec
    if scoring.constraints_in in rows.columns:
        return rows.columns[scoring.constraints_in]
    if len(scoring.verifier.specs) == 1:
        return None
    # Every constraint with its defaults would do for a script of one's own; for a file it is more likely a slip.
    raise VerifError(
        f"{scoring.data}: there is no column `{scoring.constraints_in}` to say what each row is held to; "
        "name it with --constraints-column, or hold every row to one spec with --spec"
    )


def _counts(verdicts: Verdicts) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for constraint, verdict, count in verdicts.table.group_by("constraint", "verdict").len().iter_rows():
        counts.setdefault(constraint, {})[verdict] = count
    return counts
