"""Networks as a world file makes them."""

from typing import Any

import pytest

from yunsim.products.vpc import rules


def test_a_vswitch_keeps_the_first_and_the_last_three_addresses(world: Any, site: Any) -> None:
    taken = [site.small.take(f"lb-{number}") for number in range(5)]
    assert taken == ["10.2.0.1", "10.2.0.2", "10.2.0.3", "10.2.0.4", ""]
    assert site.small.available() == 0
    site.small.release("10.2.0.2")
    assert site.small.take("lb-5") == "10.2.0.2"


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.2.0.0", False),
        ("10.2.0.1", True),
        ("10.2.0.4", True),
        ("10.2.0.5", False),
        ("fd00::1", False),
        ("x", False),
    ],
)
def test_a_vswitch_knows_its_addresses(site: Any, address: str, inside: bool) -> None:
    assert site.small.contains(address) is inside


def test_a_vswitch_outside_its_vpc_is_refused(world: Any, site: Any) -> None:
    with pytest.raises(ValueError, match="not inside its VPC"):
        rules.state(world).add_vswitch(world, site.vpc.id, "192.168.0.0/24", "cn-hangzhou-h")


def test_things_can_have_ids_of_their_own(world: Any) -> None:
    made = rules.state(world).add_vpc(world, "10.0.0.0/8", own_id="vpc-mine", tags={"team": "web"})
    assert world.find("vpc-mine") is made
    assert world.find("vpc-none") is None
