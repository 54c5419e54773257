"""`vif emit`: what other programs read: a grammar to decode under, the language on a card, a typed program."""

from pathlib import Path

import click


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path), help="A file of constraints, for --json.")
@click.option("--json", "as_json", is_flag=True, help="The typed program of FILE, each constraint with a hash.")
@click.option("--decoding-grammar", is_flag=True, help="The grammar, in llguidance's dialect of Lark.")
@click.option("--language-card", is_flag=True, help="The language on one page, to put into a prompt.")
@click.option(
    "--define",
    metavar="NAME",
    multiple=True,
    help="A name that programs of the grammar may define and call; can be repeated.",
)
@click.option(
    "--import",
    "modules",
    metavar="MODULE",
    multiple=True,
    help="A module of the standard library, such as std/length, whose constraints programs may use; can be repeated.",
)
def emit(
    file: Path | None,
    as_json: bool,
    decoding_grammar: bool,
    language_card: bool,
    define: tuple[str, ...],
    modules: tuple[str, ...],
) -> None:
    """Print what other programs read: a file's typed program, or what a language model needs to write constraints."""
    if as_json + decoding_grammar + language_card != 1:
        raise click.UsageError("choose one of --json, --decoding-grammar and --language-card")
    if (define or modules) and not decoding_grammar:
        raise click.UsageError("--define and --import go with --decoding-grammar")
    if (file is not None) != as_json:
        raise click.UsageError("--json goes with a FILE, and the others without one")
    click.echo(_emitted(file, decoding_grammar, define, modules), nl=False)


def _emitted(file: Path | None, decoding_grammar: bool, define: tuple[str, ...], modules: tuple[str, ...]) -> str:
    if file is not None:
        from verif_dsl.compiler import compile_source, read_source
        from verif_dsl.compiler.artefact import artefact

        return artefact(compile_source(read_source(file)))
    if decoding_grammar:
        from verif_dsl.compiler.decoding import decoding_grammar as grammar

        return grammar(define, modules)
    from verif_dsl.compiler.card import language_card as card

    return card()
