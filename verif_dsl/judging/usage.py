"""What judging costs: calls, those spared, tokens and time."""

from dataclasses import dataclass, fields

from verif_dsl.judging.requests import Completion


@dataclass(slots=True)
class Usage:
    """Counts over some verdicts.

    A verdict is `asked` for by one question, or by one for each of its votes. Of the questions, `cached` were answered
    before, `shared` are equal to another one of the same batch, and the rest are `calls`, those asked anew because the
    reply could not be used included. `skipped` verdicts were not asked for, since they could not change the reward.
    `tokens_cached` are those of `tokens_in` that the engine had computed before.
    """

    verdicts: int = 0
    unknown: int = 0
    skipped: int = 0
    not_found: int = 0
    """Verdicts whose evidence does not stand in the response."""
    calls: int = 0
    cached: int = 0
    shared: int = 0
    failed: int = 0
    """Calls whose reply could not be used."""
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    seconds: float = 0.0

    def add(self, other: "Usage") -> None:
        """Count what another one counts as well."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def count_call(self, completion: Completion) -> None:
        """Count the tokens of a reply."""
        self.tokens_in += completion.tokens_in
        self.tokens_cached += completion.tokens_cached
        self.tokens_out += completion.tokens_out
