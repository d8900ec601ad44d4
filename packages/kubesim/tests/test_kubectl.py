"""kubectl, unmodified, against the server with hollow nodes: what people type every day."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on PATH")

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "registry.example/nginx:1", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{name: http, port: 80}]}
"""
NODES = """
nodes:
- {name: kubectl-1, internalIP: 127.29.0.11, podCIDR: 10.244.1.0/24}
- {name: kubectl-2, internalIP: 127.29.0.12, podCIDR: 10.244.2.0/24}
wire: {10.244.0.0/16: 127.30.0.0/16}
"""


class Kubectl:
    """Runs kubectl with the server's kubeconfig in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = os.environ | {"KUBECONFIG": str(folder / "kubeconfig"), "HOME": str(folder)}

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(KUBECTL), *arguments],
            input=stdin,
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> dict:
        return json.loads(self(*arguments, "-o", "json"))


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kubectl")
    (folder / "nodes.yaml").write_text(NODES)
    arguments = ["serve", "--write-kubeconfig", str(folder / "kubeconfig"), "--nodes", str(folder / "nodes.yaml")]
    with subprocess.Popen([sys.executable, "-m", "kubesim", *arguments], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline().startswith("kubesim listening on https://127.0.0.1:")
            yield Kubectl(folder)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


@pytest.fixture
def applied(kubectl):
    kubectl("apply", "-f", "-", stdin=MANIFEST)
    yield kubectl
    kubectl("delete", "--ignore-not-found", "-f", "-", stdin=MANIFEST)


def test_apply_creates_and_then_changes_nothing(applied):
    assert applied("apply", "-f", "-", stdin=MANIFEST).split("\n")[:2] == [
        "deployment.apps/web unchanged",
        "service/web unchanged",
    ]


def test_apply_changes_what_changed_and_removes_what_was_dropped(applied):
    labelled = MANIFEST.replace("{name: web}\nspec: {type", "{name: web, labels: {x: one}}\nspec: {type")
    applied("apply", "-f", "-", stdin=labelled)
    assert applied.json("get", "svc", "web")["metadata"]["labels"] == {"x": "one"}
    applied("apply", "-f", "-", stdin=MANIFEST)
    assert "labels" not in applied.json("get", "svc", "web")["metadata"]


def test_a_rollout_ends_and_a_scale_is_followed(applied):
    assert "successfully rolled out" in applied("rollout", "status", "deploy/web", "--timeout=15s")
    applied("scale", "deploy/web", "--replicas=3")
    assert "successfully rolled out" in applied("rollout", "status", "deploy/web", "--timeout=15s")
    applied("wait", "--for=condition=Available", "deploy/web", "--timeout=10s")
    pods = applied.json("get", "pods", "-l", "app=web")["items"]
    assert sum("deletionTimestamp" not in pod["metadata"] for pod in pods) == 3


def test_get_prints_the_usual_columns(applied):
    head, *rows = applied("get", "svc", "web", "-o", "wide").strip().split("\n")
    assert head.split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"]
    assert rows[0].split()[:2] + rows[0].split()[3:4] == ["web", "LoadBalancer", "<pending>"]
    assert "NAME" in applied("get", "nodes")
    assert "deployment.apps/web" in applied("get", "all")


def test_describe_knows_services_deployments_and_nodes(applied):
    assert "LoadBalancer" in applied("describe", "svc", "web")
    assert "2 desired" in applied("describe", "deploy", "web")
    assert "InternalIP" in applied("describe", "node", "kubectl-1")


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("strategic", {"spec": {"ports": [{"name": "more", "port": 81}]}}),
        ("merge", {"spec": {"ports": [{"name": "http", "port": 80}, {"name": "more", "port": 81}]}}),
        ("json", [{"op": "add", "path": "/spec/ports/-", "value": {"name": "more", "port": 81}}]),
    ],
)
def test_patches_of_every_type(applied, kind, patch):
    applied("patch", "svc", "web", f"--type={kind}", "-p", json.dumps(patch))
    assert {port["port"] for port in applied.json("get", "svc", "web")["spec"]["ports"]} == {80, 81}


def test_labels_annotations_taints_and_cordons(applied):
    applied("label", "svc", "web", "a=b")
    applied("annotate", "svc", "web", "c=d")
    applied("taint", "node", "kubectl-2", "k=v:NoSchedule")
    applied("cordon", "kubectl-2")
    assert applied.json("get", "svc", "web")["metadata"]["labels"] == {"a": "b"}
    spec = applied.json("get", "node", "kubectl-2")["spec"]
    assert (spec["unschedulable"], spec["taints"][0]["key"]) == (True, "k")
    applied("uncordon", "kubectl-2")
    applied("taint", "node", "kubectl-2", "k-")


def test_typed_creates_are_read(kubectl):
    kubectl("create", "service", "clusterip", "typed", "--tcp=80:8080")
    assert kubectl.json("get", "svc", "typed")["spec"]["ports"][0]["targetPort"] == 8080
    kubectl("create", "configmap", "typed", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "typed", "--from-literal=a=b")
    assert kubectl.json("get", "secret", "typed")["data"] == {"a": "Yg=="}
    kubectl("delete", "svc/typed", "cm/typed", "secret/typed")


def test_a_dry_run_creates_nothing(kubectl):
    assert kubectl("create", "deployment", "dry", "--image=i", "--dry-run=server", "-o", "name") == (
        "deployment.apps/dry\n"
    )
    assert "NotFound" in kubectl.run("get", "deploy", "dry").stderr


def test_server_side_apply_finds_conflicts_and_can_force(applied):
    again = applied.run("apply", "--server-side", "-f", "-", stdin=MANIFEST.replace("replicas: 2", "replicas: 4"))
    assert ".spec.replicas" in again.stderr
    applied("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=MANIFEST)


def test_strict_validation_names_the_unknown_field(kubectl):
    wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: w}\nspec: {nosuch: 1, ports: [{port: 80}]}"
    assert 'unknown field "spec.nosuch"' in kubectl.run("apply", "-f", "-", stdin=wrong).stderr


def test_a_watch_ends_with_what_it_waited_for(applied):
    applied("annotate", "svc", "web", "x=y")
    assert "condition met" in applied("wait", "svc/web", "--for=jsonpath={.metadata.annotations.x}=y", "--timeout=5s")
    listed = applied("get", "svc", "web", "--watch", "--request-timeout=1s")
    assert listed.count("web") == 1


def test_explain_and_api_resources_know_the_served_kinds(kubectl):
    assert "type determines how the Service is exposed" in kubectl("explain", "svc.spec.type")
    assert "endpointslices" in kubectl("api-resources")
    assert kubectl("auth", "can-i", "get", "pods") == "yes\n"


def test_a_namespace_goes_with_its_contents(kubectl):
    kubectl("create", "namespace", "brief")
    kubectl("create", "configmap", "c", "-n", "brief")
    kubectl("delete", "namespace", "brief", "--timeout=10s")
    assert "NotFound" in kubectl.run("get", "ns", "brief").stderr
