"""Where listeners really listen, as the simulated cloud says."""

import asyncio
import contextlib
import io

from aiohttp import web

from yunqiao.cli.sandboxed.listeners import Listener, cloud_state, listeners_of, moved_line, tell_moved
from yunqiao.cli.sandboxed.telling import Teller

MOVED = {"address": "127.17.0.1", "port": 80, "listens_on": "127.17.0.1:20080"}
AT_HOME = {"address": "127.17.0.1", "port": 8080, "listens_on": "127.17.0.1:8080"}
CLOSED = {"address": "127.17.0.1", "port": 81, "listens_on": None}


def test_a_listener_at_another_port_is_moved_and_one_that_is_closed_is_not() -> None:
    found = listeners_of({"listening": [MOVED, AT_HOME, CLOSED]})
    assert [one.moved for one in found] == [True, False, False]
    assert [one.really for one in found] == [("127.17.0.1", 20080), ("127.17.0.1", 8080), None]


def test_the_line_about_a_moved_listener_names_both_ports() -> None:
    line = moved_line(Listener("127.17.0.1", 80, ("127.17.0.1", 20080)))
    assert "127.17.0.1:80 is served at 127.17.0.1:20080" in line


async def test_moved_listeners_are_told_once() -> None:
    looks = 0

    async def state(_: web.Request) -> web.Response:
        nonlocal looks
        looks += 1
        return web.json_response({"listening": [MOVED, AT_HOME]})

    application, out = web.Application(), io.StringIO()
    application.router.add_get("/_yunsim/state", state)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cloud = "http://{}:{}".format(*runner.addresses[0])
    assert (await cloud_state(cloud))["listening"][0] == MOVED
    telling = asyncio.create_task(tell_moved(cloud, Teller(out), every=0.01))
    while looks < 4:
        await asyncio.sleep(0.01)
    telling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await telling
    await runner.cleanup()
    assert out.getvalue().count("127.17.0.1:20080") == 1
    assert "8080" not in out.getvalue()
