"""Two ways to have it written on each Node which ECS instance it is: the manifests of deploy/init-node, applied.

The third, that the controller does it alone, is held to its word in tests/nodes/test_program.py.

The hollow containers run the real command as a process, each with the instance metadata of its own node.
"""

import asyncio
import os
import shutil
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from kubesim.hollow import Hollow, Start
from kubesim.hollow.nodes_file import parse
from kubesim.server.serving import Settings, serving
from yunsim import worldfile
from yunsim.serving import serving as cloud_serving

MANIFESTS = Path(__file__).parents[2] / "deploy" / "init-node"
YUNQIAO = str(Path(sys.executable).with_name("yunqiao"))
WORLD = worldfile.load()
ECS = {one.hostname: one for one in WORLD.instances if one.in_cluster}
TAINT = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
BROADCAST_JOBS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "broadcastjobs.apps.kruise.io"},
    "spec": {
        "group": "apps.kruise.io",
        "scope": "Namespaced",
        "names": {"kind": "BroadcastJob", "plural": "broadcastjobs", "singular": "broadcastjob", "shortNames": ["bcj"]},
        "versions": [{
            "name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": FREE, "status": FREE}}},
        }],
    },
}  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed here")


def nodes_file():
    """The world's nodes as they are before anybody has said who they are, and a virtual one."""
    nodes = [
        {"name": name, "internalIP": str(one.ip), "podCIDR": f"10.244.{number}.0/24", "taints": [TAINT],
         "systemUUID": one.serial_number}
        for number, (name, one) in enumerate(ECS.items())
    ]  # fmt: skip
    virtual = {"name": "virtual", "internalIP": "127.16.32.9", "podCIDR": "10.244.9.0/24", "kind": "virtual-kubelet",
               "labels": {"type": "virtual-kubelet"}}  # fmt: skip
    return parse({"nodes": [*nodes, virtual]}, "test")


@dataclass
class Site:
    """A cluster whose nodes say nothing of themselves."""

    verbs: object
    kubeconfig: Path
    runs: list[Start]
    hollow: Hollow | None = None

    async def kubectl(self, *arguments):
        process = await asyncio.create_subprocess_exec(
            "kubectl", f"--kubeconfig={self.kubeconfig}", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said = (await asyncio.wait_for(process.communicate(), 30))[0].decode()
        assert process.returncode == 0, said
        return said

    async def apply(self, *names):
        """Apply those manifests."""
        return await self.kubectl("apply", *(f"--filename={MANIFESTS / name}" for name in names))

    def written(self):
        """The providerIDs by node."""
        return {one["metadata"]["name"]: one["spec"].get("providerID", "") for one in self.verbs.list("nodes")["items"]}


@asynccontextmanager
async def site(folder, without=""):
    """Start API server, nodes, and one metadata service for each node; the image `yunqiao` is the installed command."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(serving(Settings(kubeconfig=folder / "admin", enforce_rbac=True)))
        metadata = {}
        for name, one in ECS.items():
            world = replace(WORLD, metadata_instance=one.id)
            metadata[name] = (await stack.enter_async_context(cloud_serving(world, "127.0.0.1", 0))).url
        runs = []

        async def image(start):
            if start.command == ("sleep", "infinity"):
                await asyncio.Event().wait()
            assert start.command == ("/usr/bin/init",)
            runs.append(start)
            kubeconfig = folder / f"of-{start.node}"
            kubeconfig.write_text(await account())
            process = await asyncio.create_subprocess_exec(
                YUNQIAO, "init-node", f"--kubeconfig={kubeconfig}",
                env={"PATH": os.environ["PATH"], "METADATA_ENDPOINT": metadata[start.node], **start.environment},
            )  # fmt: skip
            try:
                return await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

        async def account():
            """A kubeconfig with the rights of the pods' ServiceAccount."""
            token = await here.kubectl("create", "token", "yunqiao-init-node", "--namespace=kube-system")
            config = yaml.safe_load(here.kubeconfig.read_text())
            config["users"][0]["user"] = {"token": token.strip()}
            return yaml.safe_dump(config)

        here = Site(running.verbs, folder / "admin", runs)
        file = nodes_file()
        file = replace(file, nodes=tuple(one for one in file.nodes if one.name != without))
        here.hollow = Hollow(running.verbs, file, programs={"yunqiao": image}, grace=0.1)
        await stack.enter_async_context(here.hollow)
        yield here


EXPECTED = {name: f"{WORLD.region}.{one.id}" for name, one in ECS.items()} | {"virtual": ""}


async def test_a_daemonset_writes_it_on_every_ecs_node(tmp_path, until):
    async with site(tmp_path) as here:
        await here.apply("rbac.yaml", "daemonset.yaml")

        async def so():
            return here.written() == EXPECTED

        await until("each node has its providerID", so)
        told = await here.kubectl("rollout", "status", "daemonset/yunqiao-init-node", "--namespace=kube-system",
                                  "--timeout=20s")  # fmt: skip
        assert "successfully rolled out" in told
        assert sorted(run.node for run in here.runs) == sorted(ECS)
        assert all(TAINT in here.verbs.get("nodes", name)["spec"]["taints"] for name in ECS)


async def test_a_broadcast_job_writes_it_on_every_ecs_node_and_on_one_that_comes_later(tmp_path, until):
    late = next(spec for spec in nodes_file().nodes if spec.name == "worker-3")
    async with site(tmp_path, without=late.name) as here:
        (tmp_path / "definition.yaml").write_text(yaml.safe_dump(BROADCAST_JOBS))
        await here.kubectl("apply", f"--filename={tmp_path / 'definition.yaml'}")
        await here.kubectl("wait", "--for=condition=established", "crd/broadcastjobs.apps.kruise.io", "--timeout=10s")
        await here.apply("rbac.yaml", "broadcastjob.yaml")

        async def most():
            return here.written() == {name: one for name, one in EXPECTED.items() if name != late.name}

        await until("each node has its providerID", most)
        here.hollow.add_node(late)

        async def every():
            job = here.verbs.get("broadcastjobs.apps.kruise.io", "yunqiao-init-node", "kube-system")
            return here.written() == EXPECTED and job["status"]["succeeded"] == len(ECS)

        await until("the late node has its providerID too", every)
        job = yaml.safe_load(await here.kubectl("get", "bcj", "yunqiao-init-node", "--namespace=kube-system", "-oyaml"))
        assert (job["status"]["phase"], job["status"]["active"], job["status"]["failed"]) == ("running", 0, 0)
        assert sorted(run.node for run in here.runs) == sorted(ECS)
