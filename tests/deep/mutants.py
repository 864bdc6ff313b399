"""`make mutants`: bugs put in on purpose, one at a time, each of which the named tests must catch.

Rows: I.. are the invariants, T.. the threats, F.. the faults that the tests stand for. I23 is not promised
(SECURITY.md), and I35 is that all tests of journeys, limits and proofs run on both databases. A bug is a
replacement of text in a copy of the project. Prints a table; exits with 1 if a bug survives or its text is gone.
"""

# ruff: noqa: E501 - a table, a line each

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import environ
from pathlib import Path
from queue import SimpleQueue

from tests.deep.copies import changed, copied

COPIES = 2  # of the project, one bug each at a time
CAUGHT, SURVIVES = 1, 0  # pytest's exit codes: tests failed, all passed

BETWEEN = "tests/journey/links/test_between_sessions.py"
POSSESSION, TRANSITIONS = "onboarding/journey/possession.py", "onboarding/journey/transitions.py"
ANSWERS = "onboarding/journey/answers.py"
FLOW, ACCOUNT = "onboarding/journey/flow.py", "onboarding/web/views/account.py"
STATES, UNLINKING = "onboarding/domain/states.py", "onboarding/journey/unlinking.py"
VIEWS, GATE, POLICY = "onboarding/web/views/journey.py", "onboarding/web/gate.py", "onboarding/domain/policy.py"
PROVE, TWILIO, HTTP = "onboarding/upstream/prove.py", "onboarding/upstream/twilio.py", "onboarding/upstream/http.py"
CONNECTION, CONNECT = "onboarding/upstream/transport/connection.py", "onboarding/upstream/transport/connect.py"
BREAKER, BULKHEAD = "onboarding/upstream/breaker.py", "onboarding/upstream/bulkhead.py"
BREAKERS, BULKHEADS = "tests/upstream/test_breaker.py", "tests/upstream/test_bulkhead.py"
ADAPTER = "onboarding/upstream/transport/adapter.py"
CONNECTIONS, CONNECTS = "tests/upstream/transport/test_connections.py", "tests/upstream/transport/test_connect.py"
SETTINGS, BINDINGS, FORMS = "proveflow/settings.py", "onboarding/journey/bindings.py", "onboarding/web/forms.py"
JOURNEYS = "tests/journey/test_"
FIRST, FAILURES = f"{JOURNEYS}first_time.py", f"{JOURNEYS}vendor_failures.py"
REQUESTS, CLOSED = f"{JOURNEYS}unexpected_requests.py", f"{JOURNEYS}fail_closed.py"
REBINDS, REGIONS = "tests/journey/links/test_rebind.py", "tests/journey/links/test_regions.py"
VERDICTS = "onboarding/desk/reviews.py"
RISK, REVIEWS, STAMPS = f"{JOURNEYS}risk.py", "tests/desk/test_reviews.py", "onboarding/desk/acts.py"
LIMITS, LEASE = "onboarding/limits.py", "onboarding/journey/lease.py"
BUDGETS, ADDRESS = "onboarding/domain/budgets.py", "onboarding/web/address.py"
LIMITED = "tests/limits/test_"
TRUTHFUL = "tests/web/test_truthful.py"
CRASHES, LEAKS, DOMAIN = "tests/deep/test_crashes.py", "tests/deep/test_leaks.py", "tests/domain"
MENTIONS, MENTIONED = "onboarding/domain/mentions.py", "tests/domain/test_mentions.py"
TEXTS, NEW_DEVICE = "onboarding/journey/security_texts.py", "tests/journey/links/test_new_device.py"
RECOVERED = "tests/operations/test_recovery.py"
REPORTS = "onboarding/operations/reports.py"
KEYS, RESTORE = "onboarding/journey/keys.py", "onboarding/operations/restore.py"
RESTORED = "tests/operations/test_restore.py"
LOGIN, ENDS = "onboarding/web/logins.py", "tests/web/test_logins.py"
SITE, LOGINS = "onboarding/desk/site.py", "tests/desk/test_logins.py"
ACCESS, BY_CODE = "onboarding/desk/access/", "tests/desk/test_access.py"
PATHS, HEADERS = "tests/hostile/test_every_path.py", "tests/hostile/test_headers.py"
ANY_ORDER, AUTHORITY, RECOVERY = (
    "tests/deep/test_any_order.py",
    "tests/deep/test_authority.py",
    "onboarding/operations/recovery.py",
)

EVIDENCE, EVENTS, APPEND_ONLY = (
    "onboarding/operations/evidence/",
    "onboarding/events.py",
    "onboarding/migrations/_append_only.py",
)
AUDIT, REMOVAL, CHECKPOINTS = (f"{EVIDENCE}{name}.py" for name in ("audit", "removal", "checkpoints"))
TAMPERING, REFUSED = (f"tests/operations/evidence/test_{name}.py" for name in ("tampering", "append_only"))


@dataclass(frozen=True)
class Mutant:
    row: str
    what: str
    file: str
    old: str
    new: str
    tests: str
    database: str = ""


MUTANTS = (
    # The bind
    Mutant("I01", "any code is the right one", POSSESSION, "    if not approved:\n", "    if False:\n", FIRST),
    Mutant("I01", "an approval is good for an hour", POSSESSION, "\"expires_at\": Now() + CODE_LIFE}", "\"expires_at\": Now() + 6 * CODE_LIFE}", FAILURES),
    Mutant("I02", "a lost bind is asked again", POSSESSION, "    if isinstance(error, Unreachable | Busy) or error.status == 401:", "    if isinstance(error, UpstreamError):", FAILURES),
    Mutant("I02", "a bind with a lost claim is asked again", STATES, "    S.BINDING: S.BIND_UNKNOWN,\n", "    S.BINDING: S.POSSESSION_PASSED,\n", CRASHES),
    Mutant("I02", "no compare in the compare-and-swap", TRANSITIONS, "WHERE id = %s AND state = %s AND version = %s RETURNING", "WHERE id = %s AND %s <> '' AND %s > 0 RETURNING", CRASHES, "postgresql"),
    Mutant("I19", "a late write is accepted if the state is the same again", TRANSITIONS, "filter(pk=session.pk, state=session.state, version=session.version)", "filter(pk=session.pk, state=session.state)", CRASHES),
    Mutant("I18", "the bind is asked before the claim is written", POSSESSION, "    take(session, [reached, claim] if reached else [claim])\n    bound", "    bound", FIRST),
    Mutant("I15", "transitions outside the table are allowed", TRANSITIONS, "    if not all(may_transition(before, after) for before, after in pairwise(path)):\n        raise StaleState\n", "", REQUESTS + " " + FAILURES + " " + CRASHES + " " + CLOSED),
    Mutant("T09", "a bound session can be bound again", STATES, "    S.REBIND_OFFERED: frozenset({S.IN_REVIEW}),\n", "    S.REBIND_OFFERED: frozenset({S.IN_REVIEW}),\n    S.BOUND: frozenset({S.BINDING}),\n", DOMAIN),
    # The device check
    Mutant("I03", "pending is taken for possession_required", POLICY, "        return Judgement(Verdict.WAIT, reasons)", "        return Judgement(Verdict.ASK_POSSESSION, reasons)", f"{DOMAIN} {CLOSED}"),
    Mutant("I10", "the word false is true to Python", PROVE, "        success=Success(success),", "        success=Success.TRUE if success else Success.FALSE,", "tests/upstream/test_prove.py"),
    Mutant("I10", "true the boolean is taken for the word", PROVE, "    if not isinstance(success, str):\n", "    success = str(success).lower()\n    if not success:\n", "tests/upstream/test_prove.py"),
    Mutant("I10", "a failure that can't be read is none", PROVE, '    return {} if passed else {name: "not understood"}\n', "    return {}\n", "tests/upstream/test_prove.py"),
    Mutant("T03", "a success without a proveId passes", PROVE, "    if answer.success is Success.TRUE and (answer.prove_id is None or body[\"proveId\"] != answer.prove_id):\n", "    if False:\n", "tests/upstream/test_prove.py"),
    Mutant("T05", "an answer about another number is believed", PROVE, "        return self.phone_number is not None and not same(self.phone_number, number)", "        return False and same(str(self.phone_number), number)", CLOSED),
    Mutant("T05", "a true that names no number is believed", "onboarding/journey/answers.py", "bool(answer.phone_number and answer.device_id)", "bool(answer.device_id)", f"{CLOSED} {BETWEEN}"),
    Mutant("T05", "the connection of an answer to another request is used again", PROVE, "            self._upstream.drop_connections()\n", "            pass\n", CONNECTIONS),
    Mutant("T05", "an answer to another request is believed", PROVE, "        if self.client_request_id not in (None, client_request_id):\n            return True\n", "", CLOSED),
    Mutant("T06", "a reused correlationId is a server error", FLOW, "    except IntegrityError:  # a correlationId of an earlier session\n", "    except ZeroDivisionError:\n", CLOSED),
    Mutant("F41", "pending is asked for ever", FLOW, "STATUS_CALLS = 10 ", "STATUS_CALLS = 1000 ", CLOSED),
    Mutant("I11", "a lost claim of unify-status is taken for possession_required", STATES, "    S.CHECKING_DEVICE: S.STARTED,\n", "    S.CHECKING_DEVICE: S.POSSESSION_REQUIRED,\n", CRASHES),
    Mutant("I11", "a lost claim of the start counts as started", STATES, "    S.STARTING: S.FAILED,\n", "    S.STARTING: S.STARTED,\n", CRASHES),
    Mutant("I45", "the region of a flow is looked up in the table again", FLOW, "prove(session.prove_region).unify_status(", "prove(str(conf.prove_region(session.phone.region))).unify_status(", REGIONS),
    Mutant("I45", "every bind goes to North America", POSSESSION, "prove(session.prove_region).unify_bind(", 'prove("na").unify_bind(', REGIONS),
    Mutant("I45", "every revoke goes to the first host", UNLINKING, "prove(key.prove_region).revoke_device(", 'prove("all").revoke_device(', REGIONS),
    Mutant("I45", "a rebind forgets the region of its offer", FLOW, '*("prove_region", "journey",', '*("journey",', REGIONS),
    Mutant("I45", "a key that is seen again gets no region", KEYS, "SET prove_region = excluded.prove_region", "SET device_id = excluded.device_id", REGIONS),
    Mutant("I45", "a remembered number of a region without an account is asked about", FLOW, "    if region is None:\n        raise NotServed\n", "    region = region or conf.PROVE_REGION  # type: ignore[assignment]\n", REGIONS),
    Mutant("T34", "an unknown reason passes", POLICY, "OWN_VERDICTS.get(code) or Verdict.REVIEW", "OWN_VERDICTS.get(code) or Verdict.GO_ON", DOMAIN),
    # The text
    Mutant("I09", "a text is not counted", POSSESSION, '"sends": F("sends") + 1, ', "", FAILURES),
    Mutant("I09", "a session may have a hundred texts", POSSESSION, "SENDS = len(RESEND_WAITS)", "SENDS = 100", FAILURES),
    Mutant("T26", "no wait between two texts", POSSESSION, "    if session.send_again_at and not has_passed(session.send_again_at, session):", "    if False:", REQUESTS),
    Mutant("I11", "a lost text is not counted", POSSESSION, '    changes: dict[str, object] = {"notice": Notice.SEND_UNKNOWN}\n    if never_happened(error):', '    changes: dict[str, object] = {"notice": Notice.SEND_UNKNOWN}\n    if True:', FAILURES),
    Mutant("T26", "a text is sent by a GET", VIEWS, "@gate.post_only\n@gate.require_state(State.POSSESSION_REQUIRED, State.CODE_SENT)", '@require_http_methods(["GET", "POST"])\n@gate.require_state(State.POSSESSION_REQUIRED, State.CODE_SENT)', REQUESTS),
    # The code
    Mutant("I08", "a guess is not counted", POSSESSION, 'Name.GUESS_ASKED, guesses=F("guesses") + 1)', "Name.GUESS_ASKED)", f"{FIRST} {CLOSED}"),
    Mutant("T13", "a second text grants new guesses and more time", LEASE, "known = Q(verification_sid=sid)", "known = Q(verification_sid=None)", CLOSED),
    Mutant("I07", "a code is checked by number, not by this session's own text", TWILIO, "verification_checks.create(verification_sid=sid, code=code)", "verification_checks.create(to=to, code=code)", "tests/upstream/test_twilio.py"),
    Mutant("T16", "no time ever passes", "onboarding/journey/clock.py", "    return time is not None and time <= session.read_at\n", "    return False\n", FAILURES),
    Mutant("I11", "a lost check lets the same code be tried again", POSSESSION, "    if never_happened(error):\n        limits.refund(charges)\n", "    if True:\n        limits.refund(charges)\n", FAILURES),
    Mutant("I12", "a check with a lost claim may be asked again", STATES, "    S.CHECKING_CODE: S.POSSESSION_REQUIRED,\n", "    S.CHECKING_CODE: S.CODE_SENT,\n", CRASHES),
    Mutant("T05", "an approval of something else counts", TWILIO, "            if found.sid != sid or not is_number(found.to, to) or status", "            if status", "tests/upstream/test_twilio.py"),
    Mutant("T32", "a code may hold other characters than digits", FORMS, '        return re.sub("[^0-9]", "", typed[1])', "        return typed[1]", "tests/web/test_code.py"),
    Mutant("T26", "a stale tab causes another text", FLOW, "    if previous is not None and previous.state in WAITING and previous.number == number.e164:", "    if False:", REQUESTS),
    Mutant("I19", "a late guess takes over another request's claim", POSSESSION, "    if session.state != State.CODE_SENT:\n        raise StaleState\n", "", CRASHES),
    Mutant("F11", "our own misconfiguration costs the person guesses", POSSESSION, "    return ours or isinstance(error, Unreachable | Busy)", "    return isinstance(error, Unreachable | Busy)", FAILURES),
    Mutant("F11", "a code that Twilio can't read is tried without an end", POSSESSION, "        return _guess_was_wrong(session, name, facts)", "        return transition(session, State.CODE_SENT, name, facts, notice=Notice.CODE_WRONG)", FAILURES),
    Mutant("F05", "Retry-After is not obeyed", HTTP, "                self._rate_limit_hold.extend(response.retry_after)", "                pass", "tests/upstream/test_retries.py"),
    Mutant("I34", "a session expires before its code", POSSESSION, 'lives = Greatest("expires_at", Least(columns["code_sent_at"], F("created_at") + SESSION_LIFE) + CODE_LIFE)', 'lives = F("expires_at")', FAILURES),
    # Budgets
    Mutant("I30", "a budget refuses nobody", "onboarding/limits.py", "        if refused:\n            _run", "        if False:\n            _run", "tests/limits/test_texts.py"),
    Mutant("T12", "a stranger takes over a leased number", "onboarding/journey/lease.py", "OR lease.ends_at <= {now} OR %s", "OR %s IS NOT NULL", "tests/limits/test_lease.py"),
    # Sessions and time
    Mutant("I16", "a session never expires", FLOW, "(has_passed(session.expires_at, session) or session.version >= STEPS)", "False", FAILURES),
    Mutant("T13", "a refused guess is written for ever", FLOW, "session.version >= STEPS", "False", f"{LIMITED}guesses.py"),
    Mutant("I16", "a lost claim in an expired session goes on", FLOW, "        session = end_claim(session=session, changes=changes)", "        return end_claim(session=session, changes=changes)", "tests/operations/test_recovery.py"),
    Mutant("F13", "a claim never times out", "onboarding/journey/clock.py", "CLAIM_TIMEOUT = timedelta(seconds=40)", "CLAIM_TIMEOUT = timedelta(days=40)", CRASHES),
    Mutant("T08", "one page starts a flow each time that it is sent", FLOW, "OnboardingSession(start_key=start_key,", "OnboardingSession(start_key=uuid.uuid4(),", REQUESTS),
    Mutant("I20", "a session is found by what the request says", GATE, "    key = request.session.get(SESSION_KEY)\n", '    key = request.POST.get("session") or request.session.get(SESSION_KEY)\n', REQUESTS),
    Mutant("T35", "the session key stays when a flow begins", GATE, "    request.session.cycle_key()\n    request.session[SESSION_KEY]", "    request.session[SESSION_KEY]", CLOSED),
    Mutant("T18", "a GET restarts", VIEWS, "@gate.post_only\ndef restart(", '@require_http_methods(["GET", "POST"])\ndef restart(', REQUESTS),
    Mutant("T17", "every flow is a rebind", FLOW, '        "rebind": False,\n', '        "rebind": True,\n', f"{REBINDS} {FIRST}"),
    Mutant("I14", "9101 asks for a code at once", POLICY, "    KEY_BELONGS_TO_ANOTHER_NUMBER: Verdict.OFFER_REBIND,", "    KEY_BELONGS_TO_ANOTHER_NUMBER: Verdict.ASK_POSSESSION,", REBINDS),
    Mutant("T51", "unlinking revokes nothing", "onboarding/journey/unlinking.py", "        revoked = revoke(bindings.filter(confirmed=True).order_by(\"pk\"), why=why, by=by)\n", "        revoked = list(bindings)\n", FIRST),
    Mutant("T04", "a key keeps its earlier number", BINDINGS, "if each.device_id == answer.device_id and each not in", "if False and each not in", REBINDS),
    Mutant("T51", "an earlier person keeps the number", BINDINGS, "if each.prove_id != answer.prove_id", "if False and each.prove_id != answer.prove_id", FIRST),
    Mutant("I15", "a transition is not recorded", TRANSITIONS, "        Event.objects.bulk_create(entries)\n", "", FAILURES),
    # Risk, rebinds, reviewers
    Mutant("T51", "a reason is ignored if success is not false", POLICY, "        found.append(SUCCESS_VERDICTS[success])", "        found = [SUCCESS_VERDICTS[success]]", f"{DOMAIN} {RISK}"),
    Mutant("T51", "every type of line gets a text", POSSESSION, "    return None if judgement.verdict is Verdict.ASK_POSSESSION else judgement\n", "    return None\n", RISK),
    Mutant("F08", "a failed look-up needs a review", "onboarding/journey/risk.py", "        return UNKNOWN_LINE\n", '        return "unheardOf"\n', RISK),
    Mutant("T17", "no cooling off", FLOW, "    if risk.moved_lately(session.number, key):", "    if False:", REBINDS),
    Mutant("T17", "only the new number cools off", "onboarding/journey/risk.py", 'of_number(number) | of_number(number, "moved_from__") | Q(pk=key and key.pk)', "of_number(number)", REBINDS),
    Mutant("T17", "a rebind never waits for a review", FLOW, "    if conf.REBIND_REVIEW and REBIND", "    if False and REBIND", REBINDS),
    Mutant("T17", "the old number gets no text", ANSWERS, "        security_texts.send_moved_away(linked.moved_from)\n", "        pass\n", REBINDS),
    Mutant("T64", "any reviewer may do anything", STAMPS, "self.has_view_permission(request) and request.user.has_perm(permission)", "self.has_view_permission(request)", REVIEWS),
    Mutant("T64", "an act needs no permission to view", STAMPS, "self.has_view_permission(request) and request.user.has_perm(permission)", "request.user.has_perm(permission)", REVIEWS),
    Mutant("T65", "a cleared reason turns a no into a yes", POLICY, "default=Verdict.DECLINE", "default=Verdict.ASK_POSSESSION", f"{DOMAIN} {REVIEWS}"),
    Mutant("T65", "a clearance never ends", "onboarding/journey/risk.py", "        reviewed_at__gt=Now() - CLEARANCE_LIFE,\n", "", REVIEWS),
    Mutant("T65", "a clearance counts for every browser", "onboarding/journey/risk.py", "        journey=session.journey,\n", "", BETWEEN),
    Mutant("T65", "a decided session can be decided again", VERDICTS, 'state__in=states, review=""', "state__in=states", REVIEWS),
    Mutant("T60", "a reason may hold a number", STAMPS, "        if mentions_number(", "        if False and mentions_number(", REVIEWS),
    Mutant("T60", "a number with other separators or digits is no number", MENTIONS, "        or any(_is_number(part, region)", "        or any(False", MENTIONED),
    Mutant("T60", "a number beside other digits is overlooked", MENTIONS, "    for first in range(len(groups)):", "    for first in (0,):", MENTIONED),
    Mutant("T60", "a number of another country is overlooked", MENTIONS, """        or any(_is_number(f"+{part.removeprefix('+')}", "") for part in parts)\n""", "", MENTIONED),
    Mutant("I25", "the steps of a session are no chain", EVENTS, "event.mac = head = mac(event, head, secret)", 'event.mac = head = mac(event, "", secret)', TAMPERING),
    Mutant("I25", "any MAC is right", AUDIT, "any(mac(event, before, key) == tag for key in keys)", "True", TAMPERING),
    Mutant("I25", "times and ids may change", AUDIT, "elif digest != row.digest:", "elif False:", TAMPERING),
    Mutant("I25", "the last checkpoint may go", AUDIT, " or row.is_last != (row.number == last.number)", "", TAMPERING),
    Mutant("I25", "the end of a session may go", AUDIT, "if recorded != (session.version, head_of(session), session.state):", "if False:", TAMPERING),
    Mutant("I25", "what is removed is not subtracted", REMOVAL, "            _subtract(gone)\n", "", TAMPERING),
    Mutant("I25", "an event can be changed", APPEND_ONLY, "WHEN NOT EXISTS (SELECT 1", "WHEN EXISTS (SELECT 1", REFUSED),
    Mutant("I25", "what is new is sealed", CHECKPOINTS, "at__lte=Now() - SETTLED", "at__lte=Now()", REFUSED),
    Mutant("I26", "a revealed number is not recorded", VERDICTS, "        events.record(Name.NUMBER_REVEALED, {\"reason\": reason}, actor=by, **about)\n", "", REVIEWS),
    Mutant("I29", "a decision changes the session's state", VERDICTS, "waiting.update(review=decision, ", 'waiting.update(state="possession_required", review=decision, ', REVIEWS),
    Mutant("I36", "every run of recover revokes the same key again", RECOVERY, "        if due.filter(pk=key.pk).update(tell_prove_at=Now() + TELL_AGAIN):\n", "        if True:\n", f"tests/operations/test_recovery.py {ANY_ORDER}"),
    # Authority
    Mutant("I04", "a request may say that its number was not typed", VIEWS, 'form.cleaned_data["phone"], recalled=False)', 'form.cleaned_data["phone"], recalled="recalled" in request.POST)', AUTHORITY),
    Mutant("I13", "the code form may name another number", VIEWS, "        session = possession.check_code(", '        session.number = request.POST.get("phone", session.number)\n        session = possession.check_code(', AUTHORITY),
    Mutant("I22", "the answer to a number tells whether it is linked", VIEWS, '{"auth_token": opened.auth_token, ', '{"known": OnboardingSession.objects.filter(number_hash=opened.session.number_hash, binding__isnull=False).exists(), "auth_token": opened.auth_token, ', f"{JOURNEYS}enumeration.py"),
    Mutant("I34", "a sent code cannot be checked", STATES, "    S.CODE_SENT: frozenset({S.CHECKING_CODE, ", "    S.CODE_SENT: frozenset({", DOMAIN),
    # Caught by the state machine alone
    Mutant("I02", "a lost bind is asked again", POSSESSION, "    if isinstance(error, Unreachable | Busy) or error.status == 401:", "    if isinstance(error, UpstreamError):", ANY_ORDER),
    Mutant("I09", "a text is sent before it is counted", POSSESSION, "        _charge_send(session, before, charges, address, is_new=is_new)\n", "", ANY_ORDER),
    Mutant("I12", "a check with a lost claim may be asked again", STATES, "    S.CHECKING_CODE: S.POSSESSION_REQUIRED,\n", "    S.CHECKING_CODE: S.CODE_SENT,\n", ANY_ORDER),
    # Leaks
    Mutant("I05", "the correlationId goes to the browser", VIEWS, '{"auth_token": opened.auth_token, ', '{"flow": opened.session.correlation_id, "auth_token": opened.auth_token, ', CLOSED),
    Mutant("I06", "the authToken is kept in the session", VIEWS, "    gate.set_current(request, opened.session)\n", '    gate.set_current(request, opened.session)\n    request.session["token"] = opened.auth_token\n', CLOSED),
    Mutant("T42", "a cache may keep the authToken", VIEWS, "@never_cache\n@gate.post_only\ndef start(", "@gate.post_only\ndef start(", CLOSED),
    Mutant("I05", "the correlationId goes out in a header", VIEWS, '        response["Refresh"] = "1"\n    return response\n', '        response["Refresh"] = "1"\n    response["X-Flow"] = str(session.correlation_id)\n    return response\n', LEAKS),
    Mutant("I24", "the log holds numbers", TRANSITIONS, "    origin = State(session.state)\n", "    origin = State(session.state)\n    __import__('logging').getLogger(__name__).info('%s moves', session.number)\n", LEAKS),
    Mutant("I24", "the event log holds numbers", POSSESSION, '{"send": session.sends}', '{"send": session.number}', LEAKS),
    Mutant("T55", "an error report shows what was typed", SETTINGS, 'DEFAULT_EXCEPTION_REPORTER_FILTER = "onboarding.operations.reports.RedactingFilter"\n', "", LEAKS),
    Mutant("T60", "eight digits of a masked number show", "onboarding/domain/phone.py", "self.e164[-4:]", "self.e164[-8:]", f"{DOMAIN} tests/desk/test_admin.py"),
    Mutant("T55", "the log holds the headers of calls to vendors", HTTP, "        with deadline(self._deadlines[operation]) as call:\n            return self._send_with_retries(", "        __import__('logging').getLogger(__name__).debug('%s', request.headers)\n        with deadline(self._deadlines[operation]) as call:\n            return self._send_with_retries(", LEAKS),
    Mutant("T60", "the desk's search puts the number into the address", "onboarding/desk/admin.py", '={row.pk}")', '={row.pk}&number={number.e164}")', LEAKS),
    # The browser
    Mutant("T72", "the QR code links to http", "onboarding/web/views/handoff.py", '        link = link._replace(scheme="https")\n', "        pass\n", f"{JOURNEYS}handoff.py"),
    Mutant("T33", "one path needs no CSRF token", ACCOUNT, "@never_cache\n@gate.post_only\ndef forget(", "@__import__('django.views.decorators.csrf', fromlist=['it']).csrf_exempt\n@never_cache\n@gate.post_only\ndef forget(", PATHS),
    Mutant("T34", "a GET of one path has an effect", ACCOUNT, '@gate.post_only\n@otp_required(login_url="proveflow:phone", redirect_field_name=None)\ndef remember(', '@otp_required(login_url="proveflow:phone", redirect_field_name=None)\ndef remember(', PATHS),
    Mutant("I21", "no CSRF token is asked for", SETTINGS, '    "django.middleware.csrf.CsrfViewMiddleware",\n', "", REQUESTS),
    Mutant("T37", "the pages may be framed", SETTINGS, 'X_FRAME_OPTIONS = "DENY"', 'X_FRAME_OPTIONS = "SAMEORIGIN"', REQUESTS),
    Mutant("T38", "no Trusted Types", SETTINGS, '        "require-trusted-types-for": ["\'script\'"],\n', "", REQUESTS),
    Mutant("I33", "a malformed start key is a server error", FORMS, "start_key = forms.UUIDField(initial=uuid.uuid4, ", "start_key = forms.CharField(initial=uuid.uuid4, ", REQUESTS),
    Mutant("I33", "a request is decoded in the charset that it names", "proveflow/wsgi.py", "application.request_class = ", "unused = ", HEADERS),
    Mutant("I33", "a Content-Type that cannot be parsed is a server error", "onboarding/web/middleware.py", "        except ValueError:\n", "        except ZeroDivisionError:\n", HEADERS),
    Mutant("I33", "another charset than UTF-8 is accepted", "onboarding/web/middleware.py", ".lower() not in UTF_8:", ".lower() in ():", HEADERS),
    # Log-ins
    Mutant("I39", "an unlinked person stays authenticated", LOGIN, "filter(**which, confirmed=True, user", "filter(**which, user", ENDS),
    Mutant("I39", "a revoked key keeps its person logged in", LOGIN, "linked.exclude(Exists(revoked))", "linked", ENDS),
    Mutant("I39", "a deactivated person stays authenticated", LOGIN, ", user__is_active=True)", ")", ENDS),
    Mutant("I40", "a log-in that is used never ends", LOGIN, "now - began > conf.LOGIN_LIFE or ", "", ENDS),
    Mutant("I40", "a log-in that is not used never ends", LOGIN, " or now - used > conf.LOGIN_IDLE", "", ENDS),
    Mutant("I40", "use begins the whole time again", LOGIN, "Login(began.isoformat(), now.isoformat(), login.binding)", "Login(now.isoformat(), now.isoformat(), login.binding)", ENDS),
    Mutant("I40", "a log-in that is used ends as if it were not", LOGIN, "Login(began.isoformat(), now.isoformat(), login.binding)", "Login(began.isoformat(), began.isoformat(), login.binding)", ENDS),
    Mutant("I40", "a new log-in goes on with the times of the last one", LOGIN, "@receiver(auth.user_logged_in)\n", "", ENDS),
    Mutant("I44", "an old log-in may unlink other devices", LOGIN, "user.read_at - began <= conf.STEP_UP", "True", ENDS),
    Mutant("T50", "a new device is told of in spite of the setting", TEXTS, "    if not conf.NEW_DEVICE_NOTICE:\n        return\n", "", NEW_DEVICE),
    Mutant("T17", "a key of a lost bind is recognised beside other devices", ANSWERS, "(of_the_key or was_linked(session.number)):", "of_the_key:", BETWEEN),
    Mutant("T17", "a key goes to another number of the same person without a code", ANSWERS, "(of_the_key or was_linked(session.number)):", "was_linked(session.number):", BETWEEN),
    Mutant("F02", "people in mid-journey are told to come back", "onboarding/web/middleware.py", " and _is_newcomer(request):", ":", "tests/limits/test_admission.py"),
    Mutant("F02", "newcomers are let in however many wait", "onboarding/web/middleware.py", "TURNS.waiting >= conf.REQUESTS_WAITING and", "False and", "tests/limits/test_admission.py"),
    Mutant("F02", "a wait for a vendor keeps the turn", HTTP, "            TURNS.given_away(),\n", "", "tests/limits/test_turns.py"),
    Mutant("T50", "a recognised device is told of as a new one", ANSWERS, "    if linked and linked.is_new:", "    if linked:", NEW_DEVICE),
    Mutant("T50", "texts that are no codes cost no money", TEXTS, "    limits.charge(budgets.security_texts(cents=conf.TEXT_PRICE_CENTS))\n", "", NEW_DEVICE),
    Mutant("T50", "whoever uses up the money silences the texts", BUDGETS, "_money(cents, forced=True)", "_money(cents)", NEW_DEVICE),
    Mutant("T52", "logging out keeps the session", ACCOUNT, "    auth.logout(request)\n", "", ENDS),
    Mutant("T52", "the end of a log-in ends the journey", LOGIN, "    for key in OF_A_LOGIN:\n        request.session.pop(key, None)\n", "    request.session.flush()\n", ENDS),
    # Restored backups
    Mutant("I41", "a key of after the backup is trusted after a restore", KEYS, "SELECT revoked_at FROM onboarding_provekey WHERE device_id = ''", "SELECT NULL", RESTORED),
    Mutant("I41", "known keys are trusted after a restore", KEYS, "ProveKey.objects.update(revoked_at=Now())", "ProveKey.objects.filter(device_id=EVERY_KEY).update(revoked_at=Now())", RESTORED),
    Mutant("I41", "a restore is forgotten after the retention", RECOVERY, ".exclude(device_id=keys.EVERY_KEY)", "", RESTORED),
    Mutant("I41", "log-ins of the backup go on", RESTORE, "Session.objects.all().delete()[0]", "0", RESTORED),
    Mutant("I41", "a code of a reviewer is good again after a restore", RESTORE, "TOTPDevice.objects.update(", "TOTPDevice.objects.none().update(", RESTORED),
    Mutant("I41", "remembered browsers of the backup go on", RESTORE, '"links that no browser remembers": _rename_links(),', "", RESTORED),
    Mutant("I41", "owed revokes wait after a restore", RESTORE, "update(tell_prove_at=Now())", "update(tell_prove_at=None)", RESTORED),
    Mutant("I41", "journeys of the backup go on", RESTORE, "update(expires_at=Now())", "count()", RESTORED),
    Mutant("I42", "a cookie names a binding by a counter", LOGIN, "REMEMBERED, str(binding.public_id)", "REMEMBERED, str(binding.pk)", "tests/web/test_returning.py"),
    # Retention
    Mutant("T58", "a person outlives their last binding", RECOVERY, "            people.filter(pk__in=locked).delete()", "            people.filter(pk__in=locked)", RECOVERED),
    Mutant("T58", "a person whom another table refers to is deleted", RECOVERY, "            people = people.exclude(Exists(refers))\n", "            pass\n", RECOVERED),
    # What the database says
    Mutant("I43", "the log has the row that the database refused", REPORTS, "                each.args = (_reason(error),)\n", "                pass\n", LEAKS, "postgresql"),
    Mutant("I43", "the log has the row in the driver's own words", REPORTS, "for each in (error, error.__cause__):", "for each in (error,):", LEAKS, "postgresql"),
    Mutant("I43", "the log has the first line about bad data", REPORTS, "    if diagnosis is None or isinstance(error, OperationalError | InterfaceError):", "    if True:", LEAKS, "postgresql"),
    # Calls to vendors
    Mutant("I17", "a call inside a transaction is allowed", HTTP, '            raise RuntimeError("A call', '            print("A call', "tests/upstream/test_http.py"),
    Mutant("T20", "a redirect is an answer", HTTP, "        if response.status < 300:", "        if response.status < 400:", "tests/upstream/test_http.py"),
    Mutant("F06", "a response of any size is read", HTTP, "        if len(body) > BODY_LIMIT:\n            break\n", "", "tests/upstream/test_http.py"),
    Mutant("T31", "deep JSON crashes the reader", "onboarding/upstream/response.py", "        except RecursionError:", "        except ZeroDivisionError:", "tests/upstream/test_http.py"),
    Mutant("F04", "a slow response outlasts the deadline", CONNECTION, "            self._socket.settimeout(call.left_or_timeout())\n            self._http.receive_data(", "            self._http.receive_data(", "tests/upstream/test_deadline.py"),
    Mutant("T20", "an informational response is the answer", CONNECTION, "            if isinstance(event, h11.Response):\n", "            if isinstance(event, h11.InformationalResponse):\n                return h11.Response(status_code=200, headers=event.headers), b''\n            if isinstance(event, h11.Response):\n", CONNECTIONS),
    Mutant("T20", "what is left over is the next answer", CONNECTION, ' and self._http.trailing_data == (b"", False)', "", CONNECTIONS),
    Mutant("T20", "what comes late is the next answer", CONNECTION, "        return not poll.poll(0)", "        return True", CONNECTIONS),
    Mutant("T20", "a connection is used again after a timeout", CONNECTION, "        self.is_reusable = False\n        self._send(", "        self._http = h11.Connection(h11.CLIENT)\n        self._send(", CONNECTIONS),
    Mutant("T20", "a connection is used again after an answer that is no JSON", HTTP, "            except Garbled:  # it may be the answer to another request\n                self.drop_connections()\n", "            except Garbled:\n", CONNECTIONS),
    Mutant("T20", "a connection that was in use at an odd answer is used again", ADAPTER, " or generation != self._generation", "", CONNECTIONS),
    Mutant("F01", "a connection that a gateway has forgotten is used", CONNECTION, "IDLE_LIMIT_S = 30.0", "IDLE_LIMIT_S = 300.0", CONNECTIONS),
    Mutant("F01", "a connection is used for ever", CONNECTION, "AGE_LIMIT_S = 300.0", "AGE_LIMIT_S = 9e9", CONNECTIONS),
    Mutant("F05", "a connection is kept after a server error", CONNECTION, "head.status_code < SERVER_ERROR and ", "", CONNECTIONS),
    Mutant("F05", "a probe uses an old connection", HTTP, "            if probing:  #", "            if False:  #", CONNECTIONS),
    Mutant("F05", "an address that gives server errors stays the first", ADAPTER, "            self._connector.forget()\n", "            pass\n", CONNECTS),
    Mutant("F02", "one address that does not answer takes all the time", CONNECT, "ATTEMPT_DELAY_S = 0.25", "ATTEMPT_DELAY_S = 25", CONNECTS),
    Mutant("F02", "an address that worked is forgotten", CONNECT, "        self._worked = attempt.address\n", "", CONNECTS),
    Mutant("F02", "one family is tried to its end", CONNECT, "        first = [each for each in found if each[0] == found[0][0]]", "        first = found[:-1]", CONNECTS),
    Mutant("F05", "Retry-After is read against our own clock", "onboarding/upstream/response.py", 'parsedate_to_datetime(self.headers.get("Date", ""))', "datetime.now(UTC)", "tests/upstream/test_http.py"),
    Mutant("I31", "a bind is retried by the client itself", PROVE, 'REPEATABLE = frozenset({"token", "unify-status"})', 'REPEATABLE = frozenset({"token", "unify-status", "unify-bind"})', f"{JOURNEYS}outages.py {FAILURES}"),
    Mutant("I32", "the breaker never opens", BREAKER, "FAILED_NUMBERS = 5 ", "FAILED_NUMBERS = 5000 ", f"{JOURNEYS}outages.py"),
    Mutant("I32", "failures about one number open the circuit", BREAKER, "        number = blake2b(about.encode()", "        number = blake2b(secrets.token_bytes()", BREAKERS),
    Mutant("I32", "a number that fails uses up the probes of others", BREAKER, "            has_failed = number in self._failed\n", "            has_failed = False\n", BREAKERS),
    Mutant("I32", "a probe that asks nothing is used up", BREAKER, "                self._next_probe[probe] = now\n", "                pass\n", BREAKERS),
    Mutant("I32", "a success does not clear the failures", BREAKER, "        elif not is_open or probe is not None:\n", "        elif probe is not None:\n", BREAKERS),
    Mutant("T60", "the circuit breaker keeps numbers", BREAKER, "key=self._key, digest_size=8).digest()", "key=self._key, digest_size=8).digest() + about.encode()", BREAKERS),
    Mutant("F02", "everybody waits for a vendor that hangs", BULKHEAD, "        return max(0.0, self._moved + STALLED_S - time.monotonic())", "        return 60.0", BULKHEADS),
    Mutant("F02", "a busy vendor is told from a full bulkhead", BULKHEAD, "or not (self._free or self._patience())", "or not self._free", BULKHEADS),
    Mutant("F02", "one number takes all places", BULKHEAD, "CALLS_PER_NUMBER = 3 ", "CALLS_PER_NUMBER = 300 ", BULKHEADS),
    Mutant("F02", "who came last is first", BULKHEAD, "self._waiting.popleft().set()", "self._waiting.pop().set()", BULKHEADS),
    Mutant("F02", "a place is lost with each failure", BULKHEAD, "        finally:\n            self._leave(about)\n", "        except ValueError:\n            raise\n        else:\n            self._leave(about)\n", BULKHEADS),
    Mutant("F05", "null where a text may be left out is garbled", PROVE, "    return value or None", "    return value", "tests/upstream/test_prove.py"),
    Mutant("F11", "a number that Twilio spells in its own way is another", "onboarding/domain/phone.py", '    return Number("+" + re.sub("[^0-9]", "", text)).subscriber', "    return text", "tests/upstream/test_twilio.py"),
    Mutant("F11", "a forbidden destination gives all budgets back", TWILIO, "for code in (60238, 60410,", "for code in (60410,", "tests/upstream/test_twilio.py"),
    Mutant("F07", "a refused token is kept", PROVE, "        self._tokens.drop(token)  #", "        #", "tests/upstream/test_access_token.py"),
    # Limits
    Mutant("I07", "a stranger takes a number over while its code is valid", LEASE, "budget.every_s, budget.watch_only, budget.every_s]", "budget.every_s, True, budget.every_s]", f"{LIMITED}lease.py"),
    Mutant("I07", "a browser without the lease may still use the code", POSSESSION, "is_held = lease.save_guesses(session, session.guesses + 1)\n", "is_held = lease.save_guesses(session, session.guesses + 1) or True\n", f"{LIMITED}lease.py"),
    Mutant("T12", "a lease never ends", LEASE, "lease.ends_at <= {now} OR", "lease.ends_at IS NULL OR", f"{LIMITED}lease.py"),
    Mutant("T12", "an unsent text keeps the lease", POSSESSION, "    limits.refund(charges)\n    if is_new:\n", "    limits.refund(charges)\n    if False:\n", f"{LIMITED}lease.py"),
    Mutant("T12", "a failed call releases the lease of an earlier code", POSSESSION, "    limits.refund(charges)\n    if is_new:\n", "    limits.refund(charges)\n    if True:\n", f"{LIMITED}lease.py"),
    Mutant("I09", "a charge during a clean-up is deleted, too", RECOVERY, 'old.select_for_update(skip_locked=True).values_list("pk", flat=True)', 'old.values_list("pk", flat=True)', f"{LIMITED}parallel_charges.py", "postgresql"),
    Mutant("I32", "time used up by other calls opens the circuit", HTTP, "        if not call.left:  #", "        if False:  #", "tests/upstream/test_breaker.py"),
    Mutant("I09", "a text costs no budget", POSSESSION, "        _charge_send(session, before, charges, address, is_new=is_new)\n", "", f"{LIMITED}texts.py"),
    Mutant("T13", "a guess costs no budget", POSSESSION, "    _charge_guess(session, charges, address)\n", "", f"{LIMITED}guesses.py"),
    Mutant("T13", "a right code resets no guesses", POSSESSION, "reset=budgets.guesses_of(session.phone) if is_proved else []", "reset=[]", f"{LIMITED}guesses.py"),
    Mutant("I30", "a used-up budget admits", LIMITS, "        <= (SELECT most - cost FROM charge", "        < (SELECT most + 1e15 FROM charge", f"{LIMITED}texts.py {LIMITED}parallel_charges.py"),
    Mutant("I30", "a budget admits one more", LIMITS, "(SELECT most - cost FROM charge", "(SELECT most FROM charge", f"{LIMITED}parallel_charges.py"),
    Mutant("I30", "a budget is read, then written", LIMITS, "    return {key for (key,) in _run(CHARGE, rows)}\n", "    full = {key for key, level in _run(LEVELS, rows) if level > 6 * 86_400_000}\n    blind = CHARGE.replace('most - cost', 'most * 1000')\n    return {key for (key,) in _run(blind, [row for row in rows if row.key not in full])}\n", f"{LIMITED}parallel_charges.py", "postgresql"),
    Mutant("T29", "a refused act charges the other budgets", LIMITS, "            _run(REFUND, [row for row in rows if row.key in charged])\n", "", f"{LIMITED}parallel_charges.py {LIMITED}texts.py"),
    Mutant("I09", "an act that cannot be counted is admitted", LIMITS, '        raise Limited(BROKEN, BROKEN_WAIT) from error', "        return", f"{LIMITED}texts.py"),
    Mutant("T22", "anybody's X-Forwarded-For is believed", ADDRESS, " or not _is_trusted(peer):", ":", "tests/web/test_address.py"),
    Mutant("T22", "the first address of X-Forwarded-For is believed, not the last", ADDRESS, 'next(islice(_from_the_right(header), conf.TRUSTED_PROXY_COUNT - 1, None), "")', 'header.split(",")[0]', "tests/web/test_address.py"),
    Mutant("T23", "each IPv6 address is another person", BUDGETS, "NEAR, WIDE = 64, 48", "NEAR, WIDE = 128, 48", "tests/web/test_address.py"),
    Mutant("T25", "all countries are allowed", FORMS, "if number.region in allowed_countries()]", "if True]", f"{LIMITED}texts.py"),
    Mutant("T25", "a number in no numbering plan is not confirmed", FORMS, "[number for number in numbers if number.e164.startswith(conf.TEST_NUMBERS)]", "numbers", f"{DOMAIN}/test_readings.py"),
    Mutant("T25", "any number can be chosen", FORMS, '[number for number in numbers if number.e164 == self.cleaned_data.get("meant")]', '[Number(self.cleaned_data.get("meant") or "+1")]', f"{DOMAIN}/test_readings.py"),
    Mutant("T25", "service numbers are called", FORMS, "    if number.is_service:\n", "    if False:\n", f"{JOURNEYS}channels.py"),
    Mutant("T25", "the first of two numbers is taken", "onboarding/domain/readings.py", "all(map(_is_long_landline, others)) else listed", "all(map(_is_long_landline, others)) else listed[:1]", f"{DOMAIN}/test_readings.py"),
    Mutant("I07", "strangers have any number of guesses of a code that another browser got", POSSESSION, "            charges += budgets.guesses_elsewhere(session.phone)\n", "", f"{LIMITED}lease.py"),
    Mutant("T73", "the last page leads to any host", GATE, "url_has_allowed_host_and_scheme(url, hosts, request.is_secure())", "url", TRUTHFUL),
    Mutant("T74", "a form of another site is led to where the browser stands", "onboarding/web/views/system.py", 'has_cookie and request.headers.get("Sec-Fetch-Site") == "same-origin"', "has_cookie", "tests/web/test_browsers.py"),
    Mutant("T75", "any browser names its journey", GATE, "key = logins.cookie(request, JOURNEY_COOKIE, max_age=JOURNEY_S)", 'key = request.COOKIES.get(JOURNEY_COOKIE, "")', "tests/web/test_browsers.py"),
    Mutant("T90", "what the host project does not allow is linked", "onboarding/hooks.py", 'return str(_call("may_link", signed_in() or proof.owner, proof.number, proof) or "")', 'return ""', "tests/host/test_hooks.py"),
    Mutant("T91", "a hook leads to any host", GATE, "return _allowed(request, hooks.after_success(request))", "return hooks.after_success(request)", "tests/host/test_hooks.py"),
    Mutant("F90", "a signal whose receiver failed is forgotten", "onboarding/signals.py", "    if failed:\n        return False\n", "", "tests/host/test_signals.py"),
    Mutant("T76", "a code of another length costs a guess", FORMS, "if len(code) != conf.CODE_LENGTH:", "if len(code) < 1:", TRUTHFUL),
    Mutant("I07", "another spelling of a number has a lease of its own", LEASE, "return limits.key(NUMBER_OWNER, session.phone.subscriber)", "return limits.key(NUMBER_OWNER, session.number)", f"{LIMITED}lease.py"),
    Mutant("T25", "no brake on a country", BUDGETS, "    yield Charge(BRAKE_COUNTRY, str(number.region))\n", "", f"{LIMITED}sms_pumping.py"),
    Mutant("T60", "look-ups at the desk cost no budget", "onboarding/desk/admin.py", "limits.charge([Charge(budgets.FINDS", "list([Charge(budgets.FINDS", f"{LIMITED}every_budget.py"),
    Mutant("T63", "log-ins of reviewers cost no budget", SITE, "        limits.charge(budgets.logins(account, client))\n", "", LOGINS),
    # Reviewers
    Mutant("I37", "a wrong log-in says what was wrong", SITE, '            raise ValidationError(WRONG_LOGIN, code="invalid_login") from None\n', "            raise\n", LOGINS),
    Mutant("I37", "the password is in the page after a wrong code", SITE, "    def _update_form(", "    def _update_no_form(", LOGINS),
    Mutant("I37", "the code is in the page after a wrong log-in", SITE, 'widget=Unechoed(attrs={"autocomplete": "one-time-code"', 'widget=Unechoed(render_value=True, attrs={"autocomplete": "one-time-code"', LOGINS),
    Mutant("I37", "a log-in without a code says whether the password is right", SITE, "        if self.errors:  #", "        if not self.cleaned_data:  #", LOGINS),
    Mutant("I38", "a failed log-in is not recorded", SITE, '            events.record(Name.LOGIN_FAILED, {"account": events.account_hash(account)})\n', "", LOGINS),
    Mutant("I38", "a name that was typed is in the event log", "onboarding/events.py", '    return keyed_hash("onboarding.events", account)', "    return account", LOGINS),
    Mutant("T63", "each /64 of a site has its own wrong log-ins", BUDGETS, "    yield from _by_address(LOGINS_ADDRESS, LOGINS_NETWORK, address)", "    yield from _by_address(LOGINS_ADDRESS, LOGINS_ADDRESS, address)", LOGINS),
    Mutant("I46", "no act asks for a code again", f"{ACCESS}proof.py", "if not is_needed or is_fresh(request):", "if True:", BY_CODE),
    Mutant("I46", "a code is right for ever", f"{ACCESS}proof.py", "logins.now_of(request.user) - datetime.fromisoformat(proved) <= conf.STEP_UP", "True", BY_CODE),
    Mutant("I47", "a recovery code works again", f"{ACCESS}recovery.py", "found, _ = RecoveryCode.objects.filter(user=user, code_hash=_hash(code)).delete()", "found = RecoveryCode.objects.filter(user=user, code_hash=_hash(code)).count()", BY_CODE),
    Mutant("I47", "an invitation works again", f"{ACCESS}invitations.py", "expires_at__gt=Now()).delete()[0]:", "expires_at__gt=Now()).exists():", BY_CODE),
    Mutant("I28", "any django-otp device opens the desk", SITE, "isinstance(getattr(request.user, \"otp_device\", None), TOTPDevice)", "request.user.is_verified()", "tests/desk/test_admin.py"),
)  # fmt: skip


def main(words: list[str]) -> int:
    """Try the mutants whose description has one of the words; without words, all."""
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.what for word in words)]
    copies: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="proveflow-mutants-") as folder:
        for number in range(COPIES):
            copies.put(copied(Path(folder) / str(number)))
        _passes_unchanged(Path(folder) / "0", chosen)
        with ThreadPoolExecutor(COPIES) as workers:
            verdicts = []
            for mutant, verdict in zip(chosen, workers.map(lambda m: _try(m, copies), chosen), strict=True):
                verdicts.append(verdict)
                _tell(f"{mutant.row}  {verdict:<10}  {mutant.what}  [{mutant.file}]")
    caught = verdicts.count("caught")
    _tell(f"{caught} of {len(chosen)} caught")
    return int(caught < len(chosen))


def _passes_unchanged(folder: Path, mutants: list[Mutant]) -> None:
    """Raise RuntimeError if a test fails without any bug: such a test catches nothing."""
    for database in {mutant.database for mutant in mutants}:
        tests = {test for mutant in mutants if mutant.database == database for test in mutant.tests.split()}
        if _run(folder, sorted(tests), database) != SURVIVES:
            raise RuntimeError(f"some of these fail without any bug: {' '.join(sorted(tests))}")


def _try(mutant: Mutant, copies: SimpleQueue[Path]) -> str:
    """Return caught, NOT CAUGHT, GONE (the text does not occur exactly once) or BROKEN (the tests could not run)."""
    folder = copies.get()
    try:
        file = folder / mutant.file
        if file.read_text().count(mutant.old) != 1:
            return "GONE"
        with changed(file, mutant.old, mutant.new):
            return _verdict(folder, mutant)
    finally:
        copies.put(folder)


def _verdict(folder: Path, mutant: Mutant) -> str:
    return {CAUGHT: "caught", SURVIVES: "NOT CAUGHT"}.get(_run(folder, mutant.tests.split(), mutant.database), "BROKEN")


def _run(folder: Path, tests: list[str], database: str) -> int:
    """Run the tests; return pytest's exit code."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    surroundings = {name: value for name, value in environ.items() if not name.startswith(("DATABASE", "DJANGO"))}
    done = subprocess.run(
        command, cwd=folder, env=surroundings | {"DATABASE": database, "MUTANTS": "1"}, capture_output=True, check=False
    )
    return done.returncode


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
