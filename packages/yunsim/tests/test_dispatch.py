"""Products, their actions, and what each takes."""

import pytest

from yunsim.dispatch import PRODUCTS, WITHOUT_REGION, action_of, perform
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


REGIONAL = [
    (product, action)
    for product in PRODUCTS
    for action in PRODUCTS[product].actions()
    if (product, action) not in WITHOUT_REGION
]


@pytest.mark.parametrize(("product", "action"), REGIONAL)
def test_every_action_that_takes_a_region_refuses_another_one_before_all_else(product: str, action: str):
    with pytest.raises(ApiError) as refused:
        perform(World(), product, action, {"RegionId": "cn-nowhere"})
    assert (refused.value.status, refused.value.code) == (404, "InvalidRegionId.NotFound")
    assert "cn-hangzhou" in refused.value.message


def test_an_action_without_a_region_does_not_mind_one():
    assert perform(World(), "ecs", "DescribeRegions", {"RegionId": "cn-nowhere"})["Regions"]
