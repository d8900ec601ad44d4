"""`yunqiao run`: the cloud controller manager. Everything is put together here and in controllers.py beside it."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from yunqiao.cli.controllers import CONTROLLERS
from yunqiao.cli.dry_run import dry_run
from yunqiao.cli.leading import lead
from yunqiao.cli.probes import Probes, serve
from yunqiao.cli.reaching import transport
from yunqiao.cli.watching import Watching
from yunqiao.engine.clock import MonotonicClock
from yunqiao.kube.claim import Terms
from yunqiao.kube.client import Client
from yunqiao.kube.connect import Connection, find
from yunqiao.kube.lease import Election, LeadershipLost
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.lock import locks
from yunqiao.model.errors import Trouble
from yunqiao.settings import HelpWanted, Settings, Unusable, load

log = logging.getLogger("yunqiao")

ELECTION_TIMEOUT = 5.0
"""Seconds for a request of the election: well within its renew deadline."""
EVENTS_PER_SECOND, EVENTS_AT_ONCE = 50, 100
"""Events have a budget of their own, so that they never keep a finalizer or an address waiting."""


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM or SIGINT (0), a lost leadership or a refusal (1); 2 is a wrong command line.

    With --dry-run the status is that of `yunqiao plan`.
    """
    try:
        settings = load(arguments, os.environ, lambda name: Path(name).read_text(encoding="utf-8"), os.path.exists)
    except HelpWanted as wanted:
        sys.stdout.write(f"{wanted}\n")
        return 0
    except Unusable as unusable:
        sys.stderr.write(f"{unusable}\n")
        return unusable.exit_code
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for note in settings.notes:
        log.log(logging.getLevelName(note.level.upper()), "%s", note)
    try:
        return asyncio.run(dry_run(settings) if settings.dry_run else _until_stopped(settings))
    except (Trouble, OSError) as error:
        log.error("%s", error)  # the text says it all; a traceback would not help its reader
        return 1


async def _until_stopped(settings: Settings) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    work = asyncio.create_task(_run(settings), name="run")
    stop = asyncio.create_task(stopping.wait(), name="stop")
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if work.done():
        return _ended(work)
    log.info("stopping")
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    return 0


def _ended(work: asyncio.Task[None]) -> int:
    try:
        _result(work)
    except LeadershipLost as lost:
        log.error("%s; exiting, so that nothing is written beside the next leader", lost)  # as above
    return 1


def _result(work: asyncio.Task[None]) -> None:
    """Raise what the work raised, out of the groups that tasks put it in."""
    try:
        work.result()
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from group


async def _run(settings: Settings) -> None:
    _say_what_is_missing(settings)
    clock = MonotonicClock()
    connection = find(clock, settings.kubeconfig, os.environ)
    requests = transport(connection, RateLimit(clock, settings.kube_qps, settings.kube_burst))
    probes = Probes()
    events = Client(transport(connection, RateLimit(clock, EVENTS_PER_SECOND, EVENTS_AT_ONCE)))
    async with Client(requests) as client, events, serve(probes, settings), asyncio.TaskGroup() as tasks:
        watching = Watching(client, clock, settings.feature_gates)
        tasks.create_task(watching.run(), name="watching")
        await watching.synced()
        probes.ready = True

        async def work(after_ours: bool) -> None:
            await lead(settings, client, events, watching, probes, after_ours=after_ours)

        await _when_elected(settings, connection, clock, work)


async def _when_elected(
    settings: Settings, connection: Connection, clock: MonotonicClock, work: Callable[[bool], Awaitable[None]]
) -> None:
    """Work while we lead; a connection of its own keeps the election from waiting behind anything else."""
    lease = settings.lease
    if not lease.enabled:
        await work(False)
        return
    terms = Terms(lease.duration, lease.renew_deadline, lease.retry_period)
    async with Client(transport(connection, RateLimit(clock, qps=0), ELECTION_TIMEOUT)) as store:
        held = locks(lease.legacy_lock or "leases")
        election = Election(store, clock, held, lease.namespace, lease.name, terms=terms)
        await election.run(lambda: work(election.after_ours))


def _say_what_is_missing(settings: Settings) -> None:
    absent = [name for name in settings.controllers if name not in CONTROLLERS]
    if absent:
        runs = ", ".join(name for name in settings.controllers if name in CONTROLLERS) or "none"
        log.warning("this version has no %s controller; it runs: %s", ", ".join(absent), runs)
