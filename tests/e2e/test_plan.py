"""`yunqiao plan` and `yunqiao run --dry-run` against the three programs: what they print, and that nothing changes."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from yunqiao.cli.sandboxed.sandbox import environment

YUNQIAO = str(Path(sys.executable).with_name("yunqiao"))
MANIFEST = """
apiVersion: v1
kind: Service
metadata:
  name: {name}
  annotations:
    service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type: intranet
    {annotation}
spec:
  type: {type}
  selector: {{app: {name}}}
  ports: [{{port: {port}, targetPort: 80}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


def manifest(folder, name, port=8080, annotation="", kind="LoadBalancer"):
    file = folder / f"{name}.yaml"
    file.write_text(MANIFEST.format(name=name, port=port, annotation=annotation, type=kind))
    return str(file)


async def yunqiao(stage, command, *arguments, stdin=None):
    """Exit status, standard output and standard error of a command that ends by itself."""
    given = (f"--cloud-config={stage.box.folder / 'cloud-config.conf'}", f"--kubeconfig={stage.box.kubeconfig}")
    process = await asyncio.create_subprocess_exec(
        YUNQIAO, command, *arguments, *given, env=os.environ | environment(stage.box.cloud),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(stdin), 20)
    return process.returncode, out.decode(), err.decode()


async def everything(stage):
    """All that a command could have changed: Services, Events and our Leases, and what the cloud holds."""
    leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
    kinds = ("/api/v1/services", "/api/v1/events", leases)
    return [await stage.kube("GET", kind) for kind in kinds], (await stage.cloud("GET", "state"))["slb"]


async def settled(stage, name):
    """A Service that has its balancer, in a cluster whose nodes have their routes, and all of it is told."""
    for node in ("control-plane-1", "worker-1", "worker-2", "worker-3"):
        await stage.event(node, "CreatedRoute")
    await stage.service(name)
    await stage.address(name)
    await stage.event(name, "EnsuredLoadBalancer")  # Events are written beside the work


def actions(told):
    return [call["action"] for one in json.loads(told)["services"] for call in one["calls"]]


async def test_a_service_that_has_all_it_asks_for_has_nothing_to_do(stage):
    await settled(stage, "calm")
    status, out, err = await yunqiao(stage, "plan", "service", "default/calm")
    assert (status, err) == (0, "")
    assert out.startswith("Service default/calm: nothing to do in the cloud\n")


async def test_a_new_manifest_is_planned_without_a_trace_and_then_run_sends_the_same(stage, tmp_path):
    file = manifest(tmp_path, "fresh")
    await settled(stage, "quiet")
    before = await everything(stage)
    status, out, _ = await yunqiao(stage, "plan", "-f", file, "--output", "json")
    assert status == 3
    planned = actions(out)
    now = await everything(stage)
    assert now[1] == before[1]
    assert [one["items"] for one in now[0][:2]] == [one["items"] for one in before[0][:2]]
    assert "<node port of 8080/TCP>" in out
    assert json.loads(out)["skipped"] == ["Deployment default/fresh"]
    since = (await stage.cloud("GET", "calls"))["calls"][-1]["number"]
    await settled(stage, "fresh")
    sent = [action for action in await stage.actions(since) if not action.startswith("Describe")]
    assert sent == planned


async def test_each_field_is_told_with_both_values_and_what_interrupts_has_a_status_of_its_own(stage, tmp_path):
    await settled(stage, "shop")
    scheduler = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-scheduler: wlc"
    status, out, _ = await yunqiao(stage, "plan", "-f", manifest(tmp_path, "shop", annotation=scheduler))
    assert status == 3
    assert "listener 8080/TCP  Scheduler  rr  ->  wlc  (in place)" in out
    status, out, _ = await yunqiao(stage, "plan", "-f", manifest(tmp_path, "shop", port=9090))
    assert status == 4
    assert "listener 8080/TCP  state  running  ->  -  (interrupts a listener)" in out
    status, out, _ = await yunqiao(stage, "plan", "-f", manifest(tmp_path, "shop", kind="ClusterIP"))
    assert status == 4
    assert "DeleteLoadBalancer (loses the address)" in out


async def test_a_manifest_may_come_from_standard_input_and_its_node_ports_are_those_that_there_are(stage, tmp_path):
    await settled(stage, "piped")
    text = Path(manifest(tmp_path, "piped")).read_bytes()
    status, out, _ = await yunqiao(stage, "plan", "-f", "-", stdin=text)
    assert (status, "skipped: Deployment default/piped" in out) == (0, True)


async def test_a_bad_annotation_is_told_with_what_is_allowed(stage, tmp_path):
    await settled(stage, "wrong")
    scheduler = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-scheduler: fastest"
    status, out, _ = await yunqiao(stage, "plan", "-f", manifest(tmp_path, "wrong", annotation=scheduler))
    assert status == 1
    assert 'scheduler: "fastest" is not allowed; allowed: ' in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "names no Service; write: service NAMESPACE/NAME"),
        (["service", "a/b/c"], '"a/b/c" is not NAMESPACE/NAME'),
        (["service", "web", "--output=yaml"], '--output: "yaml" is not one of table, json'),
        (["service", "web", "-f", "x.yaml"], "name a Service or files, not both"),
        (["service", "web", "--kubecfg=x"], "--kubecfg: unknown flag; did you mean --kubeconfig?"),
    ],
)
async def test_a_wrong_command_line_has_status_2_and_says_what_to_write(stage, arguments, said):
    status, out, err = await yunqiao(stage, "plan", *arguments)
    assert (status, out) == (2, "")
    assert said in err


async def test_what_cannot_be_found_out_has_status_1_and_names_it(stage, tmp_path):
    status, _, err = await yunqiao(stage, "plan", "service", "default/nobody")
    assert (status, err) == (1, "yunqiao plan: there is no Service default/nobody\n")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    status, _, err = await yunqiao(stage, "plan", "-f", str(broken))
    assert status == 1
    assert "is neither YAML nor JSON at line 1" in err


async def test_a_dry_run_plans_everything_writes_nothing_and_ends(stage):
    await settled(stage, "first")
    await stage.box.controller.stop()
    await stage.service("second")
    zone = "topology.kubernetes.io/zone"
    await stage.kube("PATCH", "/api/v1/nodes/worker-1", {"metadata": {"labels": {zone: "elsewhere"}}})
    before = await everything(stage)
    status, out, err = await yunqiao(stage, "run", "--dry-run")
    assert status == 3
    assert "Nodes: 1 step\n  1. patch of Node worker-1: it is the instance " in out
    assert "Routes: nothing to do" in out
    assert "Service default/first: nothing to do in the cloud" in out
    assert "Service default/second: 4 calls, at worst: harmless" in out
    assert "default/second: would send CreateLoadBalancer (" in err
    assert "leading" not in err
    now = await everything(stage)
    assert now[1] == before[1]
    assert [one["items"] for one in now[0]] == [one["items"] for one in before[0]]


GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "plan-and-explain.md"
PASSING = (
    (r"\b(lb|rsp|i)-bp\w+", r"\1-ID"),
    (r"\b127(\.\d+){3}", "ADDRESS"),
    (r"\b3\d{4}\b", "PORT"),
    (r"/default/[a-z2-7]{10}\b", "/default/CLUSTER"),
    (r"\S+ leads, renewed \d+ s", "SOMEBODY leads, renewed lately"),
    (r"\w+ +connection to [^\n]*", "whatever comes of a connection that nobody behind the balancer takes"),
    (r" +", " "),
)
"""What is another one in every sandbox."""


def lasting(text):
    for pattern, word in PASSING:
        text = re.sub(pattern, word, text)
    return text.strip()


async def test_the_guide_prints_what_the_commands_print(bare_stage, until, tmp_path):
    guide = GUIDE.read_text()
    (manifest_text,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    examples = re.findall(r"```console\n\$ yunqiao ([^\n]*)\n(.*?)```", guide, re.DOTALL)
    assert len(examples) == 3
    (tmp_path / "web.yaml").write_text(manifest_text)
    await bare_stage.controller()
    await settled(bare_stage, "web")

    async def unhealthy():
        return "the check fails on every backend" in (await yunqiao(bare_stage, "explain", "service", "web"))[1]

    await until("health checks have failed", unhealthy)
    for command, printed in examples:
        words = command.replace("web.yaml", str(tmp_path / "web.yaml")).split()
        _, out, err = await yunqiao(bare_stage, *words)
        assert lasting(out) == lasting(printed), err
