"""The default data plane: balancers listen at their 127/8 addresses, in this process, with no privileges.

A change is an assignment. A listener that stays keeps its socket and its connections, whatever else changes; one that
is removed or stopped refuses new connections and resets those it has. A port that needs privileges is found 20000
higher (`ports` tells). A port that is taken is an entry in `errors`, concerns nobody else and is tried again at the
next change.
"""

import asyncio
import logging
import socket
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from yunsim.dataplane.engine import Listener, ListenerKey
from yunsim.dataplane.health import HealthChecks, State
from yunsim.dataplane.http.service import HttpService
from yunsim.dataplane.pool import Pool
from yunsim.dataplane.sockets import Bind, bound_socket
from yunsim.dataplane.tcp import TcpService
from yunsim.dataplane.udp import UdpService

log = logging.getLogger(__name__)


class Service(Protocol):
    """A running listener of one protocol."""

    kind: socket.SocketKind
    pool: Pool

    def __init__(self, listener: Listener, pool: Pool) -> None: ...

    async def open(self, sock: socket.socket) -> None:
        """Serve at a bound socket, which is the service's to close from then on."""
        ...

    def assign(self, listener: Listener) -> None:
        """Take over changed settings; the pool is assigned apart. Raises OSError when they cannot be had."""
        ...

    async def close(self) -> None:
        """Stop serving and end what is open."""
        ...


SERVICES: dict[str, type[Service]] = {"tcp": TcpService, "udp": UdpService, "http": HttpService, "https": HttpService}
"""Who serves which listener protocol."""


class Loopback:
    """An Engine on this machine's loopback addresses. `bind` is socket.bind, or what stands for it in a test."""

    def __init__(self, *, bind: Bind = socket.socket.bind) -> None:
        self._bind = bind
        self._turn = asyncio.Lock()
        self._checks = HealthChecks()
        self._listeners: dict[ListenerKey, Listener] = {}
        self._services: dict[ListenerKey, Service] = {}
        self._ports: dict[ListenerKey, tuple[str, int]] = {}
        self._errors: dict[ListenerKey, str] = {}

    async def apply(self, listeners: Iterable[Listener]) -> None:
        """Make the sockets match: open new ones, close gone ones, keep what stays."""
        wanted = {key_of(listener): listener for listener in listeners}
        async with self._turn:
            await self._change(self._listeners.keys() - wanted.keys(), wanted)

    async def change(self, gone: Iterable[ListenerKey], listeners: Iterable[Listener]) -> None:
        """Close some, and open others or change them; all that are not named stay as they are."""
        async with self._turn:
            await self._change(set(gone) & self._listeners.keys(), {key_of(each): each for each in listeners})

    def health(self) -> Mapping[ListenerKey, Mapping[str, State]]:
        """Each backend's health by its key; `unavailable` also when the listener has no health check, as in the API."""
        return {
            key: {backend.key: self._checks.of(backend, listener.health_check).state for backend in listener.backends}
            for key, listener in self._listeners.items()
        }

    def ports(self) -> Mapping[ListenerKey, tuple[str, int]]:
        """Where each listener really listens; one that could not be opened is missing."""
        return dict(self._ports)

    def errors(self) -> Mapping[ListenerKey, str]:
        """Why a listener could not be opened."""
        return dict(self._errors)

    async def close(self) -> None:
        """Stop everything."""
        await self.apply(())
        await self._checks.close()

    async def _change(self, gone: Collection[ListenerKey], changed: Mapping[ListenerKey, Listener]) -> None:
        changed = {key: self._listeners[key] for key in self._errors if key not in gone} | dict(changed)
        await self._stop([key for key in (*gone, *changed) if key not in changed or self._moves(key, changed[key])])
        before = [self._listeners.pop(key) for key in (*gone, *changed) if key in self._listeners]
        self._checks.watch(changed.values(), instead_of=before)
        self._listeners |= changed
        self._errors.clear()
        for key, listener in changed.items():
            if service := self._services.get(key):
                self._assign(key, service, listener)
            else:
                await self._start(key, listener)

    def _moves(self, key: ListenerKey, listener: Listener) -> bool:
        return key in self._listeners and self._listeners[key].address != listener.address

    async def _stop(self, keys: Iterable[ListenerKey]) -> None:
        for key in keys:
            self._ports.pop(key, None)
            if service := self._services.pop(key, None):
                await service.close()

    def _assign(self, key: ListenerKey, service: Service, listener: Listener) -> None:
        service.pool.assign(listener, self._checks.of)
        try:
            service.assign(listener)
        except OSError as error:
            self._errors[key] = str(error)
            log.error("Listener %s %s:%d keeps its settings: %s", key[0], listener.address, listener.port, error)

    async def _start(self, key: ListenerKey, listener: Listener) -> None:
        try:
            await self._open(key, listener)
        except OSError as error:
            self._errors[key] = str(error)
            log.error("Listener %s %s:%d cannot be opened: %s", key[0], listener.address, listener.port, error)

    async def _open(self, key: ListenerKey, listener: Listener) -> None:
        pool = Pool()
        pool.assign(listener, self._checks.of)
        service = SERVICES[listener.protocol](listener, pool)
        sock = bound_socket(service.kind, listener.address, listener.port, self._bind)
        address, port = sock.getsockname()[:2]
        try:
            await service.open(sock)
        except OSError:
            sock.close()
            raise
        self._services[key], self._ports[key] = service, (address, port)
        if port != listener.port:
            log.info("Listener %s:%d listens at port %d instead", listener.address, listener.port, port)


def key_of(listener: Listener) -> ListenerKey:
    """What names a listener in `health` and `ports`."""
    return listener.load_balancer_id, listener.protocol, listener.port
