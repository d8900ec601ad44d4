"""`yunqiao init-node`: writes on this machine's Node which ECS instance it is, as instance metadata says.

For clusters whose controller may not find that out itself, and as the job that older guides have run on every node.
It needs no Alibaba Cloud key, only to get and patch nodes.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from yunqiao.cli.reaching import transport
from yunqiao.cloud.metadata import ADDRESS, Metadata
from yunqiao.controllers.nodes.inside import initialised, machine
from yunqiao.engine.clock import MonotonicClock
from yunqiao.kube.client import Client
from yunqiao.kube.connect import find
from yunqiao.kube.limit import RateLimit
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.kubernetes import NODE

EXAMPLE = """example:
  NODE_NAME=worker-1 yunqiao init-node
  yunqiao init-node --node-name worker-1 --kubeconfig /etc/kubernetes/kubelet.conf

exit status: 0 done, or done before; 1 it could not be done (the text says why); 2 wrong command line
permissions: get and patch nodes, nothing else, and no Alibaba Cloud key
"""
ATTEMPTS, PAUSE = 4, 1.0
"""Tries, and the seconds after the first; each further pause is twice as long."""
REQUEST_SECONDS = 10.0


def main(arguments: Sequence[str]) -> int:
    """Say on this machine's Node which ECS instance it is; returns the exit status."""
    options = _parser().parse_args(arguments)
    if not options.node_name:
        sys.stderr.write("yunqiao init-node: which node is this? Set NODE_NAME (spec.nodeName) or give --node-name\n")
        return 2
    try:
        said = asyncio.run(_patiently(options))
    except (Trouble, OSError) as error:
        sys.stderr.write(f"yunqiao init-node: {error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yunqiao init-node",
        description="Write on this machine's Node which ECS instance it is: providerID, zone, region and type.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--node-name", default=os.environ.get("NODE_NAME", ""), metavar="NAME",
                        help="the Node of this machine (default: the environment variable NODE_NAME)")  # fmt: skip
    parser.add_argument("--kubeconfig", default="", metavar="FILE",
                        help="how to reach the Kubernetes API (default: KUBECONFIG, else in-cluster)")  # fmt: skip
    parser.add_argument("--metadata-endpoint", default=os.environ.get("METADATA_ENDPOINT", ADDRESS), metavar="URL",
                        help=f"the instance metadata service (default: METADATA_ENDPOINT, else {ADDRESS})")  # fmt: skip
    return parser


async def _patiently(options: argparse.Namespace) -> str:
    """Try again what may pass by itself; a refusal is none of that. Raises what the last try raised."""
    clock, pause = MonotonicClock(), PAUSE
    for _ in range(ATTEMPTS - 1):
        try:
            return await _initialise(options, clock)
        except Refused:
            raise
        except Trouble as trouble:
            sys.stderr.write(f"yunqiao init-node: {trouble}; again in {pause:g} s\n")
            await clock.sleep(pause)
            pause *= 2
    return await _initialise(options, clock)


async def _initialise(options: argparse.Namespace, clock: Clock) -> str:
    """What was done, in words."""
    connection = find(clock, options.kubeconfig, os.environ)
    async with Metadata(clock, options.metadata_endpoint) as metadata:
        instance = await machine(metadata.get)
    async with Client(transport(connection, RateLimit(clock, qps=0), REQUEST_SECONDS)) as client:
        node = await client.get(NODE, "", options.node_name)
        if node is None:
            raise Refused(f'there is no node "{options.node_name}": see `kubectl get nodes`, correct NODE_NAME')
        patch = initialised(node, instance)
        if patch is None:
            return f"node {options.node_name} was {node.spec.provider_id} already"
        written = await client.patched(NODE, patch)
    return f"node {options.node_name} is {written.spec.provider_id}"
