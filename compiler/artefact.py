"""The typed program as JSON: what a file means, for whoever runs it elsewhere, and a hash of each meaning.

The hash covers what verdicts come from, and nothing else: the check or the judge with definitions written out, the
parameters, the `require`s, and the versions of Unicode and of these semantics. Two constraints with one hash give the
same verdicts.
"""

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Items, Local, Node, Quantifier, Value
from verif_dsl.compiler.overview import written_domain
from verif_dsl.compiler.patterns.charset import unicode_version
from verif_dsl.compiler.program import Constraint, Instruction, Param, Program, Rubric, Spec
from verif_dsl.compiler.rewards import Aggregate, Gate, Group, Number, Product, Reward, Sum
from verif_dsl.compiler.templates import Template

SEMANTICS = 1
"""Counts the changes of what some builtin or construct means."""


def artefact(program: Program) -> str:
    """The document for a file, with the constraints that its specs use of others."""
    used = {use.constraint for spec in program.specs.values() for use in spec.uses}
    constraints = {name: one for name, one in program.known().items() if name in program.constraints or name in used}
    document = {
        "semantics": SEMANTICS,
        "unicode": unicode_version(),
        "pack": {"name": program.pack[0], "version": program.pack[1]} if program.pack else None,
        "constraints": {name: _constraint(one) for name, one in constraints.items()},
        "specs": {name: _spec(spec) for name, spec in program.specs.items()},
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def meaning_hash(constraint: Constraint) -> str:
    """The SHA-256 of all that verdicts come from.

    >>> from verif_dsl import compile
    >>> text = 'constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" }'
    >>> one, other = (compile(words).program.constraints["c"] for words in (text, text.replace("No a.", "Not an a.")))
    >>> meaning_hash(one) == meaning_hash(other)
    True
    """
    meaning = {
        "semantics": SEMANTICS,
        "unicode": unicode_version(),
        "check": None if constraint.check is None else node_json(constraint.check),
        "judge": None if constraint.judge is None else _judge(constraint.judge),
        "parameters": [_param(one) for one in constraint.parameters],
        "requires": [node_json(condition) for condition, _ in constraint.requires],
    }
    canonical = json.dumps(meaning, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def node_json(node: Node) -> dict[str, Any]:
    """A node as JSON: its sort, its type, its parts."""
    match node:
        case Constant(value, kind):
            return {"constant": value_json(value), "type": str(kind)}
        case Argument(name, kind):
            return {"argument": name, "type": str(kind)}
        case Input(name):
            return {"input": name}
        case Local(depth, index, kind):
            return {"local": [depth, index], "type": str(kind)}
        case Call(builtin, arguments, kind):
            return {"call": builtin, "arguments": list(map(node_json, arguments)), "type": str(kind)}
        case Items(items, kind):
            return {"items": list(map(node_json, items)), "type": str(kind)}
        case Quantifier(quantity, depth, arity, source, condition, body):
            kept = None if condition is None else node_json(condition)
            parts = {"source": node_json(source), "if": kept, "body": node_json(body)}
            return {"quantifier": quantity, "depth": depth, "arity": arity, **parts}


def value_json(value: Value) -> Any:
    """A value as JSON; a decimal is its numerator and denominator."""
    if isinstance(value, Fraction):
        return {"n": value.numerator, "d": value.denominator}
    return list(map(value_json, value)) if isinstance(value, tuple) else value


def _constraint(constraint: Constraint) -> dict[str, Any]:
    return {
        "version": constraint.version,
        "sha256": meaning_hash(constraint),
        "kind": constraint.kind,
        "doc": constraint.doc,
        "tags": list(constraint.tags),
        "deprecated": constraint.deprecated,
        "parameters": [_param(one) for one in constraint.parameters],
        "requires": [node_json(condition) for condition, _ in constraint.requires],
        "reads": [given.key for given in constraint.givens],
        "check": None if constraint.check is None else node_json(constraint.check),
        "cost": constraint.cost,
        "judge": None if constraint.judge is None else _judge(constraint.judge),
        "instruct": list(map(_instruction, constraint.instructions)),
        "feedback": list(map(_instruction, constraint.feedback)),
    }


def _param(parameter: Param) -> dict[str, Any]:
    default = value_json(parameter.default)
    return {"name": parameter.name, "type": written_domain(parameter.domain), "default": default}


def _instruction(one: Instruction) -> dict[str, Any]:
    when = None if one.when is None else node_json(one.when)
    return {"text": _template(one.template), "when": when, "lang": one.lang, "holes": _holes(one.holes)}


def _judge(judge: Rubric) -> dict[str, Any]:
    return {
        "ask": _template(judge.ask),
        "scale": [judge.low, judge.high],
        "anchors": [{"score": score, "text": _template(text)} for score, text in judge.anchors],
        "pass": judge.pass_at,
        "show": list(judge.show),
        "unknown": judge.unknown,
        "holes": _holes(judge.holes),
    }


def _template(template: Template) -> list[Any]:
    """Texts and holes in their order."""
    parts = ({"hole": one.name, "format": one.format, "forms": dict(one.forms)} for one in template.holes)
    return [part if isinstance(part, str) else next(parts) for part in template.parts]


def _holes(holes: Mapping[str, Node]) -> dict[str, Any]:
    return {name: node_json(node) for name, node in holes.items()}


def _spec(spec: Spec) -> dict[str, Any]:
    uses = [
        {
            "constraint": use.constraint,
            "with": {name: value_json(value) for name, value in use.arguments.items()},
            "weight": use.weight,
            "as": use.name,
        }
        for use in spec.uses
    ]
    reward = None if spec.reward is None else _reward(spec.reward)
    return {"version": spec.version, "doc": spec.doc, "tags": list(spec.tags), "uses": uses, "reward": reward}


def _reward(reward: Reward | Group) -> dict[str, Any]:
    match reward:
        case Number(value):
            return {"number": value}
        case Group(name):
            return {"group": name}
        case Aggregate(function, members, if_empty):
            return {"aggregate": function, "of": list(map(_reward, members)), "if_empty": if_empty}
        case Product(left, right):
            return {"product": [_reward(left), _reward(right)]}
        case Sum(left, right):
            return {"sum": [_reward(left), _reward(right)]}
        case Gate(comparator, left, right):
            return {"gate": comparator, "of": [_reward(left), _reward(right)]}
