from typing import Any

from django.db import migrations

ROLES = ("viewer", "reviewer", "lead", "auditor")
OURS = ("proveflow", "onboarding")  # labels of the app, now and before


def rename(apps: Any, _schema_editor: Any) -> None:
    """Give our groups names that no other app has. One that has a permission of another app is not ours."""
    groups = apps.get_model("auth", "Group").objects
    for role in ROLES:
        name = f"proveflow {role}s"
        group = groups.filter(name=f"{role.title()}s", permissions__content_type__app_label__in=OURS).first()
        if group is None or groups.filter(name=name).exists():
            continue
        if not group.permissions.exclude(content_type__app_label__in=OURS).exists():
            group.name = name
            group.save()


class Migration(migrations.Migration):

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("proveflow", "0011_cases"),
    ]

    operations = [
        migrations.RunPython(rename, migrations.RunPython.noop, elidable=True),
    ]
