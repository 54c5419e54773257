"""What changed between two versions of a file, and whether its constraints say so.

A constraint's `version` stands for its verdicts: scores of version 1 can be compared with others of version 1. So
another check, judge, parameter or `require` wants another version; other words of an `instruct` do not.
"""

from collections.abc import Iterator

from verif_dsl.compiler.artefact import meaning_hash
from verif_dsl.compiler.diagnostics import Diagnostic
from verif_dsl.compiler.program import Program


def unversioned_changes(old: Program, new: Program) -> Iterator[Diagnostic]:
    """A diagnostic for each constraint that can give other verdicts under its old version, or went back to one."""
    for name, constraint in new.constraints.items():
        before = old.constraints.get(name)
        if before is None:
            continue
        same = meaning_hash(constraint) == meaning_hash(before)
        hint = f"write version {before.version if same else before.version + 1}"
        if constraint.version < before.version:
            message = f"`{name}` is version {constraint.version}, and was version {before.version} already"
            yield Diagnostic("V0402", message, constraint.span, hint)
        elif constraint.version == before.version and not same:
            message = f"`{name}` can give other verdicts than in {old.source.name}, under the same version"
            yield Diagnostic("V0402", message, constraint.span, hint)
