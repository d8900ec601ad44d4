"""An API server to hold to the rules: kubesim, or the real one that KUBE_CONFORMANCE_KUBECONFIG names.

Every test works in a namespace of its own with a generated name, which is deleted afterwards.
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import yaml

REAL = os.environ.get("KUBE_CONFORMANCE_KUBECONFIG", "")
NODES = """
nodes:
- {name: conformance-1, internalIP: 127.31.0.11, podCIDR: 10.244.1.0/24}
- {name: conformance-2, internalIP: 127.31.0.12, podCIDR: 10.244.2.0/24}
wire: {10.244.0.0/16: 127.32.0.0/16}
"""
KINDS = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory):
    """The kubeconfig of the server under test."""
    if REAL:
        yield Path(REAL)
        return
    folder = tmp_path_factory.mktemp("conformance")
    (folder / "nodes.yaml").write_text(NODES)
    arguments = ["serve", "--write-kubeconfig", str(folder / "kubeconfig"), "--nodes", str(folder / "nodes.yaml")]
    with subprocess.Popen([sys.executable, "-m", "kubesim", *arguments], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert "listening" in server.stdout.readline()
            yield folder / "kubeconfig"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


@pytest.fixture
def simulated():
    """Skip a test of what only kubesim has: hollow nodes and ordered trouble."""
    if REAL:
        pytest.skip("needs kubesim's own controls or hollow nodes; KUBE_CONFORMANCE_KUBECONFIG names another server")


@dataclass
class Answer:
    """Status code, decoded body, headers."""

    code: int
    body: dict
    warnings: list

    @property
    def meta(self):
        return self.body["metadata"]

    @property
    def version(self):
        return self.meta["resourceVersion"]

    @property
    def causes(self):
        return [(cause.get("field"), cause["message"]) for cause in self.body["details"]["causes"]]


class Api:
    """Raw HTTP in one namespace."""

    def __init__(self, session, namespace):
        self.session = session
        self.namespace = namespace

    def path(self, resource, name="", *, group="", everywhere=False):
        head = f"/apis/{group}" if group else "/api/v1"
        where = "" if everywhere or not self.namespace else f"/namespaces/{self.namespace}"
        return f"{head}{where}/{resource}" + (f"/{name}" if name else "")

    async def call(self, method, path, body=None, *, kind="application/json", accept="application/json", **query):
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        headers = {"Content-Type": kind, "Accept": accept} if data is not None else {"Accept": accept}
        async with self.session.request(method, path, data=data, headers=headers, params=query) as response:
            text = await response.text()
            return Answer(response.status, json.loads(text), response.headers.getall("Warning", []))

    async def get(self, path, **query):
        return await self.call("GET", path, **query)

    async def post(self, path, body, **query):
        return await self.call("POST", path, body, **query)

    async def put(self, path, body, **query):
        return await self.call("PUT", path, body, **query)

    async def patch(self, path, body, kind="merge", **query):
        return await self.call("PATCH", path, body, kind=KINDS[kind], **query)

    async def delete(self, path, body=None, **query):
        return await self.call("DELETE", path, body, **query)

    async def configmap(self, name, data=None, **metadata):
        return await self.post(self.path("configmaps"), {"metadata": {"name": name, **metadata}, "data": data or {}})

    @contextlib.asynccontextmanager
    async def watch(self, path, **query):
        params = {"watch": "1", "timeoutSeconds": "20"} | query
        async with self.session.get(path, params=params, headers={"Accept": "application/json"}) as response:
            yield Events(response)


class Events:
    """The events of a watch, one after the other."""

    def __init__(self, response):
        self.code = response.status
        self._response = response

    async def next(self):
        async with asyncio.timeout(5):
            return json.loads(await self._response.content.readline())

    async def types(self, count):
        return [(event["type"], event["object"]["metadata"].get("name")) for event in await self.some(count)]

    async def some(self, count):
        return [await self.next() for _ in range(count)]


def entry(config, kind, name):
    return next(each[kind] for each in config[f"{kind}s"] if each["name"] == name)


def material(part, name):
    """PEM of a member that may stand in the file or beside it."""
    if f"{name}-data" in part:
        return base64.b64decode(part[f"{name}-data"]).decode()
    return Path(part[name]).read_text() if name in part else None


@pytest.fixture(scope="session")
def login(kubeconfig, tmp_path_factory):
    """(address, TLS context, headers) of the current context."""
    config = yaml.safe_load(kubeconfig.read_text())
    context = entry(config, "context", config["current-context"])
    cluster, user = entry(config, "cluster", context["cluster"]), entry(config, "user", context["user"])
    tls = ssl.create_default_context(cadata=material(cluster, "certificate-authority"))
    if material(user, "client-certificate"):
        both = tmp_path_factory.mktemp("client") / "client.pem"
        both.touch(mode=0o600)
        both.write_text(material(user, "client-certificate") + material(user, "client-key"))
        tls.load_cert_chain(both)
    headers = {"User-Agent": "conformance/1"}
    headers |= {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
    return cluster["server"], tls, headers


@pytest.fixture
async def api(login):
    """Raw HTTP in a new namespace; at the end TLS connections get a moment to say goodbye."""
    address, tls, headers = login
    connector = aiohttp.TCPConnector(ssl=tls)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(address, headers=headers, connector=connector, timeout=timeout) as session:
        nowhere = Api(session, "")
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "conformance-"}}
        made = await nowhere.post("/api/v1/namespaces", body)
        try:
            yield Api(session, made.meta["name"])
        finally:
            await nowhere.delete(f"/api/v1/namespaces/{made.meta['name']}")
    await asyncio.sleep(0.02)


class Kubectl:
    """kubectl in one namespace."""

    def __init__(self, kubeconfig, folder, namespace):
        self.namespace = namespace
        self._folder = folder
        self._environment = os.environ | {"KUBECONFIG": str(kubeconfig), "HOME": str(folder)}

    def run(self, *arguments, stdin=""):
        command = ["kubectl", "--namespace", self.namespace, *arguments]
        return subprocess.run(
            command, input=stdin, env=self._environment, capture_output=True, text=True, timeout=30, check=False
        )

    def __call__(self, *arguments, stdin=""):
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, *arguments, stdin=""):
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} succeeded: {done.stdout}"
        return done.stderr

    def json(self, *arguments):
        return json.loads(self(*arguments, "-o", "json"))


@pytest.fixture(scope="module")
def kubectl(kubeconfig, tmp_path_factory):
    """kubectl in a new namespace, which all tests of a module share."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on PATH: https://kubernetes.io/docs/tasks/tools/")
    folder = tmp_path_factory.mktemp("home")
    plain = Kubectl(kubeconfig, folder, "default")
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "conformance-"}}
    name = plain("create", "-f", "-", "-o", "name", stdin=json.dumps(body)).strip().partition("/")[2]
    try:
        yield Kubectl(kubeconfig, folder, name)
    finally:
        plain("delete", "namespace", name, "--wait=false")
