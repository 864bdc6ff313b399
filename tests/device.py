"""The stand-in for Prove's SDKs over Django's test client and over sockets."""

import json
from collections.abc import Mapping

import requests
from django.test import Client

from sandbox.app.device import JSON, DeviceFailed, Post, PretendDevice, Registration, claims, read_answer, sign

__all__ = ["JSON", "DeviceFailed", "Post", "PretendDevice", "Registration", "claims", "over_http", "sign", "through"]


def over_http(session: requests.Session, timeout_s: float = 10) -> Post:
    """Return a Post over a real socket, or through the sandbox's adapter if the session has it mounted."""

    def post(url: str, body: JSON, headers: Mapping[str, str]) -> JSON:
        answer = session.post(url, json=body, headers=dict(headers), timeout=timeout_s)
        return read_answer(answer.status_code, answer.text)

    return post


def through(client: Client) -> Post:
    """Return a Post through Django's test client, to the origin of the page."""

    def post(url: str, body: JSON, headers: Mapping[str, str]) -> JSON:
        path = "/" + url.split("/", 3)[3]
        answer = client.post(path, json.dumps(body), content_type="application/json", headers=dict(headers))
        return read_answer(answer.status_code, answer.content.decode())

    return post
