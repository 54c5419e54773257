"""A model with random weights and a tokenizer of pieces, decoding under the grammar, writes what parses."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LogitsProcessor

from verif_dsl.compiler.decoding import decoding_grammar
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.source import Source
from verif_dsl.trainer.config import TinyConfig
from verif_dsl.trainer.tiny import random_model, train_tokenizer

llguidance = pytest.importorskip("llguidance", reason="llguidance is not installed (extra: test)")
bitmasks = pytest.importorskip("llguidance.numpy")
hugging_face = pytest.importorskip("llguidance.hf")

SAMPLES = 50
AT_ONCE = 480
LONGEST = 900
CLOSING = 7.0
"""Added to the logits of what closes something: random weights have no wish to come to an end."""

STDLIB = sorted((Path(__file__).parent.parent.parent / "stdlib").glob("*.vif"))


class UnderTheGrammar(LogitsProcessor):
    """Leaves each sequence the tokens with which its program can go on; a mask of zeros is a program that has ended."""

    def __init__(self, tokenizer: Any, prompt_length: int) -> None:
        self.known = hugging_face.from_tokenizer(tokenizer)
        grammar = llguidance.LLMatcher.grammar_from_lark(decoding_grammar(["same"], ["std/length", "std/keywords"]))
        assert not llguidance.LLMatcher.validate_grammar(grammar, self.known)
        self.matchers = [llguidance.LLMatcher(self.known, grammar) for _ in range(AT_ONCE)]
        self.read = prompt_length
        texts = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        closing = [any(mark in text for mark in '})]"') for text in texts]
        self.bonus = torch.tensor(closing, dtype=torch.float32) * CLOSING
        self.end = tokenizer.eos_token_id

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        mask = bitmasks.allocate_token_bitmask(AT_ONCE, self.known.vocab_size)
        for row, matcher in enumerate(self.matchers):
            for token in input_ids[row, self.read :].tolist():
                if not matcher.is_stopped():
                    assert matcher.consume_token(token), matcher.get_error()
            bitmasks.fill_next_token_bitmask(matcher, mask, row)
        self.read = input_ids.shape[1]
        ids = torch.arange(scores.shape[1])
        allowed = (torch.from_numpy(mask)[:, ids // 32] >> (ids % 32) & 1).bool()
        allowed[~allowed.any(dim=1), self.end] = True
        return (scores + self.bonus).masked_fill(~allowed, -torch.inf)


def test_fifty_samples_of_a_random_model_parse() -> None:
    torch.manual_seed(0)
    tokenizer = train_tokenizer([path.read_text(encoding="utf-8") for path in STDLIB], 600)
    model = random_model(tokenizer, TinyConfig(hidden=32, layers=1)).eval()
    start = torch.full((AT_ONCE, 1), tokenizer.pad_token_id)
    written = model.generate(
        start,
        attention_mask=torch.ones_like(start),
        do_sample=True,
        max_new_tokens=LONGEST,
        logits_processor=[UnderTheGrammar(tokenizer, 1)],
        pad_token_id=tokenizer.eos_token_id,
    )
    whole = [row for row in written[:, 1:].tolist() if tokenizer.eos_token_id in row]  # the others were cut off
    texts = [tokenizer.decode(row[: row.index(tokenizer.eos_token_id)]) for row in whole]
    assert len(texts) >= SAMPLES
    assert len(set(texts)) >= SAMPLES // 2
    for text in texts:
        parse(Source("<sampled>", text))
