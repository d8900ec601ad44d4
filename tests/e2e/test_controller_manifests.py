"""The manifests of deploy/controller, applied by kubectl to a cluster that asks for rights.

The hollow containers run the real command as a process, with the flags of the manifest, the mounted cloud-config and
the rights of the pod's ServiceAccount; what they may do is compared with what they did.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import yaml
from tests.e2e.conftest import default_addresses

from kubesim.access.access import Access
from kubesim.errors import StatusError
from kubesim.hollow import Hollow
from kubesim.hollow.nodes_file import parse
from kubesim.server.serving import Settings, serving
from yunqiao.cli.sandboxed.sandbox import environment
from yunsim import worldfile
from yunsim.serving import serving as cloud_serving

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "deploy" / "controller"
COMMAND = str(Path(sys.executable).with_name("cloud-controller-manager"))
ACCOUNT = "system:serviceaccount:kube-system:yunqiao"
WORLD = worldfile.load()
ECS = [one for one in WORLD.instances if one.in_cluster]
CONTROL_PLANE = {
    "roles": ["control-plane"],
    "taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}],
}
LEADER = "control-plane.alpha.kubernetes.io/leader"
OLDER = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "cloud-controller-manager", "namespace": "kube-system"},
    "spec": {
        "selector": {"matchLabels": {"app": "cloud-controller-manager", "tier": "control-plane"}},
        "template": {
            "metadata": {"labels": {"app": "cloud-controller-manager", "tier": "control-plane"}},
            "spec": {
                "tolerations": [{"operator": "Exists"}],
                "nodeSelector": {"node-role.kubernetes.io/control-plane": ""},
                "containers": [{"name": "older", "image": "older"}],
            },
        },
    },
}
ONLY_SOMETIMES = {
    ("", "pods", "get"), ("", "pods/status", "patch"),  # readiness gates: tests/annotations/test_pods.py
    ("", "nodes", "get"),  # a node that is gone from the watch while its route is there
    ("", "nodes", "delete"),  # an instance that is gone for certain: tests/nodes/test_leaving.py
    ("", "events", "patch"),  # an Event that is told again
}  # fmt: skip

pytestmark = [
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed here"),
    pytest.mark.timeout(120),
]


def nodes_file():
    """The world's machines as kubelets with an external cloud provider register them; two are the control plane."""
    nodes = [
        {"name": one.hostname, "internalIP": str(one.ip), "podCIDR": f"10.244.{number}.0/24",
         "systemUUID": one.serial_number, "cloudProvider": "external", **(CONTROL_PLANE if number < 2 else {})}
        for number, one in enumerate(ECS)
    ]  # fmt: skip
    return parse({"nodes": nodes}, "test")


@dataclass
class Site:
    """A cloud, a cluster, and what its pods have run."""

    folder: Path
    verbs: object
    cloud: object
    logs: list[Path] = field(default_factory=list)
    asked: set = field(default_factory=set)
    """What the controller's account has asked for, as (verb, namespace, group, resource, name)."""
    refused: set = field(default_factory=set)

    async def kubectl(self, *arguments):
        process = await asyncio.create_subprocess_exec(
            "kubectl", f"--kubeconfig={self.folder / 'admin'}", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said = (await asyncio.wait_for(process.communicate(), 60))[0].decode()
        assert process.returncode == 0, f"{said}\n{self.told()}"
        return said

    async def apply(self, *files):
        return await self.kubectl("apply", *(f"--filename={file}" for file in files))

    def told(self):
        """What the controllers have logged."""
        return "\n".join(log.read_text() for log in self.logs)

    async def controller(self, start):
        """Run a container: a process, until it ends or its pod does."""
        number = len(self.logs)
        self.logs.append(self.folder / f"log-{number}")
        config, kubeconfig = self.folder / f"config-{number}", self.folder / f"kubeconfig-{number}"
        config.mkdir()
        for name, text in self.verbs.get("configmaps", "cloud-config", "kube-system")["data"].items():
            (config / name).write_text(text)
        admin = yaml.safe_load((self.folder / "admin").read_text())
        token = (await self.kubectl("create", "token", "yunqiao", "--namespace=kube-system")).strip()
        kubeconfig.write_text(
            yaml.safe_dump(admin | {"users": [{"name": admin["users"][0]["name"], "user": {"token": token}}]})
        )
        program, *flags = [each.replace("/etc/kubernetes/config", str(config)) for each in start.command]
        assert program == "/cloud-controller-manager"
        with self.logs[number].open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                COMMAND, *flags, f"--kubeconfig={kubeconfig}", f"--health-probe-bind-addr=127.0.0.1:{free_port()}",
                "--metrics-bind-addr=0", "--leader-elect-retry-period=1s",
                env={"PATH": os.environ["PATH"], **environment(self.cloud.url)}, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                return await process.wait()
            finally:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@asynccontextmanager
async def site(folder, monkeypatch):
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(serving(Settings(kubeconfig=folder / "admin", enforce_rbac=True)))
        await stack.enter_async_context(default_addresses())
        cloud = await stack.enter_async_context(cloud_serving(WORLD, "127.0.0.1", 0))
        here = Site(folder, running.verbs, cloud)
        require = Access.require

        def noted(access, user, asked):
            if user.name == ACCOUNT and asked.resource:
                what = (asked.verb, asked.namespace, asked.group, asked.resource, asked.name)
                here.asked.add(what)
                try:
                    return require(access, user, asked)
                except StatusError:
                    here.refused.add(what)
                    raise
            return require(access, user, asked)

        monkeypatch.setattr(Access, "require", noted)
        await stack.enter_async_context(
            Hollow(running.verbs, nodes_file(), programs={"yunqiao": here.controller}, grace=0.1)
        )
        yield here


def granted(*files):
    """(group, resource, verb) of every rule in those manifests."""
    things = [thing for file in files for thing in yaml.safe_load_all((MANIFESTS / file).read_text())]
    return {
        (group, resource, verb)
        for thing in things
        for rule in thing.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


async def life(here, until):
    """Nodes get to know themselves, then a Service lives and dies."""

    async def initialised():
        nodes = here.verbs.list("nodes")["items"]
        taints = [taint["key"] for node in nodes for taint in node["spec"].get("taints") or ()]
        return all(node["spec"].get("providerID") for node in nodes) and not any(
            "cloudprovider" in key for key in taints
        )

    async def routed():
        told = [one for node in here.verbs.list("nodes")["items"] for one in node["status"]["conditions"]
                if one["type"] == "NetworkUnavailable"]  # fmt: skip
        return [one["status"] for one in told] == ["False"] * len(ECS)

    async def address():
        status = here.verbs.get("services", "nginx", "default")["status"]
        return (status["loadBalancer"].get("ingress") or [{}])[0].get("ip")

    async def answers():
        try:
            async with session.get(f"http://{found}:8080/") as answer:
                return answer.status == 200
        except aiohttp.ClientError:  # its pods are still starting
            return False

    async def gone():
        return "nginx" not in [one["metadata"]["name"] for one in here.verbs.list("services", "default")["items"]]

    await until("every node has its instance, and may be used", initialised)
    await until("every node has its route", routed)
    (here.folder / "nginx.yaml").write_text(
        (ROOT / "examples" / "nginx.yaml").read_text().replace("port: 80\n", "port: 8080\n")
    )
    await here.apply(here.folder / "nginx.yaml")
    found = await until("the Service has an address", address)
    async with aiohttp.ClientSession() as session:
        await until("requests come through", answers)
    yield
    await here.kubectl("delete", "service", "nginx", "--wait=false")
    await until("the Service is gone", gone)


async def test_the_deployment_has_the_rights_that_it_needs_and_no_others(tmp_path, until, monkeypatch):
    async with site(tmp_path, monkeypatch) as here:
        await here.apply(*(MANIFESTS / name for name in ("rbac.yaml", "cloud-config.yaml", "deployment.yaml")))
        rollout = ("deployment/yunqiao", "--namespace=kube-system")
        async for _ in life(here, until):
            assert len(here.logs) == 2
            await here.kubectl("rollout", "restart", *rollout)
            await here.kubectl("rollout", "status", *rollout, "--timeout=30s")
        used = {(group, resource, verb) for verb, _, group, resource, _ in here.asked}
        assert here.refused == set()
        assert granted("rbac.yaml") - used <= ONLY_SOMETIMES, here.told()
        assert "Traceback" not in here.told()


async def test_the_daemonset_takes_the_place_of_an_older_one(tmp_path, until, monkeypatch):
    async with site(tmp_path, monkeypatch) as here:
        (tmp_path / "older.yaml").write_text(yaml.safe_dump(OLDER))
        await here.apply(tmp_path / "older.yaml")
        daemonset = ("daemonset/cloud-controller-manager", "--namespace=kube-system")
        await here.kubectl("rollout", "status", *daemonset, "--timeout=30s")

        async def images():
            pods = here.verbs.list("pods", "kube-system")["items"]
            return {pod["spec"]["containers"][0]["image"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}

        assert await images() == {"older"}
        files = ("rbac.yaml", "rbac-old-lock.yaml", "cloud-config.yaml", "daemonset.yaml")
        await here.apply(*(MANIFESTS / name for name in files))
        async for _ in life(here, until):
            await here.kubectl("rollout", "status", *daemonset, "--timeout=30s")
            lock = here.verbs.get("endpoints", "ccm", "kube-system")["metadata"]["annotations"][LEADER]
            lease = here.verbs.get("leases.coordination.k8s.io", "ccm", "kube-system")
            assert await images() == {"yunqiao"}
            assert json.loads(lock)["holderIdentity"] == lease["spec"]["holderIdentity"] != ""
        used = {(group, resource, verb) for verb, _, group, resource, _ in here.asked}
        assert here.refused == set()
        assert granted("rbac.yaml", "rbac-old-lock.yaml") - used <= ONLY_SOMETIMES, here.told()


def test_both_workloads_run_the_same_pod():
    """But for what sets them apart: the second copy's place, and the lock of an older controller."""
    deployment, daemonset = (
        yaml.safe_load((MANIFESTS / name).read_text())["spec"]["template"]["spec"]
        for name in ("deployment.yaml", "daemonset.yaml")
    )
    assert deployment.pop("affinity")
    ours, theirs = (spec["containers"][0].pop("command") for spec in (deployment, daemonset))
    assert deployment == daemonset
    assert {flag.split("=")[0] for flag in theirs} - {flag.split("=")[0] for flag in ours} == {
        "--leader-elect", "--leader-elect-resource-lock",
    }  # fmt: skip
