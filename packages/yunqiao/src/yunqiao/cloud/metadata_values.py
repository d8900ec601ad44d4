"""Can this be what the instance metadata service says? Whoever else answers at its address is not believed.

A captive page, a proxy or another service answers every name with status 200 and a text of its own; a region or a VPC
of that text would be looked for in the cloud, and missed there, for reasons that nobody could guess.
Source: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from yunqiao.model.errors import Refused

KEYS_OF_ROLES = "ram/security-credentials/"
"""Alone the name of the instance's RAM role; with the role's name behind it the role's key."""
LONGEST = 40
"""Characters of a wrong value that are shown."""

NOT_SO = "Instance metadata at {base}: {name} is {shown}, which is no {what}: something else answers there; {fix}"
OTHER_ENDPOINT = "correct METADATA_ENDPOINT"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value looks like, in words with an example; `key` of the cloud-config can say it instead."""

    fits: Callable[[str], object]
    what: str
    key: str = ""
    secret: bool = False


def _is_address(text: str) -> bool:
    try:
        return ip_address(text).version == 4
    except ValueError:
        return False


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


_ZONE = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+)+").fullmatch
_WORD = re.compile(r"[!-~]+").fullmatch

SHAPES: Mapping[str, Shape] = {
    "region-id": Shape(_ZONE, "region such as cn-hangzhou", "region"),
    "zone-id": Shape(_ZONE, "zone such as cn-hangzhou-h"),
    "vpc-id": Shape(re.compile("vpc-[a-z0-9-]+").fullmatch, "VPC such as vpc-bp1opxu1zkhn00gzv26cn", "vpcid"),
    "vswitch-id": Shape(
        re.compile("vsw-[a-z0-9-]+").fullmatch, "vSwitch such as vsw-bp1s5fnvk4gn2tws03624", "vswitchid"
    ),
    "instance-id": Shape(re.compile("[A-Za-z0-9-]{3,64}").fullmatch, "ECS instance such as i-bp67acfmxazb4ph****"),
    "instance/instance-type": Shape(re.compile("[a-z0-9.-]+").fullmatch, "instance type such as ecs.g7.large"),
    "serial-number": Shape(re.compile("[A-Za-z0-9-]+").fullmatch, "serial number"),
    "mac": Shape(re.compile("(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}").fullmatch, "MAC address"),
    "private-ipv4": Shape(_is_address, "IPv4 address"),
    KEYS_OF_ROLES: Shape(re.compile(r"[A-Za-z0-9._-]+(?:\s+[A-Za-z0-9._-]+)*").fullmatch, "name of a RAM role"),
}
KEY = Shape(_is_object, "JSON object with a key", secret=True)
ANYTHING = Shape(_WORD, "word")


def believed(base: str, name: str, value: str) -> str:
    """Give the value of a name if it can be one.

    Raises Refused with the endpoint (`base`, its URL), the name, the value as far as it is fit to be shown, and what
    to set.
    """
    shape = SHAPES.get(name) or (KEY if name.startswith(KEYS_OF_ROLES) else ANYTHING)
    if shape.fits(value):
        return value
    instead = f", or set {shape.key} in the cloud-config (Global.{shape.key})" if shape.key else ""
    shown = f"a text of {len(value)} characters" if shape.secret else _shown(value)
    raise Refused(NOT_SO.format(base=base, name=name, shown=shown, what=shape.what, fix=f"{OTHER_ENDPOINT}{instead}"))


def is_token(text: str) -> bool:
    """Whether this can be a session token: it travels in a header."""
    return _WORD(text) is not None


def _shown(value: str) -> str:
    """In quotes, on one line, shortened."""
    line = " ".join(value.split())
    return f'"{line if len(line) <= LONGEST else f"{line[:LONGEST]}..."}"'
