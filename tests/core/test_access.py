"""Who may connect: source ranges by an access control list of our own, beside the lists that annotations name."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.conftest import new_bench

from yunqiao.cloud.clb import instances
from yunqiao.controllers.services import record
from yunqiao.controllers.services.identity import CLUSTER_TAG, OWNER_TAG
from yunqiao.controllers.services.record import BALANCER_LABEL
from yunqiao.model.cluster import ServicePort
from yunqiao.model.errors import Refused
from yunsim.dispatch import perform

NAME = "k8s/source-ranges/nginx/default/abcdefghij"


def lists(bench):
    return bench.cloud.world.states["slb"].access_control_lists


def entries(bench):
    (one,) = lists(bench).values()
    return sorted(one.entries)


def balancer(bench):
    (one,) = bench.cloud.world.states["slb"].load_balancers.values()
    return one


def access_of(bench):
    """What each listener says of access: switch, kind and lists."""
    names = ("AclStatus", "AclType", "AclId")
    return [
        tuple(one.settings.get(name, "") for name in names)
        for _, one in sorted(balancer(bench).listeners.items(), key=lambda pair: pair[0])
    ]


def by_hand(bench, action, **params):
    named = {name: str(value) for name, value in params.items()}
    return perform(bench.cloud.world, "slb", action, {"RegionId": "cn-hangzhou", **named})


async def turn(bench, *ranges, **annotations):
    """Ask for these ranges; gives the actions of the writes that took."""
    bench.cluster.ask(load_balancer_source_ranges=list(ranges))
    bench.cluster.annotate(address_type="intranet", **annotations)
    before = len(bench.cloud.writes())
    await bench.settle()
    return [call.action for call in bench.cloud.writes()[before:]]


async def late_ones_come(bench):
    """Calls whose sender has long given up reach the cloud."""
    bench.time.time += 10.0
    bench.cloud.troubles.insert(0, "")
    await bench.cloud.send(instances.list_all())


def warnings(bench):
    return [text for kind, _, text in bench.told if kind == "Warning"]


async def test_a_list_is_filled_before_a_listener_opens_with_it(bench):
    bench.cluster.ask(ports=[ServicePort(port=80, node_port=30080), ServicePort(port=81, node_port=30081)])
    done = await turn(bench, "10.0.0.0/8", " 192.168.1.7/24")
    assert done == [
        "CreateLoadBalancer", "CreateAccessControlList", "CreateVServerGroup", "CreateVServerGroup",
        "AddAccessControlListEntry", "CreateLoadBalancerTCPListener", "CreateLoadBalancerTCPListener",
        "StartLoadBalancerListener", "StartLoadBalancerListener",
    ]  # fmt: skip
    ((own_id, made),) = lists(bench).items()
    assert (made.name, made.address_ip_version) == (NAME, "ipv4")
    assert made.tags == {OWNER_TAG: balancer(bench).tags[OWNER_TAG], CLUSTER_TAG: "abcdefghij"}
    assert entries(bench) == ["10.0.0.0/8", "192.168.1.0/24"]
    assert access_of(bench) == [("on", "white", own_id)] * 2
    assert await bench.verify() == []


async def test_no_listener_uses_a_list_that_could_not_be_filled(bench):
    bench.cluster.ask(load_balancer_source_ranges=["10.0.0.0/8"])
    bench.cloud.refused.add("AddAccessControlListEntry")
    with pytest.raises(Refused):
        await bench.services.reconcile(bench.key)
    assert balancer(bench).listeners == {}
    bench.cloud.refused.clear()
    await bench.settle()
    assert access_of(bench) == [("on", "white", next(iter(lists(bench))))]


async def test_ranges_that_come_later_and_change_cost_a_call_each(bench):
    assert "CreateAccessControlList" not in await turn(bench)
    assert await turn(bench, "10.0.0.0/8") == [
        "CreateAccessControlList", "AddAccessControlListEntry", "SetLoadBalancerTCPListenerAttribute",
    ]  # fmt: skip
    assert await turn(bench, "10.0.0.0/8", "172.16.0.0/12") == ["AddAccessControlListEntry"]
    assert await turn(bench, "192.168.0.0/16") == ["AddAccessControlListEntry", "RemoveAccessControlListEntry"]
    assert entries(bench) == ["192.168.0.0/16"]
    assert await bench.verify() == []


async def test_when_ranges_go_listeners_open_first_and_the_list_goes_then(bench):
    await turn(bench, "10.0.0.0/8")
    assert await turn(bench) == ["SetLoadBalancerTCPListenerAttribute", "DeleteAccessControlList"]
    assert access_of(bench)[0][0] == "off"
    assert lists(bench) == {}
    assert record.read(bench.cluster.service).access == ""
    assert await bench.verify() == []


async def test_fifty_ranges_go_in_a_call(bench):
    ranges = [f"10.{number}.0.0/16" for number in range(120)]
    await turn(bench, *ranges)
    assert len(entries(bench)) == 120
    bench.restart()
    bench.cluster.ask(load_balancer_source_ranges=ranges[:1])
    before = len(bench.cloud.calls)
    await bench.settle()
    assert [call.action for call in bench.cloud.calls[before:] if "AccessControl" in call.action] == [
        "DescribeAccessControlLists", *["DescribeAccessControlListAttribute"] * 3,
        *["RemoveAccessControlListEntry"] * 3,
    ]  # fmt: skip
    assert entries(bench) == ["10.0.0.0/16"]


async def test_a_service_without_ranges_never_asks_for_a_list(bench):
    await turn(bench)
    await bench.verify()
    bench.restart()
    await bench.settle()
    await bench.verify()
    bench.cluster.delete()
    await bench.settle()
    assert not [call for call in bench.cloud.calls if "AccessControl" in call.action]


async def test_the_list_goes_after_the_instance_that_used_it(bench):
    await turn(bench, "10.0.0.0/8")
    before = len(bench.cloud.calls)
    bench.cluster.delete()
    await bench.settle()
    assert [call.action for call in bench.cloud.calls[before:]] == [
        "SetLoadBalancerDeleteProtection", "DeleteLoadBalancer", "DeleteAccessControlList",
    ]  # fmt: skip
    assert (bench.cloud.shape(), lists(bench), bench.cluster.service) == ([], {}, None)


async def test_a_list_that_was_made_by_a_call_without_an_answer_is_found_by_name(bench):
    bench.cluster.ask(load_balancer_source_ranges=["10.0.0.0/8"])
    bench.cloud.troubles = ["", "", "lost-after"]
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()].count("CreateAccessControlList") == 1
    assert access_of(bench) == [("on", "white", next(iter(lists(bench))))]


async def test_a_list_that_comes_late_goes_with_its_service(bench):
    bench.cluster.ask(load_balancer_source_ranges=["10.0.0.0/8"])
    bench.cloud.troubles = ["", "", "late"]
    with pytest.raises(Exception, match="the connection ended"):
        await bench.services.reconcile(bench.key)
    bench.cluster.delete()
    await bench.settle()
    await late_ones_come(bench)
    assert (bench.cloud.shape(), lists(bench), bench.cluster.service) == ([], {}, None)


async def test_the_list_of_a_service_of_that_name_before_is_taken_up(bench):
    left = by_hand(bench, "CreateAccessControlList", AclName=NAME)["AclId"]
    by_hand(bench, "AddAccessControlListEntry", AclId=left, AclEntrys='[{"entry":"8.8.8.8/32"}]')
    await turn(bench, "10.0.0.0/8")
    assert list(lists(bench)) == [left]
    assert entries(bench) == ["10.0.0.0/8"]
    assert access_of(bench) == [("on", "white", left)]


async def test_a_note_that_names_the_list_of_somebody_else_is_not_believed(bench):
    theirs = by_hand(bench, "CreateAccessControlList", AclName="k8s/source-ranges/shop/default/abcdefghij")["AclId"]
    await turn(bench)
    noted = replace(record.read(bench.cluster.service), access="k8s/source-ranges/shop/default/abcdefghij")
    meta = bench.cluster.service.metadata
    forged = {**meta.annotations, record.ANNOTATION: record.text(noted)}
    bench.cluster.service = replace(bench.cluster.service, metadata=replace(meta, annotations=forged))
    bench.restart()
    await bench.verify()
    bench.cluster.delete()
    await bench.settle()
    assert list(lists(bench)) == [theirs]


async def test_what_somebody_does_to_the_list_is_undone(bench):
    await turn(bench, "10.0.0.0/8")
    (own_id,) = lists(bench)
    by_hand(bench, "AddAccessControlListEntry", AclId=own_id, AclEntrys='[{"entry":"8.0.0.0/8"}]')
    by_hand(bench, "RemoveAccessControlListEntry", AclId=own_id, AclEntrys='[{"entry":"10.0.0.0/8"}]')
    assert [one.action for one in await bench.verify()] == ["AddAccessControlListEntry", "RemoveAccessControlListEntry"]
    assert entries(bench) == ["10.0.0.0/8"]


@pytest.mark.parametrize("bad", ["10.0.0.0/33", "office", ""])
async def test_a_bad_range_changes_nothing_that_runs_and_opens_nothing_new(bench, bad):
    await turn(bench, "10.0.0.0/8")
    before = access_of(bench)
    ports = [ServicePort(port=80, node_port=30080), ServicePort(port=81, node_port=30081)]
    bench.cluster.ask(ports=ports)
    assert await turn(bench, "192.168.0.0/16", bad) == ["CreateVServerGroup"]
    assert (access_of(bench), entries(bench)) == (before, ["10.0.0.0/8"])
    assert any(f'spec.loadBalancerSourceRanges: "{bad}" is not allowed; allowed: ' in text for text in warnings(bench))
    assert "CreateLoadBalancerTCPListener" in await turn(bench, "192.168.0.0/16")
    assert access_of(bench) == [before[0]] * 2


async def test_ranges_of_the_other_family_alone_open_nothing(bench):
    done = await turn(bench, "2001:db8::/32")
    assert done == ["CreateLoadBalancer", "CreateVServerGroup"]
    assert any("none of spec.loadBalancerSourceRanges is an IPv4 block" in text for text in warnings(bench))
    await turn(bench, "2001:db8::/32", "10.0.0.0/8")
    assert entries(bench) == ["10.0.0.0/8"]


async def test_everybody_is_two_halves(bench):
    await turn(bench, "0.0.0.0/0")
    assert entries(bench) == ["0.0.0.0/1", "128.0.0.0/1"]
    assert await bench.verify() == []


async def test_an_ipv6_balancer_gets_a_list_of_ipv6_ranges(bench):
    bench.cluster.ask(load_balancer_source_ranges=["2001:db8::1/32", "10.0.0.0/8"])
    bench.cluster.annotate(ip_version="ipv6")
    await bench.settle()
    (one,) = lists(bench).values()
    assert (one.address_ip_version, sorted(one.entries)) == ("ipv6", ["2001:db8::/32"])
    assert access_of(bench) == [("on", "white", one.id)]


async def test_the_annotation_says_who_may_connect_where_it_is_given(bench):
    theirs = by_hand(bench, "CreateAccessControlList", AclName="by-hand")["AclId"]
    by_hand(bench, "AddAccessControlListEntry", AclId=theirs, AclEntrys='[{"entry":"10.0.0.0/8"}]')
    await turn(bench, "192.168.0.0/16")
    done = await turn(bench, "192.168.0.0/16", acl_status="on", acl_type="black", acl_id=theirs)
    assert done == ["SetLoadBalancerTCPListenerAttribute", "DeleteAccessControlList"]
    assert access_of(bench) == [("on", "black", theirs)]
    assert any("has no effect beside the annotation" in text for text in warnings(bench))
    await turn(bench, "192.168.0.0/16")
    assert len(lists(bench)) == 2
    assert access_of(bench)[0][1:] == ("white", next(one for one in lists(bench) if one != theirs))


async def test_ranges_of_a_service_that_was_taken_over_count_from_its_next_change_on(bench):
    await turn(bench)
    meta = bench.cluster.service.metadata
    given = {key: one for key, one in meta.annotations.items() if key != record.ANNOTATION}
    assert BALANCER_LABEL in meta.labels
    bench.cluster.service = replace(bench.cluster.service, metadata=replace(meta, annotations=given))
    bench.cluster.ask(load_balancer_source_ranges=["10.0.0.0/8"])
    bench.restart()
    await bench.settle()
    assert (lists(bench), access_of(bench)[0][0]) == ({}, "")
    assert any("is from the next change of this Service on followed" in text for text in warnings(bench))
    assert await bench.verify() == []
    await turn(bench, "10.0.0.0/8", scheduler="wrr")
    assert entries(bench) == ["10.0.0.0/8"]
    assert access_of(bench)[0][0] == "on"


def lent(bench):
    """A balancer that somebody made by hand."""
    params = {"LoadBalancerName": "by-hand", "AddressType": "intranet", "VSwitchId": "vsw-test"}
    return by_hand(bench, "CreateLoadBalancer", InstanceChargeType="PayByCLCU", **params)["LoadBalancerId"]


async def test_on_a_borrowed_balancer_ranges_count_with_listeners_of_our_own_only(bench):
    own_id = lent(bench)
    await turn(bench, "10.0.0.0/8", id=own_id)
    assert lists(bench) == {}
    assert any(
        "has no effect on the listeners of a load balancer that is only borrowed" in one for one in warnings(bench)
    )
    await turn(bench, "10.0.0.0/8", id=own_id, force_override_listeners="true")
    assert access_of(bench) == [("on", "white", next(iter(lists(bench))))]
    bench.cluster.delete()
    await bench.settle()
    assert (list(balancer(bench).listeners), lists(bench), bench.cluster.service) == ([], {}, None)


async def test_a_balancer_that_is_to_stay_keeps_its_list(bench):
    await turn(bench, "10.0.0.0/8", preserve_lb_on_delete="true")
    before = access_of(bench)
    bench.cluster.delete()
    await bench.settle()
    assert bench.cluster.service is None
    assert access_of(bench) == before
    assert entries(bench) == ["10.0.0.0/8"]


async def test_d17_all_lists_of_a_listener_stay_when_something_else_of_it_changes(bench):
    made = [by_hand(bench, "CreateAccessControlList", AclName=name)["AclId"] for name in ("a", "b", "c")]
    for number, own_id in enumerate(made):
        by_hand(bench, "AddAccessControlListEntry", AclId=own_id, AclEntrys=f'[{{"entry":"10.{number}.0.0/16"}}]')
    asked = {"acl_status": "on", "acl_type": "white", "acl_id": ",".join(reversed(made))}
    await turn(bench, **asked)
    assert await turn(bench, **asked, scheduler="wlc") == ["SetLoadBalancerTCPListenerAttribute"]
    (change,) = [call for call in bench.cloud.writes() if call.action == "SetLoadBalancerTCPListenerAttribute"]
    assert change.params["AclId"] == ",".join(sorted(made))
    assert sorted(access_of(bench)[0][2].split(",")) == sorted(made)
    bench.restart()
    bench.services.site.trusts_records = False
    assert await bench.verify() == []


LIFE = [
    ["10.0.0.0/8"],
    ["10.0.0.0/8", "172.16.0.0/12"],
    [],
    ["192.168.0.0/16"],
]


def scene(bench):
    """All that a user could see of balancers and lists, without ids."""
    known = sorted((one.name, sorted(one.entries)) for one in lists(bench).values())
    names = {own_id: one.name for own_id, one in lists(bench).items()}
    used = [
        (port, one.settings.get("AclStatus", "off"), names.get(str(one.settings.get("AclId", "")), ""))
        for each in bench.cloud.world.states["slb"].load_balancers.values()
        for port, one in sorted(each.listeners.items())
    ]
    return known, used


ENDS, LOSSES = ("ended-before", "ended-after"), ("lost-before", "lost-after", "late")
MOMENTS = [*(("cloud", one) for one in (*ENDS, *LOSSES)), *(("kubernetes", one) for one in ENDS)]


@pytest.mark.parametrize(("place", "moment"), MOMENTS)
async def test_a_life_with_ranges_may_be_disturbed_at_every_call(place, moment):
    undisturbed = new_bench()
    scenes = [(await turn(undisturbed, *ranges), scene(undisturbed))[1] for ranges in LIFE]
    for number in range(60):
        bench = new_bench()
        troubles = [""] * number + [moment]
        (bench.cloud if place == "cloud" else bench.cluster).troubles = troubles
        for ranges, expected in zip(LIFE, scenes, strict=True):
            await turn(bench, *ranges)
            await late_ones_come(bench)
            assert scene(bench) == expected
        bench.cluster.delete()
        await bench.settle()
        await late_ones_come(bench)
        assert (bench.cloud.shape(), lists(bench), bench.cluster.service) == ([], {}, None)
        if moment in troubles:  # the life ended before its moment came
            return
    raise AssertionError("the life is longer than the moments tried")


RANGES = st.lists(st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "2001:db8::/32"]), unique=True)
TROUBLE = st.sampled_from(["", "", "", "lost-before", "lost-after", "late", "old", "ended-before", "ended-after"])
PROFILE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told_of(ranges):
    return sorted(one for one in ranges if "." in one)


@PROFILE
@given(st.lists(RANGES, min_size=1, max_size=4), st.lists(TROUBLE, max_size=40), st.booleans())
def test_whatever_happens_on_the_way_the_ranges_that_are_asked_for_count(wishes, troubles, deleted):
    async def run():
        bench = new_bench()
        bench.cloud.troubles = list(troubles)
        for ranges in wishes:
            await turn(bench, *ranges)
            await late_ones_come(bench)
        if deleted:
            bench.cluster.delete()
            await bench.settle()
        bench.cloud.troubles = []
        await late_ones_come(bench)
        await bench.verify()
        if deleted:
            assert (bench.cloud.shape(), lists(bench), bench.cluster.service) == ([], {}, None)
        elif told_of(wishes[-1]):
            assert entries(bench) == told_of(wishes[-1])
            assert {one[:2] for one in access_of(bench)} == {("on", "white")}
        elif not wishes[-1]:
            assert (lists(bench), {one[0] for one in access_of(bench)} - {"", "off"}) == ({}, set())
        assert await bench.verify() == []

    asyncio.run(run())
