"""What access control lists may hold, and which listeners may have them."""

from ipaddress import ip_network
from typing import Any

import pytest

from yunsim.products.slb import rules


@pytest.fixture
def made(slb: Any) -> Any:
    """Make a list with so many entries, from a number on, and return its id."""

    def make(name: str, count: int = 0, first: int = 0, **more: str) -> str:
        acl = str(slb("CreateAccessControlList", AclName=name, **more)["AclId"])
        for start in range(first, first + count, 50):
            entries = [{"entry": entry(number)} for number in range(start, min(start + 50, first + count))]
            slb("AddAccessControlListEntry", AclId=acl, AclEntrys=entries)
        return acl

    return make


def entry(number: int) -> str:
    return str(ip_network((0x0A000000 + number, 32)))


@pytest.fixture
def listen(slb: Any, balancer: str, group: str) -> Any:
    """Make a listener with these lists."""

    def make(port: int, *lists: str) -> Any:
        which = {"LoadBalancerId": balancer, "ListenerPort": port, "VServerGroupId": group, "Bandwidth": -1}
        access = {"AclStatus": "on", "AclType": "white", "AclId": ",".join(lists)}
        return slb("CreateLoadBalancerTCPListener", **which, **access)

    return make


def test_a_name_is_that_of_one_list_in_the_region(slb: Any, made: Any, refused: Any) -> None:
    office, home = made("office"), made("home")
    refused("AclNameExist", made, "office")
    refused("AclNameExist", slb, "SetAccessControlListAttribute", AclId=home, AclName="office")
    slb("SetAccessControlListAttribute", AclId=office, AclName="office")


def test_a_region_has_so_many_lists_and_no_more(world: Any, made: Any, refused: Any) -> None:
    world.quotas["slb_quota_acls_num"] = 2
    made("one"), made("two")
    refused("AclNumberOverLimit", made, "three")


def test_one_call_takes_fifty_entries(slb: Any, made: Any, refused: Any) -> None:
    acl = made("office")
    entries = [{"entry": entry(number)} for number in range(51)]
    for action in ("AddAccessControlListEntry", "RemoveAccessControlListEntry"):
        refused("InvalidParameter", slb, action, AclId=acl, AclEntrys=entries)


def test_a_list_holds_three_hundred_entries_and_those_it_has_do_not_count_twice(
    slb: Any, made: Any, refused: Any
) -> None:
    acl = made("office", 300)
    slb("AddAccessControlListEntry", AclId=acl, AclEntrys=[{"entry": entry(0)}])
    refused("AclEntryExceedLimit", slb, "AddAccessControlListEntry", AclId=acl, AclEntrys=[{"entry": "1.1.1.1/32"}])
    found = slb("DescribeAccessControlListAttribute", AclId=acl, Page=6, PageSize=50)
    assert (found["TotalAclEntry"], len(found["AclEntrys"]["AclEntry"])) == (300, 50)


def test_a_listener_has_three_lists_without_a_common_entry(made: Any, listen: Any, refused: Any) -> None:
    lists = [made(name, 1, first) for first, name in enumerate(["a", "b", "c", "d"])]
    refused("QuotaLimitExceeds.AclAttachedToListener", listen, 80, *lists)
    refused("Duplicated.AclEntry", listen, 80, lists[0], made("e", 2))
    refused("AclNotExist", listen, 80, "acl-none")
    listen(80, *lists[:3])


def test_a_list_in_use_gets_no_entry_that_its_listener_has_from_another(
    slb: Any, made: Any, listen: Any, refused: Any
) -> None:
    one, other = made("one", 1), made("other", 1, 7)
    listen(80, one, other)
    refused("Duplicated.AclEntry", slb, "AddAccessControlListEntry", AclId=other, AclEntrys=[{"entry": entry(0)}])


def test_the_lists_of_a_listener_hold_a_thousand_entries_together(
    world: Any, made: Any, listen: Any, refused: Any
) -> None:
    world.quotas["slb_quota_acl_entries_num"] = 600
    refused("QuotaLimitExceeds.TotalAclEntry", listen, 80, made("one", 600), made("other", 401, 600))


def test_a_list_is_for_so_many_listeners_of_its_own_version(
    slb: Any, world: Any, balancer: str, made: Any, listen: Any, refused: Any
) -> None:
    world.quotas["slb_quota_acl_attached_num"] = 1
    acl = made("office", 1)
    listen(80, acl)
    refused("AclListenerOverLimit", listen, 81, acl)
    which = {"LoadBalancerId": balancer, "ListenerPort": 80}
    slb("SetLoadBalancerTCPListenerAttribute", **which, AclStatus="on", AclType="black", AclId=acl)
    refused("IpVersionConflict", listen, 82, made("six", AddressIPVersion="ipv6"))


def test_a_list_that_is_being_changed_takes_no_other_change(
    slb: Any, world: Any, made: Any, later: Any, refused: Any
) -> None:
    acl = made("office")
    rules.state(world).busy_seconds = 3
    entries = [{"entry": entry(1)}]
    slb("AddAccessControlListEntry", AclId=acl, AclEntrys=entries)
    for action in ("AddAccessControlListEntry", "RemoveAccessControlListEntry"):
        refused("AclEntryProcessing", slb, action, AclId=acl, AclEntrys=entries)
    refused("AclEntryProcessing", slb, "DeleteAccessControlList", AclId=acl)
    later(3)
    slb("RemoveAccessControlListEntry", AclId=acl, AclEntrys=entries)
