"""What is rehearsed and printed is what is then sent, call by call, and a rehearsal changes nothing anywhere."""

import asyncio
import copy
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.conftest import annotated, new_bench
from tests.core.test_backends import new_site
from tests.core.test_borrowing import borrow, made_by_hand
from tests.core.test_certificates import TODAY, keep
from tests.core.test_properties import PROFILE, WISH, new_node, wish_for

from yunqiao.cli import outlook
from yunqiao.cli.planning import Outlook
from yunqiao.controllers.services.effects import Effect
from yunqiao.controllers.services.imagined import NEW
from yunqiao.controllers.services.rehearsal import Stage, rehearse
from yunqiao.model.balancer import slot_of
from yunqiao.model.cluster import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Metadata,
    ServicePort,
)
from yunqiao.model.errors import Refused

FEWER = settings(PROFILE, max_examples=30)


async def rehearsed(bench):
    """The rehearsal of the Service as it is; the cloud and the Service are the same after it."""
    before = copy.deepcopy(bench.cloud.world.states), bench.cluster.service, len(bench.cluster.patches)
    writes, told = len(bench.cloud.writes()), len(bench.told)
    stage = Stage(bench.cloud.send, bench.services.site.rules, bench.time)
    stage.lookups.today = bench.services.site.lookups.today
    played = await rehearse(bench.cluster.snapshot(""), stage)
    assert bench.cloud.world.states == before[0]
    assert (bench.cluster.service, len(bench.cluster.patches)) == before[1:]
    assert (len(bench.cloud.writes()), len(bench.told)) == (writes, told)
    return played


async def sent(bench):
    """The writes until nothing is left to do soon, and the answers' ids by what a rehearsal calls them."""
    names, writes, answer = {}, [], bench.cloud.send

    async def send(call):
        reply = await answer(call)
        if call.write:
            writes.append(call)
        if call.action in NEW:
            name, what = NEW[call.action]
            number = sum(1 for one in names.values() if what in one) + 1
            names[reply[name]] = f"<new {what}>" if number == 1 else f"<new {what} {number}>"
        return reply

    bench.services.site.send = send
    await bench.settle()
    today = bench.services.site.lookups.today
    bench.restart()
    bench.services.site.lookups.today = today
    return [plain(call, names) for call in writes]


def plain(call, names=()):
    """A call with ids of new things as a rehearsal has them; the token names an attempt, which is never the same."""
    params, why = json.dumps({**call.params, "ClientToken": ""}, sort_keys=True), call.why
    for one in names:
        params, why = params.replace(one, names[one]), why.replace(one, names[one])
    return call.action, params, why


def calls(played):
    return [plain(act.call) for act in played.acts]


NUMBERED = re.compile(r"^  (\d+)\. (\w+) \([a-z ]+\): (.*)$", re.MULTILINE)


async def sends_what_was_told(bench, played):
    """Whether the calls that are now sent are those rehearsed, of which each is a line of what was printed."""
    told = Outlook([played])
    lines, as_json = NUMBERED.findall(outlook.table(told)), outlook.plain(told)["services"][0]["calls"]
    writes = await sent(bench)
    assert calls(played) == writes
    assert lines == [(str(number), action, why) for number, (action, _, why) in enumerate(writes, 1)]
    assert [(one["action"], one["why"]) for one in as_json] == [(action, why) for action, _, why in writes]
    return True


@FEWER
@given(st.lists(WISH, min_size=1, max_size=4), st.booleans())
def test_the_calls_rehearsed_are_the_calls_that_are_then_sent(wishes, deleted):
    async def run():
        bench = new_bench()
        for wish in wishes:
            wish_for(bench, wish)
            played = await rehearsed(bench)
            assert played.trouble is None
            assert await sends_what_was_told(bench, played)
            assert calls(await rehearsed(bench)) == []
        if deleted:
            bench.cluster.delete()
            played = await rehearsed(bench)
            assert await sends_what_was_told(bench, played)
            assert played.effect is Effect.LOSES

    asyncio.run(run())


@FEWER
@given(WISH, st.sampled_from(["balancer", "listener", "group", "stopped"]))
def test_what_somebody_broke_by_hand_is_rehearsed_as_it_is_mended(wish, broken):
    async def run():
        bench = new_bench()
        wish_for(bench, wish)
        await bench.settle()
        break_by_hand(bench.cloud.world, broken)
        bench.restart()
        bench.services.site.trusts_records = False
        played = await rehearsed(bench)
        assert played.acts
        assert await sends_what_was_told(bench, played)

    asyncio.run(run())


RANGES = st.sets(st.sampled_from(["10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12"])).map(sorted)


@FEWER
@given(st.lists(st.tuples(WISH, RANGES), min_size=1, max_size=4))
def test_access_control_lists_of_ours_are_rehearsed_as_they_are_then_made_changed_and_removed(wishes):
    async def run():
        bench = new_bench()
        for wish, ranges in wishes:
            wish_for(bench, wish)
            bench.cluster.ask(load_balancer_source_ranges=ranges)
            played = await rehearsed(bench)
            assert played.trouble is None
            assert await sends_what_was_told(bench, played)
            assert calls(await rehearsed(bench)) == []
        bench.cluster.delete()
        assert await sends_what_was_told(bench, await rehearsed(bench))

    asyncio.run(run())


PODS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["ready", "unready", "leaving"])),
    max_size=5,
    unique_by=lambda one: one[0],
)
DRAIN = st.sampled_from([{}, {"connection_drain": "on", "connection_drain_timeout": "30"}])


@FEWER
@given(st.lists(st.tuples(PODS, DRAIN), min_size=1, max_size=5))
def test_pods_that_come_leave_and_drain_are_rehearsed_as_their_nodes_are_then_written(wishes):
    async def run():
        bench = new_bench()
        bench.cluster.ask(external_traffic_policy="Local")
        bench.cluster.nodes = [new_node(number) for number in range(4)]
        for pods, drain in wishes:
            bench.cluster.annotate(address_type="intranet", **drain)
            bench.cluster.slices = [endpoints(pods)]
            played = await rehearsed(bench)
            assert played.trouble is None
            assert await sends_what_was_told(bench, played)

    asyncio.run(run())


SERVED = st.lists(
    st.sampled_from([
        (53, "udp"), (53, "tcp"), (80, "tcp"), (80, "http"), (81, "tcp"), (81, "http"), (443, "tcp"), (443, "http"),
        (443, "https"), (8443, "https"),
    ]),
    min_size=1, max_size=4, unique_by=lambda one: slot_of(*one),
)  # fmt: skip
NONE_SUCH = "cert-none"
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "cert_id": st.sampled_from(["cert-1", "cert-2", NONE_SUCH]),
        "domain_extensions": st.sampled_from(["a.example:cert-2", "a.example:cert-3,b.example:cert-1"]),
        "forward_port": st.sampled_from(["80:443", "81:443", "80:8443", "80:443,81:8443", "80:81"]),
        "tls_cipher_policy": st.just("tls_cipher_policy_1_2"),
        "scheduler": st.sampled_from(["wlc", "wrr"]),
        "idle_timeout": st.just("20"),
        "proxy_protocol": st.sampled_from(["on", "off"]),
        "health_check_switch": st.sampled_from(["on", "off"]),
        "additional_resource_tags": st.sampled_from(["a=b", "c=d,a=e"]),
        "modification_protection": st.sampled_from(["NonProtection", "ConsoleProtection"]),
        "default_weight": st.sampled_from(["0", "30"]),
        "hostname": st.just("shop.example"),
        "preserve_lb_on_delete": st.just("true"),
    },
)
STICKY = st.sampled_from([{}, {"sticky_session": "on", "sticky_session_type": "insert", "cookie_timeout": "60"}])
SITE = st.fixed_dictionaries({
    "affinity": st.sampled_from(["None", "ClientIP"]),
    "ranges": RANGES,
    "direct": st.booleans(),
    "ready": st.sets(st.integers(1, 6)),
})  # fmt: skip
FULL_WISH = st.tuples(
    SERVED, st.tuples(ASKED, STICKY, DRAIN).map(lambda parts: {**parts[0], **parts[1], **parts[2]}), SITE
)


def wish_for_all_of_it(bench, served, asked, site):
    """Ports of these protocols with these annotations, to instances or straight to pods."""
    ports = [
        ServicePort(
            name=f"{kind}-{port}", port=port, node_port=30000 + port, target_port=8080,
            protocol="UDP" if kind == "udp" else "TCP",
        )
        for port, kind in served
    ]  # fmt: skip
    bench.cluster.ask(ports=ports, session_affinity=site["affinity"], load_balancer_source_ranges=site["ranges"])
    by_port = ",".join(f"{kind}:{port}" for port, kind in served if kind in ("http", "https"))
    annotations = asked | ({"protocol_port": by_port} if by_port else {})
    if site["direct"]:
        bench.direct(**annotations)
    else:
        bench.cluster.annotate(address_type="intranet", **annotations)
    bench.put(**{f"p{number}": "ready" for number in sorted(site["ready"])})


@PROFILE
@given(st.lists(FULL_WISH, min_size=1, max_size=4), st.booleans())
def test_wishes_of_every_protocol_are_rehearsed_and_printed_as_they_are_then_followed(wishes, deleted):
    async def run():
        bench = new_site()
        bench.services.site.lookups.today = lambda: TODAY
        keep(bench, "cert-1", "cert-2", "cert-3")
        for wish in wishes:
            wish_for_all_of_it(bench, *wish)
            played = await rehearsed(bench)
            assert played.trouble is None
            assert await sends_what_was_told(bench, played)
            assert calls(await rehearsed(bench)) == []
        if deleted:
            bench.cluster.delete()
            assert await sends_what_was_told(bench, await rehearsed(bench))

    asyncio.run(run())


async def test_what_is_taken_away_and_made_beside_a_port_that_cannot_be_is_rehearsed_once():
    bench = new_site()
    site = {"affinity": "None", "ranges": [], "direct": False, "ready": {1}}
    wish_for_all_of_it(bench, [(53, "udp"), (80, "tcp")], {}, site)
    await sent(bench)
    wish_for_all_of_it(bench, [(443, "https"), (80, "tcp")], {}, site | {"direct": True})
    played = await rehearsed(bench)
    assert any("port 443/HTTPS has no certificate" in one for one in played.problems)
    assert await sends_what_was_told(bench, played)


def endpoints(pods):
    found = [
        Endpoint(
            addresses=[f"10.244.{number}.5"],
            node_name=f"w{number}",
            conditions=EndpointConditions(
                ready=state == "ready", serving=state != "unready", terminating=state == "leaving"
            ),
        )
        for number, state in pods
    ]
    return EndpointSlice(metadata=Metadata(name="nginx-1"), endpoints=found, ports=[EndpointPort(port=80)])


def break_by_hand(world, what):
    balancers = world.states["slb"].load_balancers
    (balancer,) = balancers.values()
    if what == "balancer":
        balancers.clear()
    elif what == "stopped":
        next(iter(balancer.listeners.values())).status = "stopped"
    else:
        balancer.listeners.clear()
        if what == "group":
            balancer.groups.clear()


async def settled(**annotations):
    bench = new_bench()
    bench.cluster.annotate(address_type="intranet", **annotations)
    await bench.settle()
    return bench


async def test_a_first_balancer_is_harmless_and_every_field_of_it_is_told():
    bench = new_bench()
    played = await rehearsed(bench)
    assert played.effect is Effect.HARMLESS
    assert [act.call.action for act in played.acts] == [
        "CreateLoadBalancer", "CreateVServerGroup", "CreateLoadBalancerTCPListener", "StartLoadBalancerListener",
    ]  # fmt: skip
    created = {(one.where, one.field): one.new for one in played.acts[0].changes}
    assert created["load balancer <new load balancer>", "AddressType"] == "intranet"
    group = {one.field: one.new for one in played.acts[1].changes}
    assert group["id"] == "<new server group>"
    assert group["backend i-w0:30080"] == "weight 100"
    started = played.acts[3].changes
    assert [(one.where, one.field, one.old, one.new) for one in started] == [
        ("listener 80/TCP", "state", "stopped", "running")
    ]


@pytest.mark.parametrize(
    ("annotations", "field", "old", "new", "effect"),
    [
        ({"name": "shop"}, "LoadBalancerName", "a3f2b8c1e93ab4a6ea8b91c2d3e4f5a6", "shop", Effect.HARMLESS),
        ({"scheduler": "wlc"}, "Scheduler", "rr", "wlc", Effect.IN_PLACE),
        ({"additional_resource_tags": "team=web"}, "tag team", "", "web", Effect.HARMLESS),
        ({"protocol_port": "http:80"}, "state", "running", "", Effect.INTERRUPTS),
    ],
)
async def test_each_change_is_told_with_both_values_and_its_effect(annotations, field, old, new, effect):
    bench = await settled()
    bench.cluster.annotate(address_type="intranet", **annotations)
    played = await rehearsed(bench)
    found = [one for act in played.acts for one in act.changes if one.field == field]
    assert (field, old, new, effect) in [(one.field, one.old, one.new, one.effect) for one in found]
    assert played.effect is effect


async def test_what_comes_into_an_access_control_list_and_goes_is_told_block_by_block():
    bench = await settled()
    bench.cluster.ask(load_balancer_source_ranges=["10.0.0.0/8", "172.16.0.0/12"])
    first = [one for act in (await rehearsed(bench)).acts for one in act.changes if one.field.startswith("entry ")]
    assert sorted((one.field, one.old, one.new) for one in first) == [
        ("entry 10.0.0.0/8", "", "allowed"), ("entry 172.16.0.0/12", "", "allowed"),
    ]  # fmt: skip
    await bench.settle()
    bench.cluster.ask(load_balancer_source_ranges=["10.0.0.0/8", "192.168.0.0/16"])
    found = [one for act in (await rehearsed(bench)).acts for one in act.changes]
    assert sorted((one.field, one.old, one.new, one.effect.words) for one in found) == [
        ("entry 172.16.0.0/12", "allowed", "", "in place"), ("entry 192.168.0.0/16", "", "allowed", "in place"),
    ]  # fmt: skip


async def test_the_last_backends_that_go_interrupt_the_listener_and_others_do_not():
    bench = await settled()
    nodes, bench.cluster.nodes = bench.cluster.nodes, bench.cluster.nodes[:1]
    assert (await rehearsed(bench)).effect is Effect.IN_PLACE
    bench.cluster.nodes = []
    assert (await rehearsed(bench)).effect is Effect.INTERRUPTS
    bench.cluster.nodes = nodes
    assert (await rehearsed(bench)).acts == ()


async def test_a_port_that_goes_interrupts_its_listener_and_one_that_comes_is_harmless():
    bench = await settled()
    bench.cluster.ask(ports=[ServicePort(port=80, node_port=30080), ServicePort(port=81, node_port=30081)])
    assert (await rehearsed(bench)).effect is Effect.HARMLESS
    bench.cluster.ask(ports=[ServicePort(port=81, node_port=30081)])
    assert (await rehearsed(bench)).effect is Effect.INTERRUPTS


async def test_a_balancer_deleted_by_hand_is_made_anew_and_its_address_is_lost():
    bench = await settled()
    bench.cloud.world.states["slb"].load_balancers.clear()
    played = await rehearsed(bench)
    assert played.acts[0].call.action == "CreateLoadBalancer"
    assert played.effect is Effect.LOSES


async def test_a_wish_that_only_another_instance_could_fulfil_is_a_problem_and_no_call():
    bench = await settled()
    bench.cluster.annotate(address_type="internet")
    played = await rehearsed(bench)
    assert played.acts == ()
    assert any("AddressType" in one for one in played.problems)


async def test_a_bad_annotation_is_a_problem_that_names_what_is_allowed():
    bench = await settled()
    bench.cluster.annotate(address_type="intranet", scheduler="fastest")
    played = await rehearsed(bench)
    assert any('"fastest" is not allowed; allowed: ' in one for one in played.problems)
    assert played.trouble is None


async def test_an_annotation_that_was_taken_away_is_told_with_what_it_goes_back_to():
    bench = await settled(scheduler="wlc", health_check_flag="on")
    bench.cluster.annotate(address_type="intranet", health_check_flag="on")
    (one,) = (await rehearsed(bench)).returned
    assert one.annotation == next(iter(annotated(scheduler="")))
    assert one.text == "Scheduler goes back (listener 80/TCP: wlc -> rr)"


async def test_a_look_that_is_refused_is_a_trouble_and_nothing_is_guessed():
    bench = await settled()
    bench.cloud.busy = {"DescribeLoadBalancerListeners"}
    played = await rehearsed(bench)
    assert played.acts == ()
    assert "being configured" in str(played.trouble)
    assert not isinstance(played.trouble, Refused)


BORROWED = st.fixed_dictionaries(
    {},
    optional={
        "force_override_listeners": st.sampled_from(["true", "false"]),
        "vgroup_port": st.just("GROUP:80"),
        "weight": st.sampled_from(["0", "40", "100"]),
        "scheduler": st.sampled_from(["rr", "wlc"]),
    },
)


@FEWER
@given(st.lists(st.tuples(WISH, BORROWED), min_size=1, max_size=3))
def test_what_is_done_on_a_borrowed_balancer_is_rehearsed_as_it_is_then_done(wishes):
    async def run():
        bench = new_bench()
        balancer_id, group = made_by_hand(bench)
        for (ports, nodes, _), asked in wishes:
            wish_for(bench, (ports, nodes, {}))
            borrow(bench, balancer_id, **{name: text.replace("GROUP", group) for name, text in asked.items()})
            played = await rehearsed(bench)
            assert await sends_what_was_told(bench, played)
        bench.cluster.delete()
        played = await rehearsed(bench)
        assert played.effect < Effect.LOSES
        assert await sends_what_was_told(bench, played)

    asyncio.run(run())
