"""What a scenario works with: a visitor, the sandbox, the clock and the settings, and their common steps."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from onboarding.models import OnboardingSession
from tests.deep.any_order import desk
from tests.device import through
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, OTHER_NUMBER = "+12015550123", "+12015550199"
LONGEST_RESEND_WAIT_S = 300


@dataclass
class Actors:
    """`later` lets seconds pass for the product, not for the sandbox."""

    visitor: Visitor
    sandbox: Sandbox
    later: Later
    settings: Any

    def starts_and_is_limited(self, number: str) -> None:
        """Start, where a limit refuses the text message; then load the page again."""
        self.visitor.opens()
        answer = self.visitor.fetches("/start/", phone=number).json()
        if "auth_token" in answer:
            self.visitor.device.authenticate(answer["auth_token"], through(self.visitor.client))
            self.visitor.fetches("/device/")
        self.visitor.opens()

    def types_the_code(self, number: str = NUMBER) -> None:
        self.visitor.types_code(self.visitor.code(number))

    def types_a_wrong_code(self) -> None:
        self.visitor.types_code(wrong(self.visitor.code(NUMBER)))

    def links(self, number: str = NUMBER) -> None:
        self.visitor.links(number, number)

    def rebinds_to(self, number: str) -> None:
        self.visitor.starts(number)
        self.visitor.rebinds()
        self.types_the_code(number)

    def asks_again(self, channel: str = "sms") -> None:
        self.later(LONGEST_RESEND_WAIT_S + 1)
        self.visitor.submits("/code/send/", channel=channel)

    def twilio_refuses(self, route: str, code: int, status: int = 400) -> None:
        self.sandbox.inject_fault(
            route, "answer", status=status, body={"code": code, "message": "no", "status": status}
        )

    def reviewer_does(self, act: str, *, wrong_passwords: int = 0) -> None:
        """Let a reviewer do the act on the latest session; then the visitor opens its page again."""
        known = User.objects.filter(username="ada").exists()
        reviewer = desk.at_the_desk("ada") if known else desk.reviewer()
        for password in ["wrong"] * wrong_passwords + [desk.PASSWORD] * bool(wrong_passwords):
            desk.log_in(reviewer, "ada", password)
        desk.act(reviewer, act, OnboardingSession.objects.latest("created_at"))
        self.visitor.opens("/unverified/")
