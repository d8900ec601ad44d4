"""Everything at once, at random: a few changes, or as many as fit into SOAK_MINUTES (10 by default).

`SOAK_SEED=N` has the changes of one seed again.
"""

import asyncio
import os
import random
import signal
import time

import pytest
from tests.loss.machines import WORKERS
from tests.loss.modes import MODES
from tests.loss.site import DEPLOYMENTS, NODES, SERVICES
from tests.loss.wishes import POD_PORT, PORT, PREFIX

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEW = 6
PATIENT = False
"""Many changes in little time are the point here; the other modules have new backends prove themselves."""


class Storm:
    """What may happen to one Service, its pods, the nodes and the controller."""

    def __init__(self, place, name, controller, rng):
        self.place, self.name, self.controller, self.rng = place, name, controller, rng
        self.told = []
        self._ports = [{"name": "web", "port": PORT, "targetPort": POD_PORT,
                        "nodePort": place.service(name)["spec"]["ports"][0]["nodePort"]}]  # fmt: skip

    async def step(self):
        kind = self.rng.choice([self.roll, self.scale, self.cordon, self.annotate, self.port, self.restart])
        self.told.append(kind.__name__)
        await kind()
        await asyncio.sleep(self.rng.choice((0.0, 0.1, 0.5, 1.0)))

    async def roll(self):
        self.place.roll(self.name)

    async def scale(self):
        self.place.patch(DEPLOYMENTS, self.name, spec={"replicas": self.rng.randint(1, 5)})

    async def cordon(self):
        chosen = self.rng.choice(WORKERS)
        for node in WORKERS:
            self.place.patch(NODES, node, spec={"unschedulable": None})
        if self.rng.random() < 0.7:
            self.place.drain(chosen)

    async def annotate(self):
        suffix, values = self.rng.choice([
            ("scheduler", ("rr", "wrr", "wlc")),
            ("established-timeout", ("60", "600")),
            ("connection-drain", ("on", "off")),
            ("persistence-timeout", ("0", "30")),
            ("default-weight", ("10", "100")),
        ])  # fmt: skip
        notes = {PREFIX + suffix: self.rng.choice(values), PREFIX + "connection-drain-timeout": "30"}
        self.place.patch(SERVICES, self.name, metadata={"annotations": notes})

    async def port(self):
        more = {"name": "other", "port": PORT + 1, "targetPort": POD_PORT}
        self.place.patch(
            SERVICES, self.name, spec={"ports": [*self._ports, *([more] if self.rng.random() < 0.5 else [])]}
        )

    async def restart(self):
        self.controller.process.send_signal(self.rng.choice((signal.SIGTERM, signal.SIGKILL)))
        await self.controller.process.wait()
        self.controller = await self.place.begin()

    async def calm(self, mode):
        for node in WORKERS:
            self.place.patch(NODES, node, spec={"unschedulable": None})
        replicas = self.place.cluster.verbs.get(DEPLOYMENTS, self.name, "default")["spec"]["replicas"]
        await self.place.available(self.name, replicas, 30)
        await self.place.settled(self.name, mode)


async def live(place, mode, seed):
    """Some changes in a row, each beginning before the one before it is done; what was lost, and the story."""
    name = f"storm-{mode}-{seed}"
    controller = await place.begin()
    async with place.load(name, mode, pod={"grace": 5, "pre_stop": 4}) as load:
        storm = Storm(place, name, controller, random.Random(seed))
        for _ in range(FEW):
            await storm.step()
        await storm.calm(mode)
    await place.end(storm.controller)
    return place.lost(load), f"SOAK_SEED={seed}: {', then '.join(storm.told)}"


@pytest.mark.parametrize("mode", MODES)
async def test_several_changes_at_once_lose_no_request(bare_place, mode):
    lost, story = await live(bare_place, mode, 1)
    assert lost == [], story


@pytest.mark.soak
@pytest.mark.parametrize("mode", MODES)
async def test_a_storm_of_changes_loses_no_request(bare_place, mode):
    if "SOAK_SEED" in os.environ:
        lost, story = await live(bare_place, mode, int(os.environ["SOAK_SEED"]))
        assert lost == [], story
        return
    end, seed = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "10")) / len(MODES), 1000
    while time.monotonic() < end:
        seed += 1
        lost, story = await live(bare_place, mode, seed)
        assert lost == [], story
