"""Settings made through the API are seen in the requests that reach a backend, and by the client."""

import asyncio
import contextlib
import itertools
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from yunsim.carrying import Carrying
from yunsim.dataplane.loopback import Loopback

NODE_PORT = 30080
ON_THE_WIRE = IPv4Network(f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 256}.0/24")


@dataclass
class Node:
    """A backend: tells its name, as HTTP where it is asked so, and keeps what it received."""

    name: str
    received: list[bytes] = field(default_factory=list)
    status: str = "200 OK"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                self.received.append(data)
                kind = "" if b"/plain" not in data else "Content-Type: text/plain\r\n"
                head = f"HTTP/1.1 {self.status}\r\n{kind}Content-Length: {len(self.name)}\r\n\r\n"
                writer.write((head if b" HTTP/1." in data else "").encode() + self.name.encode())
        writer.close()


class Stage:
    """A balancer with one group of two nodes, whose listeners really listen."""

    def __init__(self, slb: Any, world: Any, balancer: str, group: str, nodes: list[Node]) -> None:
        self.slb, self.balancer, self.group, self.nodes = slb, balancer, group, nodes
        self.carrying = Carrying(world, Loopback())
        self.ports = itertools.count(8080)
        self.protocol = ""
        self.port = 0

    async def listen(self, protocol: str, **settings: Any) -> None:
        """Create a listener and start it; what follows is about this one."""
        self.protocol, self.port = protocol, next(self.ports)
        which = {"LoadBalancerId": self.balancer, "ListenerPort": self.port}
        given = {"Bandwidth": -1, "VServerGroupId": self.group, "Scheduler": "rr", **settings}
        self.slb(f"CreateLoadBalancer{protocol}Listener", **which, **given)
        self.slb("StartLoadBalancerListener", **which, ListenerProtocol=protocol.lower())
        await self.carrying.settled()

    async def change(self, **settings: Any) -> None:
        """Change settings of the listener."""
        which = {"LoadBalancerId": self.balancer, "ListenerPort": self.port}
        self.slb(f"SetLoadBalancer{self.protocol}ListenerAttribute", **which, **settings)
        await self.carrying.settled()

    @property
    def address(self) -> tuple[str, int]:
        """Where the listener listens."""
        return self.carrying.engine.ports()[self.balancer, self.protocol.lower(), self.port]

    async def ask(self, data: bytes = b"hello", **secure: Any) -> str:
        """What a new connection answers to this; "" when it is reset."""
        reader, writer = await asyncio.open_connection(*self.address, **secure)
        try:
            writer.write(data)
            return (await reader.read(65536)).decode(errors="replace")
        except ConnectionResetError:
            return ""
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def get(self, *fields: str, path: str = "/", **secure: Any) -> str:
        """The answer to a GET with these header fields."""
        return await self.ask("\r\n".join([f"GET {path} HTTP/1.1", "Host: shop", *fields, "", ""]).encode(), **secure)


@pytest.fixture
async def stage(slb: Any, world: Any, site: Any, balancer: str, group: str) -> AsyncIterator[Stage]:
    """A stage whose first two nodes answer."""
    world.wire[IPv4Network("10.1.0.0/24")] = ON_THE_WIRE
    nodes, servers = [Node("first"), Node("second")], []
    for node, instance in zip(nodes, site.nodes, strict=False):
        address = world.wire_address(instance.addresses()[0])
        servers.append(await asyncio.start_server(node.serve, address, NODE_PORT))
        server = {"ServerId": instance.id, "Port": NODE_PORT}
        slb("AddVServerGroupBackendServers", VServerGroupId=group, BackendServers=[server])
    made = Stage(slb, world, balancer, group, nodes)
    made.carrying.start()
    yield made
    await made.carrying.close()
    for each in servers:
        each.close()
    for _ in range(20):  # transports close some turns after they were told to
        await asyncio.sleep(0)


async def test_the_headers_that_are_switched_on_reach_the_backend(stage: Stage, slb: Any) -> None:
    switches = ["XForwardedFor_proto", "XForwardedFor_SLBID", "XForwardedFor_SLBIP", "XForwardedFor_SLBPORT"]
    await stage.listen("HTTP", **dict.fromkeys([*switches, "XForwardedFor_ClientSrcPort"], "on"))
    await stage.get()
    seen = "".join(node.received[0].decode() for node in stage.nodes if node.received)
    api_address = slb("DescribeLoadBalancerAttribute", LoadBalancerId=stage.balancer)["Address"]
    for line in (
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: http",
        f"SLB-ID: {stage.balancer}",
        f"SLB-IP: {api_address}",
        f"X-Forwarded-Port: {stage.port}",
    ):
        assert f"\r\n{line}\r\n" in seen
    assert re.search(r"\r\nX-Forwarded-Client-srcport: \d+\r\n", seen)
    for node in stage.nodes:
        node.received.clear()
    await stage.change(**dict.fromkeys([*switches, "XForwardedFor_ClientSrcPort"], "off"))
    await stage.get()
    seen = "".join(node.received[0].decode() for node in stage.nodes if node.received)
    assert "X-Forwarded-For: 127.0.0.1" in seen
    assert not re.search("SLB-|Proto|Port|srcport", seen)


async def test_responses_are_compressed_while_that_is_switched_on(stage: Stage) -> None:
    await stage.listen("HTTP")
    asked = {"path": "/plain"}
    assert "Content-Encoding: gzip" in await stage.get("Accept-Encoding: gzip", **asked)
    assert "Content-Encoding" not in await stage.get(**asked)
    await stage.change(Gzip="off")
    assert "Content-Encoding" not in await stage.get("Accept-Encoding: gzip", **asked)


async def test_a_sticky_session_is_switched_on_changed_and_switched_off(stage: Stage) -> None:
    await stage.listen("HTTP", StickySession="on", StickySessionType="insert", CookieTimeout=60)
    answer = await stage.get()
    cookie = re.search(r"Set-Cookie: (SERVERID=[^;]+); Max-Age=60; Path=/", answer)
    assert cookie
    name = answer.rpartition("\n")[2]
    assert {(await stage.get(f"Cookie: {cookie[1]}")).rpartition("\n")[2] for _ in range(4)} == {name}
    await stage.change(CookieTimeout=7)
    assert "Max-Age=7;" in await stage.get()
    await stage.change(StickySession="off")
    assert "Set-Cookie" not in await stage.get(f"Cookie: {cookie[1]}")
    assert len({(await stage.get(f"Cookie: {cookie[1]}")).rpartition("\n")[2] for _ in range(2)}) == 2


@dataclass
class Pair:
    """A certificate that was uploaded."""

    id: str
    pem: str


def upload(slb: Any, name: str) -> Pair:
    """Make and upload a certificate for a name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, *form).decode()
    answer = slb("UploadServerCertificate", ServerCertificate=pem, PrivateKey=private)
    return Pair(answer["ServerCertificateId"], pem)


def trusting(pair: Pair, name: str) -> dict[str, Any]:
    """How a client connects that trusts only this certificate, under this name."""
    return {"ssl": ssl.create_default_context(cadata=pair.pem), "server_hostname": name}


async def test_https_shows_the_certificates_of_its_domains_and_their_changes(stage: Stage, slb: Any) -> None:
    shop, cart = upload(slb, "shop.example"), upload(slb, "cart.example")
    await stage.listen(
        "HTTPS", ServerCertificateId=shop.id, XForwardedFor_proto="on", TLSCipherPolicy="tls_cipher_policy_1_2"
    )
    assert await stage.get(**trusting(shop, "shop.example"))
    assert "X-Forwarded-Proto: https" in stage.nodes[0].received[0].decode()
    which = {"LoadBalancerId": stage.balancer, "ListenerPort": stage.port}
    with pytest.raises(ssl.SSLCertVerificationError):
        await stage.get(**trusting(cart, "cart.example"))
    slb("CreateDomainExtension", **which, Domain="cart.example", ServerCertificateId=cart.id)
    await stage.carrying.settled()
    assert await stage.get(**trusting(cart, "cart.example"))
    renewed = upload(slb, "shop.example")
    await stage.change(ServerCertificateId=renewed.id)
    assert await stage.get(**trusting(renewed, "shop.example"))


async def test_the_tls_policy_sets_the_lowest_version(stage: Stage, slb: Any) -> None:
    shop = upload(slb, "shop.example")
    await stage.listen("HTTPS", ServerCertificateId=shop.id, TLSCipherPolicy="tls_cipher_policy_1_2_strict")
    newest = trusting(shop, "shop.example")
    newest["ssl"].minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await stage.get(**newest)
    await stage.change(TLSCipherPolicy="tls_cipher_policy_1_2_strict_with_1_3")
    assert await stage.get(**newest)


async def test_http_is_forwarded_to_the_https_listener(stage: Stage, slb: Any) -> None:
    await stage.listen("HTTPS", ServerCertificateId=upload(slb, "shop").id)
    https = stage.port
    await stage.listen("HTTP", ListenerForward="on", ForwardPort=https)
    answer = await stage.get(path="/cart?id=7")
    assert answer.startswith("HTTP/1.1 302 ")
    assert f"\r\nLocation: https://shop:{https}/cart?id=7\r\n" in answer
    assert all(not node.received for node in stage.nodes)


@pytest.mark.parametrize("protocol", ["TCP", "HTTP"])
async def test_an_access_control_list_keeps_clients_out_and_its_entries_count_at_once(
    stage: Stage, slb: Any, protocol: str
) -> None:
    acl = slb("CreateAccessControlList", AclName="office")["AclId"]
    await stage.listen(protocol, AclStatus="on", AclType="white", AclId=acl)
    assert await stage.get(), "a list without entries lets everybody in"
    for entry, admitted in (("10.9.0.0/16", False), ("127.0.0.1/32", True)):
        slb("AddAccessControlListEntry", AclId=acl, AclEntrys=[{"entry": entry}])
        await stage.carrying.settled()
        assert bool(await stage.get()) == admitted
    await stage.change(AclType="black", AclStatus="on", AclId=acl)
    assert not await stage.get()
    slb("RemoveAccessControlListEntry", AclId=acl, AclEntrys=[{"entry": "127.0.0.1/32"}])
    await stage.carrying.settled()
    assert await stage.get()


async def test_a_tcp_clients_address_keeps_its_backend_for_the_persistence_timeout(stage: Stage) -> None:
    await stage.listen("TCP", PersistenceTimeout=60)
    assert len({await stage.ask() for _ in range(4)}) == 1
    await stage.change(PersistenceTimeout=0)
    assert len({await stage.ask() for _ in range(4)}) == 2


async def test_the_proxy_protocol_is_switched_on_and_off(stage: Stage) -> None:
    await stage.listen("TCP", ProxyProtocolV2Enabled="true")
    await stage.ask()
    (seen,) = [node.received[0] for node in stage.nodes if node.received]
    assert seen[:16] == b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"
    assert seen[16:20] == socket.inet_aton("127.0.0.1")
    assert int.from_bytes(seen[26:28], "big") == stage.port
    for node in stage.nodes:
        node.received.clear()
    await stage.change(ProxyProtocolV2Enabled="false")
    await stage.ask()
    assert [node.received for node in stage.nodes if node.received] == [[b"hello"]]


async def test_a_tcp_listener_checks_health_over_http_as_it_is_told(stage: Stage) -> None:
    stage.nodes[1].status = "302 Found"
    check = {"HealthCheckURI": "/healthz", "HealthCheckDomain": "shop.example", "HealthCheckInterval": 1}
    await stage.listen("TCP", HealthCheckType="http", HealthCheckHttpCode="http_2xx", **check)
    assert [await stage.ask() for _ in range(4)] == ["first"] * 4
    assert stage.nodes[0].received[0].startswith(b"HEAD /healthz HTTP/1.0\r\nHost: shop.example\r\n")
    await stage.change(HealthCheckHttpCode="http_2xx,http_3xx")
    assert {await stage.ask() for _ in range(8)} == {"first", "second"}


async def test_weights_share_the_traffic_and_0_takes_none(stage: Stage, slb: Any, site: Any) -> None:
    async def share(first: int, second: int) -> list[int]:
        servers = [
            {"ServerId": node.id, "Port": NODE_PORT, "Weight": weight}
            for node, weight in zip(site.nodes, (first, second), strict=False)
        ]
        slb("SetVServerGroupAttribute", VServerGroupId=stage.group, BackendServers=servers)
        await stage.carrying.settled()
        answers = [await stage.ask() for _ in range(8)]
        return [answers.count(node.name) for node in stage.nodes]

    await stage.listen("TCP", Scheduler="wrr")
    await stage.ask()
    assert await share(75, 25) == [6, 2]
    assert await share(0, 25) == [0, 8]


async def test_a_deleted_listener_resets_and_the_others_stay(stage: Stage, slb: Any) -> None:
    await stage.listen("TCP")
    staying, stayed = await asyncio.open_connection(*stage.address)
    kept = stage.port
    await stage.listen("TCP")
    going, went = await asyncio.open_connection(*stage.address)
    for reader, writer in ((staying, stayed), (going, went)):
        writer.write(b"hello")
        assert await reader.read(100)
    slb("DeleteLoadBalancerListener", LoadBalancerId=stage.balancer, ListenerPort=stage.port, ListenerProtocol="tcp")
    await stage.carrying.settled()
    with pytest.raises(ConnectionResetError):
        await going.readexactly(1)
    stayed.write(b"hello")
    assert await staying.read(100)
    assert [port for _, _, port in stage.carrying.engine.ports()] == [kept]
    for writer in (stayed, went):
        writer.close()
