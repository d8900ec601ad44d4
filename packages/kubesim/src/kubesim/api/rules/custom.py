"""CustomResourceDefinitions: names that fit, one version that is stored, and Established at once.

https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/
"""

from kubesim.api.rules.rule import Rules
from kubesim.errors import Cause, unsupported, wrong
from kubesim.objects import Object, meta

SCOPES = ("Cluster", "Namespaced")


def _create(obj: Object) -> None:
    since = meta(obj)["creationTimestamp"]
    words = (("NamesAccepted", "NoConflicts", "no conflicts found"),
             ("Established", "InitialNamesAccepted", "the initial names have been accepted"))  # fmt: skip
    conditions = [
        {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": since}
        for kind, reason, message in words
    ]
    stored = [each["name"] for each in obj["spec"].get("versions") or () if each.get("storage")]
    obj["status"] = {"conditions": conditions, "acceptedNames": obj["spec"]["names"], "storedVersions": stored}


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    names = spec.setdefault("names", {})
    names.setdefault("singular", names.get("kind", "").lower())
    names.setdefault("listKind", f"{names.get('kind', '')}List")
    spec.setdefault("conversion", {"strategy": "None"})
    for version in spec.setdefault("versions", []):
        version.setdefault("served", False)
        version.setdefault("storage", False)


def _check(obj: Object) -> list[Cause]:
    spec, name = obj["spec"], meta(obj)["name"]
    wanted = f"{spec['names'].get('plural', '')}.{spec.get('group', '')}"
    causes = [] if name == wanted else [wrong("metadata.name", name, 'must be spec.names.plural+"."+spec.group')]
    if spec.get("scope") not in SCOPES:
        causes.append(unsupported("spec.scope", spec.get("scope", ""), SCOPES))
    if sum(bool(version["storage"]) for version in spec["versions"]) != 1:
        causes.append(wrong("spec.versions", len(spec["versions"]), "must have exactly one version marked as storage"))
    return causes


RULES = Rules(create=_create, default=_default, check=_check)
