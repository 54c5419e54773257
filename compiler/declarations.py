"""Types for the clauses of a constraint: syntax tree to `program.Constraint`."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import TypeVar

from verif_dsl.compiler import syntax
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.before import texts_before
from verif_dsl.compiler.binding import BindError, admit, bind, draw
from verif_dsl.compiler.conversation import PROMPT, Given
from verif_dsl.compiler.cost import LARGEST_COST, LONGEST_LIST, cost_of
from verif_dsl.compiler.diagnostics import Note
from verif_dsl.compiler.domains import domain_of, interval_of_domain, literal, sample_of, span_of
from verif_dsl.compiler.expressions import Typer
from verif_dsl.compiler.intervals import Interval
from verif_dsl.compiler.ir import Argument, Input, Node, Value, walk
from verif_dsl.compiler.judging import rubric_of, whole_score
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT
from verif_dsl.compiler.lints import lint_constraint
from verif_dsl.compiler.locales import ENGLISH
from verif_dsl.compiler.program import Constraint, Example, Param, Rubric
from verif_dsl.compiler.source import Source, Span
from verif_dsl.compiler.texts import prepare
from verif_dsl.compiler.values import written
from verif_dsl.compiler.wording import Wording, applicable

COVERAGE_DRAWS = 32
"""Random arguments, besides the defaults and the examples', that some `instruct` clause has to apply to."""

Part = TypeVar("Part")


class ConstraintBuilder:
    """Builds one constraint, clause by clause in the order written, since a name is visible after its clause."""

    def __init__(self, tree: syntax.Constraint, typer: Typer, source: Source) -> None:
        self.tree, self.source = tree, source
        self.ranges: dict[str, Interval] = {}
        self.choices: dict[str, tuple[str, ...]] = {}
        self.hidden = {"response", "prompt"}
        self.fractional: set[str] = set()
        self.typer = replace(typer, arguments=self.ranges, choices=self.choices, fractional=self.fractional)
        self.report = self.typer.report
        self.parameters: list[Param] = []
        self.arguments: dict[str, Node | None] = {}
        self.visible: dict[str, Node | None] = {"response": Input("response"), "prompt": PROMPT.node}
        self.givens: dict[str, Given] = {}
        self.places: dict[str, Span] = {}
        """Where each name of the constraint gets its meaning."""
        self.early = replace(self.typer, hidden=self.hidden)
        """Types what is decided before there is a response."""
        self.wording = Wording(source, self.typer, self.early, self.visible)

    def build(self) -> Constraint | None:
        """The constraint, or None when something in it is wrong (and has been reported)."""
        before = len(self.typer.diagnostics)
        self._names()
        check, cost = self._check()
        constraint = Constraint(
            name=self.tree.name.name,
            version=self.tree.version,
            doc=next((one.text.value for one in self._clauses(syntax.Doc)), None),
            tags=tuple(tag.value for one in self._clauses(syntax.Tags) for tag in one.tags),
            deprecated=next((one.reason.value for one in self._clauses(syntax.Deprecated)), None),
            replacement=next(
                (str(one.replacement) for one in self._clauses(syntax.Deprecated) if one.replacement), None
            ),
            parameters=tuple(self.parameters),
            givens=(),
            requires=tuple(self._requires()),
            instructions=tuple(self.wording.instructions(self._clauses(syntax.Instruct), self._tellable(), early=True)),
            feedback=tuple(self.wording.instructions(self._clauses(syntax.Feedback), self.visible)),
            check=check,
            cost=cost,
            judge=rubric_of(self._clauses(syntax.Judge), self.wording, self.arguments, self.givens),
            examples=(),
            span=self.tree.name.span,
        )
        constraint = replace(constraint, givens=tuple(self._read(constraint)))
        self._complete(constraint)
        if self._failed_since(before):
            return None
        constraint = replace(constraint, examples=tuple(self._examples(constraint)))
        if not self._failed_since(before):
            self._default_arguments(constraint)
            self._cover(constraint)
            lint_constraint(self.tree, constraint, self.typer.warn)
        return None if self._failed_since(before) else constraint

    def _failed_since(self, before: int) -> bool:
        return any(one.severity == "error" for one in self.typer.diagnostics[before:])

    def _clauses(self, kind: type[Part]) -> list[Part]:
        return [clause for clause in self.tree.clauses if isinstance(clause, kind)]

    # --------------------------------------------------------------------------------------------- names: param, let

    def _names(self) -> None:
        for clause in self.tree.clauses:
            match clause:
                case syntax.Param(name):
                    self._param(clause)
                case syntax.Let(name, value):
                    self._define(name, self.typer.typed(value, self.visible))
                    self.hidden.add(name.name)
                case syntax.Given(name, role, index, field):
                    if field and not field.value:
                        self.report("V0205", "a column of the data has a name", field.span)
                    given = Given(name.name, role, index, field.value if field else None)
                    self.givens[name.name] = given
                    self._define(name, given.node)

    def _define(self, name: syntax.Name, node: Node | None) -> None:
        if name.name in self.visible:
            built_in = name.name in ("response", "prompt")
            message = f"`{name}` is built in" if built_in else f"`{name}` already has a meaning here"
            notes = () if built_in else (Note("it gets that here", self.places[name.name]),)
            self.report("V0204", message, name.span, "choose another name", notes)
            return
        self.visible[name.name] = node
        self.places[name.name] = name.span

    def _param(self, clause: syntax.Param) -> None:
        name = clause.name.name
        domain = domain_of(clause.type, self.typer, self.ranges)
        self._define(clause.name, Argument(name, domain.kind) if domain else None)
        self.arguments[name] = self.visible[name]
        if domain is None:
            return
        default: Value | None = None
        if clause.default is not None:
            earlier = {one.name: one.default for one in self.parameters if one.default is not None}
            try:
                default = admit(domain, literal(clause.default), earlier)
            except ValueError as error:
                self.report("V0205", f"the default of `{name}`: {error}", clause.default.span)
        sample, pool = sample_of(clause.sample, domain, self.typer, self.ranges)
        if domain.kind in (INT, DECIMAL):
            self.ranges[name] = interval_of_domain(domain, self.ranges)
        if domain.kind == DECIMAL:
            self.fractional.add(name)
        if choices := domain.choices or (domain.item.choices if domain.item else ()):
            self.choices[name] = choices
        self.parameters.append(Param(name, domain, default, sample, pool))

    def _tellable(self) -> dict[str, Node | None]:
        """The names an instruction may show: all that is known before there is a response."""
        return {**self.arguments, **{name: self.visible[name] for name in self.givens}}

    def _read(self, constraint: Constraint) -> Iterable[Given]:
        """The givens that the constraint declares, and the prompt where a part of it reads that."""
        yield from self.givens.values()
        parts = [constraint.check] if constraint.check else []
        parts += [node for one in (*constraint.instructions, *constraint.feedback) for node in one.holes.values()]
        parts += [one.when for one in (*constraint.instructions, *constraint.feedback) if one.when]
        shown = constraint.judge is not None and PROMPT.name in constraint.judge.show
        known = {one.key for one in self.givens.values()}
        if (shown or any(PROMPT.node in walk(part) for part in parts)) and PROMPT.key not in known:
            yield PROMPT

    def _longest(self) -> dict[str, int]:
        """How many items each list among the parameters can have, where that is a number."""
        highs = {one.name: one.domain.high for one in self.parameters if one.domain.item}
        return {name: min(high, LONGEST_LIST) for name, high in highs.items() if isinstance(high, int)}

    # ------------------------------------------------------------------------------------------------------- clauses

    def _requires(self) -> Iterable[tuple[Node, str]]:
        for clause in self._clauses(syntax.Require):
            node = self.early.expect(clause.condition, BOOL, self.arguments, "what is required")
            if node is not None:
                yield node, self.source.text[clause.condition.span.start : clause.condition.span.end]

    def _check(self) -> tuple[Node | None, int | None]:
        """The first check, and what it costs."""
        checked: list[tuple[Node | None, int | None]] = []
        for clause in self._clauses(syntax.Check):
            node = self.typer.expect(clause.condition, BOOL, self.visible, "what is checked")
            cost = None if node is None else cost_of(node, self._longest())
            if cost is not None and cost > LARGEST_COST:
                message = f"on a response of 64 KiB this could take {cost:,} steps, more than {LARGEST_COST:,}"
                hint = "do not go through one text for each piece of another; shared(xs, ys) compares two lists"
                self.report("V0211", message, clause.condition.span, hint)
            checked.append((node, cost))
        return checked[0] if checked else (None, None)

    # -------------------------------------------------------------------------------------------------- completeness

    def _complete(self, constraint: Constraint) -> None:
        span = constraint.span
        for doc in self._clauses(syntax.Doc)[1:]:
            self.report("V0206", "`doc` is given twice", doc.span)
        for deprecated in self._clauses(syntax.Deprecated)[1:]:
            self.report("V0206", "`deprecated` is given twice", deprecated.span)
        decisions = [one for one in self.tree.clauses if isinstance(one, syntax.Check | syntax.Judge)]
        if not decisions:
            self.report("V0206", f"`{constraint.name}` has neither a `check` nor a `judge`", span, "add `check ...`")
        for second in decisions[1:]:
            both_checked = all(isinstance(one, syntax.Check) for one in decisions)
            hint = "join conditions with `and`" if both_checked else "make it a constraint of its own"
            notes = (Note("this one stands first", decisions[0].span),)
            self.report("V0206", "a constraint has one `check` or one `judge`", second.span, hint, notes)
        if not self._clauses(syntax.Instruct):
            self.report(
                "V0206", f"`{constraint.name}` has no `instruct`", span, 'add instruct "...": what the model is told'
            )
        polarities = {one.accepts for one in self._clauses(syntax.Example)}
        for accepts, word in ((True, "accept"), (False, "reject")):
            if accepts not in polarities:
                self.report("V0206", f"`{constraint.name}` has no `{word}` example", span, f'add {word} "..."')

    def _examples(self, constraint: Constraint) -> Iterable[Example]:
        for tree in self._clauses(syntax.Example):
            score = self._score(tree, constraint.judge)
            arguments = self._example_arguments(tree, constraint)
            given = self._example_given(tree, constraint) if arguments is not None else None
            if arguments is None or given is None:
                continue
            because = tree.because.value if tree.because else None
            yield Example(tree.accepts, prepare(tree.response.value), given, arguments, because, score, tree.span)

    def _score(self, tree: syntax.Example, judge: Rubric | None) -> int | None:
        """The score of an example, which has to be one that a judge who agrees with it could give."""
        if tree.score is None:
            return None
        if judge is None:
            self.report("V0206", "only judged constraints have a `score`", tree.score.span, "leave it out")
            return None
        score = whole_score(tree.score, judge.low, judge.high, self.report)
        if score is not None and (score >= judge.pass_at) != tree.accepts:
            word, verb = ("accept", "fails") if tree.accepts else ("reject", "passes")
            message = f"this `{word}` has a score that {verb}: {score}, where {judge.pass_at} passes"
            self.report("V0205", message, tree.score.span)
        return score

    def _example_arguments(self, tree: syntax.Example, constraint: Constraint) -> dict[str, Value] | None:
        binds = tuple(one for one in tree.arguments if one.name.name not in self._fields())
        try:
            return bind(constraint, self.binds(binds))
        except BindError as error:
            turn = next((one for name, one in self._turns().items() if name == error.argument), None)
            hint = f'what came before stands in after {turn.role} "..."' if turn else error.hint
            self.report("V0501", error.message, span_of(binds, error.argument, tree.span), hint)
            return None

    def _fields(self) -> set[str]:
        return {name for name, given in self.givens.items() if given.role is None}

    def _turns(self) -> dict[str, Given]:
        return {"prompt": PROMPT, **{name: given for name, given in self.givens.items() if given.role is not None}}

    def _example_given(self, tree: syntax.Example, constraint: Constraint) -> dict[str, str] | None:
        """What came before an example."""
        columns = [one for one in self.givens.values() if one.role is None]
        return texts_before(tree, [("the constraint", one) for one in constraint.givens], columns, self.report)

    def binds(self, binds: tuple[syntax.Bind, ...]) -> dict[str, Value]:
        """`name = value` pairs as arguments; a name given twice is reported."""
        given: dict[str, Value] = {}
        for one in binds:
            if one.name.name in given:
                self.report("V0202", f"`{one.name}` is given twice", one.span)
            given[one.name.name] = literal(one.value)
        return given

    def _default_arguments(self, constraint: Constraint) -> None:
        """Reports defaults that do not meet a `require`: leaving the arguments out would be an error wherever it is
        used.
        """
        if any(parameter.default is None for parameter in constraint.parameters):
            return
        defaults = {parameter.name: parameter.default for parameter in constraint.parameters}
        for clause, (condition, _) in zip(self._clauses(syntax.Require), constraint.requires, strict=True):
            if not evaluate(condition, Row(arguments=defaults)):
                shown = ", ".join(f"{name} = {written(value)}" for name, value in defaults.items())
                self.report("V0205", f"the defaults do not meet this: {shown}", clause.condition.span)

    def _cover(self, constraint: Constraint) -> None:
        """Reports legal arguments for which no `instruct` applies: the model would be told nothing."""
        langs = dict.fromkeys(one.lang for one in constraint.instructions)
        conditional = [lang for lang in langs if all(one.when for one in constraint.instructions if one.lang == lang)]
        if not conditional:
            return
        random = Random(0)
        tried = [Row("", example.arguments, example.given) for example in constraint.examples]
        shown_before = constraint.examples[0].given if constraint.examples else {}
        with suppress(BindError):  # a parameter without a default or a sample: the examples' arguments have to do
            tried.extend(Row("", draw(constraint, random), shown_before) for _ in range(COVERAGE_DRAWS))
        for lang in conditional:
            for row in tried:
                if not applicable(constraint.instructions, row, lang):
                    shown = ", ".join(f"{name} = {written(value)}" for name, value in row.arguments.items())
                    wording = "`instruct`" if lang == ENGLISH else f'`instruct` in "{lang}"'
                    message = f"no {wording} applies when {shown}"
                    self.report("V0302", message, constraint.span, "add one without a `when`")
                    return
