"""The header with which a layer-4 listener tells a backend who its client is: PROXY protocol, version 2.

Format: https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, section 2.2.
"""

import socket
import struct

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
VERSION_2_PROXY = 0x21
_FAMILIES = {socket.AF_INET: 0x10, socket.AF_INET6: 0x20}
_KINDS = {socket.SOCK_STREAM: 0x1, socket.SOCK_DGRAM: 0x2}

Endpoint = tuple[str, int]
"""Address and port."""


def header(kind: socket.SocketKind, client: Endpoint, listener: Endpoint) -> bytes:
    """The header for a connection or a datagram of this client to this listener, both of one address family."""
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    addresses = b"".join(socket.inet_pton(family, address) for address, _ in (client, listener))
    body = addresses + struct.pack("!HH", client[1], listener[1])
    return SIGNATURE + struct.pack("!BBH", VERSION_2_PROXY, _FAMILIES[family] | _KINDS[kind], len(body)) + body
