"""EndpointSlices and Endpoints: addresses that may stand behind a Service.

https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
"""

from collections.abc import Iterator
from ipaddress import ip_address

from kubesim.api import names
from kubesim.api.rules.rule import Rules
from kubesim.errors import Cause, duplicate, required, unsupported, wrong
from kubesim.objects import Object

_FAMILIES = ("FQDN", "IPv4", "IPv6")
_MOST_ADDRESSES = 100
_MOST_ENDPOINTS = 1000


def _default_slice(obj: Object) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")
    obj.setdefault("endpoints", [])


def _check_slice(obj: Object) -> list[Cause]:
    family, causes = obj.get("addressType", ""), []
    if not family:
        causes.append(required("addressType"))
    elif family not in _FAMILIES:
        causes.append(unsupported("addressType", family, _FAMILIES))
    endpoints = obj["endpoints"] or []
    if len(endpoints) > _MOST_ENDPOINTS:
        words = f"Too many: {len(endpoints)}: must have at most {_MOST_ENDPOINTS} items"
        causes.append(Cause("endpoints", "FieldValueTooMany", words))
    for place, endpoint in enumerate(endpoints):
        causes += _check_endpoint(f"endpoints[{place}]", endpoint, family)
    return causes + list(_check_ports(obj.get("ports") or []))


def _check_endpoint(where: str, endpoint: Object, family: str) -> Iterator[Cause]:
    addresses = endpoint.get("addresses") or []
    if not addresses:
        yield required(f"{where}.addresses", "must contain at least 1 address")
    if len(addresses) > _MOST_ADDRESSES:
        words = f"Too many: {len(addresses)}: must have at most {_MOST_ADDRESSES} items"
        yield Cause(f"{where}.addresses", "FieldValueTooMany", words)
    for place, value in enumerate(addresses):
        yield from (wrong(f"{where}.addresses[{place}]", value, words) for words in _address(value, family))


def _address(value: str, family: str) -> list[str]:
    if family == "FQDN":
        return names.subdomain(value)
    if names.address(value):
        return names.address(value)
    if family in _FAMILIES and ip_address(value).version != int(family[-1]):
        return [f"must be an {family} address"]
    return names.endpoint_address(value)


def _check_ports(ports: list[Object]) -> Iterator[Cause]:
    seen = set()
    for place, port in enumerate(ports):
        name = port["name"]
        if name in seen:
            yield duplicate(f"ports[{place}].name", name)
        seen.add(name)
        if name:
            yield from (wrong(f"ports[{place}].name", name, words) for words in names.label(name))
        if port["protocol"] not in ("TCP", "UDP", "SCTP"):
            yield unsupported(f"ports[{place}].protocol", port["protocol"], ("TCP", "UDP", "SCTP"))
        if port.get("port") is not None:
            yield from (wrong(f"ports[{place}].port", port["port"], words) for words in names.port(port["port"]))


def _check_slice_update(new: Object, old: Object) -> list[Cause]:
    same = new.get("addressType") == old.get("addressType")
    return [] if same else [wrong("addressType", new.get("addressType"), "field is immutable")]


def _changed_endpoints(new: Object, old: Object) -> Object:
    return new | {"endpoints": []} if new.get("endpoints") == old.get("endpoints") else new


def _default_endpoints(obj: Object) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _check_endpoints(obj: Object) -> list[Cause]:
    causes = []
    for place, subset in enumerate(obj.get("subsets") or ()):
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            causes.append(required(f"subsets[{place}]", "must specify `addresses` or `notReadyAddresses`"))
        for group in ("addresses", "notReadyAddresses"):
            for spot, each in enumerate(subset.get(group) or ()):
                where, value = f"subsets[{place}].{group}[{spot}].ip", each.get("ip", "")
                causes += [wrong(where, value, words) for words in names.endpoint_address(value)]
    return causes


SLICES = Rules(
    default=_default_slice,
    check=_check_slice,
    check_update=_check_slice_update,
    checked_again=_changed_endpoints,
)
ENDPOINTS = Rules(default=_default_endpoints, check=_check_endpoints)
