"""Does a policy, or a binding, look at a request? By operation, resource, namespace and labels.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#match-criteria
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from kubesim.access.users import User
from kubesim.api.selectors import matches
from kubesim.kinds import Kind
from kubesim.objects import Object, meta

Operation = Literal["CREATE", "UPDATE", "DELETE"]


@dataclass(frozen=True, slots=True)
class Request:
    """A write that is about to happen: what was, what is to be, and who says so."""

    kind: Kind
    subresource: str
    old: Object | None
    new: Object | None
    user: User
    dry_run: bool

    @property
    def operation(self) -> Operation:
        """By what was and what is to be."""
        if self.old is None:
            return "CREATE"
        return "DELETE" if self.new is None else "UPDATE"

    @property
    def subject(self) -> Object:
        """The object in its newest state."""
        return self.new if self.new is not None else self.old or {}

    @property
    def name(self) -> str:
        """The object's name."""
        return str(meta(self.subject).get("name", ""))

    @property
    def namespace(self) -> str:
        """Where it is; a Namespace counts as being in itself."""
        own = self.name if self.kind.name == "Namespace" else meta(self.subject).get("namespace", "")
        return str(own)

    def body(self) -> Object:
        """As expressions see it: an AdmissionRequest without its objects."""
        kind = {"group": self.kind.group, "version": self.kind.version, "kind": self.kind.name}
        resource = {"group": self.kind.group, "version": self.kind.version, "resource": self.kind.plural}
        asked: Object = {"uid": "", "kind": kind, "resource": resource, "requestKind": kind}
        asked |= {"requestResource": resource, "operation": self.operation, "userInfo": self.user.body()}
        given = {"name": self.name, "namespace": self.namespace}
        given |= {"subResource": self.subresource, "requestSubResource": self.subresource}
        return asked | {name: value for name, value in given.items() if value} | {"dryRun": self.dry_run}


def is_matched(resources: Object, request: Request, namespace: Object | None) -> bool:
    """Whether MatchResources take this request; `namespace` is the object that it is in, if any."""
    rules, excluded = resources.get("resourceRules"), resources.get("excludeResourceRules") or ()
    if any(_rule(rule, request) for rule in excluded):
        return False
    if rules and not any(_rule(rule, request) for rule in rules):
        return False
    surroundings = request.subject if request.kind.name == "Namespace" else namespace
    if surroundings is not None and not _selects(resources.get("namespaceSelector"), surroundings):
        return False
    states = [state for state in (request.new, request.old) if state is not None]
    return any(_selects(resources.get("objectSelector"), state) for state in states)


def _selects(selector: Object | None, obj: Object) -> bool:
    return matches(selector or {}, meta(obj).get("labels") or {})


def _rule(rule: Object, request: Request) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        _has(rule.get("operations"), request.operation)
        and _has(rule.get("apiGroups"), request.kind.group)
        and _has(rule.get("apiVersions"), request.kind.version)
        and any(_resource(pattern, request) for pattern in rule.get("resources") or ())
        and (not names or request.name in names)
        and rule.get("scope", "*") in ("*", "Namespaced" if request.kind.namespaced else "Cluster")
    )


def _has(allowed: Collection[str] | None, value: str) -> bool:
    return allowed is not None and ("*" in allowed or value in allowed)


def _resource(pattern: str, request: Request) -> bool:
    """`*`, `pods`, `pods/status`, `pods/*`, `*/scale`, `*/*`; a plain name or `*` means no subresource."""
    resource, _, subresource = pattern.partition("/")
    return resource in ("*", request.kind.plural) and subresource in ("*", request.subresource)
