"""The path of the API: `path("", include("onboarding.api.urls"))`."""

from django.urls import path

from onboarding.api import aliases, devices, views
from onboarding.api.document import VERSION, make_api

api = make_api()
for router in (views.router, devices.router, aliases.router):
    api.add_router("", router)

urlpatterns = [path(f"api/v{VERSION}/", api.urls)]
