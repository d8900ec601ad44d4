"""The API as controllers and nodes see it: read from memory, written at once.

The verbs are called in process and return at once, so a read and the write that depends on it happen as one: there are
no conflicts to retry among the parts of this package.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from kubesim.api.verbs import Verbs
from kubesim.errors import StatusError
from kubesim.hollow.events import Recorder
from kubesim.hollow.informer import Handler, Informer
from kubesim.objects import Key, Object, copied, timestamp

RESOURCES = (
    "nodes", "pods", "services", "endpoints", "endpointslices.discovery.k8s.io",
    "deployments.apps", "replicasets.apps", "daemonsets.apps", "customresourcedefinitions.apiextensions.k8s.io",
)  # fmt: skip
CUSTOM = ("broadcastjobs.apps.kruise.io",)
"""Resources that are there only while a CustomResourceDefinition describes them."""
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


def _now() -> datetime:
    return datetime.now(UTC)


class Cluster:
    """All resources that hollow controllers read, and the writes they make."""

    def __init__(self, verbs: Verbs, *, now: Callable[[], datetime] = _now) -> None:
        """Take the API's verbs and the clock that timestamps are from."""
        self.now = now
        self._verbs = verbs
        self.events = Recorder(self)
        self._informers = {resource: Informer(verbs, resource) for resource in (*RESOURCES, *CUSTOM)}
        self._described = asyncio.Event()
        self.on_change(DEFINITIONS, lambda _, new: self._described.set() if new else None)

    def timestamp(self) -> str:
        """The time now, as the API writes it."""
        return timestamp(self.now())

    def on_change(self, resource: str, handler: Handler) -> None:
        """Call that for every object of the resource and every change of one."""
        self._informers[resource].on_change(handler)

    def get(self, resource: str, key: Key) -> Object | None:
        """One object from memory; never change it."""
        return self._informers[resource].objects.get(key)

    def list(self, resource: str, namespace: str = "") -> "list[Object]":
        """Objects from memory, of one namespace or of all; never change them."""
        objects = self._informers[resource].objects
        return [obj for key, obj in list(objects.items()) if not namespace or key[0] == namespace]

    def create(self, resource: str, obj: Object) -> Object:
        """Create an object. Raises StatusError."""
        made: Object = self._verbs.create(resource, obj, obj["metadata"].get("namespace", ""))
        self._saw(resource, made)
        return made

    def ensure_namespace(self, name: str) -> None:
        """Create a namespace unless it is there."""
        if self.latest("namespaces", ("", name)) is None:
            self.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def change(
        self, resource: str, key: Key, edit: Callable[[Object], None], *, subresource: str = ""
    ) -> Object | None:
        """Edit the latest state of an object and write it if that made a difference; None when it is gone."""
        stored = self.latest(resource, key)
        if stored is None:
            return None
        wanted = copied(stored)
        edit(wanted)
        if wanted == stored:
            return stored
        written: Object | None = self._verbs.update(resource, wanted, key[0], subresource=subresource)
        self._refresh(resource, key)
        return written

    def delete(self, resource: str, key: Key, **options: Any) -> None:
        """Ask for deletion; an object that is gone already is fine. Options are those of the verb."""
        if self.latest(resource, key) is None:
            return
        self._verbs.delete(resource, key[1], key[0], **options)
        self._refresh(resource, key)

    def bind(self, pod: Key, node: str) -> None:
        """Place a pod on a node, as a scheduler does. Raises StatusError."""
        self._verbs.bind(pod[1], pod[0], node)
        self._refresh("pods", pod)

    def latest(self, resource: str, key: Key) -> Object | None:
        """One object as the API has it now; None when it is gone."""
        try:
            obj: Object = self._verbs.get(resource, key[1], key[0])
        except StatusError as error:
            if error.code == 404:
                return None
            raise
        return obj

    async def follow(self) -> None:
        """Keep the memory up to date until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for resource, informer in self._informers.items():
                tasks.create_task(self._follow_custom(informer) if resource in CUSTOM else informer.run())

    def load(self) -> None:
        """Read everything once."""
        for resource in RESOURCES:
            self._informers[resource].relist()

    async def _follow_custom(self, informer: Informer) -> None:
        """Follow a custom resource from the time on that there is one."""
        while True:
            self._described.clear()
            try:
                await informer.run()
            except StatusError as error:
                if error.code != 404:
                    raise
            await self._described.wait()

    def _refresh(self, resource: str, key: Key) -> None:
        obj = self.latest(resource, key)
        if obj is not None:
            self._saw(resource, obj)
        elif resource in self._informers:
            self._informers[resource].lost(key)

    def _saw(self, resource: str, obj: Object) -> None:
        if resource in self._informers:
            self._informers[resource].saw(obj)
