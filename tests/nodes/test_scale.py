"""A thousand nodes join at once: what it costs is counted."""

from collections import Counter

from yunqiao.controllers.nodes.kinds import UNINITIALIZED
from yunqiao.controllers.nodes.rules import MOST, Rules

NODES, FEWER = 1000, 300


def join_all(bench, nodes):
    for number in range(nodes):
        ip = f"10.0.{1 + number // 250}.{1 + number % 250}"
        made = bench.cloud.add(f"i-w{number}", private_ip=ip)
        bench.cluster.join(f"w{number}", ip, uuid=made.serial_number)


async def test_a_thousand_nodes_cost_a_look_per_hundred_and_a_patch_of_each_kind(new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))
    join_all(bench, NODES)
    await bench.run(10, step=5)
    assert not [name for name in bench.cluster.names() if UNINITIALIZED in bench.taints(name)]
    calls = Counter(call.action for call in bench.cloud.calls)
    assert calls == {
        "DescribeNetworkInterfaces": NODES // MOST,
        "DescribeInstances": NODES // MOST,
        "ModifyNetworkInterfaceAttribute": NODES,
    }
    patches = Counter((step.name, step.subresource) for step in bench.cluster.writes)
    assert set(patches.values()) == {1}
    assert len(patches) == 2 * NODES
    assert {bench.provider_id(name) for name in bench.cluster.names()} == {
        f"cn-hangzhou.i-w{number}" for number in range(NODES)
    }


async def test_a_new_leader_looks_once_at_all_of_them_and_writes_nothing(bench):
    join_all(bench, FEWER)
    await bench.run(10, step=5)
    bench.cloud.calls.clear()
    bench.cluster.writes.clear()
    bench.restart()
    await bench.run(10, step=5)
    assert Counter(call.action for call in bench.cloud.calls) == {"DescribeInstances": FEWER // MOST}
    assert bench.cluster.writes == []
