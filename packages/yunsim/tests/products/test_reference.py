"""Every action takes what the official SDK can send for it."""

import importlib
import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from yunsim.decoding import COMMON
from yunsim.dispatch import PRODUCTS
from yunsim.parameters import parameters_of

SDK = {"slb": "alibabacloud_slb20140515", "ecs": "alibabacloud_ecs20140526", "vpc": "alibabacloud_vpc20160428"}
ACTIONS = [(product, action) for product in SDK for action in PRODUCTS[product].actions()]


def sent_by_the_sdk(product: str, action: str) -> set[str]:
    """Return the wire names of all parameters that the SDK has for an action."""
    model = getattr(importlib.import_module(f"{SDK[product]}.models"), f"{action}Request")
    request = model()
    for name, parameter in inspect.signature(model.__init__).parameters.items():
        kind = str(parameter.annotation)
        if name != "self":
            setattr(request, name, [] if kind.startswith("List") else SimpleNamespace(to_map=dict))
    return {name[:1].upper() + name[1:] for name in request.to_map()}


@pytest.mark.parametrize(("product", "action"), ACTIONS)
def test_an_action_takes_what_the_sdk_can_send(product: str, action: str) -> None:
    function: Any = PRODUCTS[product].actions()[action]
    taken = {parameter.name for parameter in parameters_of(function)} | COMMON
    assert sent_by_the_sdk(product, action) - taken == set()


def test_the_versions_are_those_that_dispatch_expects() -> None:
    for product in SDK:
        assert PRODUCTS[product].version == importlib.import_module(f"yunsim.products.{product}.actions").VERSION
