"""Label and field selectors: text in, a predicate on objects out.

Grammar: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors and
.../field-selectors. Field selectors know only the fields that the real API server indexes for the kind.
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence

from kubesim.errors import bad_request
from kubesim.kinds import Kind
from kubesim.objects import Object, at, meta

Predicate = Callable[[Object], bool]

_TOKEN = re.compile(r"\s*(==|!=|=|!|\(|\)|,|<|>|[^\s=!(),<>]+)")
_EVENT_FIELDS = tuple(
    f"involvedObject.{name}"
    for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "services": ("spec.clusterIP", "spec.type"),
    "secrets": ("type",),
    "events": (*_EVENT_FIELDS, "reason", "reportingComponent", "source", "type"),
    "events.events.k8s.io": (*(f"regarding{name[14:]}" for name in _EVENT_FIELDS), "reason", "type"),
    "replicasets.apps": ("status.replicas",),
    "jobs.batch": ("status.successful",),
}  # fmt: skip
_UNSET = {"spec.unschedulable": "false", "spec.hostNetwork": "false"}


def everything(_: Object) -> bool:
    """The predicate of an empty selector."""
    return True


def select(kind: Kind, labels: str, fields: str) -> Predicate:
    """One predicate of both selectors. Raises StatusError 400."""
    if not labels and not fields:
        return everything
    by_label, by_field = label_predicate(labels), field_predicate(kind, fields)
    return lambda obj: by_label(obj) and by_field(obj)


def matches(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector (matchLabels, matchExpressions) selects these labels; an absent one selects nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(
        _requirement(each["key"], each["operator"].lower(), each.get("values") or ())(labels)
        for each in selector.get("matchExpressions") or ()
    )


@functools.lru_cache(maxsize=256)
def label_predicate(text: str) -> Predicate:
    """Parse a label selector. Raises StatusError 400."""
    tokens = _TOKEN.findall(text)
    requirements = []
    while tokens:
        requirements.append(_parse_requirement(tokens))
        if tokens and tokens.pop(0) != ",":
            raise bad_request(f"unable to parse requirement: found '{text}', expected: ',' or 'end of string'")
    return lambda obj: all(requirement(meta(obj).get("labels") or {}) for requirement in requirements)


def field_predicate(kind: Kind, text: str) -> Predicate:
    """Parse a field selector for that kind. Raises StatusError 400."""
    terms = [_parse_term(kind, term) for term in text.split(",") if term]
    return lambda obj: all((_field(kind, obj, path) == value) is equal for path, equal, value in terms)


def _parse_requirement(tokens: list[str]) -> Callable[[Mapping[str, str]], bool]:
    first = tokens.pop(0)
    if first == "!":
        return _requirement(_identifier(tokens), "doesnotexist", ())
    name = _identifier([first])
    operator = tokens[0] if tokens else ","
    if operator == ",":
        return _requirement(name, "exists", ())
    tokens.pop(0)
    if operator in ("=", "==", "!="):
        value = "" if not tokens or tokens[0] == "," else _identifier(tokens)
        return _requirement(name, "notin" if operator == "!=" else "in", (value,))
    if operator in ("in", "notin"):
        return _requirement(name, operator, _parse_values(tokens))
    if operator in ("<", ">"):
        return _requirement(name, {"<": "lt", ">": "gt"}[operator], (_identifier(tokens),))
    expected = "in, notin, =, ==, !=, gt, lt"
    raise bad_request(f"unable to parse requirement: found '{operator}', expected: {expected}")


def _parse_values(tokens: list[str]) -> list[str]:
    if not tokens or tokens.pop(0) != "(":
        raise bad_request("unable to parse requirement: found '', expected: '('")
    values = []
    while tokens and tokens[0] != ")":
        word = tokens.pop(0)
        if word != ",":
            values.append(word)
    if not tokens:
        raise bad_request("unable to parse requirement: found '', expected: ',', or ')'")
    tokens.pop(0)
    return values


def _identifier(tokens: list[str]) -> str:
    token = tokens.pop(0) if tokens else ""
    if not token or not (token[0].isalnum() or token[0] in "._-/"):
        raise bad_request(f"unable to parse requirement: found '{token}', expected: identifier")
    return token


def _requirement(name: str, operator: str, values: Sequence[str]) -> Callable[[Mapping[str, str]], bool]:
    allowed = frozenset(values)
    if operator == "in":
        return lambda labels: name in labels and labels[name] in allowed
    if operator == "notin":
        return lambda labels: labels.get(name) not in allowed
    if operator == "exists":
        return lambda labels: name in labels
    if operator == "doesnotexist":
        return lambda labels: name not in labels
    bound, sign = int(values[0]), 1 if operator == "gt" else -1
    return lambda labels: labels.get(name, "").lstrip("-").isdigit() and sign * (int(labels[name]) - bound) > 0


def _parse_term(kind: Kind, term: str) -> tuple[str, bool, str]:
    path, operator, value = next(
        (term.partition(sign) for sign in ("!=", "==", "=") if sign in term),
        (term, "", ""),
    )
    if not operator:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    known = ("metadata.name", *(("metadata.namespace",) if kind.namespaced else ()), *FIELDS.get(kind.resource, ()))
    if path not in known:
        raise bad_request(f"field label not supported: {path}")
    return path, operator != "!=", value


def _field(kind: Kind, obj: Object, path: str) -> str:
    if path == "source" and kind.name == "Event":
        return at(obj, "source.component") or obj.get("reportingComponent") or ""
    value = at(obj, path)
    if value is None:
        return _UNSET.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)
