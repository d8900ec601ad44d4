"""Where the cluster is, as told, as its nodes' instances tell, or not known at all."""

from collections.abc import Mapping
from typing import Any

import pytest

from yunqiao.cloud.instances import Instances
from yunqiao.cloud.place import Neighbourhood, Whereabouts
from yunqiao.model.cluster import Metadata, Node, NodeInfo, NodeSpec, NodeStatus
from yunqiao.model.errors import Fault, Lost, Refused
from yunqiao.model.step import Call, Reply

SERIAL = "5f0c1d5e-0000-4000-8000-000000000001"


class Time:
    """A model.clock.Clock that only the test moves."""

    time = 1000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        pass


class Region:
    """Nodes, their instances (VPC and vSwitch by id), and how often ECS was asked."""

    def __init__(self, **places: tuple[str, str]) -> None:
        self.places: Mapping[str, tuple[str, str]] = places
        self.nodes = [node(one) for one in places]
        self.calls = 0
        self.trouble: Exception | None = None
        self.clock = Time()
        self.neighbourhood = Neighbourhood(Instances(self.send, "cn-hangzhou", self.clock), lambda: self.nodes)

    async def send(self, call: Call) -> Reply:
        self.calls += 1
        if self.trouble is not None:
            raise self.trouble
        return {"Instances": {"Instance": [
            {"InstanceId": one, "SerialNumber": SERIAL, "VpcAttributes": {"VpcId": vpc, "VSwitchId": vswitch}}
            for one, (vpc, vswitch) in self.places.items() if f'"{one}"' in call.params["InstanceIds"]
        ]}}  # fmt: skip

    def whereabouts(self, *told: Any) -> Whereabouts:
        return Whereabouts(*(told or ("", ())), look=self.neighbourhood.look)


def node(instance: str, number: str = "") -> Node:
    return Node(
        metadata=Metadata(name=instance, uid=f"uid-{instance}"),
        spec=NodeSpec(provider_id=f"cn-hangzhou.{instance}" if instance else ""),
        status=NodeStatus(node_info=NodeInfo(system_uuid=number)),
    )


async def test_what_is_told_is_not_asked_for() -> None:
    region = Region(**{"i-one": ("vpc-a", "vsw-a")})
    told = region.whereabouts("vpc-told", ("vsw-told",))
    assert (await told.vpc_id(), await told.vswitch_ids()) == ("vpc-told", ("vsw-told",))
    assert region.calls == 0


async def test_nodes_tell_the_vpc_and_the_vswitches_that_most_of_them_use_first() -> None:
    region = Region(**{"i-1": ("vpc-a", "vsw-a"), "i-2": ("vpc-a", "vsw-b"), "i-3": ("vpc-a", "vsw-b")})
    place = region.whereabouts()
    assert (await place.vpc_id(), await place.vswitch_ids()) == ("vpc-a", ("vsw-b", "vsw-a"))
    assert region.calls == 1, "one answer tells both, and is kept"


async def test_of_nodes_in_several_vpcs_none_is_believed_and_the_key_is_named() -> None:
    region = Region(**{"i-1": ("vpc-a", "vsw-a"), "i-2": ("vpc-a", "vsw-a"), "i-3": ("vpc-b", "vsw-b")})
    place = region.whereabouts()
    for asked in (place.vpc_id, place.vswitch_ids):
        with pytest.raises(Refused, match=r"several VPCs \(vpc-a, vpc-b\).*Global\.vpcid"):
            await asked()
    region.nodes.pop()
    region.clock.time += 1.0
    assert await place.vpc_id() == "vpc-a"


async def test_the_vswitches_are_those_of_the_vpc_that_is_told() -> None:
    region = Region(**{"i-1": ("vpc-a", "vsw-a"), "i-3": ("vpc-b", "vsw-b")})
    assert await region.whereabouts("vpc-b", ()).vswitch_ids() == ("vsw-b",)
    with pytest.raises(Refused, match=r"instance is in vpc-c .*Global\.vswitchid"):
        await region.whereabouts("vpc-c", ()).vswitch_ids()


async def test_without_a_node_that_tells_the_key_is_named() -> None:
    for region in (Region(), Region(**{"": ("", "")})):
        with pytest.raises(Refused, match=r"VPC is not known.*Global\.vpcid"):
            await region.whereabouts().vpc_id()
        assert region.calls == 0
    with pytest.raises(Refused, match=r"Global\.vpcid"):
        await Whereabouts().vpc_id()


async def test_a_node_that_is_not_the_instance_it_claims_to_be_tells_nothing() -> None:
    region = Region(**{"i-1": ("vpc-a", "vsw-a"), "i-2": ("vpc-b", "vsw-b")})
    region.nodes[1] = node("i-2", number="5f0c1d5e-0000-4000-8000-00000000ffff")
    assert await region.whereabouts().vpc_id() == "vpc-a"


async def test_what_was_learnt_stays_when_the_last_node_has_gone() -> None:
    region = Region(**{"i-1": ("vpc-a", "vsw-a")})
    place = region.whereabouts()
    await place.vpc_id()
    region.nodes.clear()
    region.clock.time += 3600
    assert (await place.vpc_id(), await place.vswitch_ids()) == ("vpc-a", ("vsw-a",))


async def test_what_passes_by_itself_is_raised_as_it_is_and_asked_again() -> None:
    region = Region(**{"i-1": ("vpc-a", "vsw-a")})
    region.trouble = Lost("the connection ended")
    with pytest.raises(Lost):
        await region.whereabouts().vpc_id()
    region.trouble = None
    assert await region.whereabouts().vpc_id() == "vpc-a"


async def test_a_permission_that_is_missing_is_told_instead_of_the_key() -> None:
    region = Region(**{"i-1": ("vpc-a", "vsw-a")})
    region.trouble = Refused("no", Fault("DescribeInstances", 403, "Forbidden.RAM", "Not allowed.", "r-1"))
    with pytest.raises(Refused, match=r"^no$"):
        await region.whereabouts().vpc_id()


async def test_instances_that_are_not_found_are_not_asked_for_each_time() -> None:
    region = Region(**{"i-1": ("vpc-a", "vsw-a")})
    region.places = {}
    place = region.whereabouts()
    for _ in range(5):
        with pytest.raises(Refused, match=r"Global\.vpcid"):
            await place.vpc_id()
        region.clock.time += 5.0
    assert region.calls == 1
    region.places = {"i-1": ("vpc-a", "vsw-a")}
    region.clock.time += 60.0
    assert await place.vpc_id() == "vpc-a"
