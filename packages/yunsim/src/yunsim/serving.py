"""A whole yunsim in this process: world, APIs, metadata service, control and traffic, on one address.

async with serving(worldfile.load(), "127.0.0.1", 0) as server:
print(server.url)
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from yunsim.calls import Cloud
from yunsim.carrying import Carrying
from yunsim.control import Control
from yunsim.dataplane.engine import Engine
from yunsim.dataplane.kernel.kernel import kernel
from yunsim.dataplane.kernel.namespaces import NotMade
from yunsim.dataplane.kernel.possible import NotPossible
from yunsim.dataplane.loopback import Loopback
from yunsim.founding import found
from yunsim.http import LONGEST_TARGET, application
from yunsim.limits import Limits, Rates, rates_of
from yunsim.metadata import Metadata
from yunsim.networking import Networked, refuse_loopback, wanted
from yunsim.world import World
from yunsim.worldfile import WorldFile

_CLOSE_AFTER = 2.0
"""Seconds that open requests have to end when the server stops."""


@dataclass(frozen=True)
class Server:
    """A running server: where it is, and what it serves."""

    url: str
    cloud: Cloud
    carrying: Carrying


@asynccontextmanager
async def serving(
    file: WorldFile,
    host: str,
    port: int,
    *,
    strict: bool = False,
    rates: Rates | None = None,
    latency: float = 0.0,
    namespaces: str = "",
) -> AsyncIterator[Server]:
    """Serve a world until the block ends; port 0 chooses one, `rates` None takes the file's, `latency` in seconds.

    With `namespaces` every instance is a network namespace, named by its id after that prefix. Raises OSError when the
    address cannot be had, FileError when a product refuses the file, NotPossible when there can be no namespaces.
    """
    cloud = Cloud(
        found(file, strict=strict), limits=Limits(rates_of(file.rates) if rates is None else rates), latency=latency
    )
    async with AsyncExitStack() as stack:
        carrying = Carrying(
            cloud.world, await _engine(stack, cloud.world, namespaces, patient=file.patient_health_checks)
        )
        control = Control(cloud, file, carrying)
        runner = web.AppRunner(
            application(cloud, Metadata(cloud.world, file), control),
            access_log=None,
            shutdown_timeout=_CLOSE_AFTER,
            max_line_size=2 * LONGEST_TARGET,
        )
        await runner.setup()
        stack.push_async_callback(carrying.close)
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, host, port).start()
        carrying.start()
        yield Server(f"http://{host}:{runner.addresses[0][1]}", cloud, carrying)


async def _engine(stack: AsyncExitStack, world: World, namespaces: str, *, patient: bool) -> Engine:
    """Choose what carries traffic; a network in the kernel is there when this returns."""
    if not namespaces:
        return Loopback(patient=patient)
    network = wanted(world)
    refuse_loopback(network, world.wire)
    made = await stack.enter_async_context(kernel(namespaces))
    try:
        await made.apply(network)
    except NotMade as error:
        raise NotPossible(str(error)) from error
    return Networked(Loopback(patient=patient), made, world)
