"""Network interfaces are made, attached, detached and deleted."""

from typing import Any

import pytest

from yunsim.products.ecs import rules


@pytest.fixture
def made(ecs: Any, site: Any) -> str:
    """The id of an interface with two further addresses."""
    asked = {"PrimaryIpAddress": "10.1.0.50", "PrivateIpAddress": ["10.1.0.51", "10.1.0.52"]}
    answer = ecs("CreateNetworkInterface", VSwitchId=site.vswitch.id, NetworkInterfaceName="pods", **asked)
    return str(answer["NetworkInterfaceId"])


def told(ecs: Any, interface: str) -> dict[str, Any]:
    return dict(ecs("DescribeNetworkInterfaceAttribute", NetworkInterfaceId=interface))


def test_an_interface_has_the_addresses_asked_for_the_primary_one_first(ecs: Any, made: str) -> None:
    seen = told(ecs, made)
    addresses = [each["PrivateIpAddress"] for each in seen["PrivateIpSets"]["PrivateIpSet"]]
    assert addresses == ["10.1.0.50", "10.1.0.51", "10.1.0.52"]
    assert (seen["Status"], seen["Type"], seen["NetworkInterfaceName"]) == ("Available", "Secondary", "pods")


def test_a_number_of_addresses_is_chosen_by_the_vswitch(ecs: Any, site: Any) -> None:
    answer = ecs("CreateNetworkInterface", VSwitchId=site.vswitch.id, SecondaryPrivateIpAddressCount=2)
    addresses = [each["PrivateIpAddress"] for each in answer["PrivateIpSets"]["PrivateIpSet"]]
    assert len(set(addresses)) == 3
    assert set(addresses) <= set(site.vswitch.taken)


def test_one_token_makes_one_interface(ecs: Any, world: Any, site: Any) -> None:
    first, again = (ecs("CreateNetworkInterface", VSwitchId=site.vswitch.id, ClientToken="t") for _ in range(2))
    assert first == again
    assert len([each for each in rules.state(world).interfaces.values() if each.type == "Secondary"]) == 2


def test_what_a_vswitch_cannot_give_is_refused_and_nothing_is_made(
    ecs: Any, world: Any, site: Any, made: str, refused: Any
) -> None:
    before = len(rules.state(world).interfaces)
    for code, more in [
        ("InvalidVSwitchId.NotFound", {"VSwitchId": "vsw-none"}),
        ("InvalidVSwitchId.IpInvalid", {"PrimaryIpAddress": "10.9.0.1"}),
        ("InvalidIp.IpAssigned", {"PrimaryIpAddress": "10.1.0.51"}),
        ("InvalidIp.IpRepeated", {"PrivateIpAddress": ["10.1.0.60", "10.1.0.60"]}),
        ("InvalidParameter", {"PrivateIpAddress": ["10.1.0.60"], "SecondaryPrivateIpAddressCount": 1}),
        ("InvalidVSwitchId.IpNotEnough", {"VSwitchId": site.small.id, "SecondaryPrivateIpAddressCount": 8}),
        ("InvalidVSwitch.Ipv6NotTurnOn", {"Ipv6AddressCount": 1}),
    ]:
        refused(code, ecs, "CreateNetworkInterface", **{"VSwitchId": site.vswitch.id, **more})
    assert len(rules.state(world).interfaces) == before


def test_an_interface_is_attached_detached_and_deleted(ecs: Any, site: Any, made: str, refused: Any) -> None:
    pair = {"NetworkInterfaceId": made, "InstanceId": site.nodes[0].id}
    ecs("AttachNetworkInterface", **pair)
    assert (told(ecs, made)["Status"], told(ecs, made)["InstanceId"]) == ("InUse", site.nodes[0].id)
    refused("InvalidOperation.InvalidEniState", ecs, "AttachNetworkInterface", **pair)
    refused("InvalidOperation.InvalidEniState", ecs, "DeleteNetworkInterface", NetworkInterfaceId=made)
    refused(
        "InvalidOperation.InvalidEniState", ecs, "DetachNetworkInterface", **{**pair, "InstanceId": site.nodes[1].id}
    )
    ecs("DetachNetworkInterface", **pair)
    assert told(ecs, made)["Status"] == "Available"
    ecs("DeleteNetworkInterface", NetworkInterfaceId=made)
    refused("InvalidEniId.NotFound", told, ecs, made)
    assert "10.1.0.51" not in site.vswitch.taken


def test_the_primary_interface_stays_with_its_instance(ecs: Any, site: Any, refused: Any) -> None:
    node = site.nodes[0]
    refused(
        "InvalidOperation.DetachPrimaryEniNotAllowed",
        ecs,
        "DetachNetworkInterface",
        InstanceId=node.id,
        NetworkInterfaceId=node.interfaces[0].id,
    )


def test_an_interface_goes_to_no_instance_elsewhere(ecs: Any, site: Any, made: str, refused: Any) -> None:
    abroad = {"NetworkInterfaceId": made, "InstanceId": site.stranger.id}
    refused("InvalidOperation.VpcMismatch", ecs, "AttachNetworkInterface", **abroad)
    other = ecs("CreateNetworkInterface", VSwitchId=site.small.id)["NetworkInterfaceId"]
    near = {"NetworkInterfaceId": other, "InstanceId": site.nodes[0].id}
    refused("InvalidOperation.AvailabilityZoneMismatch", ecs, "AttachNetworkInterface", **near)
