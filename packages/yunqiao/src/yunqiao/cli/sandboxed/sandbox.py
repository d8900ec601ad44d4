"""The three processes together: the cloud first, then the cluster, then the controller; stopped the other way round."""

import base64
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from yunqiao.cli.sandboxed.places import KEY_ID, KEY_SECRET, POD_CIDR, REGION, Place
from yunqiao.cli.sandboxed.programs import Program, start

TOKEN = "sandbox"  # noqa: S105  # the simulated cluster's own token


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where everything is."""

    folder: Path
    cloud: str
    cluster: str
    controller: Program

    @property
    def kubeconfig(self) -> Path:
        """For kubectl and every other client."""
        return self.folder / "kubeconfig"


@asynccontextmanager
async def sandbox() -> AsyncIterator[Sandbox]:
    """All three run while the context lasts; nothing is left behind. Raises NotStarted, OSError."""
    async with AsyncExitStack() as stack:
        place = Place()
        stack.callback(place.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yunqiao-sandbox-")))
        cloud = await _cloud(stack, folder, place)
        cluster = await _cluster(stack, folder, place)
        controller = await _controller(stack, folder, cloud)
        yield Sandbox(folder, cloud, cluster, controller)


async def _cloud(stack: AsyncExitStack, folder: Path, place: Place) -> str:
    world = folder / "world.yaml"
    world.write_text(yaml.safe_dump(place.world()))
    program = await start("yunsim", ["serve", "--listen", "127.0.0.1:0", "--world", str(world)], folder, {})
    stack.push_async_callback(program.stop)
    return await program.listening()


async def _cluster(stack: AsyncExitStack, folder: Path, place: Place) -> str:
    nodes = folder / "nodes.yaml"
    nodes.write_text(yaml.safe_dump(place.nodes()))
    arguments = ["serve", "--listen", "127.0.0.1:0", "--write-kubeconfig", str(folder / "kubeconfig")]
    program = await start("kubesim", [*arguments, "--token", TOKEN, "--nodes", str(nodes)], folder, {})
    stack.push_async_callback(program.stop)
    return await program.listening()


async def _controller(stack: AsyncExitStack, folder: Path, cloud: str) -> Program:
    """As the walkthrough's DaemonSet starts it: the same flags, the same kind of cloud-config."""
    config = folder / "cloud-config.conf"
    config.write_text(cloud_config())
    arguments = [
        "--leader-elect=true",
        "--cloud-provider=alicloud",
        "--use-service-account-credentials=true",
        f"--cloud-config={config}",
        "--configure-cloud-routes=true",
        "--route-reconciliation-period=3m",
        "--leader-elect-resource-lock=endpoints",
        f"--cluster-cidr={POD_CIDR}",
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
