"""A compiled .vif file, ready to grade: `Verifier.check` takes responses and returns columns of verdicts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from random import Random
from typing import TYPE_CHECKING

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import BindError, bind, draw
from verif_dsl.compiler.conversation import Turn, turns_of
from verif_dsl.compiler.diagnostics import RowError, VerifError, suggestion
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.locales import ENGLISH
from verif_dsl.compiler.program import Constraint, Instruction, Program, Spec
from verif_dsl.compiler.texts import prepare
from verif_dsl.compiler.values import written
from verif_dsl.compiler.wording import applicable
from verif_dsl.grading import grade
from verif_dsl.requirements import Requirements, default_requirements, read_requirements
from verif_dsl.verdicts import Verdicts

if TYPE_CHECKING:
    from verif_dsl.judging import Judge

REMEMBERED = 1 << 15
"""How many different `constraints` texts stay bound: a kilobyte or two each."""


@dataclass(frozen=True)
class Verifier:
    """Grades responses by the constraints of one .vif file. Frozen, and picklable."""

    program: Program

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        """Every constraint of the file by name, and those its specs use of imported ones, as `module.name`."""
        used = {use.constraint for spec in self.specs.values() for use in spec.uses}
        return {name: one for name, one in self._known.items() if name in self.program.constraints or name in used}

    @cached_property
    def _known(self) -> Mapping[str, Constraint]:
        return self.program.known()

    @property
    def specs(self) -> Mapping[str, Spec]:
        """Every spec of the file by name."""
        return self.program.specs

    def requirements(self, text: str | None) -> Requirements:
        """What a `constraints` text asks of a row: see `requirements.read_requirements`."""
        return self._defaults if text is None else self._read(text)

    @cached_property
    def _defaults(self) -> Requirements:
        return default_requirements(self.program)

    @cached_property
    def _read(self) -> Callable[[str], Requirements]:
        # A trainer asks for the same rows at every epoch, and for each of them once a completion.
        return lru_cache(maxsize=REMEMBERED)(partial(read_requirements, self.program))

    def __getstate__(self) -> dict[str, object]:
        return {"program": self.program}

    def check(
        self,
        responses: Sequence[str],
        *,
        prompts: Sequence[str | Sequence[Mapping[str, object]]] | None = None,
        constraints: str | Sequence[str] | None = None,
        columns: Mapping[str, Sequence[str]] | None = None,
        judge: "Judge | None" = None,
        only_for_reward: bool = False,
        reward: str | None = None,
    ) -> Verdicts:
        """The verdicts on a batch of responses.

        `constraints` is one text for all rows, or one a row: the name of a spec, clauses of one such as `use
        word_range(min = 2, max = 5)`, or JSON such as `[{"use": "word_range", "with": {"min": 2, "max": 5}}]`. Without
        it every row has the file's only spec, else every constraint with its default arguments. `prompts`, one a row,
        each a text or a list of messages, is needed by checks that read the prompt or earlier turns, and `columns` by
        those that read a field of the data.

        `judge` answers judged constraints, which are unknown without one. With `only_for_reward` it is not asked about
        rows whose reward it could not change, and what it is not asked is unknown; the reward is `reward`, or as
        `Verdicts.rewards` has it without an expression.

        A blank response fails everything; one over 64 KiB is unknown, and so is what reads a prompt or a column over
        64 KiB. Raises `VerifError`, naming the row, for arguments a constraint does not accept, and `JudgeError` when
        the judge cannot be asked or leaves too much unknown.
        """
        rows = _texts(responses, "response")
        _same_length("prompts", prompts, rows)
        for name, values in (columns or {}).items():
            _same_length(f'values of the column "{name}"', values, rows)
        required = self._required(constraints, len(rows))
        texts = {"response": rows, **self._given(prompts, columns or {}, required)}
        table, own = grade(self._known, texts, required), [one.reward for one in required]
        if judge is None:
            return Verdicts(table, len(rows), own)
        from verif_dsl.judging.soft import judged

        open_rewards = None
        if only_for_reward:
            open_rewards = [value is None for value in Verdicts(table, len(rows), own).rewards(reward)]
        return Verdicts(judged(judge, self._known, texts, required, table, open_rewards), len(rows), own)

    def _given(
        self,
        prompts: Sequence[object] | None,
        columns: Mapping[str, Sequence[str]],
        required: Sequence[Requirements],
    ) -> dict[str, list[str]]:
        """A column for each text that checks read beside the response; empty on rows that do not read it."""
        texts: dict[str, list[str]] = {}
        for row, requirements in enumerate(required):
            for use in requirements.uses:
                for given in self._known[use.constraint].givens:
                    turns = _turns(prompts[row], row) if prompts is not None else ()
                    text = given.find(turns, {name: values[row] for name, values in columns.items()})
                    if not isinstance(text, str):
                        raise RowError(row, f": `{use.constraint}` reads {given}, and the row has none")
                    texts.setdefault(given.key, [""] * len(required))[row] = prepare(text)
        return texts

    def _required(self, constraints: str | Sequence[str] | None, size: int) -> list[Requirements]:
        if constraints is None or isinstance(constraints, str):
            return [self.requirements(constraints)] * size
        _same_length("constraints", constraints, range(size))
        known: dict[str, Requirements] = {}
        for row, text in enumerate(constraints):
            if not isinstance(text, str):
                raise RowError(row, f": its constraints are {type(text).__name__}, not text")
            if text not in known:
                try:
                    known[text] = self.requirements(text)
                except VerifError as error:
                    raise RowError(row, f": {error}") from None
        return [known[text] for text in constraints]

    # ------------------------------------------------------------------------------------------- what the model is told

    def instruct(
        self,
        constraints: str | None = None,
        *,
        seed: int = 0,
        lang: str = ENGLISH,
        prompt: str | Sequence[Mapping[str, object]] = (),
        columns: Mapping[str, str] | None = None,
    ) -> str:
        """The instructions of a row's constraints, joined by spaces: the text to add to its prompt.

        Where a constraint has several in the language that apply, `seed` chooses among them; the same seed gives the
        same text. `prompt` and `columns` are for instructions that show an earlier turn or a field of the data.
        Raises `VerifError` when a constraint has no instruction in the language, or shows what is not there.
        """
        rendered = []
        for use in self.requirements(constraints).uses:
            constraint = self._known[use.constraint]
            row = _row(constraint, use.arguments, "", prompt, columns)
            choices = self._applicable(use.constraint, constraint.instructions, row, lang)
            if not choices:
                shown = ", ".join(f"{name} = {written(value)}" for name, value in use.arguments.items())
                message = f'`{use.constraint}` has no instruction in "{lang}"' + (f" when {shown}" if shown else "")
                raise VerifError(message)
            rendered.append(Random(f"{seed} {use.name}").choice(choices))
        return " ".join(rendered)

    def feedback(
        self,
        constraint: str,
        response: str,
        arguments: Mapping[str, object] | None = None,
        *,
        lang: str = ENGLISH,
        prompt: str | Sequence[Mapping[str, object]] = (),
        columns: Mapping[str, str] | None = None,
    ) -> str | None:
        """What the constraint says to a person about a response, or None when it has no `feedback` that applies.

        `prompt` and `columns` are for feedback that shows what came before. Raises `VerifError` when that is not there.
        """
        chosen = self._constraint(constraint)
        row = _row(chosen, self._bound(chosen, arguments or {}), response, prompt, columns)
        texts = self._applicable(constraint, chosen.feedback, row, lang)
        return texts[0] if texts else None

    def _applicable(self, name: str, instructions: Sequence[Instruction], row: Row, lang: str) -> list[str]:
        """The texts in a language that apply to a row."""
        try:
            chosen = applicable(instructions, row, lang)
            return [_render(one, row) for one in chosen]
        except KeyError:
            lacking = next(one for one in self._known[name].givens if one.key not in row.given)
            raise VerifError(f"a text of `{name}` shows {lacking}, which is not there") from None
        except FileNotFoundError as error:  # what a builtin reads, such as NLTK's tables
            raise VerifError(f"a text of `{name}` cannot be shown: {error}") from None

    def draw(self, constraint: str, random: Random) -> dict[str, Value]:
        """Legal arguments for a constraint, drawn from the `sample` of each parameter."""
        try:
            return draw(self._constraint(constraint), random)
        except BindError as error:
            raise VerifError(str(error)) from None

    def _constraint(self, name: str) -> Constraint:
        if name not in self._known:
            hint = suggestion(name, self._known)
            raise VerifError(f"there is no constraint `{name}`" + (f" ({hint})" if hint else ""))
        return self._known[name]

    def _bound(self, constraint: Constraint, arguments: Mapping[str, object]) -> dict[str, Value]:
        try:
            return bind(constraint, arguments)
        except BindError as error:
            raise VerifError(str(error)) from None


def _texts(texts: Sequence[str], what: str) -> list[str]:
    if isinstance(texts, str):
        raise VerifError(f"{what}s are a list of texts, not one text")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise RowError(row, f": the {what} is {type(text).__name__}, not text")
    return [prepare(text) for text in texts]


def _turns(prompt: object, row: int) -> tuple[Turn, ...]:
    try:
        return turns_of(prompt)
    except ValueError as error:
        raise RowError(row, f": {error}") from None


def _row(
    constraint: Constraint,
    arguments: Mapping[str, Value],
    response: str,
    prompt: str | Sequence[Mapping[str, object]],
    columns: Mapping[str, str] | None,
) -> Row:
    """One row for the texts of a constraint, with as much of what came before as there is."""
    turns = _turns(prompt, 0)
    found = {one.key: one.find(turns, columns or {}) for one in constraint.givens}
    given = {key: prepare(text) for key, text in found.items() if text is not None}
    return Row(prepare(response), arguments, given)


def _same_length(what: str, given: Sequence[object] | None, rows: Sequence[object]) -> None:
    if given is not None and len(given) != len(rows):
        raise VerifError(f"there are {len(rows)} responses and {len(given)} {what}; each response needs one")


def _render(instruction: Instruction, row: Row) -> str:
    return instruction.template.render({name: evaluate(node, row) for name, node in instruction.holes.items()})
