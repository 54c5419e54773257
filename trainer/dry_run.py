"""`vif train CONFIG --dry-run`: everything that can be known before training, and every mistake that can be found.

Nothing is trained, no weights of the model are loaded, and nothing is written, but for the replies of a judge into its
cache. What is wrong with one part of a configuration does not keep the others from being looked at.
"""

import os
import random
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from verif_dsl import VerifError, Verifier
from verif_dsl.compiler import check_source, read_source
from verif_dsl.compiler.backends.judge_prompts import questions
from verif_dsl.judging import Judge, Undecided
from verif_dsl.judging.calibration import labelled_examples
from verif_dsl.rows import read_rows
from verif_dsl.trainer import processes, tripwires
from verif_dsl.trainer.checkpoints import check_owner, last_whole, step_of
from verif_dsl.trainer.config import MADE, TINY, Config, load_config
from verif_dsl.trainer.data import Row, check_prompts, hold_out, rows_from
from verif_dsl.trainer.findings import Findings, counted, size
from verif_dsl.trainer.folders import check_places
from verif_dsl.trainer.impossible import tell_impossible
from verif_dsl.trainer.lora import adapter_for
from verif_dsl.trainer.measure import check_reward
from verif_dsl.trainer.memory import Estimate, estimate, free_on_disk, shape_of
from verif_dsl.trainer.report import shown_prompt
from verif_dsl.trainer.sampling import as_read, quiet
from verif_dsl.trainer.train import Made, as_asked, check_judge, depends_on, rows_of

MOST_READ = 4096
"""So many prompts are tokenized to find a long one, and so many held-out rows tried on the trip wires."""
SHOWN = 1200
"""Characters of a prompt that are shown."""


def dry_run(config_path: Path, console: Console, *, output: Path | None = None) -> bool:
    """Look at all of a configuration, print what was found, and tell whether training can begin."""
    found = Findings()
    config = found.attempt(lambda: load_config(config_path))
    if config is not None:
        if output is not None:
            config = config.model_copy(update={"output": str(output.resolve())})
        with quiet():
            _look(config, str(config_path), found)
    found.show(console)
    return not found.problems


def _look(config: Config, file: str, found: Findings) -> None:
    found.check(lambda: processes.check_launch(adapter=config.lora is not None))
    verifier = _rules(config, found)
    rows: list[Row] | None = None
    held_out: list[Row] | None = None
    if verifier is None:
        for name in (config.data, config.held_out):
            if isinstance(name, str) and name != MADE:
                found.attempt(partial(read_rows, Path(name), needed=("constraints",), extras=("prompt",)))
    else:
        rows, held_out = _rows(config, verifier, found)
        _reward(config, verifier, [*(rows or ()), *(held_out or ())], found)
    arguments = _arguments(config, file, rows, found)
    longest = _prompts(config, rows, held_out, found)
    shape = found.attempt(lambda: shape_of(config))
    if arguments is not None:
        _generation(config, arguments, shape, longest, found)
    if verifier is not None:
        _judge(config, verifier, [*(rows or ()), *(held_out or ())], found)
        if held_out:
            _wires(config, verifier, held_out, found)
    needed = None
    if shape is not None and config.lora is not None:
        lora = config.lora
        if not found.check(lambda: adapter_for(shape, lora)):
            shape = None
    if shape is not None and arguments is not None:
        needed = _memory(config, arguments, shape, longest, found)
    _output(config, arguments, verifier, needed, found)


# ------------------------------------------------------------------------------------------------- rules, rows, reward


def _rules(config: Config, found: Findings) -> Verifier | None:
    source = found.attempt(lambda: read_source(config.constraints))
    if source is None:
        return None
    program, report = check_source(source)
    if program is None:
        found.problems.append(report.render())
        return None
    verifier = Verifier(program)
    judged = sum(one.judge is not None for one in verifier.constraints.values())
    told = [f"{counted(len(verifier.constraints), 'constraint')} in {source.name}, {judged} of them judged"]
    if report.examples:
        told.append(f"{counted(report.examples, 'example')} tried, and all hold")
    told += [f"{counted(number, 'example')} not tried: {reason}" for reason, number in report.untried.items()]
    found.say("Rules", *told)
    return verifier


def _rows(config: Config, verifier: Verifier, found: Findings) -> tuple[list[Row] | None, list[Row] | None]:
    """The rows to train on and those to measure on, in so far as they can be had."""
    rng = random.Random(config.seed)
    rows: list[Row] | None
    held_out: list[Row] | None = None
    if config.data == MADE:
        both = found.attempt(lambda: rows_of(config, verifier, Made.of(config, rng), rng))
        rows, held_out = both if both is not None else (None, None)
    else:
        rows = found.attempt(lambda: rows_from(Path(config.data), verifier))
        if isinstance(config.held_out, str):
            name = config.held_out
            held_out = found.attempt(lambda: rows_from(Path(name), verifier))
        elif rows is not None:
            every, count = rows, config.held_out
            both = found.attempt(lambda: hold_out(every, count, rng))
            rows, held_out = both if both is not None else (rows, None)
    if rows is not None and held_out is not None:
        kept = "made" if config.data == MADE else config.data
        found.say("Rows", f"{len(rows):,} to train on ({kept})", f"{len(held_out):,} to measure on")
        seen = {shown_prompt(row.prompt) for row in rows}
        both_sides = sum(shown_prompt(row.prompt) in seen for row in held_out)
        if both_sides:
            found.warnings.append(f"{both_sides:,} of the rows to measure on have a prompt that is trained on")
        tell_impossible(verifier, [*rows, *held_out], found)
    return rows, held_out


def _reward(config: Config, verifier: Verifier, rows: Sequence[Row], found: Findings) -> None:
    # Where there are no rows, for another mistake, an empty one still shows whether the reward can be read.
    fits = found.check(lambda: check_reward(verifier, config.reward, rows or [Row("", "[]")]))
    if fits:
        found.say("Reward", config.reward or "each row's own, or verif-code")


# ---------------------------------------------------------------------------------------------------- TRL's arguments


def _arguments(config: Config, file: str, rows: Sequence[Row] | None, found: Findings) -> Any:
    from verif_dsl.trainer.grpo import check_enough, grpo_arguments, steps_of

    try:
        arguments = grpo_arguments(config, output=Path(config.output) / "trainer", file=file)
    except VerifError as error:
        found.problems += error.message.splitlines()
        return None
    if rows is None or not found.check(lambda: check_enough(rows, arguments)):
        return arguments
    steps, completions = steps_of(len(rows), arguments), arguments.generation_batch_size
    prompts = completions // arguments.num_generations
    each = arguments.steps_per_generation * arguments.num_iterations / arguments.gradient_accumulation_steps
    rounds = steps / each
    share = rounds * prompts / len(rows)
    in_all = round(rounds * completions)
    once = "a step" if each == 1 else f"{each:g} steps"
    found.say(
        "Steps",
        f"{steps:,}; {once}: {counted(prompts, 'prompt')} x {arguments.num_generations} completions",
        f"{counted(processes.count(), 'process')} x {arguments.per_device_train_batch_size} completions at a time"
        f" x {arguments.gradient_accumulation_steps} accumulated",
        f"{in_all:,} completions of up to {arguments.max_completion_length:,} tokens:"
        f" {in_all * arguments.max_completion_length:,} at most; the rows are gone through {share:.2g} times",
    )
    return arguments


# ------------------------------------------------------------------------------------------------ the model's side


def _prompts(config: Config, rows: Sequence[Row] | None, held_out: Sequence[Row] | None, found: Findings) -> int | None:
    """Show a prompt as the model reads it; how many tokens the longest of many has."""
    every = [*(rows or ()), *(held_out or ())]
    if config.model == TINY:
        fit = found.check(lambda: check_prompts(every, chat=config.chat, has_template=False))
        if fit and rows:
            found.say("Prompt", *_cut(shown_prompt(rows[0].prompt)))
        return None
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(config.model, local_files_only=True)
    except (OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        found.problems.append(f"{config.model}: transformers cannot load a tokenizer from it ({first_line})")
        return None
    found.check(lambda: _check_weights(Path(config.model)))
    has_template = tokenizer.chat_template is not None
    fit = found.check(lambda: check_prompts(every, chat=config.chat, has_template=has_template))
    if not fit or not rows:
        return None
    asked = as_asked(config, tokenizer, rows[:: -(-len(rows) // MOST_READ)])
    texts = []
    for row in asked:
        try:
            texts.append(as_read(tokenizer, row.prompt))
        except Exception as error:  # a template is a program of the model's, and may raise anything
            told = str(error).partition("\n")[0]
            found.problems.append(f"{config.model}: the chat template does not take the rows' prompts ({told})")
            return None
    lengths = [len(ids) for ids in tokenizer(texts, add_special_tokens=isinstance(asked[0].prompt, str))["input_ids"]]
    how = "as it is" if isinstance(asked[0].prompt, str) else "by the model's chat template"
    found.say("Prompt", f"up to {max(lengths):,} tokens, of {len(lengths):,} rows; the first, {how}:", *_cut(texts[0]))
    return max(lengths)


def _cut(text: str) -> list[str]:
    lines = text.rstrip("\n")[:SHOWN].split("\n")
    return [f"| {line}" for line in lines] + (["| ..."] if len(text) > SHOWN else [])


def _check_weights(folder: Path) -> None:
    """Raise `VerifError` when the files that hold a model's weights are not all there."""
    import json

    for index in folder.glob("*.index.json"):
        named = set(json.loads(index.read_bytes()).get("weight_map", {}).values())
        missing = sorted(name for name in named if not (folder / name).is_file())
        if missing:
            raise VerifError(f"{folder}: {counted(len(missing), 'file')} of weights missing, {missing[0]} among them")
    if not any(one.suffix in (".safetensors", ".bin") for one in folder.iterdir()):
        raise VerifError(f"{folder}: there are no weights in it (no *.safetensors)")


def _generation(config: Config, arguments: Any, shape: Any, longest: int | None, found: Findings) -> None:
    """Whether what samples completions is there, and has room for them."""
    from verif_dsl.trainer.needs import CHECKS, cache_room, check_trackers, server_settings, server_url

    found.check(lambda: check_trackers(arguments))
    fits = [found.check(partial(check, arguments)) for check in CHECKS[config.generation]]
    rooms = {}
    if config.generation == "vllm_colocate":
        rooms["`grpo.vllm_max_model_length` allows"] = arguments.vllm_max_model_length
    if config.generation == "continuous_batching" and fits[-1]:
        rooms["the cache of continuous batching holds"] = cache_room(arguments)
    told: str = config.generation
    if config.generation == "vllm_server" and fits[-1]:
        told = f"vLLM at {server_url(arguments)} answers"
        rooms["the server reads"] = server_settings(arguments).get("model_config", {}).get("max_model_len")
    found.say("Generation", told)
    if longest is None or shape is None:
        return
    rooms["the model reads"] = getattr(shape.config.get_text_config(), "max_position_embeddings", None)
    for who, room in rooms.items():
        if room is not None and longest + arguments.max_completion_length > room:
            found.problems.append(
                f"prompts have up to {longest:,} tokens and completions up to {arguments.max_completion_length:,}, and "
                f"{who} {room:,} in all"
            )


# ----------------------------------------------------------------------------------------------- the judge, trip wires


def _judge(config: Config, verifier: Verifier, rows: Sequence[Row], found: Findings) -> None:
    known = verifier.program.known()
    judged = [{use.constraint for use in verifier.requirements(row.constraints).uses} for row in rows]
    judged = [{name for name in names if known[name].judge is not None} for names in judged]
    asking, names = sum(map(bool, judged)), sorted(set().union(*judged))
    if config.judge is None:
        if asking:
            found.warnings.append(
                f"{asking:,} of {len(rows):,} rows ask for judged constraints ({', '.join(names)}), which stay "
                "unknown: there is no `judge`"
            )
        return
    if rows and not asking:
        found.warnings.append("there is a `judge`, and no row asks for a judged constraint")
    judge = Judge(config.judge)
    told = [f"{config.judge.model}, about {asking:,} of {len(rows):,} rows"]
    answers = found.attempt(lambda: _asked(judge, verifier, names))
    if answers is not None:
        told.append(answers)
        wanted = config.calibration
        if wanted is not None:
            agreement = found.attempt(lambda: check_judge(judge, wanted, verifier))
            if agreement is not None:
                kappa = "no kappa" if agreement.kappa is None else f"kappa {agreement.kappa:.2f}"
                right = "-" if agreement.agreement is None else f"{agreement.agreement:.0%}"
                told.append(
                    f"agrees with {right} of {counted(agreement.decided + agreement.unknown, 'label')}: {kappa}, "
                    f"{agreement.unknown} unknown"
                )
        else:
            found.warnings.append("the judge is not held against labels: there is no `calibration`")
    found.say("Judge", *told)


def _asked(judge: Judge, verifier: Verifier, names: Sequence[str]) -> str:
    """Ask the judge one real question, past its cache. Raises `VerifError` when there is no usable reply."""
    known = verifier.program.known()
    examples = labelled_examples({name: known[name] for name in names} or verifier.constraints)
    if not examples:
        return "not asked: no judged constraint has an example"
    first = examples[0]
    bare = Judge(judge.config.model_copy(update={"cache": None, "max_unknown": 1.0, "retries": 1}))
    started = time.perf_counter()
    (answer,) = bare.ask(questions([first.soft], judge.config.mode))
    seconds = time.perf_counter() - started
    reply = answer[0]
    if isinstance(reply, Undecided):
        raise VerifError(f"the judge {judge.config.model} gives no reply that can be used: {reply.reason}")
    verdict = "as labelled" if reply.passes == first.passes else "not as labelled"
    return f"answers in {seconds:.2f} s about an example of `{first.soft.name}`, {verdict}"


def _wires(config: Config, verifier: Verifier, held_out: Sequence[Row], found: Findings) -> None:
    scores = found.attempt(lambda: tripwires.scores(verifier, held_out[:MOST_READ], config.reward))
    if scores is None:
        return
    told = (f"{name} {'-' if score is None else f'{score:.2f}'}" for name, score in scores.items())
    found.say(
        "Trip wires",
        "degenerate answers score " + ", ".join(told) + ("" if config.judge is None else "; judge not asked"),
    )


# ------------------------------------------------------------------------------------------------------ memory, disk


def _memory(config: Config, arguments: Any, shape: Any, longest: int | None, found: Findings) -> Estimate:
    import torch

    gpu = torch.cuda.get_device_properties(0).total_memory if arguments.device.type == "cuda" else None
    needed = estimate(shape, config, arguments, prompt=longest or 64, gpu=gpu)
    trained = "" if needed.trained == needed.parameters else f", {needed.trained:,} trained"
    found.say("Model", f"{type(shape).__name__}, {needed.parameters:,} parameters{trained}")
    turns = (("", needed.kept), ("while sampling: ", needed.sampling), ("while learning: ", needed.learning))
    parts = [(size(part.size), when + part.name) for when, each in turns for part in each if part.size]
    of = "a process" if processes.count() > 1 else "in all"
    parts.append((size(needed.peak), f"{of} at most, by estimate, beside what the libraries take for themselves"))
    if gpu is not None:
        parts.append((size(gpu), "has the GPU"))
    told = [f"{bytes_of:>10}  {what}" for bytes_of, what in parts]
    if gpu is None and config.model != TINY:
        without = ", without vLLM's" if config.generation == "vllm_colocate" else ""
        told.append(f"there is no GPU here: this is the need on one{without}")
    found.say("Memory", *told)
    if gpu is not None and needed.resident > gpu:
        found.problems.append(
            f"weights, gradients and the optimizer take {size(needed.resident)}, and the GPU has {size(gpu)}; train "
            "an adapter (`lora`), or spread the model over several GPUs"
        )
    elif gpu is not None and needed.peak > gpu:
        found.warnings.append(
            f"by estimate {size(needed.peak)} are needed, and the GPU has {size(gpu)}: lower "
            "`grpo.per_device_train_batch_size` or `grpo.steps_per_generation`, or sample with vLLM"
        )
    return needed


def _output(
    config: Config, arguments: Any, verifier: Verifier | None, needed: Estimate | None, found: Findings
) -> None:
    output = Path(config.output)
    there = next(one for one in (output, *output.parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        found.problems.append(f"{output}: the output folder cannot be made or written to ({there} is in the way)")
        return
    if not found.check(lambda: check_places(output)):
        return
    told = [str(output)]
    saved = output / "trainer"
    if verifier is not None:
        run = depends_on(config, verifier)
        checkpoint = last_whole(saved) if found.check(lambda: check_owner(saved, run)) else None
        if checkpoint is not None:
            told.append(f"training goes on after step {step_of(checkpoint)}")
    if arguments is not None and needed is not None:
        every = int(arguments.save_steps) if str(arguments.save_strategy.value) != "no" else 0
        # The next checkpoint is written before the oldest goes; the model that is kept stands beside them.
        room = needed.whole + (needed.checkpoint * (config.checkpoints.keep + 1) if every else 0)
        free = free_on_disk(output)
        told.append(
            f"a checkpoint every {every} steps of {size(needed.checkpoint)}, {config.checkpoints.keep} kept"
            if every
            else "no checkpoints"
        )
        told.append(f"{size(room)} on the disk at most; {size(free)} are free")
        if room > free:
            found.problems.append(f"{output}: {size(room)} are needed on the disk, and {size(free)} are free")
    found.say("Output", *told)
