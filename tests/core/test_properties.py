"""Every wish is reached and then left alone; a crash at any step, old reads and late calls included, ends the same."""

import asyncio
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.conftest import CLUSTER, new_bench

from yunqiao.controllers.services import record
from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.clb.fold import fold, stumble
from yunqiao.controllers.services.clb.options import options
from yunqiao.controllers.services.clb.plan import plan
from yunqiao.controllers.services.clb.see import see
from yunqiao.controllers.services.clb.want import want
from yunqiao.controllers.services.identity import identity
from yunqiao.engine.converge import Way, converge
from yunqiao.model.balancer import Balancer
from yunqiao.model.cluster import ServicePort

PROFILE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PORTS = st.lists(st.integers(80, 84), min_size=1, max_size=4, unique=True).flatmap(
    lambda ports: st.tuples(*(st.tuples(st.just(port), st.integers(30080, 30082)) for port in ports))
)
NODES = st.sets(st.integers(0, 3)).map(sorted)
ANNOTATIONS = st.fixed_dictionaries(
    {"address_type": st.just("intranet")},
    optional={
        "scheduler": st.sampled_from(["rr", "wrr", "wlc"]),
        "name": st.sampled_from(["shop", "shop-2"]),
        "delete_protection": st.sampled_from(["on", "off"]),
        "persistence_timeout": st.sampled_from(["0", "30"]),
        "default_weight": st.sampled_from(["10", "100"]),
        "protocol_port": st.sampled_from(["http:80", "http:80,http:81", "tcp:80,http:82"]),
        "sticky_session": st.just("off"),
        "health_check_flag": st.sampled_from(["on", "off"]),
        "instance_charge_type": st.sampled_from(["PayBySpec", "PayByCLCU"]),
        "spec": st.sampled_from(["slb.s1.small", "slb.s2.small"]),
    },
)
WISH = st.tuples(PORTS, NODES, ANNOTATIONS)
TROUBLE = st.sampled_from(
    ["", "", "", "lost-before", "lost-after", "late", "old", "old", "ended-before", "ended-after"]
)


def wish_for(bench, wish):
    ports, nodes, annotations = wish
    bench.cluster.ask(ports=[ServicePort(port=port, node_port=node_port) for port, node_port in ports])
    bench.cluster.annotate(**annotations)
    bench.cluster.nodes = [new_node(number) for number in nodes]


def new_node(number):
    node = new_bench().cluster.nodes[0]
    return replace(
        node,
        metadata=replace(node.metadata, name=f"w{number}"),
        spec=replace(node.spec, provider_id=f"cn-hangzhou.i-w{number}"),
    )


@PROFILE
@given(st.lists(WISH, min_size=1, max_size=4))
def test_every_wish_is_reached_and_then_left_alone(wishes):
    async def run():
        bench = new_bench()
        for wish in wishes:
            wish_for(bench, wish)
            await bench.settle()
            assert bench.wanted_is_there()
            assert await bench.verify() == []
        bench.cluster.delete()
        await bench.settle()
        assert bench.cloud.shape() == []

    asyncio.run(run())


@PROFILE
@given(st.lists(WISH, min_size=1, max_size=3), st.lists(TROUBLE, max_size=40), st.booleans())
def test_whatever_happens_on_the_way_the_end_is_the_same(wishes, troubles, deleted):
    async def run():
        bench = new_bench()
        bench.cloud.troubles = list(troubles)
        for wish in wishes:
            wish_for(bench, wish)
            await bench.settle()
        if deleted:
            bench.cluster.delete()
            await bench.settle()
        bench.cloud.troubles = []
        await bench.verify()
        assert bench.wanted_is_there()
        assert await bench.verify() == []

    asyncio.run(run())


@PROFILE
@given(st.lists(WISH, min_size=1, max_size=4))
def test_what_is_folded_is_what_a_look_would_have_seen(wishes):
    async def run():
        bench = new_bench()
        for wish in wishes:
            wish_for(bench, wish)
            service = bench.cluster.service
            noted = record.read(service)
            who = identity(service, CLUSTER, noted)
            before = await see(bench.cloud.send, who)
            parsed = options(service.metadata.annotations)
            wanted = want(Asked(bench.cluster.snapshot(""), parsed, who, bench.services.site.rules, noted))
            planned = partial(planned_for, wanted, who)
            done = await converge(before, Way(planned, fold, stumble, bench.cloud.send))
            agree(done.seen, await see(bench.cloud.send, who))

    asyncio.run(run())


def planned_for(wanted, who, seen):
    return plan(wanted, seen, who, 0.0)


def agree(folded, looked):
    """A fold knows less than a look, and nothing else."""
    assert isinstance(folded, Balancer)
    assert isinstance(looked, Balancer)
    assert (folded.id, folded.address, folded.tags) == (looked.id, looked.address, looked.tags)
    assert folded.attributes.items() <= looked.attributes.items()
    assert by_id(folded.groups) == by_id(looked.groups)
    ours = {one.slot: one for one in folded.listeners}
    theirs = {one.slot: one for one in looked.listeners}
    assert ours.keys() == theirs.keys()
    for slot, one in ours.items():
        other = theirs[slot]
        assert (one.description, one.group, one.running) == (other.description, other.group, other.running)
        assert one.attributes.items() <= other.attributes.items()


def by_id(groups):
    return {one.id: (one.name, frozenset(one.backends)) for one in groups}


@pytest.mark.parametrize("moment", ["ended-before", "ended-after"])
@pytest.mark.parametrize("place", ["cloud", "kubernetes"])
async def test_the_process_may_end_at_every_call_of_a_whole_life(moment, place):
    wishes = [
        (((80, 30080),), [0, 1], {"address_type": "intranet"}),
        (((80, 30080), (81, 30081)), [1, 2], {"address_type": "intranet", "scheduler": "wlc"}),
        (((81, 30082),), [2], {"address_type": "intranet"}),
    ]
    shapes = [await undisturbed(wishes[: number + 1]) for number in range(len(wishes))]
    for number in range(60):
        bench = new_bench()
        troubles = [""] * number + [moment]
        (bench.cloud if place == "cloud" else bench.cluster).troubles = troubles
        for wish, shape in zip(wishes, shapes, strict=True):
            wish_for(bench, wish)
            await bench.settle()
            assert bench.cloud.shape() == shape
        bench.cluster.delete()
        await bench.settle()
        assert bench.cloud.shape() == []
        assert bench.cluster.service is None
        if moment in troubles:  # the life ended before its moment came
            return
    raise AssertionError("the life is longer than the moments tried")


async def undisturbed(wishes):
    bench = new_bench()
    for wish in wishes:
        wish_for(bench, wish)
        await bench.settle()
    return bench.cloud.shape()
