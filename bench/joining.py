"""Nodes that join all at once: how long until they may be used and are routed, with how many calls and how much memory.

    python bench/joining.py [--nodes 1000] [--latency 100] [--rates real|none] [--steady 0] [--output text|json]

Nodes register without a providerID, tainted as uninitialized, each with an address and a pod range; their instances
are there. Cloud, cluster and controller are processes of their own. The quota of route entries is raised to fit.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from measuring import KEY, PATIENCE, SECRET, Stage, api_of, configure, program

TAINT = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
AT_ONCE = 20
"""Registrations in flight."""
HOUR = 3600.0


@dataclass
class Joined:
    """Seconds from the first registration on; `steady` are calls an hour when nothing changes."""

    nodes: int
    registered: float = 0.0
    usable: float = 0.0
    routed: float = 0.0
    megabytes: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    steady: dict[str, float] = field(default_factory=dict)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000, help="how many nodes (default 1000)")
    parser.add_argument("--latency", type=int, default=100, help="milliseconds of every cloud answer (default 100)")
    parser.add_argument("--rates", choices=["none", "real"], default="real", help="real: the documented limits")
    parser.add_argument("--steady", type=float, default=0.0, help="seconds to count calls for once all is done")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    options = parser.parse_args()
    joined = asyncio.run(measure(options))
    sys.stdout.write(json.dumps(asdict(joined), indent=2) + "\n" if options.output == "json" else table(joined))
    return 0


async def measure(options: argparse.Namespace) -> Joined:
    """Let the nodes join a cluster whose controller is running."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configure(folder, world(options.nodes, options.rates))
        cloud = ["serve", "--listen", "127.0.0.1:0", "--world", str(folder / "world.yaml"),
                 "--latency", str(options.latency)]  # fmt: skip
        cluster = ["serve", "--listen", "127.0.0.1:0", "--write-kubeconfig", str(folder / "kubeconfig"), "--no-nodes"]
        async with (
            program("yunsim", cloud, folder) as url,
            program("kubesim", cluster, folder),
            aiohttp.ClientSession(raise_for_status=True) as session,
            api_of((folder / "kubeconfig").read_text()) as api,
        ):
            stage = Stage(folder, url, session, api)
            stage.rates = options.rates
            await stage.start_controller()
            try:
                return await _joined(stage, options)
            finally:
                await stage.stop_controller()


async def _joined(stage: Stage, options: argparse.Namespace) -> Joined:
    found = Joined(options.nodes)
    begun = time.monotonic()
    left = iter(range(options.nodes))

    async def some() -> None:
        for number in left:
            await stage.write("POST", "/api/v1/nodes", node(number))

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    found.registered = time.monotonic() - begun
    while not found.usable or not found.routed:
        listed, now = await stage.listed("/api/v1/nodes"), time.monotonic() - begun
        usable = sum(not one["spec"].get("taints") for one in listed)
        routed = sum(_is_routed(one) for one in listed)
        found.usable = found.usable or (now if usable == options.nodes else 0.0)
        found.routed = found.routed or (now if routed == options.nodes else 0.0)
        sys.stderr.write(f"{now:6.1f} s: {usable} usable, {routed} routed of {options.nodes}\n")
        if now > PATIENCE:
            raise TimeoutError("not all nodes joined; see the controller's log")
        await asyncio.sleep(max(0.2, options.nodes / 1000))
    found.calls = counted(await stage.until_quiet())
    found.megabytes = stage.megabytes()
    if options.steady:
        sys.stderr.write(f"counting for {options.steady:g} s\n")
        await stage.begin()
        await asyncio.sleep(options.steady)
        hourly = counted(await stage.until_quiet())
        found.steady = {action: number * HOUR / options.steady for action, number in hourly.items()}
    return found


def _is_routed(node: Mapping[str, Any]) -> bool:
    return any(one["type"] == "NetworkUnavailable" and one["status"] == "False" for one in node["status"]["conditions"])


def counted(calls: list[Any]) -> dict[str, int]:
    """Calls by action."""
    return dict(sorted(Counter(call["action"] for call in calls).items()))


def node(number: int) -> dict[str, Any]:
    """As a kubelet with --cloud-provider=external registers it, its range given by kube-controller-manager."""
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node{number:04}"},
        "spec": {"podCIDR": f"10.{64 + number // 256}.{number % 256}.0/24", "taints": [TAINT]},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": address(number)}],
        },
    }  # fmt: skip


def address(number: int) -> str:
    """Of an instance."""
    return f"10.0.{number // 250}.{number % 250 + 2}"


def world(nodes: int, rates: str) -> dict[str, Any]:
    """Instances for all nodes in one vSwitch."""
    instances = [{"id": f"i-node{number:04}", "vswitch": "vsw-1", "ip": address(number)} for number in range(nodes)]
    return {
        "region": "cn-hangzhou", "zones": ["cn-hangzhou-h"], "keys": [{"id": KEY, "secret": SECRET}],
        "vpcs": [{"id": "vpc-1", "cidr": "10.0.0.0/16"}],
        "vswitches": [{"id": "vsw-1", "vpc": "vpc-1", "zone": "cn-hangzhou-h", "cidr": "10.0.0.0/17"}],
        "instances": instances, "metadata_instance": "i-node0000", "rates": rates,
        "quotas": {"vpc_quota_route_entrys_num": nodes + 100},
    }  # fmt: skip


def table(joined: Joined) -> str:
    """Lines for people."""
    rows = [
        ("nodes", str(joined.nodes)),
        ("registered after", f"{joined.registered:.1f} s"),
        ("all usable after", f"{joined.usable:.1f} s"),
        ("all routed after", f"{joined.routed:.1f} s"),
        ("memory of the controller", f"{joined.megabytes:.0f} MB"),
        *((f"calls: {action}", str(number)) for action, number in joined.calls.items()),
        *((f"an hour later on: {action}", f"{number:.0f}") for action, number in joined.steady.items()),
    ]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name.ljust(width)}  {text}\n" for name, text in rows)


if __name__ == "__main__":
    sys.exit(main())
