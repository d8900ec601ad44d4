import asyncio
import contextlib

import pytest

from yunqiao.kube.cache import Cache
from yunqiao.kube.watch import Backoff, Reflector
from yunqiao.model.kubernetes import SERVICE


def service(name, port=80):
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"ports": [{"port": port}]}}


class Following:
    """A reflector at work, and what it told: `+name`, `~name`, `-name`."""

    def __init__(self, client, clock):
        self.cache = Cache()
        self.told = []
        self.reflector = Reflector(client, SERVICE, self.cache, self._heard, clock, jitter=lambda: 0.0)

    def _heard(self, old, new):
        sign = "+" if old is None else "-" if new is None else "~"
        self.told.append(sign + (new or old).metadata.name)

    def ports(self):
        return {thing.metadata.name: thing.spec.ports[0].port for thing in self.cache}


@pytest.fixture
async def follow(connect, hasty):
    tasks = []

    async def start(**how):
        following = Following(await connect(**how), hasty)
        tasks.append(asyncio.ensure_future(following.reflector.run()))
        await asyncio.wait_for(following.reflector.has_synced.wait(), 2)
        return following

    yield start
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_it_lists_then_follows_with_the_old_and_the_new_object(server, follow, until):
    server.put("services", service("web"))
    seen = []
    following = await follow()
    following.reflector._on_change = lambda *pair: seen.append([thing and thing.spec.ports[0].port for thing in pair])
    assert following.told == ["+web"]
    await until(lambda: server.watchers)
    server.put("services", service("web", port=81))
    server.put("services", service("api"))
    server.remove("services", "shop", "web")
    await until(lambda: len(seen) == 3)
    assert seen == [[80, 81], [None, 80], [81, None]]
    assert following.ports() == {"api": 80}


async def test_a_watch_asks_for_bookmarks_from_where_the_list_ended(server, follow, until):
    server.put("services", service("web"))
    await follow()
    await until(lambda: server.watchers)
    query = server.requests("watch", "services")[0].query
    assert query["resourceVersion"] == "1"
    assert query["allowWatchBookmarks"] == "true"


async def test_a_closed_watch_goes_on_from_the_last_bookmark_without_listing(server, follow, until):
    server.put("services", service("web"))
    following = await follow()
    await until(lambda: server.watchers)
    server.bookmark()
    await until(lambda: following.reflector._version == "2")
    server.tell("close")
    await until(lambda: len(server.requests("watch", "services")) == 2)
    assert server.requests("watch", "services")[1].query["resourceVersion"] == "2"
    assert len(server.requests("list", "services")) == 1


async def test_a_410_in_the_stream_lists_again_and_tells_only_the_differences(server, follow, until):
    for name in ("same", "changed", "deleted"):
        server.put("services", service(name))
    following = await follow()
    following.told.clear()
    await until(lambda: server.watchers)
    server.blind = True
    server.put("services", service("changed", port=81))
    server.remove("services", "shop", "deleted")
    server.put("services", service("new"))
    server.blind = False
    server.compact()
    server.tell("close")
    await until(lambda: len(following.told) == 3)
    assert sorted(following.told) == ["+new", "-deleted", "~changed"]
    assert following.ports() == {"same": 80, "changed": 81, "new": 80}


async def test_a_410_as_the_answer_lists_again(server, follow, until):
    server.put("services", service("web"))
    following = await follow()
    await until(lambda: server.watchers)
    server.fault("watch", "services", status=410, message="Expired: too old resource version")
    server.blind = True
    server.put("services", service("api"))
    server.remove("services", "shop", "web")
    server.blind = False
    server.history.clear()
    server.tell("close")
    await until(lambda: following.told == ["+web", "-web", "+api"])
    assert len(server.requests("list", "services")) == 2


async def test_an_object_made_anew_between_two_lists_is_deleted_and_added(server, follow, until):
    server.put("services", service("web"))
    following = await follow()
    await until(lambda: server.watchers)
    server.blind = True
    server.remove("services", "shop", "web")
    server.put("services", service("web"))
    server.blind = False
    server.compact()
    server.tell("close")
    await until(lambda: following.told == ["+web", "-web", "+web"])


async def test_a_watch_cut_in_the_middle_of_a_line_goes_on_at_the_last_version(server, follow, until):
    server.put("services", service("web"))
    following = await follow()
    await until(lambda: server.watchers)
    server.put("services", service("web", port=81))
    await until(lambda: following.ports() == {"web": 81})
    server.tell("cut", b'{"type":"MODIFIED","object":{"metadata":{"na')
    await until(lambda: len(server.requests("watch", "services")) == 2)
    server.put("services", service("web", port=82))
    await until(lambda: following.ports() == {"web": 82})
    assert server.requests("watch", "services")[1].query["resourceVersion"] == "2"
    assert len(server.requests("list", "services")) == 1
    assert following.told == ["+web", "~web", "~web"]


async def test_a_peer_that_falls_silent_is_noticed_after_its_own_timeout(server, follow, until):
    server.put("services", service("web"))
    server.mute = True
    following = await follow(watch_seconds=0.2, grace=0.2)
    await until(lambda: len(server.requests("watch", "services")) == 2)
    server.put("services", service("web", port=81))
    await until(lambda: following.ports() == {"web": 81})


async def test_a_server_that_closes_every_watch_at_once_is_not_asked_without_end(server, follow, until, hasty):
    server.put("services", service("web"))
    server.fault("watch", "services", times=6, raw=b" ")
    await follow()
    await until(lambda: len(server.requests("watch", "services")) == 7)
    assert hasty.slept[:6] == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6]
    assert len(server.requests("list", "services")) == 1


@pytest.mark.parametrize(
    "line",
    [b"\x00\xff not json", b'{"type":"ADDED","object":{"metadata":{}}}', b'{"type":"NEW","object":{}}', b"[]"],
)
async def test_a_garbage_line_is_survived_by_listing_again(server, follow, until, line):
    server.put("services", service("web"))
    following = await follow()
    await until(lambda: server.watchers)
    server.tell("line", line)
    await until(lambda: len(server.requests("list", "services")) == 2)
    server.put("services", service("api"))
    await until(lambda: following.told == ["+web", "+api"])


async def test_a_server_in_trouble_is_asked_again_ever_more_slowly(server, follow, until, hasty):
    server.put("services", service("web"))
    server.fault("list", "services", times=4, status=503)
    await follow()
    assert hasty.slept[:4] == [0.8, 1.6, 3.2, 6.4]


async def test_a_busy_server_is_left_alone_for_as_long_as_it_says(server, follow, hasty):
    server.fault("list", "services", status=429, headers={"Retry-After": "17"})
    await follow()
    assert hasty.slept[0] == 17


async def test_a_slow_list_is_waited_for_and_never_asked_for_twice_at_once(server, follow, until):
    server.put("services", service("web"))
    server.fault("list", "services", times=2, slow=0.2)
    following = await follow()
    await until(lambda: server.watchers)
    server.compact()
    server.tell("line", b"garbage")
    await until(lambda: len(server.requests("watch", "services")) == 2)
    assert following.told == ["+web"]
    assert len(server.requests("list", "services")) == 2
    assert server.most_lists_at_once == 1


async def test_a_list_that_is_slower_than_its_deadline_is_asked_for_again(server, follow):
    server.put("services", service("web"))
    server.fault("list", "services", hang=True)
    following = await follow(timeout=0.2)
    assert following.told == ["+web"]


async def test_a_listener_that_fails_does_not_stop_the_cache(server, follow, until, caplog):
    server.put("services", service("web"))
    following = await follow()
    following.reflector._on_change = lambda old, new: 1 / 0
    await until(lambda: server.watchers)
    server.put("services", service("web", port=81))
    await until(lambda: following.ports() == {"web": 81})
    assert "a listener to services failed" in caplog.text


def test_backoff_is_jittered_and_bounded():
    backoff = Backoff(lambda: 0.5, first=1.0, most=4.0)
    assert [backoff.delay() for _ in range(4)] == [1.5, 3.0, 6.0, 6.0]
    backoff.reset()
    assert backoff.delay() == 1.5
