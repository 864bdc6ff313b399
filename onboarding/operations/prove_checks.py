"""System checks of the accounts at Prove: which host serves whom, and what the Web SDK may call."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from onboarding.conf import ProveAccount, conf
from onboarding.domain.regions import ProveRegion, region_of_host
from onboarding.operations.settings_check import of_settings

UAT = ".uat."  # in the name of a host of Prove's test environment


def _accounts() -> Iterator[tuple[str, ProveAccount]]:
    """Yield how the names of an account's settings begin, and the account."""
    for account in conf.prove_accounts.values():
        yield "PROVE" if account.service == "prove" else "PROVE_EU", account


@of_settings()
def device_origins(**_kwargs: object) -> Iterator[CheckMessage]:
    """E018: the Content-Security-Policy does not let the Web SDK reach Prove."""
    for prefix, account in _accounts():
        is_emulated = account.base_url.startswith(tuple(conf.UPSTREAM_ADAPTERS))
        if not is_emulated and not account.device_origins:
            hint = f"Ask Prove which origin the Web SDK talks to with your {prefix}_BASE_URL."
            yield Error(f"{prefix}_DEVICE_ORIGINS is not set.", hint=hint, id="proveflow.E018")


@of_settings()
def environment(**_kwargs: object) -> Iterator[CheckMessage]:
    """W041: production asks Prove's test environment."""
    for prefix, account in _accounts():
        host = urlsplit(account.base_url).hostname or ""
        if not settings.DEBUG and UAT in host and host.endswith(".proveapis.com"):
            hint = f"In production: https://{host.replace(UAT, '.')}"
            yield Warning(f"{prefix}_BASE_URL is Prove's test environment (UAT).", hint=hint, id="proveflow.W041")


@of_settings()
def regions(**_kwargs: object) -> Iterator[CheckMessage]:
    """E060: the regions contradict each other, or Europe is half set. W061: allowed countries are not served."""
    own = region_of_host(conf.PROVE_BASE_URL)
    if conf.PROVE_REGION not in list(ProveRegion):
        yield Error("PROVE_REGION is no region.", hint="na, eu or all.", id="proveflow.E060")
    elif conf.PROVE_EU_CLIENT_ID and (conf.PROVE_REGION != ProveRegion.NORTH_AMERICA or own is ProveRegion.EUROPE):
        hint = "PROVE_BASE_URL is North America then, and PROVE_REGION is na or left out."
        message = "PROVE_EU_CLIENT_ID is set, and PROVE_REGION or PROVE_BASE_URL is not North America's."
        yield Error(message, hint=hint, id="proveflow.E060")
    elif own not in (ProveRegion.ALL, conf.PROVE_REGION) and conf.PROVE_REGION != ProveRegion.ALL:
        yield Error("PROVE_REGION is not that of PROVE_BASE_URL.", hint="Leave it out.", id="proveflow.E060")
    if not conf.PROVE_EU_CLIENT_ID and conf.PROVE_EU_CLIENT_SECRET:
        hint = "Set both, or neither if no numbers outside of North America are served."
        yield Error("PROVE_EU_CLIENT_SECRET is set, and PROVE_EU_CLIENT_ID is not.", hint=hint, id="proveflow.E060")
    unserved = [country for country in conf.ALLOWED_COUNTRIES if not conf.prove_region(country)]
    if unserved:
        some = ", ".join(unserved[:3]) + (" and others" if len(unserved) > 3 else "")
        hint = "Set PROVE_EU_CLIENT_ID and what belongs to it, or take the countries out of ALLOWED_COUNTRIES."
        message = f"ALLOWED_COUNTRIES has countries that no account at Prove serves: {some}."
        yield Warning(message, hint=hint, id="proveflow.W061")
