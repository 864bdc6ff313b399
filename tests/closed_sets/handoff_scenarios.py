"""The scenarios of a handoff from a computer to a phone."""

from onboarding.domain.states import Stage
from tests.closed_sets.actors import NUMBER, Actors
from tests.closed_sets.scenario import scenario
from tests.journey.test_handoff import COMPUTER, PHONE, Screen


def offers(actors: Actors) -> Screen:
    """Return a phone that has followed the link of the visitor's QR code."""
    actors.visitor, phone = Screen(COMPUTER), Screen(PHONE)
    phone.opens(actors.visitor.offers())
    actors.visitor.opens("/handoff/")
    return phone


def accepts(actors: Actors) -> Screen:
    phone = offers(actors)
    phone.answers("yes")
    actors.visitor.opens("/handoff/")
    return phone


def confirms(actors: Actors) -> Screen:
    phone = accepts(actors)
    actors.visitor.submits("/handoff/", number=phone.shown())
    return phone


@scenario("Scan this QR code with your phone", Stage.OFFERED)
def a_computer_shows_the_qr_code(actors: Actors) -> None:
    offers(actors)


@scenario("Which 2‑digit number does your phone show?", Stage.SCANNED)
def a_phone_scans_the_code(actors: Actors) -> None:
    accepts(actors)


@scenario("Your phone is ready", Stage.CONFIRMED)
def the_number_of_the_phone_is_typed_on_the_computer(actors: Actors) -> None:
    confirms(actors)


@scenario("Done on your phone", Stage.DONE)
def the_journey_ends_on_the_phone(actors: Actors) -> None:
    confirms(actors).links(NUMBER, NUMBER)
    actors.visitor.opens("/handoff/")


@scenario("This QR code no longer works", Stage.OVER)
def a_person_at_the_phone_did_not_start_it(actors: Actors) -> None:
    offers(actors).answers("no")
    actors.visitor.opens("/handoff/")
