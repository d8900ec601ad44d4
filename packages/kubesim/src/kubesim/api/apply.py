"""Server-side apply: a manager states the fields it cares for; the rest of the object stays as others left it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from collections import defaultdict
from datetime import datetime

from kubesim.api.field_sets import FieldSet, changed, decode, fields_of, merged, shown, without
from kubesim.api.managed_fields import entry, entry_key, owned, with_applied
from kubesim.api.options import Write
from kubesim.errors import StatusError, bad_request, invalid_options, required
from kubesim.kinds import Kind
from kubesim.objects import Object, copied, meta
from kubesim.schema.definitions import Type


def require_manager(manager: str) -> None:
    """Refuse an apply that does not say who applies. Raises StatusError 422."""
    if not manager:
        raise invalid_options("PatchOptions", [required("fieldManager", "is required for apply patch")])


def apply(kind: Kind, old: Object | None, wanted: Object, subresource: str, options: Write, now: datetime) -> Object:
    """The object after the apply, with its managedFields. Raises StatusError 400, 409 (conflicts of managers)."""
    if meta(wanted).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    schema, live = kind.type, old or {}
    states = owned(kind, fields_of(wanted, schema), subresource)
    new = copied(merged(live, wanted, schema))
    takes = owned(kind, changed(live, new, schema), subresource)
    entries = list(meta(live).get("managedFields") or ())
    mine = (options.manager, "Apply", subresource)
    others = [each for each in entries if entry_key(each) != mine]
    if not options.force:
        _refuse_conflicts(others, takes & states)
    new = _without_what_was_dropped(new, entries, mine, states, schema)
    new["metadata"]["managedFields"] = _entries(kind, entries, states, takes & states, mine, now)
    return {name: new[name] for name in ("kind", "apiVersion")} | new


def _entries(
    kind: Kind, entries: list[Object], states: FieldSet, takes: FieldSet, mine: tuple[str, str, str], now: datetime
) -> list[Object]:
    before = next((each for each in entries if entry_key(each) == mine), None)
    if before is not None and frozenset(decode(before["fieldsV1"])) == states and not takes:
        return entries
    return with_applied(entries, entry(kind, states, mine, now), takes)


def _without_what_was_dropped(
    new: Object, entries: list[Object], mine: tuple[str, str, str], states: FieldSet, schema: Type
) -> Object:
    """Fields that this manager applied before, states no more, and nobody else owns are removed."""
    before: set[tuple[str, ...]] = set()
    kept: set[tuple[str, ...]] = set(states)
    for each in entries:
        (before if entry_key(each) == mine else kept).update(decode(each["fieldsV1"]))
    dropped = frozenset(before - kept)
    dropped -= {path for path in dropped if any(other[: len(path)] == path for other in kept)}
    result: Object = without(new, dropped, schema) if dropped else new
    return result


def _refuse_conflicts(others: list[Object], takes: FieldSet) -> None:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in others:
        for path in sorted(takes & frozenset(decode(each["fieldsV1"]))):
            found[_named(each)].append(shown(path))
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": field}
        for manager, fields in found.items()
        for field in fields
    ]
    if causes:
        count = "1 conflict" if len(causes) == 1 else f"{len(causes)} conflicts"
        details = "\n".join(_conflict_line(manager, fields) for manager, fields in found.items())
        raise StatusError(409, "Conflict", f"Apply failed with {count}: {details}", {"causes": causes})


def _conflict_line(manager: str, fields: list[str]) -> str:
    if len(fields) == 1:
        return f"conflict with {manager}: {fields[0]}"
    return f"conflicts with {manager}:\n" + "\n".join(f"- {field}" for field in fields)


def _named(each: Object) -> str:
    text = f'"{each["manager"]}"'
    if each.get("subresource"):
        text += f' with subresource "{each["subresource"]}"'
    return text + (f" using {each['apiVersion']}" if each["operation"] == "Update" else "")
