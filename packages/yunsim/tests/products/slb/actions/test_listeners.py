"""Listeners: what is set is what is told, in the list and in the attribute."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunsim.certificates import self_signed
from yunsim.dispatch import perform
from yunsim.products.slb.listener_rules import HASHING
from yunsim.products.slb.settings import PROTOCOLS, Setting
from yunsim.products.slb.state import LoadBalancer, ServerGroup, State
from yunsim.world import World

DEMANDED = {"AclStatus", "AclId", "AclType", "ConnectionDrain", "StickySession", "ListenerForward"}
LINKED = {"VServerGroupId", "MasterSlaveServerGroupId", "ServerCertificateId", "CACertificateId", "ForwardPort"}
TEXTS = {
    "Description": st.from_regex(r"[A-Za-z0-9/._-]{1,80}", fullmatch=True),
    "HealthCheckDomain": st.sampled_from(["$_ip", "www.example.com"]),
    "HealthCheckURI": st.sampled_from(["/index.html", "/healthz"]),
    "HealthCheckHttpCode": st.sampled_from(["http_2xx", "http_2xx,http_3xx"]),
    "Cookie": st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True),
    "HealthCheckReq": st.just("ping"),
    "HealthCheckExp": st.just("pong"),
}


def values_of(setting: Setting) -> st.SearchStrategy[Any]:
    if setting.type is bool:
        return st.booleans()
    if isinstance(setting.allowed, range):
        return st.sampled_from(setting.allowed).filter(lambda value: (setting.name, value) != ("Bandwidth", 0))
    return st.sampled_from(setting.allowed) if isinstance(setting.allowed, tuple) else TEXTS[setting.name]


def some_settings(protocol: str) -> st.SearchStrategy[dict[str, Any]]:
    free = {name: each for name, each in PROTOCOLS[protocol].items() if name not in DEMANDED | LINKED}
    return st.fixed_dictionaries({}, optional={name: values_of(each) for name, each in free.items()})


def a_world() -> World:
    world = World()
    balancer = LoadBalancer("lb-1", "web", "10.0.0.1", "intranet", world.clock.now())
    balancer.groups["rsp-1"] = ServerGroup("rsp-1", "lb-1", "group", world.clock.now())
    state = State(load_balancers={"lb-1": balancer})
    state.certificates["cert-1"] = None  # type: ignore[assignment]  # its being there is all that is looked at
    world.states["slb"] = state
    return world


def wire(given: dict[str, Any]) -> dict[str, str]:
    return {"LoadBalancerId": "lb-1", "ListenerPort": "80", **{name: str(value) for name, value in given.items()}}


def told(given: dict[str, Any], protocol: str) -> dict[str, Any]:
    return {PROTOCOLS[protocol][name].answer_name: value for name, value in given.items()}


@pytest.mark.parametrize("protocol", ["tcp", "udp", "http", "https"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_set_is_what_is_told(protocol: str, data: st.DataObject) -> None:
    world, name = a_world(), protocol.upper()
    needed = {
        "Bandwidth": -1,
        "VServerGroupId": "rsp-1",
        **({"ServerCertificateId": "cert-1"} if name == "HTTPS" else {}),
    }
    first, second = data.draw(some_settings(protocol)), data.draw(some_settings(protocol))
    if (first.get("Scheduler") in HASHING) != (second.get("Scheduler") in HASHING):
        second.pop("Scheduler", None)  # such a change is refused
    made = {**needed, **first}
    perform(world, "slb", f"CreateLoadBalancer{name}Listener", wire(made))
    perform(world, "slb", f"SetLoadBalancer{name}ListenerAttribute", wire(second))
    whole = told({**made, **second}, protocol)
    seen = perform(world, "slb", f"DescribeLoadBalancer{name}ListenerAttribute", wire({}))
    (listed,) = perform(world, "slb", "DescribeLoadBalancerListeners", {"LoadBalancerId.1": "lb-1"})["Listeners"]
    flat = {**listed, **listed[f"{name}ListenerConfig"]}
    assert {each: seen[each] for each in whole} == whole
    as_text = {each: str(value).lower() if isinstance(value, bool) else value for each, value in whole.items()}
    assert {each: flat[each] for each in whole} == as_text


@pytest.mark.parametrize(("before", "after"), [("wrr", "sch"), ("rr", "tch"), ("tch", "wrr"), ("sch", "wlc")])
def test_a_listener_does_not_change_between_turns_and_hashing(
    slb: Any, balancer: str, group: str, refused: Any, before: str, after: str
) -> None:
    create(slb, balancer, group, Scheduler=before)
    which = {"LoadBalancerId": balancer, "ListenerPort": 80}
    refused("InvalidParameter", slb, "SetLoadBalancerTCPListenerAttribute", **which, Scheduler=after)
    slb("SetLoadBalancerTCPListenerAttribute", **which, Scheduler={"sch": "tch", "tch": "sch"}.get(before, "wlc"))


def create(slb: Any, balancer: str, group: str, port: int = 80, protocol: str = "TCP", **more: Any) -> None:
    given = {"LoadBalancerId": balancer, "ListenerPort": port, "Bandwidth": -1, "VServerGroupId": group}
    slb(f"CreateLoadBalancer{protocol}Listener", **{**given, **more})


def described(slb: Any, balancer: str, port: int = 80, protocol: str = "TCP") -> dict[str, Any]:
    action = f"DescribeLoadBalancer{protocol}ListenerAttribute"
    answer: dict[str, Any] = slb(action, LoadBalancerId=balancer, ListenerPort=port)
    return answer


def test_a_tcp_listener_has_the_defaults_of_the_reference(slb: Any, balancer: str, group: str) -> None:
    create(slb, balancer, group)
    assert described(slb, balancer) == {
        "LoadBalancerId": balancer,
        "ListenerPort": 80,
        "Status": "stopped",
        "AclStatus": "off",
        "AclIds": {"AclId": []},
        "Bandwidth": -1,
        "ConnectionDrain": "off",
        "Description": "",
        "EstablishedTimeout": 900,
        "HealthCheck": "on",
        "HealthCheckConnectTimeout": 5,
        "HealthCheckDomain": "",
        "HealthCheckHttpCode": "http_2xx",
        "HealthCheckInterval": 2,
        "HealthCheckType": "tcp",
        "HealthCheckURI": "/",
        "HealthyThreshold": 3,
        "PersistenceTimeout": 0,
        "ProxyProtocolV2Enabled": False,
        "Scheduler": "wrr",
        "Tags": {"Tag": []},
        "UnhealthyThreshold": 3,
        "VServerGroupId": group,
    }


def test_an_http_listener_says_that_it_does_not_forward(slb: Any, balancer: str, group: str) -> None:
    create(slb, balancer, group, protocol="HTTP")
    (listed,) = slb("DescribeLoadBalancerListeners", LoadBalancerId=[balancer])["Listeners"]
    assert listed["HTTPListenerConfig"]["ListenerForward"] == "off"
    assert listed["ListenerProtocol"] == "http"


def test_the_older_spelling_of_the_interval_is_taken(slb: Any, balancer: str, group: str) -> None:
    create(slb, balancer, group, healthCheckInterval=7)
    assert described(slb, balancer)["HealthCheckInterval"] == 7


def test_a_set_changes_what_it_names_and_nothing_else(slb: Any, balancer: str, group: str) -> None:
    create(slb, balancer, group, Scheduler="rr", EstablishedTimeout=60)
    slb(
        "SetLoadBalancerTCPListenerAttribute",
        LoadBalancerId=balancer,
        ListenerPort=80,
        VServerGroup="on",
        VServerGroupId=group,
        EstablishedTimeout=90,
    )
    seen = described(slb, balancer)
    assert (seen["Scheduler"], seen["EstablishedTimeout"]) == ("rr", 90)


def test_a_listener_is_started_and_stopped(slb: Any, balancer: str, group: str) -> None:
    create(slb, balancer, group)
    which = {"LoadBalancerId": balancer, "ListenerPort": 80, "ListenerProtocol": "tcp"}
    slb("StartLoadBalancerListener", **which)
    slb("StartLoadBalancerListener", **which)
    assert described(slb, balancer)["Status"] == "running"
    slb("StopLoadBalancerListener", **which)
    assert described(slb, balancer)["Status"] == "stopped"


def test_a_deleted_listener_is_gone_and_its_group_stays(slb: Any, balancer: str, group: str, refused: Any) -> None:
    create(slb, balancer, group)
    slb("DeleteLoadBalancerListener", LoadBalancerId=balancer, ListenerPort=80, ListenerProtocol="tcp")
    error = refused("ListenerNotFound", described, slb, balancer)
    assert "The specified resource does not exist" in error.message
    assert slb("DescribeVServerGroupAttribute", VServerGroupId=group)["VServerGroupId"] == group


def test_a_port_is_one_listeners_but_udp_has_ports_of_its_own(
    slb: Any, balancer: str, group: str, refused: Any
) -> None:
    create(slb, balancer, group)
    refused("ListenerAlreadyExists", create, slb, balancer, group)
    refused("ListenerAlreadyExists", create, slb, balancer, group, protocol="HTTP")
    create(slb, balancer, group, protocol="UDP")
    refused("TooManyListeners", slb, "StartLoadBalancerListener", LoadBalancerId=balancer, ListenerPort=80)


def test_a_balancer_has_50_listeners_at_most(slb: Any, balancer: str, group: str, refused: Any) -> None:
    for port in range(1, 51):
        create(slb, balancer, group, port)
    refused("VipTooManyListeners", create, slb, balancer, group, 51)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("MissingParameter", {"Bandwidth": ""}),
        ("InvalidParameter", {"Bandwidth": 0}),
        ("InvalidParameter", {"Bandwidth": 5121}),
        ("InvalidParameter", {"ListenerPort": 0}),
        ("InvalidParameter", {"ListenerPort": 65536}),
        ("InvalidParameter", {"Scheduler": "random"}),
        ("InvalidParameter", {"EstablishedTimeout": 9}),
        ("InvalidParameter", {"PersistenceTimeout": 3601}),
        ("InvalidParameter", {"HealthyThreshold": 11}),
        ("InvalidParameter", {"HealthCheckInterval": 51}),
        ("InvalidParameter", {"HealthCheckInterval": "often"}),
        ("InvalidParameter", {"HealthCheckSwitch": "yes"}),
        ("InvalidParameter", {"Description": "a;b"}),
        ("InvalidParameter", {"VServerGroupId": "rsp-none"}),
        ("MissingParameter", {"VServerGroupId": ""}),
        ("MissingParameter", {"AclStatus": "on"}),
        ("MissingParameter", {"ConnectionDrain": "on"}),
        ("AclNotExist", {"AclStatus": "on", "AclType": "white", "AclId": "acl-none"}),
    ],
)
def test_a_tcp_listener_that_is_wrong_is_refused(
    slb: Any, balancer: str, group: str, refused: Any, code: str, more: dict[str, Any]
) -> None:
    refused(code, create, slb, balancer, group, **more)
    assert slb("DescribeLoadBalancerListeners", LoadBalancerId=[balancer])["Listeners"] == []


@pytest.mark.parametrize(
    ("needed", "more"),
    [
        ("StickySessionType", {"StickySession": "on"}),
        ("CookieTimeout", {"StickySession": "on", "StickySessionType": "insert"}),
        ("Cookie", {"StickySession": "on", "StickySessionType": "server"}),
        ("ForwardPort", {"ListenerForward": "on"}),
    ],
)
def test_a_setting_demands_its_companion(
    slb: Any, balancer: str, group: str, refused: Any, needed: str, more: dict[str, Any]
) -> None:
    error = refused("MissingParameter", create, slb, balancer, group, protocol="HTTP", **more)
    assert f'"{needed}"' in error.message


def test_an_https_listener_needs_a_certificate_that_is_there(slb: Any, balancer: str, group: str, refused: Any) -> None:
    refused("MissingParameter", create, slb, balancer, group, protocol="HTTPS")
    refused("InvalidParameter", create, slb, balancer, group, protocol="HTTPS", ServerCertificateId="none")


def test_a_set_that_only_tries_changes_nothing(slb: Any, balancer: str, group: str, refused: Any) -> None:
    create(slb, balancer, group)
    action = "SetLoadBalancerTCPListenerAttribute"
    refused("DryRunOperation", slb, action, LoadBalancerId=balancer, ListenerPort=80, Scheduler="rr", DryRun="true")
    assert described(slb, balancer)["Scheduler"] == "wrr"


def test_an_empty_description_is_no_description(slb: Any, balancer: str, group: str) -> None:
    create(slb, balancer, group, Description="")
    assert described(slb, balancer)["Description"] == ""


def test_pages_by_token_hold_every_listener_of_every_balancer_asked_for(slb: Any, balancer: str, group: str) -> None:
    for port in range(1, 46):
        create(slb, balancer, group, port)
    seen: list[int] = []
    token = ""
    for length in (20, 20, 5):
        page = slb("DescribeLoadBalancerListeners", LoadBalancerId=[balancer], NextToken=token)
        assert (len(page["Listeners"]), page["MaxResults"], page["TotalCount"]) == (length, 20, 45)
        seen += [each["ListenerPort"] for each in page["Listeners"]]
        token = page["NextToken"]
    assert token == ""
    assert seen == list(range(1, 46))
    assert len(slb("DescribeLoadBalancerListeners", MaxResults=50)["Listeners"]) == 45


def test_listeners_of_more_than_ten_balancers_or_of_one_that_is_not_there_are_refused(
    slb: Any, balancer: str, refused: Any
) -> None:
    refused("InvalidParameter", slb, "DescribeLoadBalancerListeners", LoadBalancerId=[balancer] * 11)
    refused("InvalidParameter", slb, "DescribeLoadBalancerListeners", MaxResults=101)
    refused("InvalidLoadBalancerId.NotFound", slb, "DescribeLoadBalancerListeners", LoadBalancerId=["lb-none"])


def test_listeners_are_found_by_port_protocol_description_and_tag(slb: Any, balancer: str, group: str) -> None:
    create(slb, balancer, group, 80, Description="k8s/80/web/default/c", Tag=[{"Key": "team", "Value": "web"}])
    create(slb, balancer, group, 81, protocol="UDP")
    for port, wanted in [
        (80, {"ListenerPort": 80}),
        (81, {"ListenerProtocol": "udp"}),
        (80, {"Description": "k8s/80/web/default/c"}),
        (80, {"Tag": [{"Key": "team", "Value": "web"}]}),
    ]:
        (found,) = slb("DescribeLoadBalancerListeners", LoadBalancerId=[balancer], **wanted)["Listeners"]
        assert (wanted, port) == (wanted, found["ListenerPort"])


def test_a_listener_forwards_to_an_https_listener_which_then_stays(
    slb: Any, balancer: str, group: str, refused: Any
) -> None:
    made = self_signed("shop.example.com", [], datetime(2030, 1, 1, tzinfo=UTC))
    own = slb("UploadServerCertificate", ServerCertificate=made.pem, PrivateKey=made.private_key)["ServerCertificateId"]
    forward = {"protocol": "HTTP", "ListenerForward": "on", "ForwardPort": 443}
    refused("InvalidParameter", create, slb, balancer, group, **forward)
    create(slb, balancer, group, 443, "HTTPS", ServerCertificateId=own)
    create(slb, balancer, group, **forward)
    target = {"LoadBalancerId": balancer, "ListenerPort": 443}
    refused("ListenerForwardExist", slb, "DeleteLoadBalancerListener", **target)
    slb("DeleteLoadBalancerListener", LoadBalancerId=balancer, ListenerPort=80)
    slb("DeleteLoadBalancerListener", **target)


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "HTTP"])
def test_the_port_of_health_checks_becomes_the_backends_own_again(
    slb: Any, balancer: str, group: str, protocol: str, refused: Any
) -> None:
    def ports() -> list[int | None]:
        listed = slb("DescribeLoadBalancerListeners", LoadBalancerId=[balancer])["Listeners"]
        return [each[f"{protocol}ListenerConfig"].get("HealthCheckConnectPort") for each in listed]

    create(slb, balancer, group, protocol=protocol, HealthCheckConnectPort=9000)
    which = {"LoadBalancerId": balancer, "ListenerPort": 80}
    change = f"SetLoadBalancer{protocol}ListenerAttribute"
    refused("InvalidParameter", slb, change, **which, HealthCheckConnectPort=-1)
    assert ports() == [9000]
    slb(change, **which, HealthCheckConnectPort=-520)
    create(slb, balancer, group, 81, protocol=protocol, HealthCheckConnectPort=-520)
    assert ports() == [-520, -520]
