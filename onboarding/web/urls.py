"""The paths of the pages. None contains an id, a number or a code; a handoff's link contains its single-use token."""

from django.db.transaction import non_atomic_requests
from django.urls import path
from django.views.i18n import set_language

from onboarding.web import handoff_views, system_views, views

app_name = "proveflow"
urlpatterns = [
    path("", views.phone, name="phone"),
    path("start/", views.start, name="start"),
    path("recall/", views.recall, name="recall"),
    path("device/", views.device, name="device"),
    path("code/", views.code, name="code"),
    path("code/send/", views.send, name="send"),
    path("code/find/", views.find_code, name="find_code"),
    path("bind/", views.bind, name="bind"),
    path("moved/", views.moved, name="moved"),
    path("done/", views.done, name="done"),
    path("remember/", views.remember, name="remember"),
    path("forget/", views.forget, name="forget"),
    path("log-out/", views.log_out, name="log_out"),
    path("logged-out/", views.logged_out, name="logged_out"),
    path("confirm/", views.confirm, name="confirm"),
    path("unlink/", views.unlink, name="unlink"),
    path("unlinked/", views.unlinked, name="unlinked"),
    path("unlink/others/", views.unlink_others, name="unlink_others"),
    path("devices/", views.devices, name="devices"),
    path("devices/unlink/", views.unlink_device, name="unlink_device"),
    path("restart/", views.restart, name="restart"),
    path("unverified/", views.unverified, name="unverified"),
    path("expired/", views.expired, name="expired"),
    path("handoff/", handoff_views.computer, name="handoff"),
    path("handoff/offer/", handoff_views.offer, name="handoff_offer"),
    path("handoff/here/", handoff_views.here, name="handoff_here"),
    path("handoff/answer/", handoff_views.answer, name="handoff_answer"),
    path("handoff/phone/", handoff_views.phone, name="handoff_phone"),
    path("h/<slug:token>/", handoff_views.scanned, name="handoff_scanned"),
    path("language/", set_language, name="language"),
    path("healthz", system_views.healthz, name="healthz"),
    path("readyz", system_views.readyz, name="readyz"),
    path("version", system_views.version, name="version"),
]

# No transaction is open while a vendor is called, whatever ATOMIC_REQUESTS says.
for pattern in urlpatterns:
    non_atomic_requests(pattern.callback)
