"""Refused connections that the simulated balancer makes good by asking another server."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Refusals(logging.Handler):
    """Connections that a server refused to the balancer, which then asked another one.

    A layer-4 balancer of the cloud passes the refusal on to the client, so each of them is a request lost. Those who
    wait in vain for an answer count by themselves: their patience ends before the balancer's.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen: list[tuple[float, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not (isinstance(record.args, tuple) and isinstance(record.args[-1], TimeoutError)):
            self.seen.append((time.monotonic(), record.getMessage()))

    def since(self, moment: float) -> list[tuple[float, str]]:
        """Those after a moment (monotonic clock), with the seconds between."""
        return [(round(at - moment, 3), text) for at, text in self.seen if at >= moment]


@contextmanager
def refusals() -> Iterator[Refusals]:
    """Note them while the block runs."""
    log, handler = logging.getLogger("yunsim.dataplane.dial"), Refusals()
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
