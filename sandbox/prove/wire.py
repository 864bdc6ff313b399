"""What all of Prove's server calls share: bearer tokens, error bodies, limits.

https://developer.prove.com/reference/status-and-error-codes
"""

from typing import Any

from django.core.exceptions import RequestDataTooBig

from sandbox.prove import tokens
from sandbox.state.records import Received
from sandbox.wire.call import ROUTES, Call, Route, json_body
from sandbox.wire.errors import prove_error, rate_limited
from sandbox.wire.reply import Refusal, Reply

LARGEST_BODY = 4 * 1024  # bytes


def refusal(code: int, message: str = "", status: int = 0) -> Refusal:
    return Refusal(prove_error(code, message, status))


def carried(call: Call, code: int) -> Refusal:
    """8007, 8008 and 8009 are documented, the status that carries them is not."""
    status = call.switch("status_of_8007_to_8009")
    return refusal(code, status=0 if status == "usual" else int(status))


def forbidden() -> Refusal:
    """Wrong path, host, region or verb. No body of it is documented."""
    return Refusal(Reply({"message": "Forbidden"}, 403))


def server_call(call: Call) -> None:
    """The guard of all server calls that carry something: POST, JSON, a bearer token of ours, not too fast."""
    require(call, "POST")
    if call.request.content_type != "application/json":
        raise forbidden()
    authenticated(call)


def authenticated(call: Call) -> None:
    _keep_pace(call)
    if not tokens.is_access_token(call.store, bearer(call), call.now):
        raise refusal(8002)


def require(call: Call, *methods: str) -> None:
    if call.request.method not in methods:
        raise forbidden()


def bearer(call: Call) -> str:
    scheme, _, token = call.request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def body(call: Call) -> dict[str, Any]:
    """Prove names the parameter that is wrong, in `message`."""
    try:
        if len(call.request.body) >= LARGEST_BODY:
            raise RequestDataTooBig
        return json_body(call.request)
    except RequestDataTooBig:
        raise refusal(8001, "request body is 4 KB or more") from None
    except ValueError:
        raise refusal(8001, "request body is not valid JSON") from None


def text(fields: dict[str, Any], name: str, *, required: bool = True) -> str:
    """An absent optional field is the empty string."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise refusal(1001, f"field '{name}' is not a string")
    if required and not value:
        raise refusal(1001, f"field '{name}' is missing")
    return value


def flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise refusal(1001, f"field '{name}' is not a boolean")
    return value


def _keep_pace(call: Call) -> None:
    limit = call.switch("requests_per_second")
    if limit == "unlimited":
        return
    recent = [r for r in call.store.since(Received, "at", call.now - 1) if _counts(r.route)]
    if len(recent) >= int(limit):
        raise Refusal(rate_limited())


def _counts(name: str) -> bool:
    """A server's calls do, but for the one that gets the access token."""
    return name in ROUTES and name.startswith("prove.") and name != "prove.token" and not ROUTES[name].cross_origin


def anyone(call: Call) -> None:
    """The guard of what is not there."""


def _nothing(_: Call) -> Reply:
    raise forbidden()


nothing_here = Route("prove.nothing_here", anyone, _nothing)
