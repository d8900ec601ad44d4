from msgspec.structs import replace

from yunqiao.controllers.services.triggers import concerns_us, node_changed, service_changed, slice_changed
from yunqiao.model.cluster import Condition, Ingress, LoadBalancerStatus, ServiceStatus


def test_a_new_load_balancer_service_concerns_us_and_a_cluster_ip_does_not(cluster):
    assert service_changed(None, cluster.service())
    assert not service_changed(None, cluster.service(type="ClusterIP"))
    assert not service_changed(None, cluster.service(load_balancer_class="other"))


def test_a_service_that_still_has_our_finalizer_concerns_us_whatever_it_asks(cluster):
    assert concerns_us(cluster.service(type="ClusterIP", finalizers=["service.k8s.alibaba/resources"]))


def test_what_we_write_ourselves_is_no_reason_to_look_again(cluster):
    before = cluster.service()
    after = cluster.service(
        labels={"service.k8s.alibaba/loadbalancer-id": "lb-1"}, finalizers=["service.k8s.alibaba/resources"]
    )
    after = replace(after, status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=[Ingress(ip="127.0.0.1")])))
    assert not service_changed(before, after)


def test_ports_annotations_type_and_deletion_are_reasons(cluster):
    before = cluster.service()
    assert service_changed(before, cluster.service((81, 30081)))
    assert service_changed(before, cluster.service(annotations={"scheduler": "wrr"}))
    assert service_changed(before, cluster.service(type="ClusterIP"))
    assert service_changed(before, cluster.service(deleted=True))


def test_a_slice_wakes_its_service_only_when_endpoints_or_ports_change(cluster):
    before = cluster.slice(("10.0.0.1", "w1", {"ready": True}))
    assert slice_changed(before, cluster.slice(("10.0.0.1", "w1", {"ready": True}))) == set()
    assert slice_changed(before, cluster.slice(("10.0.0.1", "w1", {"ready": False}))) == {"default/nginx"}
    assert slice_changed(None, before) == {"default/nginx"}
    assert slice_changed(before, None) == {"default/nginx"}
    assert slice_changed(before, cluster.slice(service="other")) == {"default/nginx", "default/other"}


def test_a_heartbeat_of_a_node_changes_nothing(cluster):
    before = cluster.node("w1")
    beat = replace(before, status=replace(before.status, conditions=[
        Condition(type="Ready", status="True", reason="KubeletReady", message="again"),
        Condition(type="MemoryPressure", status="True"),
    ]))  # fmt: skip
    assert not node_changed(before, beat)


def test_readiness_labels_cordons_and_the_autoscalers_taint_change_something(cluster):
    before = cluster.node("w1")
    assert node_changed(before, cluster.node("w1", ready="False"))
    assert node_changed(before, cluster.node("w1", labels={"pool": "a"}))
    assert node_changed(before, cluster.node("w1", unschedulable=True))
    assert node_changed(before, cluster.node("w1", taints=["ToBeDeletedByClusterAutoscaler"]))
    assert node_changed(before, None)
    assert not node_changed(None, cluster.node("cp", labels={"node-role.kubernetes.io/master": ""}))
