"""The one place that knows which products there are, and the way from (product, action, fields) to its function.

`perform` runs an action in process: no network, no signature, no faults. The wire, and in-process users who want
faults, limits and a journal, come here through `yunsim.calls`.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from yunsim.decoding import arguments
from yunsim.errors import ApiError
from yunsim.parameters import Action
from yunsim.products.ecs import actions as ecs
from yunsim.products.slb import actions as slb
from yunsim.products.sts import actions as sts
from yunsim.products.vpc import actions as vpc
from yunsim.world import World


@dataclass(frozen=True, slots=True)
class Product:
    """One API: `wire_name` as clients spell it, `version` as they send it, and the module that holds its actions."""

    wire_name: str
    version: str
    module: ModuleType

    def actions(self) -> dict[str, Action]:
        """Every action by name: the module's functions that are named as the API names actions (AnUpperCamelCase)."""
        functions = inspect.getmembers(self.module, inspect.isfunction)
        return {name: function for name, function in functions if name[0].isupper()}


PRODUCTS: dict[str, Product] = {
    "slb": Product("Slb", "2014-05-15", slb),
    "ecs": Product("Ecs", "2014-05-26", ecs),
    "vpc": Product("Vpc", "2016-04-28", vpc),
    "sts": Product("Sts", "2015-04-01", sts),
}
"""Product name (lower case, as in `world.states`) to product."""

WITHOUT_REGION = frozenset(
    {("ecs", "DescribeRegions"), ("ecs", "DescribeInstanceAttribute")}
    | {("ecs", f"{verb}Instance") for verb in ("Start", "Stop", "Delete")}
    | {("sts", action) for action in ("AssumeRole", "AssumeRoleWithOIDC", "GetCallerIdentity")}
)
"""The actions that have no RegionId; some clients send one to every action, and there it means nothing."""


def action_of(product: str, action: str) -> Action:
    """Find the function of an action; raises ApiError InvalidProduct.NotFound or InvalidAction.NotFound (404)."""
    known = PRODUCTS.get(product.lower())
    if known is None:
        raise ApiError(
            404, "InvalidProduct.NotFound", f"Cannot find product according to your specified domain: {product}."
        )
    function = getattr(known.module, action, None) if action[:1].isupper() else None
    if not inspect.isfunction(function):
        text = "Specified api is not found, please check your url and method."
        raise ApiError(404, "InvalidAction.NotFound", f"{text} ({known.wire_name} {known.version} {action})")
    return function


def perform(world: World, product: str, action: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Run one action on the world and return the body of its answer, without RequestId.

    `product` is a key of PRODUCTS in any case, `params` the flat wire fields (`Tag.1.Key`). Raises ApiError with what
    the cloud would answer instead.
    """
    function = action_of(product, action)
    if (product.lower(), action) not in WITHOUT_REGION:
        _check_region(world, params.get("RegionId", ""))
    return function(world, **arguments(function, params, strict=world.strict))


def _check_region(world: World, region: str) -> None:
    """Refuse a region that is not the world's (common error of every product: InvalidRegionId.NotFound)."""
    if region not in ("", world.region):
        text = f"The specified RegionId does not exist: {region!r}; this world has {world.region}."
        raise ApiError(404, "InvalidRegionId.NotFound", text)
