"""Fills a PostgreSQL database with sessions as they are after months of use, by SQL: a million take a few minutes.

`DATABASE_URL=... python -m tests.seed 1000000` does it from the command line.
"""

import os
import sys

NAMES = (
    *("flow:asked", "flow:answered", "device:asked", "device:answered", "code:asked", "code:sent", "guess:answered"),
    "bind:answered",
)
EVENTS_A_SESSION = len(NAMES)
SEEDED = ("bound", 45), ("authenticated", 25), ("expired", 12), ("superseded", 9), ("declined", 5), ("in_review", 2)
DAYS = 90

SESSIONS = """
INSERT INTO onboarding_onboardingsession (
    id, start_key, client_request_id, correlation_id, journey, number, recalled, notices_version, rebind, state,
    version, notice, created_at, moved_at, expires_at, status_calls, evaluation, failure_reasons, line_type, review,
    reviewed_at, channel, verification_sid, sends, guesses, approved_at, device_id)
SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'correlation-' || n, gen_random_uuid(),
    '+1201' || lpad((n * 7919 % {numbers})::text, 7, '0'), false, '1', n % 20 = 0, state, {events},
    CASE WHEN n % 50 = 0 THEN 'code_wrong' WHEN n % 5000 = 7 THEN 'opted_out' ELSE '' END,
    begun, begun + interval '1 minute', begun + interval '30 minutes', 1, '{{"risk": {{"result": "pass"}}}}',
    CASE WHEN n % 5000 = 11 THEN '{{"9136": "port"}}'
         WHEN n % 10 = 7 AND n < {sessions} * 0.1 THEN '{{"9137": "forwarding"}}'
         WHEN n % 100 = 1 THEN '{{"9135": "SIM swap"}}'
         WHEN n % 20 = 0 THEN '{{"9101": "another number", "9100": "none"}}' ELSE '{{}}' END::jsonb,
    'mobile', CASE WHEN state <> 'in_review' OR n > {sessions} * 0.99 THEN ''
                   WHEN n % 3 = 0 THEN 'declined' ELSE 'approved' END,
    begun + interval '2 hours', 'sms', 'VE' || md5(n::text), 1, 1, begun + interval '50 seconds', 'key-' || n % {keys}
FROM (SELECT n, now() - interval '{days} days' * (1 - n::float / {sessions}) AS begun,
             CASE WHEN n % 10 = 3 AND n < {sessions} * 0.01 THEN 'bind_unknown'  -- only long ago
                  ELSE (ARRAY[{states}])[1 + n * 31 % {weight}] END AS state
      FROM generate_series(1, {sessions}::bigint) AS n) AS rows"""
EVENTS = """
INSERT INTO onboarding_event (at, name, session_id, from_state, to_state, version, facts)
SELECT created_at + interval '5 seconds' * step,
    CASE WHEN step = 5 AND sends = 1 AND hashtext(id::text) % 200 = 0 THEN 'code:unanswered' ELSE ({names})[step] END,
    id, 'started', CASE step WHEN {events} THEN state ELSE 'checking_device' END, step,
    CASE WHEN step = 7 AND state = 'bound' THEN '{{"approved": true}}'
         WHEN step = 5 THEN '{{"error": "Uncertain"}}' ELSE '{{}}' END::jsonb
FROM onboarding_onboardingsession, generate_series(1, {events}) AS step"""
PEOPLE = """
INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT '!', false, 'prove:seed-' || n, '', '', '', false, true, now() FROM generate_series(1, {keys}::bigint) AS n"""
BINDINGS = """
INSERT INTO onboarding_binding (
    user_id, name, confirmed, public_id, number, prove_id, device_id, created_at, revoked_at)
SELECT id, 'Prove Key', n % 10 > 0, gen_random_uuid(), '+1201' || lpad((n * 7919 % {numbers})::text, 7, '0'),
    'seed-' || n, 'key-' || n, now() - interval '{days} days' * random(), CASE WHEN n % 10 = 0 THEN now() END
FROM (SELECT id, substr(username, 12)::bigint AS n FROM auth_user WHERE username LIKE 'prove:seed-%%') AS people"""
KEYS = """
INSERT INTO onboarding_provekey (device_id, revoked_at)
SELECT device_id, revoked_at FROM onboarding_binding ON CONFLICT DO NOTHING"""
TABLES = ("onboarding_onboardingsession", "onboarding_event", "auth_user", "onboarding_binding", "onboarding_provekey")


def seed(sessions: int) -> None:
    """Insert as many sessions, half as many bindings with their people and keys, and 8 events for each session."""
    from django.db import connection

    from onboarding.figures.rollup import AT_ONCE, CHUNKS, roll_up
    from onboarding.models import Figure, RollUp
    from onboarding.operations.privacy.encryption import renew

    states = [f"'{state}'" for state, weight in SEEDED for _ in range(weight)]
    figures = {
        "sessions": sessions,
        "numbers": max(1, sessions // 2),
        "keys": max(1, sessions // 2),
        "events": EVENTS_A_SESSION,
        "names": "ARRAY[" + ", ".join(f"'{name}'" for name in NAMES) + "]",
        "days": DAYS,
        "states": ", ".join(states),
        "weight": len(states),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET session_replication_role = replica")  # no checks of foreign keys
        for statement in (SESSIONS, EVENTS, PEOPLE, BINDINGS, KEYS):
            cursor.execute(statement.format(**figures))
    renew()
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ANALYZE {table}")
        cursor.execute("RESET session_replication_role; RESET statement_timeout")
    Figure.objects.all().delete()
    RollUp.objects.all().delete()
    for _ in range(2 + EVENTS_A_SESSION * sessions // (AT_ONCE * CHUNKS)):
        roll_up()


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proveflow.settings")
    django.setup()
    seed(int(sys.argv[1]))
