"""A crowd of visitors that onboard, so many at once or so many a second, by one event loop."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from statistics import quantiles
from typing import Any

import aiohttp

TIMEOUT_S = 60
AREAS = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228)
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
CODE = "123456"
_numbers = count(time.time_ns() // 1_000_000_000 % 1_000_000)


class Failed(Exception):
    """The server did not do what the visitor asked for."""


class ToldToComeBack(Failed):
    """The server answered 503 with Retry-After."""


@dataclass
class Load:
    """What a crowd met. Times in ms, by step."""

    done: int = 0
    refused: int = 0  # told to come back
    failures: list[str] = field(default_factory=list)
    wall_s: float = 0
    times: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def flows_per_s(self) -> float:
        return self.done / self.wall_s

    def percentiles(self, step: str) -> tuple[float, float]:
        """Return the median and the 95th percentile, in ms."""
        cuts = quantiles(self.times[step] or [0, 0], n=20, method="inclusive")
        return round(cuts[9], 1), round(cuts[18], 1)


@dataclass
class Visitor:
    """One browser. `address` is its own, as a proxy would tell it."""

    http: aiohttp.ClientSession
    origin: str
    load: Load
    n: int
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> str:
        return f"+1{AREAS[self.n % len(AREAS)]}4{self.n % 1_000_000:06}"

    async def get(self, path: str) -> str:
        return (await self._call("GET", path))[0]

    async def post(self, path: str, *, is_script: bool = False, **content: Any) -> tuple[str, str]:
        """Return the body of the answer, and where it leads to."""
        return await self._call("POST", path, is_script=is_script, **content)

    async def _call(self, method: str, path: str, *, is_script: bool = False, **content: Any) -> tuple[str, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"Accept-Language": "en", "Accept": "application/json" if is_script else "text/html"}
        headers["X-Forwarded-For"] = f"198.{18 + self.n % 2}.{self.n // 250 % 250}.{self.n % 250 + 1}"
        started = time.perf_counter()
        async with self.http.request(
            method, self.origin + path, headers=headers, allow_redirects=False, **content
        ) as answer:
            body = await answer.text()
        is_busy = answer.status == 503 and "Retry-After" in answer.headers
        self.load.times["refusal" if is_busy else f"{method} {path}"].append((time.perf_counter() - started) * 1000)
        if is_busy:
            raise ToldToComeBack(path)
        self.cookies |= {name: cookie.value for name, cookie in answer.cookies.items()}
        if answer.status >= 400:
            raise Failed(f"{path} {answer.status}")
        return body, answer.headers.get("Location", "")


Journey = Callable[[Visitor], Awaitable[None]]


async def through_the_product(visitor: Visitor) -> None:
    """Take all pages of the journey with a device that no key is known of."""
    form = _hidden(await visitor.get("/"))
    await visitor.post("/start/", is_script=True, data={**form, "phone": visitor.number, "country": "US"})
    _expect("/code/" in (await visitor.post("/device/", is_script=True, data=form))[0], "/device/ led elsewhere")
    form = _hidden(await visitor.get("/code/"))
    _expect((await visitor.post("/code/", data={**form, "code": CODE}))[1] == "/done/", "/code/ led elsewhere")
    _expect("is linked" in await visitor.get("/done/"), "/done/ says something else")


async def through_the_peer(visitor: Visitor) -> None:
    """Take the peer's steps, which are those of `through_the_product` without the last page."""
    await visitor.get("/")
    await visitor.post("/start", json={"phone": visitor.number})
    await visitor.post("/auth-finish", json={})
    await visitor.get("/otp")
    _expect('"true"' in (await visitor.post("/otp", json={"code": CODE}))[0], "/otp says something else")


def _hidden(page: str) -> Mapping[str, str]:
    return dict(HIDDEN.findall(page))


def _expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Failed(otherwise)


def visit(origin: str, journey: Journey, *, flows: int, at_once: int | None = None, per_s: float | None = None) -> Load:
    """Let visitors take `journey`: `at_once` of them until `flows` are done, or `per_s` new ones each second."""
    return asyncio.run(_visit(origin, journey, flows, at_once, per_s))


async def _visit(origin: str, journey: Journey, flows: int, at_once: int | None, per_s: float | None) -> Load:
    load, room = Load(), asyncio.Semaphore(at_once or flows)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    connector, jar = aiohttp.TCPConnector(limit=0), aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, timeout=timeout) as http:
        started = time.perf_counter()
        visits = []
        for n in range(flows):
            if per_s:
                await asyncio.sleep(max(0, started + n / per_s - time.perf_counter()))
            await room.acquire()
            visits.append(asyncio.create_task(_one(Visitor(http, origin, load, next(_numbers)), journey, room)))
        await asyncio.gather(*visits)
        load.wall_s = time.perf_counter() - started
    return load


async def _one(visitor: Visitor, journey: Journey, room: asyncio.Semaphore) -> None:
    started = time.perf_counter()
    try:
        await journey(visitor)
    except ToldToComeBack as told:
        if told.args[0] in ("/", "/start/"):
            visitor.load.refused += 1
        else:
            visitor.load.failures.append(f"{told.args[0]} 503")
    except (Failed, aiohttp.ClientError, TimeoutError) as error:
        visitor.load.failures.append(str(error) or type(error).__name__)
    else:
        visitor.load.done += 1
        visitor.load.times["flow"].append((time.perf_counter() - started) * 1000)
    finally:
        room.release()
