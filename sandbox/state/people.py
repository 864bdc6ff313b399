"""The table of test users: what happens with each phone number. The sandbox's page and docs/sandbox.md show it.

Prove publishes some of these numbers: https://developer.prove.com/docs/unify-sandbox-testing. The others are in the
range 555-0100 to 555-0199, which the North American Numbering Plan reserves for fiction. Any other valid number behaves
like an ordinary mobile phone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LISTED_BY_PROVE, LISTED_BY_SANDBOX = "Prove", "sandbox"
FICTION = "+1202555"
BUSY_WITH_NUMBER = 60212  # https://www.twilio.com/docs/api/errors/60212


@dataclass(frozen=True)
class NumberFault:
    """A fault built into a number. It affects the first `times` calls of the route, or all if `times` is None."""

    route: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    times: int | None = None


@dataclass(frozen=True)
class Person:
    """A test user, found by phone number."""

    number: str  # E.164
    name: str
    scenario: str  # for people to read: what happens with this number
    source: str = LISTED_BY_SANDBOX
    line_type: str = "mobile"
    short_term: bool = False  # unify-status is true without the Web SDK and without a Prove Key
    api_code: int | None = None  # Prove error code with which unify refuses the number
    status_reasons: Mapping[str, str] = field(default_factory=dict)  # Global Fraud Policy reasons in unify-status
    reputation: Mapping[str, str] = field(default_factory=dict)  # reasons in unify-status, only with checkReputation
    bind_reasons: Mapping[str, str] = field(default_factory=dict)  # reasons in unify-bind
    pending_s: float = 0  # seconds after the Web SDK's call for which unify-status stays pending
    recycled: bool = False  # each bind creates a new proveId
    twilio_code: int | None = None  # Twilio error code with which Verify refuses to send (some codes: texts only)
    arrives_after_s: float | None = 0  # seconds until a message is delivered; None: never
    faults: tuple[NumberFault, ...] = ()


# Failure reasons by code. https://developer.prove.com/docs/global-fraud-policy
REASONS = {
    "9001": "the identity was not confirmed on four elements",
    "9003": "no such identity was found",
    "9004": "not confirmed on four elements, by a second source",
    "9005": "not confirmed on four elements, by more than one source",
    "9011": "not confirmed on fewer than four elements either",
    "9012": "the SSN does not match",
    "9013": "the date of birth does not match",
    "9014": "the name does not match",
    "9015": "the address does not match",
    "9081": "the SSN was issued before the date of birth",
    "9082": "the address is a correctional facility's",
    "9083": "the person is said to be dead",
    "9100": "phone possession was not completed",
    "9101": "the number does not match the number registered to the Prove Key",
    "9131": "the number is listed as not a mobile",
    "9132": "a public number that shows its messages online",
    "9133": "low trust score of the SIM key",
    "9134": "non-fixed VoIP",
    "9135": "SIM swap within 24 hours",
    "9136": "ported within 24 hours",
    "9137": "call forwarding is on",
    "9161": "very short tenure of this person on the number",
    "9162": "short tenure of this person on the number",
    "9163": "recycled number: many identities and a newer owner",
    "9164": "recycled number: disconnected since the last association",
    "9165": "recycled number, for a reason that this sandbox does not know",
    "9171": "two identities of short tenure on the number",
    "9180": "ownership of the number is not confirmed",
}


IDENTITY_REASONS = [code for code in REASONS if code.startswith("90")]  # about the person; the others: the phone


def _prove(number: str, name: str, scenario: str, **traits: Any) -> Person:
    return Person(number, name, scenario, LISTED_BY_PROVE, **traits)


def _ours(last: int, name: str, scenario: str, **traits: Any) -> Person:
    return Person(f"{FICTION}{last:04}", name, scenario, **traits)


def _failing(*codes: str, last: int) -> Person:
    reasons = {code: REASONS[code] for code in codes}
    line_type = "nonFixedVoip" if "9134" in codes else "mobile"
    name, scenario = f"Reason {' and '.join(codes)}", f"fails: {', and '.join(reasons.values())}"
    return _ours(last, name, scenario, status_reasons=reasons, line_type=line_type)


def _line(last: int, name: str, line_type: str) -> Person:
    return _ours(last, name, f"Lookup says {line_type}, Prove says nothing", line_type=line_type)


def _faulty(last: int, name: str, scenario: str, *faults: NumberFault) -> Person:
    return _ours(last, name, scenario, faults=faults)


UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
TRUE_FOR_ANOTHER_NUMBER = {
    "success": "true",
    "phoneNumber": f"{FICTION}0101",
    "proveId": UNKNOWN_ID,
    "deviceId": UNKNOWN_ID,
}
ORDINARY = "first visit: a code, then linked; same browser again: recognised"

_TABLE = (
    _ours(101, "Ada Plain", ORDINARY),
    _ours(102, "Ben Plain", f"a second plain number, to move a key to; {ORDINARY}"),
    _ours(103, "Rhea Cycled", "a recycled number: another person (proveId) at every bind", recycled=True),
    _prove("+12001004014", "Lorant Nerger", ORDINARY),
    _prove("+12001004015", "Laney Dyball", ORDINARY),
    _prove("+2001004025", "Bertie Fremont", f"outside North America; {ORDINARY}"),
    _prove("+2001004026", "Bonnie Sidon", f"outside North America; {ORDINARY}"),
    _prove("+12001004016", "Inge Galier", "Mobile Auth user; a browser has none, so a code"),
    _prove("+12001004017", "Jesse Mashro", "Mobile Auth user; a browser has none, so a code"),
    _prove("+12001004041", "Penny Jowers", "Mobile Auth user; a browser has none, so a code"),
    _prove("+2001004027", "Allissa Zoren", "Mobile Auth user outside North America; a code"),
    _prove("+2001004028", "Wendy Strover", "Mobile Auth user outside North America; a code"),
    _prove("+2001004043", "Amii Porritt", "Mobile Auth user outside North America; a code"),
    _prove("+12001004018", "Barbaraanne Canet", "short-term: passes without a key and without a code", short_term=True),
    _prove("+2001004029", "Janos Martina", "short-term, outside North America", short_term=True),
    _prove("+12001004011", "Sheilakathryn Butrimovich", "another product's test user: 8009 at unify", api_code=8009),
    _ours(107, "Nobody", "Prove does not know the number: 8007 at unify", api_code=8007),
    *(_failing(str(code), last=code - 9000) for code in range(9131, 9138)),
    _failing("9134", "9137", last=139),
    *(_failing(code, last=181 + place) for place, code in enumerate(IDENTITY_REASONS)),
    _failing("9165", last=193),
    _failing("9100", last=160),
    *(_failing(str(code), last=code - 9000) for code in (9161, 9162, 9163, 9164, 9171, 9180)),
    _ours(138, "Doubtful", "with `checkReputation`: a code, and a reason of risk: SIM swap within 24 hours",
          reputation={"9135": REASONS["9135"]}),
    _ours(199, "Reason 9999", "fails for a reason that nobody has heard of",
          status_reasons={"9999": "new in this policy"}),
    _ours(120, "Patience", "pending for 5 seconds, then a code", pending_s=5),
    _ours(121, "Godot", "pending for ever", pending_s=1e9),
    _ours(140, "Bind refused", "the right code, then Prove says no: 9100", bind_reasons={"9100": REASONS["9100"]}),
    _faulty(110, "Prove unreachable", "Prove cannot be reached at unify", NumberFault("prove.unify", "refuse")),
    _faulty(111, "Prove down", "Prove answers unify with 500", NumberFault("prove.unify", "status", {"status": 500})),
    _faulty(112, "Prove stumbles", "500 at unify, unify-status and unify-bind, once each",
             *(NumberFault(f"prove.{call}", "status", {"status": 500}, times=1)
               for call in ("unify", "unify_status", "unify_bind"))),
    _faulty(113, "Prove busy", "Prove answers unify once with 429",
             NumberFault("prove.unify", "status", {"status": 429, "retry_after": 1}, times=1)),
    _faulty(114, "Status garbled", "unify-status answers with a proxy's page",
            NumberFault("prove.unify_status", "html")),
    _faulty(115, "Status of wrong types", "unify-status answers with other JSON types",
             NumberFault("prove.unify_status", "types")),
    _faulty(116, "Status unheard of", "unify-status answers with a success that nobody knows",
             NumberFault("prove.unify_status", "unknown_value")),
    _faulty(122, "Somebody else", "unify-status says true, of another number",
             NumberFault("prove.unify_status", "answer", {"body": TRUE_FOR_ANOTHER_NUMBER})),
    _faulty(117, "Device check fails", "the Web SDK's register and verify answer 500",
             NumberFault("prove.device_register", "status"), NumberFault("prove.device_verify", "status")),
    _faulty(118, "Device check hangs", "the Web SDK's register and verify never answer",
             NumberFault("prove.device_register", "hang"), NumberFault("prove.device_verify", "hang")),
    _faulty(119, "Device check half done", "register answers without a deviceId, once",
             NumberFault("prove.device_register", "answer", {"body": {"next": "done", "data": {}}}, times=1)),
    _faulty(141, "Bind lost", "the bind happens, its answer is lost, once",
             NumberFault("prove.unify_bind", "lost", times=1)),
    _faulty(142, "Bind unreachable", "Prove cannot be reached at unify-bind, once",
             NumberFault("prove.unify_bind", "refuse", times=1)),
    _faulty(143, "Bind hangs", "unify-bind is received and never answered, once",
             NumberFault("prove.unify_bind", "hang", times=1)),
    _faulty(148, "Bind garbled", "the bind happens, its answer is a proxy's page, once",
             NumberFault("prove.unify_bind", "html", {"status": 200, "effect": True}, times=1)),
    _faulty(149, "Bind pending", "unify-bind answers pending, and nothing happens",
             NumberFault("prove.unify_bind", "answer", {"body": {"success": "pending"}})),
    _faulty(144, "Twilio down", "Twilio answers 500 to every new verification",
             NumberFault("twilio.verification", "status")),
    _faulty(145, "Send lost", "the message is sent, Twilio's answer is lost, once",
             NumberFault("twilio.verification", "lost", times=1)),
    _faulty(146, "Check lost", "the code is checked, Twilio's answer is lost, once",
             NumberFault("twilio.verification_check", "lost", times=1)),
    _faulty(147, "Twilio busy", "Twilio is busy at a new verification, once: 20429",
             NumberFault("twilio.verification", "status", {"status": 429, "retry_after": 1}, times=1)),
    _ours(150, "Blocked prefix", "Twilio's Fraud Guard blocks texts: 60410; a call arrives", twilio_code=60410),
    _ours(151, "Blocked country", "Twilio's geo permissions: 60605", twilio_code=60605),
    _ours(152, "Landline", "no text can be sent: 60205; a call arrives", line_type="landline", twilio_code=60205),
    _line(158, "Internet number", "nonFixedVoip"),
    _line(159, "Premium", "premium"),
    _line(167, "Fixed internet number", "fixedVoip"),
    _line(168, "Pager", "pager"),
    _line(169, "Voicemail", "voicemail"),
    _line(170, "Universal access number", "uan"),
    _line(172, "Toll-free", "tollFree"),
    _line(173, "Shared cost", "sharedCost"),
    _line(174, "Personal number", "personal"),
    _line(175, "Unknown line", "unknown"),
    _faulty(165, "Lookup down", "Lookup answers 500", NumberFault("twilio.lookup", "status")),
    _ours(153, "Silence", "the message never arrives", arrives_after_s=None),
    _ours(154, "Slow carrier", "the message arrives after 30 seconds", arrives_after_s=30),
    _ours(155, "Too many starts", "Twilio is busy with this number: 60212", twilio_code=60212),
    _ours(156, "Out of plan", "Twilio does not take the number for one: 60200", twilio_code=60200),
    _ours(157, "STOP", "the owner has opted out of texts: 21610; a call arrives", twilio_code=21610),
    _ours(166, "Out of reach", "no text reaches the number: 21612; a call arrives", twilio_code=21612),
)  # fmt: skip

PEOPLE: Mapping[str, Person] = {person.number: person for person in _TABLE}
if len(PEOPLE) < len(_TABLE):
    twice = next(each for each in _TABLE if PEOPLE[each.number] is not each)
    raise ValueError(f"{twice.number} is in the table twice")


WORKS, HELD, DECLINED = "It works", "Needs a reviewer", "Declined"
NO_TEXTS, FAILS = "Gets no text, or late", "Prove or Twilio fails, or is slow"
# Of numbers that are not a person's own mobile. Any other reason may have a good explanation, which a reviewer can ask.
DECLINED_REASONS = frozenset({"9100", "9131", "9132", "9134"})
TEXTED_LINES = frozenset({"mobile", "fixedVoip", "unknown"})


def by_group() -> dict[str, list[Person]]:
    """The test users by what happens with them."""
    groups: dict[str, list[Person]] = {group: [] for group in (WORKS, HELD, DECLINED, NO_TEXTS, FAILS)}
    for each in PEOPLE.values():
        groups[_group(each)].append(each)
    return groups


def _group(person: Person) -> str:
    if person.faults or person.pending_s or person.twilio_code == BUSY_WITH_NUMBER:
        return FAILS
    if person.twilio_code or person.arrives_after_s != 0:
        return NO_TEXTS
    reasons = {**person.status_reasons, **person.reputation, **person.bind_reasons}.keys()
    if reasons - DECLINED_REASONS:
        return HELD
    return DECLINED if reasons or person.api_code or person.line_type not in TEXTED_LINES else WORKS


def person(number: str) -> Person:
    """The test user with this number, or an ordinary one if the number is not in the table."""
    return PEOPLE.get(number) or Person(number, "Anybody", ORDINARY)


def fault_of(number: str, route: str) -> NumberFault | None:
    """The fault that this number brings to this route, or None."""
    return next((fault for fault in person(number).faults if fault.route == route), None)


def e164(number: str) -> str:
    """The number in E.164. As for Prove, +1 may be missing from a North American number, and from no other.

    Raises ValueError for anything else. https://developer.prove.com/reference/unify-request
    """
    if re.fullmatch(r"1?[2-9][0-9]{9}", number):
        return "+1" + number[-10:]
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        return number
    raise ValueError(f"not a phone number: {number[:20]!r}")
