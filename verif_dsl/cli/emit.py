"""`vif emit`: what other programs read: a typed program, a Python module, what a judge is sent, a grammar to decode
under, the language on a card."""

from pathlib import Path

import click

import verif_dsl


@click.command()
@click.argument(
    "file",
    required=False,
    type=click.Path(path_type=Path),
    help="A file of constraints, for --json, --python and --judge.",
)
@click.option("--json", "as_json", is_flag=True, help="The typed program of FILE, each constraint with a hash.")
@click.option("--python", "as_python", is_flag=True, help="One Python module with the verdicts of FILE, for elsewhere.")
@click.option("--judge", is_flag=True, help="What a judge is sent about each example of FILE's judged constraints.")
@click.option("--joint", is_flag=True, help="With --judge: as sent by a judge whose mode is `joint`.")
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
    as_python: bool,
    judge: bool,
    joint: bool,
    decoding_grammar: bool,
    language_card: bool,
    define: tuple[str, ...],
    modules: tuple[str, ...],
) -> None:
    """Print what other programs read: a file's typed program, or what a language model needs to write constraints."""
    if as_json + as_python + judge + decoding_grammar + language_card != 1:
        raise click.UsageError("choose one of --json, --python, --judge, --decoding-grammar and --language-card")
    if joint and not judge:
        raise click.UsageError("--joint goes with --judge")
    if (define or modules) and not decoding_grammar:
        raise click.UsageError("--define and --import go with --decoding-grammar")
    if (file is not None) != (as_json or as_python or judge):
        raise click.UsageError("--json, --python and --judge go with a FILE, and the others without one")
    if file is None:
        emitted = _of_the_language(decoding_grammar, define, modules)
    else:
        emitted = _asked(file, joint) if judge else _of_file(file, as_python)
    click.echo(emitted, nl=False)


def _of_file(file: Path, as_python: bool) -> str:
    from verif_dsl.compiler import compile_source, read_source

    program = compile_source(read_source(file))
    if as_python:
        from verif_dsl.compiler.backends.emitted import emitted

        return emitted(program, verif_dsl.__version__)
    from verif_dsl.compiler.artefact import artefact

    return artefact(program)


def _asked(file: Path, joint: bool) -> str:
    """The two messages and the schema of each question, under headings."""
    import json

    from verif_dsl.compiler import compile_source, read_source
    from verif_dsl.compiler.backends.judge_prompts import questions
    from verif_dsl.judging.calibration import labelled_examples
    from verif_dsl.judging.config import JudgeConfig
    from verif_dsl.judging.replies import reply_schema

    bound = JudgeConfig.model_fields["evidence_characters"].default
    parts = []
    for labelled in labelled_examples(compile_source(read_source(file)).constraints):
        for question in questions([labelled.soft], "joint" if joint else "each"):
            word = "accept" if labelled.passes else "reject"
            schema = json.dumps(reply_schema(question.asked, bound), indent=2)
            parts += [f"==== {labelled.soft.name}, an example to {word}: the system's message", question.system]
            parts += ["==== the user's message", question.user, "==== the schema of the reply", schema]
    if not parts:
        raise verif_dsl.VerifError(
            f"{file}: no judged constraint in it has an example that a judge would be asked about"
        )
    return "\n".join(parts) + "\n"


def _of_the_language(decoding_grammar: bool, define: tuple[str, ...], modules: tuple[str, ...]) -> str:
    if decoding_grammar:
        from verif_dsl.compiler.decoding import decoding_grammar as grammar

        return grammar(define, modules)
    from verif_dsl.compiler.card import language_card as card

    return card()
