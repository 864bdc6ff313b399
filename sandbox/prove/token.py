"""POST /token. https://developer.prove.com/reference/token-request"""

from sandbox.prove import jwts, wire
from sandbox.prove.regions import CREDENTIALS
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply


def form_call(call: Call) -> None:
    """The guard of a POST with a form, which carries the credentials itself."""
    wire.require(call, "POST")
    if call.request.content_type != "application/x-www-form-urlencoded":
        raise wire.forbidden()


@route("prove.token", form_call)
def token(call: Call) -> Reply:
    """An access token that is valid for an hour. Raises Refusal for wrong credentials."""
    form = call.request.POST.dict()
    if form.get("grant_type", "client_credentials") != "client_credentials":
        raise wire.refusal(1001)
    for name in ("client_id", "client_secret", "grant_type"):
        wire.text(form, name)
    region = wire.region(call)
    if (form["client_id"], form["client_secret"]) != (CREDENTIALS[region], CREDENTIALS[region]):
        raise wire.refusal(8002)
    life_s = jwts.ACCESS_TOKEN_LIFE_S
    access_token = jwts.new_access_token(call.store, region, call.now)
    return Reply({"access_token": access_token, "token_type": "Bearer", "expires_in": life_s})
