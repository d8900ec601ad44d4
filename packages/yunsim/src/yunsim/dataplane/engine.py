"""The line between what the cloud's state says and what carries the bytes.

The products say which listeners should run, as the values below; an Engine makes sockets match them. A change is an
assignment: nothing restarts, and connections that a change does not concern live on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
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
    """How a backend is probed; times in seconds. `port` 0 means the backend's own port.

    `request` is what a UDP probe sends, `expected` the datagram that it must get back ("": silence passes).
    """

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
    request: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Whom a listener lets in: those of a white list, or all but those of a black list.

    A list without entries lets everybody in, also a white one
    (https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/access-control).
    """

    kind: Literal["white", "black"] = "black"
    blocks: tuple[IPv4Network | IPv6Network, ...] = ()

    def admits(self, address: str) -> bool:
        """Whether a client of this address may connect."""
        if not self.blocks:
            return True
        client = ip_address(address)
        return any(client in block for block in self.blocks) == (self.kind == "white")


@dataclass(frozen=True, slots=True)
class Stickiness:
    """How an HTTP client stays with its backend; exactly one of the two is set.

    `cookie` is that of the backends, which the listener overwrites; `timeout` the life in seconds of one of its own.
    """

    cookie: str = ""
    timeout: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its private key as PEM. `domain` tells for which name it is shown: "" for all others."""

    id: str
    pem: str
    key: str = field(repr=False)
    domain: str = ""


TlsPolicy = Literal["1_0", "1_1", "1_2", "1_2_strict", "1_2_strict_with_1_3"]
"""TLSCipherPolicy without its common beginning."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What an HTTPS listener shows to its clients, the certificate for all other names among it.

    With `client_authority` (PEM) it asks each client for a certificate that this authority has signed. With `http2` a
    client may choose HTTP/2.
    """

    certificates: tuple[Certificate, ...]
    policy: TlsPolicy = "1_0"
    client_authority: str = ""
    http2: bool = False


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What backends of an HTTP listener are told of the client: address, port, and headers that are always the same."""

    address: bool = True
    port: bool = False
    constant: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """What may pass each way, in Mbit/s: of one listener, or of all `shared` ones of its balancer together."""

    mbits: int
    shared: bool = False


Scheduler = Literal["rr", "wrr", "wlc", "sch", "tch", "qch"]
"""In turn, in turn by weight, by fewest connections; by hash of the source address, of both ends, of a QUIC ID."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One running listener of one load balancer; times in seconds.

    It listens at `address` and, with the same port and backends, at the addresses `also_at`.
    `established_timeout` ends idle TCP connections, `idle_timeout` HTTP connections between two requests, and
    `request_timeout` is how long an HTTP client waits for its backend before it gets a 504. For `persistence_timeout`
    a TCP client's address keeps its backend (0: not at all). For `drain_timeout` connections stay with a backend that
    was removed or has weight 0 (None: until they end). `proxy_protocol` lets layer 4 begin with a PROXY protocol
    header. With `gzip` HTTP responses of some types are compressed. A `redirect_port` lets HTTP answer with nothing but
    the way to HTTPS at that port. `bandwidth` None lets everything pass.
    """

    load_balancer_id: str
    address: str
    port: int
    protocol: Literal["tcp", "udp", "http", "https"]
    scheduler: Scheduler
    backends: tuple[Backend, ...]
    health_check: HealthCheck
    established_timeout: float = 900.0
    idle_timeout: float = 15.0
    request_timeout: float = 60.0
    persistence_timeout: float = 0.0
    drain_timeout: float | None = None
    proxy_protocol: bool = False
    access: AccessControl = AccessControl()
    gzip: bool = False
    redirect_port: int = 0
    stickiness: Stickiness | None = None
    forwarded: Forwarded = Forwarded()
    tls: Tls | None = None
    also_at: tuple[str, ...] = ()
    bandwidth: Bandwidth | None = None


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
