"""Changes of routes that are there."""

from typing import Any

import pytest

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
