"""A balancer with an address of IPv6: its clients, and pods that are reached by IPv6 or by IPv4, at ::1."""

import socket
from ipaddress import IPv6Network

import pytest
from tests.annotations.backends import Backend
from tests.annotations.lives import tells_of
from tests.annotations.stage import Stage
from tests.annotations.wishes import port

from yunqiao.controllers.services.clb.options import BACKEND_TYPE

FIRST = "fd00:c1b::1"
"""The address that the first balancer of IPv6 gets."""
POD, POD_6 = "127.16.0.60", "fd00::60"
HERE = "::1"


def free_port() -> int:
    """A port of ::1, which all tests of this machine share, that nobody has."""
    try:
        with socket.create_server((HERE, 0), family=socket.AF_INET6) as free:
            return int(free.getsockname()[1])
    except OSError as why:
        pytest.skip(f"this machine has no IPv6: {why}")


async def with_pod(stage: Stage, protocol: str) -> int:
    """A Service and its pod, which answers as `four` at its address of IPv4 and as `six` at that of IPv6."""
    listens, answers = free_port(), free_port()
    stage.bench.cloud.world.wire |= {IPv6Network(each): IPv6Network(HERE) for each in (FIRST, POD_6)}
    await stage.pod("four", "w0", POD, POD_6, answers)
    stage.backends["six"] = Backend("six", HERE, answers)
    await stage.backends["six"].start()
    stage.endpoints({POD: "w0"}, number=answers)
    stage.endpoints({POD_6: "w0"}, kind="IPv6", number=answers)
    stage.ask(port("UDP" if protocol == "udp" else "TCP", listens, target_port=answers))
    return listens


@tells_of("ip-version", "backend-ip-version")
@pytest.mark.parametrize("protocol", ["tcp", "udp", "http"])
async def test_clients_of_ipv6_reach_pods_by_the_version_that_is_asked_for(stage: Stage, protocol: str) -> None:
    listens = await with_pod(stage, protocol)
    how = {"port": listens, "client": HERE}
    asked = {"address-type": "internet", "ip-version": "ipv6", BACKEND_TYPE: "eni"}
    if protocol == "http":
        asked["protocol-port"] = f"http:{listens}"
    for version, name in (("ipv6", "six"), ("ipv4", "four"), ("ipv6", "six")):
        await stage.wear(asked | {"backend-ip-version": version})
        assert stage.published() == [(FIRST, "")]
        assert await stage.reach(protocol, **how) == name
    if protocol == "http":
        assert (await stage.get(**how)).told["headers"]["x-forwarded-for"] == HERE
    await stage.wear(asked)
    assert await stage.reach(protocol, **how) == "four"
    await stage.gone()
