"""What nodes need of Kubernetes, over the wire: patched objects come back, only the one that was meant is deleted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from kubesim.access.users import User
from kubesim.server.serving import Running, Settings, serving
from yunqiao.cli.reaching import transport
from yunqiao.engine.clock import MonotonicClock
from yunqiao.kube.client import Client
from yunqiao.kube.connect import find
from yunqiao.kube.limit import RateLimit
from yunqiao.model.errors import Refused, Stale
from yunqiao.model.kubernetes import NODE
from yunqiao.model.step import Deletion, Patch


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    settings = Settings(kubeconfig=tmp_path / "kubeconfig", enforce_rbac=True, users={"reader": User("reader", ())})
    async with serving(settings) as running:
        running.verbs.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}})
        yield running


@pytest.fixture
async def client(server: Running, tmp_path: Path) -> AsyncIterator[Client]:
    async with connected(tmp_path / "kubeconfig") as client:
        yield client


def connected(kubeconfig: Path) -> Client:
    clock = MonotonicClock()
    return Client(transport(find(clock, str(kubeconfig), {}), RateLimit(clock, qps=0)))


async def test_a_patched_object_comes_back_as_it_is_now(client):
    addresses = [{"$patch": "replace"}, *({"type": "InternalIP", "address": one} for one in ("10.0.0.1", "10.0.0.2"))]
    body = {"status": {"addresses": addresses}}
    node = await client.patched(NODE, Patch("Node", "", "one", body, "addresses", "status", strategic=True))
    assert [one.address for one in node.status.addresses] == ["10.0.0.1", "10.0.0.2"]
    assert node == await client.get(NODE, "", "one")


async def test_a_patch_that_means_another_object_of_that_name_is_stale(client):
    body = {"metadata": {"uid": "another", "labels": {"a": "b"}}}
    with pytest.raises(Stale):
        await client.patch(Patch("Node", "", "one", body, "labels", strategic=True))


@pytest.mark.parametrize("wrong", ["uid", "version"])
async def test_another_object_of_that_name_is_not_deleted(client, wrong):
    node = await client.get(NODE, "", "one")
    uid = "another" if wrong == "uid" else node.metadata.uid
    version = "1" if wrong == "version" else node.metadata.resource_version
    with pytest.raises(Stale):
        await client.delete(Deletion("Node", "", "one", "it is gone", uid, version))
    assert await client.get(NODE, "", "one") == node


async def test_the_object_that_was_meant_is_deleted_once(client):
    node = await client.get(NODE, "", "one")
    gone = Deletion("Node", "", "one", "it is gone", node.metadata.uid, node.metadata.resource_version)
    await client.delete(gone)
    assert await client.get(NODE, "", "one") is None
    with pytest.raises(Stale):
        await client.delete(gone)


async def test_a_permission_that_is_missing_is_named_as_a_rule(server, tmp_path):
    config = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    config["users"][0]["user"]["token"] = "reader"
    (tmp_path / "reader").write_text(yaml.safe_dump(config))
    async with connected(tmp_path / "reader") as client:
        with pytest.raises(Refused, match=r'resources: \["nodes/status"\], verbs: \["patch"\]'):
            await client.patch(Patch("Node", "", "one", {}, "addresses", "status", strategic=True))
        with pytest.raises(Refused, match=r'resources: \["nodes"\], verbs: \["delete"\]'):
            await client.delete(Deletion("Node", "", "one", "it is gone", "uid"))
