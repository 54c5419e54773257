"""`vif emit`: what machines need that write .vif: a grammar for constrained decoding, and a card that teaches it."""

import click


@click.command()
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
def emit(decoding_grammar: bool, language_card: bool, define: tuple[str, ...], modules: tuple[str, ...]) -> None:
    """Print what a language model needs to write constraints: a grammar to decode under, or a page to read."""
    if decoding_grammar == language_card:
        raise click.UsageError("choose one of --decoding-grammar and --language-card")
    if (define or modules) and not decoding_grammar:
        raise click.UsageError("--define and --import go with --decoding-grammar")
    if decoding_grammar:
        from verif_dsl.compiler.decoding import decoding_grammar as grammar

        click.echo(grammar(define, modules), nl=False)
    else:
        from verif_dsl.compiler.card import language_card as card

        click.echo(card(), nl=False)
