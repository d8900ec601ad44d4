"""What watching a large cluster costs: 5,000 nodes, 10,000 Services, 10,000 EndpointSlices, then 20,000 events.

A simulated cluster runs in a process of its own; the watching side (client, reflectors, caches, queue) in another,
whose memory and longest event-loop stall are measured.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import api_of, program

from yunqiao.cli.watching import Watching
from yunqiao.engine.clock import MonotonicClock
from yunqiao.kube.client import Client
from yunqiao.kube.connect import find
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.transport import Transport
from yunqiao.options.cloud_config import GATES

ADDRESSES = 10
"""Endpoints of each slice."""


def main() -> int:
    """Measure and print; with --watch be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="example:\n  .venv/bin/python bench/kube_layer.py")
    parser.add_argument("--nodes", type=int, default=5_000)
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--watch", metavar="KUBECONFIG", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        asyncio.run(watch(options.watch, options.nodes + options.services * 2 + 1))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(load(Path(folder), options))
    return 0


async def load(folder: Path, options: argparse.Namespace) -> None:
    """Fill the cluster, start the watching process, make events, print what it says."""
    kubeconfig = folder / "kubeconfig"
    arguments = ["serve", "--listen", "127.0.0.1:0", "--write-kubeconfig", str(kubeconfig), "--no-nodes"]
    async with program("kubesim", arguments, folder), api_of(kubeconfig.read_text()) as api:
        await many(options.nodes, lambda n: post(api, "/api/v1/nodes", node(n)))
        await many(options.services, lambda n: post(api, "/api/v1/namespaces/default/services", service(n)))
        slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
        await many(options.services, lambda n: post(api, slices, slice_of(n, 0)))
        words = [sys.executable, __file__, "--watch", str(kubeconfig)]
        words += ["--nodes", str(options.nodes), "--services", str(options.services)]
        watcher = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        synced = await said(watcher)
        begun = time.monotonic()
        count = options.services
        await many(options.events, lambda n: put(api, f"{slices}/s{n % count}", slice_of(n % count, n)))
        seconds = time.monotonic() - begun
        (watcher.stdin or sys.stdin).write(b"\n")  # type: ignore[union-attr,arg-type]
        followed = await said(watcher)
        await watcher.wait()
    rows = [
        ("objects listed", f"{synced['objects']}"),
        ("seconds to list them", f"{synced['seconds']:.2f}"),
        ("longest stall while listing, ms", f"{synced['stall'] * 1000:.0f}"),
        ("  of our own CPU time, ms", f"{synced['working'] * 1000:.0f}"),
        ("longest garbage collection, ms", f"{synced['collecting'] * 1000:.0f}"),
        ("memory after, MB", f"{synced['megabytes']:.0f}"),
        ("events", f"{options.events} in {seconds:.1f} s, as fast as they could be made"),
        ("longest stall meanwhile, ms", f"{followed['stall'] * 1000:.0f}"),
        ("  of our own CPU time, ms", f"{followed['working'] * 1000:.0f}"),
        ("longest garbage collection, ms", f"{followed['collecting'] * 1000:.0f}"),
        ("memory after, MB", f"{followed['megabytes']:.0f}"),
        ("keys in the queue", f"{followed['queue']}"),
    ]
    for name, figure in rows:
        sys.stdout.write(f"{name:<34}{figure}\n")


async def watch(kubeconfig: str, objects: int) -> None:
    """The measured process: tells when it has listed everything, and again when told that the events are over."""
    clock = MonotonicClock()
    stall = Stall()
    monitor = asyncio.create_task(stall.run())
    begun = time.monotonic()
    async with Client(Transport(find(clock, kubeconfig), RateLimit(clock, 0), "bench")) as client:
        watching = Watching(client, clock, GATES)
        running = asyncio.create_task(watching.run())
        await watching.synced()
        say(objects=objects, seconds=time.monotonic() - begun, **stall.take(), megabytes=megabytes())
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        await asyncio.sleep(1)
        say(**stall.take(), megabytes=megabytes(), queue=len(watching.queue))
        for task in (running, monitor):
            task.cancel()
        await asyncio.gather(running, monitor, return_exceptions=True)


class Stall:
    """The longest time that the event loop did not come round."""

    def __init__(self) -> None:
        self.longest = self.working = self.collecting = self._since = 0.0
        gc.callbacks.append(self._collection)

    def _collection(self, phase: str, _: dict[str, int]) -> None:
        now = time.monotonic()
        if phase == "stop":
            self.collecting = max(self.collecting, now - self._since)
        self._since = now

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            begun, worked = time.monotonic(), time.thread_time()
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, time.monotonic() - begun - 0.005)
            self.working = max(self.working, time.thread_time() - worked)

    def take(self) -> dict[str, float]:
        """Give it and start anew, with the longest stretch of our own CPU time and the longest collection."""
        taken = {"stall": self.longest, "working": self.working, "collecting": self.collecting}
        self.longest = self.working = self.collecting = 0.0
        return taken


def say(**facts: Any) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def said(process: asyncio.subprocess.Process) -> Any:
    """The next line of JSON."""
    return json.loads(await process.stdout.readline()) if process.stdout else {}


def megabytes() -> float:
    """This process's resident memory."""
    status = Path(f"/proc/{os.getpid()}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


async def many(number: int, act: Any) -> None:
    """Do it that many times, 20 at a time."""
    left = iter(range(number))

    async def some() -> None:
        for one in left:
            await act(one)

    await asyncio.gather(*(some() for _ in range(20)))


async def post(api: Any, path: str, body: Any) -> None:
    """Create."""
    async with api.post(path, json=body) as response:
        await response.read()


async def put(api: Any, path: str, body: Any) -> None:
    """Replace."""
    async with api.put(path, json=body) as response:
        await response.read()


def node(number: int) -> Any:
    """A node with about as many fields as a real one has."""
    images = [{"names": [f"registry/image-{one}:v1"], "sizeBytes": 10_000_000 + one} for one in range(30)]
    conditions = [{"type": kind, "status": "False"} for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")]
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": f"n{number}", "labels": {f"label-{one}": "value" for one in range(10)}},
        "spec": {"providerID": f"cn-hangzhou.i-n{number}", "podCIDR": f"10.{number // 256}.{number % 256}.0/24"},
        "status": {"conditions": [*conditions, {"type": "Ready", "status": "True"}], "images": images},
    }  # fmt: skip


def service(number: int) -> Any:
    """A Service of type LoadBalancer."""
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{number}"},
        "spec": {
            "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False,
            "ports": [{"port": 80}],
        },
    }  # fmt: skip


def slice_of(number: int, turn: int) -> Any:
    """A slice whose endpoints' nodes depend on the turn."""
    endpoints = [
        {"addresses": [f"10.{number // 256}.{number % 256}.{one + 1}"], "nodeName": f"n{turn + one}",
         "conditions": {"ready": True}}
        for one in range(ADDRESSES)
    ]  # fmt: skip
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": f"s{number}", "labels": {"kubernetes.io/service-name": f"s{number}"}},
        "endpoints": endpoints, "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
