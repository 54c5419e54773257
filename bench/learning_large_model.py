"""The model of `learning_large.py`, and what it reads before it is trained on verdicts."""

import argparse
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any

import numpy as np
import torch
from learning_large_report import say
from transformers import Qwen2Config, Qwen2ForCausalLM

from verif_dsl.trainer.tiny import Example

FALLING = 0.15
"""The last part of the warm start's time, in which the learning rate falls to nothing."""
BATCHES_OF_A_POOL = 100
"""How many batches are filled at a time from examples that are sorted by length."""
LEFT_OUT = -100
"""The label of positions that the loss leaves out."""


def random_model(tokenizer: Any, hidden: int, layers: int) -> Any:
    """A Qwen2 with random weights."""
    heads = max(hidden // 64, 2)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=hidden * 3,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return Qwen2ForCausalLM(config)


def warm_start(model: Any, tokenizer: Any, examples: Sequence[Example], options: argparse.Namespace) -> list[float]:
    """Supervised steps on the answers until the time is up, the last at a falling rate; the loss now and then."""
    device = model.device
    tokens, prompt_lengths, lengths = (one.to(device) for one in encoded(tokenizer, examples))
    say(f"encoded, {lengths.float().mean():.0f} tokens an example, {int(lengths.max())} the longest")
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=options.warm_rate, betas=(0.9, 0.95), weight_decay=0.01, fused=True
    )
    order = batches_of_like_length(lengths, options.warm_batch)
    model.train()
    started, losses = time.perf_counter(), []
    for step in range(options.warm_steps):
        now = (time.perf_counter() - started) / options.warm_seconds
        falling = (now - 1 + FALLING) / FALLING
        if falling >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = options.warm_rate * min((step + 1) / 200, 1 - max(falling, 0))
        batch = order[step % len(order)]
        width = int(lengths[batch].max())
        some, places = tokens[batch, :width].long(), torch.arange(width, device=device)
        learnt = (places >= prompt_lengths[batch, None]) & (places < lengths[batch, None])
        with autocast(device):
            # Padding stands behind the answers, where causal attention never looks, so no mask is needed.
            loss = model(input_ids=some, labels=some.masked_fill(~learnt, LEFT_OUT)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 10 == 0:
            losses.append(round(loss.item(), 4))
        if step % 100 == 0:
            say(f"warm start, step {step}, loss {losses[-1]}")
    say(f"warm start ended after step {step}, loss {losses[-1]}")
    model.eval()
    return losses


def batches_of_like_length(lengths: torch.Tensor, size: int) -> torch.Tensor:
    """Every example once, in batches with little padding, in random order."""
    count = len(lengths) // size * size
    order = torch.randperm(len(lengths), device=lengths.device)[:count]
    pools = order.split(size * BATCHES_OF_A_POOL)
    alike = torch.cat([pool[lengths[pool].argsort()] for pool in pools]).view(-1, size)
    return alike[torch.randperm(len(alike), device=lengths.device)]


def encoded(tokenizer: Any, examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The tokens of each example, padded behind; how many of them are its prompt's; and how many there are."""
    prompts = tokenizer([one.prompt for one in examples])["input_ids"]
    answers = tokenizer([one.answer for one in examples])["input_ids"]
    prompt_lengths = torch.tensor([len(one) for one in prompts])
    lengths = prompt_lengths + torch.tensor([len(one) + 1 for one in answers])
    end = [tokenizer.eos_token_id]
    flat = chain.from_iterable(chain(one, other, end) for one, other in zip(prompts, answers, strict=True))
    tokens = torch.full((len(examples), int(lengths.max())), tokenizer.pad_token_id, dtype=torch.int32)
    filled = torch.arange(tokens.shape[1]) < lengths[:, None]
    tokens[filled] = torch.from_numpy(np.fromiter(flat, np.int32, int(lengths.sum())))
    return tokens, prompt_lengths, lengths


def autocast(device: torch.device) -> AbstractContextManager[Any]:
    return torch.autocast(device.type, torch.bfloat16)
