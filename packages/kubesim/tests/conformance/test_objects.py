"""Subresources, finalizers, preconditions, owners, Services: what the parts of an object's life look like."""

import asyncio

import pytest

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "registry.example/i"}]}}
APPS = "apps/v1"


async def service(api, name="s", **spec):
    body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}
    return await api.post(api.path("services"), body)


async def test_the_status_is_written_apart_from_the_rest(api):
    await service(api, type="LoadBalancer", loadBalancerClass="example.com/none")
    path, balancer = api.path("services", "s"), {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    ignored = await api.patch(path, {"status": balancer})
    assert ignored.body["status"] == {"loadBalancer": {}}
    written = await api.patch(f"{path}/status", {"status": balancer, "spec": {"externalTrafficPolicy": "Local"}})
    assert written.body["status"]["loadBalancer"]["ingress"] == [{"ip": "192.0.2.1", "ipMode": "VIP"}]
    assert written.body["spec"]["externalTrafficPolicy"] == "Cluster"
    refused = await api.patch(f"{path}/status", {"status": {"loadBalancer": {"ingress": [{"ip": "no"}]}}})
    assert refused.causes[0][0] == "status.loadBalancer.ingress[0].ip"


async def test_scale_is_a_small_view_of_a_workload(api):
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
    made = await api.post(api.path("replicasets", group=APPS), {"metadata": {"name": "r"}, "spec": spec})
    path = api.path("replicasets", "r/scale", group=APPS)
    scale = await api.get(path)
    assert (scale.body["kind"], scale.body["status"]["selector"]) == ("Scale", "a=b")
    assert "replicas" not in scale.body["spec"]
    stale = scale.body | {"spec": {"replicas": 1}}
    stale["metadata"] = stale["metadata"] | {"resourceVersion": "1"}
    assert (await api.put(path, stale)).code == 409
    paused = await api.patch(path, {"spec": {"replicas": 0}})
    assert paused.code == 200
    assert (await api.get(api.path("replicasets", "r", group=APPS))).meta["generation"] == made.meta["generation"]


async def test_the_generation_counts_wishes_and_not_reports(api):
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
    path = api.path("replicasets", "r", group=APPS)
    made = await api.post(api.path("replicasets", group=APPS), {"metadata": {"name": "r"}, "spec": spec})
    assert made.meta["generation"] == 1
    assert (await api.patch(path, {"metadata": {"labels": {"x": "y"}}})).meta["generation"] == 1
    assert (await api.patch(path, {"spec": {"minReadySeconds": 5}})).meta["generation"] == 2


async def test_a_finalizer_holds_an_object_until_it_goes(api):
    made, path = await api.configmap("a", finalizers=["example.com/hold"]), api.path("configmaps", "a")
    going = await api.delete(path)
    assert going.code == 200
    held = await api.get(path)
    assert {"deletionTimestamp", "deletionGracePeriodSeconds"} <= set(held.meta)
    more = {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}
    refused = await api.patch(path, more)
    assert (refused.code, "no new finalizers can be added" in refused.body["message"]) == (422, True)
    assert (await api.delete(path)).code == 200
    async with api.watch(api.path("configmaps"), resourceVersion=made.version) as events:
        await api.patch(path, {"metadata": {"finalizers": None}})
        seen = await events.some(2)
    assert [event["type"] for event in seen] == ["MODIFIED", "DELETED"]
    assert (await api.get(path)).code == 404


@pytest.mark.parametrize("field", ["uid", "resourceVersion"])
async def test_a_deletion_may_be_conditional(api, field):
    made, path = await api.configmap("a"), api.path("configmaps", "a")
    wrong = "00000000-0000-0000-0000-000000000000" if field == "uid" else "1"
    refused = await api.delete(path, {"preconditions": {field: wrong}})
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert f"in the precondition ({wrong}) does not match" in refused.body["message"]
    assert (await api.delete(path, {"preconditions": {field: made.meta[field]}})).code == 200


async def test_a_deletion_answers_with_a_status_or_the_object(api):
    made = await api.configmap("a")
    gone = await api.delete(api.path("configmaps", "a"))
    assert gone.body["status"] == "Success"
    assert gone.body["details"] == {"name": "a", "kind": "configmaps", "uid": made.meta["uid"]}
    assert (await api.delete(api.path("configmaps", "a"))).code == 404
    await service(api)
    assert (await api.delete(api.path("services", "s"))).body["kind"] == "Service"


async def test_a_collection_is_deleted_by_selector(api):
    for name, label in (("a", "1"), ("b", "2")):
        await api.configmap(name, labels={"n": label})
    deleted = await api.delete(api.path("configmaps"), labelSelector="n=1")
    assert [item["metadata"]["name"] for item in deleted.body["items"]] == ["a"]
    assert (await api.get(api.path("configmaps", "a"))).code == 404
    assert (await api.get(api.path("configmaps", "b"))).code == 200


def owned_by(owner):
    named = {name: owner.meta[name] for name in ("name", "uid")}
    return [{"apiVersion": "v1", "kind": "ConfigMap", **named}]


async def gone(api, name):
    async with asyncio.timeout(10):
        while (await api.get(api.path("configmaps", name))).code != 404:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_dependents_go_with_their_owner(api, policy):
    owner = await api.configmap("owner")
    await api.configmap("dependent", ownerReferences=owned_by(owner))
    await api.delete(api.path("configmaps", "owner"), propagationPolicy=policy)
    await gone(api, "dependent")
    await gone(api, "owner")


async def test_orphans_stay_and_forget_their_owner(api):
    owner = await api.configmap("owner")
    await api.configmap("dependent", ownerReferences=owned_by(owner))
    await api.delete(api.path("configmaps", "owner"), propagationPolicy="Orphan")
    await gone(api, "owner")
    assert "ownerReferences" not in (await api.get(api.path("configmaps", "dependent"))).meta


async def test_a_service_is_given_addresses_and_ports(api):
    made = await service(api, type="LoadBalancer", externalTrafficPolicy="Local", loadBalancerClass="example.com/none")
    spec = made.body["spec"]
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert 30000 <= spec["ports"][0]["nodePort"] <= 32767
    assert 30000 <= spec["healthCheckNodePort"] <= 32767
    assert (spec["ipFamilyPolicy"], spec["internalTrafficPolicy"]) == ("SingleStack", "Cluster")
    taken = await service(api, "t", type="NodePort", ports=[{"port": 80, "nodePort": spec["ports"][0]["nodePort"]}])
    assert taken.causes == [
        (
            "spec.ports[0].nodePort",
            f"Invalid value: {spec['ports'][0]['nodePort']}: provided port is already allocated",
        )
    ]
    plain = await api.patch(api.path("services", "s"), {"spec": {"type": "ClusterIP", "loadBalancerClass": None}})
    assert "nodePort" not in plain.body["spec"]["ports"][0]
    assert plain.body["spec"]["clusterIP"] == spec["clusterIP"]


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"ports": []}, "spec.ports", "Required value"),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port", "must be between 1 and 65535, inclusive"),
        ({"ports": [{"port": 1}, {"port": 2}]}, "spec.ports[0].name", "Required value"),
        ({"type": "Other"}, "spec.type", 'Unsupported value: "Other"'),
        (
            {"type": "NodePort", "ports": [{"port": 1, "nodePort": 99}]},
            "spec.ports[0].nodePort",
            "range of valid ports",
        ),
        ({"loadBalancerClass": "a/b"}, "spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"),
        ({"sessionAffinity": "X"}, "spec.sessionAffinity", "Unsupported value"),
    ],
)
async def test_a_service_that_cannot_be_is_refused_by_field(api, spec, field, words):
    refused = await service(api, **spec)
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert any(name == field and words in message for name, message in refused.causes), refused.causes


async def test_an_endpoint_slice_keeps_its_address_type(api):
    path, body = api.path("endpointslices", group="discovery.k8s.io/v1"), {"metadata": {"name": "e"}}
    endpoints = [{"addresses": ["10.1.2.3"]}]
    made = await api.post(path, body | {"addressType": "IPv4", "endpoints": endpoints})
    assert made.code == 201
    refused = await api.patch(f"{path}/e", {"addressType": "IPv6"})
    assert refused.causes == [("addressType", 'Invalid value: "IPv6": field is immutable')]
    loopback = await api.patch(f"{path}/e", {"endpoints": [{"addresses": ["127.0.0.1"]}]})
    assert loopback.causes[0][0] == "endpoints[0].addresses[0]"


async def test_a_lease_is_taken_by_one(api):
    path = api.path("leases", group="coordination.k8s.io/v1")
    made = await api.post(
        path, {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}}
    )
    bodies = [made.body | {"spec": made.body["spec"] | {"holderIdentity": name}} for name in ("b", "c")]
    answers = await asyncio.gather(*(api.put(f"{path}/l", body) for body in bodies))
    assert sorted(answer.code for answer in answers) == [200, 409]


async def test_nothing_new_in_a_namespace_that_goes(api):
    await api.configmap("held", finalizers=["example.com/hold"])
    await api.delete(f"/api/v1/namespaces/{api.namespace}")
    refused = await api.configmap("new")
    assert (refused.code, refused.body["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    await api.patch(api.path("configmaps", "held"), {"metadata": {"finalizers": None}})
