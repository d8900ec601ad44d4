"""Addresses that no other test uses, and a small cluster with the real API whose pods answer there."""

import asyncio
import itertools
import os
import random
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest

from kubesim.api.verbs import MERGE_PATCH, Verbs
from kubesim.hollow import Hollow
from kubesim.hollow.nodes_file import parse
from kubesim.objects import copied

SLICES = "endpointslices.discovery.k8s.io"
_start = random.Random(os.getpid()).randrange(1, 60000)
_numbers = itertools.count(_start)
_blocks = itertools.count(_start)


@pytest.fixture
def new_address() -> Callable[[], str]:
    """Give an unused loopback address at each call."""
    return lambda: "127.200.{}.{}".format(*divmod(next(_numbers) % 65000, 256))


@pytest.fixture
def address(new_address: Callable[[], str]) -> str:
    return new_address()


def nodes_content():
    """A control-plane node and three workers in loopback addresses of their own."""
    second, third = divmod(next(_blocks) % 1000, 16)
    block = f"127.{130 + second}.{third * 16}"
    nodes = [
        {"name": f"w{i}", "internalIP": f"127.{130 + second}.{third * 16 + 15}.{i}", "podCIDR": f"10.244.{i}.0/24"}
        for i in (1, 2, 3)
    ]
    control_plane = {
        "name": "cp",
        "internalIP": f"127.{130 + second}.{third * 16 + 15}.10",
        "podCIDR": "10.244.0.0/24",
        "roles": ["control-plane", "master"],
        "taints": [{"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}],
    }
    return {"wire": {"10.244.0.0/20": f"{block}.0/20"}, "nodes": [control_plane, *nodes]}


def container(**fields):
    return {"name": "nginx", "image": "registry.example/nginx:1.14.2"} | fields


def deployment(replicas=2, name="web", **spec):
    template = {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [container()]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "nginx"}}, "template": template} | spec,
    }


def pod(name="one", labels=None, **spec):
    metadata = {"name": name, "labels": labels or {"app": "nginx"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container()]} | spec}


def service(name="nginx", **spec):
    base = {"type": "LoadBalancer", "selector": {"app": "nginx"}, "ports": [{"port": 80, "targetPort": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": base | spec}


class World:
    """The API, the hollow cluster on it, and short words for what tests do."""

    container = staticmethod(container)
    deployment = staticmethod(deployment)
    pod = staticmethod(pod)
    service = staticmethod(service)

    def __init__(self, verbs, hollow):
        self.verbs = verbs
        self.hollow = hollow

    def create(self, resource, obj):
        return self.verbs.create(resource, obj, obj["metadata"].get("namespace", "default"))

    def get(self, resource, name, namespace="default"):
        return self.verbs.get(resource, name, namespace)

    def items(self, resource, namespace="default", **selectors):
        return self.verbs.list(resource, namespace, **selectors)["items"]

    def merge(self, resource, name, patch, namespace="default", subresource=""):
        return self.verbs.patch(resource, name, patch, MERGE_PATCH, namespace, subresource=subresource)

    def edit(self, resource, name, change, namespace="default", subresource=""):
        obj = copied(self.get(resource, name, namespace))
        change(obj)
        return self.verbs.update(resource, obj, namespace, subresource=subresource)

    def pods(self, *, ready=None):
        pods = [pod for pod in self.items("pods") if "deletionTimestamp" not in pod["metadata"]]
        return [pod for pod in pods if ready is None or is_ready(pod) == ready]

    def endpoints(self, service="nginx"):
        slices = self.items(SLICES, labels=f"kubernetes.io/service-name={service}")
        return [endpoint for each in slices for endpoint in each["endpoints"]]

    def ready_addresses(self, service="nginx"):
        return sorted(each["addresses"][0] for each in self.endpoints(service) if each["conditions"]["ready"])

    def node_ip(self, node):
        return self.get("nodes", node, "")["status"]["addresses"][0]["address"]

    def node_port(self, node, service="nginx"):
        return self.node_ip(node), self.get("services", service)["spec"]["ports"][0]["nodePort"]

    async def eventually(self, predicate, seconds=5.0):
        """Wait until it holds; what it gives is returned."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                if found := predicate():
                    return found
            except Exception:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            assert asyncio.get_running_loop().time() < deadline, "it never came true"
            await asyncio.sleep(0.002)

    async def quiet(self):
        """Wait until nothing is written any more; leases aside."""
        while True:
            before = [obj["metadata"]["resourceVersion"] for kind in KINDS for obj in self.items(kind, "")]
            await asyncio.sleep(0.06)
            if before == [obj["metadata"]["resourceVersion"] for kind in KINDS for obj in self.items(kind, "")]:
                return

    async def ask(self, place):
        """The first word of the answer: the name of the pod."""
        reader, writer = await asyncio.open_connection(*place)
        try:
            writer.write(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            return (await reader.read()).partition(b"\r\n\r\n")[2].decode().partition(" ")[0]
        finally:
            writer.close()

    async def eventually_asks(self, place, seconds=2.0):
        """The answer, once there is one."""
        async with asyncio.timeout(seconds):
            while await self.refuses(place):
                await asyncio.sleep(0.005)
        return await self.ask(place)

    async def refuses(self, place):
        try:
            await self.ask(place)
        except ConnectionRefusedError:
            return True
        return False


KINDS = ("nodes", "pods", "services", "endpoints", SLICES, "deployments.apps", "replicasets.apps", "daemonsets.apps")


def is_ready(pod):
    conditions = pod["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


@asynccontextmanager
async def running(**options):
    verbs = Verbs()
    verbs.create("namespaces", {"metadata": {"name": "default"}})
    async with Hollow(verbs, parse(nodes_content(), "test"), **{"grace": 0.2, **options}) as hollow:
        yield World(verbs, hollow)
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


@pytest.fixture
def hollow_world():
    """Start a cluster with options of one's own."""
    return running


@pytest.fixture
async def world():
    async with running() as world:
        yield world
