"""`yunqiao explain`: why a Service answers or does not, link by link, and what to do about the first broken one."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from yunqiao.cli import explained
from yunqiao.cli.asking import Command, Question
from yunqiao.cli.onlooking import View, look
from yunqiao.controllers.services import explanation, links
from yunqiao.controllers.services.explanation import Explanation, Holder, Surroundings
from yunqiao.kube.lock import LeaseLock
from yunqiao.model.cluster import Service
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.kubernetes import LEASE
from yunqiao.model.snapshot import Snapshot
from yunqiao.settings import LeaseSettings

HELP = """usage: yunqiao explain service NAMESPACE/NAME [OPTIONS]

Why the Service answers, or does not: Service, controller, load balancer, listeners, server groups, backends, health,
endpoints, address; then the first broken link and what to do about it. Reads only; it also tries to connect to the
Service's TCP ports from here.

options:
  -n, --namespace NAME   the namespace where NAME alone is given (default: default)
  -o, --output FORMAT    table or json (default: table)
  and all flags of `yunqiao run`, such as --kubeconfig FILE, --cloud-config FILE, --network=public, -v=1

exit status:
  0  all is well
  1  there is no such Service, or the settings cannot be used
  2  wrong command line
  3  a link is broken

example:
  yunqiao explain service shop/web --kubeconfig ~/.kube/config --cloud-config cloud-config.conf
"""
OPTIONS = {"-n": "namespace", "--namespace": "namespace", "-o": "output", "--output": "output"}
WELL, BROKEN = 0, 3
CONNECT = 2.0
"""Seconds for a connection to one port."""


def main(arguments: Sequence[str]) -> int:
    """Print the chain; the exit status says whether a link of it is broken."""
    return Command("explain", HELP, OPTIONS, _answer).run(arguments)


async def _answer(question: Question) -> int:
    as_json, key = question.as_json, question.service()
    try:
        async with look(question.settings) as view:
            told = await _explained(key, view)
    except Trouble as trouble:
        if isinstance(trouble, NoSuchService):
            raise
        told = links.out_of_reach(key, trouble)
    if as_json:
        sys.stdout.write(json.dumps(explained.plain(told), indent=2) + "\n")
    else:
        sys.stdout.write(explained.table(told, colour=sys.stdout.isatty()))
    return WELL if told.first_broken is None else BROKEN


class NoSuchService(Refused):
    """The question names nothing that there is."""


async def _explained(key: str, view: View) -> Explanation:
    snapshot = view.caches.snapshot(key)
    if snapshot is None:
        raise NoSuchService(f"there is no Service {key}")
    around = await _around(snapshot, view)
    async with view.stage() as stage:
        facts = await explanation.look(snapshot, stage, around)
    return links.chain(facts)


async def _around(snapshot: Snapshot, view: View) -> Surroundings:
    now = datetime.now(UTC)
    lease = await _lease(view, view.settings.lease, now)
    reached = await _reached(_places(snapshot.service))
    return Surroundings(tuple(view.caches.nodes), lease, reached, now.timestamp())


async def _lease(view: View, lease: LeaseSettings, now: datetime) -> Holder | str | None:
    """Who leads, as the Lease says it; None when there is none, a text when that cannot be said."""
    if not lease.enabled:
        return "it takes no Lease (--leader-elect=false): whether it runs cannot be seen from here"
    try:
        thing = await view.client.get(LEASE, lease.namespace, lease.name)
    except Trouble as trouble:
        return f"its Lease cannot be read: {trouble}"
    if thing is None:
        return None
    held = LeaseLock().read(thing)
    return Holder.at(now, held.holder, held.renewed, held.seconds)


def _places(service: Service) -> Iterable[tuple[str, int]]:
    """What clients connect to over TCP; whether UDP is answered cannot be told by connecting."""
    hosts = [one.ip or one.hostname for one in service.status.load_balancer.ingress]
    ports = [port.port for port in service.spec.ports if port.protocol == "TCP"]
    return [(host, port) for host in hosts for port in ports]


async def _reached(places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], bool]:
    listed = list(places)
    return dict(zip(listed, await asyncio.gather(*(_connects(*one) for one in listed)), strict=True))


async def _connects(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
