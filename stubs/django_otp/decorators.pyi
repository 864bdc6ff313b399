from collections.abc import Callable
from typing import TypeVar

_View = TypeVar("_View", bound=Callable[..., object])

def otp_required(*, redirect_field_name: str | None = ..., login_url: str | None = ...) -> Callable[[_View], _View]: ...
