"""Nothing is attached on a kubelet's word alone: what it claims to be is checked with ECS first."""

import msgspec
import pytest
from tests.core.conftest import Bench, new_bench

from yunqiao.cloud.instances import Instances
from yunqiao.controllers.services.claims import Claims
from yunqiao.model.cluster import NodeInfo

LIE = "ffffffff-1111-4222-8333-444455556666"


class Checked:
    """The bench of the Service controller with the check of nodes before it, as `run` puts them together."""

    def __init__(self) -> None:
        self.bench = new_bench()
        self.lost = False
        self.restart()

    def restart(self) -> None:
        async def send(call):
            if self.lost:
                self.bench.cloud.troubles.insert(0, "lost-before")
            return await self.bench.cloud.send(call)

        self.claims = Claims(Instances(send, "cn-hangzhou", self.bench.time), "cn-hangzhou")
        snapshot = self.bench.cluster.snapshot
        self.bench.restart()
        self.bench.services.site.snapshot = lambda key: (found := snapshot(key)) and self.claims.judge(found)

    async def check(self) -> None:
        names = [one.metadata.name for one in self.bench.cluster.nodes if self.claims.noticed(None, one)]
        await self.claims.check(names)

    async def settle(self) -> None:
        await self.check()
        await self.bench.settle()

    def says(self, name: str, number: str) -> None:
        """The kubelet of that node reports another number of its machine."""
        nodes = self.bench.cluster.nodes
        for place, node in enumerate(nodes):
            if node.metadata.name == name:
                status = msgspec.structs.replace(node.status, node_info=NodeInfo(system_uuid=number))
                nodes[place] = msgspec.structs.replace(node, status=status)

    def joins(self, name: str, instance: str) -> None:
        node = self.bench.cluster.nodes[0]
        self.bench.cluster.nodes.append(
            msgspec.structs.replace(
                node,
                metadata=msgspec.structs.replace(node.metadata, name=name),
                spec=msgspec.structs.replace(node.spec, provider_id=f"cn-hangzhou.{instance}"),
            )
        )


@pytest.fixture
def checked() -> Checked:
    return Checked()


def attached(bench: Bench) -> list[str]:
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    (group,) = balancer.groups.values()
    return sorted(one.server_id for one in group.backends.values())


def writes(bench: Bench) -> list[str]:
    return [call.action for call in bench.cloud.writes()]


async def test_a_node_that_is_not_the_machine_it_claims_to_be_is_never_attached(checked):
    checked.says("w1", LIE)
    await checked.settle()
    assert attached(checked.bench) == ["i-w0"]


async def test_a_node_that_turns_out_to_be_another_machine_is_taken_out(checked):
    await checked.settle()
    checked.says("w1", LIE)
    await checked.settle()
    assert attached(checked.bench) == ["i-w0"]


async def test_a_node_that_joins_is_attached_once_ecs_has_borne_it_out(checked):
    await checked.settle()
    checked.joins("w2", "i-w2")
    await checked.bench.settle()
    assert attached(checked.bench) == ["i-w0", "i-w1"]
    await checked.settle()
    assert attached(checked.bench) == ["i-w0", "i-w1", "i-w2"]
    assert writes(checked.bench)[-1] == "AddVServerGroupBackendServers"


async def test_a_node_that_was_not_yet_borne_out_is_attached_after_a_restart(checked):
    await checked.settle()
    checked.joins("w2", "i-w2")
    await checked.bench.settle()
    checked.restart()
    await checked.settle()
    assert attached(checked.bench) == ["i-w0", "i-w1", "i-w2"]


async def test_an_instance_that_is_not_there_keeps_nobody_else_waiting(checked):
    checked.joins("w9", "i-nowhere")
    await checked.settle()
    assert attached(checked.bench) == ["i-w0", "i-w1"]


async def test_while_ecs_cannot_be_asked_what_is_attached_stays_and_other_changes_go_on(checked):
    await checked.settle()
    checked.restart()
    checked.lost = True
    checked.joins("w2", "i-w2")
    await checked.settle()
    assert attached(checked.bench) == ["i-w0", "i-w1"]
    checked.bench.cluster.nodes = [one for one in checked.bench.cluster.nodes if one.metadata.name != "w1"]
    await checked.settle()
    assert attached(checked.bench) == ["i-w0"]
    checked.lost = False
    await checked.settle()
    assert attached(checked.bench) == ["i-w0", "i-w2"]


async def test_a_service_that_comes_before_its_nodes_are_checked_gets_them_afterwards(checked):
    await checked.bench.settle()
    assert attached(checked.bench) == []
    await checked.settle()
    assert attached(checked.bench) == ["i-w0", "i-w1"]


async def test_a_restart_with_nothing_changed_asks_about_the_nodes_and_nothing_else(checked):
    await checked.settle()
    checked.restart()
    checked.bench.cloud.calls.clear()
    checked.bench.cluster.patches.clear()
    await checked.check()
    await checked.bench.services.reconcile("default/nginx")
    assert [call.action for call in checked.bench.cloud.calls] == ["DescribeInstances", "DescribeLoadBalancers"]
    assert checked.bench.cluster.patches == []
