"""The model card: what a trained model is, what it was trained on, and what was found, as a README.md beside it."""

import json
import platform
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import verif_dsl
from verif_dsl import PRESETS, Verifier
from verif_dsl.compiler.artefact import meaning_hash
from verif_dsl.files import written_whole
from verif_dsl.trainer import tripwires
from verif_dsl.trainer.config import MADE, TINY, Config
from verif_dsl.trainer.data import Row
from verif_dsl.trainer.report import Report

CARD = "README.md"
LIBRARIES = ("trl", "transformers", "torch", "peft")
"""Those whose versions the card tells, where they are installed, beside our own."""

SETTINGS = (
    "max_steps",
    "num_train_epochs",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "num_generations",
    "num_iterations",
    "max_completion_length",
    "temperature",
    "learning_rate",
    "beta",
)
"""Arguments of TRL's that the card tells. Others may hold folders and addresses, which are nobody's business."""

HUB_FOLDER = re.compile(r"models--([\w.-]+?)--([\w.-]+)")
"""A folder of the hub's cache, which tells the name of the model in it."""


def write_card(folder: Path, report: Report, verifier: Verifier, rows: Sequence[Row]) -> None:
    """Write the card into the folder of the trained model; it appears whole. `rows` are those that were trained on."""
    with written_whole(folder / CARD) as file:
        file.write(card(report, verifier, rows).encode())


def card(report: Report, verifier: Verifier, rows: Sequence[Row]) -> str:
    """The card in Markdown, with what the Hugging Face hub reads at its beginning.

    It names files and folders without where they stand, and a judge without its address.
    """
    config = report.config
    parts = [
        _front_matter(config),
        f"# {_title(config)}\n",
        _control(config),
        _table(("what", "which"), _facts(report, verifier, rows)),
        "## Results\n",
        _results(report),
        "## Constraints\n",
        _constraints(verifier, rows),
        "## Use\n",
        _use(config),
        "## What was not measured\n",
        _limits(report),
    ]
    return "\n".join(part for part in parts if part)


# -------------------------------------------------------------------------------------------------------------- parts


def _front_matter(config: Config) -> str:
    base = _hub_name(config.model)
    lines = [
        "library_name: transformers",
        "pipeline_tag: text-generation",
        *([] if base is None else [f"base_model: {json.dumps(base)}"]),
        "tags:",
        *(f"- {tag}" for tag in ("verif-dsl", "trl", "grpo")),
    ]
    return "\n".join(["---", *lines, "---", ""])


def _title(config: Config) -> str:
    return f"{_base(config)}, trained on {Path(config.constraints).name}"


def _control(config: Config) -> str:
    if not config.shuffle_rewards:
        return ""
    return "**This is a control experiment**: rewards were dealt out at random, and nothing was to be learnt.\n"


def _base(config: Config) -> str:
    """The model that training began with, by the name of its folder or of the hub."""
    if config.model == TINY:
        return "verif-dsl's embedded model"
    folder = Path(config.model)
    within = f"{folder.parent.name}/{folder.name}" if folder.name in ("model", "start", "best") else folder.name
    return _hub_name(config.model) or within


def _hub_name(model: str) -> str | None:
    """The name of a model on the hub, where its folder tells it.

    >>> _hub_name("/cache/models--Qwen--Qwen3-0.6B/snapshots/c1899de2"), _hub_name("/models/mine")
    ('Qwen/Qwen3-0.6B', None)
    """
    found = HUB_FOLDER.search(model)
    return f"{found[1]}/{found[2]}" if found else None


def _facts(report: Report, verifier: Verifier, rows: Sequence[Row]) -> list[tuple[str, str]]:
    config = report.config
    made = "made by verif-dsl from the constraints"
    data = made if config.data == MADE else _code(Path(config.data).name)
    held_out = _code(Path(config.held_out).name) if isinstance(config.held_out, str) else "kept from the same"
    rules = f"{_code(Path(config.constraints).name)}, SHA-256 with imports {_code(verifier.program.digest)}"
    settings = [f"{name} {config.grpo[name]}" for name in SETTINGS if name in config.grpo]
    if config.lora is not None:
        settings.append(f"an adapter of rank {config.lora.rank}")
    return [
        ("base model", _base(config) if config.model == TINY else _code(_base(config))),
        ("data", f"{data}, {len(rows):,} rows"),
        ("held-out data", f"{held_out}, {len(report.held_out):,} rows"),
        ("constraints", rules),
        ("reward", _reward(config)),
        ("judge", _judge(config)),
        ("training", f"GRPO, {len(report.steps):,} steps" + (f" ({', '.join(settings)})" if settings else "")),
        ("seed", str(config.seed)),
        ("time", f"{report.seconds:,.0f} seconds"),
        ("made with", _versions()),
    ]


def _reward(config: Config) -> str:
    if config.reward is None:
        return f"each row's own, else {_code(PRESETS['verif-code'])}"
    meant = f", which is {_code(PRESETS[config.reward])}" if config.reward in PRESETS else ""
    return _code(config.reward) + meant


def _judge(config: Config) -> str:
    judge = config.judge
    if judge is None:
        return "none; judged constraints were left undecided"
    name = judge.model if judge.engine == "endpoint" else Path(judge.model).name
    votes = "1 vote" if judge.votes == 1 else f"{judge.votes} votes"
    return f"{_code(name)} by {judge.engine}, mode {judge.mode}, {votes}, temperature {judge.temperature:g}"


def _versions() -> str:
    found = [f"verif-dsl {verif_dsl.__version__}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join([*found, f"Python {platform.python_version()}"])


def _results(report: Report) -> str:
    asked = f"{len(report.held_out):,} held-out prompts, one sampled answer to each before training and one after.\n"
    lines = [
        (_code(name), *_change(before, report.after.pass_rates.get(name)))
        for name, before in report.before.pass_rates.items()
    ]
    lines.append(("mean reward", *_change(report.before.mean_reward, report.after.mean_reward)))
    return f"{asked}\n{_table(('pass rate', 'before', 'after', 'change'), lines)}"


def _change(before: float | None, after: float | None) -> tuple[str, str, str]:
    shown = tuple("-" if one is None else f"{one:.3f}" for one in (before, after))
    return shown[0], shown[1], "-" if before is None or after is None else f"{after - before:+.3f}"


def _constraints(verifier: Verifier, rows: Sequence[Row]) -> str:
    """Those of the file, and those that a row asks for; the same hash means the same verdicts."""
    known = verifier.program.known()
    texts = dict.fromkeys(row.constraints for row in rows)
    asked = (use.constraint for text in texts for use in verifier.requirements(text).uses)
    lines = [
        (_code(name), known[name].kind, str(known[name].version), _code(meaning_hash(known[name])))
        for name in dict.fromkeys((*verifier.constraints, *asked))
    ]
    return _table(("constraint", "kind", "version", "SHA-256 of its meaning"), lines)


def _use(config: Config) -> str:
    rules = Path(config.constraints).name
    return (
        "```console\n"
        "$ vif generate FOLDER prompts.jsonl --out responses.jsonl\n"
        f"$ vif score {rules} responses.jsonl --out verdicts.jsonl\n"
        "$ vif eval ifeval --prompts prompts.jsonl --model FOLDER\n"
        "```\n\n"
        f"`FOLDER` is this one. `vif emit --json {rules}` shows the hashes of the constraints in the file.\n"
    )


def _limits(report: Report) -> str:
    """What nobody should conclude from the table of results."""
    undecided = [name for name, rate in report.after.pass_rates.items() if rate is None]
    found = [
        "Whether answers make sense, are true, helpful or harmless: the reward asks for the constraints alone, and "
        "an answer can meet them and say nothing.",
        "What the model could do before and can no longer.",
        "Other prompts than the held-out ones, other languages, and other seeds: this is one run, and each prompt "
        "was answered once.",
        *(f"{_code(name)}: no verdict on it was decided." for name in undecided),
    ]
    if report.config.judge is not None:
        found.append("Whether people would agree with the judge: its verdicts are the opinion of a model.")
    found += [f"Warning: {alarm}." for alarm in tripwires.alarms(report.wires, report.before.mean_reward)]
    licences = "No licence is stated here: those of the base model and of the data apply."
    return "".join(f"- {one}\n" for one in found) + f"\n{licences}\n"


# ----------------------------------------------------------------------------------------------------------- Markdown


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * len(heads)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rule, *lines))


def _code(text: str) -> str:
    """A text as it is, in a cell of a table.

    >>> _code("a|b"), _code("`")
    ('`a\\\\|b`', '`` ` ``')
    """
    text = " ".join(text.split()).replace("|", "\\|")
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (1 + max(map(len, re.findall("`+", text))))
    return f"{fence} {text} {fence}"
