"""The path of the API: `path("", include("onboarding.api.urls"))`."""

from django.db.transaction import non_atomic_requests
from django.urls import path

from onboarding.api.document import VERSION, make_api
from onboarding.api.endpoints import aliases, devices, views

api = make_api()
for router in (views.router, devices.router, aliases.router):
    api.add_router("", router)

routes, kind, namespace = api.urls
for route in routes:
    non_atomic_requests(route.callback)  # no transaction is open while a vendor is called

urlpatterns = [path(f"api/v{VERSION}/", (routes, kind, namespace))]
