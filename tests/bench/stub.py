"""Prove and Twilio at a constant cost: `python -m tests.bench.stub PORT LATENCY_MS`.

It answers after the latency, remembers what its answers must echo, and takes 123456 for a right code.
"""

import asyncio
import base64
import json
import sys
import uuid
from typing import Any

from aiohttp import web

LATENCY, NUMBERS = web.AppKey("latency", float), web.AppKey("numbers", dict[str, str])
CODE = "123456"
CLAIMS = {"auth": {"id": "a", "ans": "n", "endp": "http://127.0.0.1", "chlg": "c", "subs": {}, "next": "done"}}
AUTH_TOKEN = f"e30.{base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).decode().rstrip('=')}.{'A' * 86}"
ACCESS_TOKEN = {
    "access_token": "t" * 800,
    "token_type": "Bearer",
    "expires_in": 3600,
    "refresh_token": "r",
    "refresh_expires_in": 7200,
}
PASSED = {"authentication": {"result": "pass"}, "risk": {"result": "pass"}}
TWILIO = {"service_sid": "VA" + "0" * 32, "account_sid": "AC" + "0" * 32, "channel": "sms", "lookup": {}}
DATES = {"date_created": "2026-01-01T00:00:00Z", "date_updated": "2026-01-01T00:00:00Z", "url": "x"}


async def token(_request: web.Request) -> web.Response:
    return web.json_response(ACCESS_TOKEN)


async def unify(request: web.Request) -> web.Response:
    flow = str(uuid.uuid4())
    request.app[NUMBERS][flow] = (await request.json())["phoneNumber"]
    return await _answer(request, {"success": "pending", "authToken": AUTH_TOKEN, "correlationId": flow})


async def unify_status(request: web.Request) -> web.Response:
    asked = await request.json()
    return await _answer(request, _flow(asked, request.app[NUMBERS][asked["correlationId"]], "possession_required"))


async def unify_bind(request: web.Request) -> web.Response:
    asked = await request.json()
    request.app[NUMBERS].pop(asked["correlationId"])
    return await _answer(request, _flow(asked, asked["phoneNumber"], "true"))


def _flow(asked: dict[str, Any], number: str, success: str) -> dict[str, Any]:
    ids = {"deviceId": str(uuid.uuid4()), "proveId": str(uuid.uuid4())}
    echo = {"phoneNumber": number, "clientRequestId": asked.get("clientRequestId")}
    return {"success": success, "evaluation": PASSED, **ids, **echo}


async def send(request: web.Request) -> web.Response:
    number, sid = str((await request.post())["To"]), f"VE{uuid.uuid4().hex}"
    request.app[NUMBERS] |= {number: sid, sid: number}
    return await _answer(request, _verification(sid, number, is_right=False), status=201)


async def check(request: web.Request) -> web.Response:
    form, numbers = await request.post(), request.app[NUMBERS]
    sid = str(form.get("VerificationSid") or numbers.pop(str(form.get("To"))))
    number = numbers.pop(sid) if form["Code"] == CODE else numbers[sid]
    return await _answer(request, _verification(sid, number, is_right=form["Code"] == CODE))


def _verification(sid: str, number: str, *, is_right: bool) -> dict[str, Any]:
    status = "approved" if is_right else "pending"
    return {**TWILIO, **DATES, "sid": sid, "to": number, "status": status, "valid": is_right}


async def _answer(request: web.Request, content: dict[str, Any], status: int = 200) -> web.Response:
    await asyncio.sleep(request.app[LATENCY])
    return web.json_response(content, status=status)


def main() -> None:
    port, latency_ms = sys.argv[1:]
    app = web.Application()
    app[LATENCY], app[NUMBERS] = int(latency_ms) / 1000, {}
    for path, handler in (
        ("/token", token),
        ("/v3/unify", unify),
        ("/v3/unify-status", unify_status),
        ("/v3/unify-bind", unify_bind),
        ("/v2/Services/{service}/Verifications", send),
        ("/v2/Services/{service}/VerificationCheck", check),
    ):
        app.router.add_post(path, handler)
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(port),
        access_log=None,
        backlog=4096,
        keepalive_timeout=3600,
        handle_signals=True,
        print=lambda *_: None,
    )


if __name__ == "__main__":
    main()
