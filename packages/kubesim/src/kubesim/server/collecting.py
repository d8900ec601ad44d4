"""Keep Python's cycle collector from walking through every stored object again and again.

Stored objects are plain JSON and have no cycles, so a full collection finds nothing in them; with some ten thousand of
them it holds the event loop up for a third of a second.
"""

import gc

YOUNG, MIDDLE, FULL = 700, 10, 1000
"""Python's own thresholds but for full collections, which come a hundred times more rarely."""


def collect_rarely() -> None:
    """Set that for this process; the process must be the server's own."""
    gc.set_threshold(YOUNG, MIDDLE, FULL)
