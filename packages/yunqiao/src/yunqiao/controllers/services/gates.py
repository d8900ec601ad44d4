"""Pods that wait for their load balancer: readiness gates `service.readiness.alibabacloud.com/<service>`.

A pod that declares the gate is Ready only once we say so. It is not watched for that: whoever stands unready behind an
endpoint is asked for once, whether it declares the gate (which never changes), and those that do are asked again until
their containers are ready. Then they are taken, and told so when the balancer sends them traffic.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from yunqiao.controllers.services.asked import Asked, Findings, Needs, Unready
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Condition, Pod, as_builtins
from yunqiao.model.errors import Refused, Stale, Trouble
from yunqiao.model.step import Patch

log = logging.getLogger(__name__)

POLL = 2.0
"""Seconds between looks at a pod that waits."""
FORBIDDEN = 300.0
"""Seconds for which nobody is asked for after we were told that we may not."""
REGISTERED = ("True", "ServerRegistered", "The backend has been added to the server group")
INVALID = ("False", "ServerInvalidServer", "The pod's address has no network interface in the load balancer's VPC")
"""Status, reason and message, in the words that the gate's users know."""

Get = Callable[[str, str], Awaitable[Pod | None]]
"""Reads a pod by namespace and name; None when there is none. Raises Refused, NotYet, Lost."""


def gate_of(service_name: str) -> str:
    """The condition that pods of that Service may declare."""
    return f"service.readiness.alibabacloud.com/{service_name}"


@dataclass(slots=True)
class Gates:
    """Who waits with a gate. What may not be read counts as not waiting: everything else goes on."""

    get: Get
    clock: Clock
    _silent_until: float = float("-inf")
    _unanswered: set[str] = field(default_factory=set)

    async def look(self, needs: Needs, before: Findings) -> Findings:
        """The findings on pods; of those `before`, the ones that still count are kept."""
        unknown = [one for one in needs.pods if one.uid not in before.ungated]
        found = dict(zip(unknown, await asyncio.gather(*(self._look(one, before) for one in unknown)), strict=True))
        pods = {one.uid: pod for one, pod in found.items() if pod is not None and pod.metadata.uid == one.uid}
        gated = {uid: pod for uid, pod in pods.items() if _declares(pod, needs.gate)}
        still = before.ungated & {one.uid for one in needs.pods}
        findings = Findings(gated=gated, ungated=still | (pods.keys() - gated.keys()))
        waiting = any(not findings.admits(uid) for uid in gated)
        unanswered = any(one.uid in self._unanswered for one in unknown)
        return replace(findings, again_after=POLL if waiting or unanswered else None)

    async def _look(self, one: Unready, before: Findings) -> Pod | None:
        """The pod; as it was when nobody answers, None while it is not known."""
        self._unanswered.discard(one.uid)
        if self.clock.now() < self._silent_until:
            return None
        try:
            return await self.get(one.namespace, one.name)
        except Refused as refusal:
            if self.clock.now() >= self._silent_until:
                log.warning("%s; pods that wait with a readiness gate stay unready", refusal)
            self._silent_until = self.clock.now() + FORBIDDEN
            return None
        except Trouble as trouble:
            log.info("%s/%s: %s; going on without it", one.namespace, one.name, trouble)
            self._unanswered.add(one.uid)
            return before.gated.get(one.uid)


def _declares(pod: Pod, gate: str) -> bool:
    return any(one.condition_type == gate for one in pod.spec.readiness_gates)


def openings(
    gate: str, found: Findings, served: Iterable[str], lost: Iterable[str], today: datetime
) -> Mapping[str, Patch]:
    """What to tell each pod (by its UID) that does not know it yet: `served` get traffic, `lost` cannot.

    The UID in the patch is a precondition: a later pod of that name is told nothing.
    """
    verdicts = dict.fromkeys(lost, INVALID) | dict.fromkeys(served, REGISTERED)
    patches = {uid: _patch(found.gated[uid], gate, verdict, today) for uid, verdict in verdicts.items()}
    return {uid: patch for uid, patch in patches.items() if patch is not None}


def _patch(pod: Pod, gate: str, verdict: tuple[str, str, str], today: datetime) -> Patch | None:
    status, reason, message = verdict
    old = next((one for one in pod.status.conditions if one.type == gate), None)
    if old is not None and (old.status, old.reason, old.message) == verdict:
        return None
    since = old.last_transition_time if old is not None and old.status == status else f"{today:%Y-%m-%dT%H:%M:%SZ}"
    new = Condition(gate, status, reason, message, since)
    meta = pod.metadata
    body = {"metadata": {"uid": meta.uid}, "status": {"conditions": [as_builtins(new)]}}
    return Patch("Pod", meta.namespace, meta.name, body, f"{gate}: {message}", "status", strategic=True)


async def nobody(_namespace: str, _name: str) -> Pod | None:
    """A Get for where there are no pods to be read."""
    return None


async def tell(
    asked: Asked[Any], waits: Mapping[str, float], patch: Callable[[Patch], Awaitable[None]], today: datetime
) -> float | None:
    """Tell the pods that get traffic (as `waits` says, in seconds), and those that cannot.

    Gives the seconds until there is more to tell. Raises what `patch` raises, but for a pod that is gone.
    """
    found = asked.found
    lost = {one.pod for one in (*found.missing, *found.outside)} & found.gated.keys()
    served = [uid for uid, wait in waits.items() if wait <= 0 and uid not in lost]
    for one in openings(gate_of(asked.who.owner.service), found, served, lost, today).values():
        with contextlib.suppress(Stale):
            await patch(one)
    return min((wait for uid, wait in waits.items() if 0 < wait < float("inf") and uid not in lost), default=None)
