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

from yunsim.dataplane.bandwidth import Lane, Lanes
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

    def __init__(self, listener: Listener, pool: Pool, lane: Lane) -> None: ...

    async def open(self, sock: socket.socket) -> None:
        """Serve at a bound socket, which is the service's to close from then on."""
        ...

    def assign(self, listener: Listener, lane: Lane) -> None:
        """Take over changed settings; the pool is assigned apart. Raises OSError when they cannot be had."""
        ...

    async def close(self) -> None:
        """Stop serving and end what is open."""
        ...


SERVICES: dict[str, type[Service]] = {"tcp": TcpService, "udp": UdpService, "http": HttpService, "https": HttpService}
"""Who serves which listener protocol."""


class Loopback:
    """An Engine on this machine's loopback addresses.

    `bind` is socket.bind, or what stands for it in a test; `patient` lets fresh backends prove themselves first.
    """

    def __init__(self, *, bind: Bind = socket.socket.bind, patient: bool = False) -> None:
        self._bind = bind
        self._turn = asyncio.Lock()
        self._checks = HealthChecks(patient=patient)
        self._listeners: dict[ListenerKey, Listener] = {}
        self._pools: dict[ListenerKey, Pool] = {}
        self._lanes = Lanes()
        self._services: dict[ListenerKey, dict[str, Service]] = {}
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
        for key in (*gone, *changed):
            await self._stop(key, _addresses(changed[key]) if key in changed else ())
        before = [self._listeners.pop(key) for key in (*gone, *changed) if key in self._listeners]
        self._checks.watch(changed.values(), instead_of=before)
        self._listeners |= changed
        self._errors.clear()
        for key, listener in changed.items():
            self._pools.setdefault(key, Pool()).assign(listener, self._checks.of)
            for address in _addresses(listener):
                await self._serve(key, listener, address)

    async def _stop(self, key: ListenerKey, kept: Collection[str]) -> None:
        """Close what listens at other addresses than those that are kept."""
        services = self._services.get(key, {})
        for address in services.keys() - set(kept):
            await services.pop(address).close()
        if not kept:
            for known in (self._services, self._pools, self._ports):
                known.pop(key, None)

    async def _serve(self, key: ListenerKey, listener: Listener, address: str) -> None:
        services = self._services.setdefault(key, {})
        try:
            if service := services.get(address):
                service.assign(listener, self._lanes.of(listener))
            else:
                services[address] = await self._opened(key, listener, address)
        except OSError as error:
            self._errors[key] = str(error)
            if address == listener.address and address not in services:
                self._ports.pop(key, None)
            kept = "keeps its settings" if address in services else "cannot be opened"
            log.error("Listener %s %s:%d %s: %s", key[0], address, listener.port, kept, error)

    async def _opened(self, key: ListenerKey, listener: Listener, address: str) -> Service:
        service = SERVICES[listener.protocol](listener, self._pools[key], self._lanes.of(listener))
        sock = bound_socket(service.kind, address, listener.port, self._bind)
        place: tuple[str, int] = sock.getsockname()[:2]
        try:
            await service.open(sock)
        except OSError:
            sock.close()
            raise
        if address == listener.address:
            self._ports[key] = place
        if place[1] != listener.port:
            log.info("Listener %s:%d listens at port %d instead", address, listener.port, place[1])
        return service


def _addresses(listener: Listener) -> tuple[str, ...]:
    return listener.address, *listener.also_at


def key_of(listener: Listener) -> ListenerKey:
    """What names a listener in `health` and `ports`."""
    return listener.load_balancer_id, listener.protocol, listener.port
