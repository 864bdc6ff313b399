"""A person sees the devices that their number is linked to, and unlinks one of them."""

from datetime import timedelta

import pytest

from onboarding.domain.browsers import device_name
from onboarding.models import Binding
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor
from tests.web.test_logins import make_older

NUMBER = "+12015550123"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/156.0.0.0 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (ANDROID, "Chrome, Android"),
        (IPHONE, "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("", ""),
        ("curl/8.0\0" * 40, ""),
    ],
)
def test_a_browser_is_named_by_what_it_says_of_itself(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name


def links_with(user_agent: str) -> Visitor:
    visitor = Visitor()
    visitor.client.defaults["HTTP_USER_AGENT"] = user_agent
    visitor.links(NUMBER, NUMBER)
    return visitor


def test_the_devices_are_listed_by_name_and_one_is_unlinked(db: None, sandbox: Sandbox) -> None:
    lost, mine = links_with(IPHONE), links_with(ANDROID)
    page = mine.opens("/devices/")
    assert "Safari, iPhone" in page.text and "Chrome, Android" in page.text and "555" not in page.text
    assert page.text.count("/devices/unlink/") == 1
    page = mine.submits("/devices/unlink/")
    assert "That device is unlinked" in page.text and "Safari, iPhone" not in page.text
    assert lost.opens("/done/").path == "/" and mine.opens("/done/").path == "/done/"
    assert len(sandbox.calls("prove.device_revoke")) == 1


def test_a_device_is_unlinked_shortly_after_a_proof_only(db: None, sandbox: Sandbox) -> None:
    links_with(IPHONE)
    mine = links_with(ANDROID)
    mine.opens("/devices/")
    make_older(mine, timedelta(minutes=16))
    assert mine.submits("/devices/unlink/").path == "/confirm/"
    assert Binding.objects.filter(confirmed=True).count() == 2


def test_nobody_unlinks_the_device_of_another_person(db: None, sandbox: Sandbox) -> None:
    links_with(IPHONE)
    victim = Binding.objects.get()
    stranger = Visitor()
    stranger.links("+12015550199", "+12015550199")
    stranger.opens("/devices/")
    for device in (str(victim.public_id), "", "x", str(Binding.objects.latest("pk").public_id)):
        stranger.submits("/devices/unlink/", device=device)
    assert Binding.objects.filter(confirmed=True).count() == 2
