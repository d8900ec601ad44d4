"""A cluster of machines of every kind: each is recognised, and what is not ours is neither initialised nor deleted."""

import pytest

from yunqiao.controllers.nodes.kinds import UNINITIALIZED, Kind

OTHERS = {
    "hybrid": {"provider_id": "ack-hybrid://node.dc.1"},
    "virtual": {"labels": {"type": "virtual-kubelet"}},
    "virtual-named": {"provider_id": "cn-hangzhou.i-ghost", "labels": {"type": "virtual-kubelet"}},
    "virtual-ack": {"labels": {"alibabacloud.com/virtual-node": "true"}},
    "aws": {"provider_id": "aws:///eu-1a/i-0abc.x"},
    "kind": {"provider_id": "kind://docker/kind/kind-worker"},
    "data-centre": {"provider_id": "idc://host.dc1"},
    "far": {"provider_id": "cn-beijing.i-far"},
    "tianwen": {"labels": {"alibabacloud.com/lingjun-worker": "true",
                           "alibabacloud.com/lingjun-tianwen-environment": "x"}, "provider_id": "e01-cn-x"},
}  # fmt: skip


def join_all(bench, **more):
    for number, (name, how) in enumerate(OTHERS.items(), 1):
        bench.cluster.join(name, f"192.168.1.{number}", **{**how, **more})


async def test_what_is_not_ours_is_left_as_it_is_and_costs_no_call(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("ours", "10.0.1.1")
    join_all(bench)
    before = {name: bench.cluster.raw(name) for name in OTHERS}
    await bench.run(20 * 60, step=10)
    assert {name: bench.cluster.raw(name) for name in OTHERS} == before
    assert bench.provider_id("ours") == "cn-hangzhou.i-one"
    assert not [call for call in bench.cloud.calls if "192.168" in str(call.params) or "i-far" in str(call.params)]


async def test_what_is_not_ours_is_never_tainted_or_deleted_however_silent_it_is(bench):
    join_all(bench, taints=())
    bench.cluster.join("unknown", "192.168.2.1", taints=())
    for name in [*OTHERS, "unknown"]:
        bench.cluster.hear(name, "Unknown")
    await bench.run(60 * 60, step=10)
    assert set(bench.cluster.names()) == {*OTHERS, "unknown"}
    assert bench.cluster.writes == []


async def test_who_waits_in_vain_is_told_why_and_once(bench):
    join_all(bench)
    await bench.run(20 * 60, step=10)
    assert {name: bench.reasons(name) for name in OTHERS} == {name: ["NodeNotOurs"] for name in OTHERS}


async def test_a_lingjun_machine_is_admitted_and_otherwise_left_alone(bench):
    bench.cluster.join(
        "lingjun", "10.8.0.1", provider_id="e01-cn-abc", labels={"alibabacloud.com/lingjun-worker": "true"}
    )
    await bench.run(20 * 60, step=10)
    assert bench.taints("lingjun") == ["node.kubernetes.io/not-ready"] or bench.taints("lingjun") == []
    assert set(bench.labels("lingjun")) == {"alibabacloud.com/lingjun-worker"}
    assert bench.cloud.calls == []


@pytest.mark.parametrize("label", ["service.beta.kubernetes.io/exclude-node", "service.alibabacloud.com/exclude-node"])
async def test_an_excluded_node_is_initialised_when_it_asks_and_then_let_be(bench, label):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1", labels={label: ""})
    await bench.run(20)
    assert UNINITIALIZED not in bench.taints("one")
    bench.cloud.release("i-one")
    bench.cluster.hear("one", "Unknown")
    calls = len(bench.cloud.calls)
    await bench.run(60 * 60, step=10)
    assert bench.cluster.names() == ["one"]
    assert len(bench.cloud.calls) == calls


async def test_the_figures_count_nodes_by_kind(bench):
    join_all(bench)
    figures = {one.labels.get("kind"): one.value for one in bench.story.figures() if one.name == "yunqiao_nodes"}
    assert figures == {
        Kind.INSTANCE.value: 0, Kind.UNNAMED.value: 0, Kind.ELSEWHERE.value: 1, Kind.LINGJUN.value: 0,
        Kind.HYBRID.value: 1, Kind.VIRTUAL.value: 3, Kind.FOREIGN.value: 4,
    }  # fmt: skip
