"""Custom route tables: created, given to a vSwitch and taken back, deleted."""

from typing import Any

import pytest

from yunsim.products.vpc import rules


@pytest.fixture
def table(vpc: Any, site: Any) -> str:
    """The id of a custom table of the VPC."""
    return str(vpc("CreateRouteTable", VpcId=site.vpc.id, RouteTableName="zone-i")["RouteTableId"])


@pytest.fixture
def system(world: Any, site: Any) -> str:
    """The id of the VPC's System table."""
    return str(rules.state(world).system_table(site.vpc.id).id)


def told(vpc: Any, table: str) -> dict[str, Any]:
    (found,) = vpc("DescribeRouteTableList", RouteTableId=table)["RouterTableList"]["RouterTableListType"]
    return dict(found)


def table_of(vpc: Any, vswitch: str) -> dict[str, str]:
    found: dict[str, str] = vpc("DescribeVSwitchAttributes", VSwitchId=vswitch)["RouteTable"]
    return found


def test_a_table_is_made_with_its_system_routes_and_without_a_vswitch(vpc: Any, site: Any, table: str) -> None:
    seen = told(vpc, table)
    assert (seen["RouteTableType"], seen["VpcId"], seen["RouteTableName"]) == ("Custom", site.vpc.id, "zone-i")
    assert (seen["RouterId"], seen["VSwitchIds"]) == (site.vpc.router_id, {"VSwitchId": []})
    routes = vpc("DescribeRouteEntryList", RouteTableId=table)["RouteEntrys"]["RouteEntry"]
    assert [(each["DestinationCidrBlock"], each["Type"]) for each in routes] == [
        ("10.1.0.0/24", "System"),
        ("10.2.0.0/29", "System"),
    ]


def test_a_vswitch_gets_a_table_and_the_system_one_back(
    vpc: Any, world: Any, site: Any, table: str, system: str
) -> None:
    changes: list[str] = []
    world.on_change.append(changes.append)
    vpc("AssociateRouteTable", RouteTableId=table, VSwitchId=site.small.id)
    assert table_of(vpc, site.small.id) == {"RouteTableId": table, "RouteTableType": "Custom"}
    assert told(vpc, table)["VSwitchIds"] == {"VSwitchId": [site.small.id]}
    assert told(vpc, system)["VSwitchIds"] == {"VSwitchId": [site.vswitch.id]}
    assert "" in changes
    vpc("UnassociateRouteTable", RouteTableId=table, VSwitchId=site.small.id)
    assert table_of(vpc, site.small.id) == {"RouteTableId": system, "RouteTableType": "System"}


def test_routes_of_a_table_are_its_own(vpc: Any, site: Any, table: str, system: str) -> None:
    route = {"DestinationCidrBlock": "10.244.0.0/24", "NextHopType": "Instance"}
    vpc("CreateRouteEntry", RouteTableId=table, NextHopId=site.nodes[0].id, **route)
    vpc("CreateRouteEntry", RouteTableId=system, NextHopId=site.nodes[1].id, **route)
    for each, node in ((table, site.nodes[0]), (system, site.nodes[1])):
        listed = vpc("DescribeRouteEntryList", RouteTableId=each, RouteEntryType="Custom")["RouteEntrys"]["RouteEntry"]
        assert [one["NextHops"]["NextHop"][0]["NextHopId"] for one in listed] == [node.id]


def test_what_cannot_be_joined_is_refused(vpc: Any, site: Any, table: str, system: str, refused: Any) -> None:
    small = {"VSwitchId": site.small.id}
    refused("InvalidRouteTableId.NotFound", vpc, "AssociateRouteTable", RouteTableId="vtb-none", **small)
    refused("InvalidVSwitchId.NotFound", vpc, "AssociateRouteTable", RouteTableId=table, VSwitchId="vsw-none")
    refused("OperationDenied.SwitchToSystemRouteTable", vpc, "AssociateRouteTable", RouteTableId=system, **small)
    abroad = vpc("CreateRouteTable", VpcId=site.abroad.id)["RouteTableId"]
    refused("Forbidden.NotInSameVpc", vpc, "AssociateRouteTable", RouteTableId=abroad, **small)
    vpc("AssociateRouteTable", RouteTableId=table, **small)
    code = "Forbidden.VSwitchAlreadyAssociatedRouteTable"
    assert refused(code, vpc, "AssociateRouteTable", RouteTableId=table, **small).status == 404


def test_what_is_not_joined_is_not_parted(vpc: Any, site: Any, table: str, system: str, refused: Any) -> None:
    small = {"VSwitchId": site.small.id}
    refused("OperationFailed.VSwitchNotAssociate", vpc, "UnassociateRouteTable", RouteTableId=table, **small)
    refused("OperationUnsupported.SystemRouteTable", vpc, "UnassociateRouteTable", RouteTableId=system, **small)


def test_a_table_is_deleted_when_nothing_uses_it(vpc: Any, site: Any, table: str, system: str, refused: Any) -> None:
    refused("IncorrectRouteTableType", vpc, "DeleteRouteTable", RouteTableId=system)
    route = {"RouteTableId": table, "DestinationCidrBlock": "10.244.0.0/24", "NextHopId": site.nodes[0].id}
    vpc("CreateRouteEntry", NextHopType="Instance", **route)
    vpc("AssociateRouteTable", RouteTableId=table, VSwitchId=site.small.id)
    refused("IncorrectRouteTableStatus.RouteEntryExist", vpc, "DeleteRouteTable", RouteTableId=table)
    vpc("DeleteRouteEntry", **route)
    refused("IncorrectRouteTableStatus", vpc, "DeleteRouteTable", RouteTableId=table)
    vpc("UnassociateRouteTable", RouteTableId=table, VSwitchId=site.small.id)
    vpc("DeleteRouteTable", RouteTableId=table)
    assert vpc("DescribeRouteTableList", RouteTableId=table)["TotalCount"] == 0
    refused("InvalidRouteTableId.NotFound", vpc, "DeleteRouteTable", RouteTableId=table)


def test_a_vpc_takes_one_change_at_a_time(
    vpc: Any, world: Any, site: Any, table: str, later: Any, refused: Any
) -> None:
    rules.state(world).busy_seconds = 5
    small = {"RouteTableId": table, "VSwitchId": site.small.id}
    vpc("AssociateRouteTable", **small)
    refused("TaskConflict", vpc, "UnassociateRouteTable", **small)
    refused("TaskConflict", vpc, "DeleteRouteTable", RouteTableId=table)
    later(5)
    vpc("UnassociateRouteTable", **small)


def test_a_token_makes_one_table(vpc: Any, site: Any, refused: Any) -> None:
    first = vpc("CreateRouteTable", VpcId=site.vpc.id, ClientToken="t")
    assert vpc("CreateRouteTable", VpcId=site.vpc.id, ClientToken="t") == first
    code = "IdempotentParameterMismatch"
    refused(code, vpc, "CreateRouteTable", VpcId=site.vpc.id, ClientToken="t", RouteTableName="x")
    assert len(vpc("DescribeRouteTableList", VpcId=site.vpc.id)["RouterTableList"]["RouterTableListType"]) == 2


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("InvalidVpcId.NotFound", {"VpcId": "vpc-none"}),
        ("InvalidParameter.RouteTableName.Malformed", {"RouteTableName": "x" * 129}),
        ("InvalidParameter.RouteTableName.Malformed", {"RouteTableName": "http://x"}),
        ("InvalidParameter.Description.Malformed", {"Description": "x" * 257}),
        ("OperationUnsupported.AdvancedFeature", {"AssociateType": "Gateway"}),
        ("InvalidParameter", {"AssociateType": "Balcony"}),
    ],
)
def test_a_table_that_cannot_be_is_refused(vpc: Any, site: Any, refused: Any, code: str, given: dict[str, str]) -> None:
    refused(code, vpc, "CreateRouteTable", **{"VpcId": site.vpc.id, **given})


def test_a_vpc_has_no_more_custom_tables_than_its_quota(vpc: Any, world: Any, site: Any, refused: Any) -> None:
    for _ in range(9):
        vpc("CreateRouteTable", VpcId=site.vpc.id)
    refused("QuotaExceeded.RouteTable", vpc, "CreateRouteTable", VpcId=site.vpc.id)
    vpc("CreateRouteTable", VpcId=site.abroad.id)
    world.quotas["vpc_quota_route_tables_num"] = 10
    vpc("CreateRouteTable", VpcId=site.vpc.id)
