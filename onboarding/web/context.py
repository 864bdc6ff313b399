"""The context processor of all pages."""

from django.http import HttpRequest

from onboarding.conf import conf


def environment(_request: HttpRequest | None) -> dict[str, object]:
    """Return the brand, the links of the pages, and the sandbox's URL, which is empty when no vendor is simulated."""
    return {
        "sandbox_url": conf.SANDBOX_URL,
        "brand_name": conf.BRAND_NAME,
        "brand_logo": conf.BRAND_LOGO,
        "brand_css": conf.BRAND_CSS,
        "channels": conf.CODE_CHANNELS,
        "support_url": conf.SUPPORT_URL,
        "privacy_url": conf.PRIVACY_URL,
        "terms_url": conf.TERMS_URL,
        "carrier_consent": conf.CARRIER_CONSENT,
    }
