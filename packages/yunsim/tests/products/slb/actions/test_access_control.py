"""Access control lists."""

from typing import Any

import pytest


@pytest.fixture
def acl(slb: Any) -> str:
    """The id of an empty list."""
    return str(slb("CreateAccessControlList", AclName="office")["AclId"])


def blocks(slb: Any, acl: str) -> list[str]:
    found = slb("DescribeAccessControlListAttribute", AclId=acl)["AclEntrys"]["AclEntry"]
    return [each["AclEntryIP"] for each in found]


def test_entries_are_added_once_and_removed(slb: Any, acl: str) -> None:
    entry = {"entry": "10.0.0.0/24", "comment": "lab"}
    slb("AddAccessControlListEntry", AclId=acl, AclEntrys=[entry, {"entry": "1.2.3.4/32"}])
    slb("AddAccessControlListEntry", AclId=acl, AclEntrys=[entry])
    assert blocks(slb, acl) == ["10.0.0.0/24", "1.2.3.4/32"]
    slb("RemoveAccessControlListEntry", AclId=acl, AclEntrys=[entry])
    assert blocks(slb, acl) == ["1.2.3.4/32"]


@pytest.mark.parametrize(
    ("block", "code"), [("office", "InvalidEntry"), ("10.0.0.0/33", "InvalidEntry"), ("fd00::/64", "IllegalEntry")]
)
def test_an_entry_that_is_no_block_of_the_version_is_refused(
    slb: Any, acl: str, refused: Any, block: str, code: str
) -> None:
    refused(code, slb, "AddAccessControlListEntry", AclId=acl, AclEntrys=[{"entry": block}])


def test_a_list_in_use_names_its_listener_and_is_not_deleted(
    slb: Any, acl: str, balancer: str, group: str, refused: Any
) -> None:
    slb(
        "CreateLoadBalancerTCPListener",
        LoadBalancerId=balancer,
        ListenerPort=80,
        Bandwidth=-1,
        VServerGroupId=group,
        AclStatus="on",
        AclType="white",
        AclId=acl,
    )
    (user,) = slb("DescribeAccessControlListAttribute", AclId=acl)["RelatedListeners"]["RelatedListener"]
    (listener,) = slb("DescribeLoadBalancerListeners", LoadBalancerId=[balancer])["Listeners"]
    assert (user["ListenerPort"], user["AclType"]) == (80, "white")
    assert (listener["AclIds"], listener["AclId"]) == ([acl], acl)
    refused("OperationFailed.AclBindedWithVip", slb, "DeleteAccessControlList", AclId=acl)
    slb("SetLoadBalancerTCPListenerAttribute", LoadBalancerId=balancer, ListenerPort=80, AclStatus="off")
    (listener,) = slb("DescribeLoadBalancerListeners", LoadBalancerId=[balancer])["Listeners"]
    assert (listener["AclStatus"], listener["AclIds"]) == ("off", [])
    slb("DeleteAccessControlList", AclId=acl)
    refused("AclNotExist", slb, "DescribeAccessControlListAttribute", AclId=acl)


def test_lists_have_names_and_pages(slb: Any, acl: str) -> None:
    slb("SetAccessControlListAttribute", AclId=acl, AclName="home")
    for number in range(11):
        slb("CreateAccessControlList", AclName=f"other-{number}")
    first = slb("DescribeAccessControlLists")
    assert (first["Acls"]["Acl"][0]["AclName"], first["Count"], first["TotalCount"]) == ("home", 10, 12)
    assert slb("DescribeAccessControlLists", PageNumber=2)["Count"] == 2
    assert slb("DescribeAccessControlLists", AclName="hom")["TotalCount"] == 1


def test_a_change_of_entries_is_told_to_traffic_wherever_the_list_is_used(slb: Any, world: Any) -> None:
    told: list[str] = []
    world.on_change.append(told.append)
    acl = slb("CreateAccessControlList", AclName="offices")["AclId"]
    entries = [{"entry": "203.0.113.0/24"}]
    slb("AddAccessControlListEntry", AclId=acl, AclEntrys=entries)
    slb("RemoveAccessControlListEntry", AclId=acl, AclEntrys=entries)
    assert told == ["", ""]
