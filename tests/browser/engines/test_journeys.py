"""The journeys that most people take, in Firefox and in WebKit. tests/browser/ has all of them, in Chromium."""

from tests import qr
from tests.browser.driver.verbs import Verbs
from tests.journey.visitor import wrong

NUMBER, E164 = "(201) 555-0123", "+12015550123"
OTHER_NUMBER, OTHER_E164 = "201 555 0199", "+12015550199"


def test_a_new_person_links_their_number_and_is_recognised_without_a_code_on_return(anybody: Verbs) -> None:
    anybody.links(NUMBER, E164)
    anybody.starts(NUMBER)
    anybody.sees("Your number is linked")
    assert (len(anybody.messages(E164)), len(anybody.calls("prove.unify_bind"))) == (1, 1)


def test_a_linked_device_is_moved_to_another_number(anybody: Verbs) -> None:
    anybody.links(NUMBER, E164)
    anybody.starts(OTHER_NUMBER)
    anybody.sees("This device is linked to another number")
    anybody.presses("Move this device to my number")
    anybody.sees("Enter the code")
    anybody.types_code(anybody.code(OTHER_E164))
    anybody.reads("+1 201-555-0199")
    anybody.sees("Your number is linked")


def test_after_a_wrong_code_and_a_second_text_the_right_code_links_the_number(anybody: Verbs) -> None:
    anybody.starts(NUMBER)
    anybody.sees("Enter the code")
    anybody.types_code(wrong(anybody.code(E164)))
    anybody.reads("There is a problem")
    anybody.site.make_older(minutes=1)
    anybody.opens("/code/")
    anybody.presses("Send a code again")
    anybody.reads("It is the same code.")
    anybody.types_code(anybody.code(E164))
    anybody.sees("Your number is linked")
    assert len(anybody.messages(E164)) == 2


def test_a_journey_goes_on_from_a_computer_to_a_phone(anybody: Verbs) -> None:
    anybody.opens("/handoff/")
    anybody.presses("Show the QR code")
    anybody.sees("Scan this QR code with your phone")
    with anybody.another_person() as phone:
        phone.goes_to(qr.read(str(anybody.runs("document.querySelector('.qr').innerHTML"))))
        phone.presses("Yes, I started this")
        anybody.sees("Which 2‑digit number does your phone show?")
        anybody.fills("2-digit number on your phone", phone.text_of(".match"))
        anybody.presses("Continue")
        anybody.sees("Your phone is ready")
        phone.sees("What's your phone number?")
        phone.types_number(NUMBER)
        phone.sees("Enter the code")
        phone.types_code(phone.code(E164))
        phone.sees("Your number is linked")
    anybody.sees("Done on your phone")
