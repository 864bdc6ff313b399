"""Verifies a file of `manage.py export_case` without the server: python verify_case.py FILE PUBLIC_KEY

PUBLIC_KEY is what `manage.py export_case --public-key` prints; get it from the operator by another way than the file.
It exits with 1 and the first fault, if there is one. Ed25519 is that of RFC 8032, by the standard library alone.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int, int, int]
D = -121665 * pow(121666, -1, P) % P


def point(data: bytes) -> Point:
    """Return the point that 32 bytes encode, in extended coordinates. Raises ValueError."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def added(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor: int, of: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while factor:
        result = added(result, of) if factor & 1 else result
        of, factor = added(of, of), factor >> 1
    return result


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether the Ed25519 signature is that of the key."""
    try:
        a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    except ValueError:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, BASE), added(r, times(h, a))
    return s < L and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def faults(file: Any, key: str) -> Iterator[str]:
    """Yield what is wrong with the exported case."""
    case = file["case"]
    session, events = case["session"], case["events"]
    message = json.dumps(case, sort_keys=True, separators=(",", ":")).encode()
    if not is_signed(bytes.fromhex(key), message, bytes.fromhex(file["signature"])):
        yield "The file was changed, or signed with another key."
    yield from (f"The server found: {fault}." for fault in case["faults"])
    steps = [event for event in events if event["version"] is not None]
    if [step["version"] for step in steps] != list(range(1, session["version"] + 1)):
        yield "Steps of the session are missing, or out of order."
    if any(after["from_state"] != before["to_state"] for before, after in pairwise(steps)):
        yield "A step does not begin in the state in which the step before it ended."
    if not steps or session["state"] != steps[-1]["to_state"]:
        yield "The session's state is not that of its last step."
    decisions = [event["name"].split(":")[1] for event in events if event["name"].startswith("review:")]
    if [session["review"]] * bool(session["review"]) != decisions:
        yield "The decision is not the one in the events."


def main(path: str, key: str) -> None:
    with open(path, encoding="utf-8") as opened:
        file = json.load(opened)
    try:
        wrong = next(faults(file, key), None)
    except (KeyError, TypeError, ValueError):
        wrong = "This is no file of export_case, or no key."
    if wrong:
        sys.exit(wrong)
    case = file["case"]
    sealed = [e for e in case["events"] if any(c["after"] < e["id"] <= c["last"] for c in case["checkpoints"])]
    sys.stdout.write(f"{case['session']['reference']}: {len(case['events'])} events, {len(sealed)} of them sealed.\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
