"""Which resource a URL means: /api/v1/... and /apis/<group>/<version>/... as API concepts describe them.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from dataclasses import dataclass

from kubesim.api.served import Served
from kubesim.errors import no_such_resource
from kubesim.kinds import Kind

SUBRESOURCES = ("status", "scale", "binding", "eviction", "finalize", "token")


@dataclass(frozen=True, slots=True)
class Target:
    """A resource, one object of it, or a subresource of that."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parse(path: str, kinds: Served) -> Target:
    """The target of a path among the kinds served. Raises StatusError 404."""
    parts = [part for part in path.split("/") if part]
    core = parts[0] == "api"
    head, rest = (["", *parts[1:2]], parts[2:]) if core else (parts[1:3], parts[3:])
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and (len(rest) > 3 or rest[2] not in SUBRESOURCES):
        namespace, rest = rest[1], rest[2:]
    kind = kinds.at_path(head[0], head[1], rest[0]) if rest else None
    if kind is None or len(rest) > 3 or (namespace and not kind.namespaced):
        raise no_such_resource()
    name, subresource = ([*rest[1:], "", ""])[:2]
    if subresource and subresource not in SUBRESOURCES:
        raise no_such_resource()
    return Target(kind, namespace, name, subresource)
