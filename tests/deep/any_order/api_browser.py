"""An app in place of a browser: it says the same things over the API, so that the same machine can drive both."""

import json
import uuid
from collections.abc import Collection
from typing import Any

from django.test import Client

from onboarding.api.models import PublishableKey
from onboarding.models import Binding
from tests.api.app import ROOT
from tests.deep.any_order.browser import Browser, Request, Response

# I33: the allowed statuses.
STATUSES = {200, 201, 202, 204, 401, 404, 409, 422, 429, 503}
STEPS = {"/device/": "device", "/code/send/": "code", "/code/": "code/check", "/bind/": "bind", "/moved/": "rebind"}
KNOWN = {"code/check": {"code"}, "code": {"channel"}, "rebind": set(), "device": set(), "bind": set()}
HAVE_A_BODY = ("code", "code/check", "rebind")


class ApiBrowser(Browser):
    """Reads the paths of the pages as operations of the API. Keeps one verification, as an app does."""

    def __init__(self, name: str) -> None:
        super().__init__(name, Client())
        self.id = self.secret = self.token = ""
        self.device_id = uuid.uuid4().hex
        self.token_of: dict[str, str] = {}  # the authToken by Idempotency-Key

    def sends(self, request: Request) -> Any:
        self.sent.append(request)
        path, fields = request.path, dict(request.fields)
        if request.method != "POST":
            return self._call("get", f"verifications/{self.id or uuid.UUID(int=0)}", bearer=self.secret)
        if path == "/start/":
            return self._begin(fields)
        if path in STEPS:
            return self._step(STEPS[path], fields)
        if path.startswith("/unlink/"):
            return self._unlink(others=path != "/unlink/")
        method = "delete" if path == "/restart/" else "get"
        return self._call(method, f"verifications/{self.id or uuid.UUID(int=0)}", bearer=self.secret)

    def linked_number_page(self) -> str | None:
        """Return the number of the person that the session token names, as a page would show it, otherwise None."""
        told = self._call("get", "session", bearer=self.token)
        if told.status_code != 200:
            return None
        return Binding.objects.get(public_id=told.json()["device_id"]).phone.display

    def _begin(self, fields: dict[str, str]) -> Any:
        body = {"phone_number": fields.pop("phone"), "platform": "android", "device_id": self.device_id}
        start_key = fields.pop("start_key")
        if self.secret:
            body["previous_client_secret"] = self.secret
        self._refuses("verifications", {**body, **fields}, fields, _key(), start_key)
        return self._keep(self._call("post", "verifications", body, bearer=_key(), key=start_key), start_key)

    def _step(self, step: str, fields: dict[str, str]) -> Any:
        path, body = f"verifications/{self.id or uuid.UUID(int=0)}/{step}", None
        if step in HAVE_A_BODY:
            body = {name: value for name, value in fields.items() if name in KNOWN[step]}
            unknown = {name: value for name, value in fields.items() if name not in body}
            self._refuses(path, {**body, **unknown}, unknown, self.secret)
        start_key = str(uuid.uuid4())
        if step == "rebind" and self.token:
            body = {"session_token": self.token}
        return self._keep(self._call("post", path, body, bearer=self.secret, key=start_key), start_key)

    def _refuses(
        self, path: str, body: dict[str, str], unknown: dict[str, str], bearer: str, key: str | None = None
    ) -> None:
        """I04: a field that the API does not know is refused, and has no effect."""
        if unknown and bearer:
            refused = self._call("post", path, body, bearer=bearer, key=key or str(uuid.uuid4()))
            assert refused.status_code in (401, 422), "I04: an unknown field was taken"

    def _unlink(self, *, others: bool) -> Any:
        listed = self._call("get", "devices", bearer=self.token)
        devices = listed.json() if listed.status_code == 200 else []
        session = self._call("get", "session", bearer=self.token)
        may_refuse = others and session.status_code == 200 and not session.json()["is_fresh"]
        answers = [
            self._call("delete", f"devices/{device['id']}", bearer=self.token, also={403} if may_refuse else set())
            for device in devices
            if device["is_this"] is not others
        ]
        return answers[-1] if answers else listed

    def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        bearer: str,
        key: str = "",
        also: Collection[int] = (),
    ) -> Any:
        headers = {"Authorization": f"Bearer {bearer}"} | ({"Idempotency-Key": key} if key else {})
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(self.client, method)(ROOT + path, headers=headers, **content)
        assert answer.status_code in {*STATUSES, *also}, f"I33: {answer.status_code} for {method} {path}"
        self.seen.append(Response(answer.status_code, path, str(answer.headers), "", answer.content.decode()))
        return answer

    def _keep(self, answer: Any, key: str) -> Any:
        told = answer.json() if answer.content else {}
        if "client_secret" in told:
            self.id, self.secret = told["id"], told["client_secret"]
            if token := told["auth_token"]:
                again = token in self.tokens
                assert not again or self.token_of.get(key) == token, "I06: an authToken came twice"
                self.tokens.append(token)
                self.token_of[key] = token
        self.token = (told.get("session") or {}).get("token", self.token)
        return answer


def _key() -> str:
    """Return the publishable key of the app."""
    return PublishableKey.objects.get_or_create(name="the app")[0].key
