"""The scale subresource: a workload's replicas as an autoscaling/v1 Scale."""

from kubesim.errors import conflict
from kubesim.kinds import Kind
from kubesim.objects import Object, at, copied, meta


def to_scale(obj: Object) -> Object:
    """The Scale of a Deployment, ReplicaSet or StatefulSet."""
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = at(obj, "spec.replicas")
    status: Object = {"replicas": at(obj, "status.replicas") or 0}
    selector = _selector_text(at(obj, "spec.selector") or {})
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta(obj)[name] for name in kept if name in meta(obj)},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status | ({"selector": selector} if selector else {}),
    }


def from_scale(kind: Kind, old: Object, scale: Object) -> Object:
    """The workload with the replicas that a Scale asks for. Raises StatusError 409 for an outdated Scale."""
    given = meta(scale).get("resourceVersion") or meta(old)["resourceVersion"]
    if given != meta(old)["resourceVersion"]:
        raise conflict(kind, meta(old)["name"])
    new: Object = copied(old)
    new["spec"]["replicas"] = (scale.get("spec") or {}).get("replicas", 0)
    return new


def _selector_text(selector: Object) -> str:
    terms = [f"{name}={value}" for name, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or ():
        values = ",".join(sorted(each.get("values") or ()))
        words = {"In": f"{each['key']} in ({values})", "NotIn": f"{each['key']} notin ({values})"}
        terms.append(words.get(each["operator"], each["key"] if each["operator"] == "Exists" else f"!{each['key']}"))
    return ",".join(terms)
