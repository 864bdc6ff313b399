from typing import Any

from django.conf import settings
from django.db import migrations

from onboarding.migrations._relabelled import OLD_LABEL, was_used


def keep_permissions(apps: Any, schema_editor: Any) -> None:
    """Give those who have a permission under the old label the same one under the new label."""
    if not was_used(schema_editor):
        return
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    for old in permissions.filter(content_type__app_label=OLD_LABEL).select_related("content_type"):
        kind, _ = content_types.get_or_create(app_label="proveflow", model=old.content_type.model)
        new, _ = permissions.get_or_create(content_type=kind, codename=old.codename, defaults={"name": old.name})
        new.group_set.add(*old.group_set.all())
        if hasattr(old, "user_set"):  # not if the user model has no permissions
            new.user_set.add(*old.user_set.all())


class Migration(migrations.Migration):
    """Processes of an old release still find the permissions under the old label."""

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("proveflow", "0008_desk_at_size"),
    ]

    operations = [
        migrations.RunPython(keep_permissions, migrations.RunPython.noop, elidable=True),
    ]
