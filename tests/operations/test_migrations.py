"""Migrations keep what a database has."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate(name: str) -> Any:
    """Migrate to the migration whose name begins so; return the models of that time."""
    executor = MigrationExecutor(connection)
    (target,) = [key for key in executor.loader.graph.nodes if key[0] == "onboarding" and key[1].startswith(name)]
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
    binding = before.get_model("onboarding", "Binding")
    for key in ("one", "two"):
        binding.objects.create(user_id=user.pk, number="+12015550123", prove_id="1", device_id=key, name="Prove Key")
    after = migrate("0005").get_model("onboarding", "Binding")
    assert len({row.public_id for row in after.objects.all()} - {None}) == 2
