"""What does the machine under us know about itself? The ECS instance metadata service.

Version 2 first (a token per session, kept until it ends), version 1 only where an instance does not offer 2.
Region, zone, VPC, vSwitch and instance id cannot change while an instance runs, so each is asked once. What cannot be
the value of its name is refused, not believed (metadata_values.py).
Source: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import aiohttp

from yunqiao.cloud.metadata_values import KEYS_OF_ROLES, believed, is_token
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Lost, Refused

ADDRESS = "http://100.100.100.200"
TOKEN_SECONDS = 21600
TOKEN_MARGIN = 300
"""A token lives six hours; a new one is fetched five minutes before."""

ATTEMPTS = 4
PAUSE = 0.2
"""Tries per value, and the seconds after the first; each further pause is twice as long."""

FIXED = frozenset({"region-id", "zone-id", "vpc-id", "vswitch-id", "instance-id", "mac", "private-ipv4"})


class Metadata:
    """Reads values by name; an asynchronous context manager that owns its connections (which no proxy sees)."""

    def __init__(self, clock: Clock, base: str = ADDRESS, connect: float = 2.0, total: float = 5.0) -> None:
        self._clock = clock
        self._base = base.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=total, sock_connect=connect)
        self._session: aiohttp.ClientSession | None = None
        self._token = ""
        self._token_ends = 0.0
        self._known: dict[str, str] = {}
        self._silent = False

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, name: str) -> str:
        """Give the value of `name`, such as `region-id`.

        Raises Refused when there is no such value or what came cannot be one, Lost when the service does not answer
        (as outside of ECS).
        """
        if name not in self._known:
            value = await self._patiently(name)
            if name not in FIXED:
                return value
            self._known[name] = value
        return self._known[name]

    async def role(self) -> str:
        """Name of the RAM role that is attached to this instance; Refused when there is none."""
        listed = await self.get(KEYS_OF_ROLES)
        return listed.split()[0]

    async def _patiently(self, name: str) -> str:
        """Try several times; only once where nobody answered for so long when another name was asked for."""
        pause, self._silent, silent = PAUSE, True, self._silent
        for _ in range(0 if silent else ATTEMPTS - 1):
            try:
                return await self._once(name)
            except Lost:
                await self._clock.sleep(pause)
                pause *= 2
        return await self._once(name)

    async def _once(self, name: str) -> str:
        status, text = await self._ask("GET", f"meta-data/{name}", await self._session_headers())
        self._silent = False
        if status == 401:  # the token ended early
            self._token_ends = 0.0
        if status == 404:
            raise Refused(f"Instance metadata has no {name!r}: is it set for this instance?")
        if status != 200:
            raise Lost(f"Instance metadata {name!r}: HTTP {status} with {len(text)} characters from {self._base}.")
        return believed(self._base, name, text)

    async def _session_headers(self) -> Mapping[str, str]:
        if self._clock.now() >= self._token_ends:
            await self._open_session()
        return {"X-aliyun-ecs-metadata-token": self._token} if self._token else {}

    async def _open_session(self) -> None:
        """Fetch a token; without one (an instance that only offers version 1) go on without, and ask again later."""
        wish = {"X-aliyun-ecs-metadata-token-ttl-seconds": str(TOKEN_SECONDS)}
        status, text = await self._ask("PUT", "api/token", wish)
        if status >= 500:
            raise Lost(f"Instance metadata token: HTTP {status} from {self._base}.")
        self._token = text if status == 200 and is_token(text) else ""
        self._token_ends = self._clock.now() + TOKEN_SECONDS - TOKEN_MARGIN

    async def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        if self._session is None:
            raise RuntimeError("Metadata is a context manager: use `async with`.")
        url = f"{self._base}/latest/{path}"
        try:
            async with self._session.request(method, url, headers=headers, allow_redirects=False) as response:
                return response.status, (await response.text(errors="replace")).strip()
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            reason = str(error) or type(error).__name__
            raise Lost(
                f"Instance metadata at {self._base} does not answer ({reason}); it exists on ECS only."
            ) from error
