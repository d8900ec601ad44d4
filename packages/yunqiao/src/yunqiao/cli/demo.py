"""`yunqiao demo`: the walkthrough on this machine, from manifest to traffic to a clean end, unattended.

Everything shown is measured as it happens; the exit status is 0 only if all of it was true.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import yaml

from yunqiao.cli.sandboxed.cluster_api import cluster_api
from yunqiao.cli.sandboxed.listeners import Listener, cloud_state, listeners_of, moved_line
from yunqiao.cli.sandboxed.namespace import Namespace
from yunqiao.cli.sandboxed.networks import NotPossible, add_option, settle
from yunqiao.cli.sandboxed.programs import NotStarted
from yunqiao.cli.sandboxed.sandbox import sandbox
from yunqiao.cli.sandboxed.stopping import Stopped, until_stopped
from yunqiao.cli.sandboxed.story import NAMESPACE, NotTrue, Story, manifest
from yunqiao.cli.sandboxed.telling import CallsTold, Teller
from yunqiao.cli.sandboxed.traffic import Tally, flow, send
from yunqiao.cli.sandboxed.two_nodes import is_cut_off, loses_a_node

EXAMPLE = (
    "example:\n  yunqiao demo\n  yunqiao demo --net private\n  yunqiao demo --net kernel\n  yunqiao demo --output json"
)
SERVICE, DEPLOYMENT = "nginx", "test-nginx"
SPREAD = 20
"""Requests that each of several pods answers before the next chapter."""

NETWORKS = {
    "loopback": "every address is one of this machine's loopback",
    "private": "every address and port is as in the cloud, in a network of its own",
    "kernel": "every instance is a network namespace; packets go where the VPC's route table says",
}


def main(arguments: Sequence[str]) -> int:
    """Play it; 0 if everything was true, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="yunqiao demo", description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_option(parser)
    parser.add_argument("--output", choices=["text", "json"], default="text", help="json: only the result, as JSON")
    options = parser.parse_args(arguments)
    as_json = options.output == "json"
    try:
        namespace = settle(options.net)
        result = asyncio.run(until_stopped(_play(Teller(quiet=as_json), namespace)))
    except (NotStarted, NotTrue, NotPossible, Stopped, OSError) as error:
        sys.stderr.write(f"yunqiao demo: {error}\n")
        return 1
    if as_json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 0 if result["true"] else 1


async def _play(teller: Teller, namespace: Namespace | None) -> dict[str, Any]:
    teller.chapter("A cloud, a cluster and the controller start on this machine")
    routed = namespace is not None and namespace.routed
    async with sandbox(namespace, controller=not routed) as box, cluster_api(box.kubeconfig.read_text()) as api:
        teller.table([
            ["network", box.net, NETWORKS[box.net]],
            ["cloud", "yunsim", box.cloud],
            ["cluster", "kubesim", box.cluster],
            ["controller", "cloud-controller-manager", "with the walkthrough's flags and cloud-config"],
        ])  # fmt: skip
        story = Story(box, api, teller, CallsTold(box.folder / "cloud-controller-manager.log", teller))
        crossing = await is_cut_off(story) if routed else None
        address, port = await _becomes_a_balancer(story)
        await _answers(story, address, port)
        if crossing:
            await loses_a_node(story, *crossing)
        else:
            await _scales(story, address, port)
        await _goes(story, address, port)
        _tell_the_end(story)
        return {"true": story.true, "net": box.net, "facts": story.facts}


async def _becomes_a_balancer(story: Story) -> tuple[str, int]:
    story.teller.chapter("Apply the Deployment and the intranet Service; each cloud call, and why it is made")
    for thing in yaml.safe_load_all(manifest()):
        await story.api.apply(thing)
    address = await story.until("an address in the Service's status", lambda: _address(story))
    balancers = (await cloud_state(story.box.cloud))["slb"]["load_balancers"]
    story.teller.chapter("The Service has an address")
    service = await story.api.get("Service", NAMESPACE, SERVICE)
    ports = ",".join(f"{one['port']}:{one['nodePort']}/{one['protocol']}" for one in service["spec"]["ports"])
    story.teller.table([
        ["NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)"],
        [NAMESPACE, SERVICE, service["spec"]["type"], service["spec"]["clusterIP"], address, ports],
    ])  # fmt: skip
    story.fact(
        "one intranet load balancer was made", [one["address_type"] for one in balancers.values()] == ["intranet"]
    )
    story.fact("its address is in the Service's status", [one["address"] for one in balancers.values()] == [address])
    return await _socket(story, address)


async def _answers(story: Story, address: str, port: int) -> None:
    story.teller.chapter(f"100 requests to http://{address}:{port}/")
    pods = await story.until("two ready pods", lambda: _pods(story, 2))
    await story.until("a first answer", lambda: _answered(address, port))
    tally = Tally()
    await send(address, port, 100, tally)
    _show(story, tally)
    story.fact("100 of 100 requests were answered", tally.pods.total() == 100)
    story.fact("by both pods, and by nobody else", set(tally.pods) == set(pods))
    if story.box.net == "private":
        await _answer_themselves(story, pods)


async def _answer_themselves(story: Story, pods: Mapping[str, str]) -> None:
    """In a private network pods can be asked without a balancer: what the cluster says of their addresses is true."""
    answers = {}
    for pod, address in pods.items():
        tally = Tally()
        await send(address, 80, 1, tally)
        answers[pod] = set(tally.pods)
    told = ", ".join(f"{address}:80" for address in pods.values())
    story.fact(f"each pod answers at its own address too ({told})", all(answers[pod] == {pod} for pod in pods))


async def _scales(story: Story, address: str, port: int) -> None:
    story.teller.chapter("Scale to 5, then to 1, with 100 requests a second flowing")
    async with _flowing(address, port) as tally:
        for replicas in (5, 1):
            await story.api.scale(NAMESPACE, DEPLOYMENT, replicas)
            pods = await story.until(f"{replicas} ready pods", partial(_pods, story, replicas))
            answered = await story.until(
                f"{SPREAD} answers of each pod", partial(_spread, tally, Counter(tally.pods), pods)
            )
            story.teller.line(f"ready pods: {replicas}; who has answered since:")
            _show(story, answered)
        await asyncio.sleep(2.5)  # the pods that went have stopped answering by then
        last = Tally()
        await send(address, port, 30, last)
    _show(story, Tally(failures=tally.failures))
    story.fact(f"none of {tally.total} requests was lost on the way", not tally.failures and tally.total > 100)
    story.fact("what is left answers alone", set(last.pods) == set(pods) and not last.failures)


async def _goes(story: Story, address: str, port: int) -> None:
    story.teller.chapter("Delete the Service and the Deployment")
    await story.api.delete("Service", NAMESPACE, SERVICE)
    await story.api.delete("Deployment", NAMESPACE, DEPLOYMENT)
    await story.until("the Service's end", lambda: _gone(story))
    tally = Tally()
    await send(address, port, 1, tally)
    story.fact("the address no longer answers", tally.failures.total() == 1)
    state = await cloud_state(story.box.cloud)
    story.fact("nothing is left in the cloud", not state["slb"]["load_balancers"] and not state["listening"])


def _tell_the_end(story: Story) -> None:
    verdict = "All of it was true" if story.true else "NOT all of it was true"
    story.teller.chapter(f"{verdict}; {story.calls.count} cloud calls")
    if not story.true:
        story.teller.line(f"the controller's log ends:\n{story.tail()}")


@asynccontextmanager
async def _flowing(address: str, port: int) -> AsyncIterator[Tally]:
    tally = Tally()
    load = asyncio.create_task(flow(address, port, 100, tally))
    try:
        yield tally
    finally:
        load.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await load


def _show(story: Story, tally: Tally) -> None:
    most = max(tally.pods.values(), default=1)
    rows = [[pod, f"{count:>5}", "█" * max(1, count * 40 // most)] for pod, count in sorted(tally.pods.items())]
    rows += [[f"failed: {reason}", f"{count:>5}", ""] for reason, count in tally.failures.items()]
    story.teller.table(rows)


async def _address(story: Story) -> str:
    service = await story.api.get("Service", NAMESPACE, SERVICE)
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
    return str(ingress[0].get("ip", ""))


async def _pods(story: Story, number: int) -> Mapping[str, str]:
    pods = await story.api.ready_pods(NAMESPACE)
    return pods if len(pods) == number else {}


async def _answered(address: str, port: int) -> bool:
    tally = Tally()
    await send(address, port, 1, tally, at_once=1)
    return not tally.failures


async def _spread(tally: Tally, until_now: Counter[str], pods: Collection[str]) -> Tally | None:
    """What was answered since then, once each of the pods has answered its share."""
    since = tally.pods - until_now
    return Tally(since) if all(since[pod] >= SPREAD for pod in pods) else None


async def _gone(story: Story) -> bool:
    return await story.api.get("Service", NAMESPACE, SERVICE) is None


async def _socket(story: Story, address: str) -> tuple[str, int]:
    """Where port 80 of the address really listens: elsewhere when this user may not open ports below 1024."""

    async def listening() -> Listener | None:
        found = listeners_of(await cloud_state(story.box.cloud))
        return next((one for one in found if one.address == address and one.really), None)

    listener = await story.until("a listening socket", listening)
    if listener.moved:
        story.teller.line(moved_line(listener))
    host, port = listener.really
    return host, port
