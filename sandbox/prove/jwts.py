"""Access tokens for servers and authTokens for browsers: JWTs, signed with a key from the store."""

import json
import secrets
from hashlib import sha256
from typing import Any

import jwt

from sandbox.prove.regions import PATHS
from sandbox.state.records import Flow, Setting
from sandbox.state.store import Store

ACCESS_TOKEN_LIFE_S = 60 * 60
AUTH_TOKEN_LIFE_S = 15 * 60
ALGORITHM = "HS256"
# The SDK decodes the payload with atob(), which rejects "-" and "_" of base64url. Only these characters lead to them.
ESCAPES = str.maketrans({">": "\\u003e", "?": "\\u003f", "~": "\\u007e"})


def new_access_token(store: Store, region: str, now: float) -> str:
    claims = {"scope": _scope(region), "jti": secrets.token_hex(8), "exp": int(now) + ACCESS_TOKEN_LIFE_S}
    return _sign(store, claims)


def is_access_token(store: Store, token: str, region: str, now: float) -> bool:
    return _claims(store, token, now).get("scope") == _scope(region)


def _scope(region: str) -> str:
    return f"server {region}"


def new_auth_token(store: Store, flow: Flow, origin: str, now: float) -> str:
    """An authToken for the flow. With an empty `origin`, the Web SDK calls the origin of its page.

    The SDK stores the first endpoint (`endp`) of a namespace (`ans`) for ever. Each endpoint therefore has a namespace
    of its own, so that a browser never keeps calling an old address.
    """
    endpoint = f"{origin}/sandbox/{PATHS[flow.region]}"
    auth = {
        "id": flow.auth_id,
        "ans": "sandbox" + sha256(endpoint.encode()).hexdigest()[:12],
        "endp": endpoint,
        "chlg": flow.challenge,
        "next": "device/passive/silent",
        "subs": {"dev": {"auths": {"pasv": {"uvlvl": "none"}}}},
    }
    claims = {"rid": secrets.token_hex(8), "iat": int(now), "exp": int(now) + AUTH_TOKEN_LIFE_S, "auth": auth}
    return _sign(store, claims)


def auth_id(store: Store, token: str, now: float) -> str:
    """The `auth_id` of the token's flow. Empty if the token is invalid, expired or an access token."""
    auth = _claims(store, token, now).get("auth")
    return str(auth["id"]) if isinstance(auth, dict) else ""


def _sign(store: Store, claims: dict[str, Any]) -> str:
    payload = json.dumps(claims).translate(ESCAPES).encode()
    return jwt.PyJWS().encode(payload, _key(store), ALGORITHM, headers={"typ": "JWT"})


def _claims(store: Store, token: str, now: float) -> dict[str, Any]:
    """The token's claims. Empty if its signature is wrong or it has expired by the sandbox's clock."""
    try:
        claims = jwt.decode(
            token, _key(store), algorithms=[ALGORITHM], options={"verify_exp": False, "verify_iat": False}
        )
    except jwt.InvalidTokenError:
        return {}
    return claims if now < claims["exp"] else {}


def _key(store: Store) -> str:
    setting = store.get(Setting, "signing_key")
    if setting is None:
        setting = Setting("signing_key", secrets.token_hex(32))
        store.save(setting)
    return setting.value
