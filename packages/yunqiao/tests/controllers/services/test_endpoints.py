"""Which addresses of a Service serve, at which port, and which only finish what they have."""

import pytest
from msgspec.structs import replace

from yunqiao.controllers.services.endpoints import Place, places, target, unready
from yunqiao.model.cluster import EndpointPort, ObjectReference, ServicePort

PORT = ServicePort(port=80, target_port=8080)
READY = {"ready": True}
UNREADY = {"ready": False, "serving": False}
GOING = {"ready": False, "serving": True, "terminating": True}
GONE = {"ready": False, "serving": False, "terminating": True}


def nobody(_):
    return False


def found(slices, admitted=nobody, port=PORT, family="IPv4"):
    return [(one.address, one.leaving) for one in places(slices, port, family, admitted)]


@pytest.mark.parametrize(
    ("conditions", "taken"),
    [
        (READY, [("10.0.0.2", False)]),
        ({}, [("10.0.0.2", False)]),
        (UNREADY, []),
        (GOING, [("10.0.0.2", True)]),
        (GONE, []),
        ({"ready": True, "terminating": True}, [("10.0.0.2", True)]),
    ],
    ids=["ready", "unknown", "unready", "terminates and serves", "serves no more", "told to be ready while it goes"],
)
def test_an_endpoint_beside_a_ready_one(cluster, conditions, taken):
    slices = [cluster.slice(("10.0.0.1", "w1", READY), ("10.0.0.2", "w1", conditions))]
    assert found(slices) == [("10.0.0.1", False), *taken]


def test_when_all_terminate_those_that_serve_count_as_ready(cluster):
    slices = [cluster.slice(("10.0.0.1", "w1", GOING), ("10.0.0.2", "w1", GONE), ("10.0.0.3", "w1", UNREADY))]
    assert found(slices) == [("10.0.0.1", False)]


def test_an_address_in_two_slices_counts_once_and_as_ready(cluster):
    slices = [
        cluster.slice(("10.0.0.1", "w1", GOING), ("10.0.0.2", "w1", READY)),
        cluster.slice(("10.0.0.1", "w1", READY), ("10.0.0.2", "w1", GOING), name="nginx-2"),
    ]
    assert found(slices) == [("10.0.0.1", False), ("10.0.0.2", False)]


def test_only_one_address_family_counts(cluster):
    six = replace(cluster.slice(("fd00::1", "w1", READY)), address_type="IPv6")
    slices = [cluster.slice(("10.0.0.1", "w1", READY)), six]
    assert found(slices) == [("10.0.0.1", False)]
    assert found(slices, family="IPv6") == [("fd00::1", False)]


@pytest.mark.parametrize(
    ("port", "number"),
    [
        (ServicePort(port=80, target_port=8080), 8080),
        (ServicePort(port=80), 80),
        (ServicePort(port=80, name="web", target_port="http"), 9001),
        (ServicePort(port=80, name="admin", target_port="http"), None),
        (ServicePort(port=80, target_port="http"), None),
    ],
)
def test_a_named_target_port_is_what_the_slice_says_under_the_name_of_the_services_port(port, number):
    assert target(port, [EndpointPort(port=9001, name="web"), EndpointPort(name="admin")]) == number


def test_slices_that_do_not_have_a_named_port_are_left_out(cluster):
    one = replace(cluster.slice(("10.0.0.1", "w1", READY)), ports=[EndpointPort(port=9001, name="web")])
    other = replace(cluster.slice(("10.0.0.2", "w1", READY), name="nginx-2"), ports=[])
    port = ServicePort(port=80, name="web", target_port="http")
    assert places([one, other], port, "IPv4", nobody) == [Place("10.0.0.1", 9001, "w1")]


def with_pod(one, uid):
    pod = ObjectReference(kind="Pod", namespace="default", name=f"pod-{uid}", uid=uid)
    return replace(one, endpoints=[replace(each, target_ref=pod) for each in one.endpoints])


def test_a_pod_that_waits_for_us_is_taken_although_it_is_not_ready(cluster):
    slices = [with_pod(cluster.slice(("10.0.0.1", "w1", UNREADY)), "u1")]
    assert found(slices, lambda uid: uid == "u1") == [("10.0.0.1", False)]
    assert found(slices) == []


def test_only_pods_that_are_not_ready_and_stay_are_asked_for(cluster):
    slices = [
        with_pod(cluster.slice(("10.0.0.1", "w1", UNREADY)), "u1"),
        with_pod(cluster.slice(("10.0.0.2", "w1", READY)), "u2"),
        with_pod(cluster.slice(("10.0.0.3", "w1", GOING)), "u3"),
        cluster.slice(("10.0.0.4", "w1", UNREADY)),
    ]
    assert [(pod.uid, node, addresses) for pod, node, addresses in unready(slices, "IPv4")] == [
        ("u1", "w1", ["10.0.0.1"])
    ]
