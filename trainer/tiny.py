"""The embedded model: small enough for a CPU core, made on the spot, so that nothing is downloaded.

A byte-level BPE tokenizer and a Qwen2 of about half a million parameters are trained on made text until the model knows
what prompts and answers look like. It writes no sense, and follows instructions poorly: that is what reinforcement
learning then has to mend, and since no reward asks for sense, its answers become stranger while they become obedient.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verif_dsl import Verifier
from verif_dsl.trainer.config import TinyConfig
from verif_dsl.trainer.data import MOST_CONSTRAINTS, as_column, drawable, write_prompt
from verif_dsl.trainer.text import topics_in

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

END = "<end>"
PADDING = "<pad>"

OnStep = Callable[[int, int], None]
"""Told the step and the last step."""
Drawn = list[tuple[str, dict[str, Any]]]
"""Constraints by name, each with arguments."""


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and the answer that the warm start shows for it."""

    prompt: str
    answer: str


def make_tiny(folder: Path, examples: Sequence[Example], size: TinyConfig, rng: random.Random, on_step: OnStep) -> None:
    """Make the embedded model and its tokenizer, warmed up on the examples, and save both in the folder."""
    import torch

    torch.manual_seed(rng.getrandbits(32))
    tokenizer = train_tokenizer([example.prompt + example.answer for example in examples], size.vocabulary)
    model = random_model(tokenizer, size)
    warm_start(model, tokenizer, examples, size, rng, on_step)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def warm_examples(
    verifier: Verifier, sentences: Sequence[str], topics: Sequence[str], size: TinyConfig, rng: random.Random
) -> list[Example]:
    """Prompts about the topics, with made sentences as answers.

    The instructions of `obedient_share` of them are true of the answer wherever any of those drawn is; the verifier
    says which. All others ask for things at random, so that following instructions is left to be learnt.
    """
    drawn_for: list[Drawn] = []
    prompts_about: list[str] = []
    answers: list[str] = []
    names, known = drawable(verifier), frozenset(topics)
    able = [(sentence, found) for sentence in sentences if (found := known.intersection(topics_in(sentence)))]
    for _ in range(size.examples):
        sentence, found = rng.choice(able)
        drawn = [(name, verifier.draw(name, rng)) for name in names]
        drawn_for.append(drawn)
        prompts_about.append(rng.choice(sorted(found)))
        answers.append(_vary(sentence, drawn, rng))
    verdicts = verifier.check(answers, prompts=prompts_about, constraints=[as_column(drawn) for drawn in drawn_for])
    examples = []
    for topic, answer, drawn, lines in zip(prompts_about, answers, drawn_for, verdicts.by_row(), strict=True):
        met = [use for use, line in zip(drawn, lines, strict=True) if line["verdict"] == "pass"]
        pool = met if met and rng.random() < size.obedient_share else drawn
        chosen = rng.sample(pool, min(rng.randint(1, MOST_CONSTRAINTS), len(pool)))
        instructions = verifier.instruct(as_column(chosen), seed=rng.getrandbits(32))
        examples.append(Example(write_prompt(topic, instructions), answer))
    return examples


def _vary(sentence: str, drawn: Drawn, rng: random.Random) -> str:
    """A sentence cut short, given a text from the drawn arguments, or put in lower case, each by chance.

    Made sentences are all alike; without this the model would never see some rules met, and what it never does by
    chance, no reward can teach it.
    """
    words = sentence.split()
    if rng.random() < 0.5:
        words = words[: rng.randint(3, len(words))]
    texts = [value for _, arguments in drawn for value in arguments.values() if isinstance(value, str)]
    if texts and rng.random() < 0.75:
        words.insert(rng.choice([len(words), rng.randint(0, len(words))]), rng.choice(texts))
    text = " ".join(words)
    return text.lower() if rng.random() < 0.25 else text


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> "PreTrainedTokenizerFast":
    """A byte-level BPE tokenizer of at most `vocabulary` ids, the end and padding marks among them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PADDING, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=PADDING, padding_side="left")


def random_model(tokenizer: "PreTrainedTokenizerFast", size: TinyConfig) -> "Qwen2ForCausalLM":
    """A Qwen2 with random weights (seed them with `torch.manual_seed`) for the tokenizer's vocabulary."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        intermediate_size=size.hidden * 3,
        num_hidden_layers=size.layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return Qwen2ForCausalLM(config)


def warm_start(
    model: "Qwen2ForCausalLM",
    tokenizer: "PreTrainedTokenizerFast",
    examples: Sequence[Example],
    size: TinyConfig,
    rng: random.Random,
    on_step: OnStep,
) -> None:
    """Supervised steps on the answers only (prompts are read, not learnt), one-cycle AdamW."""
    import torch

    encoded = [_encode(tokenizer, example) for example in examples]
    optimizer = torch.optim.AdamW(model.parameters(), lr=size.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, size.learning_rate, total_steps=size.steps)
    model.train()
    for step in range(size.steps):
        batch = rng.sample(encoded, min(size.batch, len(encoded)))
        loss = model(**_collate(batch, tokenizer.pad_token_id)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        on_step(step + 1, size.steps)
    model.eval()


def _encode(tokenizer: "PreTrainedTokenizerFast", example: Example) -> tuple[list[int], int]:
    prompt = tokenizer(example.prompt)["input_ids"]
    answer = tokenizer(example.answer)["input_ids"]
    return [*prompt, *answer, tokenizer.eos_token_id], len(prompt)


def _collate(batch: Sequence[tuple[list[int], int]], padding: int) -> "dict[str, torch.Tensor]":
    import torch

    width = max(len(ids) for ids, _ in batch)
    ids = torch.full((len(batch), width), padding)
    labels = torch.full((len(batch), width), -100)  # -100: positions that the loss leaves out
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    for row, (tokens, prompt_length) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, prompt_length : len(tokens)] = torch.tensor(tokens[prompt_length:])
        mask[row, : len(tokens)] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}
