"""`vif import`: a benchmark's prompts as .vif source and as a training data set."""

from pathlib import Path

import click

from verif_dsl.benchmarks import BENCHMARKS


@click.command("import")
@click.argument("benchmark", type=click.Choice(BENCHMARKS), help="The benchmark whose conventions the prompts follow.")
@click.option("--prompts", "-p", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Its prompts.")
@click.option(
    "--out",
    "-o",
    "outs",
    required=True,
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A spec for each prompt (.vif), or rows to train on (.jsonl or .parquet). Give it twice for both.",
)
def import_(benchmark: str, prompts: Path, outs: tuple[Path, ...]) -> None:
    """Turn a benchmark's prompts into .vif source, a spec for each, and into rows to train on."""
    from verif_dsl import VerifError
    from verif_dsl.benchmarks.importing import ROWS, SPECS, imports_of, to_rows, to_source
    from verif_dsl.benchmarks.prompts import read_prompts
    from verif_dsl.cli.outputs import save
    from verif_dsl.rows import check_output

    for out in outs:
        check_output(out, inputs=(prompts,), suffixes=(SPECS, *ROWS))
        if [one.resolve() for one in outs].count(out.resolve()) > 1:
            raise VerifError(f"{out}: is named twice")
    asked = read_prompts(prompts, benchmark)
    contents = {}
    for out in outs:  # all of them before the first is written
        if out.suffix.lower() == SPECS:
            try:
                contents[out] = to_source(asked, benchmark).encode()
            except VerifError as error:
                raise VerifError(f"{out}: {error}") from None
        else:
            contents[out] = to_rows(asked, out.suffix.lower())
    for out, content in contents.items():
        save(out, content)
    instructions = sum(len(one.ids) for one in asked)
    click.echo(f"{len(asked):,} prompts with {instructions:,} instructions, in {' and '.join(map(str, outs))}")
    if not any(out.suffix.lower() == SPECS for out in outs):
        click.echo(
            f"A .vif file to score or to train with needs these lines, and may have more:\n\n{imports_of(asked)}"
        )
