"""`vif emit`: what machines need that write .vif: a grammar for constrained decoding, and a card that teaches it."""

from typing import Annotated

import typer


def emit(
    decoding_grammar: Annotated[
        bool, typer.Option("--decoding-grammar", help="The grammar, in llguidance's dialect of Lark.")
    ] = False,
    language_card: Annotated[
        bool, typer.Option("--language-card", help="The language on one page, to put into a prompt.")
    ] = False,
    define: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name that programs of the grammar may define and call; can be repeated."),
    ] = None,
) -> None:
    """Print what a language model needs to write constraints: a grammar to decode under, or a page to read."""
    if decoding_grammar == language_card:
        raise typer.BadParameter("choose one of --decoding-grammar and --language-card")
    if define and not decoding_grammar:
        raise typer.BadParameter("--define goes with --decoding-grammar")
    if decoding_grammar:
        from verif_dsl.compiler.decoding import decoding_grammar as grammar

        typer.echo(grammar(define or ()), nl=False)
    else:
        from verif_dsl.compiler.card import language_card as card

        typer.echo(card(), nl=False)
