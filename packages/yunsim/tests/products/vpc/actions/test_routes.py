"""Routes: create, list, delete."""

from typing import Any

import pytest

from yunsim.products.vpc import rules
from yunsim.products.vpc.state import RouteTable

POD = "10.244.0.0/24"


@pytest.fixture
def table(vpc: Any, site: Any) -> str:
    """The id of the VPC's route table."""
    (found,) = vpc("DescribeRouteTableList", VpcId=site.vpc.id)["RouterTableList"]["RouterTableListType"]
    return str(found["RouteTableId"])


def create(vpc: Any, table: str, node: Any, block: str = POD, **more: Any) -> Any:
    given = {"RouteTableId": table, "DestinationCidrBlock": block, "NextHopId": node.id, "NextHopType": "Instance"}
    return vpc("CreateRouteEntry", **{**given, **more})


def listed(vpc: Any, table: str, **more: Any) -> list[tuple[str, str]]:
    given = {"RouteTableId": table, "RouteEntryType": "Custom", "MaxResult": 100, **more}
    found = vpc("DescribeRouteEntryList", **given)["RouteEntrys"]["RouteEntry"]
    return [(each["DestinationCidrBlock"], each["NextHops"]["NextHop"][0]["NextHopId"]) for each in found]


def test_a_route_is_made_told_and_deleted(vpc: Any, site: Any, table: str) -> None:
    node = site.nodes[0]
    made = create(vpc, table, node, RouteEntryName="mine", Description="k8s/node")
    (seen,) = vpc("DescribeRouteEntryList", RouteTableId=table, RouteEntryType="Custom")["RouteEntrys"]["RouteEntry"]
    assert seen["RouteEntryId"] == made["RouteEntryId"]
    assert (seen["RouteEntryName"], seen["Description"], seen["Status"]) == ("mine", "k8s/node", "Available")
    assert listed(vpc, table, NextHopId=node.id, NextHopType="Instance", DestinationCidrBlock=POD) == [(POD, node.id)]
    vpc("DeleteRouteEntry", RouteTableId=table, DestinationCidrBlock=POD, NextHopId=node.id)
    assert listed(vpc, table) == []


def test_the_same_token_makes_one_route(vpc: Any, site: Any, table: str, refused: Any) -> None:
    first = create(vpc, table, site.nodes[0], ClientToken="once")
    assert create(vpc, table, site.nodes[0], ClientToken="once") == first
    refused("IdempotentParameterMismatch", create, vpc, table, site.nodes[1], ClientToken="once")
    assert len(listed(vpc, table)) == 1


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidRouteTableId.NotFound", {"RouteTableId": "vtb-none"}),
        ("InvalidCidrBlock.Malformed", {"DestinationCidrBlock": "pods"}),
        ("InvalidCidrBlock", {"DestinationCidrBlock": "10.1.0.0/25"}),
        ("InvalidCidrBlock", {"DestinationCidrBlock": "100.64.1.0/24"}),
        ("InvalidNextHopId.NotFound", {"NextHopId": "i-none"}),
        ("InvalidNextHopType", {"NextHopType": "VpnGateway"}),
        ("InvalidParameter", {"RouteEntryName": "n" * 129}),
        ("DryRunOperation", {"DryRun": "true"}),
    ],
)
def test_a_route_that_is_wrong_is_refused(
    vpc: Any, site: Any, table: str, refused: Any, code: str, more: dict[str, str]
) -> None:
    refused(code, create, vpc, table, site.nodes[0], **more)
    assert listed(vpc, table) == []


def test_a_route_to_another_vpc_is_refused(vpc: Any, site: Any, table: str, refused: Any) -> None:
    refused("InvalidNextHopId.NotFound", create, vpc, table, site.stranger)


def test_a_destination_has_one_route(vpc: Any, site: Any, table: str, refused: Any) -> None:
    create(vpc, table, site.nodes[0])
    refused("InvalidCIDRBlock.Duplicate", create, vpc, table, site.nodes[1])
    refused("InvalidCIDRBlock.Duplicate", create, vpc, table, site.nodes[0])


def test_a_table_has_as_many_routes_as_its_quota(vpc: Any, world: Any, site: Any, table: str, refused: Any) -> None:
    world.quotas["vpc_quota_route_entrys_num"] = 1
    create(vpc, table, site.nodes[0])
    refused("QuotaExceeded", create, vpc, table, site.nodes[0], "10.244.1.0/24")


def test_a_batch_makes_what_it_can_and_names_what_failed(vpc: Any, site: Any, table: str) -> None:
    node = site.nodes[0]
    create(vpc, table, site.nodes[1], "10.244.9.0/24")
    blocks = ["10.244.1.0/24", "10.244.9.0/24", "10.244.2.0/24"]
    routes = [
        {"RouteTableId": table, "DstCidrBlock": block, "NextHop": node.id, "NextHopType": "Instance"}
        for block in blocks
    ]
    answer = vpc("CreateRouteEntries", RouteEntries=routes)
    (failed,) = answer["FailedRouteEntries"]
    assert (answer["SuccessCount"], answer["FailedCount"], len(answer["RouteEntryIds"])) == (2, 1, 2)
    assert (failed["DstCidrBlock"], failed["NextHop"]) == ("10.244.9.0/24", node.id)
    assert failed["FailedCode"] == "VPC_ROUTE_ENTRY_CIDR_BLOCK_DUPLICATE"
    assert len(listed(vpc, table)) == 3


def test_a_batch_deletes_what_it_can_and_names_what_failed(vpc: Any, site: Any, table: str) -> None:
    node = site.nodes[0]
    create(vpc, table, node)
    old = [{"RouteTableId": table, "DstCidrBlock": block, "NextHop": node.id} for block in (POD, "10.244.1.0/24")]
    answer = vpc("DeleteRouteEntries", RouteEntries=old)
    (failed,) = answer["FailedRouteEntries"]
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 1)
    assert (failed["FailedCode"], failed["DstCidrBlock"]) == ("VPC_ROUTER_ENTRY_NOT_EXIST", "10.244.1.0/24")
    assert listed(vpc, table) == []


def test_a_batch_of_more_than_50_is_refused(vpc: Any, site: Any, table: str, refused: Any) -> None:
    old = [{"RouteTableId": table, "DstCidrBlock": f"10.244.{number}.0/24"} for number in range(51)]
    refused("InvalidParameter", vpc, "DeleteRouteEntries", RouteEntries=old)


def test_a_route_that_is_not_there_or_leads_elsewhere_or_is_the_systems_is_not_deleted(
    vpc: Any, site: Any, table: str, refused: Any
) -> None:
    create(vpc, table, site.nodes[0])
    which = {"RouteTableId": table, "DestinationCidrBlock": POD}
    refused("InvalidRouteEntry.NotFound", vpc, "DeleteRouteEntry", **which, NextHopId=site.nodes[1].id)
    refused("InvalidRouteEntry.NotFound", vpc, "DeleteRouteEntry", RouteEntryId="rte-none")
    refused("MissingParameter", vpc, "DeleteRouteEntry", RouteTableId=table)
    system = {"RouteTableId": table, "DestinationCidrBlock": "10.1.0.0/24"}
    refused("OperationDenied", vpc, "DeleteRouteEntry", **system)


def test_pages_by_token_hold_every_route_once(vpc: Any, site: Any, table: str) -> None:
    for number in range(25):
        create(vpc, table, site.nodes[0], f"10.244.{number}.0/24")
    seen: list[str] = []
    token = ""
    for length in (10, 10, 5):
        page = vpc("DescribeRouteEntryList", RouteTableId=table, RouteEntryType="Custom", NextToken=token)
        entries = page["RouteEntrys"]["RouteEntry"]
        assert (len(entries), page["TotalCount"]) == (length, 25)
        seen += [each["DestinationCidrBlock"] for each in entries]
        token = page["NextToken"]
    assert token == ""
    assert len(set(seen)) == 25


def test_a_page_of_500_gets_100_and_in_a_strict_world_a_refusal(
    vpc: Any, world: Any, site: Any, table: str, refused: Any
) -> None:
    for number in range(101):
        create(vpc, table, site.nodes[0], f"10.244.{number}.0/24")
    page = vpc("DescribeRouteEntryList", RouteTableId=table, RouteEntryType="Custom", MaxResult=500)
    assert len(page["RouteEntrys"]["RouteEntry"]) == 100
    assert page["NextToken"]
    world.strict = True
    refused("InvalidParameter", vpc, "DescribeRouteEntryList", RouteTableId=table, MaxResult=101)


def test_a_vpc_takes_one_change_of_routes_at_a_time(
    vpc: Any, world: Any, site: Any, table: str, refused: Any, later: Any
) -> None:
    world.states["vpc"].busy_seconds = 1.0
    create(vpc, table, site.nodes[0])
    refused("TaskConflict", create, vpc, table, site.nodes[0], "10.244.1.0/24")
    later(1.0)
    create(vpc, table, site.nodes[0], "10.244.1.0/24")


def statuses(vpc: Any, table: str) -> dict[str, str]:
    found = vpc("DescribeRouteEntryList", RouteTableId=table, RouteEntryType="Custom")["RouteEntrys"]["RouteEntry"]
    return {each["DestinationCidrBlock"]: each["Status"] for each in found}


@pytest.fixture
def slow(world: Any) -> None:
    """Every change of routes takes two seconds."""
    rules.state(world).route_change_seconds = 2.0


@pytest.mark.usefixtures("slow")
def test_a_route_is_pending_then_available_then_deleting_then_gone(vpc: Any, site: Any, table: str, later: Any) -> None:
    create(vpc, table, site.nodes[0])
    assert statuses(vpc, table) == {POD: "Pending"}
    later(1.9)
    assert statuses(vpc, table) == {POD: "Pending"}
    later(0.1)
    assert statuses(vpc, table) == {POD: "Available"}
    vpc("DeleteRouteEntry", RouteTableId=table, DestinationCidrBlock=POD)
    assert statuses(vpc, table) == {POD: "Deleting"}
    later(2)
    assert statuses(vpc, table) == {}


@pytest.mark.usefixtures("slow")
def test_a_vpc_takes_no_other_change_until_one_is_done(
    vpc: Any, world: Any, site: Any, table: str, refused: Any, later: Any
) -> None:
    made = create(vpc, table, site.nodes[0])
    other = rules.state(world).route_tables["vtb-other"] = RouteTable("vtb-other", site.vpc.id, "", world.clock.now())
    code = "IncorrectRouteEntryStatus"
    refused(code, create, vpc, table, site.nodes[0], "10.244.1.0/24")
    refused(code, create, vpc, other.id, site.nodes[0], "10.244.1.0/24")
    refused(code, vpc, "DeleteRouteEntry", RouteEntryId=made["RouteEntryId"])
    refused(code, vpc, "ModifyRouteEntry", RouteEntryId=made["RouteEntryId"], Description="mine")
    (abroad,) = vpc("DescribeRouteTableList", VpcId=site.abroad.id)["RouterTableList"]["RouterTableListType"]
    create(vpc, abroad["RouteTableId"], site.stranger)
    later(2)
    create(vpc, other.id, site.nodes[0], "10.244.1.0/24")


@pytest.mark.usefixtures("slow")
def test_a_batch_is_one_change_and_one_that_comes_too_soon_is_refused(
    vpc: Any, site: Any, table: str, refused: Any, later: Any
) -> None:
    node, blocks = site.nodes[0], ["10.244.1.0/24", "10.244.2.0/24"]
    old = [{"RouteTableId": table, "DstCidrBlock": block, "NextHop": node.id} for block in blocks]
    new = [each | {"NextHopType": "Instance"} for each in old]
    assert vpc("CreateRouteEntries", RouteEntries=new)["SuccessCount"] == 2
    assert statuses(vpc, table) == dict.fromkeys(blocks, "Pending")
    more = [new[0] | {"DstCidrBlock": "10.244.3.0/24"}]
    refused("IncorrectRouteEntryStatus", vpc, "CreateRouteEntries", RouteEntries=more)
    refused("IncorrectRouteEntryStatus", vpc, "DeleteRouteEntries", RouteEntries=old)
    later(2)
    assert vpc("DeleteRouteEntries", RouteEntries=old)["FailedCount"] == 0
    assert statuses(vpc, table) == dict.fromkeys(blocks, "Deleting")


def test_an_entry_that_a_batch_names_twice_is_deleted_once(vpc: Any, site: Any, table: str) -> None:
    create(vpc, table, site.nodes[0])
    old = [{"RouteTableId": table, "DstCidrBlock": POD, "NextHop": site.nodes[0].id}] * 2
    answer = vpc("DeleteRouteEntries", RouteEntries=old)
    assert (answer["SuccessCount"], answer["FailedRouteEntries"][0]["FailedCode"]) == (1, "VPC_ROUTER_ENTRY_NOT_EXIST")


def test_the_older_list_tells_routes_with_their_table(vpc: Any, site: Any, table: str) -> None:
    create(vpc, table, site.nodes[0])
    (found,) = vpc("DescribeRouteTables", RouteTableId=table, Type="Custom")["RouteTables"]["RouteTable"]
    (route,) = found["RouteEntrys"]["RouteEntry"]
    assert (route["DestinationCidrBlock"], route["InstanceId"]) == (POD, site.nodes[0].id)
