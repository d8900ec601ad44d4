"""Access control lists: made, filled and told of. Listeners name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated, Any

from yunsim.errors import ApiError
from yunsim.parameters import JSON
from yunsim.products import lists, tagging
from yunsim.products.slb import rules
from yunsim.products.slb.answers import moment
from yunsim.products.slb.state import AccessControlList
from yunsim.products.tagging import TagPair
from yunsim.world import World

LARGEST_PAGE = 50
ENTRIES_PER_CALL = 50


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
    made = AccessControlList(
        id=world.new_id("acl-"),
        name=rules.acl_name(AclName),
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
    found = rules.acl(world, AclId)
    for block, comment in _read(found, AclEntrys).items():
        found.entries.setdefault(block, comment)
    world.changed()
    return {}


def RemoveAccessControlListEntry(
    world: World, *, RegionId: str, AclId: str, AclEntrys: Annotated[Sequence[AclEntry], JSON] = ()
) -> dict[str, Any]:
    """Remove up to 50 entries; one that is not there is no error."""
    found = rules.acl(world, AclId)
    for block in _read(found, AclEntrys):
        found.entries.pop(block, None)
    world.changed()
    return {}


def _read(found: AccessControlList, entries: Sequence[AclEntry]) -> dict[str, str]:
    if len(entries) > ENTRIES_PER_CALL:
        raise rules.invalid("AclEntrys", f"{len(entries)} entries", f"at most {ENTRIES_PER_CALL}")
    return {_block(found, entry.Entry): entry.Comment for entry in entries}


def _block(found: AccessControlList, text: str) -> str:
    version = found.address_ip_version
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise rules.invalid("AclEntrys", text, f"an {version} CIDR block") from error
    if f"ipv{network.version}" != version:
        raise rules.invalid("AclEntrys", text, f"an {version} CIDR block")
    return str(network)


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
    found = rules.acl(world, AclId)
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
            "LoadBalancerId": owner.id,
            "ListenerPort": each.port,
            "Protocol": each.protocol,
            "AclType": each.settings.get("AclType", ""),
        }
        for owner in rules.state(world).load_balancers.values()
        for each in owner.listeners.values()
        if acl_id in str(each.settings.get("AclId", "")).split(",")
    ]


def SetAccessControlListAttribute(world: World, *, RegionId: str, AclId: str, AclName: str) -> dict[str, Any]:
    """Rename a list."""
    rules.acl(world, AclId).name = rules.acl_name(AclName)
    return {}


def DeleteAccessControlList(world: World, *, RegionId: str, AclId: str) -> dict[str, Any]:
    """Delete a list that no listener uses (code not documented)."""
    found = rules.acl(world, AclId)
    if _users(world, AclId):
        raise ApiError(400, "AclIsUsed", f"The specified Acl is used by a listener: {AclId}.")
    del rules.state(world).access_control_lists[found.id]
    return {}
