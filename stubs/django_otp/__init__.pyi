"""Types for the parts of django-otp that the product uses. The package has none."""

from typing import Any

from django.http import HttpRequest
from django_otp.models import Device

DEVICE_ID_SESSION_KEY: str

def login(request: HttpRequest, device: Device) -> None: ...
def verify_token(user: Any, device_id: str, token: str) -> Device | None: ...
