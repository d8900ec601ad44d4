"""`yunqiao explain`: each link of the chain broken once, and named with what to do about it."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from aiohttp import web as web_server

from yunqiao.cli.sandboxed.sandbox import environment

YUNQIAO = str(Path(sys.executable).with_name("yunqiao"))
EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
SCHEDULER = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-scheduler"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def explained(stage, name, *more, kubeconfig=None, config=None):
    """Exit status and the JSON that is told."""
    given = (
        f"--cloud-config={config or stage.box.folder / 'cloud-config.conf'}",
        f"--kubeconfig={kubeconfig or stage.box.kubeconfig}", "--output=json",
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        YUNQIAO, "explain", "service", f"default/{name}", *given, *more,
        env=os.environ | environment(stage.box.cloud), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert out, err.decode()
    return process.returncode, json.loads(out)


async def broken(stage, name, *more, **settings):
    """What is broken first: what, text and advice in one."""
    status, told = await explained(stage, name, *more, **settings)
    assert status == 3, told
    first = told["firstBroken"]
    return f"{first['what']}: {first['text']} | {first['advice']}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def web(stage, until):
    """A Service that answers on all workers, with three ready pods: its balancer, group and node port."""
    await stage.deployment("web", 3)
    await stage.pods("web", 3)
    await stage.service("web")
    await stage.address("web")

    async def well():
        status, _ = await explained(stage, "web")
        return status == 0

    await until("all is well", well)
    balancer = await stage.balancer("web")
    group = next(iter(balancer["groups"].values()))
    port = next(iter(group["backends"].values()))["port"]
    return {"balancer": balancer["id"], "group": group["id"], "port": port}


@asynccontextmanager
async def changed(slb, web, action, back, **parameters):
    """A setting changed by hand and, at the end, put back."""
    place = {"LoadBalancerId": web["balancer"], "ListenerPort": 8080}
    await slb(action, **place, **parameters)
    try:
        yield
    finally:
        await slb(back[0], **place, **back[1])


async def test_every_link_of_a_service_that_answers_is_told_and_none_is_broken(stage, web):
    status, told = await explained(stage, "web")
    assert (status, told["firstBroken"]) == (0, None)
    said = [f"{one['mark']} {one['depth']} {one['what']}" for one in told["links"]]
    for link in (
        "ok 0 Service default/web", "ok 0 controller", "ok 0 load balancer", "ok 1 listener 8080/TCP",
        f"ok 2 server group {web['group']}", "ok 1 endpoints of port 8080", "ok 1 finalizer", "ok 1 record",
    ):  # fmt: skip
        assert link in said
    texts = {one["what"]: one["text"] for one in told["links"]}
    assert "weight 100, health normal" in [texts[one] for one in texts if one.startswith("backend worker-1 (")]
    assert "node-role.kubernetes.io/control-plane" in texts["node control-plane-1"]
    assert texts["load balancer"].startswith(f"{web['balancer']}, intranet 127.")
    assert texts["endpoints of port 8080"].startswith("3 of 3 ready, targetPort 80, nodePort ")


async def test_a_table_has_its_marks_in_one_column_and_no_colour_where_nobody_sees_it(stage, web):
    given = (f"--cloud-config={stage.box.folder / 'cloud-config.conf'}", f"--kubeconfig={stage.box.kubeconfig}")
    process = await asyncio.create_subprocess_exec(
        YUNQIAO, "explain", "service", "web", *given, env=os.environ | environment(stage.box.cloud),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    lines = out.decode().splitlines()
    assert process.returncode == 0
    assert "\033[" not in out.decode()
    assert all(line[:9] in ("ok       ", "unknown  ") for line in lines[:-2])
    assert lines[-1] == "No link of Service default/web is broken."


async def test_a_selector_that_matches_no_pods(stage, web):
    await stage.service("nobody")
    await stage.address("nobody")
    said = await broken(stage, "nobody")
    assert "no ready endpoints: the selector matches no pods | compare labels and selector" in said
    assert "get pods -l app=nobody" in said


async def test_pods_that_are_not_ready(stage, until):
    probe = {"httpGet": {"path": "/", "port": 9}, "periodSeconds": 1}
    labels = {"app": "slow"}
    pod = {"metadata": {"labels": labels},
           "spec": {"containers": [{"name": "web", "image": "nginx", "readinessProbe": probe}]}}  # fmt: skip
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "slow"}, "spec": spec}
    await stage.kube("POST", "/apis/apps/v1/namespaces/default/deployments", body)
    await stage.service("slow")
    await stage.address("slow")

    async def there():
        return "pods are not ready (1)" in await broken(stage, "slow")

    await until("the pod is seen, not ready", there)
    assert "describe pods -l app=slow" in await broken(stage, "slow")


async def test_a_target_port_of_a_name_that_no_pod_has(stage, web):
    ports = [{"port": 8080, "targetPort": "http-alt"}]
    await stage.service("named", selector={"app": "web"}, ports=ports)
    await stage.address("named")
    said = await broken(stage, "named")
    assert "the pods have no port named http-alt | name a container port http-alt" in said


async def test_nodes_that_are_all_left_out(stage, web):
    nodes = [f"worker-{number}" for number in (1, 2, 3)]
    for node in nodes:
        await stage.kube("PATCH", f"/api/v1/nodes/{node}", {"metadata": {"labels": {EXCLUDE: ""}}})
    try:
        said = await broken(stage, "web")
    finally:
        for node in nodes:
            await stage.kube("PATCH", f"/api/v1/nodes/{node}", {"metadata": {"labels": {EXCLUDE: None}}})
    assert "every node is left out" in said
    assert f"worker-1 has the label {EXCLUDE}" in said
    await stage.until_backends("web", {f"i-bp1worker0000000000{number}" for number in (1, 2, 3)})


async def test_a_listener_that_was_stopped(stage, slb, web):
    protocol = {"ListenerProtocol": "tcp"}
    async with changed(slb, web, "StopLoadBalancerListener", ("StartLoadBalancerListener", protocol), **protocol):
        assert "listener 8080/TCP: stopped | " in await broken(stage, "web")


async def test_a_health_check_that_fails_everywhere_names_its_port(stage, slb, web, until):
    check = {"HealthCheckInterval": 1, "UnhealthyThreshold": 2, "HealthyThreshold": 2, "HealthCheckConnectTimeout": 1}
    action = "SetLoadBalancerTCPListenerAttribute"
    right, wrong = ({"HealthCheckConnectPort": one, **check} for one in (web["port"], 9))
    async with changed(slb, web, action, (action, right), **wrong):

        async def fails():
            _, told = await explained(stage, "web")
            return told["firstBroken"] and told["firstBroken"]["text"]

        assert await until("it is seen", fails) == "the check fails on every backend: TCP on port 9"

    async def well():
        return (await explained(stage, "web"))[0] == 0

    await until("all is well", well)


async def test_a_group_that_was_emptied(stage, slb, web):
    servers = [{"ServerId": one, "Port": web["port"], "Weight": 100} for one in await stage.backends("web")]
    group = {"VServerGroupId": web["group"], "BackendServers": json.dumps(servers)}
    await slb("RemoveVServerGroupBackendServers", **group)
    try:
        said = await broken(stage, "web")
    finally:
        await slb("AddVServerGroupBackendServers", **group)
    assert f"server group {web['group']}: " in said
    assert ": empty | see below which nodes are left out" in said


async def test_a_bad_annotation(stage, web):
    await stage.change("web", metadata={"annotations": {SCHEDULER: "fastest"}})
    said = await broken(stage, "web")
    await stage.change("web", metadata={"annotations": {SCHEDULER: None}})
    assert f'{SCHEDULER}: "fastest" is not allowed; allowed: ' in said


async def test_a_permission_that_is_missing_is_named(stage, web):
    fault = {"kind": "error", "status": 403, "code": "Forbidden.RAM", "message": "User not authorized.", "count": 1}
    await stage.cloud("POST", "faults", {**fault, "action": "DescribeLoadBalancers"})
    assert "Allow the RAM action slb:DescribeLoadBalancers" in await broken(stage, "web")


async def test_a_wrong_region(stage, web, tmp_path):
    config = tmp_path / "cloud-config.conf"
    text = (stage.box.folder / "cloud-config.conf").read_text()
    config.write_text(text.replace("cn-hangzhou", "cn-beijing"))
    assert "Check the region that is configured" in await broken(stage, "web", config=config)


async def test_a_service_of_another_type(stage):
    await stage.service("inner", type="ClusterIP")
    assert "asks for no classic load balancer | set type: LoadBalancer" in await broken(stage, "inner")


async def test_a_cluster_that_lets_nobody_look_names_what_it_said(stage, web, tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    token = stage.session.headers["Authorization"].removeprefix("Bearer ")
    kubeconfig.write_text(stage.box.kubeconfig.read_text().replace(token, "nobody"))
    said = await broken(stage, "web", kubeconfig=kubeconfig)
    assert "The API server does not accept our credentials" in said


async def test_a_cluster_role_that_lacks_a_rule_names_the_rule(stage, tmp_path):
    async def forbid(request):
        body = {"kind": "Status", "message": f"{request.path} is forbidden", "reason": "Forbidden", "code": 403}
        return web_server.json_response(body, status=403)

    application = web_server.Application()
    application.router.add_route("*", "/{path:.*}", forbid)
    runner = web_server.AppRunner(application)
    await runner.setup()
    await web_server.TCPSite(runner, "127.0.0.1", 0).start()
    config = yaml.safe_load(stage.box.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{runner.addresses[0][1]}"}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    try:
        said = await broken(stage, "web", kubeconfig=kubeconfig)
    finally:
        await runner.cleanup()
    assert 'add to our ClusterRole: {apiGroups: [""], resources: ["services"], verbs: ["list"]}' in said


async def test_a_controller_that_does_not_run_and_a_balancer_that_is_gone(stage, slb, web):
    """Last, since nothing is mended any more."""
    await stage.box.controller.stop()
    said = await broken(stage, "web")
    assert said.startswith("controller: not running: nobody holds its Lease")
    await slb("SetLoadBalancerDeleteProtection", LoadBalancerId=web["balancer"], DeleteProtection="off")
    await slb("DeleteLoadBalancer", LoadBalancerId=web["balancer"])
    status, told = await explained(stage, "web", "--leader-elect=false")
    assert status == 3
    assert told["firstBroken"]["text"] == f"{web['balancer']} is not in region cn-hangzhou"
    await stage.kube("DELETE", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/ccm")
    assert (await broken(stage, "web")).startswith("controller: not running: its Lease is absent")
