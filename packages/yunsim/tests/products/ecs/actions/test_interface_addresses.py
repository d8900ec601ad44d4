"""Network interfaces get further addresses and lose them."""

from typing import Any


def addresses(ecs: Any, interface: str) -> list[str]:
    seen = ecs("DescribeNetworkInterfaceAttribute", NetworkInterfaceId=interface)
    private = [each["PrivateIpAddress"] for each in seen["PrivateIpSets"]["PrivateIpSet"]]
    return private + [each["Ipv6Address"] for each in seen["Ipv6Sets"]["Ipv6Set"]]


def test_addresses_are_assigned_by_name_or_number_and_found_by_each(ecs: Any, site: Any) -> None:
    which = {"NetworkInterfaceId": site.nodes[0].interfaces[0].id}
    (primary,) = addresses(ecs, which["NetworkInterfaceId"])
    ecs("AssignPrivateIpAddresses", **which, PrivateIpAddress=["10.1.0.70"])
    answer = ecs("AssignPrivateIpAddresses", **which, SecondaryPrivateIpAddressCount=1)["AssignedPrivateIpAddressesSet"]
    (chosen,) = answer["PrivateIpSet"]["PrivateIpAddress"]
    assert addresses(ecs, which["NetworkInterfaceId"]) == [primary, "10.1.0.70", chosen]
    (found,) = ecs("DescribeNetworkInterfaces", PrivateIpAddress=[chosen])["NetworkInterfaceSets"][
        "NetworkInterfaceSet"
    ]
    assert found["NetworkInterfaceId"] == which["NetworkInterfaceId"]
    ecs("UnassignPrivateIpAddresses", **which, PrivateIpAddress=["10.1.0.70", chosen])
    assert addresses(ecs, which["NetworkInterfaceId"]) == [primary]
    assert "10.1.0.70" not in site.vswitch.taken


def test_what_cannot_be_assigned_or_taken_away_is_refused(ecs: Any, site: Any, refused: Any) -> None:
    which = {"NetworkInterfaceId": site.nodes[0].interfaces[0].id}
    (primary,) = addresses(ecs, which["NetworkInterfaceId"])
    for code, more in [
        ("InvalidIp.IpAssigned", {"PrivateIpAddress": [primary]}),
        ("InvalidVSwitchId.IpInvalid", {"PrivateIpAddress": ["10.1.0.255"]}),
        ("InvalidParameter", {"PrivateIpAddress": ["10.1.0.9"], "SecondaryPrivateIpAddressCount": 1}),
        ("InvalidParameter", {"SecondaryPrivateIpAddressCount": 33}),
        ("InvalidEniId.NotFound", {"NetworkInterfaceId": "eni-none", "PrivateIpAddress": ["10.1.0.9"]}),
    ]:
        refused(code, ecs, "AssignPrivateIpAddresses", **{**which, **more})
    for address in (primary, "10.1.0.70"):
        refused("InvalidIp.IpUnassigned", ecs, "UnassignPrivateIpAddresses", **which, PrivateIpAddress=[address])
    assert addresses(ecs, which["NetworkInterfaceId"]) == [primary]


def test_one_token_assigns_once(ecs: Any, site: Any) -> None:
    which = {"NetworkInterfaceId": site.interface.id, "ClientToken": "t", "SecondaryPrivateIpAddressCount": 1}
    assert ecs("AssignPrivateIpAddresses", **which) == ecs("AssignPrivateIpAddresses", **which)
    assert len(site.interface.private_ips) == 3


def test_ipv6_addresses_are_those_of_the_vswitchs_block(ecs: Any, site: Any, refused: Any) -> None:
    which = {"NetworkInterfaceId": site.interface.id}
    refused("InvalidVSwitch.Ipv6NotTurnOn", ecs, "AssignIpv6Addresses", **which, Ipv6AddressCount=1)
    site.vswitch.ipv6_cidr_block = "fd00::/64"
    ecs("AssignIpv6Addresses", **which, Ipv6Address=["fd00::1"])
    answer = ecs("AssignIpv6Addresses", **which, Ipv6AddressCount=2)
    assert answer["Ipv6Sets"]["Ipv6Address"] == ["fd00::2", "fd00::3"]
    refused("InvalidIp.IpAssigned", ecs, "AssignIpv6Addresses", **which, Ipv6Address=["fd00::1"])
    refused("InvalidIp.Address", ecs, "AssignIpv6Addresses", **which, Ipv6Address=["fd01::1"])
    ecs("UnassignIpv6Addresses", **which, Ipv6Address=["fd00::1"])
    assert addresses(ecs, site.interface.id)[2:] == ["fd00::2", "fd00::3"]
    refused("InvalidIp.IpUnassigned", ecs, "UnassignIpv6Addresses", **which, Ipv6Address=["fd00::1"])
