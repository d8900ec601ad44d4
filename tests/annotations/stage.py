"""The controller's core, the simulated cloud and its data plane in one process: a request shows what was asked for.

A test annotates the Service, lets the controller work, asks the cloud what it holds, and sends requests through the
listener's address to backends that tell what they received.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from tests.annotations.backends import Backend
from tests.annotations.flying import silence
from tests.annotations.places import INSIDE, INTERNET, NODE_PORT, VSWITCH
from tests.annotations.traffic import Traffic
from tests.annotations.wishes import Wishes, port
from tests.core.conftest import Bench, Cloud, Cluster, Time, new_bench, new_world

from yunqiao.controllers.services.publish import CONDITION
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Lost, NotYet, Refused, Stale
from yunqiao.model.step import Call
from yunqiao.options.declare import PREFIXES
from yunsim.carrying import Carrying
from yunsim.dataplane.loopback import Loopback

KEY = "default/nginx"
TURNS, LATER = 60, 45.0
"""A controller that needs more turns never ends; one that asks for a turn that many seconds later has ended."""


@dataclass
class Stage(Traffic, Wishes):
    """One Service with its nodes, its cloud, the traffic through it, and the controller between them."""

    async def settle(self) -> list[Call]:
        """Let the controller work until nothing is left to do, and the data plane take it; gives the writes."""
        before = len(self.writes())
        for _ in range(TURNS):
            again = await self.turn()
            if again is None or again >= LATER:
                break
            self.bench.time.time += again
        else:
            raise AssertionError("it never settled")
        await self.carrying.settled()
        return self.writes()[before:]

    async def turn(self) -> float | None:
        """One turn of the controller, and what its outcome means to the loop that gives turns."""
        try:
            return await self.bench.services.reconcile(KEY)
        except NotYet as trouble:
            return trouble.after
        except (Lost, Stale):
            return 1.0
        except Refused as trouble:
            self.bench.services.report(KEY, trouble)
            return None

    async def wear(self, annotations: Mapping[str, str]) -> list[Call]:
        """Annotate and settle."""
        self.annotate(annotations)
        return await self.settle()

    def writes(self) -> list[Call]:
        return self.bench.cloud.writes()

    def warnings(self) -> list[str]:
        return [text for kind, _, text in self.bench.told if kind == "Warning"]

    def warned_of(self, suffix: str, value: str) -> None:
        """The Service's owner was told of that value, in an Event and in the condition: annotation, value, allowed."""
        told = [text for text in self.warnings() if f"{PREFIXES[0]}{suffix}: " in text]
        assert told
        assert all(f'"{value[:57]}' in text and "allowed: " in text for text in told)
        (ours,) = [one for one in self.service.status.conditions if one.type == CONDITION]
        assert ours.status == "False"
        assert told[-1] in ours.message

    async def serve(self, name: str, number: int = NODE_PORT) -> None:
        """Something that answers at the address of an instance, and tells its name."""
        (address, *_) = self.bench.cloud.world.states["ecs"].instances[f"i-{name}"].addresses()
        self.backends[name] = Backend(name, self.on_wire(address), number)
        await self.backends[name].start()

    async def gone(self) -> None:
        """Delete the Service, and see that nothing stays."""
        self.bench.cluster.delete()
        await self.settle()
        assert self.bench.cluster.service is None
        assert self.balancers() == []

    async def close(self) -> None:
        """End all connections and stop all that serves."""
        await self.hang_up()
        await self.carrying.close()
        for backend in self.backends.values():
            await backend.stop()
        await silence()


async def new_stage(instances: int = 3, nodes: Iterable[str] = ("w0", "w1")) -> Stage:
    """A Service of one TCP port on two nodes that answer; nothing has been made in the cloud yet."""
    world = new_world(instances)
    world.wire[VSWITCH], world.internet = INSIDE, INTERNET
    base = new_bench()
    time = Time()
    bench = Bench(Cloud(time, world), Cluster(base.cluster.service, []), time)
    stage = Stage(bench, Carrying(world, Loopback()))
    bench.cluster.nodes = [_node(base.cluster.nodes[0], name) for name in nodes]
    world.states["vpc"].add_vswitch(world, "vpc-test", "127.16.16.0/20", "cn-hangzhou-h", own_id="vsw-other")
    for name in nodes:
        await stage.serve(name)
    stage.ask(port())
    stage.carrying.start()
    return stage


def _node(pattern: Node, name: str) -> Node:
    return msgspec.structs.replace(
        pattern,
        metadata=msgspec.structs.replace(pattern.metadata, name=name),
        spec=msgspec.structs.replace(pattern.spec, provider_id=f"cn-hangzhou.i-{name}"),
    )
