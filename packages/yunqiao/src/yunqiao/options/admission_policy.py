"""The declared annotations as admission policies: a bad value is refused when it is applied, before anything runs.

Two ValidatingAdmissionPolicies (CEL, evaluated by the API server itself; Kubernetes 1.30 or newer), each with its
binding: one refuses values, one warns of names that nobody reads. Both look only at annotations that the request
changes, so nothing that is already there ever stands in the way of an update, a finalizer or a deletion; and an error
in the evaluation lets the request pass, since the controller judges everything again.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from yunqiao.options.declare import PREFIXES, Declared
from yunqiao.options.readers import Reader

Manifest = dict[str, Any]

VALUES, NAMES = "yunqiao-annotation-values", "yunqiao-annotation-names"
_API = "admissionregistration.k8s.io/v1"
_CURRENT, _LEGACY = PREFIXES


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Annotations that give a Service to somebody else: by being there, or by a value that is not empty."""

    present: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()


def policies(options: Iterable[Declared], elsewhere: Elsewhere) -> list[Manifest]:
    """Both policies and their bindings, in the order in which to apply them."""
    found = list(options)
    values = _policy(VALUES, _VARIABLES, [_value_rule(option) for option in found], elsewhere)
    known = [option.suffix for option in found]
    names = _policy(NAMES, [*_VARIABLES, _unknown(known, elsewhere.present)], [_NAME_RULE], elsewhere)
    return [values, _binding(VALUES, "Deny"), names, _binding(NAMES, "Warn")]


def manifest(documents: Sequence[Manifest]) -> str:
    """As a file for `kubectl apply -f`."""
    head = "# Generated from the declarations in the code: `yunqiao annotations --output policy`.\n"
    return head + yaml.safe_dump_all(documents, sort_keys=False, width=4096, allow_unicode=True)


def cel(reader: Reader, value: str = "value") -> str:
    """An expression over the text `value`: true for what the reader accepts (and a little more, see its `beyond`).

    The length comes first, so that no pattern ever meets a text that the API server's cost limit would not allow.
    """
    if reader.values:
        return f"{value} in {_list(reader.values)}"
    tests = [f"size({value}) <= {reader.longest}"]
    if reader.pattern:
        tests.append(f"{value}.matches({_text(f'^(?:{reader.pattern})$')})")
    if reader.never:
        tests.append(f"!{value}.matches({_text(reader.never)})")
    return " && ".join(tests)


def _text(value: str) -> str:
    """A CEL literal; JSON's escapes are a part of CEL's."""
    return json.dumps(value, ensure_ascii=False)


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


_QUOTE = '"'
_HELD = "object.metadata.annotations"
_OURS = (
    f"(key.startsWith({_text(_CURRENT)}) || (key.startsWith({_text(_LEGACY)}) && "
    f"!(key.replace({_text(_LEGACY)}, {_text(_CURRENT)}) in {_HELD})))"
)
_NEW = f'{_HELD}[key] != "" && !(key in variables.before && variables.before[key] == {_HELD}[key])'
_VARIABLES: list[Manifest] = [
    {
        "name": "before",
        "expression": "oldObject != null && has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {}",
    },
    {"name": "changed", "expression": f"{_HELD}.filter(key, {_OURS} && {_NEW})"},
]
"""`changed`: our annotations that this request sets to something else, as they count (the older prefix counts where
the current one is absent; an empty value is none)."""
_NAME_RULE: Manifest = {
    "expression": "size(variables.unknown) == 0",
    "messageExpression": '"there is no such annotation: " + variables.unknown.join(", ")'
    ' + "; `yunqiao annotations NAME` finds the nearest"',
    "message": "there are annotations that nobody reads; `yunqiao annotations` lists what there is",
}


_SERVICES: Manifest = {
    "resourceRules": [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE"],
            "resources": ["services"],
            "scope": "*",
        }
    ],
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
}
"""With all defaults: an atomic field that lacked them would be a conflict of server-side apply, or a difference."""


def _value_rule(option: Declared) -> Manifest:
    keys = _list(prefix + option.suffix for prefix in PREFIXES)
    given = f"{keys}.filter(key, key in variables.changed)"
    allowed = f" is not allowed; allowed: {option.reader.allowed}"
    told = f"key + {_text(': ' + _QUOTE)} + {_HELD}[key] + {_text(_QUOTE + allowed)}"
    return {
        "expression": f"{given}.map(key, {_HELD}[key]).all(value, {cel(option.reader)})",
        "messageExpression": f'{given}.map(key, {told}).join("; ")',
        "message": f"{_CURRENT}{option.suffix}: this value{allowed}",
    }


def _unknown(known: Iterable[str], others: Iterable[str]) -> Manifest:
    """Changed annotations that are neither declared nor another's."""
    suffix = f'key.replace({_text(_CURRENT)}, "").replace({_text(_LEGACY)}, "")'
    expression = f"variables.changed.filter(key, !({suffix} in {_list(known)}) && !(key in {_list(others)}))"
    return {"name": "unknown", "expression": expression}


def _policy(name: str, variables: list[Manifest], validations: list[Manifest], elsewhere: Elsewhere) -> Manifest:
    theirs = [f"{_text(key)} in {_HELD}" for key in elsewhere.present]
    theirs += [f'{_text(key)} in {_HELD} && {_HELD}[{_text(key)}] != ""' for key in elsewhere.filled]
    conditions = {
        "wants-a-classic-load-balancer": 'object.spec.type == "LoadBalancer" && !has(object.spec.loadBalancerClass)',
        "is-not-being-deleted": "!has(object.metadata.deletionTimestamp)",
        "has-annotations-and-is-not-given-to-others": " && ".join(
            [f"has({_HELD})", *(f"!({each})" for each in theirs)]
        ),
    }
    spec = {
        "failurePolicy": "Ignore",
        "matchConstraints": _SERVICES,
        "matchConditions": [{"name": each, "expression": condition} for each, condition in conditions.items()],
        "variables": variables,
        "validations": validations,
    }
    return {"apiVersion": _API, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}


def _binding(policy: str, action: str) -> Manifest:
    spec = {"policyName": policy, "validationActions": [action]}
    return {"apiVersion": _API, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": policy}, "spec": spec}
