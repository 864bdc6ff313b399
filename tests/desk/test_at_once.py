"""32 reviewers at once, in several processes: no case twice, each act one event, and no bind."""

import uuid
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection

from onboarding.desk import cases
from onboarding.desk.access import roles
from onboarding.desk.access.roles import Role
from onboarding.models import Binding, Event, OnboardingSession
from tests.deep.conftest import report, share
from tests.desk.test_admin import a_binding
from tests.desk.test_cases import QUEUE, a_case
from tests.desk.test_reviews import WHY, at_the_desk, url_of
from tests.limits.parallel import PROCESSES, THREADS, count_successes, process_pool

ACTS_EACH = share(deep=100, quick=6)
CASES, LINKS = 40, 10
TWO = ["approve", "decline", "revoke"]  # acts that two reviewers have to do
DECISIONS = {"review:approved": "approve", "review:declined": "decline", "binding:revoked": "revoke"}
ON_CASES = (
    *("approve", "approve", "approve", "decline", "escalate", "snooze", "release", "note", "ids", "reveal"),
    *("label-fraud", "label-false_alarm", "label-unclear"),
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def takes_a_case(_subject: str) -> bool:
    """A new reviewer takes the next case. Return whether there was one."""
    return cases.take_next(by=User.objects.create(username=str(uuid.uuid4()))) is not None


def test_no_two_get_the_same_case(tmp_path: Path) -> None:
    for _ in range(20):
        a_case()
    with process_pool(tmp_path) as pool:
        taken = count_successes(pool, takes_a_case, ["first", "second"])
    assert taken == [20, 0] and PROCESSES * THREADS == 32
    assert Event.objects.filter(name="case:taken").values("session").distinct().count() == 20
    assert Event.objects.filter(name="case:taken").count() == 20


def acts_at_random(_subject: str) -> int:
    """A new reviewer, of any role, acts on any rows. Return how often the desk said that it was done."""
    chance, user = Random(uuid.uuid4().int), User.objects.create(username=str(uuid.uuid4()), is_staff=True)  # noqa: S311
    roles.give(user, chance.choice(list(Role)))
    desk = at_the_desk(user)
    rows: list[OnboardingSession | Binding] = [*OnboardingSession.objects.all(), *Binding.objects.all()]
    done = 0
    for _ in range(ACTS_EACH):
        row = chance.choice(rows)
        if chance.random() < 0.1:
            done += "/change/" in desk.post(f"{QUEUE}next/").get("Location", "")
        else:
            act = chance.choice(ON_CASES if isinstance(row, OnboardingSession) else ("revoke", "reveal"))
            done += _says_done(desk.post(url_of(row, act), {"reason": WHY}, follow=True))
    return done


def _says_done(answer: Any) -> bool:
    """Return whether the page says that the act was done or asked for, or shows what it was to show."""
    assert answer.status_code in (200, 403)
    page = answer.content.decode()
    if answer.redirect_chain:
        return 'class="success"' in page or 'class="warning"' in page
    return answer.status_code == 200 and 'name="reason"' not in page


def test_each_act_is_one_event_none_binds_and_no_decision_is_one_persons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWO_REVIEWERS", ",".join(TWO))
    for n in range(CASES):
        a_case(number=f"+1202555{n:04}")
    for n in range(LINKS):
        a_binding(number=f"+1202556{n:04}")
    for role in Role:
        roles.give(User.objects.create(username=role), role)  # makes the groups
    before = OnboardingSession.objects.count(), Binding.objects.count()
    with process_pool(tmp_path) as pool:
        [done] = count_successes(pool, acts_at_random, ["once"])
    log = list(Event.objects.filter(actor__isnull=False).exclude(name="login:accepted").order_by("pk"))
    assert len(log) == LogEntry.objects.count() == done
    assert (OnboardingSession.objects.count(), Binding.objects.count()) == before
    assert not Event.objects.filter(name__startswith="bind:").exists()
    assert not OnboardingSession.objects.exclude(state="in_review").exists()
    decided = [event for event in log if event.name in DECISIONS]
    assert decided
    assert [event for event in decided if not _another_person_asked_for_it(event, log)] == []
    assert len({(event.session_id, event.binding_id) for event in decided}) == len(decided)
    tried = PROCESSES * THREADS * ACTS_EACH
    report(f"{PROCESSES * THREADS} reviewers tried {tried} acts: {done} done, {len(decided)} decisions by two")


def _another_person_asked_for_it(decided: Event, log: list[Event]) -> bool:
    asked = [
        event
        for event in log
        if event.name == "act:proposed"
        and event.pk < decided.pk
        and event.facts["act"] == DECISIONS[decided.name]
        and (event.session_id, event.binding_id) == (decided.session_id, decided.binding_id)
    ]
    return bool(asked) and asked[-1].actor_id != decided.actor_id
