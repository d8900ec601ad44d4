"""What a hollow pod says: its name and its node, on each of its ports, whatever is asked."""

from dataclasses import replace

from kubesim.hollow.answering import Answer, AnsweringServer
from kubesim.hollow.silence import Silence
from kubesim.hollow.wire import Wire


class PodServer:
    """One running pod's sockets.

    A pod that drains goes on answering, and asks each client to close its connection: so clients with kept-alive
    connections leave in time, as they do with a web server that shuts down gracefully.
    """

    def __init__(self, name: str, node: str, address: str, wire: Wire) -> None:
        """Name a pod; `address` is its address in the API."""
        headers = {"Content-Type": "text/plain; charset=utf-8", "X-Pod": name, "X-Node": node}
        self._answer = Answer(f"{name} on {node}\n".encode(), headers=headers)
        self._address = address
        self._wire = wire
        self._server = AnsweringServer(lambda: self._answer, wire.homes.of(address))
        self.ports: frozenset[int] = frozenset()

    def open(self, ports: frozenset[int]) -> None:
        """Listen on these ports too. Raises OSError when one is taken."""
        for port in sorted(ports - self.ports):
            self._server.listen(*self._wire.locate(self._address, port))
            self.ports |= {port}

    def drain(self) -> None:
        """Go on answering, and ask each client to leave."""
        self._answer = replace(self._answer, last=True)

    def fall_silent(self, silence: Silence) -> None:
        """Answer nothing any more, and refuse nothing either."""
        self._server.fall_silent(silence)
        self.ports = frozenset()

    def close(self) -> None:
        """Stop at once."""
        self._server.close()
        self.ports = frozenset()
