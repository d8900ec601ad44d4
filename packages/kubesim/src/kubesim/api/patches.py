"""JSON patch (RFC 6902) and merge patch (RFC 7386): a value and a patch in, a new value out."""

from collections.abc import Sequence
from typing import Any

from kubesim.errors import StatusError, bad_request
from kubesim.objects import Object, copied

REJECTED = "the server rejected our request due to an error in our request"


def merge(target: Any, patch: Any) -> Any:
    """Apply a merge patch: members replace, null removes, lists are replaced whole."""
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def json_patch(target: Object, operations: Any) -> Object:
    """Apply a JSON patch. Raises StatusError 400 for a malformed patch and 422 for one that does not fit."""
    if not isinstance(operations, list):
        raise bad_request("error decoding patch: a JSON patch is a list of operations")
    document: Any = copied(target)
    for operation in operations:
        document = _operate(document, operation)
    if not isinstance(document, dict):
        raise _rejected()
    return document


def _operate(document: Any, operation: Any) -> Any:
    if not isinstance(operation, dict) or "op" not in operation or "path" not in operation:
        raise bad_request("error decoding patch: each operation needs op and path")
    path = _pointer(operation["path"])
    match operation["op"]:
        case "add":
            return _add(document, path, copied(operation.get("value")))
        case "remove":
            return _remove(document, path)
        case "replace":
            _read(document, path)
            return _add(_remove(document, path) if path else document, path, copied(operation.get("value")))
        case "move":
            source = _pointer(operation.get("from", ""))
            value = _read(document, source)
            return _add(_remove(document, source), path, value)
        case "copy":
            return _add(document, path, copied(_read(document, _pointer(operation.get("from", "")))))
        case "test":
            if _read(document, path, missing=None) != operation.get("value"):
                raise _rejected()
            return document
    raise _rejected()


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise _rejected()
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


_NOTHING = object()


def _read(document: Any, path: Sequence[str], missing: Any = _NOTHING) -> Any:
    value = document
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and _in_range(part, len(value)):
            value = value[int(part)]
        elif missing is _NOTHING:
            raise _rejected()
        else:
            return missing
    return value


def _add(document: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _read(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and last == "-":
        parent.append(value)
    elif isinstance(parent, list) and _in_range(last, len(parent) + 1):
        parent.insert(int(last), value)
    else:
        raise _rejected()
    return document


def _remove(document: Any, path: Sequence[str]) -> Any:
    if not path:
        raise _rejected()
    _read(document, path)
    parent, last = _read(document, path[:-1]), path[-1]
    del parent[last if isinstance(parent, dict) else int(last)]
    return document


def _in_range(text: str, length: int) -> bool:
    return text.isdigit() and int(text) < length


def _rejected() -> StatusError:
    return StatusError(422, "Invalid", REJECTED, {})
