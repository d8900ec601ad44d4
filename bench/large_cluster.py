"""What a large cluster costs kubesim: memory, lists, watches, and the longest time that its event loop stands still.

    python bench/large_cluster.py [--nodes 5000] [--services 10000] [--patches 5000]

Server and client are processes of their own on 127.0.0.1; stalls are measured inside the server's process.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp

from kubesim.server.collecting import collect_rarely
from kubesim.server.serving import Settings, serving

TICK = 0.001
MERGE = {"Content-Type": "application/merge-patch+json"}
Objects = Callable[[int], tuple[str, dict[str, Any], str]]


def node(number: int) -> tuple[str, dict[str, Any], str]:
    spec = {"providerID": f"cn-hangzhou.i-{number}", "podCIDR": f"10.{number // 250}.{number % 250}.0/24"}
    conditions = [{"type": "Ready", "status": "True"}]
    return "nodes", {"metadata": {"name": f"n{number}"}, "spec": spec, "status": {"conditions": conditions}}, ""


def service(number: int) -> tuple[str, dict[str, Any], str]:
    spec = {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": 80}]}
    return "services", {"metadata": {"name": f"s{number}"}, "spec": spec}, "default"


def endpoint_slice(number: int) -> tuple[str, dict[str, Any], str]:
    metadata = {"name": f"s{number}", "labels": {"kubernetes.io/service-name": f"s{number}"}}
    endpoint = {"addresses": [f"10.1.{number // 250}.{number % 250 + 1}"], "nodeName": f"n{number}"}
    body = {"metadata": metadata, "addressType": "IPv4", "endpoints": [endpoint], "ports": [{"port": 80}]}
    return "endpointslices.discovery.k8s.io", body, "default"


class Stalls:
    """The longest time between two turns of the event loop since it was last asked."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK)
            now = time.perf_counter()
            self.longest, last = max(self.longest, now - last - TICK), now

    def taken(self) -> float:
        """Seconds; begins anew."""
        longest, self.longest = self.longest, 0.0
        return longest


def memory() -> float:
    """Megabytes of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def serve(pipe: Connection, sizes: dict[str, int]) -> None:
    collect_rarely()

    async def run() -> None:
        async with serving(Settings(token="bench", tls=False)) as running:
            empty, begun = memory(), time.perf_counter()
            made = ((node, sizes["nodes"]), (service, sizes["services"]), (endpoint_slice, sizes["services"]))
            for make, count in made:
                for number in range(count):
                    running.verbs.create(*make(number))
            pipe.send((running.url, empty, memory(), time.perf_counter() - begun))
            stalls = Stalls()
            task = asyncio.create_task(stalls.run())
            while await asyncio.to_thread(pipe.recv):
                pipe.send((stalls.taken(), memory()))
            task.cancel()

    asyncio.run(run())


async def whole_list(http: aiohttp.ClientSession, path: str) -> str:
    async with http.get(path) as response:
        body = await response.read()
    return f"{len(json.loads(body)['items'])} items, {len(body) / 1e6:.1f} MB"


async def pages(http: aiohttp.ClientSession, path: str) -> str:
    token, count = "", 0
    while True:
        async with http.get(path, params={"limit": "500", "continue": token}) as response:
            body = await response.json()
        count, token = count + len(body["items"]), body["metadata"].get("continue", "")
        if not token:
            return f"{count} items in pages of 500"


async def patches(http: aiohttp.ClientSession, sizes: dict[str, int], watchers: int) -> str:
    """Rapid patches from twenty writers, seen by watchers; ends when the last watcher has seen the last one."""
    path, count = "/api/v1/namespaces/default/services", sizes["patches"]
    async with http.get(path, params={"limit": "1"}) as response:
        version = (await response.json())["metadata"]["resourceVersion"]

    async def see() -> None:
        seen = 0
        async with http.get(path, params={"watch": "1", "resourceVersion": version}) as response:
            async for _ in response.content:
                seen += 1
                if seen == count:
                    return

    left = iter(range(count))

    async def write() -> None:
        for number in left:
            body = json.dumps({"metadata": {"annotations": {"round": str(number)}}})
            async with http.patch(f"{path}/s{number % sizes['services']}", data=body, headers=MERGE) as response:
                await response.read()

    begun = time.perf_counter()
    seeing = [asyncio.create_task(see()) for _ in range(watchers)]
    await asyncio.gather(*(write() for _ in range(20)), *seeing)
    seconds = time.perf_counter() - begun
    return f"{count / seconds:.0f} patches/s, {count * watchers / seconds:.0f} events/s to {watchers} watchers"


async def measure(pipe: Connection, url: str, sizes: dict[str, int]) -> None:
    connector, services = aiohttp.TCPConnector(limit=0), "/api/v1/services"
    headers = {"Authorization": "Bearer bench"}
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(url, headers=headers, connector=connector, timeout=timeout,
                                     read_bufsize=1 << 20) as http:  # fmt: skip
        runs: dict[str, Callable[[], Awaitable[str]]] = {
            "list nodes": lambda: whole_list(http, "/api/v1/nodes"),
            "list services": lambda: whole_list(http, services),
            "list services again": lambda: whole_list(http, services),
            "page through services": lambda: pages(http, services),
            "rapid patches": lambda: patches(http, sizes, 5),
        }
        for name, run in runs.items():
            pipe.send(True)
            pipe.recv()
            begun = time.perf_counter()
            result = await run()
            seconds = time.perf_counter() - begun
            pipe.send(True)
            stall, megabytes = pipe.recv()
            print(f"{name:24}{seconds:8.2f} s   longest stall {stall * 1000:6.0f} ms   {megabytes:6.0f} MB   {result}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=5_000)
    parser.add_argument("--services", type=int, default=10_000, help="and as many EndpointSlices")
    parser.add_argument("--patches", type=int, default=5_000)
    sizes = vars(parser.parse_args())
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    server = context.Process(target=serve, args=(other, sizes), daemon=True)
    server.start()
    url, empty, full, seconds = pipe.recv()
    print(f"{os.cpu_count()} cores; {sizes['nodes']} nodes, {sizes['services']} Services and EndpointSlices each")
    print(f"{'fill':24}{seconds:8.2f} s   from {empty:.0f} to {full:.0f} MB")
    asyncio.run(measure(pipe, url, sizes))
    pipe.send(False)
    server.join(10)


if __name__ == "__main__":
    main()
