"""What a dry run says of nodes is what a run then does, and it writes nothing."""

from yunqiao.controllers.nodes.rehearsal import rehearse
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.model.step import Call, Deletion, Patch

SHUTDOWN = "node.cloudprovider.kubernetes.io/shutdown"


async def rehearsed(bench):
    bench.hear()
    instances = bench.site.instances
    return await rehearse(bench.cluster.all(), bench.cloud.send, instances, bench.rules, bench.time)


def essence(step):
    """Who is written to and what, without versions and times."""
    if isinstance(step, Call):
        return (step.action, dict(step.params))
    if isinstance(step, Deletion):
        return ("delete", step.name)
    body = {key: value for key, value in step.body.items() if key != "metadata"}
    labels = step.body["metadata"].get("labels", {})
    conditions = [one["type"] for one in body.get("status", {}).pop("conditions", [])]
    return (step.name, step.subresource, repr(body), repr(labels), conditions)


def writes(bench):
    return [*bench.cluster.writes, *(call for call in bench.cloud.calls if call.write)]


async def test_nodes_that_join_are_rehearsed_as_they_are_then_initialised(bench):
    bench.rules = Rules("cn-hangzhou", "vpc-test", routes=True)
    bench.restart()
    for number in (1, 2, 3):
        bench.cloud.add(f"i-w{number}", private_ip=f"10.0.1.{number}")
        bench.cluster.join(f"w{number}", f"10.0.1.{number}")
    before = [bench.cluster.raw(name) for name in bench.cluster.names()]
    played = await rehearsed(bench)
    assert writes(bench) == []
    assert [bench.cluster.raw(name) for name in bench.cluster.names()] == before
    assert {node.metadata.name: node.spec.provider_id for node in played.nodes} == {
        f"w{number}": f"cn-hangzhou.i-w{number}" for number in (1, 2, 3)
    }
    await bench.run()
    assert sorted(map(repr, map(essence, played.steps))) == sorted(map(repr, map(essence, writes(bench))))
    assert any(isinstance(step, Patch) for step in played.steps)


async def test_a_node_in_doubt_is_a_warning_and_no_step(bench):
    bench.cluster.join("w1", "10.0.1.1")
    played = await rehearsed(bench)
    assert played.steps == []
    assert "no ECS instance in vpc-test has its address" in played.warnings[0]


async def test_a_look_that_is_refused_is_told_once(bench):
    for number in (1, 2, 3):
        bench.cluster.join(f"w{number}", f"10.0.1.{number}", provider_id=f"cn-hangzhou.i-w{number}")
    bench.cloud.troubles = ["lost-before"] * 10
    played = await rehearsed(bench)
    assert [str(trouble) for trouble in played.troubles] == ["the connection ended"]


async def test_a_machine_that_stands_still_is_rehearsed_with_its_taint(bench):
    bench.cloud.add("i-w1", private_ip="10.0.1.1")
    bench.cluster.join("w1", "10.0.1.1")
    await bench.run()
    bench.cloud.world.states["ecs"].instances["i-w1"].status = "Stopped"
    bench.cluster.hear("w1", "Unknown")
    bench.restart()
    played = await rehearsed(bench)
    assert [one.spec.taints[0].key for one in played.nodes] == [SHUTDOWN]
