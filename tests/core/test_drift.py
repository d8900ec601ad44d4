"""What somebody changes by hand is found by the background look, and mended, told or left, as the policy says.

A Case is one change through the cloud's own API. The cases of parameters are made of the lives of the annotations, and
those of parts say which fields of the model they change: what is declared and changed by no case fails the first test.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.annotations.listener_lives import CERTIFICATE, HOME, LIVES, OFFICE, RENEWED
from tests.annotations.lives import Life, spelled
from tests.annotations.test_instance_settings import SETTINGS, Setting
from tests.core.conftest import Bench, new_bench
from tests.core.test_access import by_hand as call
from tests.core.test_certificates import TODAY, keep

from yunqiao.controllers.services import record
from yunqiao.controllers.services.clb.options import Options
from yunqiao.controllers.services.clb.options import fields as parameters
from yunqiao.controllers.services.clb.plan_instance import FIXED
from yunqiao.controllers.services.drift import PARTS, Policies, policies, spare
from yunqiao.controllers.services.record import Record
from yunqiao.model.balancer import AccessList, Backend, Balancer, Domain, Group, Listener
from yunqiao.model.cluster import ServicePort
from yunqiao.model.errors import Refused
from yunqiao.options.declare import declared
from yunsim.errors import ApiError

MARK = "k8s/{}/nginx/default/abcdefghij"
Deed = Callable[[Bench], Any]


@dataclass(frozen=True)
class Case:
    """One thing that somebody does by hand, to what a Service asks for, and the field whose policy it falls under.

    `changes` are the fields of the model that are then seen otherwise; `rest` is what nobody mends, since it is
    somebody's own or cannot be had back.
    """

    name: str
    field: str
    change: Deed
    annotations: Mapping[str, str] = field(default_factory=dict)
    protocol: str = "tcp"
    spec: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    rest: Deed = lambda bench: None

    def __str__(self) -> str:
        return self.name


def the_balancer(bench):
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    return balancer


def listener(bench, port=80):
    (one,) = [one for one in the_balancer(bench).listeners.values() if one.port == port]
    return one


def group(bench):
    (one,) = [one for one in the_balancer(bench).groups.values() if one.name == MARK.format(30080)]
    return one


def on_balancer(bench, action, **params):
    return call(bench, action, LoadBalancerId=the_balancer(bench).id, **params)


def on_listener(bench, action, port=80, **params):
    params |= {"ListenerProtocol": listener(bench, port).protocol} if "Attribute" not in action else {}
    return on_balancer(bench, action, ListenerPort=port, **params)


def on_group(bench, action, *servers, **params):
    params |= {"BackendServers": json.dumps(servers)} if servers else {}
    return call(bench, action, VServerGroupId=group(bench).id, **params)


def set_listener(bench, **params):
    return on_listener(bench, f"SetLoadBalancer{listener(bench).protocol.upper()}ListenerAttribute", **params)


def on_list(bench, action, **params):
    (own_id,) = [one.id for one in lists(bench) if one.name.startswith("k8s/source-ranges")]
    return call(bench, action, AclId=own_id, **params)


def lists(bench):
    return list(bench.cloud.world.states["slb"].access_control_lists.values())


def server(number, port=30080, mark=None, **more):
    return {"ServerId": f"i-w{number}", "Port": str(port), "Description": mark or MARK.format(30080), **more}


THEIRS = server(3, 9000, "mine")
"""A server that somebody has put into our group."""

# What somebody does to parameters: made of the lives of annotations, where each has two values.


def of_listener(life: Life, protocol: str) -> Case:
    asked = {"acl-id": OFFICE, **life.beside, life.suffix: life.values[0]}
    to = {life.parameter: spelled(life.answers[1])}
    return Case(
        f"{life.parameter}-{protocol}", life.parameter, lambda bench: set_listener(bench, **to), asked, protocol
    )


def of_instance(setting: Setting) -> Case:
    others = {"LoadBalancerSpec": "slb.s2.small"} if setting.parameter == "InstanceChargeType" else {}
    others |= {"InternetChargeType": "paybybandwidth"} if setting.parameter == "Bandwidth" else {}
    to = others | {setting.parameter: spelled(setting.answers[1])}
    name, changes = setting.parameter, ("Balancer.attributes",)
    return Case(name, name, lambda bench: on_balancer(bench, setting.action, **to), setting.asked(0), changes=changes)


PARAMETERS = [of_listener(life, protocol) for life in LIVES for protocol in life.protocols]
PARAMETERS += [of_instance(setting) for setting in SETTINGS]

# What somebody does to parts, in words.


def by_traffic(bench):
    on_balancer(bench, "ModifyLoadBalancerInternetSpec", InternetChargeType="paybytraffic")


def retag(bench):
    tags = {"Tag.1.Key": "team", "Tag.1.Value": "else"}
    call(bench, "TagResources", ResourceType="instance", **{"ResourceId.1": the_balancer(bench).id}, **tags)


def untag(bench, key="team"):
    ids = {"ResourceId.1": the_balancer(bench).id, "TagKey.1": key}
    call(bench, "UntagResources", ResourceType="instance", **ids)


def remove(bench):
    on_listener(bench, "DeleteLoadBalancerListener")


def stop(bench):
    on_listener(bench, "StopLoadBalancerListener")


def make(bench, kind, port=80, **params):
    given = {"VServerGroupId": group(bench).id, "Description": MARK.format(port), **params}
    on_balancer(bench, f"CreateLoadBalancer{kind}Listener", ListenerPort=port, **given)
    on_listener(bench, "StartLoadBalancerListener", port)


def make_redirect(bench):
    remove(bench)
    make(bench, "HTTP", ListenerForward="on", ForwardPort=443)


def make_plain(bench):
    remove(bench)
    make(bench, "HTTP")


def bind_elsewhere(bench):
    set_listener(bench, VServerGroup="on", VServerGroupId=foreign_group(bench))


def unbind(bench):
    set_listener(bench, VServerGroup="off", BackendServerPort=8080)


def rename_group(bench):
    on_group(bench, "SetVServerGroupAttribute", VServerGroupName="renamed")


def remove_group(bench):
    remove(bench)
    on_group(bench, "DeleteVServerGroup")


def make_group(bench):
    servers = json.dumps([server(2)])
    on_balancer(bench, "CreateVServerGroup", VServerGroupName=MARK.format(31111), BackendServers=servers)


def remove_groups(bench, name):
    for one in [one for one in the_balancer(bench).groups.values() if one.name == name]:
        call(bench, "DeleteVServerGroup", VServerGroupId=one.id)


def reweigh(bench):
    on_group(bench, "SetVServerGroupAttribute", server(0, Weight="7"))


def remark(bench):
    on_group(bench, "SetVServerGroupAttribute", server(0, mark=MARK.format(31111)))


def take_out(bench):
    on_group(bench, "RemoveVServerGroupBackendServers", server(0))


def put_in(bench, *servers):
    on_group(bench, "AddVServerGroupBackendServers", *servers)


def put_in_an_interface(bench):
    ecs, world = bench.cloud.world.states["ecs"], bench.cloud.world
    made = ecs.add_interface(world, "vsw-test", own_id="eni-1", instance=ecs.instances["i-w2"])
    put_in(bench, server(0) | {"ServerId": "eni-1", "Type": "eni", "ServerIp": made.private_ips[0]})


def put_in_place(bench, new):
    servers = {"OldBackendServers": json.dumps([server(0)]), "NewBackendServers": json.dumps([new])}
    on_group(bench, "ModifyVServerGroupBackendServers", **servers)


def domain(bench):
    (own_id,) = listener(bench).domain_extensions
    return own_id


def add_domain(bench):
    on_balancer(bench, "CreateDomainExtension", ListenerPort=80, Domain="b.example", ServerCertificateId=RENEWED)


def change_domain(bench):
    call(bench, "SetDomainExtensionAttribute", DomainExtensionId=domain(bench), ServerCertificateId=CERTIFICATE)


def remove_domain(bench):
    call(bench, "DeleteDomainExtension", DomainExtensionId=domain(bench))


def let_in(bench):
    on_list(bench, "AddAccessControlListEntry", AclEntrys='[{"entry":"8.0.0.0/8"}]')


def keep_out(bench, *blocks):
    on_list(bench, "RemoveAccessControlListEntry", AclEntrys=json.dumps([{"entry": one} for one in blocks]))


def remove_list(bench):
    set_listener(bench, AclStatus="off")
    on_list(bench, "DeleteAccessControlList")


TAGGED = {"additional-resource-tags": "team=shop"}
DOMAINS = {"domain-extensions": f"a.example:{RENEWED}"}
RANGES = {"load_balancer_source_ranges": ["10.0.0.0/8", "172.16.0.0/12"]}
AFFINE = {"session_affinity": "ClientIP"}
BESIDE_HTTPS = {"protocol-port": "http:80,https:443"}
REDIRECT = BESIDE_HTTPS | {"forward-port": "80:443"}
BY_BANDWIDTH = {
    "address-type": "internet", "instance-charge-type": "PayBySpec", "charge-type": "paybybandwidth", "bandwidth": "7",
}  # fmt: skip

CASES = [
    Case("bandwidth lost", "InternetChargeType", by_traffic, BY_BANDWIDTH),
    Case("tag changed", "tags", retag, TAGGED, changes=("Balancer.tags",)),
    Case("tag removed", "tags", untag, TAGGED),
    Case("cluster tag removed", "tags", lambda bench: untag(bench, "ack.aliyun.com")),
    Case("listener removed", "listeners", remove, changes=("Balancer.listeners",)),
    Case("listener made", "listeners", lambda bench: make(bench, "UDP", 81, Bandwidth=-1), changes=("Listener.port",)),
    Case("listener of another kind", "listeners", make_plain, changes=("Listener.protocol",)),
    Case("listener that redirects", "listeners", make_redirect, BESIDE_HTTPS, "http"),
    Case("listener that no longer redirects", "listeners", make_plain, REDIRECT, "http"),
    Case("listener stopped", "listeners", stop, changes=("Listener.running",)),
    Case("listener bound elsewhere", "listeners", bind_elsewhere, changes=("Listener.group",)),
    Case("listener bound to no group", "listeners", unbind,
         rest=lambda bench: listener(bench).settings.pop("BackendServerPort")),
    Case(
        "listener described otherwise", "listeners", lambda bench: set_listener(bench, Description=MARK.format(81)),
        changes=("Listener.description",),
    ),
    Case("persistence of the affinity", "PersistenceTimeout",
         lambda bench: set_listener(bench, PersistenceTimeout=7), spec=AFFINE, changes=("Listener.attributes",)),
    Case("cookie of the affinity", "StickySession",
         lambda bench: set_listener(bench, StickySession="off"), protocol="http", spec=AFFINE),
    Case("domain added", "listeners", add_domain, DOMAINS, "https", changes=("Listener.domains", "Domain.name")),
    Case("domain changed", "listeners", change_domain, DOMAINS, "https", changes=("Domain.certificate",)),
    Case("domain removed", "listeners", remove_domain, DOMAINS, "https"),
    Case("range added", "listeners", let_in, spec=RANGES, changes=("AccessList.entries",)),
    Case("range removed", "listeners", lambda bench: keep_out(bench, "10.0.0.0/8"), spec=RANGES),
    Case("all ranges removed", "listeners", lambda bench: keep_out(bench, *entries_of(bench)), spec=RANGES),
    Case("list switched off", "AclStatus", lambda bench: set_listener(bench, AclStatus="off"), spec=RANGES),
    Case("list of another kind", "AclType", lambda bench: set_listener(bench, AclType="black"), spec=RANGES),
    Case("list of somebody else", "AclId", lambda bench: set_listener(bench, AclId=OFFICE), spec=RANGES,
         changes=("Listener.access",)),
    Case("list removed", "", remove_list, spec=RANGES, changes=("Balancer.access", "AccessList.name")),
    Case("group renamed", "", rename_group, changes=("Group.name",),
         rest=lambda bench: (put_in(bench, THEIRS), remove_groups(bench, "renamed"))),
    Case("group removed", "", remove_group, changes=("Balancer.groups",), rest=lambda bench: put_in(bench, THEIRS)),
    Case("group made", "backends", make_group),
    Case("backend weighed", "backends", reweigh, changes=("Backend.weight",)),
    Case("backend marked otherwise", "backends", remark, changes=("Backend.description",)),
    Case("backend removed", "backends", take_out, changes=("Group.backends",)),
    Case("backend added", "backends", lambda bench: put_in(bench, server(2)), changes=("Backend.server_id",)),
    Case("backend of another kind", "backends", put_in_an_interface, changes=("Backend.type", "Backend.server_ip")),
    Case("another server in its place", "backends", lambda bench: put_in_place(bench, server(2))),
    Case("another port in its place", "backends", lambda bench: put_in_place(bench, server(0, 31111)),
         changes=("Backend.port",)),
]  # fmt: skip
"""A field of "" stands for changes that fall under two of them, of which either alone is not the whole of it."""


def entries_of(bench):
    return next(sorted(one.entries) for one in lists(bench) if one.name.startswith("k8s/source-ranges"))


INTENT = {
    "Balancer.birth", "Balancer.places", "Balancer.barred", "Balancer.borrowed", "Balancer.hostname",
    "Balancer.former_tags", "Balancer.problems", "Balancer.notices", "Listener.birth", "Listener.barred", "Group.swaps",
    "Group.full", "Group.keeps_weights", "Group.revives", "Group.lingering", "Group.unconfirmed", "Group.partial",
    "Backend.leaving",
}  # fmt: skip
"""What is only ever wanted or known: there is no such thing in the cloud."""
GIVEN = {
    "Balancer.id", "Balancer.address", "Balancer.known", "Balancer.spares", "Group.id", "Domain.id", "AccessList.id",
    "AccessList.version", "Backend.age",
}  # fmt: skip
"""What the cloud gives or nobody can change."""


def test_everything_that_is_declared_or_modelled_is_changed_by_hand_here():
    managed = [option for _, option in declared(Options) if option.parameter]
    for_each = {(one.parameter, protocol) for one in managed for protocol in one.protocols or ("tcp",)}
    cases = {(one.field, one.protocol) for one in PARAMETERS}
    assert for_each - cases == {(name, "tcp") for name in FIXED}
    wordy = {one.suffix for _, one in declared(Options)
             if one.scope in ("instance", "listener", "ports") and not one.parameter}  # fmt: skip
    assert wordy - {suffix for case in CASES for suffix in case.annotations} == set()
    parts = {f"{kind.__name__}.{one.name}" for kind in (Balancer, Listener, Group, Backend, Domain, AccessList)
             for one in fields(kind)}  # fmt: skip
    assert parts - INTENT - GIVEN == {name for case in (*PARAMETERS, *CASES) for name in case.changes}
    assert {case.field for case in CASES} - {"", *parameters()} == set(PARTS) - {"instance"}


def foreign_group(bench):
    return next(one.id for one in the_balancer(bench).groups.values() if one.name == "by-hand")


def foreign_parts(bench):
    """Somebody's own group, listener and tag on our balancer, and their own server in our group."""
    made = on_balancer(bench, "CreateVServerGroup", VServerGroupName="by-hand", BackendServers="[]")["VServerGroupId"]
    params = {"ListenerPort": 9000, "VServerGroupId": made, "Bandwidth": -1, "Description": "mine"}
    on_balancer(bench, "CreateLoadBalancerTCPListener", **params)
    call(bench, "TagResources", ResourceType="instance",
         **{"ResourceId.1": the_balancer(bench).id, "Tag.1.Key": "cost", "Tag.1.Value": "42"})  # fmt: skip
    put_in(bench, THEIRS)


def picture(bench):
    """All that the cloud tells of the balancer, without the ids that it gives, in an order of its own."""
    one = the_balancer(bench)
    names = {each.id: each.name for each in (*one.groups.values(), *lists(bench))}
    told = on_balancer(bench, "DescribeLoadBalancerAttribute")
    plain = {name: value for name, value in told.items() if not name.startswith(("Listener", "Tags"))}
    listeners = sorted(repr(seen_of(bench, each, names)) for each in one.listeners.values())
    groups = sorted(
        (each.name, sorted(repr(backend) for backend in each.backends.values())) for each in one.groups.values()
    )
    access = sorted((each.name, sorted(each.entries)) for each in lists(bench))
    return repr((sorted(plain.items()), sorted(one.tags.items()), listeners, groups, access))


def seen_of(bench, one, names):
    told = on_listener(bench, f"DescribeLoadBalancer{one.protocol.upper()}ListenerAttribute", one.port)
    told = {name: names.get(value, value) if isinstance(value, str) else value for name, value in told.items()}
    told.pop("AclIds", None)
    told |= {"DomainExtensions": sorted((e.domain, e.server_certificate_id) for e in one.domain_extensions.values())}
    return sorted(told.items())


def wear(bench, case, **more):
    """Ask for what the case changes."""
    ports = [ServicePort(port=80, node_port=30080, protocol="UDP" if case.protocol == "udp" else "TCP")]
    asked = {"address-type": "intranet"}
    if case.protocol in ("http", "https"):
        asked["protocol-port"] = f"{case.protocol}:80"
    asked |= {"cert-id": CERTIFICATE} if case.protocol == "https" else {}
    asked |= case.annotations
    if "443" in asked.get("protocol-port", ""):
        ports.append(ServicePort(port=443, node_port=30443))
        asked |= {"cert-id": CERTIFICATE}
    bench.cluster.ask(ports=ports, **case.spec)
    bench.cluster.annotate(**{suffix.replace("-", "_"): value for suffix, value in (asked | more).items() if value})


async def settled(case, **given):
    """A Service that has what it asks for, under these policies, on a balancer on which others have theirs."""
    bench = new_bench()
    bench.services.site.lookups.today = lambda: TODAY
    keep(bench, CERTIFICATE, RENEWED)
    for own_id in (OFFICE, HOME):
        admit(bench, own_id)
    under(bench, given)
    wear(bench, case)
    await bench.settle()
    foreign_parts(bench)
    assert await bench.verify() == []
    assert not by_hand(bench)
    return bench


def admit(bench, own_id):
    made = call(bench, "CreateAccessControlList", AclName=own_id)["AclId"]
    call(bench, "AddAccessControlListEntry", AclId=made, AclEntrys='[{"entry":"192.168.0.0/16"}]')
    known = bench.cloud.world.states["slb"].access_control_lists
    known[own_id] = replace(known.pop(made), id=own_id)


def under(bench, given):
    bench.services.site.rules = replace(bench.services.site.rules, drift=policies(given, parameters()))


def by_hand(bench):
    return [text for kind, _, text in bench.told if kind == "Warning" and "by hand" in text]


ALL = [pytest.param(case, id=str(case)) for case in (*PARAMETERS, *CASES)]


@pytest.mark.parametrize("case", ALL)
async def test_by_default_every_change_by_hand_is_mended(case):
    bench = await settled(case)
    before = picture(bench)
    case.change(bench)
    assert picture(bench) != before
    assert await bench.verify() != []
    case.rest(bench)
    assert picture(bench) == before
    assert await bench.verify() == []
    assert by_hand(bench) == []


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("policy", ["report", "ignore"])
async def test_what_is_to_be_told_or_left_stays_as_somebody_made_it_until_the_policy_is_another(case, policy):
    bench = await settled(case, **of_its_field(case, policy))
    before = picture(bench)
    case.change(bench)
    after = picture(bench)
    assert await bench.verify() == []
    assert picture(bench) == after
    assert bool(by_hand(bench)) == (policy == "report")
    assert [one.status for one in bench.cluster.service.status.conditions] == ["False"] * (policy == "report")
    under(bench, {})
    assert await bench.verify() != []
    case.rest(bench)
    assert picture(bench) == before


def of_its_field(case, policy):
    return dict.fromkeys([case.field] if case.field else ["listeners", "backends", "AclStatus"], policy)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_one_policy_for_everything_is_that_of_every_part(case):
    bench = await settled(case, **{"": "report"})
    case.change(bench)
    after = picture(bench)
    assert await bench.verify() == []
    assert (picture(bench), len(by_hand(bench)) > 0) == (after, True)


SHOP = Case("shop", "", stop, TAGGED | {"scheduler": "wlc", "name": "shop"})


async def test_what_is_left_is_left_beside_what_is_mended(bench):
    bench = await settled(SHOP, listeners="report")
    bind_elsewhere(bench)
    set_listener(bench, Scheduler="rr")
    take_out(bench)
    writes = [one.action for one in await bench.verify()]
    assert writes == ["AddVServerGroupBackendServers", "SetLoadBalancerTCPListenerAttribute"]
    assert listener(bench).settings["Scheduler"] == "wlc"
    assert listener(bench).settings["VServerGroupId"] == foreign_group(bench)
    text = "the server group of port 80/TCP was changed by hand and is left so (drift policy report)"
    assert set(by_hand(bench)) == {text}
    assert text in bench.cluster.service.status.conditions[0].message


async def test_a_change_that_is_left_alone_outlives_restarts_and_endpoints_but_not_a_new_wish():
    bench = await settled(SHOP, **{"": "ignore"})
    rules = bench.services.site.rules
    set_listener(bench, Scheduler="rr")
    stop(bench)
    bench.restart()
    bench.services.site.rules = rules
    bench.cluster.nodes.pop()
    await bench.verify()
    assert (listener(bench).settings["Scheduler"], listener(bench).status) == ("rr", "stopped")
    assert [one.server_id for one in group(bench).backends.values()] == ["i-w0", "i-w3"]
    wear(bench, SHOP, **{"healthy-threshold": "6"})
    await bench.settle()
    assert (listener(bench).settings["Scheduler"], listener(bench).status) == ("wlc", "running")


@pytest.mark.parametrize("policy", ["report", "ignore"])
async def test_a_tag_that_somebody_changed_is_still_taken_back_with_its_annotation(policy):
    bench = await settled(SHOP, tags=policy, Scheduler="ignore")
    retag(bench)
    assert await bench.verify() == []
    assert the_balancer(bench).tags["team"] == "else"
    wear(bench, SHOP, **{"additional-resource-tags": ""})
    await bench.settle()
    assert "team" not in the_balancer(bench).tags
    assert the_balancer(bench).tags["cost"] == "42"


def by_use(bench):
    """From now on the instance is paid for by use, and its traffic with it."""
    on_balancer(bench, "ModifyLoadBalancerInstanceChargeType", InstanceChargeType="PayByCLCU")


async def test_how_an_instance_is_paid_for_is_put_right_with_what_hangs_on_it():
    bench = await settled(replace(SHOP, annotations=BY_BANDWIDTH))
    before = picture(bench)
    by_use(bench)
    await bench.verify()
    assert picture(bench) == before


async def test_what_is_lost_with_another_setting_is_left_with_it():
    bench = await settled(replace(SHOP, annotations=BY_BANDWIDTH), InstanceChargeType="report")
    by_use(bench)
    after = picture(bench)
    assert await bench.verify() == []
    assert picture(bench) == after
    assert ["InstanceChargeType" in text for text in by_hand(bench)] == [True]


async def test_a_late_twin_of_our_group_is_no_drift_and_goes():
    bench = await settled(SHOP, **{"": "report"})
    before = picture(bench)
    on_balancer(bench, "CreateVServerGroup", VServerGroupName=MARK.format(30080), BackendServers="[]")
    assert [one.action for one in await bench.verify()] == ["DeleteVServerGroup"]
    assert picture(bench) == before
    assert by_hand(bench) == []


def test_who_leaves_without_having_come_is_no_drift():
    here, gone = Backend("i-w0", 30080, description=MARK.format(30080)), Backend("i-w1", 30080, 0, leaving=True)
    seen = Balancer({}, {}, (Group(MARK.format(30080), (here,), "rsp-1"),), id="lb-1")
    wanted = Balancer({}, {}, (Group(MARK.format(30080), (here, gone)),))
    noted = Record("uid", applied=record.applied(wanted), backends=record.backends(wanted))
    assert spare(wanted, seen, noted, policies({"": "report"}, [])) == (wanted, [])


async def test_weights_that_nobody_minds_are_not_told():
    bench = await settled(replace(SHOP, annotations={"ignore-weight-update": "on"}), **{"": "report"})
    reweigh(bench)
    assert await bench.verify() == []
    assert by_hand(bench) == []


@pytest.mark.parametrize("change", [
    lambda bench: set_listener(bench, Description="hers", Scheduler="rr"),
    lambda bench: on_group(bench, "SetVServerGroupAttribute", server(0, mark="hers", Weight="7")),
])  # fmt: skip
async def test_what_lost_our_mark_is_somebody_elses_and_no_drift(change):
    bench = await settled(SHOP, **{"": "report"})
    change(bench)
    assert await bench.verify() == []
    assert by_hand(bench) == []


async def test_in_a_group_of_others_our_backends_drift_and_theirs_do_not():
    bench = new_bench()
    made = {"LoadBalancerName": "hers", "AddressType": "intranet", "VSwitchId": "vsw-test"}
    own_id = call(bench, "CreateLoadBalancer", InstanceChargeType="PayByCLCU", **made)["LoadBalancerId"]
    shared, other = (on_balancer(bench, "CreateVServerGroup", VServerGroupName=name)["VServerGroupId"] for name in "ab")
    under(bench, {"": "report"})
    bench.cluster.annotate(id=own_id, vgroup_port=f"{shared}:80")
    await bench.settle()
    for one in (shared, other):
        servers = json.dumps([server(2, mark=MARK.format(80)), THEIRS])
        call(bench, "AddVServerGroupBackendServers", VServerGroupId=one, BackendServers=servers)
    before = picture(bench)
    assert await bench.verify() == []
    assert len(set(by_hand(bench))) == 2
    under(bench, {})
    assert await bench.verify() != []
    assert picture(bench).count("mine") == before.count("mine") == 2
    assert "i-w2" not in picture(bench)


DEEDS = [
    lambda bench: set_listener(bench, Scheduler="rr"), lambda bench: set_listener(bench, AclStatus="off"),
    lambda bench: set_listener(bench, AclId=OFFICE), lambda bench: set_listener(bench, StickySession="off"),
    lambda bench: set_listener(bench, ConnectionDrain="off"),
    lambda bench: set_listener(bench, Description=MARK.format(81)), bind_elsewhere, unbind, stop, remove,
    make_plain, lambda bench: make(bench, "UDP", 81, Bandwidth=-1), rename_group, remove_group, make_group,
    reweigh, take_out, lambda bench: put_in(bench, server(2)), remark, lambda bench: put_in_place(bench, server(2)),
    retag, add_domain, change_domain, remove_domain, let_in, remove_list,
    lambda bench: keep_out(bench, *entries_of(bench)),
    by_traffic, by_use, lambda bench: on_balancer(bench, "SetLoadBalancerName", LoadBalancerName="hers"),
]  # fmt: skip
ASKED = {
    "tcp": BY_BANDWIDTH | TAGGED | {"scheduler": "wlc", "connection-drain": "on", "connection-drain-timeout": "30"},
    "https": DOMAINS | TAGGED | {"sticky-session": "on", "sticky-session-type": "insert", "cookie-timeout": "60"},
}
RANDOM_POLICIES = st.dictionaries(
    st.sampled_from(["", "tags", "listeners", "backends", *parameters()]),
    st.sampled_from(["repair", "report", "ignore"]),
)
PROFILE = hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PROFILE
@given(st.sampled_from(list(ASKED)), RANDOM_POLICIES, st.lists(st.sampled_from(DEEDS), min_size=1, max_size=5))
def test_whatever_somebody_changes_under_whatever_policies_one_look_ends_it(protocol, policies_given, deeds):
    async def run():
        bench = await settled(Case("any", "", stop, ASKED[protocol], protocol, RANGES), **policies_given)
        others = strangers(bench)
        for deed in deeds:
            with contextlib.suppress(ApiError, ValueError, StopIteration):  # it is no longer there to be changed
                deed(bench)
        for given_now in (policies_given, {}):
            under(bench, given_now)
            await bench.verify()
            after = picture(bench)
            assert await bench.verify() == []
            assert picture(bench) == after
            assert strangers(bench) == others

    asyncio.run(run())


def strangers(bench):
    """What is somebody's own on our balancer, beside the server in our group, which goes with the group."""
    one = the_balancer(bench)
    groups = [each.name for each in one.groups.values() if each.name == "by-hand"]
    return repr(
        (one.tags["cost"], one.listeners["tcp", 9000], groups, [each for each in lists(bench) if each.id == HOME])
    )


@pytest.mark.parametrize("policy", ["repair", "report", "ignore"])
async def test_a_balancer_that_was_deleted_by_hand_is_made_again_or_told(policy):
    bench = await settled(SHOP, instance=policy)
    on_balancer(bench, "SetLoadBalancerDeleteProtection", DeleteProtection="off")
    on_balancer(bench, "DeleteLoadBalancer")
    await bench.verify()
    assert len(bench.cloud.world.states["slb"].load_balancers) == (policy == "repair")
    (*_, condition) = bench.cluster.service.status.conditions or [None]
    if policy == "repair":
        assert [one.ip for one in bench.cluster.service.status.load_balancer.ingress] == [the_balancer(bench).address]
    else:
        assert "was deleted by hand and is not made again" in condition.message
    bench.cluster.delete()
    await bench.settle()
    assert bench.cluster.service is None


def test_a_field_that_there_is_not_is_refused_with_the_nearest():
    with pytest.raises(Refused, match=r'no field "Schedular"; did you mean Scheduler\?'):
        policies({"Schedular": "ignore"}, ["Scheduler"])


def test_what_is_not_named_is_mended():
    assert Policies().of("Scheduler") == "repair"
    assert policies({"": "report", "tags": "ignore"}, []).of("tags") == "ignore"
