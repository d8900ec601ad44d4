"""What the simulated cloud says about its listeners: where each really listens."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from yunqiao.cli.sandboxed.telling import Teller

EVERY = 1.0
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener of a balancer: the address and port that it has in the cloud, and those that it has here."""

    address: str
    port: int
    really: tuple[str, int] | None
    """None while nothing listens."""

    @property
    def moved(self) -> bool:
        """Whether it listens at another port than the cloud says."""
        return self.really not in (None, (self.address, self.port))


async def cloud_state(cloud: str) -> Mapping[str, Any]:
    """Everything that the simulated cloud holds. Raises aiohttp.ClientError."""
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(f"{cloud}/_yunsim/state") as state:
        return dict(await state.json())


def listeners_of(state: Mapping[str, Any]) -> list[Listener]:
    """The listeners in that state."""
    return [Listener(one["address"], int(one["port"]), _place(one["listens_on"] or "")) for one in state["listening"]]


def _place(text: str) -> tuple[str, int] | None:
    host, _, port = text.rpartition(":")
    return (host, int(port)) if host else None


async def tell_moved(cloud: str, teller: Teller, every: float = EVERY) -> None:
    """Tell of each listener that is moved, once, as it appears; until cancelled."""
    told: set[Listener] = set()
    while True:
        with suppress(aiohttp.ClientError):  # a cloud that is gone is somebody else's to notice
            moved = {one for one in listeners_of(await cloud_state(cloud)) if one.moved}
            for one in sorted(moved - told, key=str):
                teller.line(moved_line(one))
            told = moved
        await asyncio.sleep(every)


def moved_line(one: Listener) -> str:
    """What to say about a listener that is moved."""
    host, port = one.really or ("nowhere", 0)
    return f"this user may not open port {one.port}: {one.address}:{one.port} is served at {host}:{port}"
