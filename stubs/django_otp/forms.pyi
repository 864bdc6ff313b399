from typing import Any

class OTPAuthenticationFormMixin:
    def clean_otp(self, user: Any) -> None: ...
