"""Switches: one for each behaviour on which the vendors' documents are silent or contradict each other."""

from dataclasses import dataclass

from sandbox.state.records import Setting
from sandbox.state.store import Store


@dataclass(frozen=True)
class Switch:
    """A behaviour to choose, and the reason for its default, which is the first choice."""

    name: str
    choices: tuple[str, ...]
    description: str
    reason: str

    @property
    def default(self) -> str:
        return self.choices[0]


SWITCHES = {
    switch.name: switch
    for switch in (
        Switch(
            "success_type",
            ("string", "boolean"),
            "The JSON type of `success` in unify, unify-status and unify-bind.",
            "One example on the reference page prints a boolean; its schema and Prove's own clients say string.",
        ),
        Switch(
            "status_before_device",
            ("false", "pending"),
            "What unify-status says before the Web SDK ran.",
            "Prove's troubleshooting table says false; pending is a legal value as well.",
        ),
        Switch(
            "status_after_bind",
            ("true", "possession_required"),
            "What unify-status says of a flow that was bound.",
            "Not documented. True, because that is the state of things, and it is how a lost answer can be found out.",
        ),
        Switch(
            "repeated_bind",
            ("refused", "true"),
            "What a second unify-bind of one flow is answered.",
            "Not documented. Refused as out of order (403), the stricter reading of one bind per flow.",
        ),
        Switch(
            "out_of_order",
            ("1003", "8003"),
            "The code (403) of a unify-bind that is not due.",
            "Prove's sandbox pages print 1003, its table of codes gives 8003 that meaning.",
        ),
        Switch(
            "recycled_prove_id",
            ("of_number", "of_key"),
            "The proveId that the key of a recycled number's former owner gets.",
            "Not documented. The number's, since unify-status is asked about a number.",
        ),
        Switch(
            "auth_token_reuse",
            ("refused", "accepted"),
            "Whether the authToken of a flow that was bound still opens the device API.",
            "Documented for one use; what a second one is answered, is not. Refused (401), the stricter reading.",
        ),
        Switch(
            "status_of_8007_to_8009",
            ("usual", "400", "401", "403"),
            "The HTTP status that carries 8007, 8008 and 8009; as usual: 400, 400 and 403.",
            "Not documented. A bad parameter is a 400; 8009 is called unauthorized access.",
        ),
        Switch(
            "bind_evaluation",
            ("present", "absent"),
            "Whether unify-bind carries `evaluation`.",
            "The documents show it, the SDK's comment says that it is not enabled yet.",
        ),
        Switch(
            "client_request_id",
            ("required", "optional"),
            "Whether unify insists on `clientRequestId`.",
            "Required in the schema since October 2025, yet Prove's own sample leaves it out.",
        ),
        Switch(
            "unknown_device",
            ("heal", "strict"),
            "The `next` that comes with error 10006: try anew in the same call, or stop.",
            "Not documented. Either way the SDK forgets its key; healing shows the whole path at once.",
        ),
        Switch(
            "numbers",
            ("any", "listed"),
            "Whether numbers outside the table are served.",
            "Prove's sandbox refuses them (8007); here any other valid number is an ordinary mobile phone.",
        ),
        Switch(
            "region",
            ("any", "own"),
            "Which numbers a region's host serves: all, or its own, and 403 for the others.",
            "Documented as 403. Off, so that a client of one region can try all numbers.",
        ),
        Switch(
            "requests_per_second",
            ("unlimited", "25"),
            "Prove's rate limit: 429 and Retry-After beyond it.",
            "Documented as 25. Off, because a fast test suite would meet it all the time.",
        ),
        Switch(
            "twilio_unknown_number",
            ("20404", "60200"),
            "What a check by number is refused with, where that number never had a verification.",
            "Most users report 404 with 20404, one live test saw 400 with 60200.",
        ),
        Switch(
            "twilio_sixth_check",
            ("60202", "20404"),
            "What a check is refused with after five wrong codes.",
            "Two live tests saw 429 with 60202, and the error's page says so; Twilio's blog of 2020 says 404.",
        ),
        Switch(
            "twilio_bad_locale",
            ("20404", "60200"),
            "What a verification with an unsupported `Locale` is refused with.",
            "Twilio's page on languages says 404; a large sender's client expects 60200 for the parameter.",
        ),
        Switch(
            "twilio_errors",
            ("classic", "rfc9457"),
            "The shape of Twilio's error bodies.",
            "Twilio is moving from the classic one to problem details; its client has an exception for each.",
        ),
    )
}


def value(store: Store, name: str) -> str:
    """The current choice of this switch."""
    setting = store.get(Setting, name)
    return setting.value if setting else SWITCHES[name].default


def set_value(store: Store, name: str, choice: str) -> None:
    store.save(Setting(name, choice))
