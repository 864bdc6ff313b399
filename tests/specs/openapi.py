"""Validates responses against an OpenAPI 3.0 document."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

SPECS = Path(__file__).parents[3] / "shared/specs"  # next to the clone; the tests are skipped without it


@dataclass(frozen=True)
class Response:
    """A response to validate. `path` starts with the API's version."""

    method: str
    path: str
    status: int
    body: Any


class Document:
    """An OpenAPI document. Missing and additional properties are mistakes, and so are undeclared 2xx statuses."""

    def __init__(self, file: Path) -> None:
        self.content = json.loads(file.read_text(), object_hook=_nullable)

    def declares(self, response: Response) -> bool:
        """Whether the document has a schema for the response's path, method and status."""
        return self._schema(response) is not None

    def mistakes(self, response: Response) -> list[str]:
        """The messages of the schema's violations. Raises LookupError for an unknown path."""
        schema = self._schema(response)
        if schema is None:
            undeclared = f"{response.method} {response.path}: {response.status} is not declared"
            return [undeclared] if response.status < 300 else []
        properties = list(schema["properties"])
        strict = {**self.content, **schema, "required": properties, "additionalProperties": False}
        return [error.message for error in Draft4Validator(strict).iter_errors(response.body)]

    def _schema(self, response: Response) -> dict[str, Any] | None:
        for template, operations in self.content["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+}", "[^/]+", template), response.path):
                declared = operations[response.method.lower()]["responses"].get(str(response.status))
                return self._resolved(declared["content"]["application/json"]["schema"]) if declared else None
        raise LookupError(response.path)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").removeprefix("#/components/schemas/")
        found: dict[str, Any] = self.content["components"]["schemas"][name] if name else schema
        return found


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Translates OpenAPI's `nullable` into JSON Schema's additional type."""
    if schema.pop("nullable", False) and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema
