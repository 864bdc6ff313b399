from typing import Any, ClassVar, Self

from django.contrib.auth.models import User
from django.db import models

class DeviceManager(models.Manager[Any]): ...

class Device(models.Model):
    objects: ClassVar[models.Manager[Self]]
    user: models.ForeignKey[User, User]
    user_id: int
    name: models.CharField[str, str]
    confirmed: models.BooleanField[bool, bool]

    class Meta:
        abstract = True

    @property
    def persistent_id(self) -> str: ...
    def is_interactive(self) -> bool: ...
    def verify_token(self, token: Any) -> bool: ...
