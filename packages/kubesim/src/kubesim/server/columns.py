"""The columns of each kind's table: kubectl prints what the server names here.

Names, order and priorities are those of the API server's printers (pkg/printers/internalversion).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubesim.objects import Object, at, meta
from kubesim.server.ages import age

Cell = Callable[[Object, datetime], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; priority 1 shows only in wide output."""

    name: str
    cell: Cell
    priority: int = 0
    type: str = "string"
    format: str = ""
    description: str = ""
    field: str = ""
    """The field of the kind whose documentation describes the column, unless `description` does."""


def _name(obj: Object, _: datetime) -> str:
    return str(meta(obj)["name"])


def _age(obj: Object, now: datetime) -> str:
    return age(meta(obj).get("creationTimestamp"), now)


NAME = Column("Name", _name, format="name", field="metadata.name")
AGE = Column("Age", _age, field="metadata.creationTimestamp")


def _text(path: str, missing: str = "<none>") -> Cell:
    def cell(obj: Object, _: datetime) -> str:
        value = at(obj, path)
        return missing if value in (None, "") else str(value)

    return cell


def _number(path: str) -> Cell:
    return lambda obj, _: at(obj, path) or 0


def _joined(values: Iterable[str]) -> str:
    return ",".join(values) or "<none>"


def _selector(path: str) -> Cell:
    def cell(obj: Object, _: datetime) -> str:
        selector = at(obj, path) or {}
        return _joined(f"{name}={value}" for name, value in sorted(selector.items()))

    return cell


def _containers(field: str) -> Cell:
    def cell(obj: Object, _: datetime) -> str:
        containers = at(obj, "spec.template.spec.containers") or ()
        return ",".join(container.get(field, "") for container in containers)

    return cell


def _template_columns() -> tuple[Column, ...]:
    return (
        Column("Containers", _containers("name"), 1, description="Names of each container in the template."),
        Column("Images", _containers("image"), 1, description="Images referenced by each container in the template."),
        Column("Selector", _selector("spec.selector.matchLabels"), 1, field="spec.selector"),
    )


def _of(done: str, wanted: str) -> Cell:
    return lambda obj, _: f"{at(obj, done) or 0}/{at(obj, wanted) or 0}"


def _number_of_validations(obj: Object, _: datetime) -> int:
    return len(at(obj, "spec.validations") or ())


def _count(field: str) -> Cell:
    return lambda obj, _: len(obj.get(field) or ())


def _service_ports(obj: Object, _: datetime) -> str:
    return _joined(
        f"{port['port']}" + (f":{port['nodePort']}" if port.get("nodePort") else "") + f"/{port['protocol']}"
        for port in at(obj, "spec.ports") or ()
    )


def _external_address(obj: Object, _: datetime) -> str:
    spec, ingress = obj["spec"], at(obj, "status.loadBalancer.ingress") or ()
    if spec["type"] == "ExternalName":
        return str(spec.get("externalName", ""))
    if spec["type"] != "LoadBalancer":
        return _joined(spec.get("externalIPs") or ())
    addresses = [each.get("ip") or each.get("hostname", "") for each in ingress] + list(spec.get("externalIPs") or ())
    return ",".join(addresses) or "<pending>"


def _node_status(obj: Object, _: datetime) -> str:
    ready = next((each for each in at(obj, "status.conditions") or () if each["type"] == "Ready"), None)
    words = "Unknown" if ready is None else {"True": "Ready"}.get(ready["status"], "NotReady")
    return words + (",SchedulingDisabled" if at(obj, "spec.unschedulable") else "")


def _roles(obj: Object, _: datetime) -> str:
    labels = meta(obj).get("labels") or {}
    prefix = "node-role.kubernetes.io/"
    return _joined(sorted(name.removeprefix(prefix) for name in labels if name.startswith(prefix)))


def _node_address(type_: str) -> Cell:
    def cell(obj: Object, _: datetime) -> str:
        addresses = at(obj, "status.addresses") or ()
        return next((each["address"] for each in addresses if each["type"] == type_), "<none>")

    return cell


def _pod_ready(obj: Object, _: datetime) -> str:
    statuses = at(obj, "status.containerStatuses") or ()
    return f"{sum(bool(each.get('ready')) for each in statuses)}/{len(at(obj, 'spec.containers') or ())}"


def _pod_status(obj: Object, _: datetime) -> str:
    if "deletionTimestamp" in meta(obj):
        return "Terminating"
    for each in at(obj, "status.containerStatuses") or ():
        waiting = at(each, "state.waiting.reason") or at(each, "state.terminated.reason")
        if waiting:
            return str(waiting)
    return str(at(obj, "status.reason") or at(obj, "status.phase") or "Unknown")


def _restarts(obj: Object, _: datetime) -> str:
    return str(sum(each.get("restartCount", 0) for each in at(obj, "status.containerStatuses") or ()))


def _gates(obj: Object, _: datetime) -> str:
    gates = at(obj, "spec.readinessGates") or ()
    conditions = {each["type"]: each["status"] for each in at(obj, "status.conditions") or ()}
    passed = sum(conditions.get(gate["conditionType"]) == "True" for gate in gates)
    return f"{passed}/{len(gates)}" if gates else "<none>"


def _endpoint_addresses(obj: Object, _: datetime) -> str:
    pairs = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or [{"port": ""}]
    ]
    return ",".join(pairs[:3]) + (f" + {len(pairs) - 3} more..." if len(pairs) > 3 else "") or "<none>"


def _slice_addresses(obj: Object, _: datetime) -> str:
    found = [address for endpoint in obj.get("endpoints") or () for address in endpoint["addresses"]]
    return (",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")) or "<unset>"


def _slice_ports(obj: Object, _: datetime) -> str:
    found = [str(port.get("port", "*")) for port in obj.get("ports") or ()]
    return (",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")) or "<unset>"


def _event_age(obj: Object, now: datetime) -> str:
    return age(obj.get("lastTimestamp") or obj.get("eventTime") or obj.get("firstTimestamp"), now)


def _event_first(obj: Object, now: datetime) -> str:
    return age(obj.get("firstTimestamp") or obj.get("eventTime"), now)


def _event_object(obj: Object, _: datetime) -> str:
    involved = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def _event_source(obj: Object, _: datetime) -> str:
    source = obj.get("source") or {}
    return ", ".join(filter(None, (source.get("component"), source.get("host")))) or obj.get("reportingComponent", "")


def _event_message(obj: Object, _: datetime) -> str:
    return str(obj.get("message") or obj.get("note") or "").strip()


def _role(obj: Object, _: datetime) -> str:
    return f"{at(obj, 'roleRef.kind')}/{at(obj, 'roleRef.name')}"


_EVENTS = (
    Column("Last Seen", _event_age, field="lastTimestamp"),
    Column("Type", _text("type", ""), field="type"),
    Column("Reason", _text("reason", ""), field="reason"),
    Column("Object", _event_object, field="involvedObject"),
    Column("Subobject", _text("involvedObject.fieldPath", ""), 1, field="involvedObject.fieldPath"),
    Column("Source", _event_source, 1, field="source"),
    Column("Message", _event_message, field="message"),
    Column("First Seen", _event_first, 1, field="firstTimestamp"),
    Column("Count", lambda obj, _: obj.get("count") or obj.get("deprecatedCount") or 1, 1, field="count"),
    Column("Name", _name, 1, format="name", field="metadata.name"),
)
_VALIDATIONS = "Validations indicates the number of validation rules defined in this configuration"

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "services": (
        NAME,
        Column("Type", _text("spec.type"), field="spec.type"),
        Column("Cluster-IP", _text("spec.clusterIP"), field="spec.clusterIP"),
        Column("External-IP", _external_address, field="spec.externalIPs"),
        Column("Port(s)", _service_ports, field="spec.ports"),
        AGE,
        Column("Selector", _selector("spec.selector"), 1, field="spec.selector"),
    ),
    "nodes": (
        NAME,
        Column("Status", _node_status, description="The status of the node"),
        Column("Roles", _roles, description="The roles of the node"),
        AGE,
        Column("Version", _text("status.nodeInfo.kubeletVersion", ""), field="status.nodeInfo.kubeletVersion"),
        Column("Internal-IP", _node_address("InternalIP"), 1, field="status.addresses"),
        Column("External-IP", _node_address("ExternalIP"), 1, field="status.addresses"),
        Column("OS-Image", _text("status.nodeInfo.osImage", "<unknown>"), 1, field="status.nodeInfo.osImage"),
        Column(
            "Kernel-Version",
            _text("status.nodeInfo.kernelVersion", "<unknown>"),
            1,
            field="status.nodeInfo.kernelVersion",
        ),
        Column(
            "Container-Runtime",
            _text("status.nodeInfo.containerRuntimeVersion", "<unknown>"),
            1,
            field="status.nodeInfo.containerRuntimeVersion",
        ),
    ),
    "pods": (
        NAME,
        Column("Ready", _pod_ready, description="The aggregate readiness state of this pod for accepting traffic."),
        Column("Status", _pod_status, description="The aggregate status of the containers in this pod."),
        Column("Restarts", _restarts, description="How often the containers in this pod have been restarted."),
        AGE,
        Column("IP", _text("status.podIP"), 1, field="status.podIP"),
        Column("Node", _text("spec.nodeName"), 1, field="spec.nodeName"),
        Column("Nominated Node", _text("status.nominatedNodeName"), 1, field="status.nominatedNodeName"),
        Column("Readiness Gates", _gates, 1, field="spec.readinessGates"),
    ),
    "namespaces": (NAME, Column("Status", _text("status.phase", ""), field="status.phase"), AGE),
    "endpoints": (NAME, Column("Endpoints", _endpoint_addresses, field="subsets"), AGE),
    "endpointslices.discovery.k8s.io": (
        NAME,
        Column("AddressType", _text("addressType", ""), field="addressType"),
        Column("Ports", _slice_ports, field="ports"),
        Column("Endpoints", _slice_addresses, field="endpoints"),
        AGE,
    ),
    "deployments.apps": (
        NAME,
        Column("Ready", _of("status.readyReplicas", "spec.replicas"), description="Number of the pod with ready state"),
        Column("Up-to-date", _number("status.updatedReplicas"), field="status.updatedReplicas"),
        Column("Available", _number("status.availableReplicas"), field="status.availableReplicas"),
        AGE,
        *_template_columns(),
    ),
    "replicasets.apps": (
        NAME,
        Column("Desired", _number("spec.replicas"), type="integer"),
        Column("Current", _number("status.replicas"), type="integer", field="status.replicas"),
        Column("Ready", _number("status.readyReplicas"), type="integer", field="status.readyReplicas"),
        AGE,
        *_template_columns(),
    ),
    "daemonsets.apps": (
        NAME,
        Column(
            "Desired", _number("status.desiredNumberScheduled"), type="integer", field="status.desiredNumberScheduled"
        ),
        Column(
            "Current", _number("status.currentNumberScheduled"), type="integer", field="status.currentNumberScheduled"
        ),
        Column("Ready", _number("status.numberReady"), type="integer", field="status.numberReady"),
        Column(
            "Up-to-date",
            _number("status.updatedNumberScheduled"),
            type="integer",
            field="status.updatedNumberScheduled",
        ),
        Column("Available", _number("status.numberAvailable"), type="integer", field="status.numberAvailable"),
        Column("Node Selector", _selector("spec.template.spec.nodeSelector")),
        AGE,
        *_template_columns(),
    ),
    "statefulsets.apps": (
        NAME,
        Column("Ready", _of("status.readyReplicas", "spec.replicas"), description="Number of the pod with ready state"),
        AGE,
        *_template_columns()[:2],
    ),
    "configmaps": (
        NAME,
        Column("Data", lambda obj, _: len({**(obj.get("data") or {}), **(obj.get("binaryData") or {})})),
        AGE,
    ),
    "secrets": (NAME, Column("Type", _text("type", "")), Column("Data", _count("data"), type="integer"), AGE),
    "serviceaccounts": (NAME, Column("Secrets", _count("secrets"), type="integer"), AGE),
    "leases.coordination.k8s.io": (
        NAME,
        Column("Holder", _text("spec.holderIdentity", ""), field="spec.holderIdentity"),
        AGE,
    ),
    "events": _EVENTS,
    "events.events.k8s.io": _EVENTS,
    "roles.rbac.authorization.k8s.io": (
        NAME,
        Column("Created At", lambda obj, _: meta(obj).get("creationTimestamp", "")),
    ),
    "clusterroles.rbac.authorization.k8s.io": (
        NAME,
        Column("Created At", lambda obj, _: meta(obj).get("creationTimestamp", "")),
    ),
    "rolebindings.rbac.authorization.k8s.io": (NAME, Column("Role", _role), AGE),
    "clusterrolebindings.rbac.authorization.k8s.io": (NAME, Column("Role", _role), AGE),
    "validatingadmissionpolicies.admissionregistration.k8s.io": (
        NAME,
        Column("Validations", _number_of_validations, type="integer", description=_VALIDATIONS),
        Column("ParamKind", _text("spec.paramKind.kind", "<unset>"), field="spec.paramKind"),
        AGE,
    ),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": (
        NAME,
        Column("PolicyName", _text("spec.policyName"), field="spec.policyName"),
        Column("ParamRef", _text("spec.paramRef.name", "<unset>"), field="spec.paramRef"),
        AGE,
    ),
}
DEFAULT = (NAME, AGE)
