"""`vif train`: train a model on the verdicts of constraints."""

from importlib.util import find_spec
from pathlib import Path

import click

NEEDED = ("accelerate", "datasets", "matplotlib", "torch", "transformers", "trl", "yaml")
"""The packages of the extra `train`, by the names they are imported under."""


@click.command()
@click.argument("config", metavar="CONFIG", type=click.Path(path_type=Path), help="What to train and how (.yaml).")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder for results, instead of the one CONFIG names.",
)
def train(config: Path, output: Path | None) -> None:
    """Train a model with GRPO on the rewards of a file of constraints; measure it before and after."""
    from verif_dsl import VerifError

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise VerifError(
            f"training needs packages that are not installed ({', '.join(missing)}): pip install 'verif-dsl[train]'"
        )
    from verif_dsl.trainer.train import train as run

    run(config, output=output)
