"""One controller through all scenarios: create, change, leave alone, restart, delete."""

import asyncio
import base64
import contextlib
import json
import os
import shlex
import signal
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml

BIN = Path(sys.executable).parent
KEY, SECRET = "LTAI-bench", "no-secret-in-a-benchmark"
PATIENCE = 900.0
SPARE = 2
"""Instances without a node, for those that join."""
QUIET = 2.0
"""Seconds without a call after which nothing more is expected."""
SCENARIOS = (
    "create all", "an unrelated annotation", "swap a backend of each", "restart unchanged", "a node joins (Local)",
    "all become Cluster", "a node joins (Cluster)", "delete all",
)  # fmt: skip
ANNOTATION = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
INTRANET = {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "intranet"}


@dataclass(frozen=True)
class Row:
    """What one scenario took: `seconds` to the last write that it needs, calls for load balancers, all other calls."""

    seconds: float
    reads: int
    writes: int
    others: int
    megabytes: float


@dataclass
class Measured:
    """All rows of one controller."""

    name: str
    rows: dict[str, Row] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "rows": {scenario: asdict(row) for scenario, row in self.rows.items()}}


async def measure(name: str, command: str, services: int, nodes: int, latency: int, rates: str) -> Measured:
    """Run the scenarios against a cloud and a cluster of their own."""
    measured = Measured(name)
    with tempfile.TemporaryDirectory() as folder:
        async with staged(Path(folder), nodes, latency, rates, services) as stage:
            stage.command, stage.rates = command, rates
            await stage.start_controller()
            steps: dict[str, tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[bool]]]] = {
                "create all": (stage.create, stage.all_have_addresses),
                "an unrelated annotation": (stage.annotate, stage.settled),
                "swap a backend of each": (stage.swap, stage.all_swapped),
                "restart unchanged": (stage.restart, stage.settled),
                "a node joins (Local)": (stage.join, stage.settled),
                "all become Cluster": (stage.become_cluster, stage.all_have_all_nodes),
                "a node joins (Cluster)": (stage.join, stage.all_have_all_nodes),
                "delete all": (stage.delete, stage.all_gone),
            }
            for scenario, (act, done) in steps.items():
                measured.rows[scenario] = await stage.row(act, done)
                sys.stderr.write(f"{name}: {scenario}: {measured.rows[scenario]}\n")
    return measured


class Stage:
    """A cloud, a cluster and the controller under measurement."""

    def __init__(self, folder: Path, cloud: str, session: aiohttp.ClientSession, api: aiohttp.ClientSession) -> None:
        self.folder, self.cloud, self.command, self.rates = folder, cloud, "", "none"
        self._session, self._api = session, api
        self._controller: asyncio.subprocess.Process | None = None
        self.services, self.nodes = 0, 0
        self._since = 0

    async def row(self, act: Callable[[], Awaitable[None]], done: Callable[[], Awaitable[bool]]) -> Row:
        """Do something and wait for its effect and for silence; the calls made meanwhile are the cost."""
        await self.begin()
        begun = time.time()
        await act()
        end = time.monotonic() + PATIENCE
        while not await done():
            if time.monotonic() > end:
                raise TimeoutError(f"not done within {PATIENCE:.0f} s; see {self.folder}")
            await asyncio.sleep(self.services / 1000)  # a look at everything is not for nothing on this machine
        finished = time.time()
        calls = await self.until_quiet()
        balancing = [call for call in calls if call["product"] == "slb"]
        reads = sum(call["action"].startswith("Describe") for call in balancing)
        others = len(calls) - len(balancing)
        return Row(finished - begun, reads, len(balancing) - reads, others, self.megabytes())

    async def calls_of(self, change: Callable[["Stage"], Awaitable[None]]) -> list[Any]:
        """The calls made from a change until nothing more is sent, in order."""
        await self.begin()
        await change(self)
        return await self.until_quiet()

    async def create(self) -> None:
        """Services without a selector, each with one endpoint on the first node, traffic policy Local."""
        await self._each(self._create)

    async def _create(self, number: int) -> None:
        service = {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{number}", "annotations": INTRANET},
            "spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]},
        }  # fmt: skip
        await self.write("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", _slice(number, 0))
        await self.write("POST", "/api/v1/namespaces/default/services", service)

    async def annotate(self) -> None:
        """What somebody else's tool might write."""
        await self._each(lambda number: self._merge(number, {"metadata": {"annotations": {"team": "shop"}}}))

    async def swap(self) -> None:
        """Every endpoint moves to another node."""
        url = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/s{}"
        await self._each(lambda number: self.write("PUT", url.format(number), _slice(number, 1)))

    async def join(self) -> None:
        """One node more; its instance is there already."""
        await self.write("POST", "/api/v1/nodes", _node(self.nodes))
        self.nodes += 1

    async def become_cluster(self) -> None:
        """Every Service sends its traffic to all nodes."""
        await self._each(lambda number: self._merge(number, {"spec": {"externalTrafficPolicy": "Cluster"}}))

    async def all_have_all_nodes(self) -> bool:
        """Whether every group has one backend for each node."""
        state = await self._state()
        groups = [group for one in state["slb"]["load_balancers"].values() for group in one["groups"].values()]
        return [len(group["backends"]) for group in groups] == [self.nodes] * self.services

    async def ask(self, annotations: dict[str, str | None], **spec: Any) -> None:
        """Change what the first Service asks for."""
        named = {f"{ANNOTATION}{suffix}": value for suffix, value in annotations.items()}
        await self._merge(0, {"metadata": {"annotations": named}, "spec": spec})

    async def endpoint(self, node: int) -> None:
        """Let the first Service's only endpoint be on that node."""
        await self.write("PUT", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/s0", _slice(0, node))

    async def delete(self) -> None:
        """All Services."""
        await self._each(lambda number: self.write("DELETE", f"/api/v1/namespaces/default/services/s{number}", None))

    async def all_have_addresses(self) -> bool:
        """Whether every Service's status has one."""
        listed = await self.listed("/api/v1/namespaces/default/services")
        return sum(bool(one["status"]["loadBalancer"].get("ingress")) for one in listed) == self.services

    async def all_swapped(self) -> bool:
        """Whether every group has the other backend alone."""
        state = await self._state()
        groups = [group for one in state["slb"]["load_balancers"].values() for group in one["groups"].values()]
        servers = [[one["server_id"] for one in group["backends"].values()] for group in groups]
        return servers == [["i-node0001"]] * self.services

    async def all_gone(self) -> bool:
        """Whether neither Services nor balancers are left."""
        listed = await self.listed("/api/v1/namespaces/default/services")
        return len(listed) == 1 and not (await self._state())["slb"]["load_balancers"]

    async def settled(self) -> bool:
        """Nothing to wait for but silence."""
        return True

    async def restart(self) -> None:
        """End the controller and start it again."""
        await self.stop_controller()
        await self.start_controller()
        await asyncio.sleep(QUIET)

    async def start_controller(self) -> None:
        """As in a cluster, but for election times and the probes' ports."""
        config, kubeconfig = self.folder / "cloud-config", self.folder / "kubeconfig"
        usual = (
            f"{BIN}/cloud-controller-manager --cloud-config={config} --kubeconfig={kubeconfig} "
            "--health-probe-bind-addr=0 --metrics-bind-addr=0 "
            f"--cloud-api-rates={'documented' if self.rates == 'real' else 'unlimited'}"
        )
        words = self.command.format(config=config, kubeconfig=kubeconfig) if self.command else usual
        host = self.cloud.removeprefix("http://")
        endpoints = {f"{product}_ENDPOINT": host for product in ("SLB", "ECS", "VPC", "NLB", "STS")}
        with (self.folder / "controller.log").open("ab") as log:
            self._controller = await asyncio.create_subprocess_exec(
                *shlex.split(words), stdout=log, stderr=log,
                env={**os.environ, **endpoints, "METADATA_ENDPOINT": self.cloud, "ALICLOUD_CLIENT_SCHEME": "HTTP"},
            )  # fmt: skip

    async def stop_controller(self) -> None:
        """Ask it to end and wait."""
        if self._controller is not None and self._controller.returncode is None:
            self._controller.send_signal(signal.SIGTERM)
            await self._controller.wait()

    async def _each(self, act: Callable[[int], Awaitable[None]]) -> None:
        left = iter(range(self.services))

        async def some() -> None:
            for number in left:
                await act(number)

        await asyncio.gather(*(some() for _ in range(10)))

    async def _merge(self, number: int, body: Any) -> None:
        kind = "application/merge-patch+json"
        await self.write("PATCH", f"/api/v1/namespaces/default/services/s{number}", body, kind)

    async def write(self, method: str, path: str, body: Any, kind: str = "application/json") -> None:
        """Send a request to the API server."""
        data = None if body is None else json.dumps(body)
        async with self._api.request(method, path, data=data, headers={"Content-Type": kind}) as response:
            await response.read()

    async def listed(self, path: str) -> list[Any]:
        """All objects there."""
        async with self._api.get(path) as response:
            return list((await response.json())["items"])

    async def _state(self) -> Any:
        async with self._session.get(f"{self.cloud}/_yunsim/state") as response:
            return await response.json()

    async def _calls(self) -> tuple[list[Any], int]:
        async with self._session.get(f"{self.cloud}/_yunsim/calls?since={self._since}") as response:
            calls = (await response.json())["calls"]
        return calls, max((call["number"] for call in calls), default=self._since)

    async def begin(self) -> None:
        """Count calls from now on."""
        self._since = (await self._calls())[1]

    async def until_quiet(self) -> list[Any]:
        """The calls since counting began, once no more come."""
        (seen, _), since = await self._calls(), time.monotonic()
        while time.monotonic() - since < QUIET:
            await asyncio.sleep(0.2)
            now, _ = await self._calls()
            if len(now) != len(seen):
                seen, since = now, time.monotonic()
        return seen

    def megabytes(self) -> float:
        """Resident memory of the controller."""
        if self._controller is None:
            return 0.0
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{self._controller.pid}/status").read_text()
            return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
        return 0.0


def _slice(number: int, node: int) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": f"s{number}"}
    endpoint = {"addresses": [f"10.244.{node}.10"], "conditions": {"ready": True}, "nodeName": f"node{node:04}"}
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": f"s{number}", "labels": labels}, "endpoints": [endpoint],
        "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
    }  # fmt: skip


def _node(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": f"node{number:04}"},
        "spec": {"providerID": f"cn-hangzhou.i-node{number:04}"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }  # fmt: skip


def _world(nodes: int, rates: str) -> dict[str, Any]:
    instances = [
        {"id": f"i-node{number:04}", "vswitch": "vsw-bench", "ip": f"127.240.{number // 250}.{number % 250 + 1}"}
        for number in range(nodes + SPARE)
    ]
    return {
        "region": "cn-hangzhou", "zones": ["cn-hangzhou-h"], "keys": [{"id": KEY, "secret": SECRET}],
        "vpcs": [{"id": "vpc-bench", "cidr": "127.240.0.0/12"}],
        "vswitches": [{"id": "vsw-bench", "vpc": "vpc-bench", "zone": "cn-hangzhou-h", "cidr": "127.240.0.0/16"}],
        "instances": instances, "metadata_instance": "i-node0000", "rates": rates,
        "quotas": {"slb_quota_backendserver_attached_num": 100_000},
    }  # fmt: skip


def configure(folder: Path, world: dict[str, Any]) -> None:
    """Write what the programs are started with: the world, and the controller's configuration."""
    (folder / "world.yaml").write_text(yaml.safe_dump(world))
    keys = {"accessKeyID": KEY, "accessKeySecret": SECRET}
    coded = {name: base64.b64encode(text.encode()).decode() for name, text in keys.items()}
    (folder / "cloud-config").write_text(json.dumps({"Global": {**coded, "region": "cn-hangzhou"}}))


@contextlib.asynccontextmanager
async def staged(folder: Path, nodes: int, latency: int, rates: str, services: int) -> AsyncIterator[Stage]:
    configure(folder, _world(nodes, rates))
    cloud = ["serve", "--listen", "127.0.0.1:0", "--world", str(folder / "world.yaml"), "--latency", str(latency)]
    cluster = ["serve", "--listen", "127.0.0.1:0", "--write-kubeconfig", str(folder / "kubeconfig"), "--no-nodes"]
    async with (
        program("yunsim", cloud, folder) as url,
        program("kubesim", cluster, folder),
        aiohttp.ClientSession(raise_for_status=True) as session,
        api_of((folder / "kubeconfig").read_text()) as api,
    ):
        stage = Stage(folder, url, session, api)
        stage.services, stage.nodes = services, nodes
        for number in range(nodes):
            await stage.write("POST", "/api/v1/nodes", _node(number))
        try:
            yield stage
        finally:
            await stage.stop_controller()


@contextlib.asynccontextmanager
async def program(name: str, arguments: list[str], folder: Path) -> AsyncIterator[str]:
    with (folder / f"{name}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            str(BIN / name), *arguments, stdout=asyncio.subprocess.PIPE, stderr=log
        )
    try:
        line = (await process.stdout.readline()).decode() if process.stdout else ""
        if "listening on" not in line:
            raise RuntimeError(f"{name} did not start: {(folder / f'{name}.log').read_text()}")
        yield line.split()[-1]
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def api_of(kubeconfig: str) -> AsyncIterator[aiohttp.ClientSession]:
    config = yaml.safe_load(kubeconfig)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=authority))
    headers = {"Authorization": f"Bearer {user['token']}"}
    async with aiohttp.ClientSession(
        cluster["server"], connector=connector, headers=headers, raise_for_status=True
    ) as session:
        yield session
