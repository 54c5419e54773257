"""`vif conflicts`: specs, or rows of data, whose constraints no response can keep together."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from verif_dsl import Verifier
    from verif_dsl.compiler.conflicts import Implication, Verdict
    from verif_dsl.compiler.program import Program


@click.command("conflicts")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path), help="A file of constraints (.vif).")
@click.option("--spec", "name", metavar="NAME", help="Only this spec of the file.")
@click.option(
    "--rows",
    metavar="DATA",
    type=click.Path(path_type=Path),
    help="Rows (.jsonl or .parquet) whose column `constraints` is looked at instead of the specs.",
)
@click.option("--suggest", is_flag=True, help="For each response that was found, the line that keeps it in the spec.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document for programs.")
def conflicts(file: Path, name: str | None, rows: Path | None, suggest: bool, as_json: bool) -> int:
    """Find the specs whose constraints no response can keep together, with the reason; of others show a response."""
    if name is not None and rows is not None:
        raise click.UsageError("--spec goes with the specs of FILE, and --rows with data")
    if suggest and rows is not None:
        raise click.UsageError("--suggest goes with the specs of FILE, and --rows with data")
    from verif_dsl.compiler import read_source, typed_source

    program = typed_source(read_source(file))
    if rows is not None:
        from verif_dsl import Verifier

        return _rows(Verifier(program), rows, as_json)
    return _specs(program, file, name, suggest, as_json)


def _specs(program: "Program", file: Path, name: str | None, suggest: bool, as_json: bool) -> int:
    from verif_dsl import VerifError
    from verif_dsl.compiler.conflicts import Contradiction, conflicts_in, implications, used_by
    from verif_dsl.compiler.diagnostics import suggestion

    specs = program.specs
    if not specs:
        raise VerifError(f"{file}: there is no spec in it")
    if name is not None and name not in specs:
        hint = suggestion(name, specs)
        raise VerifError(f"{file}: there is no spec `{name}`" + (f" ({hint})" if hint else ""))
    known = program.known()
    found: list[dict[str, object]] = []
    status = 0
    for spec in specs.values():
        if name in (None, spec.name):
            verdict = conflicts_in(spec, known)
            implied: list[Implication] = []
            if isinstance(verdict, Contradiction):
                status = 1
            else:
                implied = implications(used_by(spec.uses, known))
            line = _line(verdict) if suggest else None
            if as_json:
                suggested = {"suggestion": line} if suggest else {}
                found.append({"spec": spec.name, **_to_dict(verdict), "implied": _pairs(implied), **suggested})
            else:
                _show(spec.name, verdict, implied)
                if line is not None:
                    click.echo(f"  to keep it, write in the spec\n    {line}")
    if as_json:
        click.echo(json.dumps({"specs": found}))
    return status


def _line(verdict: "Verdict") -> str | None:
    """The example that keeps a witness in its spec; None where the spec has one."""
    from verif_dsl.compiler.conflicts import Satisfiable
    from verif_dsl.compiler.values import quoted

    return f"accept {quoted(verdict.witness)}" if isinstance(verdict, Satisfiable) and not verdict.kept else None


def _rows(verifier: "Verifier", data: Path, as_json: bool) -> int:
    from verif_dsl.compiler.conflicts import Contradiction

    contradictory: list[dict[str, object]] = []
    count = 0
    for row, verdict in _of_rows(verifier, data):
        count += 1
        if isinstance(verdict, Contradiction):
            contradictory.append({"row": row, **_to_dict(verdict)})
            if not as_json:
                _show(f"row {row}", verdict, [])
    if as_json:
        click.echo(json.dumps({"rows": count, "contradictory": contradictory}))
    else:
        rows = "1 row" if count == 1 else f"{count:,} rows"
        click.echo(f"{rows}, {len(contradictory):,} with constraints that contradict each other")
    return 1 if contradictory else 0


def _of_rows(verifier: "Verifier", data: Path) -> "Iterator[tuple[int, Verdict]]":
    """The verdict on each row, found once for equal texts of constraints."""
    from verif_dsl import VerifError
    from verif_dsl.compiler.conflicts import conflicts as conflicts_of
    from verif_dsl.compiler.conflicts import used_by
    from verif_dsl.rows import read_chunks

    program_known = verifier.program.known()
    known: dict[str, Verdict] = {}
    for chunk in read_chunks(data, needed=("constraints",)):
        for row, text in enumerate(chunk.columns["constraints"], start=chunk.first):
            if text not in known:
                try:
                    required = verifier.requirements(text)
                except VerifError as error:
                    raise VerifError(f"{data}, row {row}: {error}") from None
                known[text] = conflicts_of(used_by(required.uses, program_known), look_for_witness=False)
            yield row, known[text]


def _to_dict(verdict: "Verdict") -> dict[str, object]:
    from verif_dsl.compiler.conflicts import Contradiction, Satisfiable
    from verif_dsl.compiler.printed_ir import shown

    match verdict:
        case Contradiction(because):
            facts = [{"constraint": one.constraint, "condition": shown(one.condition)} for one in because.facts]
            return {"outcome": "contradiction", "because": facts, "always": list(because.axioms)}
        case Satisfiable(witness, left_out, kept):
            return {"outcome": "satisfiable", "witness": witness, "kept": kept, "left_out": list(left_out)}
    return {"outcome": "undecided", "why": verdict.why}


def _pairs(implied: "Sequence[Implication]") -> list[dict[str, str]]:
    return [{"stronger": one.stronger, "weaker": one.weaker} for one in implied]


def _show(title: str, verdict: "Verdict", implied: "Sequence[Implication]") -> None:
    from verif_dsl.compiler.conflicts import Contradiction, Satisfiable

    match verdict:
        case Contradiction():
            click.echo(f"{title}: contradiction, no response keeps all of these")
            _indented(str(verdict))
        case Satisfiable(witness, left_out, kept):
            click.echo(f"{title}: satisfiable, " + ("as its `accept` shows" if kept else "for example by"))
            _indented(witness)
            if left_out:
                click.echo(f"  left out, for a judge decides: {', '.join(left_out)}")
        case _:
            click.echo(f"{title}: undecided: {verdict.why}")
    for one in implied:
        click.echo(f"  `{one.weaker}` says nothing that `{one.stronger}` does not say")


def _indented(text: str) -> None:
    for line in text.split("\n"):
        click.echo(f"  {line}".rstrip())
