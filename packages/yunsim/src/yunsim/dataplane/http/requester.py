"""Who asked: what an exchange needs of the HTTP/1 connection or the HTTP/2 stream that its request came by."""

import asyncio
from typing import TYPE_CHECKING, Protocol

from yunsim.dataplane.http.messages import Response

if TYPE_CHECKING:
    from yunsim.dataplane.http.service import HttpService


class Requester(Protocol):
    """Sends requests and takes responses, in whatever form its protocol gives them.

    `address` is the client's, with its port; `full` tells that it takes no more of the response for now.
    """

    service: "HttpService"
    loop: asyncio.AbstractEventLoop
    address: tuple[str, int]
    full: bool

    def hold(self, reason: str) -> None:
        """Let no more of the request come until every reason is released."""
        ...

    def release(self, reason: str) -> None:
        """Let more of the request come when no other reason holds."""
        ...

    def head(self, response: Response, *, keep_alive: bool) -> None:
        """Begin a response, or give an interim one (1xx); `keep_alive` tells whether HTTP/1 goes on after it."""
        ...

    def body(self, data: bytes) -> None:
        """Gather a part of the response's body."""
        ...

    def finish(self) -> None:
        """End the response."""
        ...

    def flush(self) -> None:
        """Send what has been gathered."""
        ...

    def done(self, *, keep_alive: bool) -> None:
        """Go on after a whole response."""
        ...

    def break_off(self) -> None:
        """Let the client see that the response has no end."""
        ...
