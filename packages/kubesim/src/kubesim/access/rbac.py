"""Role-based access control: which rules are a user's, and whether one of them allows a request.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections.abc import Iterator

from kubesim.access.attributes import Attributes
from kubesim.access.users import MASTERS, User
from kubesim.objects import Object, meta
from kubesim.storage import Storage

_GROUP = "rbac.authorization.k8s.io"


class Rbac:
    """Answers from the Roles, ClusterRoles and bindings as they are stored now."""

    def __init__(self, storage: Storage) -> None:
        """Take the store."""
        self._storage = storage

    def allows(self, user: User, asked: Attributes) -> str | None:
        """The reason why a request is allowed, None when nothing allows it."""
        if MASTERS in user.groups:
            return ""
        matching = (words for words, rule in self.rules(user, asked.namespace) if _covers(rule, asked))
        return next(matching, None)

    def rules(self, user: User, namespace: str) -> Iterator[tuple[str, Object]]:
        """The rules that hold for a user in a namespace (cluster-wide ones alone if empty), each with its reason."""
        for binding in self._storage.all(f"clusterrolebindings.{_GROUP}"):
            yield from self._granted(binding, user, "ClusterRoleBinding")
        if namespace:
            for binding in self._storage.all(f"rolebindings.{_GROUP}", namespace):
                yield from self._granted(binding, user, "RoleBinding")

    def _granted(self, binding: Object, user: User, kind: str) -> Iterator[tuple[str, Object]]:
        namespace = meta(binding).get("namespace", "")
        subject = next((each for each in binding.get("subjects") or () if _is_meant(each, user, namespace)), None)
        role = self._role(binding["roleRef"], namespace) if subject else None
        if subject is None or role is None:
            return
        shown = f"{namespace}/{meta(binding)['name']}".lstrip("/")
        named = f'{role.get("kind", binding["roleRef"]["kind"])} "{meta(role)["name"]}"'
        words = f'RBAC: allowed by {kind} "{shown}" of {named} to {subject["kind"]} "{_shown(subject, namespace)}"'
        for rule in role.get("rules") or ():
            yield words, rule

    def _role(self, reference: Object, namespace: str) -> Object | None:
        cluster = reference.get("kind") == "ClusterRole"
        resource = f"clusterroles.{_GROUP}" if cluster else f"roles.{_GROUP}"
        return self._storage.get(resource, ("" if cluster else namespace, reference.get("name", "")))


def _is_meant(subject: Object, user: User, namespace: str) -> bool:
    name = subject.get("name", "")
    match subject.get("kind"):
        case "User":
            return bool(name == user.name)
        case "Group":
            return name in user.groups
        case "ServiceAccount":
            return user.name == f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"
    return False


def _shown(subject: Object, namespace: str) -> str:
    if subject["kind"] != "ServiceAccount":
        return str(subject["name"])
    return f"{subject['name']}/{subject.get('namespace') or namespace}"


def _covers(rule: Object, asked: Attributes) -> bool:
    if not _listed(asked.verb, rule.get("verbs")):
        return False
    if asked.path:
        return any(_is_path(pattern, asked.path) for pattern in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    return (
        _listed(asked.group, rule.get("apiGroups"))
        and _is_resource(asked.resource, rule.get("resources") or ())
        and (not names or asked.name in names)
    )


def _listed(value: str, allowed: "list[str] | None") -> bool:
    return "*" in (allowed or ()) or value in (allowed or ())


def _is_resource(resource: str, allowed: "list[str] | tuple[()]") -> bool:
    subresource = resource.partition("/")[2]
    return "*" in allowed or resource in allowed or bool(subresource and f"*/{subresource}" in allowed)


def _is_path(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
