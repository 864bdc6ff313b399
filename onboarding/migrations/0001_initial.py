# The models of the first release. It replaces the ten migrations from before that release.

import django.db.models.deletion
import django.db.models.functions.datetime
import onboarding.domain.states
import uuid
from django.conf import settings
from django.db import migrations, models

from onboarding.migrations._relabelled import Relabelled


class Migration(Relabelled):

    initial = True

    replaces = [
        ('proveflow', '0001_begin'),
        ('proveflow', '0002_risk_signals'),
        ('proveflow', '0003_handoff'),
        ('proveflow', '0004_reviews'),
        ('proveflow', '0005_tell_prove'),
        ('proveflow', '0006_limits'),
        ('proveflow', '0007_moved_keys'),
        ('proveflow', '0008_pages'),
        ('proveflow', '0009_code_of_a_lease'),
        ('proveflow', '0010_words_and_language'),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Cell',
            fields=[
                ('key', models.CharField(help_text='Keyed hash of budget and subject.', max_length=64, primary_key=True, serialize=False)),
                ('tat', models.BigIntegerField(db_index=True, help_text='Theoretical arrival time: empty from then on. ms since 1970.')),
            ],
            options={
                'db_table': 'onboarding_cell',
            },
        ),
        migrations.CreateModel(
            name='Handoff',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('token_hash', models.CharField(help_text='SHA-256 of what the scanned link holds.', max_length=64, unique=True)),
                ('stage', models.CharField(choices=[('offered', 'offered'), ('scanned', 'scanned'), ('confirmed', 'confirmed'), ('done', 'done'), ('over', 'over')], default=onboarding.domain.states.Stage['OFFERED'], max_length=12)),
                ('match_number', models.PositiveSmallIntegerField(help_text='Shown by the phone, typed on the computer.', null=True)),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'db_table': 'onboarding_handoff',
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('key', models.CharField(help_text='Keyed hash of the number.', max_length=64, primary_key=True, serialize=False)),
                ('journey', models.UUIDField()),
                ('ends_at', models.DateTimeField(db_index=True)),
                ('verification_sid', models.CharField(blank=True, db_default='', max_length=34)),
                ('code_sent_at', models.DateTimeField(null=True)),
                ('guesses', models.PositiveSmallIntegerField(db_default=0)),
            ],
            options={
                'db_table': 'onboarding_lease',
            },
        ),
        migrations.CreateModel(
            name='Binding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('number', models.CharField(db_index=True, max_length=16)),
                ('prove_id', models.CharField(db_index=True, max_length=128)),
                ('device_id', models.CharField(blank=True, max_length=128)),
                ('language', models.CharField(blank=True, db_default='', help_text='Of the pages that it was linked on.', max_length=16)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='linked')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revoked')),
                ('tell_prove_at', models.DateTimeField(help_text='Revoked, and Prove does not know yet: when to tell it.', null=True)),
                ('moved_from', models.ForeignKey(help_text='The binding that its key had before.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='proveflow.binding', verbose_name='moved from')),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'onboarding_binding',
                'verbose_name': 'binding',
                'verbose_name_plural': 'bindings',
                'ordering': ['-created_at'],
                'permissions': [('revoke_binding', 'Can revoke a binding'), ('reveal_binding', "Can see a binding's whole number")],
            },
        ),
        migrations.CreateModel(
            name='OnboardingSession',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('start_key', models.UUIDField(help_text='The phone page that asked for it: one page, one start.', unique=True)),
                ('journey', models.UUIDField(default=uuid.uuid4, help_text='Handed on from session to session of one browser.')),
                ('number', models.CharField(db_index=True, help_text='E.164, written once.', max_length=16)),
                ('recalled', models.BooleanField(default=False, help_text='Not typed: this browser was asked to remember it.')),
                ('notices_version', models.CharField(blank=True, help_text='Of the words accepted by going on.', max_length=32)),
                ('notices_accepted_at', models.DateTimeField(null=True)),
                ('rebind', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('starting', 'starting'), ('started', 'started'), ('checking_device', 'checking_device'), ('authenticated', 'authenticated'), ('rebind_offered', 'rebind_offered'), ('possession_required', 'possession_required'), ('sending_code', 'sending_code'), ('code_sent', 'code_sent'), ('checking_code', 'checking_code'), ('possession_passed', 'possession_passed'), ('binding', 'binding'), ('bound', 'bound'), ('bind_unknown', 'bind_unknown'), ('in_review', 'in_review'), ('declined', 'declined'), ('failed', 'failed'), ('superseded', 'superseded'), ('expired', 'expired')], default=onboarding.domain.states.State['STARTING'], max_length=24)),
                ('version', models.PositiveIntegerField(default=1)),
                ('notice', models.CharField(blank=True, choices=[('try_again', 'try_again'), ('still_checking', 'still_checking'), ('code_wrong', 'code_wrong'), ('code_expired', 'code_expired'), ('code_unknown', 'code_unknown'), ('too_many_guesses', 'too_many_guesses'), ('send_unknown', 'send_unknown'), ('send_failed', 'send_failed'), ('cannot_text', 'cannot_text'), ('cannot_call', 'cannot_call'), ('too_soon', 'too_soon'), ('too_many_sends', 'too_many_sends'), ('moved_lately', 'moved_lately'), ('not_a_mobile', 'not_a_mobile')], max_length=24)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True, verbose_name='begun')),
                ('moved_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='last moved')),
                ('expires_at', models.DateTimeField(verbose_name='ends')),
                ('client_request_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('correlation_id', models.CharField(max_length=128, null=True, unique=True)),
                ('status_calls', models.PositiveSmallIntegerField(default=0, verbose_name='times that Prove was asked')),
                ('evaluation', models.JSONField(default=dict, help_text="Prove's words, whole.")),
                ('failure_reasons', models.JSONField(default=dict, help_text='Code to text, verbatim.')),
                ('line_type', models.CharField(blank=True, help_text="Twilio's word; empty if it was not asked.", max_length=24, verbose_name='kind of line')),
                ('review', models.CharField(blank=True, choices=[('approved', 'approved'), ('declined', 'declined')], max_length=8)),
                ('reviewed_at', models.DateTimeField(null=True)),
                ('channel', models.CharField(choices=[('sms', 'sms'), ('call', 'call')], default=onboarding.domain.states.Channel['SMS'], max_length=8)),
                ('verification_sid', models.CharField(blank=True, max_length=34)),
                ('sends', models.PositiveSmallIntegerField(default=0, verbose_name='codes sent')),
                ('guesses', models.PositiveSmallIntegerField(default=0, help_text='Of the latest code.', verbose_name='codes tried')),
                ('code_sent_at', models.DateTimeField(help_text='When the latest code was first sent.', null=True, verbose_name='code sent')),
                ('send_again_at', models.DateTimeField(null=True, verbose_name='may be sent again')),
                ('approved_at', models.DateTimeField(null=True, verbose_name='code was right')),
                ('binding', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sessions', to='proveflow.binding', verbose_name='binding')),
                ('moves_from', models.ForeignKey(help_text='A rebind: what the browser is verified by.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='proveflow.binding')),
                ('previous', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='next_ones', to='proveflow.onboardingsession', verbose_name='previous session')),
            ],
            options={
                'db_table': 'onboarding_onboardingsession',
                'verbose_name': 'onboarding session',
                'verbose_name_plural': 'onboarding sessions',
                'ordering': ['-created_at'],
                'permissions': [('approve_onboardingsession', 'Can lift a hold'), ('decline_onboardingsession', 'Can decline what is held'), ('reveal_onboardingsession', "Can see a session's whole number")],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
                ('name', models.CharField(max_length=40)),
                ('from_state', models.CharField(blank=True, max_length=24)),
                ('to_state', models.CharField(blank=True, max_length=24)),
                ('version', models.PositiveIntegerField(null=True)),
                ('facts', models.JSONField(default=dict)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('binding', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='proveflow.binding')),
                ('session', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='proveflow.onboardingsession')),
            ],
            options={
                'db_table': 'onboarding_event',
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='binding',
            constraint=models.UniqueConstraint(models.F('device_id'), condition=models.Q(('confirmed', True), models.Q(('device_id', ''), _negated=True)), name='one_number_a_key'),
        ),
        migrations.AddConstraint(
            model_name='binding',
            constraint=models.UniqueConstraint(condition=models.Q(('confirmed', True), ('device_id', '')), fields=('user', 'number'), name='one_binding_without_a_key'),
        ),
        migrations.AddConstraint(
            model_name='binding',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed', True), ('revoked_at__isnull', False), _connector='XOR'), name='revoked_is_not_confirmed'),
        ),
        migrations.AddIndex(
            model_name='onboardingsession',
            index=models.Index(fields=['state', '-created_at'], name='session_by_state'),
        ),
        migrations.AddConstraint(
            model_name='onboardingsession',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['starting', 'started', 'checking_device', 'authenticated', 'rebind_offered', 'possession_required', 'sending_code', 'code_sent', 'checking_code', 'possession_passed', 'binding', 'bound', 'bind_unknown', 'in_review', 'declined', 'failed', 'superseded', 'expired'])), name='session_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='onboardingsession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['possession_passed', 'binding', 'bound', 'bind_unknown']), _negated=True), ('approved_at__isnull', False), _connector='OR'), name='session_binds_only_what_was_approved'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(fields=('session', 'version'), name='one_line_a_version'),
        ),
    ]
