"""Products, their actions, and what each takes."""

import pytest

from yunsim.dispatch import PRODUCTS, action_of, perform
from yunsim.errors import ApiError
from yunsim.parameters import parameters_of
from yunsim.world import World


def test_every_product_says_the_version_that_clients_send():
    assert {name: product.module.VERSION for name, product in PRODUCTS.items()} == {
        name: product.version for name, product in PRODUCTS.items()
    }


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_action_of_every_product_declares_parameters_that_can_be_read(product: str):
    actions = PRODUCTS[product].actions()
    assert actions
    for action in actions.values():
        parameters_of(action)


def test_an_action_is_found_by_its_name_whatever_the_case_of_the_product():
    assert action_of("Slb", "CreateLoadBalancer") is action_of("slb", "CreateLoadBalancer")


@pytest.mark.parametrize("action", ["createLoadBalancer", "Any", "ApiError", "", "__doc__", "VERSION"])
def test_what_is_no_action_is_not_found(action: str):
    with pytest.raises(ApiError) as refused:
        perform(World(), "slb", action, {})
    assert (refused.value.status, refused.value.code) == (404, "InvalidAction.NotFound")
