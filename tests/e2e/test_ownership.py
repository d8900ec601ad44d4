"""Whose a load balancer is: what cannot be followed is refused, what another controller made is kept, over the wire."""

import base64
import json

import pytest

from yunqiao.cli.sandboxed.places import KEY_ID, KEY_SECRET, REGION

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
VSWITCH = "vsw-bp1sandbox00000000001"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_bad_annotation_is_told_with_what_is_allowed_and_nothing_is_made_until_it_is_mended(stage):
    annotation = f"{PREFIX}scheduler"
    await stage.service("bad", annotations={annotation: "fastest"})
    event = await stage.event("bad", "SyncLoadBalancerFailed", "fastest")
    assert event["type"] == "Warning"
    assert all(word in event["message"] for word in (annotation, "rr, wrr, wlc"))
    await stage.service("mended", annotations={annotation: "fastest"})
    await stage.event("mended", "SyncLoadBalancerFailed", "fastest")
    assert await stage.balancer("mended") is None
    await stage.change("mended", metadata={"annotations": {annotation: "wlc"}})
    await stage.address("mended")
    balancer = await stage.balancer("mended")
    assert balancer["listeners"]["tcp/8080"]["settings"]["Scheduler"] == "wlc"
    assert await stage.balancer("bad") is None
    await stage.delete("bad")


async def test_a_public_balancer_is_refused_where_that_is_switched_off(bare_stage):
    """disablePublicSLB in the cloud-config; the Event says what to set instead."""
    coded = {name: base64.b64encode(text.encode()).decode()
             for name, text in (("accessKeyID", KEY_ID), ("accessKeySecret", KEY_SECRET))}  # fmt: skip
    config = bare_stage.box.folder / "no-public.conf"
    config.write_text(json.dumps({"Global": {**coded, "region": REGION, "disablePublicSLB": True}}))
    await bare_stage.controller(f"--cloud-config={config}")
    await bare_stage.service("public", annotations={f"{PREFIX}address-type": "internet"})
    event = await bare_stage.event("public", "SyncLoadBalancerFailed", "disablePublicSLB")
    assert f"{PREFIX}address-type: intranet" in event["message"]
    assert await bare_stage.balancer("public") is None


async def test_a_balancer_that_the_incumbent_made_is_kept_with_address_and_parts(bare_stage, slb, until):
    """Made through the API as the incumbent makes it, with its default cluster id `clusterid`."""
    await bare_stage.service("taken")
    service = await bare_stage.get("taken")
    made = await _as_the_incumbent(slb, service)
    await bare_stage.controller()
    assert await bare_stage.address("taken") == made["Address"]

    async def filled():
        return len(await bare_stage.backends("taken")) == 3

    await until("the three workers are backends", filled)
    balancer = await bare_stage.balancer("taken")
    assert balancer["id"] == made["LoadBalancerId"]
    assert list(balancer["groups"]) == [made["VServerGroupId"]]
    assert balancer["tags"]["ack.aliyun.com"] == "clusterid"
    (group,) = balancer["groups"].values()
    assert {one["description"] for one in group["backends"].values()} == {group["name"]}
    assert group["name"].endswith("/taken/default/clusterid")
    assert balancer["listeners"]["tcp/8080"]["settings"]["Description"] == "k8s/8080/taken/default/clusterid"
    await bare_stage.delete("taken")
    assert made["LoadBalancerId"] not in [one["id"] for one in await bare_stage.balancers()]


async def _as_the_incumbent(slb, service):
    name = ("a" + service["metadata"]["uid"].replace("-", ""))[:32]
    made = await slb("CreateLoadBalancer", LoadBalancerName=name, AddressType="intranet", VSwitchId=VSWITCH,
                     InstanceChargeType="PayByCLCU")  # fmt: skip
    balancer = {"LoadBalancerId": made["LoadBalancerId"]}
    tags = {"Tag.1.Key": "kubernetes.do.not.delete", "Tag.1.Value": name,
            "Tag.2.Key": "ack.aliyun.com", "Tag.2.Value": "clusterid"}  # fmt: skip
    resource = {"ResourceType": "instance", "ResourceId.1": made["LoadBalancerId"]}
    await slb("TagResources", **resource, **tags)
    key = f"k8s/{service['spec']['ports'][0]['nodePort']}/taken/default/clusterid"
    group = await slb("CreateVServerGroup", **balancer, VServerGroupName=key)
    backend = {"ServerId": "i-bp1worker00000000001", "Port": key.split("/")[1], "Weight": 100, "Description": key}
    backends = {"VServerGroupId": group["VServerGroupId"], "BackendServers": json.dumps([backend])}
    await slb("AddVServerGroupBackendServers", **backends)
    listener = {**balancer, "ListenerPort": 8080, "VServerGroupId": group["VServerGroupId"], "Scheduler": "rr"}
    description = "k8s/8080/taken/default/clusterid"
    await slb("CreateLoadBalancerTCPListener", **listener, Bandwidth=-1, Description=description)
    await slb("StartLoadBalancerListener", **balancer, ListenerPort=8080, ListenerProtocol="tcp")
    return {**made, **group}


async def test_a_listener_that_somebody_else_made_on_our_port_is_left_alone(stage, slb, until):
    """The port was opened by hand before the Service asked for it: the Service is told who holds it."""
    await stage.service("crowded")
    await stage.address("crowded")
    balancer = await stage.balancer("crowded")
    await slb("CreateLoadBalancerTCPListener", LoadBalancerId=balancer["id"], ListenerPort=9999, Bandwidth=-1,
              Description="by hand", VServerGroupId=next(iter(balancer["groups"])))  # fmt: skip
    ports = [{"name": "a", "port": 8080, "targetPort": 80}, {"name": "b", "port": 9999, "targetPort": 80}]
    await stage.change("crowded", spec={"ports": ports})
    event = await stage.event("crowded", "SyncLoadBalancerFailed", "9999/TCP")
    assert '"by hand"' in event["message"]
    held = (await stage.balancer("crowded"))["listeners"]["tcp/9999"]
    assert held["settings"]["Description"] == "by hand"
