"""The links of one port of a Service: its listener, the group behind it, backends with their health, endpoints."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from yunqiao.cloud.clb.health import Health
from yunqiao.controllers.services.explanation import Cause, Facts, Link, Mark
from yunqiao.model.balancer import Backend, Group, Listener, slot_of
from yunqiao.model.cluster import EndpointSlice, Node, Service, ServicePort
from yunqiao.model.errors import Trouble
from yunqiao.model.instance import read_provider_id

OK, BROKEN, UNKNOWN = Mark.OK, Mark.BROKEN, Mark.UNKNOWN
SOON = 30 * 86400.0
"""Seconds before its end from which a certificate is warned of."""
MOST_SHOWN = 20
"""Backends of a group that are told one by one."""


def mark(fine: bool) -> Mark:
    """What is not fine need not be broken."""
    return OK if fine else UNKNOWN


def port_links(facts: Facts, port: ServicePort) -> Iterator[Link]:
    """One port of the Service, from its listener to its endpoints."""
    seen = facts.seen
    if seen is not None:
        slot = slot_of(port.port, port.protocol.lower())
        listener = next((one for one in seen.listening if one.slot == slot), None)
        yield from _listener(facts, port, listener)
        if listener is not None and listener.attributes.get("ListenerForward") != "on":
            group = next((one for one in seen.groups if one.id == listener.group), None)
            yield from _group(facts, listener, group)
    yield from _endpoints(facts, port)


def _listener(facts: Facts, port: ServicePort, listener: Listener | None) -> Iterator[Link]:
    if listener is None:
        advice = "the controller makes it: see the Service's Events, and whether another Service holds the port"
        what = f"listener {port.port}/{port.protocol}"
        yield Link(1, what, "there is none", BROKEN, Cause.LISTENER, advice)
        return
    what = f"listener {listener.port}/{listener.protocol.upper()}"
    if not listener.running:
        advice = "the controller starts it within the hour; start it in the console, or change the Service, to hurry"
        yield Link(1, what, "stopped", BROKEN, Cause.LISTENER, advice)
    else:
        access = listener.attributes
        acl = f", ACL {access.get('AclType', '')} {access.get('AclId', '')}" if access.get("AclStatus") == "on" else ""
        forward = f", redirects to port {access.get('ForwardPort')}" if access.get("ListenerForward") == "on" else ""
        yield Link(1, what, f"running{forward}{acl}")
    if certificate := listener.attributes.get("ServerCertificateId"):
        yield _certificate(facts, certificate)


def _certificate(facts: Facts, certificate: str) -> Link:
    if isinstance(facts.ends, Trouble) or certificate not in facts.ends:
        why = f": {facts.ends}" if isinstance(facts.ends, Trouble) else ""
        return Link(2, f"certificate {certificate}", f"its end is not known{why}", UNKNOWN)
    end = facts.ends[certificate]
    if end == float("inf"):
        return Link(2, f"certificate {certificate}", "no end is told")
    left, date = end - facts.around.today, datetime.fromtimestamp(end, UTC).date()
    if left <= 0:
        advice = "upload a new certificate and name it in the annotation cert-id"
        return Link(2, f"certificate {certificate}", f"ended on {date}", BROKEN, Cause.CERTIFICATE, advice)
    return Link(2, f"certificate {certificate}", f"ends on {date}, in {left / 86400:.0f} days", mark(left > SOON))


def _group(facts: Facts, listener: Listener, group: Group | None) -> Iterator[Link]:
    if group is None:
        advice = "the controller mends it within the hour; change the Service to hurry"
        yield Link(2, "server group", "the listener has none that is known", BROKEN, Cause.GROUP, advice)
        return
    backends = group.backends if isinstance(group.backends, tuple) else ()
    if not isinstance(group.backends, tuple):
        yield Link(2, f"server group {group.id}", f"{group.name}: somebody else's, not looked at", UNKNOWN)
    elif not any(one.weight for one in backends):
        text = f"{group.name}: {'all weights are 0' if backends else 'empty'}"
        advice = "see below which nodes are left out and why, and whether endpoints are ready on the others"
        yield Link(2, f"server group {group.id}", text, BROKEN, Cause.GROUP, advice)
    else:
        mode = facts.snapshot.service.spec.external_traffic_policy
        pods = "pods by their own addresses" if backends[0].type == "eni" else f"nodes, {mode} mode"
        yield Link(2, f"server group {group.id}", f"{group.name}: {len(backends)} backends ({pods})")
    yield from _backends(facts, listener, backends)


def _backends(facts: Facts, listener: Listener, backends: Sequence[Backend]) -> Iterator[Link]:
    if isinstance(facts.health, Trouble):
        yield Link(3, "health", str(facts.health), UNKNOWN)
    found = [(one, _health_of(facts.health, listener, one)) for one in backends]
    checked = _is_checked(listener)
    if checked and found and all(status == "abnormal" for one, status in found if one.weight):
        yield Link(3, "health", f"the check fails on every backend: {_check(listener)}", BROKEN, Cause.HEALTH,
                   _health_advice(found[0][0]))  # fmt: skip
    for one, status in found[:MOST_SHOWN]:
        fine = (status == "normal" or not checked) and one.weight > 0
        said = status if checked else "not checked"
        yield Link(3, _named(one, facts.around.nodes), f"weight {one.weight}, health {said}", mark(fine))
    if len(found) > MOST_SHOWN:
        yield Link(3, "backends", f"and {len(found) - MOST_SHOWN} more")


def _health_of(health: Sequence[Health] | Trouble, listener: Listener, backend: Backend) -> str:
    if isinstance(health, Trouble):
        return "not known"
    same = (
        one.status for one in health
        if one.slot == listener.slot and (one.server_id, one.port) == (backend.server_id, backend.port)
        and (backend.type != "eni" or one.server_ip in ("", backend.server_ip))
    )  # fmt: skip
    return next(same, "not told")


def _is_checked(listener: Listener) -> bool:
    names = ("HealthCheckSwitch", "HealthCheck")
    return not any(listener.attributes.get(name) == "off" for name in names)


def _check(listener: Listener) -> str:
    """What the balancer asks of each backend: port, path and code."""
    settings = listener.attributes
    kind = settings.get("HealthCheckType", listener.protocol)
    port = settings.get("HealthCheckConnectPort", "")
    where = f"port {port}" if port not in ("", "-520") else "each backend's own port"
    path = f" {settings['HealthCheckURI']}" if kind.startswith("http") and settings.get("HealthCheckURI") else ""
    code = settings.get("HealthCheckHttpCode") if kind.startswith("http") else None
    return f"{kind.upper()}{path} on {where}" + (f", expecting {code}" if code else "")


def _health_advice(backend: Backend) -> str:
    if backend.type == "eni":
        return "see whether the pods answer that, and whether their security group lets 100.64.0.0/10 in"
    return (
        f"see whether nodes answer that (curl NODE:{backend.port}), whether kube-proxy runs there, and whether the "
        "nodes' security group lets 100.64.0.0/10 in"
    )


def _named(backend: Backend, nodes: Sequence[Node]) -> str:
    if backend.type == "eni":
        return f"backend {backend.server_ip}:{backend.port}"
    node = next((one.metadata.name for one in nodes if instance_of(one) == backend.server_id), "no node of the cluster")
    return f"backend {node} ({backend.server_id}:{backend.port})"


def instance_of(node: Node) -> str:
    """The id of the instance that a node runs on; empty when its providerID names none."""
    found = read_provider_id(node.spec.provider_id)
    return found.id if found is not None else ""


def _endpoints(facts: Facts, port: ServicePort) -> Iterator[Link]:
    service, slices = facts.snapshot.service, facts.snapshot.slices
    ready = {address for address, fine in _addresses(slices) if fine}
    every = {address for address, _ in _addresses(slices)}
    name = f"endpoints of port {port.port}"
    target = port.target_port or port.port
    if not every:
        yield Link(1, name, _nobody(service), BROKEN, Cause.ENDPOINTS, _find_pods(service))
    elif not ready:
        advice = f"see why: kubectl -n {service.metadata.namespace} describe pods{_selected(service)}"
        text = f"no ready endpoints: pods are not ready ({len(every)})"
        yield Link(1, name, text, BROKEN, Cause.ENDPOINTS, advice)
    elif isinstance(target, str) and not _has_port(slices, port):
        text = f"the pods have no port named {target}"
        advice = f"name a container port {target}, or give targetPort a number"
        yield Link(1, name, text, BROKEN, Cause.ENDPOINTS, advice)
    else:
        yield Link(1, name, f"{len(ready)} of {len(every)} ready, targetPort {target}, nodePort {port.node_port}")


def _addresses(slices: Sequence[EndpointSlice]) -> Iterator[tuple[str, bool]]:
    """Each address and whether it takes traffic; unknown readiness counts as ready, as the API says."""
    for one in slices:
        for endpoint in one.endpoints:
            fine = endpoint.conditions.ready is not False and not endpoint.conditions.terminating
            yield from ((address, fine) for address in endpoint.addresses)


def _has_port(slices: Sequence[EndpointSlice], port: ServicePort) -> bool:
    return any(one.name == port.name and one.port for each in slices for one in each.ports)


def _nobody(service: Service) -> str:
    if not service.spec.selector:
        return "no ready endpoints: the Service has no selector and nobody has made an EndpointSlice for it"
    return "no ready endpoints: the selector matches no pods"


def _find_pods(service: Service) -> str:
    if not service.spec.selector:
        return f"give it a selector, or an EndpointSlice with the label kubernetes.io/service-name={_name(service)}"
    return f"compare labels and selector: kubectl -n {service.metadata.namespace} get pods{_selected(service)}"


def _name(service: Service) -> str:
    return service.metadata.name


def _selected(service: Service) -> str:
    labels = ",".join(f"{key}={value}" for key, value in service.spec.selector.items())
    return f" -l {labels}" if labels else ""
