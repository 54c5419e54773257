"""The prefix cache of an inference engine: how much of each prompt it would have to compute."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

Tokens = Sequence[Hashable]
BLOCK = 16


def quarters(prompt: str) -> Tokens:
    """A prompt in pieces of four bytes."""
    data = prompt.encode()
    return [data[start : start + 4] for start in range(0, len(data), 4)]


def tekken() -> Callable[[str], Tokens]:
    """Mistral's tokenizer."""
    import mistral_common
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    folder = Path(mistral_common.__file__).parent / "data"
    tokenizer = Tekkenizer.from_file(folder / "tekken_240911.json")
    return lambda prompt: tokenizer.encode(prompt, bos=False, eos=False)


class PrefixCache:
    """The beginnings of prompts that an engine has read, in full blocks."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def new(self, prompt: Tokens) -> int:
        """How many tokens of a prompt have to be computed; from now on its beginnings are known."""
        beginning, known = 0, 0
        for end in range(BLOCK, len(prompt), BLOCK):  # not the last token, which an engine computes in any case
            beginning = hash((beginning, *prompt[end - BLOCK : end]))
            if beginning in self._known:
                known = end
            self._known.add(beginning)
        return len(prompt) - known
