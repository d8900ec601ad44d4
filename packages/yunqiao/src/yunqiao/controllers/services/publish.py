"""What a Service is told: finalizer before the first call, labels and status after the last.

Pure: each function gives the patch that is missing, or None when the object already says so.
"""

import hashlib
import json
from typing import Any

from yunqiao.controllers.services.identity import BALANCER_LABEL, FINALIZER, HASH_LABEL
from yunqiao.model.balancer import Balancer
from yunqiao.model.cluster import Ingress, Service, as_builtins
from yunqiao.model.step import Patch


def claim(service: Service) -> Patch | None:
    """Our finalizer; under the read resourceVersion, so that nobody else's finalizer is lost."""
    if FINALIZER in service.metadata.finalizers:
        return None
    return _finalizers(service, [*service.metadata.finalizers, FINALIZER], "before the first call, so nothing leaks")


def release(service: Service) -> Patch | None:
    """Our finalizer away: nothing of this Service is left in the cloud."""
    if FINALIZER not in service.metadata.finalizers:
        return None
    rest = [one for one in service.metadata.finalizers if one != FINALIZER]
    return _finalizers(service, rest, "nothing is left in the cloud")


def _finalizers(service: Service, finalizers: list[str], why: str) -> Patch:
    meta = service.metadata
    body = {"metadata": {"resourceVersion": meta.resource_version, "finalizers": finalizers}}
    return Patch("Service", meta.namespace, meta.name, body, why)


def publish(service: Service, seen: Balancer) -> Patch | None:
    """The address, the balancer's id and the digest of what was applied: one write of the status subresource."""
    labels = {HASH_LABEL: service_hash(service), BALANCER_LABEL: seen.id}
    ingress = [Ingress(ip=seen.address)]
    body: dict[str, Any] = {}
    if any(service.metadata.labels.get(key) != value for key, value in labels.items()):
        body["metadata"] = {"labels": labels}
    if service.status.load_balancer.ingress != ingress:
        body["status"] = {"loadBalancer": {"ingress": as_builtins(ingress)}}
    return _status(service, body, f"{seen.id} serves it at {seen.address}")


def unpublish(service: Service) -> Patch | None:
    """No address, no labels of ours."""
    ours = [label for label in (HASH_LABEL, BALANCER_LABEL) if label in service.metadata.labels]
    body: dict[str, Any] = {"metadata": {"labels": dict.fromkeys(ours)}} if ours else {}
    if service.status.load_balancer.ingress:
        body["status"] = {"loadBalancer": {"ingress": None}}
    return _status(service, body, "its load balancer is gone")


def _status(service: Service, body: dict[str, Any], why: str) -> Patch | None:
    meta = service.metadata
    return Patch("Service", meta.namespace, meta.name, body, why, subresource="status") if body else None


def service_hash(service: Service) -> str:
    """Digest of what a Service asks for, in the incumbent's label and of its length (SHA-224, hex).

    The text that is hashed is ours, so a Service that changes hands is looked at in full once.
    """
    spec = service.spec
    asked = [
        as_builtins(spec.ports),
        spec.type,
        spec.external_traffic_policy,
        spec.load_balancer_class,
        service.metadata.annotations,
        service.metadata.deletion_timestamp,
        spec.load_balancer_source_ranges,
    ]
    return hashlib.sha224(json.dumps(asked, sort_keys=True).encode()).hexdigest()
