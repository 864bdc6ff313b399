import uuid
from typing import Any

from django.db import migrations, models

from onboarding.migrations._relabelled import Relabelled


def name_bindings(apps: Any, _schema_editor: Any) -> None:
    bindings = apps.get_model("proveflow", "Binding").objects
    for binding in bindings.filter(public_id=None).only("pk").iterator():
        bindings.filter(pk=binding.pk).update(public_id=uuid.uuid4())


class Migration(Relabelled):

    dependencies = [
        ("proveflow", "0004_what_people_read"),
    ]

    operations = [
        migrations.AddField("binding", "public_id", models.UUIDField(null=True, editable=False)),
        migrations.RunPython(name_bindings, migrations.RunPython.noop),
        migrations.AlterField(
            "binding",
            "public_id",
            models.UUIDField(
                unique=True, default=uuid.uuid4, editable=False, help_text="What cookies name it by: no restore reuses it."
            ),
        ),
    ]
