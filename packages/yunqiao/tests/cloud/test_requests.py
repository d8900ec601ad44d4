"""Every request that we build is the one that the official SDK sends for the same action.

Each call's parameters are put into the SDK's typed request; a name that it does not know, a wrong shape or a wrong
place would be missing or different on the wire.
"""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_tea_openapi import utils_models as openapi

from yunqiao.cloud import ecs, vpc
from yunqiao.cloud.clb import access_control, certificates, domains, groups, health, instances, listeners
from yunqiao.cloud.clb.merging import MERGING
from yunqiao.cloud.products import placed
from yunqiao.model.balancer import Backend, Domain, Listener
from yunqiao.model.step import Call

SDKS = {"slb": "alibabacloud_slb20140515", "ecs": "alibabacloud_ecs20140526", "vpc": "alibabacloud_vpc20160428"}
ENVELOPE = {"RegionId"}

ROUTES = [
    vpc.Route("vtb-1", "10.0.1.0/24", "i-1", "k8s", "云桥 key"),
    vpc.Route("vtb-1", "fd00:1::/64", "i-2"),
]
CALLS = [
    ecs.describe_instances("cn-hangzhou", ["i-1", "i-2"], "mark"),
    ecs.describe_vpc_instances("cn-hangzhou", "vpc-1"),
    ecs.describe_interfaces("cn-hangzhou", ["eni-1", "eni-2"]),
    ecs.describe_interfaces_by_ip("cn-hangzhou", "vpc-1", ["10.0.0.1"]),
    ecs.describe_interfaces_by_ip("cn-hangzhou", "vpc-1", ["fd00::1", "fd00::2"], ipv6=True, next_token="mark"),
    ecs.modify_source_dest_check("cn-hangzhou", "eni-1", checked=False, why="let pods through"),
    vpc.describe_vswitches("cn-hangzhou", vpc_id="vpc-1", page="2"),
    vpc.describe_vswitches("cn-hangzhou", vswitch_id="vsw-1"),
    vpc.describe_vpc("cn-hangzhou", "vpc-1"),
    vpc.describe_tables("cn-hangzhou", "vpc-1"),
    vpc.describe_routes("cn-hangzhou", "vtb-1", "mark"),
    vpc.describe_routes("cn-hangzhou", "vtb-1", cidrs=["10.0.1.0/24", "10.0.2.0/24"]),
    vpc.create_routes("cn-hangzhou", "vpc-1", ROUTES, "add"),
    vpc.delete_routes("cn-hangzhou", "vpc-1", ROUTES, "remove"),
    vpc.mark_route("cn-hangzhou", "vpc-1", vpc.Route("vtb-1", "10.0.1.0/24", "i-1", "w1", "mark", id="rte-1"), "mark"),
    vpc.describe_eips("cn-hangzhou", "lb-1"),
]


def named(call: Call) -> str:
    return call.action


def nested(params: dict[str, str]) -> Any:
    """`Tag.1.Key=a` as `{"Tag": [{"Key": "a"}]}`."""
    tree: dict[str, Any] = {}
    for name, value in params.items():
        *way, last = name.split(".")
        branch = tree
        for part in way:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return _lists(tree)


def _lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(name.isdecimal() for name in tree):
        return [_lists(tree[name]) for name in sorted(tree, key=int)]
    return {name: _lists(value) for name, value in tree.items()}


def sent_by_the_sdk(recording: Any, call: Call) -> Any:
    package = SDKS[call.product]
    client_class = importlib.import_module(f"{package}.client").Client
    config = openapi.Config(
        access_key_id="LTAItest", access_key_secret="secret", endpoint=recording.address, protocol="http"
    )
    request = getattr(importlib.import_module(f"{package}.models"), f"{call.action}Request")()
    request.from_map(nested(dict(call.params)))
    methods = dict(inspect.getmembers(client_class, inspect.isfunction))
    method = next(name for name in methods if name.replace("_", "") == call.action.lower())
    getattr(client_class(config), method)(request)
    return recording.asked[-1]


def same(params: dict[str, str]) -> dict[str, str]:
    return {
        name: value.lower() if value.lower() in {"true", "false"} else value
        for name, value in params.items()
        if name not in ENVELOPE
    }


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_a_request_is_what_the_official_sdk_sends(recording: Any, call: Call) -> None:
    sent = sent_by_the_sdk(recording, call)
    query, form = placed(call.product, call.action, call.params)
    assert same(query) == same(sent.query)
    assert same(form) == same(sent.form)
    assert sent.headers["x-acs-action"] == call.action


UNDOCUMENTED = {("udp", "ConnectionDrain"), ("udp", "ConnectionDrainTimeout")}
"""Settings that the incumbent sends for UDP and the SDK's model does not have."""


def every_setting(protocol: str) -> Listener:
    names = (*listeners.ATTRIBUTES[protocol], *listeners.AT_CREATION.get(protocol, ()))
    settings = {name: "7" for name in names if (protocol, name) not in UNDOCUMENTED} | {"Scheduler": "wrr"}
    mark = "k8s/80/nginx/default/c"
    return Listener(port=80, protocol=protocol, description=mark, group=mark, attributes=settings)


def clb_calls() -> Iterator[Call]:
    backends = (Backend(server_id="i-1", port=30080, weight=100, description="k8s/80/nginx/default/c"),)
    yield instances.list_by_tag("kubernetes.do.not.delete", "a1")
    yield instances.list_by_name("a1")
    yield instances.list_all(2)
    yield instances.create({"AddressType": "intranet", "VpcId": "vpc-1"}, {"k": "v"}, "token", "create")
    yield instances.delete("lb-1", "delete")
    yield instances.set_delete_protection("lb-1", "on", "protect")
    yield instances.set_modification_protection("lb-1", "ConsoleProtection", "protect")
    yield instances.set_name("lb-1", "name", "rename")
    yield instances.set_internet_spec("lb-1", "paybybandwidth", "5", "pay")
    yield instances.set_charge_type("lb-1", "PayBySpec", "slb.s1.small", "pay")
    yield instances.set_spec("lb-1", "slb.s2.small", "pay")
    yield instances.tag("lb-1", {"k": "v"}, "tag")
    yield instances.untag("lb-1", ["k", "l"], "untag")
    yield groups.list_groups("lb-1")
    yield groups.describe("rsp-1")
    yield groups.create("lb-1", "k8s/80", backends, "create")
    yield groups.delete("lb-1", "rsp-1", "delete")
    yield groups.add("lb-1", "rsp-1", backends, "add")
    yield groups.remove("lb-1", "rsp-1", backends, "remove")
    yield groups.change("lb-1", "rsp-1", backends, "change")
    yield groups.replace("lb-1", "rsp-1", backends, backends, "replace")
    yield listeners.list_listeners("lb-1", "mark")
    yield MERGING["DescribeLoadBalancerListeners"].join([listeners.list_listeners(one) for one in ("lb-1", "lb-2")])
    for listener in map(every_setting, listeners.ATTRIBUTES):
        yield listeners.create("lb-1", listener, "rsp-1", "create")
        yield listeners.change("lb-1", listener, "rsp-1", "change")
    yield listeners.start("lb-1", 80, "tcp", "start")
    yield listeners.delete("lb-1", 80, "tcp", "delete")
    yield health.describe("lb-1")
    yield access_control.list_by_name("k8s/source-ranges/nginx/default/c")
    yield access_control.describe("acl-1", "2")
    yield access_control.create("k8s/source-ranges/nginx/default/c", "ipv6", {"k": "v", "l": ""}, "create")
    yield access_control.add("acl-1", ["10.0.0.0/8", "2001:db8::/32"], "add")
    yield access_control.remove("acl-1", ["10.0.0.0/8"], "remove")
    yield access_control.delete("acl-1", "delete")
    yield domains.list_domains("lb-1", 443)
    yield domains.create("lb-1", 443, Domain("*.shop.example", "cert-1"), "create")
    yield domains.change("lb-1", "de-1", "cert-2", "change")
    yield domains.delete("lb-1", "de-1", "delete")
    yield certificates.list_certificates()


def test_every_request_of_the_classic_balancer_is_what_the_official_sdk_sends(recording: Any) -> None:
    for call in clb_calls():
        sent = sent_by_the_sdk(recording, call)
        assert (call.action, same(dict(call.params))) == (call.action, same(sent.query))
        assert not sent.body
