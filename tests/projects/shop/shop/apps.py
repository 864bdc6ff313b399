"""An app whose label is the one that proveflow had in its first version."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"
