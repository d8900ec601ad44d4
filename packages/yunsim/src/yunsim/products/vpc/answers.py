"""How the VPC service writes what many of its answers hold: times, owners, tags."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from yunsim.world import World


def moment(when: datetime) -> str:
    """Write a time, to the second."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def tags(held: Mapping[str, str]) -> dict[str, Any]:
    """Write tags, with the keys that this product uses."""
    return {"Tag": [{"Key": key, "Value": value} for key, value in held.items()]}


def owned(world: World) -> dict[str, Any]:
    """Write whose a resource is."""
    return {"OwnerId": int(world.account), "ResourceGroupId": f"rg-acfm{world.account}"}
