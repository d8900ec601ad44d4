"""Requests through a balancer, each on a connection of its own, and who answered them."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

REQUEST = b"GET / HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n"
SECONDS = 5.0


@dataclass(slots=True)
class Tally:
    """How many requests each pod answered, and what went wrong with the others."""

    pods: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All requests."""
        return self.pods.total() + self.failures.total()


async def request(address: str, port: int, tally: Tally) -> None:
    """One request; it counts as answered only when a pod named itself in a complete answer."""
    try:
        async with asyncio.timeout(SECONDS):
            tally.pods[await _pod(address, port)] += 1
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        tally.failures[str(error) or type(error).__name__] += 1


async def _pod(address: str, port: int) -> str:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(REQUEST)
        answer = (await reader.read()).decode(errors="replace")
    finally:
        writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    if " 200 " not in head.partition("\r\n")[0] or " on " not in body:
        raise ValueError(f"the answer was {answer[:60]!r}")
    return body.split()[0]


async def send(address: str, port: int, number: int, tally: Tally, at_once: int = 10) -> None:
    """That many requests, some at once."""
    left = iter(range(number))

    async def one_after_another() -> None:
        for _ in left:
            await request(address, port, tally)

    await asyncio.gather(*(one_after_another() for _ in range(at_once)))


async def flow(address: str, port: int, per_second: float, tally: Tally) -> None:
    """Requests at an even rate until cancelled; those under way then are waited for."""
    async with asyncio.TaskGroup() as under_way:
        try:
            while True:
                under_way.create_task(request(address, port, tally))
                await asyncio.sleep(1 / per_second)
        except asyncio.CancelledError:
            pass
