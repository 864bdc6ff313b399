"""The context processor of all pages."""

from django.conf import settings
from django.http import HttpRequest


def environment(_request: HttpRequest | None) -> dict[str, object]:
    """Return the brand, the links of the pages, and the sandbox's URL, which is empty when no vendor is simulated."""
    return {
        "sandbox_url": "/sandbox/" if settings.SANDBOX else "",
        "brand_name": settings.BRAND_NAME,
        "brand_logo": settings.BRAND_LOGO,
        "brand_css": settings.BRAND_CSS,
        "channels": settings.CODE_CHANNELS,
        "support_url": settings.SUPPORT_URL,
        "privacy_url": settings.PRIVACY_URL,
        "terms_url": settings.TERMS_URL,
        "carrier_consent": settings.CARRIER_CONSENT,
    }
