"""`vif generate`: the answers of a saved model to prompts."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

NEEDED = ("torch", "transformers")
"""What running a model takes, of the packages of the extra `train`."""


def need(packages: Sequence[str], what: str) -> None:
    """Raise `VerifError` when one of the packages, by the names they are imported under, is not installed."""
    from verif_dsl import VerifError

    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise VerifError(
            f"{what} needs packages that are not installed ({', '.join(missing)}): pip install 'verif-dsl[train]'"
        )


@click.command()
@click.argument(
    "model", metavar="MODEL", type=click.Path(path_type=Path), help="A saved model, or the output of `vif train`."
)
@click.argument(
    "prompts",
    metavar="PROMPTS",
    type=click.Path(path_type=Path),
    help="Rows with a `prompt`, a text or messages (.jsonl or .parquet).",
)
@click.option(
    "--out",
    "-o",
    metavar="OUTPUT",
    required=True,
    type=click.Path(path_type=Path),
    help="The rows, each with a `response`, in the format of PROMPTS.",
)
@click.option(
    "--samples", metavar="K", type=click.IntRange(min=1), default=1, show_default=True, help="Responses to each prompt."
)
@click.option(
    "--temperature",
    metavar="T",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="How freely tokens are drawn; 0 takes the likeliest.",
)
@click.option(
    "--top-p",
    metavar="P",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=1.0,
    show_default=True,
    help="Draw among the likeliest tokens that make up this share.",
)
@click.option(
    "--top-k",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Draw among so many of the likeliest tokens; 0 for all.",
)
@click.option(
    "--max-tokens",
    metavar="N",
    type=click.IntRange(min=1),
    help="The longest response; by default 1280 tokens, or what the model has room for.",
)
@click.option("--seed", metavar="N", type=click.IntRange(min=0, max=2**32 - 1), default=0, show_default=True)
@click.option(
    "--batch", metavar="N", type=click.IntRange(min=1), default=64, show_default=True, help="Responses at a time."
)
@click.option("--no-chat", is_flag=True, help="Put texts to the model as they are, without its chat template.")
@click.option("--keep-thoughts", is_flag=True, help="Leave what the model only thought in the responses.")
def generate(
    model: Path,
    prompts: Path,
    out: Path,
    samples: int,
    temperature: float,
    top_p: float,
    top_k: int,
    max_tokens: int | None,
    seed: int,
    batch: int,
    no_chat: bool,
    keep_thoughts: bool,
) -> None:
    """Let a saved model answer prompts; write their rows with its responses, for `vif score` and `vif eval`."""
    if samples > 1 and temperature == 0:
        raise click.UsageError("--samples above 1 needs a --temperature above 0: at 0 they would all be the same")
    from verif_dsl.rows import SUFFIXES, check_output

    suffix = prompts.suffix.lower()
    check_output(out, inputs=(prompts,), suffixes=(suffix,) if suffix in SUFFIXES else SUFFIXES)
    need(NEEDED, "running a model")
    from rich.console import Console

    from verif_dsl.trainer.generate import Answering, model_folder, read_prompts, respond, write_responses
    from verif_dsl.trainer.progress import Stages

    model_folder(model)  # before a long file is read
    rows = read_prompts(prompts)
    how = Answering(samples, temperature, top_p, top_k, max_tokens, seed, batch, not no_chat, keep_thoughts)
    with Stages(Console(stderr=True)) as stages:
        found = respond(model, rows.prompts, how, stages, places=rows.places)
    write_responses(out, rows, found.texts)
    count = "1 response" if len(found.texts) == 1 else f"{len(found.texts):,} responses"
    click.echo(f"{count}, {found.cut_off:,} cut off at {found.limit:,} tokens, in {out}")
