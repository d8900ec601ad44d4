"""How does a Call reach Alibaba Cloud? Signed, over a pool of kept connections, with a deadline for every part.

`Client.send` is a Send. One attempt per call: repeating, pacing and counting are layers around it (layers.py).
What comes back is the decoded answer, or one of the four outcomes of model/errors.py with everything that the cloud
said: status, code, message and RequestId, and of an answer that cannot be read its first bytes.
"""

import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from yarl import URL

from yunqiao import __version__
from yunqiao.cloud import codes, sign
from yunqiao.cloud.credentials import Credentials
from yunqiao.cloud.products import VERSIONS, Endpoints, placed
from yunqiao.cloud.sign import AccessKey, Stamp
from yunqiao.model.errors import Fault, Lost, Refused, Trouble
from yunqiao.model.step import Call, Reply

FIRST_BYTES = 200
"""How much of an unreadable answer is kept."""

KEPT_ALIVE = 15.0
"""Seconds that an idle connection is kept: less than the cloud's gateways do."""

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for connecting, for silence while reading, and for the whole call."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """Who is asking, and where the answers come from."""

    endpoints: Endpoints
    region: str
    cluster_id: str = ""

    def user_agent(self) -> str:
        """`ack.ccm/0.1.0 ClusterId/...`: the suffix by which Alibaba Cloud's support finds a controller's calls."""
        suffix = f" ClusterId/{self.cluster_id}" if self.cluster_id else ""
        return f"yunqiao/{__version__} ack.ccm/{__version__}{suffix}"


class Client:
    """Sends calls; an asynchronous context manager that owns the connections."""

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        deadlines: Deadlines | None = None,
        stamp: Callable[[], Stamp] = lambda: Stamp(uuid.uuid4().hex, time.time()),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._target = target
        self._credentials = credentials
        self._deadlines = deadlines or Deadlines()
        self._stamp = stamp
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}

    async def __aenter__(self) -> Self:
        deadlines = self._deadlines
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=KEPT_ALIVE, ssl=self._tls or True),
            timeout=aiohttp.ClientTimeout(
                total=deadlines.total, sock_connect=deadlines.connect, sock_read=deadlines.read
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, call: Call) -> Reply:
        """Send one call; a key that just ended is renewed and the call is sent once more.

        Raises Refused, NotYet, Stale or Lost.
        """
        key = await self._credentials.get()
        try:
            return await self._send(call, key)
        except Trouble as trouble:
            if not codes.key_ended(trouble):
                raise
        return await self._send(call, await self._credentials.renewed(key))

    async def _send(self, call: Call, key: AccessKey) -> Reply:
        product = call.product.lower()
        if product not in VERSIONS:
            raise Refused(f"{call.action}: product {call.product!r} is unknown; there are {', '.join(VERSIONS)}.")
        query, form = placed(product, call.action, {"RegionId": self._target.region, **call.params})
        body = sign.canonical(form).encode()
        headers = self._headers(product, call.action, body)
        signed = sign.acs3_headers(key, self._stamp(), query, headers, body)
        base = self._target.endpoints.url(product, self._target.region)
        url = URL(f"{base}/?{sign.canonical(query)}", encoded=True)
        status, answer, received = await self._post(call.action, url, signed, body)
        return read(call.action, product, status, answer, received)

    def _headers(self, product: str, action: str, body: bytes) -> dict[str, str]:
        headers = {
            "host": self._target.endpoints.host(product, self._target.region),
            "x-acs-action": action,
            "x-acs-version": VERSIONS[product],
            "accept": "application/json",
            "user-agent": self._target.user_agent(),
        }
        return headers | {"content-type": FORM} if body else headers

    async def _post(
        self, action: str, url: URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            raise RuntimeError("Client is a context manager: use `async with`.")
        skip = {"Content-Type"} if not body else None
        try:
            async with self._session.post(
                url,
                headers=headers,
                data=body or None,
                proxy=self._proxy(url),
                allow_redirects=False,
                skip_auto_headers=skip,
            ) as response:
                return response.status, response.headers, await response.read()
        except TimeoutError as error:
            raise Lost(f"{action}: no answer from {url.host} in time ({error or 'deadline passed'}).") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(f"{action}: connection to {url.host} failed: {error or type(error).__name__}.") from error

    def _proxy(self, url: URL) -> str | None:
        """HTTP_PROXY, HTTPS_PROXY and NO_PROXY, looked up once per host.

        aiohttp's trust_env would look them up in a thread for every call, which doubles what a call costs (measured).
        """
        origin = f"{url.scheme}://{url.authority}"
        if origin not in self._proxies:
            bypassed = proxy_bypass(url.authority)
            self._proxies[origin] = None if bypassed else getproxies().get(url.scheme)
        return self._proxies[origin]


def read(action: str, product: str, status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    """Turn an HTTP answer into a Reply, or raise what its error means."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = None
    if isinstance(answer, dict) and status < 400:
        return answer
    fault = _fault(action, status, headers, body, answer if isinstance(answer, dict) else None)
    if status < 400:
        raise Lost(str(fault), fault)
    raise codes.outcome(fault, product, _retry_after(headers))


def _fault(
    action: str, status: int, headers: Mapping[str, str], body: bytes, answer: Mapping[str, Any] | None
) -> Fault:
    if answer is None:
        start = body[:FIRST_BYTES].decode(errors="replace")
        message = f"not an answer of the API, it begins with {start!r}" if body else "an empty answer"
        return Fault(action, status, f"{codes.UNREADABLE}{status}", message, headers.get("x-acs-request-id", ""))
    named = {name.lower(): str(value) for name, value in answer.items()}
    request_id = named.get("requestid") or headers.get("x-acs-request-id", "")
    return Fault(action, status, named.get("code", ""), named.get("message", ""), request_id)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """`x-acs-retry-after` is in milliseconds; in seconds, None when absent or not a positive number."""
    text = headers.get("x-acs-retry-after", "")
    return int(text) / 1000 if text.isdecimal() and int(text) > 0 else None
