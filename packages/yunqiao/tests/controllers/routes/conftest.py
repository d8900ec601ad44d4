"""Nodes, wishes and tables, said in a line each."""

import pytest

from yunqiao.cloud.ecs import Instance
from yunqiao.controllers.routes.judge import Ground, grounds
from yunqiao.controllers.routes.rules import Place, Rules
from yunqiao.controllers.routes.seen import Seen, Table, by_range
from yunqiao.controllers.routes.want import Wanted, Wish
from yunqiao.model.cluster import Condition, Metadata, Node, NodeAddress, NodeInfo, NodeSpec, NodeStatus
from yunqiao.model.route import Route, mark

CLUSTER = "abcdefghij"


class Scene:
    """Makes things with the defaults that the tests do not care about."""

    cluster = CLUSTER
    rules = Rules("cn-hangzhou", CLUSTER, "vpc-1")
    place = Place("vpc-1", ("vtb-1",))

    def node(self, name="w1", *cidrs, provider_id=None, unavailable="", ips=(), system_uuid="", **metadata):
        told = [Condition("NetworkUnavailable", unavailable, "R", "M", "2026-01-01T00:00:00Z")] if unavailable else []
        return Node(
            metadata=Metadata(name=name, uid=f"uid-{name}", **metadata),
            spec=NodeSpec(
                provider_id=f"cn-hangzhou.i-{name}" if provider_id is None else provider_id,
                pod_cidrs=list(cidrs),
                pod_cidr=cidrs[0] if cidrs else "",
            ),
            status=NodeStatus(
                conditions=told,
                addresses=[NodeAddress(type="InternalIP", address=ip) for ip in ips],
                node_info=NodeInfo(system_uuid=system_uuid),
            ),
        )

    def instance(self, name="w1", **more):
        return Instance(f"i-{name}", **{"vpc_id": "vpc-1", **more})

    def instances(self, *names):
        return {f"i-{name}": self.instance(name) for name in names}

    def wish(self, name="w1", cidr="172.16.1.0/24", **more):
        return Wish(name, mark(name, CLUSTER), f"i-{name}", cidr, **more)

    def wanted(self, *wishes, gone=(), **more):
        """What is wanted when these wishes are all, and their nodes but the `gone` are all nodes."""
        marks = frozenset(wish.mark for wish in wishes)
        return Wanted(tuple(wishes), marks, marks, **more)

    def route(self, node="w1", /, cidr="172.16.1.0/24", *, status="Available", cluster=CLUSTER, **more):
        words = {"name": node, "description": mark(node, cluster), "id": f"rte-{cidr}"}
        return Route("vtb-1", cidr, f"i-{node}", status=status, **{**words, **more})

    def seen(self, *routes, **more):
        table = {name: more.pop(name) for name in ("full", "problem") if name in more}
        return Seen({"vtb-1": Table(by_range(routes), **table)}, **more)

    def ground(self, wanted, seen, now=0.0) -> Ground:
        (only,) = grounds(wanted, seen, CLUSTER, now)
        return only


@pytest.fixture
def scene() -> Scene:
    return Scene()
