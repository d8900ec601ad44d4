"""What each kind of change of one Service costs in calls: reads and writes for balancers, others for nodes and routes.

python bench/changes.py [--output json]
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from measuring import Stage, staged

TCP_80 = {"name": "web", "port": 80}
TCP_81 = {"name": "more", "port": 81}
Change = Callable[[Stage], Awaitable[None]]


def asking(of_spec: dict[str, Any] | None = None, **annotations: str | None) -> Change:
    """A change of annotations and spec."""
    named = {name.replace("_", "-"): value for name, value in annotations.items()}
    return lambda stage: stage.ask(named, **(of_spec or {}))


CHANGES: dict[str, Change] = {
    "create, one port": lambda stage: stage.create(),
    "unrelated annotation": lambda stage: stage.annotate(),
    "endpoint moves to another node (Local)": lambda stage: stage.endpoint(1),
    "node joins (Local)": lambda stage: stage.join(),
    "scheduler": asking(scheduler="wlc"),
    "scheduler, taken away": asking(scheduler=None),
    "three settings of the listener at once": asking(
        scheduler="wrr", persistence_timeout="60", health_check_interval="7"
    ),
    "name": asking(name="shop"),
    "delete protection": asking(delete_protection="off"),
    "two tags": asking(additional_resource_tags="team=shop,stage=test"),
    "tags, taken away": asking(additional_resource_tags=None),
    "instance paid by specification": asking(instance_charge_type="PayBySpec", spec="slb.s2.small"),
    "source ranges": asking({"loadBalancerSourceRanges": ["127.0.0.0/8", "10.0.0.0/8"]}),
    "source ranges, taken away": asking({"loadBalancerSourceRanges": None}),
    "port added": asking({"ports": [TCP_80, TCP_81]}),
    "port removed": asking({"ports": [TCP_80]}),
    "TCP becomes HTTP": asking(protocol_port="http:80"),
    "externalTrafficPolicy becomes Cluster": asking({"externalTrafficPolicy": "Cluster"}),
    "node joins (Cluster)": lambda stage: stage.join(),
    "restart, nothing changed": lambda stage: stage.restart(),
    "bad annotation": asking(scheduler="fastest"),
    "delete": lambda stage: stage.delete(),
}


async def measure() -> list[dict[str, Any]]:
    """Each change after the one before, and the calls until nothing more is sent."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        async with staged(Path(folder), nodes=3, latency=0, rates="none", services=1) as stage:
            await stage.start_controller()
            await stage.restart()
            for name, change in CHANGES.items():
                calls = await stage.calls_of(change)
                actions = [call["action"] for call in calls]
                balancing = [call["action"] for call in calls if call["product"] == "slb"]
                reads = sum(one.startswith("Describe") for one in balancing)
                row = {"reads": reads, "writes": len(balancing) - reads, "others": len(calls) - len(balancing)}
                rows.append({"change": name, **row, "actions": actions})
                sys.stderr.write(f"{name}: {', '.join(actions) or 'nothing'}\n")
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Aligned columns."""
    width = max(len(row["change"]) for row in rows)
    columns = ("reads", "writes", "others")
    head = "  ".join([f"{'change':<{width}}", *columns])
    cells = ("  ".join([f"{row['change']:<{width}}", *(f"{row[one]:>{len(one)}}" for one in columns)]) for row in rows)
    return "\n".join([head, *cells])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", choices=["text", "json"], default="text")
    options = parser.parse_args()
    rows = asyncio.run(measure())
    sys.stdout.write((json.dumps(rows, indent=2) if options.output == "json" else table(rows)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
