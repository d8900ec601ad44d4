"""What is refused of access control lists, and where that is documented.

Codes and messages are from the error table of the action named; "ALICLOUD" is the Terraform provider
(github.com/aliyun/terraform-provider-alicloud), which knows codes that the reference does not list.
"""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network

from yunsim.errors import ApiError
from yunsim.products.slb import rules
from yunsim.products.slb.quotas import quota
from yunsim.products.slb.state import AccessControlList, Listener, LoadBalancer
from yunsim.world import World

ENTRIES_PER_CALL = 50
LISTS_PER_LISTENER = 3
ENTRIES_PER_LISTENER = 1000
"""Limits that no quota raises (AddAccessControlListEntry; the CLB page "Access control")."""


def access_control_list(world: World, acl_id: str) -> AccessControlList:
    """Return the list (CreateLoadBalancerTCPListener: AclNotExist)."""
    found = rules.state(world).access_control_lists.get(acl_id)
    if found is None:
        raise ApiError(400, "AclNotExist", f"Acl does not exist: {acl_id}.")
    return found


def writable(world: World, acl_id: str) -> AccessControlList:
    """Return the list unless an earlier change of its entries is still being applied (ALICLOUD: AclEntryProcessing)."""
    found = access_control_list(world, acl_id)
    if world.clock.now() < found.busy_until:
        raise ApiError(400, "AclEntryProcessing", "A previous configuration of the Acl is pending.")
    return found


def written(world: World, changed: AccessControlList) -> None:
    """Note a change of entries: the list is busy for `busy_seconds`, and traffic may change."""
    changed.busy_until = world.clock.now() + timedelta(seconds=rules.state(world).busy_seconds)
    world.changed()


def named(world: World, name: str, own: AccessControlList | None = None) -> str:
    """Return a list's name: 1 to 80 letters, digits and .-/_, of no other list of the region (CreateAccessControlList).

    AclNameExist for a name that another list has is from ALICLOUD.
    """
    if not rules.DESCRIPTION.fullmatch(name):
        raise rules.invalid("AclName", name, "1 to 80 letters, digits and .-/_")
    if any(each.name == name and each is not own for each in rules.state(world).access_control_lists.values()):
        raise ApiError(400, "AclNameExist", f"The specified AclName already exists: {name}.")
    return name


def room_for_list(world: World) -> None:
    """Refuse more lists than the quota (CreateAccessControlList: AclNumberOverLimit)."""
    if len(rules.state(world).access_control_lists) >= quota(world, "slb_quota_acls_num"):
        raise ApiError(400, "AclNumberOverLimit", "The Acl number has reached to the max quota limit.")


def block(found: AccessControlList, text: str) -> str:
    """Return an entry in canonical form (AddAccessControlListEntry: InvalidEntry, IllegalEntry).

    The page wants a CIDR block; an address without a length is taken as the block of that address alone.
    """
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ApiError(400, "InvalidEntry", f"The specified entry is no CIDR block: {text!r}.") from None
    if f"ipv{network.version}" != found.address_ip_version:
        raise ApiError(
            400,
            "IllegalEntry",
            f"Entry version is conflict to the acl version: {text} in an {found.address_ip_version} list.",
        )
    return str(network)


def not_too_many(count: int) -> None:
    """Refuse more entries than one call takes (AddAccessControlListEntry; code not documented)."""
    if count > ENTRIES_PER_CALL:
        raise rules.invalid("AclEntrys", f"{count} entries", f"at most {ENTRIES_PER_CALL}")


def entries(world: World, found: AccessControlList, after: set[str]) -> None:
    """Refuse what a list may not hold: too much for itself, or for a listener that uses it.

    AddAccessControlListEntry: AclEntryExceedLimit. CreateLoadBalancerTCPListener: QuotaLimitExceeds.TotalAclEntry and
    Duplicated.AclEntry, for a listener with several lists; that a list in use cannot outgrow them follows.
    """
    if len(after) > quota(world, "slb_quota_acl_entries_num"):
        raise ApiError(400, "AclEntryExceedLimit", "The maximum number of ACL entries is exceeded.")
    known = rules.state(world).access_control_lists
    for each in users(world, found.id):
        others = [set(known[one].entries) for one in ids(each) if one in known and one != found.id]
        _disjoint([after, *others])


def ids(listener: Listener) -> list[str]:
    """Return the ids of a listener's lists."""
    return _split(str(listener.settings.get("AclId", "")))


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def users(world: World, acl_id: str) -> Iterator[Listener]:
    """Give the listeners that name the list, whether they have access control switched on or not."""
    for owner in rules.state(world).load_balancers.values():
        for each in owner.listeners.values():
            if acl_id in ids(each):
                yield each


def unused(world: World, acl_id: str) -> None:
    """Refuse to delete a list that a listener names (DeleteAccessControlList: OperationFailed.AclBindedWithVip)."""
    if any(True for _ in users(world, acl_id)):
        raise ApiError(400, "OperationFailed.AclBindedWithVip", "The ACL has binded with vip.")


def attachable(world: World, owner: LoadBalancer, listener: Listener | None, text: str) -> None:
    """Refuse lists that a listener (None: one to be made) may not have (CreateLoadBalancerTCPListener).

    AclNotExist, QuotaLimitExceeds.AclAttachedToListener, IpVersionConflict, AclListenerOverLimit,
    QuotaLimitExceeds.TotalAclEntry, Duplicated.AclEntry.
    """
    asked = list(dict.fromkeys(_split(text)))
    lists = [access_control_list(world, each) for each in asked]
    if len(lists) > LISTS_PER_LISTENER:
        raise ApiError(
            400,
            "QuotaLimitExceeds.AclAttachedToListener",
            f"The number of Acl bound listeners has reached the quota limit: {LISTS_PER_LISTENER} lists a listener.",
        )
    for each in lists:
        _may_join(world, owner, listener, each)
    _disjoint([set(each.entries) for each in lists])


def _may_join(world: World, owner: LoadBalancer, listener: Listener | None, found: AccessControlList) -> None:
    if found.address_ip_version != owner.address_ip_version:
        raise ApiError(400, "IpVersionConflict", "The ip version of this LoadBalancer and the Acl is conflict.")
    others = sum(each is not listener for each in users(world, found.id))
    if others >= quota(world, "slb_quota_acl_attached_num"):
        raise ApiError(400, "AclListenerOverLimit", "This acl has reached the limit of binding to listeners.")


def _disjoint(lists: list[set[str]]) -> None:
    if sum(map(len, lists)) > ENTRIES_PER_LISTENER:
        raise ApiError(
            400,
            "QuotaLimitExceeds.TotalAclEntry",
            f"The number of Acl entries has reached the quota limit: {ENTRIES_PER_LISTENER} a listener.",
        )
    seen: set[str] = set()
    for each in lists:
        if both := seen & each:
            raise ApiError(400, "Duplicated.AclEntry", f"{min(both)} is in two lists of one listener.")
        seen |= each
