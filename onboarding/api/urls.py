"""The path of the API: `path("", include("onboarding.api.urls"))`."""

from django.urls import path

from onboarding.api import views
from onboarding.api.document import VERSION, make_api

api = make_api()
api.add_router("", views.router)

urlpatterns = [path(f"api/v{VERSION}/", api.urls)]
