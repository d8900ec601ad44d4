"""Who we are to the API server: a bearer token, a client certificate, or both, kept until they may have changed.

Tokens and certificates in files are read again every minute, as projected service account tokens rotate
(https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/); plugins run again at expiry.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from yunqiao.model.clock import Clock
from yunqiao.model.errors import Refused, Trouble

log = logging.getLogger(__name__)

REREAD_SECONDS = 60.0


class NotConnected(Refused):
    """What is needed to reach the API server is missing or wrong; the text names the file, the key and the fix."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What proves who we are; PEM for the certificate and its key. Its repr shows nothing."""

    token: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """An identity, and for how many seconds it may be kept (None: until it is turned down)."""

    identity: Identity
    keep: float | None = None


class Credentials:
    """The identity of the moment: read when first needed, when its time is over, and after `renew`."""

    def __init__(self, read: Callable[[], Awaitable[Found]], clock: Clock) -> None:
        self._read, self._clock = read, clock
        self._held: Identity | None = None
        self._until = float("-inf")
        self._reading = asyncio.Lock()

    async def current(self) -> Identity:
        """Give the identity to use; one reader at a time. Raises NotConnected or Lost when there never was one."""
        async with self._reading:
            if self._held is None or self._clock.now() >= self._until:
                await self._refresh()
            if self._held is None:
                raise NotConnected("there are no credentials for the API server")
            return self._held

    def renew(self, refused: Identity) -> None:
        """Read anew at the next use, unless that has happened since `refused` was given out."""
        if self._held is refused:
            self._until = float("-inf")

    async def _refresh(self) -> None:
        try:
            found = await self._read()
        except Trouble as error:
            if self._held is None:
                raise
            log.warning("keeping the credentials at hand: %s", error)
            self._until = self._clock.now() + REREAD_SECONDS
            return
        self._held = found.identity
        self._until = float("inf") if found.keep is None else self._clock.now() + found.keep


@dataclass(frozen=True, slots=True)
class Source:
    """One secret: its bytes, or the file that holds them. `label` names it in errors."""

    label: str
    data: bytes = field(default=b"", repr=False)
    file: Path | None = None

    def read(self) -> bytes:
        """Give the bytes; empty when neither is set. Raises NotConnected naming the file."""
        if self.file is None:
            return self.data
        try:
            data = self.file.read_bytes()
        except OSError as error:
            raise NotConnected(
                f"{self.label}: {self.file} cannot be read: {error.strerror}. Correct the path"
            ) from None
        if not data.strip():
            raise NotConnected(f"{self.label}: {self.file} is empty. Put the credentials there or correct the path")
        return data


def from_sources(token: Source, certificate: Source, key: Source, clock: Clock) -> Credentials:
    """Give credentials that stand in the configuration or in files; files are read again every minute."""
    filed = any(source.file for source in (token, certificate, key))

    async def read() -> Found:
        identity = Identity(token.read().decode().strip(), certificate.read(), key.read())
        return Found(identity, REREAD_SECONDS if filed else None)

    return Credentials(read, clock)
