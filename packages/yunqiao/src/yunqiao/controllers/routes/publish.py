"""What a node is told of its network: the condition NetworkUnavailable is what the tables say. Pure.

https://kubernetes.io/docs/reference/node/node-status/#condition ; reasons as the route controller of Kubernetes has
them (k8s.io/cloud-provider, controllers/route).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from yunqiao.controllers.routes.judge import Ground, State
from yunqiao.controllers.routes.want import Wanted
from yunqiao.model.cluster import Condition, Node, as_builtins
from yunqiao.model.step import Patch

TYPE = "NetworkUnavailable"
ROUTED = ("False", "RouteCreated", "RouteController created a route")
UNROUTED = ("True", "NoRouteCreated", "RouteController failed to create a route")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a node stands: all of its entries work in every table, or not; `problem` says what is in their way."""

    routed: bool
    problem: str = ""


ROUTED_SO_FAR = Standing(True)


def standings(wanted: Wanted, grounds: Iterable[Ground]) -> Mapping[str, Standing]:
    """Each node that is ours, by name. A node has its routes when each of them works in each table."""
    found: dict[str, Standing] = {name: Standing(False, text) for name, text in wanted.problems.items()}
    for ground in grounds:
        for wish, verdict in ground.verdicts:
            before = found.get(wish.node, ROUTED_SO_FAR)
            routed = before.routed and verdict.state is State.THERE
            found[wish.node] = Standing(routed, before.problem or verdict.text)
    return found


def unavailable(node: Node) -> Condition:
    """The condition as it is; one without a status when there is none."""
    return next((one for one in node.status.conditions if one.type == TYPE), Condition(TYPE, ""))


def told(node: Node, standing: Standing, today: datetime) -> Patch | None:
    """The patch that tells a node where it stands; None when it knows."""
    old = unavailable(node)
    if standing.routed:
        return None if old.status == "False" else _patch(node, old, ROUTED, today)
    status, reason, message = UNROUTED
    if old.status == status and (not standing.problem or old.message == f"{message}: {standing.problem}"):
        return None
    words = f"{message}: {standing.problem}" if standing.problem else message
    return _patch(node, old, (status, reason, words), today)


def excused(node: Node, text: str, today: datetime) -> Patch | None:
    """The patch for a node that gets no route: nothing, unless it waits for one."""
    return told(node, Standing(False, text), today) if unavailable(node).status == "True" else None


def patches(
    nodes: Mapping[str, Node], wanted: Wanted, standings: Mapping[str, Standing], today: Callable[[], datetime]
) -> tuple[Patch, ...]:
    """What to tell all nodes, those that know it left out."""
    moment = today()
    ours = [told(nodes[name], one, moment) for name, one in standings.items() if name in nodes]
    others = [excused(nodes[name], text, moment) for name, text in wanted.aside.items() if name in nodes]
    return tuple(patch for patch in (*ours, *others) if patch is not None)


def _patch(node: Node, old: Condition, words: tuple[str, str, str], today: datetime) -> Patch:
    """One condition of the list, of this very node: another of the same name is told nothing."""
    status, reason, message = words
    now = f"{today:%Y-%m-%dT%H:%M:%SZ}"
    since = old.last_transition_time if old.status == status and old.last_transition_time else now
    condition = as_builtins(Condition(TYPE, status, reason, message, since)) | {"lastHeartbeatTime": now}
    body = {"metadata": {"uid": node.metadata.uid}, "status": {"conditions": [condition]}}
    return Patch("Node", "", node.metadata.name, body, f"{TYPE}: {message}", "status", strategic=True)
