from django.db import migrations, models

from onboarding.migrations import _concurrently


class Migration(migrations.Migration):

    atomic = False  # as the index is made while the table is in use

    dependencies = [
        ('proveflow', '0023_decision_text'),
    ]

    operations = [
        migrations.AddField(
            model_name='onboardingsession',
            name='address_hash',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='Keyed hash of the address that began it; in IPv6, of its /64.', max_length=64),
        ),
        migrations.AlterField(
            model_name='onboardingsession',
            name='channels_off',
            field=models.CharField(blank=True, db_default='', default='', help_text='Not offered: the Verify service does not have them, or they did not reach the number.', max_length=24),
        ),
        _concurrently.AddIndex(
            model_name='onboardingsession',
            index=models.Index(condition=models.Q(('address_hash', ''), _negated=True), fields=['address_hash', '-created_at'], name='session_by_address'),
        ),
    ]
