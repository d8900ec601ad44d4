"""Changes of routes that are there."""

from typing import Any

import pytest

from yunsim.products.vpc import rules

POD = "10.244.0.0/24"


@pytest.fixture
def route(vpc: Any, site: Any) -> dict[str, Any]:
    """A route to the first node, as the table lists it."""
    (table,) = vpc("DescribeRouteTableList", VpcId=site.vpc.id)["RouterTableList"]["RouterTableListType"]
    given = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": POD, "NextHopType": "Instance"}
    vpc("CreateRouteEntry", NextHopId=site.nodes[0].id, RouteEntryName="pods", **given)
    return seen(vpc, table["RouteTableId"])


def seen(vpc: Any, table: str) -> dict[str, Any]:
    (only,) = vpc("DescribeRouteEntryList", RouteTableId=table, RouteEntryType="Custom")["RouteEntrys"]["RouteEntry"]
    return dict(only)


def test_a_description_is_changed_and_the_rest_stays(vpc: Any, route: dict[str, Any]) -> None:
    vpc("ModifyRouteEntry", RouteEntryId=route["RouteEntryId"], Description="mine")
    now = seen(vpc, route["RouteTableId"])
    assert (now["Description"], now["RouteEntryName"], now["NextHops"]) == ("mine", "pods", route["NextHops"])


def test_a_route_found_by_its_destination_leads_elsewhere(vpc: Any, site: Any, route: dict[str, Any]) -> None:
    to = {"NewNextHopId": site.nodes[1].id, "NewNextHopType": "Instance"}
    vpc("ModifyRouteEntry", RouteTableId=route["RouteTableId"], DestinationCidrBlock=POD, **to)
    (hop,) = seen(vpc, route["RouteTableId"])["NextHops"]["NextHop"]
    assert hop["NextHopId"] == site.nodes[1].id


def test_packets_follow_the_old_next_hop_until_the_new_one_is_in_place(
    vpc: Any, world: Any, site: Any, route: dict[str, Any], later: Any
) -> None:
    def carries_to() -> str:
        return str(rules.state(world).route_tables[route["RouteTableId"]].entry(POD).carries_to)

    rules.state(world).route_change_seconds = 2.0
    to = {"NewNextHopId": site.nodes[1].id, "NewNextHopType": "Instance"}
    vpc("ModifyRouteEntry", RouteEntryId=route["RouteEntryId"], **to)
    assert (seen(vpc, route["RouteTableId"])["Status"], carries_to()) == ("Modifying", site.nodes[0].id)
    later(2)
    assert (seen(vpc, route["RouteTableId"])["Status"], carries_to()) == ("Available", site.nodes[1].id)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidRouteEntry.NotFound", {"RouteEntryId": "rte-none"}),
        ("InvalidNextHopId.NotFound", {"NewNextHopId": "i-none", "NewNextHopType": "Instance"}),
        ("InvalidParameter", {"Description": "d" * 257}),
        ("DryRunOperation", {"DryRun": "true"}),
    ],
)
def test_a_change_that_is_wrong_is_refused(
    vpc: Any, route: dict[str, Any], refused: Any, code: str, more: dict[str, str]
) -> None:
    refused(code, vpc, "ModifyRouteEntry", **{"RouteEntryId": route["RouteEntryId"], **more})
    assert seen(vpc, route["RouteTableId"]) == route
