"""`vif train`: train a model on the verdicts of constraints."""

from pathlib import Path

import click

NEEDED = ("accelerate", "datasets", "jinja2", "matplotlib", "torch", "transformers", "trl", "yaml")
"""The packages of the extra `train`, by the names they are imported under."""


def print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the schema and end, whatever else is asked for."""
    if not wanted:
        return
    import json

    from verif_dsl.cli.generate import need

    need(NEEDED, "training")
    from verif_dsl.trainer.schema import config_schema

    click.echo(json.dumps(config_schema(), indent=1))  # ASCII, which every terminal can show
    context.exit()


def write_recipes(context: click.Context, _: click.Parameter, folder: Path | None) -> None:
    """Write the recipes into a folder and end, whatever else is asked for."""
    if folder is None:
        return
    from importlib.resources import files

    from verif_dsl import VerifError

    recipes = sorted(files("verif_dsl.trainer").joinpath("recipes").iterdir(), key=lambda one: one.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [one.name for one in recipes if (folder / one.name).exists()]
        if there:
            raise VerifError(f"{folder}: {', '.join(there)} stand there already, and are left as they are")
        for one in recipes:
            text = one.read_text(encoding="utf-8")
            (folder / one.name).write_text(text, encoding="utf-8")
            about = text.partition("\n")[0].removeprefix("# ")
            click.echo(f"{folder / one.name}: {about}")
    except OSError as error:
        raise VerifError(f"{folder}: recipes cannot be written there ({error.strerror or error})") from None
    context.exit()


@click.command()
@click.argument("config", metavar="CONFIG", type=click.Path(path_type=Path), help="What to train and how (.yaml).")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder for results, instead of the one CONFIG names.",
)
@click.option("--dry-run", is_flag=True, help="Look for mistakes, estimate what it takes, and train nothing.")
@click.option(
    "--print-schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_schema,
    help="Print the keys of CONFIG as JSON Schema, which editors complete from.",
)
@click.option(
    "--recipes",
    metavar="DIR",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=write_recipes,
    help="Write recipes to begin with, and launch files for several GPUs, into a folder.",
)
def train(config: Path, output: Path | None, dry_run: bool) -> int:
    """Train a model with GRPO on the rewards of a file of constraints; measure it before and after."""
    from verif_dsl.cli.generate import need

    need(NEEDED, "training")
    from verif_dsl.trainer import processes

    if dry_run:
        from rich.console import Console

        from verif_dsl.trainer.dry_run import dry_run as look

        status = 0 if look(config, Console(quiet=not processes.is_main()), output=output) else 1
    else:
        from verif_dsl.trainer.train import train as run

        run(config, output=output)
        status = 0
    processes.leave()
    return status
