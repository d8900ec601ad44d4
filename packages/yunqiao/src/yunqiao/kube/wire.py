"""What a request to the API server looks like, and what its answers mean. Pure.

Paths, verbs and status codes: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from yunqiao.model.errors import Lost, NotYet, Refused, Stale, Trouble
from yunqiao.model.kubernetes import Kind

Verb = Literal["get", "list", "watch", "create", "update", "patch", "delete"]

METHODS: Mapping[Verb, str] = {
    "get": "GET", "list": "GET", "watch": "GET", "create": "POST", "update": "PUT", "patch": "PATCH",
    "delete": "DELETE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One request, in the words of RBAC; `body` is sent as JSON, a patch as a merge or strategic one."""

    verb: Verb
    kind: Kind[Any]
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    strategic: bool = False

    @property
    def path(self) -> str:
        """`/api/v1/namespaces/shop/services/web/status`."""
        root = f"/api/{self.kind.api}" if "/" not in self.kind.api else f"/apis/{self.kind.api}"
        scope = ["namespaces", self.namespace] if self.namespace and self.kind.namespaced else []
        parts = [*scope, self.kind.plural, self.name, self.subresource]
        return "/".join([root, *(quote(part, safe="") for part in parts if part)])

    @property
    def content_type(self) -> str:
        """What the body is."""
        patch = "strategic-merge-patch+" if self.strategic else "merge-patch+"
        return f"application/{patch if self.verb == 'patch' else ''}json"

    @property
    def resource(self) -> str:
        """`endpointslices.discovery.k8s.io`, `services/status`."""
        group = self.kind.api.partition("/")[0] if "/" in self.kind.api else ""
        return ".".join(filter(None, [self.kind.plural, group])) + (f"/{self.subresource}" if self.subresource else "")

    def __str__(self) -> str:
        """`patch services/status shop/web`."""
        return " ".join(filter(None, [self.verb, self.resource, "/".join(filter(None, [self.namespace, self.name]))]))

    def rule(self) -> str:
        """Give the RBAC rule that permits this request."""
        group = self.kind.api.partition("/")[0] if "/" in self.kind.api else ""
        resource = self.kind.plural + (f"/{self.subresource}" if self.subresource else "")
        return f'{{apiGroups: ["{group}"], resources: ["{resource}"], verbs: ["{self.verb}"]}}'


class _Cause(msgspec.Struct):
    field: str = ""


class _Details(msgspec.Struct):
    causes: list[_Cause] = []


class _Status(msgspec.Struct):
    """meta/v1 Status: the body of an error answer, and the object of an ERROR event."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: _Details | None = None


def trouble(request: Request, status: int, body: bytes, retry_after: str = "") -> Trouble:
    """Give the outcome that an error answer stands for; its text holds the server's own words."""
    said = f"{request}: {_message(body) or 'no explanation'} (HTTP {status})"
    if status == 429:
        return NotYet(said, after=float(retry_after) if retry_after.isdigit() else 1.0)
    if status == 403:
        return Refused(f"{said}. If a permission is missing, add to our ClusterRole: {request.rule()}")
    if status == 401:
        return Refused(f"{said}. The API server does not accept our credentials")
    if status == 422 and _is_another(body):
        return Stale(said)
    if status in (409, 410) or (status == 404 and request.verb in ("get", "patch", "update", "delete")):
        return Stale(said)
    if status == 404 and request.verb in ("list", "watch"):
        return Refused(f"{said}. The API server does not serve {request.kind.name} of {request.kind.api}")
    if status in (408, 425) or status >= 500:
        return Lost(said)
    return Refused(said)


def watch_trouble(request: Request, status: bytes) -> Trouble:
    """Give the outcome of an ERROR event, whose object is a Status (a 410 comes in this form too)."""
    try:
        code = msgspec.json.decode(status, type=_Status).code
    except msgspec.MsgspecError:
        code = 500
    return trouble(request, code or 500, status)


def _is_another(body: bytes) -> bool:
    """Whether a patch that names a UID met another object: to change it is what the server takes that for."""
    try:
        details = msgspec.json.decode(body, type=_Status).details
    except msgspec.MsgspecError:
        return False
    return details is not None and any(cause.field == "metadata.uid" for cause in details.causes)


def _message(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Status).message
    except msgspec.MsgspecError:
        return body[:200].decode(errors="replace").strip()
