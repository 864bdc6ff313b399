"""A response as a vendor documents it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import responses


@dataclass(frozen=True)
class DocumentedResponse:
    """`source` is the page of the vendor that documents it."""

    source: str
    body: Mapping[str, Any] | str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def register(self, vendor: responses.RequestsMock, url: str) -> None:
        """Let `vendor` give this response to one POST, after those registered before it."""
        content: dict[str, Any] = {"body": self.body} if isinstance(self.body, str) else {"json": self.body}
        vendor.post(url, status=self.status, headers=dict(self.headers), **content)
