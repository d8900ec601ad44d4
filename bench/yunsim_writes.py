"""What a write costs yunsim when much exists: CPU time with 1,000 balancers of one listener and 4 backends each.

    python bench/yunsim_writes.py [balancers]

"whole" is what each write cost when the data plane looked at every listener again, "one" what it costs now. All in one
process, on 127/8, health checks off; each figure is the median of 50.
"""

import asyncio
import json
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from yunsim import worldfile
from yunsim.carrying import Carrying
from yunsim.dataplane.loopback import Loopback
from yunsim.dispatch import perform
from yunsim.founding import found
from yunsim.products.slb.traffic import wanted
from yunsim.world import World

REGION = {"RegionId": "cn-hangzhou"}
QUOTA = "slb_quota_backendserver_attached_num"
PORT = 18_080


def build(world: World, count: int) -> list[str]:
    """Make the balancers and return the ids of their groups."""
    workers = [one.id for one in worldfile.load().instances][:4]
    servers = json.dumps([{"ServerId": worker, "Port": 30080, "Weight": 100} for worker in workers])
    groups = []
    for _ in range(count):
        made = call(world, "CreateLoadBalancer", AddressType="internet", InstanceChargeType="PayByCLCU")
        of = {"LoadBalancerId": made["LoadBalancerId"], "ListenerPort": str(PORT)}
        group = call(world, "CreateVServerGroup", LoadBalancerId=of["LoadBalancerId"], BackendServers=servers)
        settings = {"Bandwidth": "-1", "VServerGroupId": group["VServerGroupId"], "HealthCheckSwitch": "off"}
        call(world, "CreateLoadBalancerTCPListener", **of, **settings)
        call(world, "StartLoadBalancerListener", **of)
        groups.append(group["VServerGroupId"])
    return groups


def call(world: World, action: str, **fields: str) -> dict[str, Any]:
    return perform(world, "slb", action, REGION | fields)


async def median_ms(times: int, what: Callable[[int], Awaitable[None]]) -> float:
    taken = []
    for number in range(times):
        before = time.process_time()
        await what(number)
        taken.append((time.process_time() - before) * 1000)
    return statistics.median(taken)


async def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * count)), hard))
    world = found(worldfile.load())
    world.quotas[QUOTA] = 10 * count
    groups = build(world, count)
    carrying = Carrying(world, Loopback())
    carrying.start()
    await carrying.settled()
    workers = [one.id for one in worldfile.load().instances]

    def weigh(number: int) -> None:
        servers = json.dumps([{"ServerId": workers[0], "Port": 30080, "Weight": number % 100}])
        call(world, "SetVServerGroupAttribute", VServerGroupId=groups[number % count], BackendServers=servers)

    async def act(number: int) -> None:
        weigh(number)
        await asyncio.sleep(0)

    async def one(number: int) -> None:
        weigh(number)
        await carrying.settled()

    async def whole(number: int) -> None:
        world.changed()
        weigh(number)
        await carrying.settled()

    async def picture(_number: int) -> None:
        wanted(world)

    listening = len(carrying.engine.ports())
    print(f"{count} balancers, {listening} listening")
    for name, what in (
        ("wanted() of all", picture),
        ("write and data plane, whole", whole),
        ("write and data plane, one", one),
    ):
        print(f"{name:30} {await median_ms(50, what):8.3f} ms CPU")
    carrying_off = await median_ms(50, act)
    print(f"{'write alone':30} {carrying_off:8.3f} ms CPU")
    await carrying.close()


if __name__ == "__main__":
    asyncio.run(main())
