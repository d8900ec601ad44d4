"""The line between what the cloud's state says and what carries the bytes.

The products say which listeners should run, as the values below; an Engine makes sockets match them. A change is an
assignment: nothing restarts, and connections that a change does not concern live on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Backend:
    """One server of a listener: `key` names it for health (unique within the listener); weight 0 takes nothing new."""

    key: str
    address: str
    port: int
    weight: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a backend is probed; times in seconds. `port` 0 means the backend's own port."""

    kind: Literal["off", "tcp", "http", "udp"] = "tcp"
    port: int = 0
    interval: float = 2.0
    timeout: float = 5.0
    healthy_threshold: int = 3
    unhealthy_threshold: int = 3
    uri: str = "/"
    domain: str = ""
    method: str = "HEAD"
    codes: tuple[str, ...] = ("http_2xx",)


@dataclass(frozen=True, slots=True)
class Listener:
    """One running listener of one load balancer; times in seconds.

    `established_timeout` ends idle TCP connections, `idle_timeout` HTTP connections between two requests, and
    `request_timeout` is how long an HTTP client waits for its backend before it gets a 504.
    """

    load_balancer_id: str
    address: str
    port: int
    protocol: Literal["tcp", "udp", "http", "https"]
    scheduler: Literal["rr", "wrr", "wlc"]
    backends: tuple[Backend, ...]
    health_check: HealthCheck
    established_timeout: float = 900.0
    idle_timeout: float = 15.0
    request_timeout: float = 60.0


ListenerKey = tuple[str, str, int]
"""(load_balancer_id, protocol, port)."""


class Engine(Protocol):
    """Something that carries traffic."""

    async def apply(self, listeners: Iterable[Listener]) -> None:
        """Make the sockets match: open new ones, close gone ones, keep what stays."""
        ...

    async def change(self, gone: Iterable[ListenerKey], listeners: Iterable[Listener]) -> None:
        """Close some, and open others or change them; all that are not named stay as they are."""
        ...

    def health(self) -> Mapping[ListenerKey, Mapping[str, Literal["normal", "abnormal", "unavailable"]]]:
        """Each backend's health by its key."""
        ...

    def ports(self) -> Mapping[ListenerKey, tuple[str, int]]:
        """Where each listener really listens: the same as asked for, or a mapped port where that one is not allowed."""
        ...

    def errors(self) -> Mapping[ListenerKey, str]:
        """Why a listener could not be opened, for each that could not."""
        ...

    async def close(self) -> None:
        """Stop everything."""
        ...
