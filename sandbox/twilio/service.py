"""Verify's service, which can be read and not changed. https://www.twilio.com/docs/verify/api/service"""

from sandbox.state.clock import iso
from sandbox.twilio import messages, wire
from sandbox.twilio.verify import CODE_DIGITS
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply

CREATED_AT = 0.0  # the service has always been there
URL = f"https://verify.twilio.com/v2/Services/{wire.SERVICE_SID}"
LINKS = {
    "verification_checks": "VerificationCheck",
    "verifications": "Verifications",
    "rate_limits": "RateLimits",
    "messaging_configurations": "MessagingConfigurations",
    "entities": "Entities",
    "webhooks": "Webhooks",
    "access_tokens": "AccessTokens",
}
RESOURCE = {
    "sid": wire.SERVICE_SID,
    "account_sid": wire.ACCOUNT_SID,
    "friendly_name": messages.SENDER,
    "code_length": CODE_DIGITS,
    "lookup_enabled": True,
    "psd2_enabled": False,
    "skip_sms_to_landlines": True,
    "dtmf_input_required": False,
    "tts_name": None,
    "do_not_share_warning_enabled": True,
    "custom_code_enabled": False,
    "push": {"include_date": False, "apn_credential_sid": None, "fcm_credential_sid": None},
    "totp": {"issuer": None, "time_step": None, "code_length": None, "skew": None},
    "whatsapp": {"msg_service_sid": None, "from": None},
    "passkeys": {
        "relying_party": {"id": None, "name": None, "origins": None},
        "authenticator_attachment": None,
        "discoverable_credentials": None,
        "user_verification": None,
    },
    "default_template_sid": None,
    "verify_event_subscription_enabled": False,
    "date_created": iso(CREATED_AT),
    "date_updated": iso(CREATED_AT),
    "url": URL,
    "links": {name: f"{URL}/{path}" for name, path in LINKS.items()},
}


@route("twilio.service", wire.service)
def fetch(_: Call) -> Reply:
    """GET /v2/Services/{VA...}"""
    return Reply(RESOURCE)
