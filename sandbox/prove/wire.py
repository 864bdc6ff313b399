"""What all of Prove's routes for servers share: authentication, error bodies, limits.

https://developer.prove.com/reference/status-and-error-codes
"""

from typing import Any

from django.core.exceptions import RequestDataTooBig

from sandbox.prove import jwts
from sandbox.prove.regions import NORTH_AMERICA
from sandbox.state.records import Received
from sandbox.wire.call import ROUTES, Call, Route, json_body
from sandbox.wire.errors import prove_error, rate_limited
from sandbox.wire.reply import Refusal, Reply

MAX_BODY_BYTES = 4 * 1024
TOO_MANY = 429


def refusal(code: int, message: str = "", status: int = 0) -> Refusal:
    """To raise: Prove's error `code`, with its usual message and HTTP status unless others are given."""
    return Refusal(prove_error(code, message, status))


def refusal_with_switched_status(call: Call, code: int) -> Refusal:
    """For 8007, 8008 and 8009, whose HTTP status is not documented: a switch chooses it."""
    status = call.switch("status_of_8007_to_8009")
    return refusal(code, status=0 if status == "usual" else int(status))


def forbidden() -> Refusal:
    """For a wrong path, host, region or method. The body is not documented."""
    return Refusal(Reply({"message": "Forbidden"}, 403))


def server_call(call: Call) -> None:
    """The guard of routes that take JSON: POST, Content-Type, access token and rate limit."""
    require(call, "POST")
    if call.request.content_type != "application/json":
        raise forbidden()
    authenticated(call)


def authenticated(call: Call) -> None:
    """Raises Refusal above the rate limit, or without a valid access token."""
    _limit_rate(call)
    if not jwts.is_access_token(call.store, bearer(call), region(call), call.now):
        raise refusal(8002)


def region(call: Call) -> str:
    """The region of the path. The ledger shows it, unless it is North America."""
    found = call.arguments.get("region", NORTH_AMERICA)
    if found != NORTH_AMERICA:
        call.facts["region"] = found
    return found


def require(call: Call, method: str) -> None:
    """Raises Refusal for any other HTTP method."""
    if call.request.method != method:
        raise forbidden()


def bearer(call: Call) -> str:
    """The bearer token of the Authorization header, or an empty string."""
    scheme, _, token = call.request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def body(call: Call) -> dict[str, Any]:
    """The JSON body. Raises Refusal if it is too large or not a JSON object."""
    try:
        if len(call.request.body) >= MAX_BODY_BYTES:
            raise RequestDataTooBig
        return json_body(call.request)
    except RequestDataTooBig:
        raise refusal(8001, "request body is 4 KB or more") from None
    except ValueError:
        raise refusal(8001, "request body is not valid JSON") from None


def text(fields: dict[str, Any], name: str, *, required: bool = True) -> str:
    """The field's string, empty if it is absent. Raises Refusal if a required field is empty or the type is wrong."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise refusal(1001, f"field '{name}' is not a string")
    if required and not value:
        raise refusal(1001, f"field '{name}' is missing")
    return value


def flag(fields: dict[str, Any], name: str) -> bool:
    """The field's boolean, false if it is absent. Raises Refusal if the type is wrong."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise refusal(1001, f"field '{name}' is not a boolean")
    return value


def _limit_rate(call: Call) -> None:
    """Raises Refusal if the region has served as many calls in the last second as the limit allows.

    A caller that waits as long as Retry-After says is served, unless others have used up the second meanwhile.
    """
    limit = call.switch("requests_per_second")
    if limit == "unlimited":
        return
    host, recent = region(call), call.store.since(Received, "at", call.now - 1)
    served = [each for each in recent if _counts(each) and each.facts.get("region", NORTH_AMERICA) == host]
    if len(served) >= int(limit):
        raise Refusal(rate_limited())


def _counts(received: Received) -> bool:
    """Served calls of Prove's routes for servers count towards the limit, except /token."""
    name = received.route
    if received.status == TOO_MANY or name not in ROUTES or ROUTES[name].cross_origin:
        return False
    return name.startswith("prove.") and name != "prove.token"


def no_guard(call: Call) -> None:
    """Lets any call through."""


def _forbid(_: Call) -> Reply:
    raise forbidden()


unknown_path = Route("prove.nothing_here", no_guard, _forbid)
