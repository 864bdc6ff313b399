"""The system check of the dict PROVEFLOW as a whole, on which the checks of single settings depend."""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from django.core.checks import CheckMessage, Error, register

from onboarding.conf import faults, given

Check = Callable[..., Iterable[CheckMessage]]


def of_settings(*tags: str, deploy: bool = False) -> Callable[[Check], Check]:
    """Register a check of values, which runs only if PROVEFLOW can be read: otherwise E043 says why it cannot."""

    def decorate(check: Check) -> Check:
        @wraps(check)
        def unless_faulty(**kwargs: Any) -> Iterable[CheckMessage]:
            return [] if any(faults(given())) else check(**kwargs)

        register(unless_faulty, *tags, deploy=deploy)
        return check

    return decorate


@register
def settings_dict(**_kwargs: object) -> Iterator[CheckMessage]:
    """E043: PROVEFLOW has an unknown key, or a value of a wrong type."""
    for what, hint in faults(given()):
        yield Error(what, hint=hint, id="proveflow.E043")
