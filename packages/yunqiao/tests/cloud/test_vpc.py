"""Readers of VPC answers, in the API's own shape."""

from yunqiao.cloud import vpc


def test_a_page_of_vswitches_knows_whether_more_follow() -> None:
    item = {
        "VSwitchId": "vsw-1",
        "ZoneId": "h",
        "VpcId": "vpc-1",
        "CidrBlock": "10.0.0.0/24",
        "AvailableIpAddressCount": 9,
    }
    reply = {"VSwitches": {"VSwitch": [item]}, "PageNumber": 1, "PageSize": 50, "TotalCount": 51}
    assert vpc.read_vswitches(reply) == ([vpc.VSwitch("vsw-1", "h", "vpc-1", "10.0.0.0/24", 9)], "2")
    assert vpc.read_vswitches(reply | {"PageNumber": 2})[1] == ""


def test_a_vpcs_ranges_are_listed_once() -> None:
    reply = {
        "VpcId": "vpc-1",
        "CidrBlock": "10.0.0.0/8",
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": ["172.16.0.0/12"]},
        "Ipv6CidrBlock": "fd00::/56",
        "Ipv6CidrBlocks": {"Ipv6CidrBlock": [{"Ipv6CidrBlock": "fd00::/56"}]},
    }
    assert vpc.read_vpc(reply) == vpc.Vpc("vpc-1", ("10.0.0.0/8", "172.16.0.0/12"), ("fd00::/56",))


def test_route_tables_keep_their_type() -> None:
    reply = {"RouterTableList": {"RouterTableListType": [{"RouteTableId": "vtb-1", "RouteTableType": "System"}]}}
    assert vpc.read_tables(reply) == ([vpc.Table("vtb-1", "System")], "")


def test_each_next_hop_of_an_entry_is_a_route() -> None:
    item = {
        "RouteTableId": "vtb-1",
        "DestinationCidrBlock": "10.0.1.0/24",
        "Status": "Available",
        "NextHops": {"NextHop": [{"NextHopId": "i-1", "NextHopType": "Instance"}, {"NextHopId": "i-2"}]},
    }
    routes, mark = vpc.read_routes({"RouteEntrys": {"RouteEntry": [item]}, "NextToken": "m"})
    assert [(route.next_hop, route.status) for route in routes] == [("i-1", "Available"), ("i-2", "Available")]
    assert not routes[0].leads_to("i-1")
    assert mark == "m"


def test_what_a_batch_did_not_do_is_told_entry_by_entry() -> None:
    failed = {"DstCidrBlock": "10.0.1.0/24", "NextHop": "i-1", "FailedCode": "C", "FailedMessage": "m"}
    assert vpc.read_failed_routes({"FailedRouteEntries": [failed]}) == [vpc.FailedRoute("10.0.1.0/24", "i-1", "C", "m")]
    assert vpc.read_failed_routes({"RouteEntryIds": ["rte-1"]}) == []


def test_a_batch_tells_a_duplicate_as_the_action_for_one_entry_does() -> None:
    failed = {"DstCidrBlock": "10.0.1.0/24", "FailedCode": "VPC_ROUTE_ENTRY_CIDR_BLOCK_DUPLICATE"}
    assert vpc.read_failed_routes({"FailedRouteEntries": [failed]})[0].code == "InvalidCIDRBlock.Duplicate"


def test_a_batch_says_what_it_is_about() -> None:
    routes = [
        vpc.Route("vtb-1", "10.0.1.0/24", "i-1", "w1", "mark"),
        vpc.Route("vtb-2", "fd00::/64", "i-2"),
    ]
    assert vpc.written_routes(vpc.create_routes("r", "vpc-1", routes, "add")) == routes
    assert vpc.written_routes(vpc.delete_routes("r", "vpc-1", routes, "remove")) == [
        vpc.Route("vtb-1", "10.0.1.0/24", "i-1"),
        vpc.Route("vtb-2", "fd00::/64", "i-2"),
    ]


def test_route_writes_of_one_vpc_share_a_lane() -> None:
    route = vpc.Route("vtb-1", "10.0.1.0/24", "i-1")
    calls = [vpc.create_routes("r", "vpc-1", [route], "add"), vpc.delete_routes("r", "vpc-1", [route], "remove")]
    assert {call.lane for call in calls} == {"vpc-1"}
    assert all(call.write for call in calls)


def test_elastic_addresses_are_texts() -> None:
    reply = {
        "EipAddresses": {"EipAddress": [{"IpAddress": "203.0.113.7"}]},
        "PageNumber": 1,
        "PageSize": 50,
        "TotalCount": 1,
    }
    assert vpc.read_eips(reply) == (["203.0.113.7"], "")
