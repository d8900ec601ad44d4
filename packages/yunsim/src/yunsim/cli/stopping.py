"""How a command that serves ends: Ctrl-C or SIGTERM, once, cleanly."""

import asyncio
import signal
from collections.abc import Awaitable


def stopped() -> Awaitable[object]:
    """Take over both signals, and return what is done when one of them comes."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, event.set)
    return asyncio.ensure_future(event.wait())
