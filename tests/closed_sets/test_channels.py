"""Each channel brings a code: its button, its words, its text or call in the sandbox, and what a refusal says."""

import pytest

from onboarding.domain.states import CANNOT_SEND, Channel
from onboarding.models import OnboardingSession
from onboarding.web.sentences import CHANNELS, Sentences
from tests.closed_sets.actors import NUMBER, Actors
from tests.closed_sets.scenarios import START

OFFERED = '<input type="hidden" name="channel" value="{}">'


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_code_comes_by_each_channel(channel: Channel, actors: Actors) -> None:
    page = actors.visitor.starts(NUMBER)
    assert OFFERED.format(channel) in page.text
    actors.asks_again(channel)
    assert Sentences(OnboardingSession(number=NUMBER, channel=channel)).sent in actors.visitor.page.text
    actors.types_the_code()
    assert actors.visitor.page.path == "/done/"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_that_twilio_refuses_has_words_of_its_own_and_another_one_is_offered_first(
    channel: Channel, actors: Actors
) -> None:
    actors.visitor.starts(NUMBER)
    actors.twilio_refuses(START, 60200)
    actors.asks_again(channel)
    session = OnboardingSession.objects.get()
    assert session.notice == CANNOT_SEND[channel][0]
    assert Sentences(session).notice in actors.visitor.page.text
    assert Sentences(session).send[-1][0] == channel


def test_no_two_channels_say_the_same() -> None:
    assert len({str(sentences.sent) for sentences in CHANNELS.values()}) == len(CHANNELS)
    assert len({str(sentences.send) for sentences in CHANNELS.values()}) == len(CHANNELS)
    notices = [notice for each in CANNOT_SEND.values() for notice in each]
    assert len(set(notices)) == len(notices)
