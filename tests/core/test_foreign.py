"""Parts of others, of every kind and wherever they may be put: whatever a Service asks for, they stay as they are."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.test_backends import new_site
from tests.core.test_certificates import TODAY, keep
from tests.core.test_ownership import do
from tests.core.test_properties import PROFILE
from tests.core.test_rehearsal import FULL_WISH, wish_for_all_of_it

from yunqiao.controllers.services.clb.listening import BIRTH
from yunqiao.model.balancer import slot_of
from yunqiao.model.cluster import ServicePort
from yunqiao.model.errors import Refused
from yunsim.errors import ApiError
from yunsim.showing import shown

OURS = "/nginx/default/abcdefghij"
LIKE_OURS = ("k8s/30080/nginx/default/otherclust", "k8s/30080/shop/default/abcdefghij", "k8s/80/nginx/shop/abcdefghij")
LISTS = ("by-hand", "k8s/source-ranges/nginx/default/otherclust", "k8s/source-ranges/shop/default/abcdefghij")
MARKS = st.sampled_from(["by-hand", "nginx", "k8s/30080/nginx/default/", *LIKE_OURS])
SERVERS = st.tuples(st.sampled_from(["i-w0", "i-w1", "i-w2", "i-w3"]), st.sampled_from([30080, 30443, 9000]), MARKS)
PARTS = st.fixed_dictionaries({
    "groups": st.lists(st.tuples(MARKS, st.lists(SERVERS, max_size=2)), max_size=3),
    "strangers": st.lists(st.tuples(st.integers(0, 9), SERVERS), max_size=3),
    "listeners": st.lists(
        st.tuples(
            st.sampled_from([22, 53, 80, 81, 443]), st.sampled_from(["tcp", "udp", "http"]), st.integers(0, 9), MARKS
        ),
        max_size=4, unique_by=lambda one: slot_of(one[0], one[1]),
    ),
    "tags": st.dictionaries(st.sampled_from(["team", "owner", "k8s"]), st.sampled_from(["", "shop"])),
    "lists": st.lists(st.sampled_from(LISTS), max_size=2, unique=True),
})  # fmt: skip
BORROWED = st.fixed_dictionaries(
    {}, optional={"force_override_listeners": st.just("true"), "shares": st.booleans(), "weight": st.just("40")}
)


def new_bench_with_certificates():
    bench = new_site()
    bench.services.site.lookups.today = lambda: TODAY
    keep(bench, "cert-1", "cert-2", "cert-3")
    return bench


def from_the_console(bench):
    """A balancer that somebody made, with nothing on it."""
    made = do(
        bench, "CreateLoadBalancer", LoadBalancerName="console", AddressType="intranet", VSwitchId="vsw-test",
        InstanceChargeType="PayByCLCU", DeleteProtection="on",
    )  # fmt: skip
    return made["LoadBalancerId"]


def the_balancer(bench):
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    return balancer


def server(own_id, port, mark):
    return {"ServerId": own_id, "Port": str(port), "Weight": "7", "Type": "ecs", "Description": mark}


def put(bench, parts):
    """Add parts by hand, to what is there by now: also to groups of ours, and listeners that use these."""
    balancer = the_balancer(bench)
    for name, servers in parts["groups"]:
        inside = {one[:2]: server(*one) for one in servers}
        attempt(bench, "CreateVServerGroup", LoadBalancerId=balancer.id, VServerGroupName=name,
                BackendServers=json.dumps(list(inside.values())))  # fmt: skip
    groups = list(balancer.groups)
    for number, one in parts["strangers"] if groups else ():
        attempt(bench, "AddVServerGroupBackendServers", VServerGroupId=groups[number % len(groups)],
                BackendServers=json.dumps([server(*one)]))  # fmt: skip
    for port, protocol, number, mark in parts["listeners"] if groups else ():
        attempt(bench, f"CreateLoadBalancer{protocol.upper()}Listener", LoadBalancerId=balancer.id,
                ListenerPort=str(port), VServerGroupId=groups[number % len(groups)], Description=mark,
                **BIRTH[protocol])  # fmt: skip
    for name in parts["lists"]:
        made = attempt(bench, "CreateAccessControlList", AclName=name)
        attempt(bench, "AddAccessControlListEntry", AclId=made.get("AclId", ""), AclEntrys='[{"entry":"8.8.8.8/32"}]')
    for key, value in parts["tags"].items():
        attempt(bench, "TagResources", ResourceType="instance", ResourceId__1=balancer.id, Tag__1__Key=key,
                Tag__1__Value=value)  # fmt: skip


def attempt(bench, action, **params):
    """What the cloud refuses (a port that is taken, a server that is in the group already) is not done."""
    try:
        return do(bench, action, **params)
    except ApiError:
        return {}


def theirs(bench, keys):
    """Everything that carries no mark of ours, by where it is; tags of these keys."""
    balancer, found = the_balancer(bench), {}
    for place, one in balancer.listeners.items():
        if not one.settings.get("Description", "").endswith(OURS):
            found["listener", place] = shown(one)
    for group in balancer.groups.values():
        if not group.name.endswith(OURS):
            found["group", group.id] = group.name
        for one in group.backends.values():
            if not one.description.endswith(OURS):
                found["backend", group.id, one.key] = shown(one)
    for one in bench.cloud.world.states["slb"].access_control_lists.values():
        if not one.name.endswith(OURS):
            found["list", one.id] = shown(one)
    return found | {("tag", key): balancer.tags.get(key) for key in keys}


def made_by_hand(bench, parts):
    """Put these parts there; gives what there is then of others."""
    put(bench, parts)
    return theirs(bench, parts["tags"])


def still_there(bench, before):
    now = theirs(bench, [key[1] for key in before if key[0] == "tag"])
    return {place: (one, now.get(place)) for place, one in before.items() if now.get(place) != one} == {}


@PROFILE
@given(FULL_WISH, PARTS, st.lists(FULL_WISH, min_size=1, max_size=3))
def test_parts_of_others_on_a_balancer_of_our_own_outlive_whatever_is_asked_for(first, parts, wishes):
    async def run():
        bench = new_bench_with_certificates()
        wish_for_all_of_it(bench, *first)
        await bench.settle()
        before = made_by_hand(bench, parts)
        for wish in wishes:
            wish_for_all_of_it(bench, *wish)
            await bench.settle()
            await bench.verify()
            assert still_there(bench, before)

    asyncio.run(run())


@PROFILE
@given(PARTS, PARTS, st.lists(st.tuples(FULL_WISH, BORROWED), min_size=1, max_size=3))
def test_a_borrowed_balancer_is_given_back_with_all_that_others_have_put_there_at_any_time(first, later, wishes):
    async def run():
        bench = new_bench_with_certificates()
        balancer_id = from_the_console(bench)
        shared = do(bench, "CreateVServerGroup", LoadBalancerId=balancer_id, VServerGroupName="shared")
        itself = instance(bench)
        before = made_by_hand(bench, first)
        for number, ((served, asked, site), borrowed) in enumerate(wishes):
            more = {name: value for name, value in borrowed.items() if name != "shares"}
            if borrowed.get("shares"):
                more["vgroup_port"] = f"{shared['VServerGroupId']}:{served[0][0]}"
            wish_for_all_of_it(bench, served, asked | more | {"id": balancer_id}, site)
            await bench.settle()
            await bench.verify()
            if number == 0:
                before |= made_by_hand(bench, later)
            assert still_there(bench, before)
        bench.cluster.delete()
        await bench.settle()
        assert still_there(bench, before)
        assert bench.cluster.service is None
        assert left_of_ours(bench) == []
        assert instance(bench) | {"tags": {}} == itself | {"tags": {}}

    asyncio.run(run())


def instance(bench):
    return {
        name: one
        for name, one in shown(the_balancer(bench)).items()
        if name not in ("listeners", "groups", "busy_until")
    }


def left_of_ours(bench):
    """Marks of ours that are there, but for groups that others use or have put servers into."""
    balancer = the_balancer(bench)
    used = {one.settings.get("VServerGroupId") for one in balancer.listeners.values()}
    marks = [one.settings.get("Description", "") for one in balancer.listeners.values()]
    marks += [one.description for group in balancer.groups.values() for one in group.backends.values()]
    marks += [one.name for one in balancer.groups.values() if one.id not in used and not one.backends]
    marks += [one.name for one in bench.cloud.world.states["slb"].access_control_lists.values()]
    return [one for one in marks if one.endswith(OURS)]


SECURED = {"protocol_port": "https:443", "cert_id": "cert-1"}


def redirect_by_hand(bench):
    """Somebody's port 8080 redirects to port 443, whoever's that is."""
    (group, *_) = the_balancer(bench).groups
    do(
        bench, "CreateLoadBalancerHTTPListener", LoadBalancerId=the_balancer(bench).id, ListenerPort="8080",
        VServerGroupId=group, Description="by-hand", ListenerForward="on", ForwardPort="443", **BIRTH["http"],
    )  # fmt: skip


def end_redirect_by_hand(bench):
    where = {"ListenerPort": "8080", "ListenerProtocol": "http"}
    do(bench, "DeleteLoadBalancerListener", LoadBalancerId=the_balancer(bench).id, **where)


async def listening(bench, *ports, **annotations):
    bench.cluster.ask(ports=[ServicePort(name=f"p{port}", port=port, node_port=30000 + port) for port in ports])
    bench.cluster.annotate(address_type="intranet", **annotations)
    await bench.settle()
    return sorted(the_balancer(bench).listeners)


@pytest.mark.parametrize("left", [{"protocol_port": "http:80"}, SECURED | {"protocol_port": "http:443"}])
async def test_a_listener_that_somebody_redirects_to_stays_and_is_told_while_all_else_goes_on(left):
    bench = new_bench_with_certificates()
    await listening(bench, 443, **SECURED)
    redirect_by_hand(bench)
    bench.restart()
    ports = [80] if left == {"protocol_port": "http:80"} else [443, 81]
    there = await listening(bench, *ports, **left)
    assert {("https", 443), ("http", 8080)} < set(there)
    assert len(there) == 3
    (condition,) = bench.cluster.service.status.conditions
    assert condition.status == "False"
    assert '"by-hand", not this Service\'s, redirects from port 8080 to it' in condition.message
    end_redirect_by_hand(bench)
    bench.time.time += 60
    assert ("https", 443) not in await listening(bench, *ports, **left)


async def test_a_borrowed_balancer_is_let_go_once_nobody_redirects_to_a_listener_of_ours():
    bench = new_bench_with_certificates()
    borrowed = {"id": from_the_console(bench), "force_override_listeners": "true"}
    await listening(bench, 443, **SECURED | borrowed)
    redirect_by_hand(bench)
    bench.cluster.delete()
    bench.restart()
    with pytest.raises(Refused, match="redirects from port 8080 to it; it stays until that redirect is taken away"):
        await bench.settle()
    end_redirect_by_hand(bench)
    await bench.settle()
    assert bench.cluster.service is None
    assert the_balancer(bench).listeners == {}


async def test_a_port_of_ours_redirects_to_a_listener_that_is_somebody_else_s():
    bench = new_bench_with_certificates()
    await listening(bench, 443, **SECURED)
    the_balancer(bench).listeners["https", 443].settings["Description"] = "by-hand"
    bench.restart()
    bench.services.site.trusts_records = False
    await listening(bench, 80, protocol_port="http:80", forward_port="80:443")
    assert the_balancer(bench).listeners["http", 80].settings["ForwardPort"] == 443
    assert not [text for kind, _, text in bench.told if kind == "Warning"]
