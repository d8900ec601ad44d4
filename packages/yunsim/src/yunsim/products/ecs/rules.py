"""What the ECS service refuses, and where that is documented.

Codes and messages are from the ECS 2014-05-26 API reference: the error table of the action named. "Not documented"
marks a refusal whose existence follows from the documentation of a parameter, but whose code does not.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from yunsim.errors import ApiError
from yunsim.products.ecs.state import LOCKS, Instance, NetworkInterface, State
from yunsim.products.tagging import TagPair
from yunsim.world import World

TAGS_PER_RESOURCE = 20
RESOURCES_PER_CALL = 50
TAG_RESOURCES = ("instance", "eni")
LOCK_REASONS = (*LOCKS, "recycling", "dedicatedhostfinancial", "refunded")
"""What DescribeInstances can be asked for; no instance here is ever locked for one of the last three."""


def state(world: World) -> State:
    """Return the product's state as it is by now; it is empty at first."""
    found: State = world.states.setdefault("ecs", State())
    if found.change_seconds:
        found.settle(world.clock.now())
    return found


def zones(world: World) -> list[str]:
    """Return the region's zones."""
    return state(world).zones or [f"{world.region}-h", f"{world.region}-i"]


def invalid(name: str, value: object, allowed: str) -> ApiError:
    """Make the refusal of a parameter's value (InvalidParameter, on most pages)."""
    return ApiError(
        400, "InvalidParameter", f'The specified parameter "{name}" is not valid: {value!r}; it must be {allowed}.'
    )


def not_dry(*, dry_run: bool) -> None:
    """End a dry run that all checks have passed (DryRunOperation, on every page with a `DryRun` parameter)."""
    if dry_run:
        raise ApiError(400, "DryRunOperation", "Request validation has been passed with DryRun flag set.")


def instance(world: World, instance_id: str) -> Instance:
    """Return the instance (StartInstance, DescribeInstanceAttribute: InvalidInstanceId.NotFound)."""
    found = state(world).instances.get(instance_id)
    if found is None:
        raise ApiError(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
    return found


def interface(world: World, interface_id: str) -> NetworkInterface:
    """Return the network interface (ModifyNetworkInterfaceAttribute: InvalidEniId.NotFound)."""
    found = state(world).interfaces.get(interface_id)
    if found is None:
        raise ApiError(404, "InvalidEniId.NotFound", f'The specified EniId "{interface_id}" is not found.')
    return found


def in_status(found: Instance, *allowed: str) -> None:
    """Refuse what the instance's status does not allow (StartInstance and its kin: IncorrectInstanceStatus)."""
    if found.status not in allowed:
        raise ApiError(
            403,
            "IncorrectInstanceStatus",
            "The current status of the resource does not support this operation:"
            f" {found.id} is {found.status}, not {' or '.join(allowed)}.",
        )


def turned(world: World, found: Instance, status: str) -> None:
    """Let the instance be Starting or Stopping, for as long as that takes here; what it leads to comes by itself.

    The two are on the pages of StartInstance, StopInstance and "Instance lifecycle"; the seconds are nowhere.
    """
    seconds = state(world).change_seconds
    found.status, found.settles = status, world.clock.now() + timedelta(seconds=seconds)

    def settled() -> None:
        found.settle(world.clock.now())
        world.changed()

    world.after(seconds, settled)
    if seconds:
        world.changed()


def startable(found: Instance) -> None:
    """Refuse to start a locked instance (StartInstance: InstanceLockedForSecurity, InsufficientBalance)."""
    _not_locked_for_security(found)
    if "financial" in found.locks:
        raise ApiError(403, "InsufficientBalance", "Your account does not have enough balance.")


def stoppable(found: Instance) -> None:
    """Refuse to stop an instance that is locked for security (StopInstance: InstanceLockedForSecurity).

    So says the action's own page; "API behavior when an instance is locked for security reasons" has both answers, the
    refusal in older versions. That a locked instance can be released is on all of them.
    """
    _not_locked_for_security(found)


def _not_locked_for_security(found: Instance) -> None:
    if "security" in found.locks:
        raise ApiError(
            403,
            "InstanceLockedForSecurity",
            "The specified operation is denied as your instance is locked for security reasons.",
        )


def lock_reason(value: str) -> str:
    """Return a reason to look for as the answer writes it (DescribeInstances, LockReason; code not documented)."""
    reason = value.lower()
    if reason not in LOCK_REASONS:
        raise invalid("LockReason", value, " or ".join(LOCK_REASONS))
    return reason


def deletable(found: Instance, *, force: bool) -> None:
    """Refuse to release a protected or, without force, a running instance (DeleteInstance)."""
    if found.deletion_protection:
        raise ApiError(
            403, "InvalidOperation.DeletionProtection", "The operation is not allowed due to deletion protection."
        )
    if not force:
        in_status(found, "Stopped")


def json_list(name: str, text: str, most: int = 100) -> list[str]:
    """Read a JSON array of up to 100 texts (DescribeInstances: InvalidInstanceIds.Malformed for its ids)."""
    if not text:
        return []
    code = "InvalidInstanceIds.Malformed" if name == "InstanceIds" else "InvalidParameter"
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values) or len(values) > most:
        raise ApiError(
            400, code, f'The specified parameter "{name}" is not valid: not a JSON array of up to {most} texts.'
        )
    return values


def at_most(name: str, values: Sequence[str], most: int = 100) -> Sequence[str]:
    """Return a list that is not too long for one call (the page of the action; code not documented)."""
    if len(values) > most:
        raise invalid(name, f"{len(values)} values", f"at most {most}")
    return values


def tags(pairs: Iterable[TagPair], held: Mapping[str, str]) -> None:
    """Check tags about to be set (TagResources: InvalidTagKey.Malformed, InvalidTagValue.Malformed, quota)."""
    given = {pair.Key: pair.Value for pair in pairs}
    for key, value in given.items():
        if not key or not _tag_part(key):
            raise ApiError(400, "InvalidTagKey.Malformed", f"The specified Tag.n.Key is not valid: {key!r}.")
        if not _tag_part(value):
            raise ApiError(400, "InvalidTagValue.Malformed", f"The specified Tag.n.Value is not valid: {value!r}.")
    if len({**held, **given}) > TAGS_PER_RESOURCE:
        raise ApiError(
            400,
            "NumberExceed.Tags",
            f"The Tags parameter's number is exceed: at most {TAGS_PER_RESOURCE} of a resource.",
        )


def _tag_part(text: str) -> bool:
    return (
        len(text) <= 128
        and not text.startswith(("aliyun", "acs:"))
        and "http://" not in text
        and "https://" not in text
    )
