"""Prove's documented responses: the fields and values of its reference pages and of its public SDKs' examples."""

from typing import Any

from tests.upstream.documented.response import DocumentedResponse

SITE = "https://developer.prove.com"
TOKEN_PAGE = f"{SITE}/reference/token-request"
UNIFY_PAGE = f"{SITE}/reference/unify-request"
STATUS_PAGE = f"{SITE}/reference/unify-status-request"
BIND_PAGE = f"{SITE}/reference/unify-bind-request"
REVOKE_PAGE = f"{SITE}/reference/revoke-request"
ERRORS_PAGE = f"{SITE}/reference/status-and-error-codes"
POLICY_PAGE = f"{SITE}/docs/global-fraud-policy"
UNIFY_SANDBOX_PAGE = f"{SITE}/docs/unify-sandbox-testing"

CORRELATION_ID = "713189b8-5555-4b08-83ba-75d08780aebd"
AUTH_TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJhdXRoIjp7fX0.c2lnbmF0dXJl"
NUMBER = "+12001004014"
PROVE_ID = "b2c5a1a0-6c1f-4f6e-9a1b-0e7f6f1d2c3b"
DEVICE_ID = "5c3d1c1a-1111-4d0b-8c1f-7f3a2b1c0d9e"
REQUEST_ID = "e0f78bc2-f748-4eda-9d29-d756844507fc"

TOKEN = DocumentedResponse(
    TOKEN_PAGE,
    {
        "access_token": "eyJhbGciOiJSUzI1NiJ9.first",
        "expires_in": 3600,
        "refresh_expires_in": 3600,
        "refresh_token": "eyJhbGciOiJSUzI1NiJ9.refresh",
        "token_type": "Bearer",
    },
)
UNIFIED = DocumentedResponse(
    UNIFY_PAGE, {"correlationId": CORRELATION_ID, "authToken": AUTH_TOKEN, "success": "pending"}
)
UNIFIED_APRIL_2025 = DocumentedResponse(
    UNIFY_PAGE, {"correlationId": CORRELATION_ID, "authToken": AUTH_TOKEN, "success": "success"}
)

KNOWN = {"phoneNumber": NUMBER, "proveId": PROVE_ID, "deviceId": DEVICE_ID, "clientRequestId": REQUEST_ID}
PASSED: dict[str, Any] = {"authentication": {"result": "pass"}, "identification": {"result": "pass"}}
OTHER_NUMBER: dict[str, Any] = {
    "authentication": {"result": "fail", "failureReasons": {"9101": "Phone number does not match the Prove Key."}},
    "risk": {"result": "pass"},
}
MANY_REASONS: dict[str, Any] = {
    "authentication": {"result": "fail", "failureReasons": {"9135": "SIM swap in the last day", "9136": "port"}},
    "risk": {"result": "fail", "failureReasons": {"9999": "not in any list"}},
}
AUTHENTICATED = DocumentedResponse(STATUS_PAGE, {"success": "true", **KNOWN, "evaluation": PASSED})
ON_A_DESKTOP = DocumentedResponse(UNIFY_SANDBOX_PAGE, {"success": "true", "phoneNumber": NUMBER, "proveId": PROVE_ID})
PENDING = DocumentedResponse(STATUS_PAGE, {"success": "pending"})
POSSESSION_REQUIRED = DocumentedResponse(STATUS_PAGE, {"success": "possession_required", "phoneNumber": NUMBER})
KEY_OF_ANOTHER_NUMBER = DocumentedResponse(
    STATUS_PAGE, {"success": "false", "phoneNumber": NUMBER, "evaluation": OTHER_NUMBER}
)
SUSPECT = DocumentedResponse(POLICY_PAGE, {"success": "false", "evaluation": MANY_REASONS})
PLACEHOLDER_TEXT = DocumentedResponse(STATUS_PAGE, {"success": "false", "evaluation": {"key": "{}"}})
PLACEHOLDER_OBJECT = DocumentedResponse(STATUS_PAGE, {"success": "false", "evaluation": {"key": {}}})
STRAY_BOOLEAN = DocumentedResponse(STATUS_PAGE, {"success": "false", "evaluation": {**OTHER_NUMBER, "success": False}})
BOUND = DocumentedResponse(BIND_PAGE, {"success": "true", **KNOWN})
BOUND_EVALUATED = DocumentedResponse(BIND_PAGE, {"success": "true", **KNOWN, "evaluation": PASSED})
NOT_BOUND = DocumentedResponse(UNIFY_SANDBOX_PAGE, {"success": "false"})
REVOKED = DocumentedResponse(REVOKE_PAGE, {"success": True})

INVALID = DocumentedResponse(UNIFY_SANDBOX_PAGE, {"code": 1001, "message": "field 'possessionType' is missing"}, 400)
MALFORMED = DocumentedResponse(ERRORS_PAGE, {"code": 8001, "message": "malformed request"}, 400)
UNAUTHORIZED = DocumentedResponse(ERRORS_PAGE, {"code": 8002, "message": "not authorized"}, 401)
OUT_OF_ORDER = DocumentedResponse(UNIFY_SANDBOX_PAGE, {"code": 1003, "message": "step not allowed"}, 403)
FORBIDDEN = DocumentedResponse(
    ERRORS_PAGE, {"code": 8003, "message": "Access forbidden: insufficient permissions"}, 403
)
WRONG_PATH = DocumentedResponse(ERRORS_PAGE, "", 403)
NO_SUCH_DEVICE = DocumentedResponse(REVOKE_PAGE, {"code": 8011, "message": "Identity Not Found"}, 404)
TOO_FAST = DocumentedResponse(ERRORS_PAGE, {"message": "too many requests"}, 429, {"Retry-After": "7"})
BROKEN = DocumentedResponse(ERRORS_PAGE, {"code": 1000, "message": "error occurred"}, 500)
