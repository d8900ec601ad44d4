"""`yunqiao init-node` in its own process's shoes: real requests to the API server and to the metadata service."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from kubesim.cluster import new_cluster
from kubesim.server.serving import Settings, serving
from yunqiao.cli import init_node, main
from yunqiao.cloud import metadata as metadata_service
from yunsim import worldfile
from yunsim.serving import serving as cloud_serving

WORLD = worldfile.load()
MACHINE = next(one for one in WORLD.instances if one.id == WORLD.metadata_instance)
ID = f"{WORLD.region}.{MACHINE.id}"


@contextmanager
def in_thread(start) -> Iterator:
    """Run an asynchronous context manager on a loop of its own, as another process would."""
    ready, stop, got = threading.Event(), [], []

    async def live() -> None:
        ending = asyncio.Event()
        async with start() as running:
            got.append(running)
            stop.extend((asyncio.get_running_loop(), ending))
            ready.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert ready.wait(10)
    try:
        yield got[0]
    finally:
        stop[0].call_soon_threadsafe(stop[1].set)
        thread.join()


@pytest.fixture
def verbs():
    return new_cluster()


@pytest.fixture
def kubeconfig(verbs, tmp_path) -> Iterator[Path]:
    file = tmp_path / "kubeconfig"
    with in_thread(lambda: serving(Settings(kubeconfig=file), verbs)):
        yield file


@pytest.fixture
def metadata() -> Iterator[str]:
    with in_thread(lambda: cloud_serving(WORLD, "127.0.0.1", 0)) as server:
        yield server.url


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(init_node, "PAUSE", 0.01)
    monkeypatch.setattr(metadata_service, "PAUSE", 0.01)
    monkeypatch.delenv("NODE_NAME", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)


def node(verbs, name="worker-1", address="", **spec):
    verbs.create("nodes", {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec,
        "status": {"addresses": [{"type": "InternalIP", "address": address or str(MACHINE.ip)}]},
    })  # fmt: skip


def run(kubeconfig, metadata, *more) -> int:
    return init_node.main([f"--kubeconfig={kubeconfig}", f"--metadata-endpoint={metadata}", *more])


def test_it_writes_who_the_machine_is_and_leaves_the_taint(verbs, kubeconfig, metadata, monkeypatch, capsys):
    taint = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
    node(verbs, taints=[taint])
    monkeypatch.setenv("NODE_NAME", "worker-1")
    assert run(kubeconfig, metadata) == 0
    assert capsys.readouterr().out == f"node worker-1 is {ID}\n"
    written = verbs.get("nodes", "worker-1")
    assert written["spec"]["providerID"] == ID
    assert taint in written["spec"]["taints"]
    assert written["metadata"]["labels"]["topology.kubernetes.io/region"] == WORLD.region
    assert run(kubeconfig, metadata) == 0
    assert capsys.readouterr().out == f"node worker-1 was {ID} already\n"


def test_the_other_spelling_of_the_same_instance_is_left_as_it_is(verbs, kubeconfig, metadata):
    node(verbs, providerID=f"alicloud://{ID}")
    assert run(kubeconfig, metadata, "--node-name=worker-1") == 0
    assert verbs.get("nodes", "worker-1")["spec"]["providerID"] == f"alicloud://{ID}"


@pytest.mark.parametrize(("spec", "says"), [
    ({"providerID": "cn-hangzhou.i-other"}, "register the node anew"),
    ({"address": "192.0.2.1"}, "none of its addresses"),
    ({"name": "worker-2"}, 'no node "worker-1"'),
])  # fmt: skip
def test_a_node_that_is_not_this_machine_is_refused(verbs, kubeconfig, metadata, capsys, spec, says):
    node(verbs, **spec)
    assert run(kubeconfig, metadata, "--node-name=worker-1") == 1
    assert says in capsys.readouterr().err
    assert not any("labels" in one["metadata"] for one in verbs.list("nodes")["items"])


def test_without_a_name_it_says_how_to_give_one(capsys):
    assert init_node.main([]) == 2
    assert "NODE_NAME" in capsys.readouterr().err


def test_help_shows_an_example_the_exit_statuses_and_the_permissions(capsys):
    with pytest.raises(SystemExit) as ended:
        init_node.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "NODE_NAME=worker-1 yunqiao init-node" in shown
    assert "exit status: 0 done" in shown
    assert "get and patch nodes" in shown
    assert "init-node" in main.usage()


def test_outside_of_ecs_it_says_so_after_a_bounded_time(verbs, kubeconfig, capsys):
    node(verbs)
    assert run(kubeconfig, "http://127.0.0.1:9", "--node-name=worker-1") == 1
    assert "it exists on ECS only" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "says"), [
    (web.Response(text="<html>login</html>"), "which is no ECS instance"),
    (web.Response(status=500), "HTTP 500"),
])  # fmt: skip
def test_metadata_that_is_wrong_is_not_believed(verbs, kubeconfig, capsys, answer, says):
    node(verbs)
    with in_thread(lambda: _Site(answer)) as url:
        assert run(kubeconfig, url, "--node-name=worker-1") == 1
    assert says in capsys.readouterr().err
    assert "providerID" not in verbs.get("nodes", "worker-1")["spec"]


def test_metadata_that_is_too_slow_is_given_up_in_a_bounded_time(verbs, kubeconfig, capsys, monkeypatch):
    monkeypatch.setattr(init_node, "Metadata", partial(metadata_service.Metadata, total=0.05))
    node(verbs)
    began = time.monotonic()
    with in_thread(lambda: _Site(web.Response(text="x"), seconds=1.0)) as url:
        assert run(kubeconfig, url, "--node-name=worker-1") == 1
    assert time.monotonic() - began < 10
    assert "does not answer" in capsys.readouterr().err


def test_an_api_server_that_comes_back_is_waited_for(verbs, kubeconfig, metadata, capsys, monkeypatch):
    node(verbs)
    text = kubeconfig.read_text()
    kubeconfig.write_text(text.replace("https://", "http://"))
    threading.Timer(0.3, kubeconfig.write_text, [text]).start()
    monkeypatch.setattr(init_node, "PAUSE", 0.2)
    assert run(kubeconfig, metadata, "--node-name=worker-1") == 0
    assert "again in 0.2 s" in capsys.readouterr().err


class _Site:
    """Answers every request the same, after so many seconds."""

    def __init__(self, answer: web.Response, seconds: float = 0.0) -> None:
        self._answer, self._seconds = answer, seconds

    async def __aenter__(self) -> str:
        async def handle(_: web.Request) -> web.Response:
            await asyncio.sleep(self._seconds)
            return web.Response(text=self._answer.text, status=self._answer.status)

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handle)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0]
        return f"http://{host}:{port}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
