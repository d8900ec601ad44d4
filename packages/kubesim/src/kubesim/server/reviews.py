"""Reviews: who am I, may I, what may I, may they, whose token is this; and tokens for ServiceAccounts.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from kubesim.access.access import Access
from kubesim.access.attributes import Attributes
from kubesim.access.users import User
from kubesim.errors import invalid, not_found, wrong
from kubesim.kinds import BY_RESOURCE, Kind
from kubesim.objects import Object, at, meta, timestamp
from kubesim.storage import Storage

KINDS: Mapping[str, Kind] = {
    f"/apis/{group}/v1/{name.lower()}s": Kind(group, "v1", name, f"{name.lower()}s", package, namespaced=False)
    for group, package, name in (
        ("authorization.k8s.io", "authorization", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "authorization", "SelfSubjectRulesReview"),
        ("authorization.k8s.io", "authorization", "SubjectAccessReview"),
        ("authentication.k8s.io", "authentication", "SelfSubjectReview"),
        ("authentication.k8s.io", "authentication", "TokenReview"),
    )
}
"""The reviews that are served, by path."""
TOKEN_REQUEST = Kind("authentication.k8s.io", "v1", "TokenRequest", "tokenrequests", "authentication")
AUDIENCE = "https://kubernetes.default.svc.cluster.local"
_SHORTEST, _USUAL, _LONGEST = 600, 3600, 1 << 32
"""Seconds that a token holds."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for a review, when, and what is known here."""

    access: Access
    user: User
    now: datetime


def review(kind: Kind, asked: Object, asking: Asking) -> Object:
    """The answered review."""
    head = {"kind": kind.name, "apiVersion": kind.api_version, "metadata": asked.get("metadata") or {}}
    return head | {"spec": asked.get("spec") or {}, "status": _ANSWERS[kind.name](asked, asking)}


def request_token(storage: Storage, namespace: str, name: str, asked: Object, asking: Asking) -> Object:
    """An answered TokenRequest for a ServiceAccount. Raises StatusError 404, 422."""
    account = storage.get("serviceaccounts", (namespace, name))
    if account is None:
        raise not_found(BY_RESOURCE["serviceaccounts"], name)
    spec = {"audiences": [AUDIENCE], "expirationSeconds": _USUAL, "boundObjectRef": None} | (asked.get("spec") or {})
    seconds = spec["expirationSeconds"]
    if not _SHORTEST <= seconds <= _LONGEST:
        bound = "less than 10 minutes" if seconds < _SHORTEST else "larger than 2^32 seconds"
        words = f"may not specify a duration {bound}"
        raise invalid(TOKEN_REQUEST, "", [wrong("spec.expirationSeconds", seconds, words)])
    token, ends = asking.access.users.mint(account, seconds, asking.now)
    head = {"kind": "TokenRequest", "apiVersion": TOKEN_REQUEST.api_version}
    metadata = {"name": meta(account)["name"], "namespace": namespace, "creationTimestamp": timestamp(asking.now)}
    status = {"token": token, "expirationTimestamp": timestamp(ends)}
    return head | {"metadata": metadata, "spec": spec, "status": status}


def _access(asked: Object, asking: Asking) -> Object:
    return _verdict(asked, asking.user, asking)


def _access_of_others(asked: Object, asking: Asking) -> Object:
    spec = asked.get("spec") or {}
    return _verdict(asked, User(spec.get("user", ""), tuple(spec.get("groups") or ())), asking)


def _verdict(asked: Object, user: User, asking: Asking) -> Object:
    spec = asked.get("spec") or {}
    path, wanted = spec.get("nonResourceAttributes"), spec.get("resourceAttributes") or {}
    if path:
        attributes = Attributes(path.get("verb", ""), path=path.get("path", ""))
    else:
        below = f"/{wanted['subresource']}" if wanted.get("subresource") else ""
        given = {name: wanted.get(name, "") for name in ("verb", "group", "namespace", "name")}
        attributes = Attributes(resource=wanted.get("resource", "") + below, **given)
    reason = asking.access.reason(user, attributes)
    return {"allowed": reason is not None} | ({"reason": reason} if reason else {})


def _rules(asked: Object, asking: Asking) -> Object:
    if not asking.access.enforced:
        everything: list[Object] = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        paths: list[Object] = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
        return {"resourceRules": everything, "nonResourceRules": paths, "incomplete": False}
    namespace = at(asked, "spec.namespace") or ""
    rules = [rule for _, rule in asking.access.rbac.rules(asking.user, namespace)]
    resources = [rule for rule in rules if "resources" in rule]
    urls = [rule for rule in rules if "nonResourceURLs" in rule]
    return {"resourceRules": resources, "nonResourceRules": urls, "incomplete": False}


def _subject(_: Object, asking: Asking) -> Object:
    return {"userInfo": asking.user.body()}


def _token(asked: Object, asking: Asking) -> Object:
    user = asking.access.users.find(at(asked, "spec.token") or "", asking.now)
    if user is not None:
        return {"authenticated": True, "user": user.body(), "audiences": [AUDIENCE]}
    return {"authenticated": False, "user": {}, "error": "invalid bearer token"}


_ANSWERS: Mapping[str, Callable[[Object, Asking], Object]] = {
    "SelfSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
    "SubjectAccessReview": _access_of_others,
    "SelfSubjectReview": _subject,
    "TokenReview": _token,
}
