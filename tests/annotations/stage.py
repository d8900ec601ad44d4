"""The controller's core, the simulated cloud and its data plane in one process: a request shows what was asked for.

A test annotates the Service, lets the controller work, asks the cloud what it holds, and sends requests through the
listener's address to backends that tell what they received.
"""

import asyncio
import contextlib
import json
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.annotations.backends import Backend
from tests.annotations.flying import elapse, flying
from tests.core.conftest import Bench, Cloud, Cluster, Time, new_bench, new_world

from yunqiao.controllers.services.identity import CLUSTER_TAG, OWNER_TAG
from yunqiao.controllers.services.record import ANNOTATION as NOTE
from yunqiao.model.cluster import (
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Metadata,
    Node,
    Service,
    ServicePort,
)
from yunqiao.model.errors import Lost, NotYet, Refused, Stale
from yunqiao.model.step import Call
from yunqiao.options.declare import PREFIXES
from yunsim.carrying import Carrying
from yunsim.dataplane.loopback import Loopback
from yunsim.dispatch import perform

KEY = "default/nginx"
PORT, NODE_PORT, POD_PORT = 8080, 30080, 8088
_VSWITCH = IPv4Network("127.16.0.0/25")
INSIDE, INTERNET = IPv4Network(f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 256}.0/24").subnets()
"""Where this process's cloud answers, in the VPC and on the internet, so that several test runs never meet."""
TURNS, LATER = 60, 30.0
"""A controller that needs more turns never ends; one that asks for a turn that many seconds later has ended."""
CLIENT, OTHER_CLIENT = "127.0.0.1", "127.0.0.9"


@dataclass
class Answer:
    """What an HTTP client got; `told` is what the backend says of the request (empty when no backend answered)."""

    status: int
    headers: list[tuple[str, str]]
    told: Mapping[str, Any]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def backend(self) -> str:
        return self.told.get("backend", "")

    def cookies(self) -> dict[str, str]:
        pairs = (value.partition(";")[0].partition("=") for value in self.all("Set-Cookie"))
        return {name: value for name, _, value in pairs}


@dataclass
class Conversation:
    """A connection that a client keeps."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    backend: str = ""

    async def say(self, text: str) -> dict[str, Any]:
        self.writer.write(f"{text}\n".encode())
        return json.loads(await self.reader.readline())

    async def lives(self) -> bool:
        """Whether nobody has ended it."""
        await asyncio.sleep(0.002)
        return not self.reader.at_eof() and self.reader.exception() is None

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@dataclass
class Stage:
    """One Service with its nodes, its cloud and the traffic through it."""

    bench: Bench
    carrying: Carrying
    backends: dict[str, Backend] = field(default_factory=dict)
    _kept: list[Conversation] = field(default_factory=list)

    # What Kubernetes says.

    @property
    def service(self) -> Service:
        assert self.bench.cluster.service is not None
        return self.bench.cluster.service

    def annotate(self, annotations: Mapping[str, str], prefix: str = PREFIXES[0]) -> None:
        """These annotations (by suffix, or in full) and no others; the controller's own note stays."""
        meta = self.service.metadata
        given = {key if "/" in key else prefix + key: value for key, value in annotations.items()}
        noted = {key: value for key, value in meta.annotations.items() if key == NOTE}
        self._replace(metadata=msgspec.structs.replace(meta, annotations=noted | given))

    def ask(self, *ports: ServicePort, **spec: Any) -> None:
        """Change the Service's spec."""
        if ports:
            spec["ports"] = list(ports)
        self._replace(spec=msgspec.structs.replace(self.service.spec, **spec))

    def _replace(self, **parts: Any) -> None:
        self.bench.cluster.service = msgspec.structs.replace(self.service, **parts)

    def node(self, name: str, **changes: Any) -> None:
        """Change a node: `labels`, or fields of its spec."""
        nodes = self.bench.cluster.nodes
        index = next(number for number, node in enumerate(nodes) if node.metadata.name == name)
        labels = changes.pop("labels", nodes[index].metadata.labels)
        nodes[index] = msgspec.structs.replace(
            nodes[index],
            metadata=msgspec.structs.replace(nodes[index].metadata, labels=labels),
            spec=msgspec.structs.replace(nodes[index].spec, **changes),
        )

    def pods(self, **on_node: int) -> None:
        """That many ready endpoints on each node, which nobody reaches by their addresses."""
        places = [node for node, count in on_node.items() for _ in range(count)]
        self.endpoints({f"10.0.0.{number}": node for number, node in enumerate(places, 1)})

    def endpoints(self, nodes: Mapping[str, str], kind: str = "IPv4", number: int = 80) -> None:
        """Ready endpoints by their addresses, each on its node, at that port; those of the other kind stay."""
        ready = [Endpoint([address], node_name=node) for address, node in nodes.items()]
        labels = {"kubernetes.io/service-name": "nginx"}
        meta = Metadata(name=f"nginx-{kind.lower()}", namespace="default", labels=labels)
        others = [one for one in self.bench.cluster.slices if one.address_type != kind]
        made = EndpointSlice(metadata=meta, address_type=kind, endpoints=ready, ports=[EndpointPort(port=number)])
        self.bench.cluster.slices = [*others, made]

    async def pod(self, name: str, node: str, address: str, ipv6: str = "") -> None:
        """A pod with a network interface of its node's instance, which answers at port 8080 of its own address."""
        world = self.bench.cloud.world
        ecs = world.states["ecs"]
        more = (ipv6,) if ipv6 else ()
        ecs.add_interface(
            world,
            "vsw-test",
            own_id=f"eni-{name}",
            instance=ecs.instances[f"i-{node}"],
            private_ips=(address,),
            ipv6=more,
        )
        self.backends[name] = Backend(name, world.wire_address(address), POD_PORT)
        await self.backends[name].start()

    # What the controller does.

    async def settle(self) -> list[Call]:
        """Let the controller work until nothing is left to do, and the data plane take it; gives the writes."""
        before = len(self.writes())
        for _ in range(TURNS):
            again = await self.turn()
            if again is None or again >= LATER:
                break
            self.bench.time.time += again
        else:
            raise AssertionError("it never settled")
        await self.carrying.settled()
        return self.writes()[before:]

    async def turn(self) -> float | None:
        """One turn of the controller, and what its outcome means to the loop that gives turns."""
        try:
            return await self.bench.services.reconcile(KEY)
        except NotYet as trouble:
            return trouble.after
        except (Lost, Stale):
            return 1.0
        except Refused as trouble:
            self.bench.services.report(KEY, trouble)
            return None

    async def wear(self, annotations: Mapping[str, str]) -> list[Call]:
        """Annotate and settle."""
        self.annotate(annotations)
        return await self.settle()

    def writes(self) -> list[Call]:
        return self.bench.cloud.writes()

    def warnings(self) -> list[str]:
        return [text for kind, _, text in self.bench.told if kind == "Warning"]

    def warned_of(self, suffix: str, value: str) -> None:
        """The Service's owner was told of that value: annotation, value and what is allowed."""
        told = [text for text in self.warnings() if f"{PREFIXES[0]}{suffix}: " in text]
        assert told
        assert all(f'"{value[:57]}' in text and "allowed: " in text for text in told)

    def published(self) -> list[tuple[str, str]]:
        """Addresses and host names in the Service's status."""
        return [(one.ip, one.hostname) for one in self.service.status.load_balancer.ingress]

    def service_stays(self) -> bool:
        """Whether the Service is still there for our sake: one that is deleted goes with its last finalizer."""
        service = self.bench.cluster.service
        return service is not None and bool(service.metadata.finalizers)

    async def gone(self) -> None:
        """Delete the Service, and see that nothing stays."""
        self.bench.cluster.delete()
        await self.settle()
        assert self.bench.cluster.service is None
        assert self.balancers() == []

    # What the cloud holds.

    def do(self, action: str, product: str = "slb", **params: Any) -> dict[str, Any]:
        """An action of the cloud's API, by hand."""
        named = {name.replace("__", "."): str(value) for name, value in params.items()}
        return perform(self.bench.cloud.world, product, action, {"RegionId": "cn-hangzhou", **named})

    def balancers(self) -> list[dict[str, Any]]:
        return self.do("DescribeLoadBalancers", PageSize=100)["LoadBalancers"]["LoadBalancer"]

    @property
    def balancer(self) -> dict[str, Any]:
        """What is told of the one balancer."""
        (one,) = self.balancers()
        return self.do("DescribeLoadBalancerAttribute", LoadBalancerId=one["LoadBalancerId"])

    def listener(self, protocol: str, port: int = PORT) -> dict[str, Any]:
        """What is told of a listener, defaults included."""
        action = f"DescribeLoadBalancer{protocol.upper()}ListenerAttribute"
        return self.do(action, LoadBalancerId=self.balancer["LoadBalancerId"], ListenerPort=port)

    def weights(self) -> dict[str, int]:
        """Each backend's weight by its instance, over all groups."""
        return {one["ServerId"]: one["Weight"] for backends in self.groups().values() for one in backends}

    def health(self) -> dict[str, str]:
        """Each backend's health by its instance."""
        told = self.do("DescribeHealthStatus", LoadBalancerId=self.balancer["LoadBalancerId"])
        return {one["ServerId"]: one["ServerHealthStatus"] for one in told["BackendServers"]["BackendServer"]}

    def by_hand(self, action: str, **params: Any) -> dict[str, Any]:
        """An action on the one balancer, by hand."""
        return self.do(action, LoadBalancerId=self.balancer["LoadBalancerId"], **params)

    def lend(self) -> str:
        """A balancer that somebody made by hand; gives its id."""
        made = self.do(
            "CreateLoadBalancer", LoadBalancerName="by-hand", AddressType="intranet", VSwitchId="vsw-test",
            InstanceChargeType="PayByCLCU", DeleteProtection="on",
        )  # fmt: skip
        return str(made["LoadBalancerId"])

    def tags(self) -> dict[str, str]:
        """The tags of the one balancer, without those that say whose it is."""
        told = {tag["TagKey"]: tag["TagValue"] for tag in self.balancer["Tags"]["Tag"]}
        return {key: value for key, value in told.items() if key not in (OWNER_TAG, CLUSTER_TAG)}

    def groups(self) -> dict[str, list[dict[str, Any]]]:
        """The backends of each group of the one balancer, by the group's name."""
        told = self.by_hand("DescribeVServerGroups")["VServerGroups"]["VServerGroup"]
        whole = [self.do("DescribeVServerGroupAttribute", VServerGroupId=one["VServerGroupId"]) for one in told]
        return {one["VServerGroupName"]: one["BackendServers"]["BackendServer"] for one in whole}

    def elastic(self, address: str) -> None:
        """Bind an elastic IP address to the one balancer."""
        world = self.bench.cloud.world
        where = {"instance_id": self.balancer["LoadBalancerId"], "instance_type": "SlbInstance"}
        world.states["vpc"].add_elastic_ip(world, address, **where)

    def weigh(self, node: str, weight: int) -> None:
        """Set the weight of a node in the one group, by hand."""
        (group,) = self.by_hand("DescribeVServerGroups")["VServerGroups"]["VServerGroup"]
        server = json.dumps([{"ServerId": f"i-{node}", "Port": NODE_PORT, "Weight": weight}])
        self.do("SetVServerGroupAttribute", VServerGroupId=group["VServerGroupId"], BackendServers=server)

    def keep(self, pair: "Pair", own_id: str) -> None:
        """Have a certificate in the cloud under an id that a test can know beforehand."""
        made = self.do("UploadServerCertificate", ServerCertificate=pair.pem, PrivateKey=pair.key)
        certificates = self.bench.cloud.world.states["slb"].certificates
        certificates[own_id] = certificates.pop(made["ServerCertificateId"])
        certificates[own_id].id = own_id

    def admit(self, own_id: str, *blocks: str) -> None:
        """Have an access control list in the cloud under an id that a test can know beforehand."""
        made = self.do("CreateAccessControlList", AclName=own_id)["AclId"]
        lists = self.bench.cloud.world.states["slb"].access_control_lists
        lists[own_id] = lists.pop(made)
        lists[own_id].id = own_id
        self.do("AddAccessControlListEntry", AclId=own_id, AclEntrys=json.dumps([{"entry": one} for one in blocks]))

    # What a client sees.

    def address(self, protocol: str, port: int = PORT) -> tuple[str, int]:
        return self.carrying.engine.ports()[self.balancer["LoadBalancerId"], protocol, port]

    async def open(self, protocol: str = "tcp", port: int = PORT, client: str = CLIENT, **secure: Any) -> Conversation:
        """A connection, not yet used."""
        made = await asyncio.open_connection(*self.address(protocol, port), local_addr=(client, 0), **secure)
        self._kept.append(Conversation(*made))
        return self._kept[-1]

    async def hold(self, **how: Any) -> Conversation:
        """A TCP connection that has reached a backend, whose name it knows."""
        made = await self.open(**how)
        made.backend = (await made.say("hello"))["backend"]
        return made

    async def tell(self, text: str = "hello", **how: Any) -> dict[str, Any]:
        """What a backend tells of a new TCP connection; empty when it is reset."""
        made = await self.open(**how)
        try:
            return await made.say(text)
        except (ConnectionError, json.JSONDecodeError):
            return {}
        finally:
            await made.close()

    async def get(self, path: str = "/", protocol: str = "http", cookie: str = "", **how: Any) -> Answer:
        """The answer to a request on a new connection; status 0 when the connection is reset."""
        made = await self.open(protocol, **how)
        cookies = [f"Cookie: {cookie}"] if cookie else []
        head = [f"GET {path} HTTP/1.1", "Host: shop.example", *cookies, "", ""]
        made.writer.write("\r\n".join(head).encode())
        try:
            return await _answer(made.reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            return Answer(0, [], {})
        finally:
            await made.close()

    async def send(self, text: str = "hello") -> dict[str, Any]:
        """What a backend tells of a datagram from a new client; empty when nobody answers for a second.

        Backends that were never checked get a moment for that: a datagram does not wait for it as a connection does.
        """
        await elapse(1)
        loop = asyncio.get_running_loop()
        made = await loop.create_datagram_endpoint(_Answers, remote_addr=self.address("udp"))
        transport, answers = made
        transport.sendto(text.encode())
        try:
            with flying():
                return json.loads(await asyncio.wait_for(answers.first, 1.0))
        except TimeoutError:
            return {}
        finally:
            transport.close()

    async def close(self) -> None:
        for kept in self._kept:
            await kept.close()
        await self.carrying.close()
        for backend in self.backends.values():
            await backend.stop()
        for _ in range(20):  # transports close some turns after they were told to
            await asyncio.sleep(0)


class _Answers(asyncio.DatagramProtocol):
    """The first datagram that comes back."""

    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.first.done():
            self.first.set_result(data)


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = [line.partition(":") for line in head[1:] if line]
    headers = [(name, value.strip()) for name, _, value in pairs]
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    body = await reader.readexactly(length)
    status = int(head[0].split(" ")[1])
    return Answer(status, headers, json.loads(body) if status == 200 else {})


class Pair(msgspec.Struct, frozen=True):
    """A certificate for one name, which signs itself, and its key."""

    domain: str
    pem: str
    key: str

    @classmethod
    def made(cls, domain: str, days: int = 90) -> "Pair":
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain)])
        made = (
            x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, *form)
        return cls(domain, made.public_bytes(serialization.Encoding.PEM).decode(), private.decode())

    def trusted(self) -> dict[str, Any]:
        """How a client connects that trusts this certificate alone, under its name."""
        return {"ssl": ssl.create_default_context(cadata=self.pem), "server_hostname": self.domain}


def port(protocol: str = "TCP", number: int = PORT, node_port: int = NODE_PORT) -> ServicePort:
    return ServicePort(port=number, node_port=node_port, protocol=protocol, target_port=POD_PORT)


async def new_stage(instances: int = 3, nodes: Iterable[str] = ("w0", "w1")) -> Stage:
    """A Service of one TCP port on two nodes that answer; nothing has been made in the cloud yet."""
    world = new_world(instances)
    world.wire[_VSWITCH], world.internet = INSIDE, INTERNET
    base = new_bench()
    time = Time()
    bench = Bench(Cloud(time, world), Cluster(base.cluster.service, []), time)
    stage = Stage(bench, Carrying(world, Loopback()))
    bench.cluster.nodes = [_node(base.cluster.nodes[0], name) for name in nodes]
    world.states["vpc"].add_vswitch(world, "vpc-test", "127.16.16.0/20", "cn-hangzhou-h", own_id="vsw-other")
    for name in nodes:
        (address, *_) = world.states["ecs"].instances[f"i-{name}"].addresses()
        stage.backends[name] = Backend(name, world.wire_address(address), NODE_PORT)
        await stage.backends[name].start()
    stage.ask(port())
    stage.carrying.start()
    return stage


def _node(pattern: Node, name: str) -> Node:
    return msgspec.structs.replace(
        pattern,
        metadata=msgspec.structs.replace(pattern.metadata, name=name),
        spec=msgspec.structs.replace(pattern.spec, provider_id=f"cn-hangzhou.i-{name}"),
    )
