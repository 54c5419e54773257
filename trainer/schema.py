"""The configuration of `vif train` as JSON Schema, from which editors complete keys and mark mistakes."""

import re
from typing import Any

from verif_dsl.trainer.config import Config
from verif_dsl.trainer.grpo import grpo_schema

DRAFT = "https://json-schema.org/draft/2020-12/schema"
KEY = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)
"""A key in the docstring of a configuration, with what it says."""


def config_schema() -> dict[str, Any]:
    """The whole configuration, TRL's arguments under `grpo` included."""
    schema = {"$schema": DRAFT, **Config.model_json_schema()}
    for section in (schema, *schema["$defs"].values()):
        told = section.get("description", "")
        for name, text in KEY.findall(told):
            section["properties"][name]["description"] = " ".join(text.split())
        section["description"] = told.partition("\n\nKeys:")[0].replace("\n", " ")
    grpo, definitions = grpo_schema()
    schema["properties"]["grpo"] |= {**grpo, "default": {}}
    schema["$defs"] |= definitions
    return schema
