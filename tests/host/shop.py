"""The hooks of a pretend host project. A test sets what they return and which of them fails."""

from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.http import HttpRequest

from onboarding.hooks import Hooks, Proof


class Shop(Hooks):
    """Attaches numbers to who is signed in."""

    failing: ClassVar[set[str]] = set()
    refusal: ClassVar[str | None] = None
    exit: ClassVar[str] = ""
    number: ClassVar[str] = "+12015550123"
    asked: ClassVar[list[tuple[Any, Proof]]] = []

    def _may_fail(self, hook: str) -> None:
        if hook in self.failing:
            raise LookupError("a number in a message: +12015550123")

    def user_for(self, request: HttpRequest | None, proof: Proof) -> Any:
        self._may_fail("user_for")
        user = getattr(request, "user", None)
        return user if user and user.is_authenticated else User.objects.get_or_create(username=proof.prove_id)[0]

    def may_link(self, user: Any, number: str, proof: Proof) -> str | None:  # noqa: ARG002
        self._may_fail("may_link")
        self.asked.append((user, proof))
        return self.refusal

    def log_in(self, request: HttpRequest, user: Any) -> None:
        self._may_fail("log_in")
        super().log_in(request, user)
        self._may_fail("log_in, late")

    def after_success(self, request: HttpRequest) -> str:  # noqa: ARG002
        self._may_fail("after_success")
        return self.exit

    def number_of(self, user: Any) -> str:  # noqa: ARG002
        self._may_fail("number_of")
        return self.number

    def client_ids(self, user: Any) -> dict[str, str]:
        self._may_fail("client_ids")
        return {"clientCustomerId": f"customer-{user.pk}"}


class Bank(Hooks):
    """Allows no link."""

    def may_link(self, user: Any, number: str, proof: Proof) -> str | None:  # noqa: ARG002
        return "Ask your bank to change your number."
