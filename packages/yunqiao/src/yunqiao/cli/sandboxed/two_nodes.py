"""The demo's chapters on pods of two nodes, where every node is a network namespace."""

from functools import partial

import yaml

from yunqiao.cli.sandboxed.crossing import Spot, ask, call, kernel_routes, spots, table_routes
from yunqiao.cli.sandboxed.listeners import cloud_state
from yunqiao.cli.sandboxed.places import REGION
from yunqiao.cli.sandboxed.story import NAMESPACE, Story, manifest

UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
"""The taint that a kubelet registers its node with, for a controller to take away."""


async def is_cut_off(story: Story) -> tuple[Spot, Spot]:
    """Without the controller no pod reaches another node's pods, and with it they do; gives two such pods."""
    story.teller.chapter("Two nodes with a pod each, and no controller yet: the VPC knows no pod")
    await story.api.apply(next(one for one in yaml.safe_load_all(manifest()) if one["kind"] == "Deployment"))
    one, other = (await story.until("ready pods on two nodes", partial(_two_nodes, story)))[:2]
    story.teller.line(f"{one} asks {other}")
    story.fact("nobody answers, as long as no route leads there", not await ask(one, other))
    story.fact("the VPC's router has no route but those to its own vSwitches", not await kernel_routes())
    story.teller.chapter("The controller starts, and writes a route for each node's pods")
    await story.box.start_controller()
    await story.until("an answer from the other node's pod", partial(_both_ways, one, other))
    story.fact("the two pods reach each other, both ways", True)
    routes = await story.until("the same routes in kernel and route table", partial(_same_routes, story))
    story.teller.table([[destination, "via", gateway] for destination, gateway in sorted(routes.items())])
    story.fact("the kernel's routes are exactly the Custom entries of the route table", True)
    await _joins_anew(story, one, other)
    return one, other


async def _joins_anew(story: Story, one: Spot, other: Spot) -> None:
    """A new instance drops what is not for its own addresses, until the controller has met its node."""
    story.teller.chapter(f"{other.node} is new: its instance drops what is not for its own addresses")
    interfaces = (await cloud_state(story.box.cloud))["ecs"]["instances"][other.instance]["interfaces"]
    which = {"RegionId": REGION, "NetworkInterfaceId": interfaces[0]["id"]}
    await call(story.box.cloud, "ecs", "ModifyNetworkInterfaceAttribute", SourceDestCheck="true", **which)
    story.fact(f"nobody answers {one.pod} at {other.address}, though there is a route", not await ask(one, other))
    await story.api.taint(other.node, UNINITIALIZED, "NoSchedule")
    await story.until(f"an answer from {other.node}'s pod", partial(_both_ways, one, other))
    story.fact(f"the controller has switched the check of {other.node}'s interface off, and the pods meet", True)
    await story.until(f"{other.node} to be of use", partial(_is_admitted, story, other.node))


async def loses_a_node(story: Story, one: Spot, other: Spot) -> None:
    """While an instance is stopped its node is not ready and its pods are silent; once it runs again all is well."""
    story.teller.chapter(f"The instance of {other.node} is stopped, and started again")
    await call(story.box.cloud, "ecs", "StopInstance", InstanceId=other.instance)
    story.fact(f"nobody answers {one.pod} at {other.address} any more", not await ask(one, other))
    await story.until(f"{other.node} not ready", partial(_is_ready, story, other.node, ready=False))
    story.fact(f"{other.node} is not heard of, and not ready", True)
    await call(story.box.cloud, "ecs", "StartInstance", InstanceId=other.instance)
    await story.until(f"{other.node} ready", partial(_is_ready, story, other.node, ready=True))
    await story.until("an answer from the pod on it", partial(_both_ways, one, other))
    story.fact("it is ready again, and the two pods reach each other", True)


async def _two_nodes(story: Story) -> list[Spot]:
    found = spots(await story.api.list("Pod", NAMESPACE), await story.api.list("Node"))
    return found if len(found) > 1 else []


async def _same_routes(story: Story) -> dict[str, str]:
    routes = await kernel_routes()
    return routes if routes == table_routes(await cloud_state(story.box.cloud)) else {}


async def _both_ways(one: Spot, other: Spot) -> bool:
    return [await ask(one, other), await ask(other, one)] == [other.pod, one.pod]


async def _is_admitted(story: Story, node: str) -> bool:
    taints = (await story.api.get("Node", "", node))["spec"].get("taints", [])
    return all(each["key"] != UNINITIALIZED for each in taints)


async def _is_ready(story: Story, node: str, *, ready: bool) -> bool:
    found = await story.api.get("Node", "", node)
    conditions = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    return (conditions.get("Ready") == "True") == ready
