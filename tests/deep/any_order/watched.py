"""The journeys, watched: all that browsers and the desk got, and all that may be nowhere else."""

import re
import uuid
from collections.abc import Callable
from functools import partial
from io import StringIO
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.models import Binding, OnboardingSession
from sandbox.state.records import TABLES, Flow, Identity, Message, Verification
from sandbox.state.store import transaction
from tests import qr
from tests.authenticator import code_of
from tests.deep.any_order import desk
from tests.deep.any_order.browser import Answer, Browser
from tests.deep.any_order.stage import NUMBERS
from tests.deep.fleet.canaries import Canaries, spelled
from tests.deep.test_faults import Journeys

SHORT = 8  # a cookie's value that is no secret: a language
HANDS_OVER = ("/start/", "/moved/", "/recall/")  # the authToken
LINK = "/h/"


class Watched(Journeys):
    """Steered as those are, and further."""

    def __init__(self) -> None:
        super().__init__()
        self.reviewer = Browser("a reviewer")
        self.seen: list[tuple[Browser, Answer]] = []
        self.cookies: set[str] = set()
        self.also: dict[str, set[str]] = {"handoff token": set(), "password": set(), "authenticator": set()}

    def _happens(self, who: str, act: Callable[[], object]) -> None:
        super()._happens(who, act)
        for browser in (*self.browsers, self.reviewer):
            self.seen += [(browser, answer) for answer in browser.seen]
            browser.seen.clear()
            kept = {str(morsel.value) for morsel in browser.client.cookies.values()}
            self.cookies |= {value for value in kept if len(value) > SHORT}

    # --- More ways ------------------------------------------------------------------------------------------

    def from_a_computer(self) -> None:
        """The first browser's screen shows a code, the second is the phone."""
        computer = self.browsers[0]
        self.acts(0, lambda browser: browser.posts("/handoff/offer/"))
        link = urlsplit(qr.read(computer.gets("/handoff/").content.decode())).path
        self.also["handoff token"].add(link.removeprefix(LINK).rstrip("/"))
        self.acts(1, lambda phone: phone.gets(link))
        self.acts(1, lambda phone: phone.posts("/handoff/answer/", {"answer": "yes"}))
        shown = re.search(r'class="match"><bdi>(\d+)', self.seen[-1][1].body)
        self.acts(0, lambda browser: browser.posts("/handoff/", {"number": shown[1] if shown else "0"}))
        self.complete(1, NUMBERS[0])
        self.acts(0, lambda browser: browser.gets("/handoff/"))

    def remembered(self) -> None:
        self.first_time()
        self.acts(0, lambda browser: browser.posts("/remember/"))
        self.browsers[0].client.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        self.acts(0, lambda browser: browser.gets("/"))
        self.acts(0, lambda browser: browser.posts("/recall/", {"start_key": str(uuid.uuid4())}, script=True))
        self.runs_the_sdk(0)
        self.says_that_it_finished(0, {})
        self.acts(0, lambda browser: browser.posts("/forget/"))

    def into_the_limits(self) -> None:
        """Texts, then codes."""
        self.visit(0, NUMBERS[0])
        for _ in range(4):
            self.wait(301)
            self.asks_for_a_text(0, {})
            for code in ("000000", "111111", "222222"):
                self.types_another_code(0, code)
        self.visit(1, NUMBERS[0])

    def to_the_desk(self) -> None:
        """Held; a reviewer logs in, finds the number, reads, looks and decides; later they revoke."""
        self.be_held(0, NUMBERS[0])
        self._logs_in()
        lists = "/admin/onboarding/onboardingsession/"
        self._at_the_desk(f"{lists}find/", number=NUMBERS[0])
        for session in OnboardingSession.objects.all():
            self.happens("a reviewer", partial(self.reviewer.gets, f"{lists}{session.pk}/change/"))
            self._at_the_desk(f"{lists}{session.pk}/reveal/", reason=desk.REASON)
            self._at_the_desk(f"{lists}{session.pk}/approve/", reason=f"call {NUMBERS[0]} back")
            self._at_the_desk(f"{lists}{session.pk}/approve/", reason=desk.REASON)
        self.complete(0, NUMBERS[1])
        for binding in Binding.objects.all():
            self._at_the_desk(f"/admin/onboarding/binding/{binding.pk}/revoke/", reason=desk.REASON)

    def _logs_in(self) -> None:
        printed = StringIO()
        call_command("createreviewer", "ada", no_input=True, stdout=printed)
        password = re.findall(r"only now: (\S+)", printed.getvalue())[0]
        key = TOTPDevice.objects.get(user=User.objects.get(username="ada")).bin_key
        self.also["password"].add(password)
        self.also["authenticator"] |= {key.hex(), *re.findall(r"there: (\S+)", printed.getvalue())}
        form = {"username": "ada", "password": password, "otp_token": code_of(key), "next": "/admin/"}
        self._at_the_desk("/admin/login/", **form)

    def _at_the_desk(self, path: str, **form: str) -> None:
        self.happens("a reviewer", lambda: self.reviewer.posts(path, form))

    # --- What is hunted -------------------------------------------------------------------------------------

    def secrets(self) -> Canaries:
        """What may be nowhere, by kind."""
        with transaction(settings.SANDBOX_STORE, TABLES) as store:
            flows = store.find(Flow)
            codes = {message.code for message in store.find(Message) if message.code}  # notices have none
            people = {identity.prove_id for identity in store.find(Identity)}
            sids = {verification.sid for verification in store.find(Verification)}
        return {
            **self.also,
            "code": codes,
            "correlationId": {flow.correlation_id for flow in flows},
            "authId": {flow.auth_id for flow in flows},
            "proveId": people,
            "deviceId": {flow.device_id for flow in flows if flow.device_id},
            "verification": sids,
            "cookie": self.cookies,
        }

    def tokens(self) -> set[str]:
        return {token for browser in self.browsers for token in browser.tokens}

    def typed(self) -> set[str]:
        """By anybody, anywhere."""
        return {spelling for number in NUMBERS for spelling in spelled(number)}

    def unknown_to(self, browser: Browser, path: str) -> set[str]:
        """Numbers that the page at this path may not show."""
        if browser is self.reviewer and path.endswith(("/reveal/", "/approve/")):  # what they type is shown again
            return set()
        return {spelling for number in set(NUMBERS) - browser.typed for spelling in spelled(number)}
