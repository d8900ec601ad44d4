"""Which ECS instance a node is: the two spellings of a providerID, read strictly, and the machine's own number.

The incumbent takes any text with a dot for `<region>.<instance>` (`talos://x/10.0.0.78` too) and then asks ECS about
it; here a providerID that is not exactly one of ours names somebody else's machine.
"""

import re
from dataclasses import dataclass
from uuid import UUID

_PROVIDER_ID = re.compile(r"(?:alicloud://)?(?P<region>[a-z]{2,}(?:-[a-z0-9]+)+)\.(?P<id>[A-Za-z0-9-]{3,64})")


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


def same_machine(system_uuid: str, serial_number: str) -> bool:
    """Whether what the kubelet read from the firmware is the instance's SerialNumber.

    Letter case means nothing, and firmware tables up to SMBIOS 2.5 and from 2.6 on differ in the byte order of the
    first three groups (https://www.dmtf.org/dsp/DSP0134, "System - UUID"), so either order will do.
    """
    try:
        read, number = UUID(system_uuid.strip()), UUID(serial_number.strip())
    except ValueError:
        return system_uuid.strip().lower() == serial_number.strip().lower() != ""
    return read.bytes in (number.bytes, number.bytes_le)
