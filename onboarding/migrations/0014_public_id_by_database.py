# Processes of the release before do not know the column.

import onboarding.models.binding
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('proveflow', '0013_number_hash'),
    ]

    operations = [
        migrations.AlterField(
            model_name='binding',
            name='public_id',
            field=models.UUIDField(db_default=onboarding.models.binding.RandomUUID(), default=uuid.uuid4, editable=False, help_text='What cookies name it by: no restore reuses it.', unique=True),
        ),
    ]
