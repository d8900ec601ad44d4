"""Bodies of typed Go clients, made here byte by byte."""

import pytest

from kubesim.schema.protobuf import Malformed, decode_body, decode_message


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def chunk(field: int, content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    digits = b""
    while value > 127:
        digits += bytes([value & 127 | 128])
        value >>= 7
    return digits + bytes([value])


def body(version: str, kind: str, raw: bytes) -> bytes:
    return b"k8s\0" + chunk(1, chunk(1, version) + chunk(2, kind)) + chunk(2, raw) + chunk(3, "") + chunk(4, "")


def test_a_service_is_read_from_its_envelope():
    target = number(1, 1) + chunk(3, "http")
    port = chunk(1, "web") + chunk(2, "TCP") + number(3, 80) + chunk(4, target) + number(5, 0)
    selector = chunk(1, "app") + chunk(2, "web")
    metadata = chunk(1, "s") + chunk(3, "") + chunk(8, b"")
    raw = chunk(1, metadata) + chunk(2, chunk(1, port) + chunk(2, selector) + chunk(4, "NodePort"))
    assert decode_body(body("v1", "Service", raw), "core.v1.Service") == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {
            "ports": [{"name": "web", "protocol": "TCP", "port": 80, "targetPort": "http"}],
            "selector": {"app": "web"},
            "type": "NodePort",
        },
    }


def test_a_lease_keeps_its_microseconds():
    renewed = number(1, 1_700_000_000) + number(2, 250_000_000)
    raw = chunk(2, chunk(1, "me") + number(2, 15) + chunk(4, renewed))
    assert decode_message(raw, "coordination.v1.Lease")["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "renewTime": "2023-11-14T22:13:20.250000Z",
    }


def test_negative_numbers_and_numeric_target_ports_are_read():
    assert decode_message(number(3, -1), "core.v1.ServicePort") == {"port": -1}
    assert decode_message(chunk(4, number(1, 0) + number(2, 8080)), "core.v1.ServicePort") == {"targetPort": 8080}


def test_fields_that_are_not_known_are_skipped():
    raw = number(999, 5) + varint(998 << 3 | 5) + b"1234" + number(3, 80)
    assert decode_message(raw, "core.v1.ServicePort") == {"port": 80}


@pytest.mark.parametrize("raw", [b"\x0a\x05ab", b"\xff", b"\x0f"])
def test_bytes_that_are_no_message_are_refused(raw):
    with pytest.raises(Malformed):
        decode_message(raw, "core.v1.ServicePort")


def test_a_body_without_its_first_bytes_is_refused():
    with pytest.raises(Malformed, match="does not begin"):
        decode_body(b"{}", "core.v1.Service")
