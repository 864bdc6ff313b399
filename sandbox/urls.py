"""The sandbox's paths, included under sandbox/ by the product and by `sandbox.root`."""

from django.urls import path, re_path

from sandbox.desk import control, views
from sandbox.prove import identity, regions, token, unify, web_sdk
from sandbox.prove import wire as prove
from sandbox.twilio import lookup, messages, service, verify
from sandbox.twilio import wire as twilio
from sandbox.wire.call import ByMethod

PROVE = {
    "token": token.token,
    "v3/unify": unify.unify,
    "v3/unify-status": unify.unify_status,
    "v3/unify-bind": unify.unify_bind,
    "v3/device/revoke": identity.revoke,
    "v3/identity/<number>/lookup": identity.lookup,
    "v3/identity/<prove_id>": identity.identity,
    "v1/client/device/passive/register": web_sdk.register,
    "v1/client/device/passive/verify": web_sdk.verify,
    "v1/client/device/passive/error": web_sdk.error,
    "v1/client/challenge": web_sdk.challenge,
    "v1/client/device/unregister": web_sdk.unregister,
    "v1/client/stepup/unregister": web_sdk.unregister_passkey,
}
TWILIO_POST = {
    "v2/Services/<service>/Verifications": verify.create,
    "v2/Services/<service>/VerificationCheck": verify.check,
    "2010-04-01/Accounts/<account>/Messages.json": messages.create,
}
VERIFICATION = {"GET": verify.fetch, "POST": verify.update}
PHONE_NUMBER = {"GET": lookup.lookup}
SERVICE = {"GET": service.fetch}

CONTROL = [
    path("messages.json", control.messages_view, name="messages"),
    path("control/faults", control.faults_view, name="faults"),
    path("control/faults/clear", control.faults_clear_view, name="faults-clear"),
    path("control/clock", control.clock_view, name="clock"),
    path("control/switches", control.switches_view, name="switches"),
    path("control/airplane", control.airplane_view, name="airplane"),
    path("control/device", control.device_view, name="device"),
    path("control/revoke", control.revoke_view, name="revoke"),
    path("control/reset", control.reset_view, name="reset"),
    path("control/ledger.json", control.ledger_view, name="ledger"),
]

app_name = "sandbox"
urlpatterns = [
    path("", views.show, name="desk"),
    path("story.json", views.story, name="story"),
    *CONTROL,
    re_path("^control/", control.unknown_path),
    *(
        path(f"{root}/{suffix}", view, {"region": region})
        for region, root in regions.PATHS.items()
        for suffix, view in PROVE.items()
    ),
    re_path("^prove(?:-eu)?(?:/|$)", prove.unknown_path),
    *(path(f"twilio/{suffix}", ByMethod({"POST": view}, twilio.wrong_method)) for suffix, view in TWILIO_POST.items()),
    path("twilio/v2/Services/<service>", ByMethod(SERVICE, twilio.wrong_method)),
    path("twilio/v2/Services/<service>/Verifications/<sid>", ByMethod(VERIFICATION, twilio.wrong_method)),
    path("twilio/v2/PhoneNumbers/<number>", ByMethod(PHONE_NUMBER, twilio.wrong_method)),
    re_path("^twilio(?:/|$)", twilio.unknown_path),
]
