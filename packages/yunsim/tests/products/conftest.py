"""A small world, and calls in it as clients make them: flat wire fields in, and an answer that the SDK can read."""

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from yunsim.dispatch import perform
from yunsim.errors import ApiError
from yunsim.products.ecs import rules as ecs_rules
from yunsim.products.vpc import rules as vpc_rules
from yunsim.world import SteppedClock, World

JSON_FIELDS = {"BackendServers", "OldBackendServers", "NewBackendServers", "AclEntrys", "Tags", "InstanceIds"} | {
    "PrivateIpAddresses",
    "PublicIpAddresses",
}
SDK = {"slb": "alibabacloud_slb20140515", "ecs": "alibabacloud_ecs20140526", "vpc": "alibabacloud_vpc20160428"}
NO_REGION = {"DescribeInstanceAttribute", "StartInstance", "StopInstance", "DeleteInstance", "DescribeRegions"}


def flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Write a parameter as wire fields."""
    if name in JSON_FIELDS and not isinstance(value, str):
        yield name, json.dumps(value)
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from flat(f"{name}.{number}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from flat(f"{name}.{key}", item)
    else:
        yield name, str(value)


def as_the_sdk_reads_it(product: str, action: str, answer: dict[str, Any]) -> Any:
    """Pass an answer through the official SDK's model of it: what is misspelt or misplaced does not come back."""
    models = importlib.import_module(f"{SDK[product]}.models")
    model = getattr(models, f"{action}ResponseBody")().from_map(json.loads(json.dumps(answer)))
    model.validate()
    return model.to_map()


@dataclass
class Caller:
    """Calls actions of one product in one world, and holds every answer against the SDK."""

    world: World
    product: str

    def __call__(self, action: str, **params: Any) -> dict[str, Any]:
        region = {} if action in NO_REGION else {"RegionId": self.world.region}
        given = {**region, **params}
        fields = {field: text for name, value in given.items() for field, text in flat(name, value)}
        answer = perform(self.world, self.product, action, fields)
        assert as_the_sdk_reads_it(self.product, action, answer) == answer
        return answer


@pytest.fixture
def world() -> World:
    """An empty world at a fixed time."""
    return World(clock=SteppedClock(frozen_at=datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)))


@pytest.fixture
def slb(world: World) -> Caller:
    """Call SLB actions."""
    return Caller(world, "slb")


@pytest.fixture
def ecs(world: World) -> Caller:
    """Call ECS actions."""
    return Caller(world, "ecs")


@pytest.fixture
def vpc(world: World) -> Caller:
    """Call VPC actions."""
    return Caller(world, "vpc")


@pytest.fixture
def site(world: World) -> SimpleNamespace:
    """A VPC with two vSwitches, and four instances in the first; the fourth is in a VPC of its own."""
    networks, instances = vpc_rules.state(world), ecs_rules.state(world)
    home = networks.add_vpc(world, "10.0.0.0/8", name="home")
    vswitch = networks.add_vswitch(world, home.id, "10.1.0.0/24", "cn-hangzhou-h")
    small = networks.add_vswitch(world, home.id, "10.2.0.0/29", "cn-hangzhou-i")
    abroad = networks.add_vpc(world, "172.16.0.0/12")
    far = networks.add_vswitch(world, abroad.id, "172.16.1.0/24", "cn-hangzhou-h")
    nodes = [instances.add_instance(world, vswitch.id) for _ in range(3)]
    stranger = instances.add_instance(world, far.id)
    interface = instances.add_interface(world, vswitch.id, private_ips=("", ""))
    return SimpleNamespace(
        vpc=home, vswitch=vswitch, small=small, abroad=abroad, nodes=nodes, stranger=stranger, interface=interface
    )


@pytest.fixture
def balancer(slb: Caller, site: SimpleNamespace) -> str:
    """The id of an intranet balancer."""
    answer = slb(
        "CreateLoadBalancer", AddressType="intranet", VSwitchId=site.vswitch.id, InstanceChargeType="PayByCLCU"
    )
    return str(answer["LoadBalancerId"])


@pytest.fixture
def group(slb: Caller, balancer: str) -> str:
    """The id of an empty server group of the balancer."""
    return str(slb("CreateVServerGroup", LoadBalancerId=balancer, VServerGroupName="web")["VServerGroupId"])


@pytest.fixture
def refused() -> Callable[..., ApiError]:
    """Call something that must be refused with a code, and return the refusal."""

    def call(code: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> ApiError:
        with pytest.raises(ApiError) as caught:
            function(*args, **kwargs)
        assert code == caught.value.code, caught.value
        return caught.value

    return call


@pytest.fixture
def later(world: World) -> Callable[[float], None]:
    """Let the world's time pass, in seconds."""

    def advance(seconds: float) -> None:
        assert isinstance(world.clock, SteppedClock)
        world.clock.offset += timedelta(seconds=seconds)

    return advance
