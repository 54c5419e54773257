"""What stops judging altogether."""

from verif_dsl.compiler.diagnostics import VerifError


class JudgeError(VerifError):
    """The judge cannot be asked at all, or leaves more verdicts unknown than its configuration allows."""
