"""The API server as `yunqiao doctor` asks it: its version, who we are there, our rights, and who holds which lock."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from yunqiao.cli.reaching import transport
from yunqiao.controllers.services.explanation import Holder
from yunqiao.install.permissions import Right
from yunqiao.install.sight import Lock
from yunqiao.kube.client import Client
from yunqiao.kube.connect import Connection, find
from yunqiao.kube.decode import decode
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.lock import TENURE, AnnotationLock, LeaseLock, annotation
from yunqiao.kube.lock import Lock as Record
from yunqiao.kube.transport import Transport
from yunqiao.kube.wire import Request
from yunqiao.model.clock import Clock
from yunqiao.model.errors import NotYet, Trouble
from yunqiao.model.kubernetes import CONFIG_MAP, ENDPOINTS_AS_WRITTEN, Kind, Listing
from yunqiao.settings import Settings

T = TypeVar("T")
INCUMBENTS = ("ccm", "cloud-controller-manager")
"""Names of locks in kube-system that cloud controller managers take by default."""
RECORDS: Sequence[Record] = (LeaseLock(), AnnotationLock(ENDPOINTS_AS_WRITTEN), AnnotationLock(CONFIG_MAP))
PATIENCE = 10.0
"""Seconds for one answer."""
NO_LEASE = NotYet("it takes no Lease (--leader-elect=false), so whether it runs cannot be seen from here")


def _review(group: str, name: str) -> Kind[dict[str, Any]]:
    return Kind(name, f"{group}/v1", f"{name.lower()}s", dict, namespaced=False)


ACCESS = _review("authorization.k8s.io", "SelfSubjectAccessReview")
SUBJECT = _review("authentication.k8s.io", "SelfSubjectReview")


class _Version(Request):
    """GET /version, which is no object's place."""

    __slots__ = ()

    @property
    def path(self) -> str:
        return "/version"


class ApiServer:
    """What install/look_cluster.py asks. Reviews are created, as the API has it, and leave nothing behind."""

    def __init__(self, connection: Connection, wire: Transport, client: Client) -> None:
        self.server = f"{connection.server} ({connection.source})"
        self.client, self._wire = client, wire

    async def version(self) -> str:
        """`v1.31.0`. Raises Trouble."""
        answer: dict[str, Any] = decode(dict, await self._wire.send(_Version("get", ACCESS)))
        return str(answer.get("gitVersion", "of unknown version"))

    async def user(self) -> str:
        """The name that our credentials stand for; empty where the server does not tell."""
        try:
            answer = await self._asked(SUBJECT, {})
        except Trouble:
            return ""
        return str(answer.get("userInfo", {}).get("username", ""))

    async def may(self, right: Right) -> bool:
        """Ask the server's authorizers. Raises Trouble."""
        rule = right.rule
        resource, _, subresource = rule.resource.partition("/")
        attributes = {
            "verb": right.verb, "group": rule.group, "resource": resource, "subresource": subresource,
            "namespace": rule.namespace, "name": rule.name,
        }  # fmt: skip
        answer = await self._asked(ACCESS, {"resourceAttributes": attributes})
        return bool(answer.get("allowed"))

    async def list(self, kind: Kind[T]) -> Listing[T]:
        """Everything of that kind. Raises Trouble."""
        return await self.client.list(kind)

    async def lock(self, settings: Settings) -> Lock | None:
        """The controller's Lease. Raises Trouble."""
        if not settings.lease.enabled:
            raise NO_LEASE
        return await self._lock(RECORDS[0], settings.lease.namespace, settings.lease.name)

    async def other_locks(self, settings: Settings) -> Sequence[Lock]:
        """Every other lock that somebody holds; one that may not be read is left out."""
        own = (settings.lease.namespace, settings.lease.name)
        places = dict.fromkeys((own, *(("kube-system", name) for name in INCUMBENTS)))
        found: list[Lock] = []
        for record in RECORDS:
            for place in places:
                if (record, place) != (RECORDS[0], own):
                    found += await self._other(record, *place)
        return found

    async def _other(self, record: Record, namespace: str, name: str) -> Sequence[Lock]:
        try:
            lock = await self._lock(record, namespace, name)
        except Trouble:
            return ()
        return (lock,) if lock is not None and lock.holder.identity else ()

    async def _lock(self, record: Record, namespace: str, name: str) -> Lock | None:
        thing = await self.client.get(record.kind, namespace, name)
        if thing is None:
            return None
        held = record.read(thing)
        ours = annotation(thing, TENURE) == str(held.transitions)
        return Lock(
            f"{record.kind.name} {namespace}/{name}",
            Holder.at(datetime.now(UTC), held.holder, held.renewed, held.seconds),
            ours,
        )

    async def _asked(self, kind: Kind[dict[str, Any]], spec: Mapping[str, Any]) -> Mapping[str, Any]:
        """The status of a review, made anew. Raises Trouble."""
        body = {"apiVersion": kind.api, "kind": kind.name, "spec": spec}
        answer: dict[str, Any] = decode(kind.type, await self._wire.send(Request("create", kind, body=body)))
        return answer.get("status") or {}


class Unreached(Client):
    """Stands for the API server where there is none: whatever is asked of it is what kept it from being reached."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble

    async def list(self, _: Kind[T]) -> NoReturn:
        """Raises what kept it from being reached."""
        raise self._trouble

    async def get(self, _: Kind[T], _namespace: str, _name: str) -> NoReturn:
        """As `list`."""
        raise self._trouble


@asynccontextmanager
async def api_server(settings: Settings, clock: Clock) -> AsyncIterator[ApiServer]:
    """The one that the settings name. Raises Refused saying what is missing."""
    connection = find(clock, settings.kubeconfig, os.environ)
    wire = transport(connection, RateLimit(clock, settings.kube_qps, settings.kube_burst), PATIENCE)
    async with Client(wire) as client:
        yield ApiServer(connection, wire, client)
