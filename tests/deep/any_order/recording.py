"""Journeys with a record of everything that the browsers received, and of every secret."""

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
from tests.deep.any_order.browser import Browser, Response
from tests.deep.any_order.canaries import Canaries, spellings
from tests.deep.any_order.harness import NUMBERS
from tests.deep.test_faults import SteeredMachine

SHORT = 8  # length of a cookie's value that is no secret, such as a language
WITH_AUTH_TOKEN = ("/start/", "/moved/", "/recall/")  # paths whose response holds the authToken
LINK = "/h/"


class RecordingMachine(SteeredMachine):
    """Records what the browsers and the reviewer received; has journeys through handoff, limits and desk."""

    def __init__(self) -> None:
        super().__init__()
        self.reviewer = Browser("a reviewer")
        self.seen: list[tuple[Browser, Response]] = []
        self.cookies: set[str] = set()
        self.other_secrets: dict[str, set[str]] = {"handoff token": set(), "password": set(), "authenticator": set()}

    def _act_as(self, who: str, act: Callable[[], object]) -> None:
        super()._act_as(who, act)
        for browser in (*self.browsers, self.reviewer):
            self.seen += [(browser, response) for response in browser.seen]
            browser.seen.clear()
            kept = {str(morsel.value) for morsel in browser.client.cookies.values()}
            self.cookies |= {value for value in kept if len(value) > SHORT}

    # --- More journeys --------------------------------------------------------------------------------------

    def handoff(self) -> None:
        """The first browser is the computer with the QR code, the second the phone."""
        computer = self.browsers[0]
        self.acts(0, lambda browser: browser.posts("/handoff/offer/"))
        link = urlsplit(qr.read(computer.gets("/handoff/").content.decode())).path
        self.other_secrets["handoff token"].add(link.removeprefix(LINK).rstrip("/"))
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

    def beyond_the_limits(self) -> None:
        """Exceed the limits of texts, then those of codes."""
        self.visit(0, NUMBERS[0])
        for _ in range(4):
            self.wait(301)
            self.asks_for_a_text(0, {})
            for code in ("000000", "111111", "222222"):
                self.types_another_code(0, code)
        self.visit(1, NUMBERS[0])

    def at_the_desk(self) -> None:
        """A reviewer logs in, finds a held number, views it, decides, and later revokes a binding."""
        self.be_held_for_review(0, NUMBERS[0])
        self._logs_in()
        lists = "/admin/proveflow/onboardingsession/"
        self._post_at_the_desk(f"{lists}find/", number=NUMBERS[0])
        for session in OnboardingSession.objects.all():
            self.act_as("a reviewer", partial(self.reviewer.gets, f"{lists}{session.pk}/change/"))
            self._post_at_the_desk(f"{lists}{session.pk}/reveal/", reason=desk.REASON)
            self._post_at_the_desk(f"{lists}{session.pk}/approve/", reason=f"call {NUMBERS[0]} back")
            self._post_at_the_desk(f"{lists}{session.pk}/approve/", reason=desk.REASON)
        self.complete(0, NUMBERS[1])
        for binding in Binding.objects.all():
            self._post_at_the_desk(f"/admin/proveflow/binding/{binding.pk}/revoke/", reason=desk.REASON)

    def _logs_in(self) -> None:
        printed = StringIO()
        call_command("createreviewer", "ada", no_input=True, stdout=printed)
        password = re.findall(r"only now: (\S+)", printed.getvalue())[0]
        key = TOTPDevice.objects.get(user=User.objects.get(username="ada")).bin_key
        self.other_secrets["password"].add(password)
        self.other_secrets["authenticator"] |= {key.hex(), *re.findall(r"there: (\S+)", printed.getvalue())}
        form = {"username": "ada", "password": password, "otp_token": code_of(key), "next": "/admin/"}
        self._post_at_the_desk("/admin/login/", **form)

    def _post_at_the_desk(self, path: str, **form: str) -> None:
        self.act_as("a reviewer", lambda: self.reviewer.posts(path, form))

    # --- The canaries ---------------------------------------------------------------------------------------

    def secrets(self) -> Canaries:
        """Return the values that may appear nowhere, by kind."""
        with transaction(settings.SANDBOX_STORE, TABLES) as store:
            flows = store.find(Flow)
            codes = {message.code for message in store.find(Message) if message.code}  # security texts have none
            people = {identity.prove_id for identity in store.find(Identity)}
            sids = {verification.sid for verification in store.find(Verification)}
        return {
            **self.other_secrets,
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
        """Return all spellings of the numbers that were typed."""
        return {spelling for number in NUMBERS for spelling in spellings(number)}

    def unknown_to(self, browser: Browser, path: str) -> set[str]:
        """Return spellings of the numbers that the page at this path may not show to this browser."""
        if browser is self.reviewer and path.endswith(("/reveal/", "/approve/")):  # the form shows what was typed
            return set()
        return {spelling for number in set(NUMBERS) - browser.typed for spelling in spellings(number)}
