"""The paths of the pages. None contains an id, a number or a code; a handoff's link contains its single-use token."""

from django.db.transaction import non_atomic_requests
from django.urls import path
from django.views.i18n import set_language

from onboarding.web.views import account, handoff, journey, system

app_name = "proveflow"
urlpatterns = [
    path("", journey.phone, name="phone"),
    path("start/", journey.start, name="start"),
    path("recall/", journey.recall, name="recall"),
    path("device/", journey.device, name="device"),
    path("code/", journey.code, name="code"),
    path("code/send/", journey.send, name="send"),
    path("code/find/", journey.find_code, name="find_code"),
    path("bind/", journey.bind, name="bind"),
    path("moved/", journey.moved, name="moved"),
    path("done/", account.done, name="done"),
    path("remember/", account.remember, name="remember"),
    path("forget/", account.forget, name="forget"),
    path("log-out/", account.log_out, name="log_out"),
    path("logged-out/", account.logged_out, name="logged_out"),
    path("confirm/", journey.confirm, name="confirm"),
    path("unlink/", account.unlink, name="unlink"),
    path("unlinked/", account.unlinked, name="unlinked"),
    path("unlink/others/", account.unlink_others, name="unlink_others"),
    path("devices/", account.devices, name="devices"),
    path("devices/unlink/", account.unlink_device, name="unlink_device"),
    path("restart/", journey.restart, name="restart"),
    path("unverified/", journey.unverified, name="unverified"),
    path("unverified/text/", journey.text_decision, name="text_decision"),
    path("resume/", journey.resume, name="resume"),
    path("expired/", journey.expired, name="expired"),
    path("handoff/", handoff.computer, name="handoff"),
    path("handoff/offer/", handoff.offer, name="handoff_offer"),
    path("handoff/here/", handoff.here, name="handoff_here"),
    path("handoff/answer/", handoff.answer, name="handoff_answer"),
    path("handoff/phone/", handoff.phone, name="handoff_phone"),
    path("h/<slug:token>/", handoff.scanned, name="handoff_scanned"),
    path("language/", set_language, name="language"),
    path("healthz", system.healthz, name="healthz"),
    path("readyz", system.readyz, name="readyz"),
    path("version", system.version, name="version"),
]

# No transaction is open while a vendor is called, whatever ATOMIC_REQUESTS says.
for pattern in urlpatterns:
    non_atomic_requests(pattern.callback)
