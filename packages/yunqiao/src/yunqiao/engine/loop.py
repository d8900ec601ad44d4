"""Take a key, work on it, decide by the type of what went wrong when it comes up again.

This is the one place where the policy of model/errors.py is applied; it has never heard of a Service.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from yunqiao.engine.queue import Queue
from yunqiao.model.errors import Lost, NotYet, Refused, Stale, Trouble

log = logging.getLogger(__name__)

STALE_AFTER = 1.0
REFUSED_AFTER = 300.0
"""Seconds after which a refused key is tried again without a change of its object: a quota may have been raised."""

Work = Callable[[str], Awaitable[float | None]]
"""Works on a key; gives the seconds after which it should come up again, or None."""
Report = Callable[[str, Trouble], None]
"""Tells a key's owner what must be done."""


async def run(queue: Queue[str], work: Work, report: Report, workers: int) -> None:
    """Work on keys until cancelled, `workers` at a time; a key is never worked on twice at once."""
    doubted: set[str] = set()
    async with asyncio.TaskGroup() as tasks:
        for number in range(workers):
            tasks.create_task(_worker(queue, work, report, doubted), name=f"worker-{number}")


async def _worker(queue: Queue[str], work: Work, report: Report, doubted: set[str]) -> None:
    while True:
        key = await queue.get()
        try:
            await turn(queue, key, work, report, doubted)
        finally:
            queue.done(key)


async def turn(queue: Queue[str], key: str, work: Work, report: Report, doubted: set[str]) -> None:
    """Work on one key once and put it back where its outcome says.

    `doubted` has the keys whose last turn found the world changed: finding that twice in a row is no accident (a
    quota, two writers), so the owner is told and the next turn waits longer.
    """
    try:
        again = await work(key)
    except NotYet as trouble:
        log.info("%s: not yet, again in %.1f s: %s", key, trouble.after, trouble)
        queue.add(key, after=trouble.after)
    except Refused as trouble:
        log.warning("%s: refused: %s", key, trouble)
        report(key, trouble)
        queue.add(key, after=REFUSED_AFTER)
    except Stale as trouble:
        log.info("%s: changed meanwhile, looking again: %s", key, trouble)
        if key not in doubted:
            doubted.add(key)
            queue.add(key, after=STALE_AFTER)
        else:
            queue.retry(key)
            report(key, trouble)
    except Lost as trouble:
        delay = queue.retry(key)
        log.warning("%s: no clear answer, looking again in %.0f s: %s", key, delay, trouble)
        report(key, trouble)
    except Exception:
        delay = queue.retry(key)
        log.exception("%s: a bug of ours, trying again in %.0f s", key, delay)
    else:
        doubted.discard(key)
        queue.forget(key)
        if again is not None:
            queue.add(key, after=again)
