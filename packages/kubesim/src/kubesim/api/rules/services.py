"""Services: defaults, what may not change, and what goes when the type changes.

https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ and validation in the API server
(pkg/apis/core/validation). Addresses and node ports are given out by api/allocation.py.
"""

import json
from collections.abc import Iterator

from kubesim.api import names
from kubesim.api.rules.rule import Rules
from kubesim.errors import Cause, duplicate, forbidden, required, unsupported, wrong
from kubesim.objects import Object, at

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_BALANCER_ONLY = ("loadBalancerClass", "allocateLoadBalancerNodePorts")


def needs_address(spec: Object) -> bool:
    """Whether the Service has a cluster address (headless ones have the word None)."""
    return spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")


def needs_node_ports(spec: Object) -> bool:
    """Whether nodes listen for it."""
    wants = spec.get("allocateLoadBalancerNodePorts", True)
    return spec.get("type") == "NodePort" or (spec.get("type") == "LoadBalancer" and wants)


def needs_health_port(spec: Object) -> bool:
    """Whether nodes answer health checks for it."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def complete_families(spec: Object) -> None:
    """Fill in the address families, and clusterIP and clusterIPs from one another."""
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    if spec.get("clusterIPs") and not spec.get("clusterIP"):
        spec["clusterIP"] = spec["clusterIPs"][0]
    everywhere = spec.get("clusterIP") == "None" and not spec.get("selector")
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if everywhere else "SingleStack")
    spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if spec["ipFamilyPolicy"] == "RequireDualStack" else ["IPv4"])


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, "", 0):
            port["targetPort"] = port.get("port", 0)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if needs_address(spec):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    balancer = obj.setdefault("status", {}).setdefault("loadBalancer", {})
    for each in balancer.get("ingress") or ():
        if each.get("ip"):
            each.setdefault("ipMode", "VIP")


def _create(obj: Object) -> None:
    obj["status"] = {"loadBalancer": {}}


def _update(new: Object, old: Object) -> None:
    after, before = new.setdefault("spec", {}), old["spec"]
    after.setdefault("type", "ClusterIP")
    if needs_address(before) and needs_address(after):
        _carry_address(after, before)
    if needs_node_ports(before) and needs_node_ports(after):
        _carry_node_ports(after, before)
    if needs_health_port(before) and needs_health_port(after) and not after.get("healthCheckNodePort"):
        after["healthCheckNodePort"] = before.get("healthCheckNodePort")
    _drop_what_the_type_had(after, before)


def _carry_address(after: Object, before: Object) -> None:
    if not after.get("clusterIP"):
        after["clusterIP"] = before["clusterIP"]
    if after["clusterIP"] == before["clusterIP"]:
        after.setdefault("clusterIPs", before["clusterIPs"])
    elif after.get("clusterIPs") == before["clusterIPs"]:
        after["clusterIPs"] = [after["clusterIP"]]
    for name in ("ipFamilies", "ipFamilyPolicy"):
        after.setdefault(name, before.get(name))


def _carry_node_ports(after: Object, before: Object) -> None:
    known = {port.get("name", ""): port.get("nodePort") for port in before.get("ports") or ()}
    taken = {port.get("nodePort") for port in after.get("ports") or ()}
    for port in after.get("ports") or ():
        value = known.get(port.get("name", ""))
        if not port.get("nodePort") and value and value not in taken:
            port["nodePort"] = value


def _drop_what_the_type_had(after: Object, before: Object) -> None:
    """Forget fields that only the old type had, unless the writer changed them in the same breath."""
    if needs_address(before) and not needs_address(after):
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            _drop_unchanged(name, after, before)
    if needs_node_ports(before) and not needs_node_ports(after):
        kept = {port.get("nodePort") for port in before.get("ports") or ()}
        for port in after.get("ports") or ():
            if port.get("nodePort") in kept:
                port.pop("nodePort", None)
    if before.get("type") == "LoadBalancer" != after.get("type"):
        for name in _BALANCER_ONLY:
            _drop_unchanged(name, after, before)
    if after.get("type") not in ("NodePort", "LoadBalancer"):
        _drop_unchanged("externalTrafficPolicy", after, before)
    if not needs_health_port(after):
        _drop_unchanged("healthCheckNodePort", after, before)


def _drop_unchanged(name: str, after: Object, before: Object) -> None:
    if name in after and after[name] == before.get(name):
        del after[name]


def _check(obj: Object) -> list[Cause]:
    spec = obj["spec"]
    causes = [] if spec["type"] in TYPES else [unsupported("spec.type", spec["type"], TYPES)]
    if spec["type"] == "ExternalName":
        if not spec.get("externalName"):
            causes.append(required("spec.externalName"))
    elif not spec.get("ports") and spec.get("clusterIP") != "None":
        causes.append(required("spec.ports"))
    if spec["sessionAffinity"] not in ("None", "ClientIP"):
        causes.append(unsupported("spec.sessionAffinity", spec["sessionAffinity"], ("ClientIP", "None")))
    causes += [cause for place, port in enumerate(spec.get("ports") or ()) for cause in _check_port(spec, place, port)]
    causes += _repeated(spec.get("ports") or [])
    causes += _check_addresses(spec)
    return [*causes, *_check_type_fields(spec)]


def _check_port(spec: Object, place: int, port: Object) -> Iterator[Cause]:
    where, name = f"spec.ports[{place}]", port.get("name", "")
    if not name and len(spec["ports"]) > 1:
        yield required(f"{where}.name")
    elif name:
        yield from (wrong(f"{where}.name", name, words) for words in names.label(name))
    yield from (wrong(f"{where}.port", port.get("port", 0), words) for words in names.port(port.get("port", 0)))
    if port["protocol"] not in _PROTOCOLS:
        yield unsupported(f"{where}.protocol", port["protocol"], _PROTOCOLS)
    target = port["targetPort"]
    complaints = names.port(target) if isinstance(target, int) else names.port_name(target)
    yield from (wrong(f"{where}.targetPort", target, words) for words in complaints)
    if port.get("nodePort") and spec["type"] == "ClusterIP":
        yield forbidden(f"{where}.nodePort", "may not be used when `type` is 'ClusterIP'")


def _repeated(ports: list[Object]) -> Iterator[Cause]:
    seen: set[object] = set()
    for place, port in enumerate(ports):
        pair, name = (port["protocol"], port.get("port")), port.get("name")
        if name and name in seen:
            yield duplicate(f"spec.ports[{place}].name", name)
        if pair in seen:
            shown = {
                "Name": "",
                "Protocol": pair[0],
                "AppProtocol": None,
                "Port": pair[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            text = json.dumps(shown, separators=(",", ":"))
            yield Cause(f"spec.ports[{place}]", "FieldValueDuplicate", f"Duplicate value: {text}")
        seen |= {pair, name}


def _check_addresses(spec: Object) -> Iterator[Cause]:
    for place, value in enumerate(spec.get("clusterIPs") or filter(None, [spec.get("clusterIP")])):
        if value != "None":
            yield from (wrong(f"spec.clusterIPs[{place}]", value, words) for words in names.address(value))
    for place, value in enumerate(spec.get("externalIPs") or ()):
        where = f"spec.externalIPs[{place}]"
        yield from (wrong(where, value, words) for words in names.endpoint_address(value))
    for place, value in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        where = f"spec.loadBalancerSourceRanges[{place}]"
        yield from (wrong(where, value, words) for words in names.network(value.strip()))


def _check_type_fields(spec: Object) -> Iterator[Cause]:
    if spec["type"] != "LoadBalancer":
        for name in _BALANCER_ONLY:
            if spec.get(name) is not None:
                yield forbidden(f"spec.{name}", "may only be used when `type` is 'LoadBalancer'")
    elif spec.get("clusterIP") == "None":
        yield wrong("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services")
    policy = spec.get("externalTrafficPolicy")
    if policy and spec["type"] not in ("NodePort", "LoadBalancer") and not spec.get("externalIPs"):
        words = "may only be set for externally-accessible services"
        yield wrong("spec.externalTrafficPolicy", policy, words)
    elif policy and policy not in ("Cluster", "Local"):
        yield unsupported("spec.externalTrafficPolicy", policy, ("Cluster", "Local"))
    if spec.get("healthCheckNodePort") and not needs_health_port(spec):
        words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield wrong("spec.healthCheckNodePort", spec["healthCheckNodePort"], words)


def _check_update(new: Object, old: Object) -> list[Cause]:
    after, before, causes = new["spec"], old["spec"], []
    if needs_address(before) and needs_address(after) and after.get("clusterIPs") != before.get("clusterIPs"):
        causes.append(wrong("spec.clusterIPs[0]", after.get("clusterIPs"), "may not change once set"))
    both = before.get("type") == after.get("type") == "LoadBalancer"
    if both and after.get("loadBalancerClass") != before.get("loadBalancerClass"):
        value = after.get("loadBalancerClass")
        causes.append(wrong("spec.loadBalancerClass", value, "may not change once set"))
    held = before.get("healthCheckNodePort")
    if held and needs_health_port(after) and after.get("healthCheckNodePort") != held:
        causes.append(wrong("spec.healthCheckNodePort", after.get("healthCheckNodePort"), "field is immutable"))
    return causes


def _check_status(obj: Object) -> list[Cause]:
    causes = []
    ingress = at(obj, "status.loadBalancer.ingress") or []
    if ingress and obj["spec"].get("type") != "LoadBalancer":
        causes.append(forbidden("status.loadBalancer.ingress", "may only be used when `spec.type` is LoadBalancer"))
    for place, each in enumerate(ingress):
        where = f"status.loadBalancer.ingress[{place}]"
        if each.get("ip"):
            causes += [wrong(f"{where}.ip", each["ip"], words) for words in names.address(each["ip"])]
        if each.get("hostname"):
            causes += [
                wrong(f"{where}.hostname", each["hostname"], words) for words in names.subdomain(each["hostname"])
            ]
    return causes


RULES = Rules(
    create=_create,
    default=_default,
    update=_update,
    check=_check,
    check_update=_check_update,
    check_status=_check_status,
)
