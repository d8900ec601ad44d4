"""Which routes are wanted of which nodes."""

import pytest

from yunqiao.cloud.vpc import VSwitch
from yunqiao.controllers.routes.rules import Place, Rules
from yunqiao.controllers.routes.want import NO_RANGE, ranges_of, want
from yunqiao.model.route import mark


def test_each_range_of_a_node_is_a_wish(scene):
    node = scene.node("w1", "172.16.1.7/24", "FD00:1::/64")
    wanted = want([node], scene.instances("w1"), scene.rules, scene.place)
    assert wanted.wishes == (scene.wish(), scene.wish(cidr="fd00:1::/64"))
    assert wanted.settled == wanted.marks == {mark("w1", scene.cluster)}


def test_the_older_field_alone_is_a_range_too(scene):
    node = scene.node("w1", "172.16.1.0/24")
    node.spec.pod_cidrs.clear()
    assert ranges_of(node) == ("172.16.1.0/24",)


def test_a_node_that_was_not_asked_for_yet_is_neither_wanted_nor_a_problem(scene):
    wanted = want([scene.node("w1", "172.16.1.0/24")], {}, scene.rules, scene.place)
    assert (wanted.wishes, wanted.problems, wanted.settled) == ((), {}, frozenset())
    assert wanted.marks == {mark("w1", scene.cluster)}


def test_an_instance_that_is_not_there_bars_a_wish_and_settles_nothing(scene):
    wanted = want([scene.node("w1", "172.16.1.0/24")], {"i-w1": None}, scene.rules, scene.place)
    (wish,) = wanted.wishes
    assert "i-w1, which is not found" in wish.barred
    assert wanted.settled == frozenset()


def test_a_machine_that_is_another_is_a_problem(scene):
    node = scene.node("w1", "172.16.1.0/24", ips=("10.9.9.9",))
    instances = {"i-w1": scene.instance(addresses=frozenset({"10.0.0.1"}))}
    wanted = want([node], instances, scene.rules, scene.place)
    assert wanted.wishes == ()
    assert "has none of its addresses" in wanted.problems["w1"]


def test_an_instance_of_another_vpc_is_left_aside(scene):
    instances = {"i-w1": scene.instance(vpc_id="vpc-2")}
    wanted = want([scene.node("w1", "172.16.1.0/24")], instances, scene.rules, scene.place)
    assert (wanted.wishes, wanted.problems) == ((), {})
    assert "is in vpc-2" in wanted.aside["w1"]


def test_a_node_without_ranges_is_left_aside_whatever_its_instance(scene):
    for instances in (scene.instances("w1"), {"i-w1": None}):
        wanted = want([scene.node("w1")], instances, scene.rules, scene.place)
        assert (wanted.problems, wanted.aside) == ({}, {"w1": NO_RANGE})


def test_a_node_that_is_being_deleted_asks_for_nothing_and_loses_nothing(scene):
    node = scene.node("w1", "172.16.1.0/24", deletion_timestamp="2026-01-01T00:00:00Z")
    wanted = want([node], scene.instances("w1"), scene.rules, scene.place)
    assert (wanted.wishes, wanted.settled) == ((), frozenset())
    assert wanted.marks == {mark("w1", scene.cluster)}


@pytest.mark.parametrize(
    ("cidr", "says"),
    [
        ("172.16.1.0/24", ""),
        ("fd00:1::/64", ""),
        ("172.17.1.0/24", "outside --cluster-cidr=172.16.0.0/16"),
        ("172.0.0.0/8", "outside --cluster-cidr"),
        ("0.0.0.0/0", "no range of a node's pods"),
        ("::/0", "no range of a node's pods"),
    ],
)
def test_a_range_must_be_one_of_the_clusters(scene, cidr, says):
    rules = Rules("cn-hangzhou", scene.cluster, "vpc-1", cluster_cidrs=("172.16.0.0/16",))
    (wish,) = want([scene.node("w1", cidr)], scene.instances("w1"), rules, scene.place).wishes
    assert says in wish.barred
    assert bool(wish.barred) == bool(says)


@pytest.mark.parametrize(
    ("cidr", "barred"),
    [("10.1.0.0/20", True), ("10.0.0.0/8", True), ("10.1.4.0/24", True), ("10.1.16.0/24", False)],
)
def test_a_range_must_touch_no_vswitch(scene, cidr, barred):
    place = Place("vpc-1", ("vtb-1",), (VSwitch("vsw-1", cidr="10.1.0.0/20"),))
    (wish,) = want([scene.node("w1", cidr)], scene.instances("w1"), scene.rules, place).wishes
    assert bool(wish.barred) == barred
