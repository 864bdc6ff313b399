"""The drills. Each makes a bad day on its site and yields what has to hold, as a sentence and whether it does."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from statistics import median
from typing import NoReturn

from sandbox.app.app import Refused
from sandbox.drill.people import Crowd, OutOfTime, Person, measured, p95
from sandbox.drill.site import BIND, CHECK, FIND, PROVE, SEND, STATUS, UNIFY, Site, Traffic

Findings = Iterator[tuple[str, bool]]
Drill = Callable[[Crowd, Callable[[float], None]], Findings]

PEOPLE = 12
WORKERS = 4  # of a node, about: each opens its circuit after five numbers have failed
PATIENCE_S = 120
BACK_AGAIN_S = 20  # after its cause has ended, an outage may last so long for people
SENT_AGAIN_S = 40  # the same for who asked in vain for a code: 8 seconds, and 30 until it can be sent again
CLAIM_S = 60  # a step whose record was lost is given up after 40 seconds
LONGEST_S = 12.0  # for an answer, while a vendor gives none
PROMPT_S = 2.0  # in which a page has to come, whatever a vendor does
DRILLS: dict[str, Drill] = {}


def drill(made: Drill) -> Drill:
    DRILLS[made.__name__.replace("_", "-")] = made
    return made


@drill
def slow_prove(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """Prove takes 3 seconds for each answer, and 40 people onboard at once."""
    site, people = crowd.site, crowd.make(40)
    slow = site.fault(UNIFY, STATUS, BIND, kind="latency", seconds=3)
    with slow, measured(lambda: site.opens("/")) as pages, crowd.onboarding(people, within_s=PATIENCE_S):
        pass
    yield f"Other pages come within {PROMPT_S:.0f} seconds meanwhile (95 of 100)", p95(pages) < PROMPT_S
    yield "Nobody has to begin again", all(sum(person.told.values()) == 1 for person in people)


@drill
def prove_down(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """Prove does not answer for 25 seconds, while people arrive: enough of them for each process to notice."""
    site, people = crowd.site, crowd.make(6 * len(crowd.site.nodes) * WORKERS)
    with crowd.onboarding(people, within_s=PATIENCE_S, over_s=8):
        with site.fault(*PROVE, kind="hang"):
            time.sleep(25)
        ended = time.monotonic()
    late = [request.took_s for request in _late(site, ended)]
    yield f"After 15 seconds, most are told within {PROMPT_S:.0f} seconds", bool(late) and median(late) < PROMPT_S
    yield f"{BACK_AGAIN_S} seconds after its end, all are linked", _last(people) < ended + BACK_AGAIN_S


@drill
def twilio_down(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """Twilio does not answer for 25 seconds, while people arrive. Some have a key already, and need no code."""
    site, known = crowd.site, crowd.make(PEOPLE // 2)
    with crowd.onboarding(known, within_s=PATIENCE_S):
        pass
    with crowd.onboarding(crowd.make(18 * len(site.nodes) * WORKERS), within_s=PATIENCE_S, over_s=20):
        with site.fault(SEND, CHECK, FIND, kind="hang"):
            began = time.monotonic()
            with crowd.onboarding(known, within_s=20):
                pass
            time.sleep(max(0, began + 25 - time.monotonic()))
        ended = time.monotonic()
    recognized = sum(person.told["recognized"] for person in known)
    yield "Known devices are recognized meanwhile", recognized == len(known)
    slowest = max(request.took_s for request in site.traffic)
    yield f"Nobody waits longer than {LONGEST_S:.0f} seconds for an answer", slowest < LONGEST_S
    asked = [request for request in _late(site, ended) if request.path.endswith("/code") and request.status != 429]
    told = bool(asked) and median(request.took_s for request in asked) < PROMPT_S
    yield f"After 15 seconds, most who ask for a code are told within {PROMPT_S:.0f} seconds", told
    linked = f"{SENT_AGAIN_S} seconds after its end, all are linked"
    yield linked, _last(crowd.people) < ended + SENT_AGAIN_S


@drill
def lost_answers(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """Calls take effect, and the connection breaks before the answer: binds, codes sent and codes checked."""
    site, people = crowd.site, crowd.make(PEOPLE)
    losing = site.fault(BIND, SEND, CHECK, kind="lost", times=PEOPLE // 3)
    with losing, crowd.onboarding(people, within_s=PATIENCE_S):
        pass
    lost = [call for call in site.calls(BIND) if call["outcome"] == "lost"]
    yield "Answers to binds were lost", len(lost) > 0
    yield "Those people were told so", sum(person.told["bind_unknown"] for person in people) == len(lost)


@drill
def node_killed(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """A node is killed while it waits for Prove to bind. It is back after 3 seconds."""
    site, people = crowd.site, crowd.make(PEOPLE)
    with site.fault(BIND, kind="latency", seconds=2, times=PEOPLE), crowd.onboarding(people, within_s=PATIENCE_S):
        ends = time.monotonic() + PATIENCE_S
        while not site.calls(BIND) and time.monotonic() < ends:
            time.sleep(0.1)
        time.sleep(0.5)
        site.nodes[0].kill()
        time.sleep(3)
        site.nodes[0].start()
    yield "Binds were under way", any(request.status == 0 for request in site.traffic)


@drill
def database_restarted(crowd: Crowd, interrupt: Callable[[float], None]) -> Findings:
    """The database ends all connections, and accepts none for 3 seconds."""
    people = crowd.make(PEOPLE)
    with crowd.onboarding(people, within_s=PATIENCE_S, over_s=6):
        time.sleep(2)
        interrupt(3)
        ended = time.monotonic()
    yield f"{CLAIM_S} seconds after its end, all are linked", _last(people) < ended + CLAIM_S


@drill
def pumping(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """Somebody with 5 addresses has codes sent to 100 numbers of theirs, and types none. Others onboard meanwhile."""
    site, honest, thieves = crowd.site, crowd.make(PEOPLE), crowd.make(5)
    crowd.people = honest
    with crowd.onboarding(honest, within_s=PATIENCE_S, over_s=10):
        for n in range(100):
            _asks_for_a_code(thieves[n % len(thieves)], f"+1202999{n:04}")
    texts = [call for call in site.calls(SEND) if call["number"].startswith("+1202999") and call["effect"]]
    yield f"At most half of the codes are sent ({len(texts)})", len(texts) <= 50
    refused = [person for person in honest if set(person.told) != {"linked"}]
    yield f"Nobody else is refused ({len(refused)})", not refused


@drill
def guessing(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """Strangers with 20 addresses type wrong codes for one number. Others onboard meanwhile."""
    site, honest, thieves = crowd.site, crowd.make(PEOPLE), crowd.make(20)
    crowd.people, victim = honest, "+12029998888"
    with crowd.onboarding(honest, within_s=PATIENCE_S, over_s=10):
        for thief in thieves:
            _guesses(thief, victim)
    checks = [call for call in site.calls(CHECK) if call["number"] == victim]
    yield f"At most 15 guesses are compared ({len(checks)})", len(checks) <= 15
    yield "None is right", not any(call.get("approved") for call in checks)
    refused = [person for person in honest if set(person.told) != {"linked"}]
    yield f"Nobody else is refused ({len(refused)})", not refused


@drill
def rotation(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """SECRET_KEY, LASTING_KEY and the vendors' secrets are replaced while people have their codes in hand."""
    site, people = crowd.site, crowd.make(PEOPLE * 2, types_for_s=4)
    with crowd.onboarding(people, within_s=PATIENCE_S, over_s=12):
        for name in ("SECRET_KEY", "LASTING_KEY", "PROVE_CLIENT_SECRET", "TWILIO_AUTH_TOKEN"):
            time.sleep(3)
            if name.endswith("_KEY"):
                site.write_secret(f"{name}_FALLBACKS", site.secret(name))
                site.write_secret(name, secrets.token_urlsafe(50))
            else:
                site.write_secret(name, "sandbox")
            for node in site.nodes:
                node.reload()
    codes = sum(bool(call["effect"]) for call in site.calls(SEND))
    yield f"Nobody needs a second code ({codes})", codes == len(people)
    yield from _nobody_noticed(crowd)


@drill
def rolling_restart(crowd: Crowd, _interrupt: Callable[[float], None]) -> Findings:
    """Each node is restarted, one after the other, while Prove takes a second for each answer."""
    site, people = crowd.site, crowd.make(PEOPLE * 2)
    slow = site.fault(UNIFY, STATUS, BIND, kind="latency", seconds=1)
    with slow, crowd.onboarding(people, within_s=PATIENCE_S, over_s=10):
        for node in site.nodes:
            site.serving.remove(node)
            node.stop()
            node.start()
            site.serving.append(node)
    yield from _nobody_noticed(crowd)


def _nobody_noticed(crowd: Crowd) -> Findings:
    lost = sum(request.status == 0 for request in crowd.site.traffic)
    yield f"No answer is lost ({lost})", lost == 0
    yield "Nobody has to begin again", all(sum(person.told.values()) == 1 for person in crowd.people)


def _late(site: Site, ended: float) -> list[Traffic]:
    """Return the requests of the last seconds of an outage, but for those that its end answers in time."""
    return [request for request in site.traffic if ended - 10 < request.began < ended - PROMPT_S]


def _last(people: list[Person]) -> float:
    """Return when the last of them was linked; never, if one was not."""
    return max(person.finished if person.is_linked else float("inf") for person in people)


def _asks_for_a_code(thief: Person, number: str) -> None:
    _abuses(thief, number, lambda _number: _gives_up())


def _guesses(thief: Person, number: str) -> None:
    """Type wrong codes until none is taken any more."""
    tries = iter(range(10))
    _abuses(
        thief,
        number,
        lambda _number: f"{secrets.randbelow(10**6):06}" if next(tries, None) is not None else _gives_up(),
    )


def _abuses(thief: Person, number: str, types: Callable[[str], str]) -> None:
    """Begin with this number, and give up when told to wait."""
    app = thief.app(time.monotonic() + PATIENCE_S, number)
    app.reads_code, app.waits = types, lambda seconds: seconds and _gives_up()
    with suppress(OutOfTime, Refused):
        app.runs()


def _gives_up() -> NoReturn:
    raise OutOfTime
