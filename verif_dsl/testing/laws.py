"""What every constraint keeps: named laws, each with one sentence and a function that looks for what breaks it."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeVar

from verif_dsl.compiler.binding import BindError, bind
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.ir import Argument, Call, Node, Quantifier, Value, children, walk
from verif_dsl.compiler.texts import prepare
from verif_dsl.testing.goals import recipe
from verif_dsl.testing.normal import asks_for_nothing, impossible
from verif_dsl.testing.shapes import DEGENERATE
from verif_dsl.testing.subjects import Subject, Try, smallest

MOST_STEPS = 60
"""How much smaller than found the number of a finding can get."""

TENTH = Fraction(1, 10)
"""By how much a limit that is a decimal is made stricter."""

BLANK = ("", " ", "\n\n", "\t\u3000\n")
SUSPICIOUS = 0.5
"""The share of unrelated responses above which a constraint is said to let everything through."""

Sense = Literal["up", "down"]
"""Which way a threshold goes: more of it asks for more, or allows more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that breaks a law, as small as it was found."""

    message: str
    response: str | None = None
    arguments: Mapping[str, Value] | None = None
    reference: str | None = None
    columnar: str | None = None
    instruction: str | None = None
    feedback: str | None = None
    """What the constraint itself says about the response."""
    evidence: tuple[str, ...] = ()
    """The conditions that decide the verdict (see `compiler.evidence`)."""
    given: Mapping[str, str] | None = None
    """What came before the response: the turns and columns that the constraint reads."""


@dataclass(frozen=True, slots=True)
class NotTried:
    """Why a law was not tried on a constraint, or could not be decided."""

    reason: str


@dataclass(frozen=True, slots=True)
class Law:
    """A law: its name, one sentence, and what looks for a break of it."""

    name: str
    sentence: str
    look: Callable[[Subject], Finding | NotTried | None]


def _finding(subject: Subject, one: Try, message: str) -> Finding:
    return Finding(
        message,
        one.response,
        one.arguments,
        subject.reference(one),
        subject.columnar([one])[0],
        subject.instruction(one.arguments),
        subject.feedback(one) if subject.reference(one) == "fail" else None,
        subject.evidence(one),
        one.given,
    )


def _shrunk(subject: Subject, one: Try, wrong: Callable[[Try], bool], message: str) -> Finding:
    """A finding with the smallest response that still shows it."""
    response = smallest(one.response, lambda text: wrong(Try(text, one.arguments, one.given)))
    return _finding(subject, Try(response, one.arguments, one.given), message)


def examples_agree(subject: Subject) -> Finding | NotTried | None:
    examples = subject.constraint.examples
    if not examples:
        return NotTried("it has no examples")
    tries = [Try(prepare(one.response), one.arguments, {**subject.before, **one.given}) for one in examples]
    for example, one, columnar in zip(examples, tries, subject.columnar(tries), strict=True):
        wanted = "pass" if example.accepts else "fail"
        if {columnar, subject.reference(one)} != {wanted}:
            verb = "accept" if example.accepts else "reject"
            return _finding(subject, one, f"this `{verb}` is contradicted")
    return None


def not_vacuous(subject: Subject) -> Finding | NotTried | None:
    for arguments in subject.many_arguments:
        for want in (True, False):
            if not all(impossible(goal.check, want) for goal in subject.goals(arguments, want)):
                continue
            if subject.before:
                return NotTried("undecided: it depends on what came before the response")
            outcome = "every response fails" if want else "every response passes"
            small = _smaller(subject, arguments, want)
            told = subject.instruction(small)
            return Finding(f"{outcome} with these arguments", arguments=small, instruction=told)
    for arguments in subject.arguments:
        for want in (True, False):
            if not any(recipe(goal).how for goal in subject.goals(arguments, want)):
                return NotTried("undecided: for some arguments no response of one kind was found")
    return None


def _smaller(subject: Subject, arguments: Mapping[str, Value], want: bool) -> Mapping[str, Value]:
    """Arguments with the smallest numbers for which no response comes out as wanted."""
    for name, value in arguments.items():
        if isinstance(value, int) and not isinstance(value, bool):
            for less in range(max(0, value - MOST_STEPS), value):
                try:
                    other = bind(subject.constraint, {**arguments, name: less})
                except BindError:
                    continue
                if impossible(subject.goal(other, want).check, want):
                    arguments = other
                    break
    return arguments


def blank_fails(subject: Subject) -> Finding | None:
    tries = [Try(text, arguments, subject.before) for arguments in subject.arguments for text in BLANK]
    for one, verdict in zip(tries, subject.columnar(tries), strict=True):
        if verdict != "fail":
            return _finding(subject, one, "a blank response does not fail")
    return None


def deterministic(subject: Subject) -> Finding | None:
    again = subject.columnar(subject.tries)
    for one, before, after in zip(subject.tries, subject.verdicts, again, strict=True):
        if before != after:
            return _finding(subject, one, f"{before} the first time, {after} the second")
    return None


def batch_independent(subject: Subject) -> Finding | None:
    apart = subject.columnar(subject.tries[::-1])[::-1]
    alone = subject.columnar(subject.tries[:1])
    for one, verdict, other in zip(subject.tries, subject.verdicts, alone + apart[1:], strict=True):
        if verdict != other:
            return _finding(subject, one, f"{verdict} among others, {other} by itself or in another order")
    return None


def back_ends_agree(subject: Subject) -> Finding | None:
    for one, verdict in zip(subject.tries, subject.verdicts, strict=True):
        if verdict != subject.reference(one):
            return _shrunk(
                subject,
                one,
                lambda other: subject.columnar([other])[0] != subject.reference(other),
                "the two back ends differ",
            )
    return None


def senses(check: Node) -> dict[str, Sense | None]:
    """For each parameter that is compared in one sense only: `up` if more of it asks for more, else `down`.

    >>> from verif_dsl.compiler.kinds import BOOL, INT
    >>> count, n = Call("len", (), INT), Argument("n", INT)
    >>> senses(Call(">=", (count, n), BOOL)), senses(Call("not", (Call(">=", (count, n), BOOL),), BOOL))
    ({'n': 'up'}, {'n': 'down'})
    """
    return {name: _only({one[0] for one in limits if one is not None}, limits) for name, limits in _limits(check)}


def counts_itself(check: Node) -> dict[str, bool | None]:
    """For each parameter that is compared in one way only: whether the number itself will do.

    >>> from verif_dsl.compiler.kinds import BOOL, INT
    >>> count, n = Call("len", (), INT), Argument("n", INT)
    >>> counts_itself(Call(">=", (count, n), BOOL)), counts_itself(Call("not", (Call(">=", (count, n), BOOL),), BOOL))
    ({'n': True}, {'n': False})
    """
    return {name: _only({one[1] for one in limits if one is not None}, limits) for name, limits in _limits(check)}


T = TypeVar("T")


def _only(found: set[T], limits: Collection[object]) -> T | None:
    return next(iter(found)) if len(found) == 1 and None not in limits else None


def _limits(check: Node) -> Iterable[tuple[str, set[tuple[Sense, bool] | None]]]:
    """For each parameter the ways in which it is a limit: its sense, and whether the number itself will do; None where
    it is something else.
    """
    found: dict[str, set[tuple[Sense, bool] | None]] = {}

    def visit(node: Node, positive: bool) -> None:
        match node:
            case Call("and" | "or", parts):
                for part in parts:
                    visit(part, positive)
            case Call("not", (inner,)):
                visit(inner, not positive)
            case Call(name, (left, right)) if (relation := name.removesuffix(" decimal")) in ("<", "<=", ">", ">="):
                for side, more in ((left, relation[0] == "<"), (right, relation[0] == ">")):
                    # `n <= count` and `count >= n` ask for more when n is more.
                    if isinstance(side, Argument):
                        itself = relation.endswith("=") == positive
                        limit: tuple[Sense, bool] = "up" if more == positive else "down", itself
                        found.setdefault(side.name, set()).add(limit)
                    else:
                        visit(side, True)
            case Argument(name):
                found.setdefault(name, set()).add(None)
            case Quantifier():
                for one in walk(node):
                    if isinstance(one, Argument):
                        found.setdefault(one.name, set()).add(None)
            case _:
                for part in children(node):
                    visit(part, positive)

    visit(check, True)
    return found.items()


def monotone(subject: Subject) -> Finding | NotTried | None:
    assert subject.constraint.check is not None
    known = {name: sense for name, sense in senses(subject.constraint.check).items() if sense is not None}
    if not known:
        return NotTried("no parameter is a threshold")
    for name, sense in known.items():
        for one in subject.tries:
            value = one.arguments[name]
            assert isinstance(value, int | Fraction)  # nothing else is compared in this way
            step = 1 if isinstance(value, int) else TENTH
            high = Try(one.response, {**one.arguments, name: value + step}, one.given)
            verdicts = subject.reference(one), subject.reference(high)
            if verdicts == (("fail", "pass") if sense == "up" else ("pass", "fail")):
                return _finding(subject, high, f"`{name}` is a limit, and a stricter one lets through more")
    return None


AT_LEAST = r"at least {0}(?!\w)|{0}(?: [\w:|]+)? or more|no fewer than {0}|no less than {0}|a minimum of {0}"
AT_MOST = r"at most {0}(?!\w)|{0}(?: [\w:|]+)? or (?:fewer|less)|no[t]? more than {0}|a maximum of {0}|up to {0}"
FEWER = r"(?:fewer|less) than {0}|under {0}|below {0}"
MORE = r"more than {0}|over {0}|above {0}"
NEGATED = re.compile(r"\b(?:no|not|never|none|without)\b", re.IGNORECASE)


def text_and_check_agree(subject: Subject) -> Finding | NotTried | None:
    constraint = subject.constraint
    assert constraint.check is not None
    read = {node.name for node in walk(constraint.check) if isinstance(node, Argument)}
    told: set[str] = set()
    for one in constraint.instructions:
        for node in (*one.holes.values(), *([] if one.when is None else [one.when])):
            told |= {inner.name for inner in walk(node) if isinstance(inner, Argument)}
    for parameter in constraint.parameters:
        if parameter.name in read - told:
            return Finding(f"the verdict depends on `{parameter.name}`, and no instruct tells it")
    return _relations(subject)


def _relations(subject: Subject) -> Finding | None:
    """Where an instruction says "at least {n}": the number itself has to do, and more of it has to ask for more."""
    check = subject.constraint.check
    assert check is not None
    known, included = senses(check), counts_itself(check)
    for arguments in subject.arguments[:2]:
        for name, value in arguments.items():
            if not isinstance(value, int) or isinstance(value, bool) or known.get(name) is None:
                continue
            if list(arguments.values()).count(value) > 1:
                continue
            told = subject.instruction(arguments)
            said = _said(told or "", str(value))
            if said is not None and said != known[name]:
                asks = "asks for more" if known[name] == "up" else "allows more"
                return Finding(
                    f"the instruct sets a limit the other way: with a higher `{name}` the check {asks}",
                    arguments=arguments,
                    instruction=told,
                )
            itself = _said_of_itself(told or "", str(value))
            if said is not None and None not in (itself, included[name]) and itself != included[name]:
                does = "counts" if included[name] else "does not count"
                return Finding(
                    f"the instruct and the check differ on the limit itself: {value} {does} for the check",
                    arguments=arguments,
                    instruction=told,
                )
    return None


def _said_of_itself(text: str, number: str) -> bool | None:
    """Whether a text says that the number itself will do (`at least 3`) or not (`more than 3`); None where it says
    neither, or both.
    """

    inclusive = _has(text, AT_LEAST, number) or _has(text, AT_MOST, number)
    # "no word more than 3 times" is about words that do not come 4 times: the limit itself will do.
    strict = (_has(text, FEWER, number) or _has(text, MORE, number)) and NEGATED.search(text) is None
    return None if inclusive == strict else inclusive


def _said(text: str, number: str) -> Sense | None:
    """Which way a text says that a limit goes; None where it does not say, or says more than one thing."""

    plain = NEGATED.search(text) is None  # "no word more than 3 times" is an upper limit
    up = _has(text, AT_LEAST, number) or (plain and _has(text, MORE, number))
    down = _has(text, AT_MOST, number) or (plain and _has(text, FEWER, number))
    return None if up == down else "up" if up else "down"


def _has(text: str, phrases: str, number: str) -> bool:
    """Whether a text has one of some phrases, with this number in its place."""
    return re.search(phrases.format(re.escape(number)), text, re.IGNORECASE) is not None


def degenerate_told_apart(subject: Subject) -> Finding | NotTried | None:
    return _lets_through(
        subject, subject.arguments[0], DEGENERATE, 1.0, "all {} degenerate texts pass, such as this one"
    )


def unrelated_fail(subject: Subject) -> Finding | NotTried | None:
    if not subject.real:
        return NotTried("no file of real responses was given")
    return _lets_through(
        subject, subject.usual, subject.real, SUSPICIOUS, "more than half of {} unrelated responses pass"
    )


def _lets_through(
    subject: Subject, arguments: Mapping[str, Value], texts: Sequence[str], most: float, message: str
) -> Finding | NotTried | None:
    """A finding when a larger share of some texts passes than should (or, at 1, when all do)."""
    if asks_for_nothing(subject.goal(arguments, True).check):
        return NotTried("a ban, an upper limit or a condition: whoever says nothing keeps it")
    tries = [Try(prepare(text), arguments, subject.before) for text in texts]
    verdicts = subject.columnar(tries)
    passing = [one for one, verdict in zip(tries, verdicts, strict=True) if verdict == "pass"]
    share = len(passing) / len(tries)
    if share > most or share == 1:
        shortest = min(passing, key=lambda one: len(one.response))
        return _finding(subject, shortest, message.format(len(tries)))
    return None


LAWS = (
    Law("examples-agree", "Every accept passes and every reject fails, on both back ends.", examples_agree),
    Law("not-vacuous", "For each of the sampled arguments some response passes and some fails.", not_vacuous),
    Law("blank-fails", "A blank response fails.", blank_fails),
    Law("deterministic", "The same batch gives the same verdicts again.", deterministic),
    Law(
        "batch-independent",
        "A verdict depends neither on the other responses of a batch nor on their order.",
        batch_independent,
    ),
    Law("back-ends-agree", "The reference evaluator and the columnar back end give the same verdict.", back_ends_agree),
    Law("monotone", "Raising a lower limit, or lowering an upper one, lets no further response pass.", monotone),
    Law(
        "text-and-check-agree",
        "Every parameter that the check reads is told, and limits are told as the check has them.",
        text_and_check_agree,
    ),
    Law(
        "degenerate-told-apart",
        f"Not all of {len(DEGENERATE)} texts that answer nothing pass.",
        degenerate_told_apart,
    ),
    Law("unrelated-fail", "At most half of the real responses to other prompts pass.", unrelated_fail),
)


def look(law: Law, subject: Subject) -> Finding | NotTried | None:
    """What comes of a law on a constraint; what cannot be tried, for want of data or arguments, is left open."""
    if not subject.arguments:
        return NotTried("there is nothing to draw its arguments from, and it has no examples")
    try:
        return law.look(subject)
    except VerifError as error:
        return NotTried(error.message)
