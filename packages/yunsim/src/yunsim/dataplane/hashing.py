"""Consistent hashing: what of a client decides which backend it gets, and which one that is.

The schedulers sch, tch and qch of the listener actions: by source address, by both addresses and ports, by QUIC
connection ID. Which hash the cloud uses is not documented; here each backend draws a number for the key, weighed by its
weight, and the highest wins (rendezvous hashing): a backend that leaves moves only its own clients.
"""

import math
from hashlib import blake2b

from yunsim.dataplane.engine import Backend

Endpoint = tuple[str, int]
"""Address and port."""

_LONG_HEADER = 0x80
_SHORT_HEADER_ID = 8
"""Bytes of the connection ID in a QUIC packet with a short header, which does not tell its length."""


def client_key(scheduler: str, client: Endpoint, listener: Endpoint, data: bytes = b"") -> bytes:
    """Return what is hashed of a client: nothing where the scheduler takes turns.

    `data` is a UDP client's datagram; one that is no QUIC packet is hashed by addresses and ports.
    """
    if scheduler == "sch":
        return client[0].encode()
    if scheduler == "qch" and (connection := quic_connection_id(data)):
        return connection
    return f"{client} {listener}".encode() if scheduler in ("tch", "qch") else b""


def quic_connection_id(packet: bytes) -> bytes:
    """Return the destination connection ID of a QUIC packet (RFC 8999, 5), or b"" where there is none."""
    if not packet:
        return b""
    if packet[0] & _LONG_HEADER:
        length = packet[5] if len(packet) > 5 else 0
        return packet[6 : 6 + length]
    return packet[1 : 1 + _SHORT_HEADER_ID]


def draw(key: bytes, backend: Backend) -> float:
    """Return the number that a backend draws for a key: the heavier it is, the higher on average."""
    name = f"{backend.key} {backend.address} {backend.port}".encode()
    digest = blake2b(key, digest_size=8, key=blake2b(name, digest_size=32).digest()).digest()
    chance = (int.from_bytes(digest, "big") + 1) / (2**64 + 1)
    return -backend.weight / math.log(chance)
