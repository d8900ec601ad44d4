"""What the classic load balancer service refuses, and where that is documented.

Codes and messages are from the SLB 2014-05-15 API reference: "Common error codes" (common below) and the error table
of the action named. "Not documented" marks a refusal whose existence follows from the documentation of a parameter,
but whose code does not.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from yunsim.errors import ApiError
from yunsim.products import tagging
from yunsim.products.slb.quotas import quota
from yunsim.products.slb.state import LoadBalancer, ServerGroup, State
from yunsim.products.tagging import TagPair
from yunsim.world import World

BACKENDS_PER_CALL = 40
DOCUMENTED_BACKENDS_PER_CALL = 20
"""The reference says 20 backends per call, the service takes 40; a strict world takes what is documented."""

NAME = re.compile(r"[A-Za-z\u4e00-\u9fff][\w.\-/:\u4e00-\u9fff]{0,79}")
REASON = re.compile(r"[A-Za-z\u4e00-\u9fff][\w.\-\u4e00-\u9fff]{0,79}")
GROUP_NAME = re.compile(r"[\w.\-/:]{1,80}")
DESCRIPTION = re.compile(r"[A-Za-z0-9\-/._]{1,80}")
TAG_RESOURCES = ("instance", "certificate", "acl", "listener", "vservergroup", "masterslaveservergroup")


def state(world: World) -> State:
    """Return the product's state, which is empty at first."""
    found: State = world.states.setdefault("slb", State())
    return found


def zones(world: World) -> list[str]:
    """Return the region's zones."""
    return state(world).zones or [f"{world.region}-h", f"{world.region}-i"]


def default_resource_group(world: World) -> str:
    """Return the resource group of what is in no other."""
    return f"rg-acfm{world.account}"


def invalid(name: str, value: object, allowed: str) -> ApiError:
    """Make the refusal of a parameter's value (common: InvalidParameter)."""
    return ApiError(
        400, "InvalidParameter", f"The specified parameter {name} is not valid: {value!r}; it must be {allowed}."
    )


def missing(name: str, reason: str) -> ApiError:
    """Make the refusal of a parameter that another one demands (common: MissingParameter)."""
    return ApiError(
        400,
        "MissingParameter",
        f'The input parameter "{name}" that is mandatory for processing this request is not supplied: {reason}.',
    )


def one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return the value if it is one of the allowed words."""
    if value not in allowed:
        raise invalid(name, value, "one of " + ", ".join(allowed))
    return value


def load_balancer(world: World, load_balancer_id: str) -> LoadBalancer:
    """Return the balancer (common: InvalidLoadBalancerId.NotFound)."""
    found = state(world).load_balancers.get(load_balancer_id)
    if found is None:
        raise ApiError(404, "InvalidLoadBalancerId.NotFound", "The specified LoadBalancerId does not exist.")
    return found


def writable(world: World, load_balancer_id: str) -> LoadBalancer:
    """Return the balancer unless an earlier write is still being applied (ServiceIsConfiguring).

    The code is named on the pages of the listener actions; how long it lasts is not documented.
    """
    found = load_balancer(world, load_balancer_id)
    if world.clock.now() < found.busy_until:
        raise ApiError(400, "ServiceIsConfiguring", "The specified service is configuring.")
    return found


def written(world: World, changed: LoadBalancer) -> None:
    """Note a write: the balancer is busy for `busy_seconds`, and traffic may change."""
    changed.busy_until = world.clock.now() + timedelta(seconds=state(world).busy_seconds)
    world.changed(changed.id)


def name(parameter: str, value: str) -> str:
    """Return a balancer's name: 1 to 80 characters that begin with a letter (CreateLoadBalancer)."""
    if not NAME.fullmatch(value):
        raise invalid(parameter, value, "1 to 80 letters, digits and .-_/:, a letter first")
    return value


def modification_protection(found: LoadBalancer, status: str, reason: str) -> None:
    """Set the protection of the configuration (CreateLoadBalancer: InvalidParam.ModificationProtection...).

    It keeps the console from changing the balancer, not the API. The reason goes when the protection goes.
    """
    if status not in ("NonProtection", "ConsoleProtection"):
        raise ApiError(
            400, "InvalidParam.ModificationProtectionStatus", "The param ModificationProtectionStatus is invalid."
        )
    if reason and not REASON.fullmatch(reason):
        raise ApiError(
            400, "InvalidParam.ModificationProtectionReason", "The param ModificationProtectionReason is invalid."
        )
    found.modification_protection_status = status
    found.modification_protection_reason = reason if status == "ConsoleProtection" else ""


def group_name(value: str) -> str:
    """Return a group's name: 1 to 80 letters, digits and .-_/: (as the console demands; not on an API page)."""
    if not GROUP_NAME.fullmatch(value):
        raise invalid("VServerGroupName", value, "1 to 80 letters, digits and .-_/:")
    return value


def at_most_twenty(parameter: str, values: Sequence[str]) -> Sequence[str]:
    """Return the values, of which one call takes at most 20 (TagResources)."""
    if len(values) > 20:
        raise invalid(parameter, f"{len(values)} values", "at most 20")
    return values


def vswitch(world: World, made: LoadBalancer, vswitch_id: str, vpc_id: str) -> Any:
    """Return the vSwitch of an intranet balancer (CreateLoadBalancer, its error table)."""
    if made.address_ip_version == "ipv6":
        raise ApiError(
            400,
            "InvalidParameter.Mismatch",
            "AddressType and IpVersion is conflict, IPv6 does not support intranet instance.",
        )
    if not vswitch_id:
        raise ApiError(400, "MissingParam.VSwitchId", "The parameter VSwitchId is required.")
    found: Any = world.find(vswitch_id)
    if getattr(found, "resource_type", "") != "vswitch":
        raise ApiError(400, "VSwitchNotExist", "The specified VSwitch does not exist.")
    if vpc_id and found.vpc_id != vpc_id:
        raise ApiError(400, "InvalidVpcId.NotExist", f"The specified VPC not exist: {vswitch_id} is not in {vpc_id}.")
    return found


def private_address(vswitch: Any, holder: str, address: str) -> str:
    """Take an address of the vSwitch for the holder (CreateLoadBalancer, its error table)."""
    if address and not vswitch.contains(address):
        raise ApiError(400, "InvalidParameter", "Illegal parameter. The IP address is not in subnet.")
    taken: str = vswitch.take(holder, address)
    if not taken and address:
        raise ApiError(400, "IpNotAvailable", f"The specified address {address} is in use.")
    if not taken:
        raise ApiError(400, "VSwitchAvailableIpNotExist", "The specified VSwitch has no availabe ip.")
    return taken


def internet_address(world: World, holder: str, network: IPv4Network | IPv6Network) -> str:
    """Take a free address of the internet range for the holder (common: InsufficientCapacity)."""
    free = world.take_internet_address(holder, network)
    if not free:
        raise ApiError(
            400, "InsufficientCapacity", f"There is insufficient capacity available for the requested: {network}."
        )
    return free


def at_most_ten(parameter: str, text: str) -> list[str]:
    """Split values that are separated by commas, at most 10 (DescribeLoadBalancers)."""
    values = [value.strip() for value in text.split(",") if value.strip()]
    if len(values) > 10:
        raise invalid(parameter, f"{len(values)} values", "at most 10")
    return values


def tags_text(text: str) -> list[TagPair]:
    """Read a `Tags` field, JSON of at most 10 tags (DescribeLoadBalancers)."""
    try:
        pairs = tagging.from_json(text)
    except ValueError as error:
        raise invalid("Tags", text, 'JSON such as [{"TagKey": "team", "TagValue": "web"}]') from error
    if len(pairs) > 10:
        raise invalid("Tags", f"{len(pairs)} tags", "at most 10")
    return pairs


def room_for_balancer(world: World) -> None:
    """Refuse more balancers than the quota (CreateLoadBalancer: OverQuota)."""
    if len(state(world).load_balancers) >= quota(world, "slb_quota_instances_num"):
        raise ApiError(400, "OverQuota", "The Total is over the quota")


def deletable(found: LoadBalancer) -> None:
    """Refuse to delete a subscribed or protected balancer (DeleteLoadBalancer).

    InvalidChargeType, OperationDenied.DeleteProtectionIsOn.
    """
    if found.pay_type == "PrePay":
        raise ApiError(400, "InvalidChargeType", "The prepay loadBalancer does not support this action.")
    if found.delete_protection == "on":
        raise ApiError(
            400,
            "OperationDenied.DeleteProtectionIsOn",
            "The loadbalancer can not be deleted due to DeleteProtection is enabled.",
        )


def group(world: World, group_id: str) -> ServerGroup:
    """Return the server group (common: 404 InvalidParameter)."""
    found = state(world).groups.get(group_id)
    if found is None:
        raise ApiError(404, "InvalidParameter", "The specified VServerGroupId does not exist.")
    return found


def writable_group(world: World, group_id: str) -> tuple[LoadBalancer, ServerGroup]:
    """Return a group and its balancer unless that is mid-change.

    BackendServer.configuring is what the actions on backends answer then; its page does not say for how long.
    """
    found = group(world, group_id)
    owner = state(world).load_balancers[found.load_balancer_id]
    if world.clock.now() < owner.busy_until:
        raise ApiError(
            400,
            "BackendServer.configuring",
            "A previous configuration of the load balancer is pending; please try again later.",
        )
    return owner, found


def unused(owner: LoadBalancer, found: ServerGroup) -> None:
    """Refuse to delete a group that a listener uses (common: RspoolVipExist)."""
    if any(each.settings.get("VServerGroupId") == found.id for each in owner.listeners.values()):
        raise ApiError(400, "RspoolVipExist", "there are vips associating with this vServer group.")


def tags(pairs: Iterable[TagPair], held: Mapping[str, str] | None = None) -> None:
    """Check tags about to be set (TagResources; CreateLoadBalancer: InvalidParam.TagKey, SizeLimitExceeded.Tag)."""
    given = {pair.Key: pair.Value for pair in pairs}
    for key, value in given.items():
        if not _tag_part(key, 64) or not key:
            raise ApiError(400, "InvalidParam.TagKey", f"The param TagKey is invalid: {key!r}.")
        if not _tag_part(value, 128):
            raise ApiError(400, "InvalidParam.TagValue", f"The param TagValue is invalid: {value!r}.")
    if len({**(held or {}), **given}) > TAGS_PER_RESOURCE:
        raise ApiError(
            400, "SizeLimitExceeded.Tag", f"The number of tags of a resource exceeds the limit {TAGS_PER_RESOURCE}."
        )


TAGS_PER_RESOURCE = 20


def _tag_part(text: str, longest: int) -> bool:
    forbidden_start = text.startswith(("aliyun", "acs:"))
    return len(text) <= longest and not forbidden_start and "http://" not in text and "https://" not in text
