"""What the product uses of django-otp, which carries no types."""

from django.http import HttpRequest
from django_otp.models import Device

def login(request: HttpRequest, device: Device) -> None: ...
