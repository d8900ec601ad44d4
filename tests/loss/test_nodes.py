"""Nodes come, go and die while requests run."""

import asyncio

import pytest
from tests.loss.machines import SPARE, node_spec
from tests.loss.modes import MODES
from tests.loss.site import DEPLOYMENTS, NODES
from tests.loss.wishes import CLUSTER, DETECTION, LOCAL

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTICED = 1.5
"""Seconds after which the control plane notices that a node is silent."""
REACTION = 0.5
"""Seconds from there to the last change of what serves."""
SLACK = 1.0
"""Seconds that probes and changes may be late on a busy machine."""


@pytest.mark.parametrize("mode", MODES)
async def test_draining_a_node_loses_no_request(place, mode):
    name = f"drained-{mode}"
    async with place.load(name, mode) as load:
        place.drain("n1")
        await place.available(name, 3)
        await place.settled(name, mode)
        assert place.nodes_of(name) == {"n2", "n3"}
        place.patch(NODES, "n1", spec={"unschedulable": None})
    assert place.lost(load) == []


@pytest.mark.parametrize("mode", MODES[::2])
async def test_a_node_whose_kubelet_falls_silent_while_its_pods_serve_costs_no_request(place, mode):
    """In Local mode its own kube-proxy lets nobody through any more, before any balancer can know."""
    name = f"hangs-{mode}"
    async with place.load(name, mode) as load:
        for status, nodes in (("Unknown", 2), ("True", 3)):
            place.say_ready("n1", status)
            await place.until("the pods follow", lambda number=nodes: len(place.wanted(name, LOCAL)) == number)
            await place.settled(name, mode)
    assert place.lost(load) == []


@pytest.mark.parametrize("mode", MODES)
async def test_a_node_that_dies_costs_requests_until_health_check_or_control_plane_notice(place, mode):
    """The machine loses its power: nothing refuses, whoever asks it waits in vain.

    What can be lost: what the balancer sends to it before its health check has failed, and what other nodes forward to
    its pods before the control plane has noticed. After both nothing is.
    """
    name = f"dies-{mode}"
    async with place.load(name, mode) as load:
        died = load.now
        await place.hollow.stop_node("n1", noticed_after=NOTICED, silently=True)
        await place.until("it is noticed", lambda: "i-n1" not in place.wanted(name, CLUSTER))
        await place.settled(name, mode)
        bound = died + max(DETECTION, NOTICED + REACTION) + SLACK
        await asyncio.sleep(bound - load.now + 0.5)
        late = place.lost(load, bound)
        place.hollow.start_node("n1")
        await place.available(name, 3)
        await place.until("all is as before", lambda: len(place.wanted(name, mode)) == 3)
        await place.settled(name, mode)
    assert load.failures
    assert late == []
    assert {one.at for one in load.failures if not died - 0.1 <= one.at <= bound} == set()


@pytest.mark.parametrize("mode", MODES)
async def test_a_node_that_joins_and_is_taken_out_again_costs_no_request(place, mode):
    """It is tainted as the cluster autoscaler does, drained and switched off; kept connections end with the machine."""
    name = f"joins-{mode}"
    async with place.load(name, mode, pod={"grace": 1, "pre_stop": 0}) as load:
        place.hollow.add_node(node_spec(SPARE))
        await place.until("it has joined", lambda: f"i-{SPARE}" in place.wanted(name, CLUSTER))
        place.patch(DEPLOYMENTS, name, spec={"replicas": 4})
        await place.available(name, 4)
        await place.settled(name, mode)
        assert SPARE in place.nodes_of(name)
        taint = {"key": "ToBeDeletedByClusterAutoscaler", "value": "1", "effect": "NoSchedule"}
        place.patch(NODES, SPARE, spec={"taints": [taint]})
        place.drain(SPARE)
        await place.available(name, 4)
        await place.until("nothing new goes there", lambda: not place.backends(name).get(f"i-{SPARE}"))
        await asyncio.sleep(0.3)  # what was sent before is answered
        await place.hollow.remove_node(SPARE)
        await place.settled(name, mode)
    lost = [one for one in place.lost(load) if getattr(one, "way", "fresh") != "kept"]
    assert lost == []
