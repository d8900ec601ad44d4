"""Every write comes by here: the policies that are bound are asked, and the first denial is the answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kubesim.admission.matching import Request, is_matched
from kubesim.admission.policy import Denial, Policy, compiled
from kubesim.errors import StatusError
from kubesim.kinds import Kind
from kubesim.objects import Object, at, meta
from kubesim.storage import Change, Storage

POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"
BINDINGS = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413}
"""HTTP codes by reason; 422 for any other."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A denial with where it comes from."""

    policy: str
    binding: Object
    denial: Denial

    @property
    def origin(self) -> str:
        """In the API server's words."""
        return f"ValidatingAdmissionPolicy '{self.policy}' with binding '{meta(self.binding)['name']}'"


@dataclass(slots=True)
class Admission:
    """The policies of a cluster, compiled when they are first needed."""

    storage: Storage
    _compiled: dict[str, Policy] = field(default_factory=dict)
    _bound: dict[str, list[Object]] = field(default_factory=dict)
    """Bindings by the policy that they name."""

    def follow(self, change: Change) -> None:
        """Keep up with what is stored."""
        if change.resource == POLICIES:
            self._compiled.pop(change.key[1], None)
        elif change.resource == BINDINGS:
            self._bound.clear()
            for binding in self.storage.all(BINDINGS):
                self._bound.setdefault(at(binding, "spec.policyName"), []).append(binding)

    def review(self, request: Request, warn: Callable[[str], None]) -> None:
        """Let a write pass, with or without warnings. Raises StatusError 401, 403, 413, 422."""
        if not self._bound or request.kind.resource in (POLICIES, BINDINGS):
            return
        denied = []
        for decision in self._decisions(request):
            actions = at(decision.binding, "spec.validationActions")
            if "Deny" in actions:
                denied.append(decision)
            if "Warn" in actions:
                warn(f"Validation failed for {decision.origin}: {decision.denial.message}")
        if denied:
            raise _refusal(request.kind, request.name, denied[0])

    def _decisions(self, request: Request) -> Iterator[Decision]:
        namespace = self.storage.get("namespaces", ("", request.namespace)) if request.kind.namespaced else None
        data = {"object": request.new, "oldObject": request.old, "request": request.body()}
        data["namespaceObject"] = namespace
        for policy in self._policies():
            if not is_matched(policy.constraints, request, namespace):
                continue
            for binding in self._bound[policy.name]:
                if is_matched(at(binding, "spec.matchResources") or {}, request, namespace):
                    yield from (Decision(policy.name, binding, denial) for denial in policy.judge(data))

    def _policies(self) -> Iterator[Policy]:
        for name in sorted(self._bound):
            stored = self.storage.get(POLICIES, ("", name))
            if stored is not None and name not in self._compiled:
                self._compiled[name] = compiled(stored)
            if stored is not None:
                yield self._compiled[name]


def _refusal(kind: Kind, name: str, decision: Decision) -> StatusError:
    words = f"{decision.origin} denied request: {decision.denial.message}"
    details: Object = {"name": name} | ({"group": kind.group} if kind.group else {}) | {"kind": kind.plural}
    details |= {"causes": [{"message": words}]}
    reason = decision.denial.reason
    named = f' "{name}"' if name else ""
    return StatusError(CODES.get(reason, 422), reason, f"{kind.resource}{named} is forbidden: {words}", details)
