"""A machine without power: nothing refuses and nothing answers, packets to it just go nowhere.

A socket that listens, accepts nobody and has its queue full lets further connection attempts run into their timeout;
connections that exist are kept and never read. Once the machine is there again it resets what it does not know.
"""

import asyncio
import socket

from kubesim.hollow.homes import HERE, Home, Place


class Silence:
    """The places and connections of one machine that is gone."""

    def __init__(self, home: Home = HERE) -> None:
        """Hold nothing yet; `home` is where the machine's sockets are made."""
        self._home = home
        self._mute: list[socket.socket] = []
        self._held: list[asyncio.Transport] = []

    def mute(self, place: Place) -> None:
        """Let nobody get through to a place where nothing listens any more. Raises OSError when something does."""
        with self._home():
            listening = socket.create_server(place, backlog=0)
            filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(place)  # takes the one place that a queue of length 0 has
        self._mute += [listening, filler]

    def hold(self, transport: asyncio.Transport) -> None:
        """Keep a connection, and read nothing from it any more."""
        if not transport.is_closing():
            transport.pause_reading()
            self._held.append(transport)

    def end(self) -> None:
        """Let the machine be there again: places are free, and connections of before are cut."""
        for sock in self._mute:
            sock.close()
        for transport in self._held:
            transport.abort()
        self._mute, self._held = [], []
