"""What a Service is told: finalizer and a dirty note before the first call, address and a clean note after the last.

Pure: each function gives the patch that is missing, or None when the object already says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import structs

from yunqiao.controllers.services import record
from yunqiao.controllers.services.identity import FINALIZER, has_finalizer
from yunqiao.controllers.services.record import BALANCER_LABEL, HASH_LABEL, Record, service_hash
from yunqiao.model.cluster import Condition, Ingress, Service, as_builtins
from yunqiao.model.step import Patch

CONDITION = "yunqiao/Synced"
"""Whether the cloud holds all that the Service asks for; its message says what it does not, and what to do."""
UNSAID = [{"$patch": "delete", "type": CONDITION}]
SYNCED, REFUSED = "Synced", "SyncLoadBalancerFailed"
LONGEST_MESSAGE = 32768
"""Characters that the API server takes as a condition's message."""


def claim(service: Service, dirty: Record) -> Patch:
    """Our finalizer and the note that a change is under way.

    The finalizers go under the resourceVersion that was read, so that nobody else's is lost.
    """
    metadata: dict[str, Any] = {"annotations": {record.ANNOTATION: record.text(dirty)}}
    if not has_finalizer(service):
        metadata |= _finalizers(service, [*service.metadata.finalizers, FINALIZER])
    return _patch(service, {"metadata": metadata}, "before the first call, so that nothing leaks")


def release(service: Service) -> Patch | None:
    """Our finalizer away: nothing of this Service is left in the cloud."""
    if not has_finalizer(service):
        return None
    rest = [one for one in service.metadata.finalizers if one != FINALIZER]
    return _patch(service, {"metadata": _finalizers(service, rest)}, "nothing is left in the cloud")


@dataclass(frozen=True, slots=True)
class News:
    """What there is to say: the balancer's id, where it is reached, what could not be done, and when that was found."""

    balancer_id: str
    addresses: Sequence[Ingress]
    problems: Sequence[str]
    found: datetime


def publish(service: Service, news: News, before: Record, clean: Record) -> Patch | None:
    """The address, the balancer's id and the note of what was applied: one write of the status subresource."""
    labels = {HASH_LABEL: service_hash(service), BALANCER_LABEL: news.balancer_id}
    metadata: dict[str, Any] = {}
    if any(service.metadata.labels.get(key) != value for key, value in labels.items()):
        metadata["labels"] = labels
    if before != clean:
        metadata["annotations"] = {record.ANNOTATION: record.text(clean)}
    status = _condition(service, news.problems, news.found)
    if service.status.load_balancer.ingress != list(news.addresses):
        status["loadBalancer"] = {"ingress": as_builtins(news.addresses)}
    body = {key: value for key, value in {"metadata": metadata, "status": status}.items() if value}
    where = ", ".join(one.hostname or one.ip for one in news.addresses)
    return _patch(service, body, f"{news.balancer_id} serves it at {where}", "status") if body else None


def complaint(service: Service, problems: Sequence[str], found: datetime) -> Patch | None:
    """Only what could not be done, or that all is well again."""
    status = _condition(service, problems, found)
    return _patch(service, {"status": status}, "; ".join(problems) or "all is well again", "status") if status else None


def _condition(service: Service, problems: Sequence[str], found: datetime) -> dict[str, Any]:
    """Our condition as it is to be; nothing while it says so already.

    A Service that never had a problem needs none.
    """
    text = "; ".join(problems)[:LONGEST_MESSAGE]
    new = Condition(CONDITION, "False" if text else "True", REFUSED if text else SYNCED, text, _date(found))
    old = next((one for one in service.status.conditions if one.type == CONDITION), None)
    if (old is None and not text) or (old is not None and (old.status, old.message) == (new.status, new.message)):
        return {}
    if old is not None and old.status == new.status:
        new = structs.replace(new, last_transition_time=old.last_transition_time)
    return {"conditions": [{**as_builtins(new), "message": text}]}  # an empty one too: what is left out stays


def retract(service: Service) -> Patch | None:
    """Our condition away."""
    body = {"status": {"conditions": UNSAID}}
    return _patch(service, body, "nothing is asked of us", "status") if said(service) else None


def said(service: Service) -> bool:
    """Whether the Service has our condition."""
    return any(one.type == CONDITION for one in service.status.conditions)


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def unpublish(service: Service) -> Patch | None:
    """No address, no labels, no note of ours."""
    meta = service.metadata
    ours = {
        "labels": [label for label in (HASH_LABEL, BALANCER_LABEL) if label in meta.labels],
        "annotations": [record.ANNOTATION] if record.ANNOTATION in meta.annotations else [],
    }
    metadata = {field: dict.fromkeys(names) for field, names in ours.items() if names}
    body: dict[str, Any] = {"metadata": metadata} if metadata else {}
    if service.status.load_balancer.ingress:
        body["status"] = {"loadBalancer": {"ingress": None}}
    if said(service):
        body.setdefault("status", {})["conditions"] = UNSAID
    return _patch(service, body, "its load balancer is gone", "status") if body else None


def _finalizers(service: Service, finalizers: list[str]) -> dict[str, Any]:
    return {"resourceVersion": service.metadata.resource_version, "finalizers": finalizers}


def _patch(service: Service, body: Mapping[str, Any], why: str, subresource: str = "") -> Patch:
    """Conditions go one by one (a strategic patch merges them by type): others may write theirs at the same time."""
    meta, strategic = service.metadata, "conditions" in body.get("status", {})
    return Patch("Service", meta.namespace, meta.name, body, why, subresource, strategic)
