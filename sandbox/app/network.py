"""What can go wrong between an app and its server, and with the app itself."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.app.device import read_answer


class Lost(Exception):
    """The app got no answer. The request may have taken effect."""


class Killed(BaseException):
    """The system ended the app. What it stored stays, the rest is lost."""


@dataclass(frozen=True)
class Answer:
    """An answer of the server; `body` is its JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


# (method, URL, JSON body or None, headers) -> the answer
Send = Callable[[str, str, Any, Mapping[str, str]], Answer]


@dataclass
class Trouble:
    """How often, from 0 to 1: the app is killed, an answer is lost, a request is sent twice."""

    random: Random
    killed: float = 0.0
    lost: float = 0.0
    twice: float = 0.0

    def through(self, send: Send) -> Send:
        """Return `send` with these troubles."""

        def troubled(method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
            self.may_kill()
            if self.happens(self.lost / 2):
                raise Lost
            answer = send(method, url, body, headers)
            if self.happens(self.twice):
                answer = send(method, url, body, headers)
            self.may_kill()
            if self.happens(self.lost / 2):
                raise Lost
            return answer

        return troubled

    def may_kill(self) -> None:
        if self.happens(self.killed / 2):
            raise Killed

    def happens(self, share: float) -> bool:
        return self.random.random() < share


def post_through(send: Send) -> Callable[[str, Mapping[str, Any], Mapping[str, str]], Mapping[str, Any]]:
    """Return the way by which Prove's SDK sends its requests."""

    def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
        answer = send("POST", url, body, headers)
        return read_answer(answer.status, json.dumps(answer.body))

    return post
