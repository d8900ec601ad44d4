"""The patch types by their media types.

https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
"""

from typing import Any

from kubesim.api.patches import json_patch, merge
from kubesim.api.strategic import strategic
from kubesim.errors import StatusError, bad_request
from kubesim.kinds import Kind
from kubesim.objects import Object

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"


def patched(kind: Kind, before: Object, patch: Any, content_type: str) -> Object:
    """The object with the patch done to it (not apply). Raises StatusError 400, 415, 422."""
    if content_type == JSON_PATCH:
        return json_patch(before, patch)
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: a patch of that type is an object")
    if content_type == MERGE_PATCH:
        merged: Object = merge(before, patch)
        return merged
    if content_type == STRATEGIC_PATCH and kind.structure is None:
        return strategic(before, patch, kind.type)
    raise unsupported_patch()


def unsupported_patch() -> StatusError:
    """415 for a patch of a type that nobody knows."""
    types = ", ".join((JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY))
    words = f"the body of the request was in an unknown format - accepted media types include: {types}"
    return StatusError(415, "UnsupportedMediaType", words)
