"""The three processes together: the cloud first, then the cluster, then the controller; stopped the other way round."""

import asyncio
import base64
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from yunqiao.cli.sandboxed.entering import FOLDER_PREFIX
from yunqiao.cli.sandboxed.namespace import Namespace
from yunqiao.cli.sandboxed.places import KEY_ID, KEY_SECRET, NAMESPACES, PRIVATE, REGION, ROUTED, Place, on_loopback
from yunqiao.cli.sandboxed.programs import Program, start
from yunqiao.cli.sandboxed.ranges import free_range

TOKEN = "sandbox"  # noqa: S105  # the simulated cluster's own token


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where everything is; `namespace` is the private network that it is in, if any.

    `start_controller` starts that where it was not to start with the others.
    """

    folder: Path
    cloud: str
    cluster: str
    programs: list[Program]
    namespace: Namespace | None
    start_controller: Callable[[], Awaitable[None]]

    @property
    def net(self) -> str:
        """`loopback`, `private` or `kernel`."""
        return self.namespace.net if self.namespace else "loopback"

    @property
    def kubeconfig(self) -> Path:
        """For kubectl and every other client."""
        return self.folder / "kubeconfig"

    @property
    def controller(self) -> Program:
        """The one that all this is about."""
        return self.programs[-1]

    async def first_to_end(self) -> Program:
        """Wait until one of the programs ends by itself, and tell which."""
        ends = {asyncio.create_task(program.process.wait()): program for program in self.programs}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        return ends[done.pop()]


@asynccontextmanager
async def sandbox(
    namespace: Namespace | None = None, *, pods_have_interfaces: bool = False, controller: bool = True
) -> AsyncIterator[Sandbox]:
    """All three run while the context lasts; nothing is left behind. Raises NotStarted, OSError.

    `namespace` is the private network that this process has gone into; None: it has not, loopback is used.
    `pods_have_interfaces` gives pods addresses of the VPC, so that balancers can reach them without their nodes.
    Without `controller` that is left out until somebody starts it.
    """
    async with AsyncExitStack() as stack:
        place = _network(namespace) or on_loopback(stack.enter_context(free_range()))
        place = replace(place, pods_have_interfaces=pods_have_interfaces)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX)))
        yunsim, cloud = await _cloud(stack, folder, place)
        kubesim, cluster = await _cluster(stack, folder, place)
        programs = [yunsim, kubesim]

        async def start_controller() -> None:
            programs.append(await _controller(stack, folder, place, cloud))

        if controller:
            await start_controller()
        yield Sandbox(folder, cloud, cluster, programs, namespace, start_controller)


def _network(namespace: Namespace | None) -> Place | None:
    if namespace is None:
        return None
    return ROUTED if namespace.routed else PRIVATE


async def _cloud(stack: AsyncExitStack, folder: Path, place: Place) -> tuple[Program, str]:
    world = folder / "world.yaml"
    world.write_text(yaml.safe_dump(place.world()))
    network = ["--net", "kernel", "--prefix", NAMESPACES] if place.routed else []
    program = await start("yunsim", ["serve", "--listen", place.cloud, "--world", str(world), *network], folder, {})
    stack.push_async_callback(program.stop)
    return program, await program.listening()


async def _cluster(stack: AsyncExitStack, folder: Path, place: Place) -> tuple[Program, str]:
    nodes = folder / "nodes.yaml"
    nodes.write_text(yaml.safe_dump(place.nodes()))
    arguments = ["serve", "--listen", place.cluster, "--write-kubeconfig", str(folder / "kubeconfig")]
    program = await start("kubesim", [*arguments, "--token", TOKEN, "--nodes", str(nodes)], folder, {})
    stack.push_async_callback(program.stop)
    return program, await program.listening()


async def _controller(stack: AsyncExitStack, folder: Path, place: Place, cloud: str) -> Program:
    """As the walkthrough's DaemonSet starts it: the same flags, the same kind of cloud-config."""
    config = folder / "cloud-config.conf"
    config.write_text(cloud_config())
    arguments = [
        "--leader-elect=true",
        "--cloud-provider=alicloud",
        "--use-service-account-credentials=true",
        f"--cloud-config={config}",
        f"--configure-cloud-routes={str(not place.pods_have_interfaces).lower()}",
        "--route-reconciliation-period=3m",
        "--leader-elect-resource-lock=endpoints",
        f"--cluster-cidr={place.pods}",
        f"--kubeconfig={folder / 'kubeconfig'}",
        "--health-probe-bind-addr=0",
        "--metrics-bind-addr=0",
    ]
    program = await start("cloud-controller-manager", arguments, folder, environment(cloud))
    stack.push_async_callback(program.stop)
    return program


def cloud_config() -> str:
    """The walkthrough's cloud-config: keys in base64, and the region."""
    keys = {"accessKeyID": KEY_ID, "accessKeySecret": KEY_SECRET}
    coded = {name: base64.b64encode(text.encode()).decode() for name, text in keys.items()}
    return json.dumps({"Global": {**coded, "region": REGION}}, indent=4)


def environment(cloud: str) -> dict[str, str]:
    """What sends every product's calls, and questions to instance metadata, to the simulated cloud."""
    host = cloud.removeprefix("http://")
    endpoints = {f"{product}_ENDPOINT": host for product in ("SLB", "ECS", "VPC", "NLB", "STS")}
    return {**endpoints, "METADATA_ENDPOINT": cloud, "ALICLOUD_CLIENT_SCHEME": "HTTP"}
