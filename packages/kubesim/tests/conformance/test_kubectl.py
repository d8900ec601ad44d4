"""kubectl, unmodified: what people type, against any server; pods that run need kubesim's hollow nodes."""

import json

import pytest

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "registry.example/web:1", ports: [{containerPort: 80}]}]}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
"""


@pytest.fixture(scope="module")
def service(kubectl):
    kubectl("apply", "-f", "-", stdin=SERVICE)
    return kubectl


@pytest.fixture(scope="module")
def rolled_out(kubectl, request):
    if "simulated" in request.fixturenames:
        kubectl("apply", "-f", "-", stdin=WEB)
        kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    return kubectl


def test_apply_is_done_once(service):
    assert service("apply", "-f", "-", stdin=SERVICE) == "service/web unchanged\n"
    assert service("diff", "-f", "-", stdin=SERVICE) == ""


def test_describe_shows_a_service(service):
    text = service("describe", "service", "web")
    assert "app=web" in text
    assert "http  80/TCP" in text


def test_get_prints_columns(service):
    head, row = service("get", "service", "web", "-o", "wide").strip().splitlines()
    assert head.split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"]
    assert row.split()[:2] == ["web", "ClusterIP"]


def test_labels_and_annotations_come_and_go(service):
    service("label", "service", "web", "tier=front")
    assert "already has a value" in service.refused("label", "service", "web", "tier=back")
    service("label", "service", "web", "tier-")
    service("annotate", "service", "web", "note=x")
    metadata = service.json("get", "service", "web")["metadata"]
    assert ("labels" in metadata, metadata["annotations"]["note"]) == (False, "x")


def test_replace_changes_and_refuses_what_is_old(service):
    live = service.json("get", "service", "web")
    live["metadata"]["labels"] = {"replaced": "yes"}
    service("replace", "-f", "-", stdin=json.dumps(live))
    live["metadata"]["labels"] = {"replaced": "again"}
    assert "the object has been modified" in service.refused("replace", "-f", "-", stdin=json.dumps(live))


def test_patches_of_all_types(service):
    for kind, patch in (
        ("strategic", '{"spec":{"ports":[{"name":"two","port":81}]}}'),
        ("merge", '{"metadata":{"labels":{"m":"1"}}}'),
        ("json", '[{"op":"remove","path":"/spec/ports/1"}]'),
    ):
        service("patch", "service", "web", f"--type={kind}", "-p", patch)
    assert len(service.json("get", "service", "web")["spec"]["ports"]) == 1


def test_wait_sees_a_field(service):
    done = service("wait", "service/web", "--for=jsonpath={.spec.type}=ClusterIP", "--timeout=5s")
    assert "condition met" in done


@pytest.mark.parametrize("where", ["server", "client"])
def test_a_dry_run_creates_nothing(kubectl, where):
    made = kubectl("create", "configmap", "dry", "--from-literal=a=b", f"--dry-run={where}", "-o", "json")
    assert json.loads(made)["data"] == {"a": "b"}
    assert "NotFound" in kubectl.refused("get", "configmap", "dry")


def test_create_and_delete_typed_objects(kubectl):
    kubectl("create", "secret", "generic", "typed", "--from-literal=a=b")
    assert kubectl.json("get", "secret", "typed")["data"] == {"a": "Yg=="}
    assert "already exists" in kubectl.refused("create", "secret", "generic", "typed")
    assert "deleted" in kubectl("delete", "secret", "typed")
    assert "NotFound" in kubectl.refused("delete", "secret", "typed")
    assert kubectl("delete", "secret", "typed", "--ignore-not-found") == ""


def test_a_strict_error_names_the_field(kubectl):
    wrong = SERVICE.replace("spec: {", "spec: {nosuch: 1, ")
    assert 'unknown field "spec.nosuch"' in kubectl.refused("create", "-f", "-", stdin=wrong)


def test_server_side_apply_conflicts_and_force(kubectl):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {x: '%s'}\n"
    kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=text % 1)
    two = ("apply", "--server-side", "--field-manager=two", "-f", "-")
    assert 'conflict with "one": .data.x' in kubectl.refused(*two, stdin=text % 2)
    kubectl(*two, "--force-conflicts", stdin=text % 2)
    assert kubectl.json("get", "configmap", "ssa")["data"] == {"x": "2"}


def test_explain_and_api_resources_know_kinds(kubectl):
    assert "type determines how the Service is exposed" in kubectl("explain", "service.spec.type")
    listed = kubectl("api-resources", "-o", "name").split()
    assert {"services", "nodes", "leases.coordination.k8s.io", "endpointslices.discovery.k8s.io"} <= set(listed)


def test_an_event_is_found_by_its_object(service):
    uid = service.json("get", "service", "web")["metadata"]["uid"]
    involved = {"apiVersion": "v1", "kind": "Service", "name": "web", "namespace": service.namespace, "uid": uid}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"generateName": "web."}, "involvedObject": involved}
    event |= {"reason": "Told", "message": "a tale", "type": "Normal", "source": {"component": "teller"}}
    service("create", "-f", "-", stdin=json.dumps(event))
    assert "a tale" in service("events", "--for", "service/web")
    assert "Told" in service("get", "events", "--field-selector=involvedObject.name=web")
    assert "a tale" in service("describe", "service", "web")


@pytest.mark.usefixtures("simulated")
def test_a_rollout_is_followed_undone_and_told(rolled_out):
    kubectl = rolled_out
    kubectl("set", "image", "deploy/web", "c=registry.example/web:2")
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    assert len(kubectl("rollout", "history", "deploy/web").strip().splitlines()) == 4
    kubectl("rollout", "undo", "deploy/web")
    kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    containers = kubectl.json("get", "deploy", "web")["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "registry.example/web:1"
    assert "Scaled up replica set" in kubectl("describe", "deployment", "web")


@pytest.mark.usefixtures("simulated")
def test_scale_and_wait(rolled_out):
    kubectl = rolled_out
    kubectl("scale", "deploy/web", "--replicas=3")
    kubectl("wait", "--for=jsonpath={.status.readyReplicas}=3", "deploy/web", "--timeout=10s")
    assert "Expected replicas to be 7" in kubectl.refused("scale", "deploy/web", "--current-replicas=7", "--replicas=1")
    pods = kubectl.json("get", "pods", "-l", "app=web")["items"]
    name = next(pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"])
    kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=10s")
    text = kubectl("describe", "pod", name)
    assert all(reason in text for reason in ("Scheduled", "Pulled", "Created", "Started"))


@pytest.mark.usefixtures("simulated")
def test_taints_cordons_and_a_nodes_description(kubectl):
    kubectl("taint", "node", "conformance-2", "k=v:NoSchedule")
    kubectl("cordon", "conformance-2")
    assert kubectl.json("get", "node", "conformance-2")["spec"]["unschedulable"] is True
    assert "Unschedulable:      true" in kubectl("describe", "node", "conformance-2")
    assert "SchedulingDisabled" in kubectl("get", "nodes")
    kubectl("uncordon", "conformance-2")
    kubectl("taint", "node", "conformance-2", "k-")


def test_a_token_for_an_account(kubectl):
    kubectl("create", "serviceaccount", "robot")
    assert len(kubectl("create", "token", "robot").strip()) > 20
    assert kubectl("auth", "can-i", "create", "services").strip() == "yes"


def test_apply_changes_what_changed_and_removes_what_was_dropped(kubectl):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept%s}\ndata: {a: '1'%s}\n"
    kubectl("apply", "-f", "-", stdin=text % (", labels: {x: one}", ", b: '2'"))
    kubectl("apply", "-f", "-", stdin=text % ("", ""))
    live = kubectl.json("get", "configmap", "kept")
    assert (live["data"], "labels" in live["metadata"]) == ({"a": "1"}, False)


def test_a_watch_shows_what_is_there(service):
    listed = service("get", "service", "web", "--watch", "--request-timeout=1s")
    assert listed.count("web") == 1


def test_a_namespace_goes_with_its_contents(kubectl):
    name = f"{kubectl.namespace}-brief"
    kubectl("create", "namespace", name)
    kubectl("create", "configmap", "c", "-n", name)
    kubectl("delete", "namespace", name, "--timeout=20s")
    assert "NotFound" in kubectl.refused("get", "namespace", name)


@pytest.mark.usefixtures("simulated")
def test_get_all_lists_workloads(rolled_out):
    listed = rolled_out("get", "all", "-o", "name").split()
    assert {"service/web", "deployment.apps/web"} <= set(listed)


@pytest.mark.usefixtures("simulated")
def test_delete_waits_until_an_object_is_gone(rolled_out):
    assert "deleted" in rolled_out("delete", "deploy/web", "--timeout=15s", "--cascade=foreground")
    assert "NotFound" in rolled_out.refused("get", "deploy", "web")
