"""Events: what controllers and nodes say they did, as kubectl get events and kubectl describe show it.

https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from kubesim.errors import StatusError
from kubesim.objects import Key, Object, meta

if TYPE_CHECKING:
    from kubesim.hollow.cluster import Cluster

log = logging.getLogger(__name__)

EVENTS = "events"
KEPT = 2_000
"""Events that are kept; the real server keeps them for an hour."""

Type = Literal["Normal", "Warning"]


class Recorder:
    """Writes Events; the same thing said again counts up the Event that is there."""

    def __init__(self, cluster: "Cluster") -> None:
        """Take the API to write to."""
        self._cluster = cluster
        self._written: OrderedDict[tuple[str, str, str], Key] = OrderedDict()

    def record(self, about: Object, reason: str, message: str, component: str, *, type_: Type = "Normal") -> None:
        """Say something about an object; what cannot be written (its namespace is going) is only logged."""
        said = (meta(about)["uid"], reason, message)
        try:
            if said not in self._written or not self._repeat(self._written[said]):
                self._written[said] = self._create(about, reason, message, component, type_)
            self._written.move_to_end(said)
            while len(self._written) > KEPT:
                self._cluster.delete(EVENTS, self._written.popitem(last=False)[1])
        except StatusError as error:
            log.debug("event %s cannot be written: %s", reason, error)

    def _repeat(self, key: Key) -> bool:
        def edit(event: Object) -> None:
            event["count"] = event.get("count", 1) + 1
            event["lastTimestamp"] = self._cluster.timestamp()

        return self._cluster.change(EVENTS, key, edit) is not None

    def _create(self, about: Object, reason: str, message: str, component: str, type_: Type) -> Key:
        namespace, name, now = meta(about).get("namespace", "default"), meta(about)["name"], self._cluster.timestamp()
        involved = {member: meta(about)[member] for member in ("namespace", "name", "uid", "resourceVersion")
                    if member in meta(about)}  # fmt: skip
        made = self._cluster.create(
            EVENTS,
            {
                "metadata": {"name": f"{name}.{time.time_ns():x}", "namespace": namespace},
                "involvedObject": {"kind": about["kind"], "apiVersion": about["apiVersion"], **involved},
                "reason": reason,
                "message": message,
                "source": {"component": component},
                "reportingComponent": component,
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "type": type_,
            },
        )
        return namespace, meta(made)["name"]
