"""Services that an annotation leaves to network load balancers, where the feature gate says that it counts."""

import json

import pytest

TYPE = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-type"
FINALIZER = "service.k8s.alibaba/resources"

pytestmark = pytest.mark.asyncio(loop_scope="module")


def gated(stage, folder):
    """The sandbox's cloud-config, with the gate on."""
    config = json.loads((stage.box.folder / "cloud-config.conf").read_text())
    config["Global"]["featureGates"] = "LoadBalancerTypeAnnotation=true"
    file = folder / "cloud-config.conf"
    file.write_text(json.dumps(config))
    return f"--cloud-config={file}"


async def annotate(stage, name, kind):
    await stage.change(name, metadata={"annotations": {TYPE: kind}})


async def test_with_the_gate_such_a_service_is_left_alone_and_one_that_becomes_such_goes(bare_stage, until, tmp_path):
    before = {one["id"] for one in await bare_stage.balancers()}
    await bare_stage.service("theirs", annotations={TYPE: "nlb"})
    await bare_stage.service("ours")
    await bare_stage.controller("--leader-elect=false", gated(bare_stage, tmp_path))
    await bare_stage.address("ours")

    async def gone():
        service = await bare_stage.get("ours")
        return not (service["metadata"].get("finalizers") or service["status"]["loadBalancer"])

    await annotate(bare_stage, "ours", "nlb")
    await until("the Service is let go", gone)
    assert {one["id"] for one in await bare_stage.balancers()} == before
    theirs = await bare_stage.get("theirs")
    assert FINALIZER not in theirs["metadata"].get("finalizers", [])
    assert not theirs["status"].get("conditions")
    events = await bare_stage.kube("GET", "/api/v1/namespaces/default/events")
    assert not [one for one in events["items"] if one["involvedObject"]["name"] == "theirs"]
    await annotate(bare_stage, "ours", None)
    await bare_stage.address("ours")
    for name in ("ours", "theirs"):
        await bare_stage.delete(name)


async def test_without_the_gate_the_annotation_means_nothing(bare_stage):
    await bare_stage.service("typed", annotations={TYPE: "nlb"})
    await bare_stage.controller("--leader-elect=false")
    await bare_stage.address("typed")
    await bare_stage.delete("typed")
