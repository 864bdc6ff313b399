"""Replies as a vendor documents them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import responses


@dataclass(frozen=True)
class Reply:
    """`source` is the vendor's page."""

    source: str
    body: Mapping[str, Any] | str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def answers(self, vendor: responses.RequestsMock, url: str) -> None:
        """Prepare this reply for one POST, after those prepared before it."""
        content: dict[str, Any] = {"body": self.body} if isinstance(self.body, str) else {"json": self.body}
        vendor.post(url, status=self.status, headers=dict(self.headers), **content)
