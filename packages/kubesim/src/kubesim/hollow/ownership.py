"""Which objects belong to which controller: references, and claiming by selector.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and .../workloads/controllers/replicaset/
"""

from collections.abc import Iterable

from kubesim.api.selectors import matches
from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import is_terminating
from kubesim.objects import Object, at, key_of


def reference(owner: Object, api_version: str, kind: str) -> Object:
    """The ownerReference by which an object names its controller."""
    name, uid = owner["metadata"]["name"], owner["metadata"]["uid"]
    owned = {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}
    return owned | {"controller": True, "blockOwnerDeletion": True}


def controller_of(obj: Object) -> Object | None:
    """The ownerReference that is marked as controller, or None."""
    return next((each for each in obj["metadata"].get("ownerReferences") or () if each.get("controller")), None)


def owned_by(owner: Object, objects: Iterable[Object]) -> list[Object]:
    """Those whose controller is that object."""
    uid = owner["metadata"]["uid"]
    return [obj for obj in objects if (controller_of(obj) or {}).get("uid") == uid]


def claim(cluster: Cluster, resource: str, owner: Object, owner_reference: Object) -> list[Object]:
    """Adopt what the owner's selector matches and nobody owns, release what it no longer matches; returns its own.

    So a pod whose labels are changed leaves its ReplicaSet and can be looked at in peace, and may be given back.
    """
    if is_terminating(owner):
        return owned_by(owner, cluster.list(resource, owner["metadata"]["namespace"]))
    mine = []
    for obj in cluster.list(resource, owner["metadata"]["namespace"]):
        controller = controller_of(obj)
        selected = matches(at(owner, "spec.selector"), obj["metadata"].get("labels") or {})
        if controller and controller["uid"] == owner["metadata"]["uid"]:
            if selected:
                mine.append(obj)
            else:
                _release(cluster, resource, obj, controller["uid"])
        elif controller is None and selected and not is_terminating(obj):
            mine += filter(None, [_adopt(cluster, resource, obj, owner_reference)])
    return mine


def _adopt(cluster: Cluster, resource: str, obj: Object, owner_reference: Object) -> Object | None:
    def edit(fresh: Object) -> None:
        fresh["metadata"]["ownerReferences"] = [*(fresh["metadata"].get("ownerReferences") or ()), owner_reference]

    return cluster.change(resource, key_of(obj), edit)


def _release(cluster: Cluster, resource: str, obj: Object, uid: str) -> None:
    def edit(fresh: Object) -> None:
        references = fresh["metadata"].get("ownerReferences") or ()
        fresh["metadata"]["ownerReferences"] = [each for each in references if each["uid"] != uid]

    cluster.change(resource, key_of(obj), edit)
