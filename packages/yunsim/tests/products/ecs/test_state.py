"""Instances as a world file makes them."""

from typing import Any

import pytest

from yunsim.products.ecs import rules


def test_an_instance_has_the_address_asked_for(world: Any, site: Any) -> None:
    made = rules.state(world).add_instance(world, site.vswitch.id, own_id="i-mine", private_ip="10.1.0.99")
    assert made.addresses() == ["10.1.0.99"]
    assert world.find("i-mine") is made
    assert world.find(made.interfaces[0].id) is made.interfaces[0]


@pytest.mark.parametrize("address", ["10.9.0.1", "10.1.0.1", "nowhere"])
def test_an_address_that_is_not_to_be_had_is_refused(world: Any, site: Any, address: str) -> None:
    with pytest.raises(ValueError, match=address):
        rules.state(world).add_instance(world, site.vswitch.id, private_ip=address)


def test_a_vswitch_that_is_not_there_is_refused(world: Any) -> None:
    with pytest.raises(ValueError, match="vsw-none"):
        rules.state(world).add_instance(world, "vsw-none")


def test_an_instance_is_always_itself(world: Any, site: Any) -> None:
    one, two = site.nodes[:2]
    assert one.serial_number != two.serial_number
    assert one.interfaces[0].mac_address != two.interfaces[0].mac_address
