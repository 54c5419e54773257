"""`vif profile`: which prompts a model would learn from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from verif_dsl.trainer.profile import Profile


@click.command()
@click.argument(
    "config", metavar="CONFIG", type=click.Path(path_type=Path), help="What is to be trained and how (.yaml)."
)
@click.option(
    "--samples",
    metavar="K",
    type=click.IntRange(min=2),
    default=8,
    show_default=True,
    help="Completions of each prompt.",
)
@click.option("--rows", metavar="N", type=click.IntRange(min=1), help="Only so many of the rows, drawn at random.")
@click.option(
    "--out",
    "-o",
    metavar="OUTPUT",
    type=click.Path(path_type=Path),
    help="The rows whose rewards differ, as the data have them, to train on.",
)
@click.option(
    "--model",
    metavar="MODEL",
    type=click.Path(path_type=Path),
    help="A saved model, or the output of `vif train`, instead of the model that CONFIG names.",
)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON, with the rewards of each row.")
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(min=0, max=2**32 - 1),
    help="Of what is drawn here; by default the seed of CONFIG.",
)
@click.option(
    "--batch", metavar="N", type=click.IntRange(min=1), default=64, show_default=True, help="Completions at a time."
)
def profile(
    config: Path,
    samples: int,
    rows: int | None,
    out: Path | None,
    model: Path | None,
    as_json: bool,
    seed: int | None,
    batch: int,
) -> None:
    """Sample completions of the prompts to train on; show which give a gradient, and what nobody can satisfy."""
    from verif_dsl import VerifError
    from verif_dsl.cli.generate import need
    from verif_dsl.cli.train import NEEDED
    from verif_dsl.rows import check_output

    need(NEEDED, "profiling")
    from rich.console import Console

    from verif_dsl.trainer.config import load_config
    from verif_dsl.trainer.filtered import suffix_of, write_mixed
    from verif_dsl.trainer.generate import model_folder
    from verif_dsl.trainer.profile import Outcome, profiled
    from verif_dsl.trainer.progress import Stages

    settings = load_config(config)
    if out is not None:
        inputs = [config, *map(Path, (settings.constraints, settings.data, str(settings.held_out)))]
        check_output(out, inputs=inputs, suffixes=(suffix_of(settings),))
    if model is not None:
        model_folder(model)
    found: Profile | None = None
    stopped: BaseException | None = None
    try:
        with Stages(Console(stderr=True)) as stages:
            for so_far in profiled(
                settings, stages, file=str(config), model=model, samples=samples, rows=rows, seed=seed, batch=batch
            ):
                found = so_far
    except (VerifError, KeyboardInterrupt) as stop:
        if found is None:
            raise
        stopped = stop
        click.echo(f"stopped after {len(found.found):,} of {found.wanted:,} prompts", err=True)
    assert found is not None
    if as_json:
        click.echo(json.dumps(found.to_dict()))
    else:
        _show(found, Console())
    if out is not None:
        write_mixed(out, settings, found.outcomes()[Outcome.MIXED], found.stamp)
        click.echo(f"The mixed rows are in {out}", err=as_json)
        if isinstance(settings.held_out, int):
            told = "name a file there to go on measuring on the same rows"
            click.echo(f"`held_out: {settings.held_out}` will be drawn from them; {told}", err=as_json)
    if stopped is not None:
        raise stopped


def _show(found: "Profile", console: "Console") -> None:
    """How many prompts have which outcome, what became of each constraint, and what to be told in sentences."""
    from rich.table import Table
    from rich.text import Text

    from verif_dsl.trainer.profile import Outcome

    table = Table("completions", title=f"{found.samples} completions of each prompt", title_justify="left")
    for heading in ("prompts", "share"):
        table.add_column(heading, justify="right")
    for outcome, rows in found.outcomes().items():
        table.add_row(outcome.replace("_", " "), f"{len(rows):,}", f"{len(rows) / len(found.found):.1%}")
    constraints = Table("constraint")
    for heading in ("prompts", "pass rate", "unknown", "nobody passed it in"):
        constraints.add_column(heading, justify="right")
    for name, tally in found.constraints.items():
        rate = "-" if tally.pass_rate is None else f"{tally.pass_rate:.1%}"
        nobody = f"{tally.unmet:,} prompts" if tally.unmet != 1 else "1 prompt"
        # Text: a name is shown as it is, whatever brackets are in it.
        constraints.add_row(Text(name), f"{tally.prompts:,}", rate, f"{tally.unknown:,}", nobody)
    console.print(table, constraints)
    mean = "no reward is decided" if found.mean_reward is None else f"mean reward {found.mean_reward:.3f}"
    click.echo(f"{mean}; {found.without_gradient:.1%} of the prompts give no gradient")
    expected = f"{found.expected_without_gradient:.1%} of the prompts of a step are expected to give none"
    click.echo(f"in training, with {found.num_generations} completions of each, {expected}")
    for name, tally in found.constraints.items():
        if tally.nobody_passed:
            completions = "1 completion" if tally.failed == 1 else f"{tally.failed:,} completions"
            click.echo(f"warning: nobody passed `{name}` in {completions}")
    mixed = len(found.outcomes()[Outcome.MIXED])
    if mixed < found.least_rows:
        click.echo(f"warning: a step of training takes {found.least_rows} rows, and {mixed} are mixed")
    if found.judge is not None:
        from verif_dsl.cli.judging import show_usage

        show_usage(found.judge)
