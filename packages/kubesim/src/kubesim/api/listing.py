"""Lists: which revision, which page, which objects.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions-in-parameter and
#retrieving-large-results-sets-in-chunks
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass

from kubesim.api.selectors import Predicate
from kubesim.errors import Cause, StatusError, bad_request, expired, forbidden, invalid_options
from kubesim.kinds import Kind
from kubesim.objects import Key, Object, key_of
from kubesim.storage import Expired, Storage

TOO_OLD_PAGE = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."  # noqa: E501 - the server's sentences
TOO_OLD_LIST = "The resourceVersion for the provided list is too old."
_VERSION = "meta.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for, and as of when."""

    limit: int = 0
    continue_: str = ""
    resource_version: str = ""
    match: str = ""


def list_objects(
    storage: Storage, kind: Kind, namespace: str, page: Page, chosen: Predicate, served: Callable[[Object], Object]
) -> Object:
    """The list object: its items are shared with the store, so they must not be changed. Raises StatusError."""
    _check(page)
    resource = kind.stored_as or kind.resource
    revision, start = _position(storage, page)
    try:
        current = revision >= storage.revision or revision < 0
        objects = storage.all(resource, namespace) if current else storage.all_at(resource, revision, namespace)
    except Expired:
        raise _too_old(storage, page, start) from None
    shown = storage.revision if revision < 0 else revision
    rest = [obj for obj in objects if (not start or key_of(obj) > start) and chosen(obj)]
    limit = page.limit if page.limit and page.resource_version != "0" else len(rest)
    metadata: Object = {"resourceVersion": str(shown)}
    if len(rest) > limit:
        metadata["continue"] = _token(shown, key_of(rest[limit - 1]))
        metadata["remainingItemCount"] = len(rest) - limit
    items = [served(obj) for obj in rest[:limit]]
    return {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}


def parse_revision(text: str) -> int:
    """A resourceVersion as the number it is here; 0 when empty. Raises StatusError 400."""
    if text and not text.isdigit():
        words = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise bad_request(f'invalid resource version: resourceVersion: Invalid value: "{text}": {words}')
    return int(text or 0)


def require_reached(storage: Storage, revision: int) -> None:
    """Refuse a revision that has not happened yet. Raises StatusError 504."""
    if revision > storage.revision:
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        message = f"Timeout: Too large resource version: {revision}, current: {storage.revision}"
        raise StatusError(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def _check(page: Page) -> None:
    causes: list[Cause] = []
    if page.match and not page.resource_version:
        words = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        causes.append(forbidden("resourceVersionMatch", words))
    if page.match and page.continue_:
        words = "resourceVersionMatch is forbidden when continue is provided"
        causes.append(forbidden("resourceVersionMatch", words))
    if page.match == "Exact" and page.resource_version == "0":
        words = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        causes.append(forbidden("resourceVersionMatch", words))
    if causes:
        raise invalid_options("ListOptions", causes)


def _position(storage: Storage, page: Page) -> tuple[int, Key | None]:
    if page.continue_:
        if page.resource_version not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        return _parse_token(page.continue_)
    revision = parse_revision(page.resource_version)
    require_reached(storage, revision)
    return (revision if page.match == "Exact" else storage.revision), None


def _too_old(storage: Storage, page: Page, start: Key | None) -> StatusError:
    error = expired(TOO_OLD_PAGE if page.continue_ else TOO_OLD_LIST)
    if start:
        error.metadata = {"resourceVersion": str(storage.revision), "continue": _token(-1, start)}
    return error


def _token(revision: int, last: Key) -> str:
    text = json.dumps({"v": _VERSION, "rv": revision, "start": "/".join(last) + "\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_token(token: str) -> tuple[int, Key]:
    words = "invalid continue token: continue key is not valid"
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        raise bad_request(f"{words}: illegal base64 data at input byte 0") from None
    try:
        fields = json.loads(text)
        namespace, _, name = fields["start"].rstrip("\0").partition("/")
        return int(fields["rv"]), (namespace, name)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise bad_request(f"{words}: invalid character '{text[:1]}' looking for beginning of value") from None
