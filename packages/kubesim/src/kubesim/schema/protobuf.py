r"""Read what typed Go clients write: objects in protobuf, as the same dicts that JSON would give.

A body is the bytes "k8s\0" and a runtime.Unknown whose `raw` is the object
(https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding). `protobuf_fields.json` states, for the
messages that served kinds reach, the JSON name, type and label of each field number.
"""

import base64
import functools
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from kubesim.kinds import Kind
from kubesim.objects import Object

MAGIC = b"k8s\0"
_TIMES = {"apis.meta.v1.Time": "%Y-%m-%dT%H:%M:%SZ", "apis.meta.v1.MicroTime": "%Y-%m-%dT%H:%M:%S.%fZ"}
_ZERO_IS_ABSENT = frozenset(
    {
        "nodePort", "healthCheckNodePort", "hostPort", "generation", "observedGeneration", "count",
        "publishNotReadyAddresses", "unschedulable", "hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty",
        "readOnly", "minReadySeconds", "paused", "updatedReplicas", "readyReplicas", "availableReplicas",
        "unavailableReplicas", "fullyLabeledReplicas", "restartCount", "terminatingReplicas",
    }
)  # fmt: skip
"""Go writes these fields even when they are zero; JSON leaves them out."""


class Malformed(Exception):
    """Bytes that are no protobuf message, or of a message that is not known."""


@functools.cache
def fields() -> Mapping[str, Mapping[int, tuple[str, ...]]]:
    """Message -> field number -> (JSON name, type, label unless optional)."""
    text = (resources.files("kubesim.schema") / "protobuf_fields.json").read_text(encoding="utf-8")
    known: dict[str, dict[str, list[str]]] = json.loads(text)
    return {name: {int(number): tuple(field) for number, field in each.items()} for name, each in known.items()}


def message_of(kind: Kind) -> str:
    """The message of a kind."""
    return f"{kind.package}.{kind.version}.{kind.name}"


def decode_body(body: bytes, message: str) -> Object:
    """The object in a request body, with apiVersion and kind from its envelope. Raises Malformed."""
    if not body.startswith(MAGIC):
        raise Malformed("the body does not begin with the bytes k8s and NUL")
    envelope = dict(_raw_fields(body[len(MAGIC) :]))
    header = dict(_raw_fields(envelope.get(1, b"")))
    names = {"apiVersion": header.get(1, b"").decode(), "kind": header.get(2, b"").decode()}
    return {name: text for name, text in names.items() if text} | decode_message(envelope.get(2, b""), message)


def decode_message(data: bytes, message: str) -> Object:
    """One message as a dict. Raises Malformed."""
    if message not in fields():
        raise Malformed(f"objects of type {message} are not served in protobuf: send JSON")
    known = fields()[message]
    result: Object = {}
    for number, raw in _raw_fields(data):
        if number not in known:
            continue
        name, type_, *label = known[number]
        if label == ["map"]:
            key, value = _map_entry(raw, type_)
            result.setdefault(name, {})[key] = value
        elif label == ["repeated"]:
            result.setdefault(name, []).append(_value(raw, type_))
        else:
            value = _value(raw, type_)
            if not _is_absent(name, value):
                result[name] = value
    return result


def _value(raw: Any, type_: str) -> Any:
    match type_:
        case "string":
            return raw.decode()
        case "bool":
            return bool(raw)
        case "int32" | "int64":
            return raw - (1 << 64) if raw >> 63 else raw
        case "bytes":
            return base64.b64encode(raw).decode()
        case "api.resource.Quantity":
            return dict(_raw_fields(raw)).get(1, b"0").decode()
        case "util.intstr.IntOrString":
            return _int_or_string(dict(_raw_fields(raw)))
        case "apis.meta.v1.FieldsV1":
            return json.loads(dict(_raw_fields(raw)).get(1, b"{}"))
        case "apis.meta.v1.Time" | "apis.meta.v1.MicroTime":
            return _time(dict(_raw_fields(raw)), _TIMES[type_])
    return decode_message(raw, type_)


def _int_or_string(members: Mapping[int, Any]) -> int | str:
    return str(members.get(3, b"").decode()) if members.get(1) else int(_value(members.get(2, 0), "int32"))


def _time(members: Mapping[int, Any], form: str) -> str | None:
    if not members.get(1):
        return None
    moment = datetime.fromtimestamp(_value(members[1], "int64"), UTC)
    return moment.replace(microsecond=members.get(2, 0) // 1000).strftime(form)


def _map_entry(raw: bytes, type_: str) -> tuple[str, Any]:
    value_type = type_.removeprefix("map<string,").removesuffix(">").strip()
    members = dict(_raw_fields(raw))
    return members.get(1, b"").decode(), _value(members.get(2, b""), value_type)


def _is_absent(name: str, value: Any) -> bool:
    return value is None or value == "" or (name in _ZERO_IS_ABSENT and not value)


def _raw_fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Field number and raw value: an int for varints and fixed widths, bytes for everything else."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, place = _varint(data, place)
            yield number, value
            continue
        if wire == 2:
            length, place = _varint(data, place)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise Malformed(f"wire type {wire} at byte {place} is unknown")
        if place + length > len(data):
            raise Malformed("the message ends within a field")
        chunk = data[place : place + length]
        place += length
        yield number, chunk if wire == 2 else int.from_bytes(chunk, "little")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data) and shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    raise Malformed("the message ends within a number")
