"""Pod ranges and route tables."""

import pytest

from yunqiao.cloud.vpc import Vpc
from yunqiao.controllers.nodes.see import Seen as NodesSeen
from yunqiao.install.findings import Status
from yunqiao.install.routes import routes
from yunqiao.model.instance import Instance
from yunqiao.settings import Settings


def told(scene, *nodes, **changed):
    found = routes(scene.cluster(*nodes), scene.cloud(**changed), Settings(cluster_cidrs=("172.16.0.0/12",)))
    return {one.check: one for one in found}


@pytest.mark.parametrize(("number", "status", "found"), [
    (10, Status.OK, "10 entries of 200, the documented quota"),
    (160, Status.WARNING, "route table vtb-1 holds 160 of 200 entries (the documented quota, if it was not raised)"),
    (230, Status.OK, "230 entries"),
])  # fmt: skip
def test_a_table_that_will_soon_be_full_is_told(scene, number, status, found):
    one = told(scene, tables=scene.tables(number))["route table vtb-1"]
    assert (one.status, one.found) == (status, found)
    assert ("vpc_quota_route_entrys_num" in one.fix) is (status is Status.WARNING)


def test_many_nodes_without_a_range_are_one_line(scene):
    one = told(scene, *(scene.node(f"w{number}") for number in range(10)))["pod ranges"]
    assert one.status is Status.BROKEN
    assert one.found == "no podCIDR on w0, w1, w2, w3, w4, w5, w6, w7 and 2 more"


def test_a_range_of_the_other_family_does_not_lie_in_the_vpc(scene):
    node = scene.node("w1", "172.16.0.0/24", "fd00::/64")
    assert "pod ranges and VPC" not in told(scene, node, vpc=Vpc("vpc-1", ("10.0.0.0/8", "not a range")))
    assert "172.16.0.0/24 of w1" in told(scene, node, vpc=Vpc("vpc-1", ("172.16.0.0/12",)))["pod ranges and VPC"].found


def test_a_node_in_another_vpc_gets_no_route(scene):
    seen = NodesSeen(instances={"i-w1": Instance("i-w1", vpc_id="vpc-2")})
    one = told(scene, scene.node("w1", "172.16.0.0/24"), nodes=seen)["route of node w1"]
    assert (one.status, "vpc-2" in one.found, "set vpcid" in one.fix) == (Status.BROKEN, True, True)


def test_controllers_that_do_not_run_need_no_routes():
    (one,) = routes(None, None, Settings(controllers=("service",)))
    assert (one.status, one.found) == (Status.OK, "not looked after: --controllers has no route")
