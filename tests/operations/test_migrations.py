"""Migrations keep what a database has."""

import uuid
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, DeleteModel, RemoveField, RenameField, RenameModel
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import NOT_PROVIDED
from django.utils import timezone

from onboarding.models import number

TAKES_AWAY = (DeleteModel, RemoveField, RenameField, RenameModel)


def migrate(name: str) -> Any:
    """Migrate to the migration whose name begins so; return the models of that time."""
    executor = MigrationExecutor(connection)
    (target,) = [key for key in executor.loader.graph.nodes if key[0] == "proveflow" and key[1].startswith(name)]
    return executor.migrate([target]).apps


@pytest.fixture
def _migrated_afterwards(transactional_db: None) -> Iterator[None]:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.usefixtures("_migrated_afterwards")
def test_each_binding_of_an_earlier_version_gets_a_public_id_of_its_own() -> None:
    before = migrate("0004")
    user = before.get_model("auth", "User").objects.create(username="prove:1")
    binding = before.get_model("proveflow", "Binding")
    for key in ("one", "two"):
        binding.objects.create(user_id=user.pk, number="+12015550123", prove_id="1", device_id=key, name="Prove Key")
    after = migrate("0005").get_model("proveflow", "Binding")
    assert len({row.public_id for row in after.objects.all()} - {None}) == 2


@pytest.mark.usefixtures("_migrated_afterwards")
def test_rows_of_an_earlier_version_get_the_columns_that_are_made_of_their_number(monkeypatch: Any) -> None:
    monkeypatch.setattr(import_module("onboarding.migrations.0013_number_hash"), "BATCH", 2)
    MigrationExecutor(connection).migrate([("proveflow_api", None)])  # it needs the newest
    before = migrate("0012")
    user = before.get_model("auth", "User").objects.create(username="prove:1")
    numbers = [f"+1201555010{n}" for n in range(5)]
    for e164 in numbers:
        before.get_model("proveflow", "OnboardingSession").objects.create(
            start_key=uuid.uuid4(), number=e164, expires_at=timezone.now()
        )
        before.get_model("proveflow", "Binding").objects.create(
            user_id=user.pk, number=e164, prove_id="1", device_id=e164, name="Prove Key"
        )
    after = migrate("0013")
    for model in ("OnboardingSession", "Binding"):
        rows = after.get_model("proveflow", model).objects.order_by("number")
        assert [row.number_hash for row in rows] == [number.number_hash(e164) for e164 in numbers]
        assert {(row.block_hash, row.country) for row in rows} == {(number.block_hash(numbers[0]), "US")}


@pytest.mark.usefixtures("_migrated_afterwards")
def test_a_database_of_the_old_label_keeps_its_rows_and_its_reviewers_their_permissions() -> None:
    MigrationExecutor(connection).migrate([("proveflow_api", None)])  # it is younger
    before = migrate("0008")
    before.get_model("proveflow", "ProveKey").objects.create(device_id="one")
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app="proveflow").update(
        app="onboarding"
    )  # as the database of an earlier version has it
    kind = before.get_model("contenttypes", "ContentType").objects.create(app_label="onboarding", model="binding")
    permission = before.get_model("auth", "Permission").objects.create(content_type=kind, codename="revoke_binding")
    before.get_model("auth", "Group").objects.create(name="Reviewers").permissions.add(permission)
    after = migrate("0009")
    assert after.get_model("proveflow", "ProveKey").objects.get().device_id == "one"
    kept = after.get_model("auth", "Group").objects.get().permissions.values_list("content_type__app_label", "codename")
    assert sorted(kept) == [("onboarding", "revoke_binding"), ("proveflow", "revoke_binding")]
    recorder.migration_qs.filter(app="onboarding").delete()


@pytest.mark.usefixtures("_migrated_afterwards")
def test_groups_of_roles_get_names_of_their_own_and_those_of_the_host_keep_theirs() -> None:
    before = migrate("0011")
    kind = before.get_model("contenttypes", "ContentType").objects
    ours, _ = kind.get_or_create(app_label="proveflow", model="binding")
    hosts, _ = kind.get_or_create(app_label="shop", model="order")
    user = before.get_model("auth", "User").objects.create(username="ada")
    for name, kinds in (("Reviewers", [ours]), ("Leads", [hosts]), ("Auditors", [ours, hosts]), ("Viewers", [])):
        group = before.get_model("auth", "Group").objects.create(name=name)
        for each in kinds:
            permission = before.get_model("auth", "Permission").objects
            group.permissions.add(permission.get_or_create(content_type=each, codename=f"view_{each.model}")[0])
        user.groups.add(group)
    names = migrate("0012").get_model("auth", "User").objects.get().groups.values_list("name", flat=True)
    assert sorted(names) == ["Auditors", "Leads", "Viewers", "proveflow reviewers"]


@pytest.mark.usefixtures("_migrated_afterwards")
def test_an_app_of_the_host_project_with_the_old_label_is_not_taken_for_ours() -> None:
    for app in ("proveflow_api", "proveflow"):
        MigrationExecutor(connection).migrate([(app, None)])
    recorder = MigrationRecorder(connection)
    recorder.record_applied("onboarding", "0001_initial")
    migrate("0001").get_model("proveflow", "Lease").objects.count()
    recorder.record_unapplied("onboarding", "0001_initial")


def test_what_a_release_adds_does_not_stop_the_release_before() -> None:
    loader = MigrationLoader(None)
    ours = [migration for (app, _), migration in loader.disk_migrations.items() if app.startswith("proveflow")]
    operations = [operation for migration in ours for operation in migration.operations]
    assert [each for each in operations if isinstance(each, TAKES_AWAY)] == []
    added = {(each.model_name_lower, each.name) for each in operations if isinstance(each, AddField)}
    assert added
    state = loader.project_state()
    for (app, _), model in state.models.items():
        if app == "proveflow":
            columns = {name: field for name, field in model.fields.items() if (model.name_lower, name) in added}
            required = [name for name, field in columns.items() if not field.null and field.db_default is NOT_PROVIDED]
            assert required == [], f"{model.name}: the release before writes rows without these"
