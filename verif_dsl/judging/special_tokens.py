"""Special tokens of a model's own tokenizer in the text of a question, for engines that have the tokenizer at hand."""

from typing import Any

from verif_dsl.compiler.backends.judge_prompts import BREAK


def broken_up(text: str, tokenizer: Any) -> str:
    """The text in which no special token of a transformers tokenizer stands; the question broke up those it knew."""
    for one in tokenizer.added_tokens_decoder.values():
        if one.special:
            text = text.replace(one.content, one.content[:1] + BREAK + one.content[1:])
    return text
