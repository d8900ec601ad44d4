"""What the controller costs: cloud calls, time and memory, measured against the simulated cloud and cluster.

Everything runs as separate processes on this machine. With --compare, another controller is measured on the same
cloud in the same run: the command gets the same environment, and {config} and {kubeconfig} in it are filled in.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from measuring import SCENARIOS, Measured, measure

COLUMNS = ("seconds", "reads", "writes", "others", "MB")
PAGE = Path(__file__).parent.parent / "docs" / "reference" / "performance.md"
EXAMPLE = """example:
  make bench
  make bench BENCH='--services 50 --latency 20'
  make bench BENCH='--compare "other-controller --cloud-config={config} --kubeconfig={kubeconfig}"'"""


def main() -> int:
    """Measure, print a table, write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--services", type=int, default=200, help="how many Services (default 200)")
    parser.add_argument("--nodes", type=int, default=10, help="how many nodes (default 10)")
    parser.add_argument("--latency", type=int, default=100, help="milliseconds of every cloud answer (default 100)")
    parser.add_argument("--rates", choices=["none", "real"], default="none", help="real: the documented limits")
    parser.add_argument("--compare", metavar="COMMAND", help="another controller, measured the same way")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} of the reference")
    options = parser.parse_args()
    size = (options.services, options.nodes, options.latency, options.rates)
    results = [asyncio.run(measure("yunqiao", "", *size))]
    if options.compare:
        results.append(asyncio.run(measure("other", options.compare, *size)))
    if options.output == "json":
        sys.stdout.write(json.dumps([result.plain() for result in results], indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(table(results)) + "\n")
    if options.write:
        PAGE.write_text(page(results, options))
    return 0


def table(results: list[Measured]) -> list[str]:
    """A row for each scenario, some columns for each controller."""
    head = ["", *(f"{result.name}: {what}" for result in results for what in COLUMNS)]
    rows = [head, *([scenario, *cells(results, scenario)] for scenario in SCENARIOS)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def cells(results: list[Measured], scenario: str) -> list[str]:
    """The figures of one scenario."""
    found = [result.rows[scenario] for result in results]
    return [
        text
        for row in found
        for text in (f"{row.seconds:.2f}", *map(str, (row.reads, row.writes, row.others)), f"{row.megabytes:.0f}")
    ]


PAGE_TEXT = """# Performance

Made by `make bench BENCH="--services {services} --nodes {nodes} --latency {latency} --write"`; machines differ.

{services} Services with one TCP port, {nodes} nodes, every cloud answer delayed by {latency} ms, rate limits: {rates}.
Machine: {cores} cores, {machine}, Linux {linux}, Python {python}; cloud, cluster and controller share it.
Seconds run from the first change to the last write that it needs; MB is the controller's resident memory after it.
Reads and writes are calls for load balancers (SLB); others are those of ECS and VPC, for nodes and routes.

```
{table}
```

Nodes that join all at once (`bench/joining.py`): documented rate limits, every cloud answer delayed by 100 ms.
The quota of route entries is raised, and the VPC works off each change of routes within a second.

```
{joining}
```

Calls for each kind of change, of one Service with three nodes (`bench/changes.py`):

```
{changes}
```

Watching a large cluster (`bench/kube_layer.py`), the watching process alone:

```
{layer}
```
"""


def page(results: list[Measured], options: argparse.Namespace) -> str:
    """The page of the reference."""
    return PAGE_TEXT.format(
        services=options.services,
        nodes=options.nodes,
        latency=options.latency,
        rates=options.rates,
        cores=len(os.sched_getaffinity(0)),
        machine=platform.machine(),
        linux=platform.release(),
        python=platform.python_version(),
        table="\n".join(table(results)),
        joining=printed("joining.py", "--nodes", "1000"),
        changes=printed("changes.py"),
        layer=printed("kube_layer.py"),
    )


def printed(script: str, *arguments: str) -> str:
    """What another measurement prints."""
    command = [sys.executable, str(Path(__file__).with_name(script)), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.rstrip()


if __name__ == "__main__":
    sys.exit(main())
