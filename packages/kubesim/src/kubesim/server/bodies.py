"""Request bodies: JSON, YAML and protobuf in, dicts out; whatever cannot be read is refused in the server's words."""

import json
from typing import Any

import yaml

from kubesim.api.patching import APPLY, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, unsupported_patch
from kubesim.errors import StatusError, bad_request
from kubesim.kinds import Kind
from kubesim.objects import Object
from kubesim.schema.protobuf import Malformed, decode_body, message_of

PROTOBUF = "application/vnd.kubernetes.protobuf"
_JSON = ("", "application/json", "application/octet-stream")
_ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


def read_object(body: bytes, content_type: str, kind: Kind, message: str = "") -> Object:
    """The object in a body. Raises StatusError 400, 415."""
    if content_type == PROTOBUF:
        try:
            return decode_body(body, message or message_of(kind))
        except Malformed as error:
            raise bad_request(f"the object provided is unrecognized (must be of type {kind.name}): {error}") from None
    if content_type in ("application/yaml", "application/x-yaml"):
        return _object(_yaml(body), kind)
    if content_type not in _JSON:
        words = f"the body of the request was in an unknown format - accepted media types include: {_ACCEPTED}"
        raise StatusError(415, "UnsupportedMediaType", words)
    try:
        return _object(json.loads(body), kind)
    except ValueError as error:
        words = f"couldn't get version/kind; json parse error: {_go_json_error(error, body)}"
        words = f"the object provided is unrecognized (must be of type {kind.name}): {words}"
        raise bad_request(f"{words} ({body[:300].decode(errors='replace')})") from None


def read_patch(body: bytes, content_type: str) -> Any:
    """A patch of any media type. Raises StatusError 400, 415."""
    if content_type == APPLY:
        return _yaml(body)
    if content_type not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH):
        raise unsupported_patch()
    try:
        return json.loads(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {_go_json_error(error, body)}") from None


def _yaml(body: bytes) -> Any:
    try:
        return yaml.load(body, Loader=_PlainLoader)  # noqa: S506 - _PlainLoader is a SafeLoader
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from None


def _object(value: Any, kind: Kind) -> Object:
    if not isinstance(value, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind.name}): it is no object")
    return value


def _go_json_error(error: ValueError, body: bytes) -> str:
    position = getattr(error, "pos", 0)
    text = body.decode(errors="replace")
    if position >= len(text.rstrip()):
        return "unexpected end of JSON input"
    return f"invalid character '{text[position]}' looking for beginning of value"


class _PlainLoader(yaml.SafeLoader):
    """YAML as JSON would have it: timestamps stay text."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
