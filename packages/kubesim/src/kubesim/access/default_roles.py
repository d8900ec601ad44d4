"""The roles that every cluster has from the start, as far as clients rely on them.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
"""

from kubesim.access.users import AUTHENTICATED, MASTERS
from kubesim.api.options import Write
from kubesim.api.verbs import Verbs
from kubesim.objects import Object

_GROUP = "rbac.authorization.k8s.io"
_EVERYTHING = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]
_DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz"]
_ABOUT_ONESELF = [
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
]
ROLES: dict[str, tuple[list[Object], str]] = {
    "cluster-admin": (_EVERYTHING, MASTERS),
    "system:discovery": (
        [{"verbs": ["get"], "nonResourceURLs": [*_DISCOVERY, "/version", "/version/"]}],
        AUTHENTICATED,
    ),
    "system:basic-user": (_ABOUT_ONESELF, AUTHENTICATED),
}
"""ClusterRoles: their rules, and the group that each is bound to."""


def ensure_default_roles(verbs: Verbs) -> None:
    """Create those that are missing."""
    system = Write(manager="kube-apiserver")
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    for name, (rules, group) in ROLES.items():
        metadata = {"name": name, "labels": labels}
        if verbs.storage.get(f"clusterroles.{_GROUP}", ("", name)) is None:
            verbs.create(f"clusterroles.{_GROUP}", {"metadata": metadata, "rules": rules}, options=system)
        if verbs.storage.get(f"clusterrolebindings.{_GROUP}", ("", name)) is None:
            role = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name}
            subjects = [{"apiGroup": _GROUP, "kind": "Group", "name": group}]
            binding = {"metadata": metadata, "roleRef": role, "subjects": subjects}
            verbs.create(f"clusterrolebindings.{_GROUP}", binding, options=system)
