"""The simulated data plane under a storm of changes: what a server would have answered is answered.

Here nothing but the data plane can lose a request: the servers live all the time, and take their time to answer.
"""

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from tests.loss.load import Load

from yunqiao.cli.sandboxed.ranges import free_range
from yunsim.dataplane.engine import AccessControl, Backend, HealthCheck, Listener, Stickiness
from yunsim.dataplane.loopback import Loopback

BODY = b"server on here\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n" + BODY
SLOWEST = 0.3
"""Seconds that a server takes for an answer at most: many changes come and go in between."""
SERVERS, SECONDS, CHANGES = 5, 3.0, 60
CHECK = HealthCheck(interval=1.0, timeout=1.0)


@asynccontextmanager
async def servers(network, rng):
    """Servers that answer, each request after a while of its own."""

    async def serve(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(rng.uniform(0, SLOWEST))
                last = b"Connection: close" in head
                writer.write(ANSWER % (len(BODY), b"close" if last else b"keep-alive"))
                if last:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    places = [f"{network}.1.{number}" for number in range(SERVERS)]
    running = [await asyncio.start_server(serve, place, 8000, backlog=1024) for place in places]
    try:
        yield places
    finally:
        for one in running:
            one.close()
        await asyncio.sleep(0.05)


def other(listener, places, rng):
    """The same listener, some settings and backends changed; the first server always takes new requests."""
    chosen = [places[0], *rng.sample(places[1:], rng.randint(0, len(places) - 1))]
    rng.shuffle(chosen)
    weights = [100 if place == places[0] else rng.choice((0, 1, 50, 100)) for place in chosen]
    backends = tuple(Backend(place, place, 8000, weight) for place, weight in zip(chosen, weights, strict=True))
    changed = replace(listener, backends=backends, scheduler=rng.choice(("rr", "wrr", "wlc")))
    kind = rng.choice(("tcp", "http", "off"))
    settings = [
        {"health_check": replace(CHECK, kind=kind, codes=("http_2xx",), timeout=rng.choice((1.0, 2.0)))},
        {"access": rng.choice((AccessControl(), AccessControl("black")))},
        {"drain_timeout": rng.choice((None, 10.0)), "persistence_timeout": rng.choice((0.0, 5.0))},
        {"established_timeout": rng.choice((10.0, 900.0)), "idle_timeout": rng.choice((5.0, 15.0))},
        {"stickiness": rng.choice((None, Stickiness(timeout=5))) if listener.protocol == "http" else None},
    ]
    return replace(changed, **rng.choice(settings)) if rng.random() < 0.3 else changed


async def healthy(engine):
    """Wait until every server has passed its checks."""
    async with asyncio.timeout(10):
        while any(state != "normal" for states in engine.health().values() for state in states.values()):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("protocol", ["tcp", "http"])
async def test_no_change_of_backends_or_settings_costs_a_request(protocol, seed):
    rng = random.Random(seed)
    with free_range() as number:
        network, engine = f"127.{number}", Loopback()
        async with servers(network, rng) as places:
            backends = tuple(Backend(place, place, 8000, 100) for place in places)
            listener = Listener("lb", f"{network}.0.1", 8080, protocol, "rr", backends, CHECK)
            await engine.apply([listener])
            await healthy(engine)
            try:
                async with Load(listener.address, listener.port, per_second=150) as load:
                    for _ in range(CHANGES):
                        await asyncio.sleep(SECONDS / CHANGES)
                        listener = other(listener, places, rng)
                        await engine.apply([listener])
            finally:
                await engine.close()
    assert load.failures == []
    assert load.pace >= 100
