"""The image of deploy/Dockerfile, built and run for real: by buildah, with no network, as the user that it names.

The base image is made of this machine's own Debian packages, since no registry of images can be counted on; Docker's
and BuildKit's own builders, and the default base image, are not covered. Wheels are fetched once and then kept in
pytest's cache; the build holds each to its hash.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tomllib
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from kubesim.server.serving import Settings, serving
from yunqiao.cli.sandboxed.sandbox import environment
from yunsim import worldfile
from yunsim.serving import serving as cloud_serving

pytestmark = pytest.mark.timeout(240)

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
REQUIREMENTS = ROOT / "requirements"
PACKAGES = ("base-files", "base-passwd", "dash", "coreutils", "python3", "python3-pip", "python3-venv",
            "ca-certificates", "tzdata")  # fmt: skip
MADE_AT_INSTALLATION = ("/bin/sh", "/lib64", "/etc/passwd", "/etc/group", *map(str, Path("/etc/ssl/certs").glob("*")),
                        *map(str, Path("/usr/lib/python3/dist-packages/pip").rglob("__pycache__/*")))  # fmt: skip
NOT_NEEDED = tuple(f"/usr/share/{one}/" for one in ("doc", "man", "locale", "zoneinfo/posix", "zoneinfo/right"))
ACCOUNT, CONFIG = Path("run/secrets/kubernetes.io/serviceaccount"), Path("etc/kubernetes/config")
NO_METADATA = {"METADATA_ENDPOINT": "http://127.0.0.1:9"}
WALKTHROUGH = (
    "--leader-elect=true", "--cloud-provider=alicloud", "--use-service-account-credentials=true",
    "--cloud-config=/etc/kubernetes/config/cloud-config.conf", "--configure-cloud-routes=true",
    "--route-reconciliation-period=3m", "--leader-elect-resource-lock=endpoints", "--cluster-cidr=10.244.0.0/16",
)  # fmt: skip
CONTAINER = """
set -e
mount --bind "$ROOT" "$ROOT"
mount --bind /dev "$ROOT/dev"
mount --types proc proc "$ROOT/proc"
for folder in $MOUNTS; do mount --bind "$GIVEN/$folder" "$ROOT/$folder"; done
mount --options remount,bind,ro "$ROOT"
exec setpriv --no-new-privs chroot --userspec="$USER" --groups= "$ROOT" "$@"
"""


# --- What goes in ---------------------------------------------------------------------------------------------------


def pinned(name):
    """Versions by name in a file of pinned requirements."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (REQUIREMENTS / name).read_text(), re.MULTILINE))


def names(lines):
    return {re.split(r"[<>=~ ]", line, maxsplit=1)[0].lower() for line in lines if line and line[0] not in "#-"}


def test_the_image_has_exactly_what_yunqiao_depends_on():
    declared = tomllib.loads((ROOT / "packages/yunqiao/pyproject.toml").read_text())["project"]["dependencies"]
    assert names((REQUIREMENTS / "controller.in").read_text().splitlines()) == names(declared)


@pytest.mark.parametrize(("file", "whole"), [("controller.txt", "runtime.txt"), ("controller-build.txt", "dev.txt")])
def test_the_image_has_the_versions_that_are_tested(file, whole):
    tested = pinned(whole)
    assert pinned(file) == {name: tested.get(name) for name in pinned(file)}, "run `make lock`"
    assert (REQUIREMENTS / file).read_text().count("--hash=") >= len(pinned(file)) > 1


def test_what_is_copied_is_what_docker_is_given():
    copied = {source for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE.read_text(), re.MULTILINE)
              for source in line.split()[:-1]}  # fmt: skip
    given = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / one).exists() for one in given)
    assert {one for one in copied if not any(way.startswith(one) for way in given)} == set()
    assert {one for one in given if not any(one.startswith(way) for way in copied)} == set()


# --- Built ----------------------------------------------------------------------------------------------------------


def said(*command):
    """What a command wrote."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def closure(packages):
    """The installed packages that these need, themselves included."""
    needs, by_name = {}, {}
    shown = said("dpkg-query", "--show", "--showformat=${Package}\t${Provides}\t${Pre-Depends}, ${Depends}\n")
    for line in shown.splitlines():
        name, provides, depends = line.split("\t")
        needs[name] = [re.findall(r"(?:^|\|)\s*([\w.+-]+)", each) for each in depends.split(",")]
        by_name |= dict.fromkeys((*re.findall(r"([\w.+-]+)(?: \([^)]*\))?,?", provides), name), name)
    found, left = set(), list(packages)
    while left:
        name = by_name.get(left.pop())
        if name and name not in found:
            found.add(name)
            left += [next((one for one in choice if one in by_name), "") for choice in needs[name]]
    return found


def base_layer(to):
    """Write a tar of those packages' files as they are on this machine."""
    files = {*said("dpkg-query", "--listfiles", *closure(PACKAGES)).splitlines(), *MADE_AT_INSTALLATION}
    real = {path.parent.resolve() / path.name for path in map(Path, files) if path.name}
    with tarfile.open(to, "w") as tar:
        for path in sorted(real):
            if os.path.lexists(path) and not str(path).startswith(NOT_NEEDED):
                tar.add(path, recursive=False)


def base_image(folder):
    """Write an image of that one layer: https://github.com/opencontainers/image-spec/blob/main/image-layout.md."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(path, kind):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        path.rename(blobs / digest)
        size = (blobs / digest).stat().st_size
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": size}

    def written(value, kind):
        (folder / "blob").write_text(json.dumps(value))
        return blob(folder / "blob", kind)

    base_layer(folder / "layer")
    layer = blob(folder / "layer", "layer.v1.tar")
    root = {"type": "layers", "diff_ids": [layer["digest"]]}
    machine = {"amd64": "x86_64", "arm64": "aarch64"}
    architecture = next((name for name, other in machine.items() if other == os.uname().machine), os.uname().machine)
    config = written({"architecture": architecture, "os": "linux", "config": {}, "rootfs": root}, "config.v1+json")
    manifest = written({"schemaVersion": 2, "config": config, "layers": [layer]}, "manifest.v1+json")
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def wheels(folder):
    """Fetch the pinned wheels, unless they are there."""
    files = [REQUIREMENTS / name for name in ("controller.txt", "controller-build.txt")]
    allowed = {digest for file in files for digest in re.findall(r"sha256:(\w+)", file.read_text())}
    there = allowed & {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    if len(there) == sum(len(pinned(file.name)) for file in files):
        return
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    wanted = [f"--requirement={file}" for file in files]
    done = subprocess.run([*pip, f"--dest={folder}", *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the image's wheels could not be fetched: {done.stderr.strip().splitlines()[-1]}")


@dataclass(frozen=True)
class Image:
    """A built image: its files and what it says of how to run it."""

    root: Path
    config: dict

    @property
    def environment(self):
        return dict(one.split("=", 1) for one in self.config["Env"])

    @asynccontextmanager
    async def container(self, *command, given=None, mounts=(), **environment):
        """Run a command as a container's first process: own mounts and processes, a root that nobody can write to.

        Folders named in `mounts` are those of the folder `given`. Ends it when it has not ended.
        """
        for folder in mounts:
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts",
            "sh", "-c", CONTAINER, "sh",
            "/usr/bin/env", "--ignore-environment", *(f"{k}={v}" for k, v in (self.environment | environment).items()),
            *(command or [*self.config["Entrypoint"], *self.config["Cmd"]]),
            env={"PATH": os.environ["PATH"], "ROOT": str(self.root), "GIVEN": str(given), "USER": self.config["User"],
                 "MOUNTS": " ".join(map(str, mounts))},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def run(self, *command, **more):
        """Its exit status and what it wrote."""
        async with self.container(*command, **more) as process:
            output = (await asyncio.wait_for(process.communicate(), 20))[0].decode()
            return process.returncode, output


@pytest.fixture(scope="module")
def image(tmp_path_factory, request):
    if os.geteuid() != 0:
        pytest.skip("needs root: containers are made by hand here")
    missing = [tool for tool in ("buildah", "dpkg-query", "unshare", "setpriv") if shutil.which(tool) is None]
    if missing or not Path("/usr/share/python-wheels").is_dir():
        pytest.skip(f"needs a Debian with python3-venv and python3-pip, and {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("image")
    given = request.config.cache.mkdir("wheels")
    wheels(given)
    base_image(folder / "base")
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /given\n")
    buildah = ["unshare", "--mount", "--net", "buildah", "--storage-driver=overlay", f"--root={folder / 'storage'}",
               f"--runroot={folder / 'run'}"]  # fmt: skip
    said(
        *buildah, "build", "--isolation=chroot", "--format=docker", f"--build-arg=BASE=oci:{folder / 'base'}",
        f"--volume={folder / 'pip.conf'}:/etc/pip.conf:ro", f"--volume={given}:/given:ro",
        f"--output={folder / 'root'}", f"--file={DOCKERFILE}", "--tag=localhost/yunqiao", ROOT,
    )  # fmt: skip
    (folder / "root").chmod(0o755)  # the one folder that an exported image says nothing about
    config = json.loads(said(*buildah, "inspect", "--type=image", "localhost/yunqiao"))["Docker"]["config"]
    yield Image(folder / "root", config)
    shutil.rmtree(folder)


# --- Run ------------------------------------------------------------------------------------------------------------


async def test_it_runs_as_nobody_in_particular_and_writes_nowhere(image):
    assert image.config["User"] == "65532:65532"
    tried = "import os; print(os.getuid(), os.getgid(), os.getgroups(), os.getpid()); open('/tmp/x', 'w')"
    status, told = await image.run("/opt/yunqiao/bin/python3", "-c", tried)
    assert "65532 65532 [] 1\n" in told
    assert (status, "Read-only file system" in told) == (1, True), told


async def test_it_has_nothing_of_the_simulators_nor_of_the_tools(image):
    installed = {
        path.name.split("-")[0].lower() for path in image.root.glob("opt/yunqiao/lib/*/site-packages/*.dist-info")
    }
    assert installed == {name.replace("-", "_") for name in pinned("controller.txt")} | {"yunqiao"}
    assert {path.name for path in image.root.iterdir()} & {"build", "source", "requirements"} == set()
    assert int(said("du", "--summarize", "--block-size=MB", image.root / "opt/yunqiao").split("MB")[0]) < 25


async def test_what_is_imported_was_compiled_when_the_image_was_built(image):
    status, told = await image.run("/opt/yunqiao/bin/python3", "-v", "/cloud-controller-manager", "--help")
    assert status == 0
    assert re.findall(r"^# code object from (/.*\.py)$", told, re.MULTILINE) == []


async def test_the_walkthroughs_commands_and_sleep_are_there(image):
    status, told = await image.run("/cloud-controller-manager", "--help")
    assert (status, "--leader-elect-resource-lock" in told) == (0, True), told
    status, told = await image.run("/usr/bin/init")
    assert (status, "NODE_NAME" in told) == (2, True), told
    status, told = await image.run("yunqiao", "--version")
    assert (status, told.split()[0]) == (0, "yunqiao"), told
    assert (await image.run("sleep", "0"))[0] == 0


async def test_it_trusts_public_authorities_whatever_a_node_has_in_the_place_of_its_certificates(image, tmp_path):
    (tmp_path / "etc/ssl/certs").mkdir(parents=True)
    asked = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    python = ("/opt/yunqiao/bin/python3", "-c", asked)
    status, told = await image.run(*python, given=tmp_path, mounts=("etc/ssl/certs",))
    assert (status, int(told) > 100) == (0, True), told


async def test_without_a_command_it_is_the_controller(image):
    status, told = await image.run()
    assert (status, "no way to the API server" in told) == (1, True), told


# --- Run in a cluster -----------------------------------------------------------------------------------------------


@dataclass
class Cluster:
    """A cloud and a cluster with one node that nobody has named yet; `pod` is what a pod of it is given."""

    verbs: object
    pod: dict
    instance: object


@pytest.fixture
async def cluster(image, tmp_path):
    world = worldfile.load()
    instance = next(one for one in world.instances if one.in_cluster)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(serving(Settings()))
        cloud = await stack.enter_async_context(
            cloud_serving(replace(world, metadata_instance=instance.id), "127.0.0.1", 0)
        )
        address = {"type": "InternalIP", "address": str(instance.ip)}
        node = {"metadata": {"name": "worker-1"}, "status": {"addresses": [address]}}
        running.verbs.create("nodes", node)
        tmp_path.chmod(0o755)
        for name in (ACCOUNT, CONFIG):
            (tmp_path / name).mkdir(parents=True)
        (tmp_path / ACCOUNT / "token").write_text(running.token)
        (tmp_path / ACCOUNT / "ca.crt").write_bytes(running.authority)
        (tmp_path / CONFIG / "cloud-config.conf").write_text(json.dumps({"Global": {"region": world.region}}))
        host, port = running.place
        service = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": str(port)}
        key = next(iter(world.keys))
        keys = {"ACCESS_KEY_ID": key.id, "ACCESS_KEY_SECRET": key.secret}
        pod = {"given": tmp_path, "mounts": (ACCOUNT, CONFIG), **service, **keys, **environment(cloud.url)}
        yield Cluster(running.verbs, pod, instance)


async def first_process(process):
    """The number, out here, of a container's first process."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (found := children.read_text().split()):
        await asyncio.sleep(0.02)
    return int(found[0])


async def test_init_writes_which_instance_a_node_is(image, cluster):
    status, told = await image.run("/usr/bin/init", NODE_NAME="worker-1", **cluster.pod)
    provider_id = f"{worldfile.load().region}.{cluster.instance.id}"
    assert (status, told) == (0, f"node worker-1 is {provider_id}\n")
    assert cluster.verbs.get("nodes", "worker-1")["spec"]["providerID"] == provider_id


async def test_init_ends_when_it_is_told_to(image, cluster):
    async with image.container("/usr/bin/init", NODE_NAME="worker-9", **cluster.pod | NO_METADATA) as process:
        assert b"again in" in await asyncio.wait_for(process.stdout.readline(), 20)
        os.kill(await first_process(process), signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 128 + signal.SIGTERM


async def test_the_walkthroughs_flags_start_the_controller_and_sigterm_ends_it(image, cluster, until):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        health = f"127.0.0.1:{taken.getsockname()[1]}"
    command = ("/cloud-controller-manager", *WALKTHROUGH, f"--health-probe-bind-addr={health}", "--metrics-bind-addr=0")
    async with image.container(*command, **cluster.pod) as process, aiohttp.ClientSession() as session:

        async def ready():
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with session.get(f"http://{health}/readyz") as answer:
                    return answer.status == 200

        async def named():
            return cluster.verbs.get("nodes", "worker-1")["spec"].get("providerID")

        await until("the controller is ready", ready)
        await until("it leads, and the node has its instance", named)
        os.kill(await first_process(process), signal.SIGTERM)
        told = (await asyncio.wait_for(process.communicate(), 10))[0].decode()
        assert (process.returncode, "stopping" in told, "Traceback" in told) == (0, True, False), told
