"""Ask a server what was asked when the recording was made, in the same order.

A recording is a JSON list of exchanges {"title", "request": {"method", "path", "headers", "body"}, "response":
{"status", "headers", "body"}}, or with "events" in place of a response for a watch.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from kubesim.compare.difference import differences
from kubesim.compare.learned import Learned
from kubesim.objects import Object

HEADERS = ("Warning", "Retry-After")
WATCH_SECONDS = "1"
PYTHON = {"User-Agent": "Python/3"}
"""Who wrote: managedFields name the first word of it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One exchange and how the answers differ."""

    title: str
    differences: tuple[str, ...]
    skipped: str = ""


async def replay(exchanges: list[Object], url: str, token: str) -> AsyncIterator[Compared]:
    """Each exchange in turn, compared."""
    learned = Learned()
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(url, headers=PYTHON, timeout=timeout) as session:
        for exchange in exchanges:
            yield await _compare(session, token, exchange, learned)


async def _compare(session: aiohttp.ClientSession, token: str, exchange: Object, learned: Learned) -> Compared:
    title, request = exchange["title"], exchange["request"]
    if any(event["type"] != "ERROR" for event in exchange.get("events", ())):
        return Compared(title, (), "the writes behind these events are not in the recording")
    status, headers, body = await _ask(session, token, request, learned)
    if "events" in exchange:
        return Compared(title, tuple(differences(exchange["events"], body, learned)))
    wanted = exchange["response"]
    found = [f"status: recorded {wanted['status']}, here {status}"] if wanted["status"] != status else []
    found += [
        f"{name}: recorded {wanted.get('headers', {}).get(name)!r}, here {headers.get(name)!r}"
        for name in HEADERS
        if wanted.get("headers", {}).get(name) != headers.get(name)
    ]
    return Compared(title, (*found, *differences(wanted["body"], body, learned)))


async def _ask(
    session: aiohttp.ClientSession, token: str, request: Object, learned: Learned
) -> tuple[int, dict[str, str], Any]:
    path, data = learned.text(request["path"]), request.get("body")
    if "watch=1" in path and "timeoutSeconds" in path:
        path = path.rpartition("=")[0] + "=" + WATCH_SECONDS
    if data is not None and not isinstance(data, str):
        data = json.dumps(learned.translated(data))
    headers = {"Authorization": f"Bearer {token}"} | request.get("headers", {})
    async with session.request(request["method"], path, data=data, headers=headers) as response:
        text = await response.text()
        watching = "watch=1" in path
        body = [json.loads(line) for line in text.splitlines()] if watching else _plain(text)
        return response.status, dict(response.headers), body


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
