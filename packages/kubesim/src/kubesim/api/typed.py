"""From what a client sent to an object of its kind: the right kind, no nulls, no unknown fields, every type right."""

from typing import Any

from kubesim.api.options import Write
from kubesim.errors import StatusError, bad_request, invalid
from kubesim.kinds import Kind
from kubesim.objects import Object, meta
from kubesim.schema.custom import problems, pruned
from kubesim.schema.decoding import WrongType, decode


def typed(kind: Kind, obj: Any, options: Write) -> Object:
    """A clean copy of an object of that kind. Raises StatusError 400, 422 (custom resources)."""
    if not isinstance(obj, dict):
        raise bad_request(
            f"{kind.name} in version {kind.version!r} cannot be handled as a {kind.name}: it is no object"
        )
    named = obj | {"kind": obj.get("kind") or kind.name, "apiVersion": obj.get("apiVersion") or kind.api_version}
    prefix = f'{kind.name} in version "{kind.version}" cannot be handled as a {kind.name}'
    if (named["kind"], named["apiVersion"]) != (kind.name, kind.api_version):
        raise _other_kind(kind, named)
    clean, unknown = _custom(kind, named) if kind.structure else _decoded(kind, named, prefix)
    complaints = [f'unknown field "{path}"' for path in unknown]
    if complaints and options.validation == "Strict":
        raise bad_request(f"{prefix}: strict decoding error: {', '.join(complaints)}")
    if options.validation == "Warn":
        for complaint in complaints:
            options.warn(complaint)
    clean.setdefault("metadata", {})
    return clean


def _decoded(kind: Kind, named: Object, prefix: str) -> tuple[Object, list[str]]:
    try:
        return decode(named, kind.type, kind=kind.name)
    except WrongType as error:
        raise bad_request(f"{prefix}: {error}") from None


def _custom(kind: Kind, named: Object) -> tuple[Object, list[str]]:
    clean, unknown = pruned(named, kind.type)
    causes = list(problems(clean, kind.type))
    if causes:
        raise invalid(kind, meta(clean).get("name", ""), causes)
    return clean, unknown


def _other_kind(kind: Kind, named: Object) -> StatusError:
    group, _, version = named["apiVersion"].rpartition("/")
    if group != kind.group or version != kind.version:
        words = f"does not match the expected API version ({kind.api_version})"
        return bad_request(f"the API version in the data ({named['apiVersion']}) {words}")
    internal = {"": "core"}.get(kind.group, kind.group.partition(".")[0])
    words = f"converting ({version}.{named['kind']}) to ({internal}.{kind.name}): unknown conversion"
    return bad_request(f'{named["kind"]} in version "{version}" cannot be handled as a {kind.name}: {words}')
