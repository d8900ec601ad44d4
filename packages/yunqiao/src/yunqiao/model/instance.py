"""An ECS instance, and how a node names the one that it is: the two spellings of a providerID, read strictly.

The incumbent takes any text with a dot for `<region>.<instance>` (`talos://x/10.0.0.78` too) and then asks ECS about
it; here a providerID that is not exactly one of ours names somebody else's machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PROVIDER_ID = re.compile(r"(?:alicloud://)?(?P<region>[a-z]{2,}(?:-[a-z0-9]+)+)\.(?P<id>[A-Za-z0-9-]{3,64})")


@dataclass(frozen=True, slots=True)
class Instance:
    """An ECS instance.

    `private_ips` are its own addresses of the VPC, `ipv6` those of its primary interface; `addresses` are all private
    ones of all its interfaces, of either family.
    """

    id: str
    region: str = ""
    zone: str = ""
    type: str = ""
    status: str = ""
    host_name: str = ""
    charge_type: str = ""
    spot_strategy: str = ""
    vpc_id: str = ""
    vswitch_id: str = ""
    private_ips: tuple[str, ...] = ()
    public_ips: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    addresses: frozenset[str] = frozenset()
    macs: tuple[str, ...] = ()
    serial_number: str = ""
    interface_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstanceId:
    """An ECS instance and its region."""

    region: str
    id: str


def read_provider_id(text: str) -> InstanceId | None:
    """`cn-hangzhou.i-abc` or `alicloud://cn-hangzhou.i-abc`; None for anything else."""
    match = _PROVIDER_ID.fullmatch(text)
    return InstanceId(match["region"], match["id"]) if match else None


def write_provider_id(instance: InstanceId) -> str:
    """`cn-hangzhou.i-abc`, the spelling that is written."""
    return f"{instance.region}.{instance.id}"
