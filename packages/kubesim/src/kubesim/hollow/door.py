"""A listening socket that can be closed at any moment without losing track of a connection.

`asyncio.Server` forgets what it has accepted and not yet set up when it is closed in between: nobody ends that
connection before the garbage collector does. Here it is ended as well.
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from kubesim.hollow.homes import HERE, Home, Place

BACKLOG = 1024
"""Connections that the system holds for us to accept."""


class Door:
    """Accepts connections at a place until closed. Raises OSError when the place is taken."""

    def __init__(self, place: Place, protocol: Callable[[], asyncio.Protocol], home: Home = HERE) -> None:
        """Listen from now on; each connection gets a protocol of its own."""
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._entering: set[asyncio.Task[object]] = set()
        with home():
            self._socket = socket.create_server(place, backlog=BACKLOG)
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Refuse from now on, also those who are just coming in; connections that exist live on."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for entering in self._entering:
            entering.cancel()

    def _accept(self) -> None:
        for _ in range(BACKLOG):
            try:
                accepted, _ = self._socket.accept()
            except OSError:  # nobody waits, or whoever did has gone
                return
            accepted.setblocking(False)
            entering = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, accepted))
            self._entering.add(entering)
            entering.add_done_callback(partial(self._entered, accepted))

    def _entered(self, accepted: socket.socket, entering: asyncio.Task[object]) -> None:
        self._entering.discard(entering)
        if entering.cancelled():
            accepted.close()
