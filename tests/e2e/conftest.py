"""The three programs together, as real processes on real sockets; each `Stage` is one sandbox and what tests do to it.

Nothing here sleeps for a fixed time: `until` asks again until something is true or its deadline has passed.
"""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
import pytest_asyncio
import yaml
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from yunqiao.cli.sandboxed.places import KEY_ID, KEY_SECRET, REGION
from yunqiao.cli.sandboxed.programs import Program, start
from yunqiao.cli.sandboxed.ranges import LOCK_PORT
from yunqiao.cli.sandboxed.sandbox import Sandbox, environment, sandbox
from yunqiao.cli.sandboxed.traffic import Tally, send

T = TypeVar("T")
DEADLINE, EVERY = 20.0, 0.03
INTRANET = {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "intranet"}
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
MERGE = {"Content-Type": "application/merge-patch+json"}
WORKERS = {f"i-bp1worker0000000000{number}" for number in (1, 2, 3)}


@asynccontextmanager
async def default_addresses() -> AsyncIterator[None]:
    """Those of the simulated cloud's default world, which are there once: whoever listens on them waits for others."""
    with socket.socket() as lock:
        while True:
            try:
                lock.bind(("127.16.255.254", LOCK_PORT))
                break
            except OSError:
                await asyncio.sleep(0.05)
        yield


async def until(what: str, check: Callable[[], Awaitable[T]], seconds: float = DEADLINE) -> T:
    """The first true answer of `check`; AssertionError with its last answer when the deadline has passed."""
    end = time.monotonic() + seconds
    while not (found := await check()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not so after {seconds:g} s; the last answer was {found!r}")
        await asyncio.sleep(EVERY)
    return found


@dataclass(slots=True)
class Stage:
    """One sandbox, its two HTTP APIs and short words for what tests do."""

    box: Sandbox
    session: aiohttp.ClientSession
    programs: list[Program] = field(default_factory=list)

    # --- Kubernetes ---------------------------------------------------------------------------------------------

    async def kube(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API server: JSON in, JSON out, None for 404; a patch is a merge patch."""
        headers = MERGE if method == "PATCH" else {}
        async with self.session.request(method, self.box.cluster + path, json=body, headers=headers) as response:
            if response.status == 404:
                return None
            answer = await response.text()
            assert response.status < 300, f"{method} {path}: {response.status} {answer}"
            return json.loads(answer) if answer else None

    async def service(self, name: str, *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        """Make an intranet Service of type LoadBalancer, port 8080, for the pods labelled app=NAME."""
        whole = {"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 8080, "targetPort": 80}], **spec}
        if whole["selector"] is None:
            del whole["selector"]
        metadata = {"name": name, "annotations": {**INTRANET, **(annotations or {})}}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": whole}
        await self.kube("POST", "/api/v1/namespaces/default/services", body)

    async def deployment(self, name: str, replicas: int) -> None:
        """Run that many pods labelled app=NAME."""
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
        await self.kube("POST", "/apis/apps/v1/namespaces/default/deployments", body)

    async def get(self, name: str) -> Any:
        """A Service of the namespace default, None when it is gone."""
        return await self.kube("GET", f"/api/v1/namespaces/default/services/{name}")

    async def change(self, name: str, **body: Any) -> None:
        """Merge-patch a Service."""
        await self.kube("PATCH", f"/api/v1/namespaces/default/services/{name}", body)

    async def delete(self, name: str) -> None:
        """Delete a Service and wait until it is gone."""
        await self.kube("DELETE", f"/api/v1/namespaces/default/services/{name}")

        async def gone() -> bool:
            return await self.get(name) is None

        await until(f"Service {name} is gone", gone)

    async def address(self, name: str, seconds: float = DEADLINE) -> str:
        """The address in a Service's status, once it has one."""

        async def published() -> str:
            ingress = (await self.get(name))["status"]["loadBalancer"].get("ingress") or [{}]
            return str(ingress[0].get("ip", ""))

        return await until(f"Service {name} has an address", published, seconds)

    async def pods(self, name: str, number: int) -> dict[str, str]:
        """Nodes by pod name, once exactly so many pods labelled app=NAME are ready."""

        async def ready() -> dict[str, str]:
            answer = await self.kube("GET", f"/api/v1/namespaces/default/pods?labelSelector=app%3D{name}")
            found = {
                pod["metadata"]["name"]: pod["spec"]["nodeName"]
                for pod in answer["items"]
                if "deletionTimestamp" not in pod["metadata"]
                and any(
                    (one["type"], one["status"]) == ("Ready", "True") for one in pod["status"].get("conditions", [])
                )
            }
            return found if len(found) == number else {}

        return await until(f"{number} pods of {name} are ready", ready)

    async def event(self, name: str, reason: str, containing: str = "") -> Any:
        """The first Event of a Service with that reason and text, once there is one."""

        async def told() -> Any:
            answer = await self.kube("GET", "/api/v1/namespaces/default/events")
            about = [one for one in answer["items"] if one["involvedObject"]["name"] == name]
            return next((one for one in about if one["reason"] == reason and containing in one["message"]), None)

        return await until(f"Service {name} has an Event {reason} with {containing!r}", told)

    # --- the cloud ----------------------------------------------------------------------------------------------

    async def cloud(self, method: str, path: str, body: Any = None) -> Any:
        """Ask yunsim's control."""
        async with self.session.request(method, f"{self.box.cloud}/_yunsim/{path}", json=body) as response:
            assert response.status < 300, await response.text()
            return await response.json()

    async def balancers(self) -> list[Any]:
        """All load balancers, as yunsim holds them."""
        return list((await self.cloud("GET", "state"))["slb"]["load_balancers"].values())

    async def balancer(self, name: str) -> Any:
        """The one load balancer that has a Service's uid for its mark, None when there is none."""
        uid = (await self.get(name))["metadata"]["uid"]
        mark = ("a" + uid.replace("-", ""))[:32]
        found = [one for one in await self.balancers() if one["tags"].get("kubernetes.do.not.delete") == mark]
        assert len(found) <= 1
        return found[0] if found else None

    async def backends(self, name: str) -> dict[str, int]:
        """Weights by instance id, over all server groups of a Service's balancer."""
        balancer = await self.balancer(name) or {"groups": {}}
        groups = balancer["groups"].values()
        return {one["server_id"]: one["weight"] for group in groups for one in group["backends"].values()}

    async def until_backends(self, name: str, servers: set[str]) -> None:
        """Wait until new connections go to exactly these instances; one that leaves may finish what it has."""

        async def so() -> bool:
            return {server for server, weight in (await self.backends(name)).items() if weight} == servers

        try:
            await until(f"the backends of {name} are {sorted(servers)}", so)
        except AssertionError as late:
            raise AssertionError(f"{late}; they are {await self.backends(name)}") from late

    async def actions(self, since: int = 0) -> list[str]:
        """The actions of all cloud calls after that number."""
        return [one["action"] for one in (await self.cloud("GET", f"calls?since={since}"))["calls"]]

    # --- traffic and programs -----------------------------------------------------------------------------------

    async def answers(self, address: str, number: int = 30, port: int = 8080) -> Tally:
        """What comes of so many requests, once a first one is answered."""

        async def first() -> bool:
            once = Tally()
            await send(address, port, 1, once, at_once=1)
            return not once.failures

        await until(f"{address}:{port} answers", first)
        tally = Tally()
        await send(address, port, number, tally)
        return tally

    async def controller(self, *flags: str, kubeconfig: Path | None = None, quick: bool = False) -> Program:
        """Start one more controller in a folder of its own; `quick` shortens the times of its election."""
        folder = self.box.folder / f"controller-{len(self.programs)}"
        folder.mkdir()
        arguments = [
            f"--cloud-config={self.box.folder / 'cloud-config.conf'}",
            f"--kubeconfig={kubeconfig or self.box.kubeconfig}",
            "--health-probe-bind-addr=0",
            "--metrics-bind-addr=0",
            *(["--leader-elect-lease-duration=3s", "--leader-elect-renew-deadline=2s"] if quick else []),
            *(["--leader-elect-retry-period=1s"] if quick else []),
            *flags,
        ]
        program = await start("cloud-controller-manager", arguments, folder, environment(self.box.cloud))
        self.programs.append(program)
        return program


@pytest.fixture(name="until", scope="session")
def until_fixture() -> Callable[..., Awaitable[Any]]:
    """Wait for something: until(what, check, seconds)."""
    return until


@pytest.fixture(scope="session")
def logged() -> Callable[..., Awaitable[str]]:
    """Wait for a program to log a text: logged(program, text, seconds)."""
    return _logged


async def _logged(program: Program, text: str, seconds: float = DEADLINE) -> str:
    async def found() -> str:
        log = program.log.read_text(errors="replace")
        return log if text in log else ""

    return await until(f"{program.name} logs {text!r}; its log ends:\n{program.tail()}\n", found, seconds)


@asynccontextmanager
async def _staged() -> AsyncIterator[Stage]:
    async with sandbox() as box:
        config = yaml.safe_load(box.kubeconfig.read_text())
        authority = ssl.create_default_context()
        authority.check_hostname, authority.verify_mode = False, ssl.CERT_NONE  # trust is kubesim's own tests' matter
        headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        connector = aiohttp.TCPConnector(ssl=authority)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            stage = Stage(box, session)
            try:
                yield stage
            finally:
                for program in stage.programs:
                    await program.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """A sandbox that the tests of a module share: each uses Services of its own name."""
    async with _staged() as staged:
        yield staged


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _bare_stage() -> AsyncIterator[Stage]:
    async with _staged() as staged:
        await _logged(staged.box.controller, "cluster ")
        assert await staged.box.controller.stop() == 0
        yield staged


@pytest_asyncio.fixture(loop_scope="module")
async def bare_stage(_bare_stage: Stage) -> AsyncIterator[Stage]:
    """A sandbox without a controller, shared by a module: each test starts its own, which end with the test."""
    yield _bare_stage
    for program in _bare_stage.programs:
        await program.stop()
    await _bare_stage.kube("DELETE", "/_kubesim/faults")
    for fault in (await _bare_stage.cloud("GET", "faults"))["faults"]:
        await _bare_stage.cloud("DELETE", f"faults?id={fault['id']}")


@pytest.fixture
def slb(request: pytest.FixtureRequest) -> Callable[..., Awaitable[Any]]:
    """Call an SLB action as the incumbent does, with the official SDK of its generation: slb(action, Parameter=...)."""
    staged: Stage = request.getfixturevalue(
        next(name for name in request.fixturenames if name in ("stage", "bare_stage"))
    )
    client = AcsClient(KEY_ID, KEY_SECRET, REGION)

    def call(action: str, parameters: dict[str, Any]) -> Any:
        asked = CommonRequest(staged.box.cloud.removeprefix("http://"), "2014-05-15", action)
        asked.set_protocol_type("http")
        asked.set_method("POST")
        for name, value in parameters.items():
            asked.add_query_param(name, value)
        return json.loads(client.do_action_with_exception(asked))

    return lambda action, **parameters: asyncio.to_thread(call, action, {"RegionId": REGION, **parameters})
