"""Reviews: who am I, may I, what may I. There is one user, who may do everything; the answers say so.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

import hmac
from collections.abc import Callable, Mapping

from kubesim.kinds import Kind
from kubesim.objects import Object, at

USER = {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]}
KINDS: Mapping[str, Kind] = {
    f"/apis/{group}/v1/{name.lower()}s": Kind(group, "v1", name, f"{name.lower()}s", package, namespaced=False)
    for group, package, name in (
        ("authorization.k8s.io", "authorization", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "authorization", "SelfSubjectRulesReview"),
        ("authentication.k8s.io", "authentication", "SelfSubjectReview"),
        ("authentication.k8s.io", "authentication", "TokenReview"),
    )
}
"""The reviews that are served, by path."""
_REASON = "kubesim stores RBAC objects and does not enforce them"


def review(kind: Kind, asked: Object, token: str) -> Object:
    """The answered review."""
    head = {"kind": kind.name, "apiVersion": kind.api_version, "metadata": asked.get("metadata") or {}}
    return head | {"spec": asked.get("spec") or {}, "status": _ANSWERS[kind.name](asked, token)}


def _access(_: Object, __: str) -> Object:
    return {"allowed": True, "reason": _REASON}


def _rules(_: Object, __: str) -> Object:
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    paths = {"verbs": ["*"], "nonResourceURLs": ["*"]}
    return {"resourceRules": [everything], "nonResourceRules": [paths], "incomplete": False}


def _subject(_: Object, __: str) -> Object:
    return {"userInfo": USER}


def _token(asked: Object, token: str) -> Object:
    given = at(asked, "spec.token") or ""
    if hmac.compare_digest(given.encode(), token.encode()):
        return {"authenticated": True, "user": USER}
    return {"authenticated": False, "user": {}, "error": "invalid bearer token"}


_ANSWERS: Mapping[str, Callable[[Object, str], Object]] = {
    "SelfSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
    "SelfSubjectReview": _subject,
    "TokenReview": _token,
}
