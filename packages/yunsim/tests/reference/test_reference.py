"""The reference is that of the official SDK's models."""

import importlib
import inspect
import re

import pytest

from yunsim import reference
from yunsim.dispatch import PRODUCTS, WITHOUT_REGION
from yunsim.reference import Described

SDK = {
    "slb": "alibabacloud_slb20140515",
    "ecs": "alibabacloud_ecs20140526",
    "vpc": "alibabacloud_vpc20160428",
    "sts": "alibabacloud_sts20150401",
}
ALL = [described for product in reference.PRODUCTS for described in reference.actions(product)]


def names_in(described: Described) -> set[str]:
    """Return every name in an answer, at any depth."""
    return {name for field in described.answer for name in field.path.split(".") if name != "N"}


@pytest.mark.parametrize("described", ALL, ids=lambda each: f"{each.product}-{each.name}")
def test_an_action_has_the_answer_fields_of_the_sdks_model(described: Described):
    models = importlib.import_module(f"{SDK[described.product]}.models")
    models_of_answer = [
        getattr(models, name) for name in dir(models) if name.startswith(f"{described.name}ResponseBody")
    ]
    written = "".join(inspect.getsource(model.to_map) for model in models_of_answer)
    assert names_in(described) == set(re.findall(r"result\['(\w+)'\]", written))


def test_an_action_is_described_once():
    assert len({(each.product, each.name) for each in ALL}) == len(ALL)


def test_lists_and_objects_have_paths_as_on_the_wire():
    create = next(each for each in ALL if each.name == "CreateLoadBalancer")
    parameters = {field.path: (field.type, field.required) for field in create.parameters}
    assert parameters["Tag.N.Key"] == ("str", False)
    assert parameters["RegionId"] == ("str", True)
    assert parameters["Bandwidth"] == ("int", False)
    attribute = next(each for each in ALL if each.name == "DescribeLoadBalancerAttribute")
    assert "ListenerPorts.ListenerPort.N" in {field.path for field in attribute.answer}


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_actions_without_a_region_are_those_of_the_reference(product: str):
    exist = PRODUCTS[product].actions()
    without = {each.name for each in reference.actions(product) if each.name in exist and not each.takes_region}
    assert {action for of, action in WITHOUT_REGION if of == product} == without
