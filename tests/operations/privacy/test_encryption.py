"""Numbers are encrypted for their row under the keys of DATA_KEYS, found by hashes, and renewed while people go on."""

import io
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import Client

from onboarding import signals
from onboarding.models import Announcement, Binding, OnboardingSession, of_number
from onboarding.models.number import UNKNOWN, number_hash
from onboarding.operations.privacy import encryption
from onboarding.operations.recovery import recover
from onboarding.operations.restore import after_restore
from tests.crashes import Crash
from tests.desk.test_admin import BINDINGS, SESSIONS, a_binding, a_session, ada, desk, detail, rows
from tests.journey.visitor import Visitor

__all__ = ["ada", "desk"]

TYPED, NUMBER, OTHER = "201 555 0123", "+12015550123", "+12015550199"
MODELS = (OnboardingSession, Binding)

pytestmark = pytest.mark.django_db


def key() -> str:
    return secrets.token_urlsafe(50)


def stored(row: Any) -> str:
    """Return what the row's column `number` holds in the database."""
    with connection.cursor() as cursor:
        name = row._meta.pk.get_db_prep_value(row.pk, connection)
        cursor.execute(f"SELECT number FROM {row._meta.db_table} WHERE id = %s", [name])
        return str(cursor.fetchone()[0])


def all_stored() -> list[str]:
    return [stored(row) for model in MODELS for row in model._default_manager.all()]


def run() -> str:
    out = io.StringIO()
    call_command("encrypt", stdout=out)
    return out.getvalue().strip()


def new(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def store_plain(number: str = NUMBER) -> None:
    """Leave the rows as an earlier release wrote them."""
    for model in MODELS:
        model._default_manager.update(number=number, number_hash="", block_hash="", country="")


# --- What is stored ------------------------------------------------------------------------------------------------


def test_a_number_is_stored_encrypted_and_read_as_it_was() -> None:
    for row in (a_session(number=NUMBER), a_binding(number=NUMBER)):
        assert stored(row).startswith("aes1:") and NUMBER not in stored(row)
        assert new(row).number == NUMBER and new(row).phone.display == "+1 201-555-0123"


def test_two_rows_of_one_number_do_not_show_that_it_is_the_same() -> None:
    assert stored(a_session(number=NUMBER)) != stored(a_session(number=NUMBER))


def test_without_keys_numbers_are_stored_plain_and_a_plain_one_is_read_with_keys(settings: Any) -> None:
    keys, settings.DATA_KEYS = settings.DATA_KEYS, []
    session = a_session(number=NUMBER)
    assert stored(session) == NUMBER
    settings.DATA_KEYS = keys
    assert new(session).number == NUMBER


def test_a_node_that_knows_the_first_key_reads_what_others_encrypt_before_it_encrypts_itself(settings: Any) -> None:
    [only] = settings.DATA_KEYS
    session = a_session(number=NUMBER)
    settings.DATA_KEYS = ["plain", only]
    assert new(session).number == NUMBER and stored(a_session(number=OTHER)) == OTHER


# --- Another place -------------------------------------------------------------------------------------------------


@contextmanager
def operators_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Expect a line for the operator."""
    caplog.clear()
    with caplog.at_level(logging.ERROR, "onboarding"):
        yield
    assert "cannot be decrypted" in caplog.text and NUMBER not in caplog.text


def test_a_ciphertext_is_not_decrypted_in_another_row(caplog: pytest.LogCaptureFixture) -> None:
    pairs: list[tuple[Any, Any]] = [
        (a_session(number=NUMBER), a_session(number=OTHER)),
        (a_binding(), a_binding(number=OTHER)),
    ]
    for one, other in pairs:
        type(one)._default_manager.filter(pk=other.pk).update(number=stored(one))
        with operators_log(caplog):
            assert new(other).masked == UNKNOWN


def test_a_ciphertext_is_not_decrypted_in_another_table(caplog: pytest.LogCaptureFixture) -> None:
    session = a_session(number=NUMBER)
    binding = a_binding(public_id=session.pk)
    Binding.objects.update(number=stored(session))
    with operators_log(caplog):
        assert new(binding).masked == UNKNOWN


@pytest.mark.parametrize("spoilt", ["aes1:", "aes1:00000000:AAAA", "aes1:a:b:c", "aes1::é"])
def test_what_is_no_ciphertext_is_a_line_for_the_operator(caplog: pytest.LogCaptureFixture, spoilt: str) -> None:
    session = a_session(number=NUMBER)
    OnboardingSession.objects.update(number=spoilt)
    with operators_log(caplog):
        assert new(session).masked == UNKNOWN


def test_the_pages_of_a_person_whose_number_cannot_be_decrypted_say_to_try_again(
    visitor: Visitor, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.starts(TYPED)
    settings.DATA_KEYS, visitor.client.raise_request_exception = [key()], False
    with operators_log(caplog):
        assert visitor.opens("/code/").status == 503


def test_the_desk_shows_rows_whose_number_cannot_be_decrypted(
    desk: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    session, binding = a_session(number=NUMBER, state="in_review"), a_binding(number=NUMBER)
    settings.DATA_KEYS = [key()]
    for path in ("/admin/", SESSIONS, BINDINGS, detail(session), detail(binding)):
        with operators_log(caplog):
            response = desk.get(path)
        assert response.status_code == 200 and UNKNOWN in response.content.decode()
    act = detail(session).replace("/change/", "/reveal/")
    page = desk.post(act, {"reason": "a ticket"}, follow=True).content.decode()
    assert "cannot be decrypted" in page


# --- Finding -------------------------------------------------------------------------------------------------------


def test_all_spellings_of_a_phone_find_its_rows_also_those_of_an_earlier_release() -> None:
    for number in ("+5491123456789", "+541123456789"):
        a_session(number=number)
        for spelling in ("+5491123456789", "+541123456789"):
            assert OnboardingSession.objects.filter(of_number(spelling)).count() == 1
            OnboardingSession.objects.update(number=number, number_hash="")
            assert OnboardingSession.objects.filter(of_number(spelling)).count() == 1
            OnboardingSession.objects.update(number_hash=number_hash(number))
        OnboardingSession.objects.all().delete()


def test_the_desk_finds_a_number_under_the_key_of_before(desk: Client, settings: Any) -> None:
    session = a_session(number=NUMBER)
    settings.LASTING_KEY_FALLBACKS, settings.LASTING_KEY = [settings.LASTING_KEY or settings.SECRET_KEY], key()
    assert rows_of(desk) == {session.pk}
    run()
    settings.LASTING_KEY_FALLBACKS = []
    assert rows_of(desk) == {session.pk}


def rows_of(desk: Client) -> set[object]:
    target = desk.post(f"{SESSIONS}find/", {"number": TYPED}).headers["Location"]
    return rows(desk, target) if "same_number_as" in target else set()


def test_a_device_is_recognised_across_both_rotations(visitor: Visitor, settings: Any) -> None:
    visitor.links(TYPED, NUMBER)
    settings.LASTING_KEY_FALLBACKS, settings.LASTING_KEY = [settings.LASTING_KEY or settings.SECRET_KEY], key()
    settings.DATA_KEYS = [key(), *settings.DATA_KEYS]
    assert visitor.starts(TYPED).path == "/done/"
    assert run().endswith("left: 0, undecryptable: 0")
    settings.LASTING_KEY_FALLBACKS, settings.DATA_KEYS = [], settings.DATA_KEYS[:1]
    assert visitor.starts(TYPED).path == "/done/"
    assert Binding.objects.count() == 1


# --- manage.py encrypt -----------------------------------------------------------------------------------------------


def test_rows_of_an_earlier_release_are_encrypted_and_hashed(visitor: Visitor) -> None:
    visitor.links(TYPED, NUMBER)
    store_plain()
    assert visitor.starts(TYPED).path == "/done/"
    store_plain()
    assert run() == "written: 3, left: 0, undecryptable: 0"
    assert all(each.startswith("aes1:") for each in all_stored())
    assert {(row.number, row.country) for model in MODELS for row in model._default_manager.all()} == {(NUMBER, "US")}
    assert run() == "written: 0, left: 0, undecryptable: 0"


def test_a_retired_key_can_be_removed_when_nothing_is_left(settings: Any) -> None:
    session, binding = a_session(number=NUMBER), a_binding(number=NUMBER)
    settings.DATA_KEYS = [key(), *settings.DATA_KEYS]
    assert encryption.count().left == 2
    assert run() == "written: 2, left: 0, undecryptable: 0"
    settings.DATA_KEYS = settings.DATA_KEYS[:1]
    assert new(session).number == new(binding).number == NUMBER


def test_encryption_can_be_taken_back(settings: Any) -> None:
    a_session(number=NUMBER)
    settings.DATA_KEYS = ["plain", *settings.DATA_KEYS]
    assert run() == "written: 1, left: 0, undecryptable: 0"
    assert all_stored() == [NUMBER]


def test_rows_that_no_key_decrypts_are_told_and_stay(settings: Any) -> None:
    session = a_session(number=NUMBER)
    before, settings.DATA_KEYS = stored(session), [key()]
    with pytest.raises(CommandError, match="Keep all keys"):
        run()
    assert stored(session) == before


def test_a_run_that_was_killed_half_way_is_resumed_and_loses_nothing(settings: Any, monkeypatch: Any) -> None:
    numbers = {a_session(number=f"+1201555{n:04}").pk: f"+1201555{n:04}" for n in range(100, 120)}
    settings.DATA_KEYS = [key(), *settings.DATA_KEYS]
    monkeypatch.setattr(encryption, "BATCH", 3)
    write, batches = encryption._write, iter(range(4))

    def dies(*args: Any) -> int:
        if next(batches, None) is None:
            raise Crash
        return write(*args)

    with patch.object(encryption, "_write", dies), pytest.raises(Crash):
        encryption.renew()
    assert encryption.count().left == 8
    assert {row.pk: row.number for row in OnboardingSession.objects.all()} == numbers
    assert run() == "written: 8, left: 0, undecryptable: 0"
    assert {row.pk: row.number for row in OnboardingSession.objects.all()} == numbers


def test_a_row_that_changes_meanwhile_is_left_as_it_is(settings: Any) -> None:
    binding = a_binding(number=NUMBER)
    settings.DATA_KEYS = [key(), *settings.DATA_KEYS]
    write = encryption._write

    def after_another(model: Any, batch: Any) -> int:
        for row in batch if model is Binding else ():
            new(row).save()  # under the new key, by another process
            before.append(stored(row))
        return write(model, batch)

    before: list[str] = []
    with patch.object(encryption, "_write", after_another):
        assert encryption.renew().left == 0
    assert [stored(binding)] == before


# --- Signals and backups ---------------------------------------------------------------------------------------------


def test_a_signal_that_waits_is_stored_encrypted_is_renewed_and_is_sent(settings: Any, later: Any) -> None:
    got: list[str] = []

    def receiver(change: signals.NumberLinked, **_: object) -> None:
        got.append(change.number)

    signals.number_linked.connect(receiver)
    try:
        signals.announce(signals.NumberLinked(user="1", number=NUMBER, binding="1"))
        assert NUMBER not in str(Announcement.objects.get().change)
        settings.DATA_KEYS = [key(), *settings.DATA_KEYS]
        assert run() == "written: 1, left: 0, undecryptable: 0"
        settings.DATA_KEYS = settings.DATA_KEYS[:1]
        Announcement.objects.update(at=F("at") - timedelta(minutes=5))
        assert recover()["signals sent"] == 1
    finally:
        signals.number_linked.disconnect(receiver)
    assert got == [NUMBER]


def test_the_bindings_of_a_restored_backup_keep_their_numbers_under_new_names(settings: Any) -> None:
    binding = a_binding(number=NUMBER)
    after_restore()
    assert new(binding).public_id != binding.public_id and new(binding).number == NUMBER


def test_a_restored_binding_that_no_key_decrypts_gets_a_new_name_all_the_same(settings: Any) -> None:
    binding = a_binding(number=NUMBER)
    before, settings.DATA_KEYS = stored(binding), [key()]
    after_restore()
    assert new(binding).public_id != binding.public_id and stored(binding) == before
