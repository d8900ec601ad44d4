"""A cloud and a cluster as they were read, said in a line each."""

from dataclasses import replace

import pytest

from yunqiao.cloud.sign import AccessKey
from yunqiao.cloud.vpc import Vpc, VSwitch
from yunqiao.controllers.nodes.see import Seen as NodesSeen
from yunqiao.controllers.routes.rules import Place
from yunqiao.controllers.routes.seen import Seen, Table, by_range
from yunqiao.controllers.services.rules import Rules
from yunqiao.install.sight import Cloud, Cluster
from yunqiao.model.cluster import Metadata, Node, NodeSpec
from yunqiao.model.route import Route

VPC = "vpc-1"


class Scene:
    """Makes sights with the defaults that the tests do not care about."""

    def cloud(self, **changed):
        first = Cloud(
            Rules("c-1", "cn-hangzhou", VPC, ("vsw-1",)), {one: f"{one}.test" for one in ("slb", "ecs", "vpc")},
            AccessKey("id", "secret"), 0.4, nodes=NodesSeen(), vpc_id=VPC, vpc=Vpc(VPC, ("10.0.0.0/8",)),
            vswitch_ids=("vsw-1",),
            vswitches=(VSwitch("vsw-1", "cn-hangzhou-h", VPC, "10.0.0.0/20", 100),), place=Place(VPC, ("vtb-1",)),
            tables=Seen(),
        )  # fmt: skip
        return replace(first, **changed)

    def cluster(self, *nodes, **changed):
        return replace(Cluster("https://test", "v1.36.0", "somebody", {}, nodes, (), None), **changed)

    def node(self, name, *cidrs):
        return Node(
            metadata=Metadata(name=name), spec=NodeSpec(provider_id=f"cn-hangzhou.i-{name}", pod_cidrs=list(cidrs))
        )

    def tables(self, number):
        """One table with so many entries of somebody."""
        routes = [Route("vtb-1", f"172.16.{one}.0/24", "i-1", status="Available") for one in range(number)]
        return Seen({"vtb-1": Table(by_range(routes))})


@pytest.fixture
def scene() -> Scene:
    return Scene()
