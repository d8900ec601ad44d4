"""Access control lists: made, filled and told of. Listeners name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from yunsim.parameters import JSON
from yunsim.products import lists, tagging
from yunsim.products.slb import acl_rules, rules
from yunsim.products.slb.answers import moment
from yunsim.products.slb.state import AccessControlList
from yunsim.products.tagging import TagPair
from yunsim.world import World

LARGEST_PAGE = 50


@dataclass(frozen=True, slots=True)
class AclEntry:
    """One entry of `AclEntrys` (JSON, keys `entry` and `comment`)."""

    Entry: str
    Comment: str = ""


def CreateAccessControlList(
    world: World,
    *,
    RegionId: str,
    AclName: str,
    AddressIPVersion: str = "ipv4",
    ResourceGroupId: str = "",
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """Make an empty list."""
    rules.tags(Tag)
    name = acl_rules.named(world, AclName)
    acl_rules.room_for_list(world)
    made = AccessControlList(
        id=world.new_id("acl-"),
        name=name,
        created=world.clock.now(),
        address_ip_version=rules.one_of("AddressIPVersion", AddressIPVersion, ("ipv4", "ipv6")),
        resource_group_id=ResourceGroupId or rules.default_resource_group(world),
        tags={pair.Key: pair.Value for pair in Tag},
    )
    rules.state(world).access_control_lists[made.id] = made
    return {"AclId": made.id}


def AddAccessControlListEntry(
    world: World, *, RegionId: str, AclId: str, AclEntrys: Annotated[Sequence[AclEntry], JSON]
) -> dict[str, Any]:
    """Add up to 50 entries; one that is there already is not added again."""
    found = acl_rules.writable(world, AclId)
    added = _read(found, AclEntrys)
    acl_rules.entries(world, found, found.entries.keys() | added.keys())
    found.entries |= {block: comment for block, comment in added.items() if block not in found.entries}
    acl_rules.written(world, found)
    return {}


def RemoveAccessControlListEntry(
    world: World, *, RegionId: str, AclId: str, AclEntrys: Annotated[Sequence[AclEntry], JSON] = ()
) -> dict[str, Any]:
    """Remove up to 50 entries; one that is not there is no error."""
    found = acl_rules.writable(world, AclId)
    for block in _read(found, AclEntrys):
        found.entries.pop(block, None)
    acl_rules.written(world, found)
    return {}


def _read(found: AccessControlList, entries: Sequence[AclEntry]) -> dict[str, str]:
    acl_rules.not_too_many(len(entries))
    return {acl_rules.block(found, entry.Entry): entry.Comment for entry in entries}


def DescribeAccessControlLists(
    world: World,
    *,
    RegionId: str,
    AclName: str = "",
    AddressIPVersion: str = "",
    PageNumber: int = 1,
    PageSize: int = 10,
    ResourceGroupId: str = "",
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """List lists, 10 a page unless asked otherwise (at most 50); a name is looked for as part of a name."""
    found = [
        each
        for each in rules.state(world).access_control_lists.values()
        if AclName in each.name
        and AddressIPVersion in ("", each.address_ip_version)
        and ResourceGroupId in ("", each.resource_group_id)
        and tagging.matches(each.tags, Tag)
    ]
    page = lists.numbered(found, PageNumber, PageSize, LARGEST_PAGE)
    return {
        "Acls": {"Acl": [_summary(each) for each in page]},
        "Count": len(page),
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def DescribeAccessControlListAttribute(
    world: World, *, RegionId: str, AclId: str, AclEntryComment: str = "", Page: int = 1, PageSize: int = 10
) -> dict[str, Any]:
    """Tell the entries of a list, 10 a page unless asked otherwise (at most 50), and the listeners that use it."""
    found = acl_rules.access_control_list(world, AclId)
    entries = [
        {"AclEntryIP": block, "AclEntryComment": comment}
        for block, comment in found.entries.items()
        if AclEntryComment in ("", comment)
    ]
    return {
        **_summary(found),
        "AclEntrys": {"AclEntry": lists.numbered(entries, Page, PageSize, LARGEST_PAGE)},
        "TotalAclEntry": len(entries),
        "RelatedListeners": {"RelatedListener": _users(world, AclId)},
    }


def _summary(each: AccessControlList) -> dict[str, Any]:
    return {
        "AclId": each.id,
        "AclName": each.name,
        "AddressIPVersion": each.address_ip_version,
        "CreateTime": moment(each.created),
        "ResourceGroupId": each.resource_group_id,
        "Tags": tagging.answer(each.tags),
    }


def _users(world: World, acl_id: str) -> list[dict[str, Any]]:
    return [
        {
            "LoadBalancerId": each.load_balancer_id,
            "ListenerPort": each.port,
            "Protocol": each.protocol,
            "AclType": each.settings.get("AclType", ""),
        }
        for each in acl_rules.users(world, acl_id)
    ]


def SetAccessControlListAttribute(world: World, *, RegionId: str, AclId: str, AclName: str) -> dict[str, Any]:
    """Rename a list."""
    found = acl_rules.access_control_list(world, AclId)
    found.name = acl_rules.named(world, AclName, found)
    return {}


def DeleteAccessControlList(world: World, *, RegionId: str, AclId: str) -> dict[str, Any]:
    """Delete a list that no listener names."""
    found = acl_rules.writable(world, AclId)
    acl_rules.unused(world, AclId)
    del rules.state(world).access_control_lists[found.id]
    return {}
