"""After every change the engine knows what should run."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from yunsim import worldfile
from yunsim.carrying import Carrying
from yunsim.dataplane.engine import Listener, ListenerKey
from yunsim.dataplane.loopback import key_of
from yunsim.dispatch import perform
from yunsim.founding import found
from yunsim.world import World


class Recorder:
    """An engine that carries nothing and remembers what it was told; `fails` times it refuses."""

    def __init__(self, fails: int = 0) -> None:
        self.told: list[list[Listener]] = []
        self.changes: list[tuple[set[ListenerKey], set[ListenerKey]]] = []
        self.fails = fails
        self.closed = False

    async def apply(self, listeners: Iterable[Listener]) -> None:
        await asyncio.sleep(0)
        if self.fails:
            self.fails -= 1
            raise OSError("no sockets today")
        self.told.append(list(listeners))

    async def change(self, gone: Iterable[ListenerKey], listeners: Iterable[Listener]) -> None:
        running = {key_of(one): one for one in (self.told[-1] if self.told else [])}
        changed = {key_of(one): one for one in listeners}
        self.changes.append((set(gone), set(changed)))
        await self.apply((running | changed)[key] for key in (running | changed).keys() - set(gone))

    def errors(self) -> Mapping[ListenerKey, str]:
        return {}

    def health(self) -> Mapping[ListenerKey, Mapping[str, Any]]:
        return {}

    def ports(self) -> Mapping[ListenerKey, tuple[str, int]]:
        return {}

    async def close(self) -> None:
        self.closed = True


def start_listener(world: World) -> str:
    created = perform(world, "slb", "CreateLoadBalancer", {"RegionId": world.region, "InstanceChargeType": "PayByCLCU"})
    of = {"RegionId": world.region, "LoadBalancerId": created["LoadBalancerId"], "ListenerPort": "8080"}
    group = perform(world, "slb", "CreateVServerGroup", of)["VServerGroupId"]
    perform(world, "slb", "CreateLoadBalancerTCPListener", of | {"Bandwidth": "-1", "VServerGroupId": group})
    perform(world, "slb", "StartLoadBalancerListener", of)
    return str(created["LoadBalancerId"])


async def test_the_engine_is_told_what_runs_and_changes_that_come_together_are_told_once():
    world, engine = found(worldfile.load()), Recorder()
    carrying = Carrying(world, engine)
    carrying.start()
    await carrying.settled()
    start_listener(world)
    await carrying.settled()
    assert [[one.port for one in told] for told in engine.told] == [[], [8080]]
    await carrying.close()


async def test_a_change_of_one_balancer_concerns_its_listeners_alone():
    world, engine = found(worldfile.load()), Recorder()
    first, second = start_listener(world), start_listener(world)
    carrying = Carrying(world, engine)
    carrying.start()
    await carrying.settled()
    of = {"RegionId": world.region, "LoadBalancerId": first, "ListenerPort": "8080"}
    perform(world, "slb", "SetLoadBalancerTCPListenerAttribute", of | {"Scheduler": "rr"})
    await carrying.settled()
    perform(world, "slb", "StopLoadBalancerListener", of)
    await carrying.settled()
    perform(world, "slb", "DeleteLoadBalancer", {"RegionId": world.region, "LoadBalancerId": second})
    await carrying.settled()
    one, other = (first, "tcp", 8080), (second, "tcp", 8080)
    assert engine.changes == [(set(), {one}), ({one}, set()), ({other}, set())]
    assert engine.told[-1] == []
    await carrying.close()


async def test_after_a_failure_everything_is_told_again():
    world, engine = found(worldfile.load()), Recorder()
    start_listener(world)
    carrying = Carrying(world, engine)
    carrying.start()
    await carrying.settled()
    engine.fails = 1
    balancer = start_listener(world)
    await carrying.settled()
    world.changed("no-balancer")
    await carrying.settled()
    assert balancer in {one.load_balancer_id for one in engine.told[-1]}
    assert len(engine.told[-1]) == 2
    await carrying.close()


async def test_an_engine_that_fails_is_told_again_with_the_next_change(caplog: pytest.LogCaptureFixture):
    world, engine = found(worldfile.load()), Recorder(fails=1)
    carrying = Carrying(world, engine)
    carrying.start()
    with caplog.at_level(logging.ERROR):
        await carrying.settled()
    assert "could not take a change" in caplog.text
    world.changed()
    await carrying.settled()
    assert engine.told == [[]]
    await carrying.close()


async def test_after_the_end_nothing_is_followed_and_the_engine_is_closed():
    world, engine = found(worldfile.load()), Recorder()
    carrying = Carrying(world, engine)
    carrying.start()
    assert world.health is not None
    await carrying.close()
    assert engine.closed
    assert (world.on_change, world.health) == ([], None)
