"""Which judge, and how it is asked: a YAML file, or the section `judge` of a training configuration."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from verif_dsl.typed_yaml import Typed, read_typed

Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class JudgeConfig(Typed):
    """Which judge, and how it is asked.

    Keys:
        model: the model's name at an endpoint, else a folder that holds a saved model.
        engine: `endpoint`, any server that speaks OpenAI's chat completions (vLLM, SGLang, hosted models); `vllm`, an
            engine in this process; `transformers`, a model in this process, for tests and small runs.
        url: where the endpoint is, such as `http://localhost:8000/v1`.
        key_variable: the environment variable that holds the endpoint's key; a server of one's own needs none.
        mode: `each` asks about one constraint at a time, `joint` about all of a row at once.
        votes: how often each question is asked. More than one needs a `temperature` above 0.
        combine: what decides among votes: the `majority` of the verdicts, or the `mean` of the scores.
        grade: `score`, the score in the reply; or `probabilities`, the expected score under the probabilities that the
            model gave the scores, where the engine returns them (G-Eval, arXiv 2303.16634).
        temperature: 0 for the likeliest answer.
        max_tokens: the longest reply, in tokens. A model that thinks before it answers needs thousands.
        evidence_characters: the longest quotation that the schema of a reply allows; null leaves the bound out, for
            endpoints that refuse it.
        at_once: how many questions are on their way at a time.
        timeout: seconds that one attempt may take.
        budget: seconds that a question may take with all attempts and pauses.
        retries: attempts after one that failed on its way (time-outs, 429, 500s, dropped connections), with growing
            pauses, or as long as the server asks for.
        tries: how often a question is asked anew when the reply cannot be used.
        cache: the folder that remembers replies, from one run to the next; null for none.
        cache_size: the most that the folder may hold, in gibibytes.
        max_unknown: the share of unknown verdicts of a batch above which it stops with an error.
        options: more parameters of the request, as the server calls them.
    """

    model: str
    engine: Literal["endpoint", "vllm", "transformers"] = "endpoint"
    url: str | None = None
    key_variable: str = "OPENAI_API_KEY"
    mode: Literal["each", "joint"] = "each"
    votes: Count = 1
    combine: Literal["majority", "mean"] = "majority"
    grade: Literal["score", "probabilities"] = "score"
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    max_tokens: Count = 512
    evidence_characters: Count | None = 300
    at_once: Annotated[int, Field(gt=0, le=1000)] = 64
    timeout: Seconds = 120.0
    budget: Seconds = 600.0
    retries: Annotated[int, Field(ge=0)] = 8
    tries: Count = 3
    cache: str | None = None
    cache_size: Count = 16
    max_unknown: Share = 0.1
    options: dict[str, Any] = Field(default={})

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.engine == "endpoint" and not self.url:
            raise ValueError("an endpoint needs its `url`, such as http://localhost:8000/v1")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"`url` should begin with http:// or https://, and this does not: {self.url}")
        if self.url and "@" in self.url:
            raise ValueError("`url` should hold no password; a key goes into the environment (see `key_variable`)")
        if self.engine != "endpoint" and self.url:
            raise ValueError(f"`url` is for an endpoint, and the engine is {self.engine}")
        if self.votes > 1 and self.temperature == 0:
            raise ValueError("`votes` above 1 need a `temperature` above 0: at 0 they would all be the same")
        if self.grade == "probabilities" and self.mode == "joint":
            raise ValueError("`grade: probabilities` needs `mode: each`, a reply with one score")
        try:
            json.dumps(self.options, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError):
            raise ValueError("`options` should hold what JSON can hold: texts, numbers, lists and so on") from None
        return self


def load_judge_config(path: str | Path) -> JudgeConfig:
    """The judge that a YAML file describes; the folder of its cache, and of its model, are relative to the file.

    Raises `VerifError` for a file that is missing or not YAML, an unknown key or a wrong value.
    """
    path = Path(path)
    config = read_typed(path, JudgeConfig, "model: Qwen/Qwen3-32B")
    return with_absolute_paths(config, path.resolve().parent)


def with_absolute_paths(config: JudgeConfig, folder: Path) -> JudgeConfig:
    """The same with its paths read from a folder."""
    changed = {} if config.cache is None else {"cache": str((folder / config.cache).resolve())}
    if config.engine != "endpoint":
        changed["model"] = str((folder / config.model).resolve())
    return config.model_copy(update=changed)
