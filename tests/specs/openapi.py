"""An OpenAPI 3.0 document, and what of an answer it does not allow."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

SPECS = Path(__file__).parents[3] / "shared/specs"  # beside the clone


@dataclass(frozen=True)
class Answer:
    """`path` is the API's own, from its version on."""

    method: str
    path: str
    status: int
    body: Any


class Document:
    """Stricter than it reads: all properties are there, and no others; a 2xx that it does not declare is a mistake."""

    def __init__(self, file: Path) -> None:
        self.content = json.loads(file.read_text(), object_hook=_nullable)

    def declares(self, answer: Answer) -> bool:
        return self._schema(answer) is not None

    def mistakes(self, answer: Answer) -> list[str]:
        schema = self._schema(answer)
        if schema is None:
            return [f"{answer.method} {answer.path}: {answer.status} is not declared"] if answer.status < 300 else []
        properties = list(schema["properties"])
        strict = {**self.content, **schema, "required": properties, "additionalProperties": False}
        return [error.message for error in Draft4Validator(strict).iter_errors(answer.body)]

    def _schema(self, answer: Answer) -> dict[str, Any] | None:
        for template, operations in self.content["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+}", "[^/]+", template), answer.path):
                response = operations[answer.method.lower()]["responses"].get(str(answer.status))
                return self._resolved(response["content"]["application/json"]["schema"]) if response else None
        raise LookupError(answer.path)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").removeprefix("#/components/schemas/")
        found: dict[str, Any] = self.content["components"]["schemas"][name] if name else schema
        return found


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type more."""
    if schema.pop("nullable", False) and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema
