"""Which ECS instance a node is: the two spellings of a providerID, read strictly.

The incumbent takes any text with a dot for `<region>.<instance>` (`talos://x/10.0.0.78` too) and then asks ECS about
it; here a providerID that is not exactly one of ours names somebody else's machine.
"""

import re
from dataclasses import dataclass

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
