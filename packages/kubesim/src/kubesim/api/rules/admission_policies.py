"""ValidatingAdmissionPolicies and their bindings: every expression compiles before it is stored.

https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/validating-admission-policy-v1/
"""

from collections.abc import Iterable, Iterator

from kubesim.admission.expressions import Expression, NotCompiled
from kubesim.api.rules.rule import Rules
from kubesim.errors import Cause, forbidden, required, unsupported, wrong
from kubesim.objects import Object, at

REASONS = ("Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge")
ACTIONS = ("Audit", "Deny", "Warn")
_NO_PARAMETERS = "kubesim evaluates policies without parameters only"


def _default_policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    _default_match(spec.get("matchConstraints"))


def _default_binding(obj: Object) -> None:
    _default_match(obj.setdefault("spec", {}).get("matchResources"))


def _default_match(resources: Object | None) -> None:
    if resources is None:
        return
    resources.setdefault("matchPolicy", "Equivalent")
    resources.setdefault("namespaceSelector", {})
    resources.setdefault("objectSelector", {})
    for rule in (*(resources.get("resourceRules") or ()), *(resources.get("excludeResourceRules") or ())):
        rule.setdefault("scope", "*")


def _create_policy(obj: Object) -> None:
    obj["status"] = {}


def _check_policy(obj: Object) -> list[Cause]:
    spec = obj["spec"]
    return [
        *([forbidden("spec.paramKind", _NO_PARAMETERS)] if spec.get("paramKind") else ()),
        *([] if at(spec, "matchConstraints.resourceRules") else [required("spec.matchConstraints.resourceRules")]),
        *_one_of("spec.failurePolicy", [spec["failurePolicy"]], ("Fail", "Ignore")),
        *_compiled("spec.matchConditions", spec.get("matchConditions"), "expression", "BOOL"),
        *_compiled("spec.variables", spec.get("variables"), "expression", ""),
        *_check_validations(spec),
    ]


def _check_validations(spec: Object) -> Iterator[Cause]:
    where, rules = "spec.validations", spec.get("validations") or []
    if not rules and not spec.get("auditAnnotations"):
        words = "validations or auditAnnotations must contain at least one item"
        yield from (required(where, words), required("spec.auditAnnotations", words))
    yield from _compiled(where, rules, "expression", "BOOL")
    yield from _compiled(where, rules, "messageExpression", "STRING")
    for place, rule in enumerate(rules):
        yield from _one_of(f"{where}[{place}].reason", filter(None, [rule.get("reason")]), REASONS)
        if "\n" in rule.get("message", ""):
            yield wrong(f"{where}[{place}].message", rule["message"], "message must not contain line breaks")


def _compiled(where: str, entries: list[Object] | None, name: str, wanted: str) -> Iterator[Cause]:
    for place, entry in enumerate(entries or ()):
        text = entry.get(name, "")
        if not text.strip():
            if name == "expression":
                yield required(f"{where}[{place}].{name}", "expression is not specified")
            continue
        try:
            Expression(text, wanted)
        except NotCompiled as error:
            yield wrong(f"{where}[{place}].{name}", text, f"compilation failed: {error}")


def _check_binding(obj: Object) -> list[Cause]:
    spec = obj["spec"]
    actions = spec.get("validationActions") or []
    together = {"Deny", "Warn"} <= set(actions)
    return [
        *([] if spec.get("policyName") else [required("spec.policyName")]),
        *([forbidden("spec.paramRef", _NO_PARAMETERS)] if spec.get("paramRef") else ()),
        *([] if actions else [required("spec.validationActions")]),
        *_one_of("spec.validationActions", actions, ACTIONS),
        *([wrong("spec.validationActions", actions, "must not contain both Deny and Warn")] if together else ()),
    ]


def _one_of(field: str, values: Iterable[str], allowed: tuple[str, ...]) -> Iterator[Cause]:
    return (unsupported(field, value, allowed) for value in values if value not in allowed)


POLICIES = Rules(create=_create_policy, default=_default_policy, check=_check_policy)
BINDINGS = Rules(default=_default_binding, check=_check_binding)
