"""Judges: language models that answer the questions of judged constraints.

`Judge` asks; `JudgeConfig` says which model, and how. Everything here is imported where a judge is used.
"""

from verif_dsl.judging.config import JudgeConfig, load_judge_config
from verif_dsl.judging.errors import JudgeError
from verif_dsl.judging.judge import Judge, Judgement, Undecided

__all__ = ["Judge", "JudgeConfig", "JudgeError", "Judgement", "Undecided", "load_judge_config"]
