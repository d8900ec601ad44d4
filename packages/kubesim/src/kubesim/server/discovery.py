"""Discovery: what is served, in the classic and the aggregated form, made from the table of kinds.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from collections.abc import Iterator

from kubesim.api.served import Served
from kubesim.errors import no_such_resource
from kubesim.kinds import Kind
from kubesim.objects import Object
from kubesim.server import reviews

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_REVIEWS = {
    place: tuple(kind.name for kind in reviews.KINDS.values() if (kind.group, kind.version) == place)
    for place in dict.fromkeys((kind.group, kind.version) for kind in reviews.KINDS.values())
}
_SUBRESOURCE_VERBS = ["get", "patch", "update"]
VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2+kubesim",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
"""What GET /version answers: the version whose behaviour is simulated, marked as simulated."""


def versions(host: str) -> Object:
    """GET /api."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def groups(kinds: Served) -> Object:
    """GET /apis."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*each) for each in _named_groups(kinds)]}


def group(kinds: Served, name: str) -> Object:
    """GET /apis/<group>. Raises StatusError 404."""
    found = next((each for each in _named_groups(kinds) if each[0] == name), None)
    if found is None:
        raise no_such_resource()
    return {"kind": "APIGroup", "apiVersion": "v1"} | _group(*found)


def resources(kinds: Served, group_name: str, version: str) -> Object:
    """GET /api/v1 and /apis/<group>/<version>. Raises StatusError 404."""
    entries = [
        entry for kind in kinds if (kind.group, kind.version) == (group_name, version) for entry in _entries(kind)
    ]
    entries += [_review(name) for name in _REVIEWS.get((group_name, version), ())]
    if not entries:
        raise no_such_resource()
    head: Object = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if group_name else {})
    entries.sort(key=lambda entry: str(entry["name"]))
    return head | {"groupVersion": f"{group_name}/{version}".lstrip("/"), "resources": entries}


def aggregated(kinds: Served, *, core: bool) -> Object:
    """GET /api or /apis in the aggregated form."""
    named = [("", "v1")] if core else _named_groups(kinds)
    items = [
        {
            "metadata": {"name": name} if name else {},
            "versions": [{"version": version, "resources": _aggregated(kinds, name, version), "freshness": "Current"}],
        }
        for name, version in named
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _named_groups(kinds: Served) -> list[tuple[str, str]]:
    served = dict.fromkeys((kind.group, kind.version) for kind in kinds if kind.group)
    return [*served, *_REVIEWS]


def _group(name: str, version: str) -> Object:
    entry = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [entry], "preferredVersion": entry}


def _entries(kind: Kind) -> Iterator[Object]:
    entry: Object = {"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced}
    entry |= {"kind": kind.name, "verbs": list(kind.verbs)}
    entry |= {"shortNames": list(kind.short)} if kind.short else {}
    yield entry | ({"categories": list(kind.categories)} if kind.categories else {})
    for name, described in _subresources(kind):
        group_version = {"group": described[0], "version": described[1]} if described[0] else {}
        below: Object = {"name": f"{kind.plural}/{name}", "singularName": "", "namespaced": kind.namespaced}
        yield below | group_version | {"kind": described[2], "verbs": described[3]}


def _subresources(kind: Kind) -> Iterator[tuple[str, tuple[str, str, str, list[str]]]]:
    if kind.name == "Pod":
        yield "binding", ("", "", "Binding", ["create"])
        yield "eviction", ("policy", "v1", "Eviction", ["create"])
    if kind.name == "ServiceAccount":
        yield "token", ("authentication.k8s.io", "v1", "TokenRequest", ["create"])
    if kind.scale:
        yield "scale", ("autoscaling", "v1", "Scale", _SUBRESOURCE_VERBS)
    if kind.status:
        yield "status", ("", "", kind.name, _SUBRESOURCE_VERBS)


def _review(name: str) -> Object:
    named = {"name": f"{name.lower()}s", "singularName": name.lower(), "namespaced": False}
    return named | {"kind": name, "verbs": ["create"]}


def _aggregated(kinds: Served, group_name: str, version: str) -> list[Object]:
    here = [kind for kind in kinds if (kind.group, kind.version) == (group_name, version)]
    asked = [
        {
            "resource": f"{name.lower()}s",
            "responseKind": {"group": "", "version": "", "kind": name},
            "scope": "Cluster",
            "singularResource": name.lower(),
            "verbs": ["create"],
        }
        for name in _REVIEWS.get((group_name, version), ())
    ]
    return [_aggregated_kind(kind) for kind in here] + asked


def _aggregated_kind(kind: Kind) -> Object:
    entry: Object = {"resource": kind.plural, "responseKind": {"group": "", "version": "", "kind": kind.name}}
    entry |= {"scope": "Namespaced" if kind.namespaced else "Cluster", "singularResource": kind.singular}
    entry |= {"verbs": list(kind.verbs)}
    entry |= {"shortNames": list(kind.short)} if kind.short else {}
    entry |= {"categories": list(kind.categories)} if kind.categories else {}
    below = [
        {
            "subresource": name,
            "responseKind": {"group": group_name, "version": version, "kind": answered},
            "verbs": verbs,
        }
        for name, (group_name, version, answered, verbs) in _subresources(kind)
    ]
    return entry | ({"subresources": below} if below else {})
