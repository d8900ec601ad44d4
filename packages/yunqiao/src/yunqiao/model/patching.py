"""What an object looks like after a patch of ours: for whoever must know without asking the API server.

Maps are merged (RFC 7386), conditions by their type, and a list that says `$patch: replace` replaces, as a strategic
patch does (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/).
"""

from collections.abc import Mapping
from typing import Any


def patched(target: Any, patch: Any) -> Any:
    """The plain object after the patch; neither of the two is changed."""
    if not isinstance(patch, Mapping):
        return patch
    kept = target if isinstance(target, dict) else {}
    whole = {**kept, **{key: _member(key, kept.get(key), value) for key, value in patch.items()}}
    return {key: value for key, value in whole.items() if key not in patch or patch[key] is not None}


def _member(key: str, kept: Any, value: Any) -> Any:
    if key == "conditions":
        changed = {one["type"] for one in value}
        return [one for one in kept or [] if one["type"] not in changed] + [one for one in value if "$patch" not in one]
    if isinstance(value, list) and value and value[0] == {"$patch": "replace"}:
        return value[1:]
    return patched(kept, value)
