"""What a Service is told: finalizer and a dirty note before the first call, address and a clean note after the last.

Pure: each function gives the patch that is missing, or None when the object already says so.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from yunqiao.controllers.services import record
from yunqiao.controllers.services.identity import BALANCER_LABEL, FINALIZER, HASH_LABEL, has_finalizer
from yunqiao.controllers.services.record import Record
from yunqiao.model.balancer import Balancer
from yunqiao.model.cluster import Ingress, Service, as_builtins
from yunqiao.model.step import Patch


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


def publish(service: Service, seen: Balancer, hostname: str, before: Record, clean: Record) -> Patch | None:
    """The address, the balancer's id and the note of what was applied: one write of the status subresource."""
    labels = {HASH_LABEL: service_hash(service), BALANCER_LABEL: seen.id}
    metadata: dict[str, Any] = {}
    if any(service.metadata.labels.get(key) != value for key, value in labels.items()):
        metadata["labels"] = labels
    if before != clean:
        metadata["annotations"] = {record.ANNOTATION: record.text(clean)}
    body: dict[str, Any] = {"metadata": metadata} if metadata else {}
    ingress = [Ingress(hostname=hostname) if hostname else Ingress(ip=seen.address)]
    if service.status.load_balancer.ingress != ingress:
        body["status"] = {"loadBalancer": {"ingress": as_builtins(ingress)}}
    return _patch(service, body, f"{seen.id} serves it at {seen.address}", "status") if body else None


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
    return _patch(service, body, "its load balancer is gone", "status") if body else None


def _finalizers(service: Service, finalizers: list[str]) -> dict[str, Any]:
    return {"resourceVersion": service.metadata.resource_version, "finalizers": finalizers}


def _patch(service: Service, body: Mapping[str, Any], why: str, subresource: str = "") -> Patch:
    meta = service.metadata
    return Patch("Service", meta.namespace, meta.name, body, why, subresource)


def service_hash(service: Service) -> str:
    """Digest of what a Service asks for, in the incumbent's label and of its length (SHA-224, hex).

    The text that is hashed is ours, so a Service that changes hands is looked at in full once.
    """
    spec = service.spec
    asked = [
        [(port.name, port.protocol, port.port, port.target_port, port.node_port) for port in spec.ports],
        spec.type,
        spec.external_traffic_policy,
        spec.load_balancer_class,
        record.asked(service.metadata.annotations),
        service.metadata.deletion_timestamp,
        spec.load_balancer_source_ranges,
    ]
    return hashlib.sha224(json.dumps(asked, sort_keys=True).encode()).hexdigest()
