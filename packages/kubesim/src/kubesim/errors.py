"""Errors as the API server words them: a StatusError is the Status object that a client receives.

Wording and reasons follow apimachinery's api/errors and util/validation/field packages.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubesim.kinds import Kind
from kubesim.objects import Object

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


class StatusError(Exception):
    """A request that the API refuses: HTTP code, machine-readable reason, message and details."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata: Object = {}

    def status(self) -> Object:
        """The body of the answer."""
        body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure"}
        body |= {"message": self.message, "reason": self.reason}
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong with one field."""

    field: str
    reason: str
    message: str

    def body(self) -> Object:
        """As it stands in details.causes."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


def wrong(field: str, value: Any, detail: str) -> Cause:
    """A value that is not allowed."""
    shown = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown}: {detail}")


def required(field: str, detail: str = "") -> Cause:
    """A value that is missing."""
    return Cause(field, "FieldValueRequired", "Required value" + (f": {detail}" if detail else ""))


def unsupported(field: str, value: Any, allowed: Sequence[str]) -> Cause:
    """A value outside a fixed set."""
    names = ", ".join(json.dumps(name) for name in sorted(allowed))
    message = f"Unsupported value: {json.dumps(value)}: supported values: {names}"
    return Cause(field, "FieldValueNotSupported", message)


def forbidden(field: str, detail: str) -> Cause:
    """A value that may not be set or changed here."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {detail}")


def duplicate(field: str, value: Any) -> Cause:
    """A value that must be unique and is not."""
    shown = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {shown}")


def too_long(field: str, limit: int) -> Cause:
    """A text or list beyond its size."""
    return Cause(field, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")


def bad_request(message: str) -> StatusError:
    """400: the request itself cannot be read."""
    return StatusError(400, "BadRequest", message)


def not_found(kind: Kind, name: str) -> StatusError:
    """404 for an object."""
    return StatusError(404, "NotFound", f'{kind.resource} "{name}" not found', _named(kind, name))


def no_such_resource() -> StatusError:
    """404 for a path that nothing serves."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> StatusError:
    """405 for a verb that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def already_exists(kind: Kind, name: str) -> StatusError:
    """409 for a name that is taken."""
    return StatusError(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _named(kind, name))


def conflict(kind: Kind, name: str, detail: str = MODIFIED) -> StatusError:
    """409 for a write that was based on something older."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {detail}'
    return StatusError(409, "Conflict", message, _named(kind, name))


def precondition_failed(kind: Kind, name: str, field: str, given: str, stored: str) -> StatusError:
    """409 for a delete whose uid or resourceVersion precondition does not hold."""
    message = f'Operation cannot be fulfilled on {kind.name} "{name}": the {field} in the precondition ({given}) '
    message += f"does not match the {field} in record ({stored})."
    message += " The object might have been deleted and then recreated" if field == "UID" else ""
    message += " The object might have been modified" if field != "UID" else ""
    return StatusError(409, "Conflict", message, {"name": name, "kind": kind.name})


def invalid(kind: Kind, name: str, causes: Sequence[Cause]) -> StatusError:
    """422 with every cause; the message names each once."""
    details = {"name": name} | ({"group": kind.group} if kind.group else {}) | {"kind": kind.name}
    return _invalid(kind.name + (f".{kind.group}" if kind.group else ""), details, causes)


def invalid_options(kind: str, causes: Sequence[Cause]) -> StatusError:
    """422 for options of a request (ListOptions, PatchOptions)."""
    return _invalid(f"{kind}.meta.k8s.io", {"name": "", "group": "meta.k8s.io", "kind": kind}, causes)


def expired(message: str) -> StatusError:
    """410: what the request refers to has been forgotten."""
    return StatusError(410, "Expired", message)


def _invalid(qualified: str, details: Object, causes: Sequence[Cause]) -> StatusError:
    lines = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    message = f'{qualified} "{details["name"]}" is invalid: {text}'
    body = {name: value for name, value in details.items() if value} | {"causes": [cause.body() for cause in causes]}
    return StatusError(422, "Invalid", message, body)


def _named(kind: Kind, name: str) -> Object:
    return {"name": name} | ({"group": kind.group} if kind.group else {}) | {"kind": kind.plural}
