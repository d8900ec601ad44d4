"""Who comes, changes and goes in one group, and when."""

import pytest

from yunqiao.controllers.services.clb.turnover import ASK_AGAIN, DRAIN, NEVER, turnover, window_of
from yunqiao.model.balancer import UNKNOWN, UNMANAGED, Backend, Balancer, Group, Listener

WINDOW = 7.5
OURS, THEIRS = "k8s/30080/nginx/default/c", "by-hand"


def b(name, weight=100, *, age=60.0, mark=OURS, leaving=False, port=30080):
    return Backend(f"i-{name}", port, weight, mark, leaving=leaving, age=age)


def turn(wanted, seen, window=WINDOW, **more):
    full = more.pop("full", False)
    group = Group("g", tuple(wanted), **more)
    got = turnover(group, Group("g", tuple(seen), "rsp-1", full=full), lambda mark: mark == OURS, window)
    named = [[(one.server_id[2:], one.weight) for one in part] for part in (got.new, got.differing)]
    return (*named, [one.server_id[2:] for one in got.gone], got.due)


@pytest.mark.parametrize(
    ("wanted", "seen", "outcome"),
    [
        ([b("a"), b("b")], [b("a")], ([("b", 100)], [], [], None)),
        ([b("a", 7)], [b("a")], ([], [("a", 7)], [], None)),
        ([b("a")], [b("a"), b("b")], ([], [], ["b"], None)),
        ([b("a")], [b("a", mark=THEIRS), b("b", 3, mark=THEIRS)], ([], [], [], None)),
        ([b("a"), b("b", 0, leaving=True)], [b("a")], ([], [], [], None)),
        ([b("a"), b("b", 0, leaving=True)], [b("a"), b("b")], ([], [("b", 0)], [], NEVER)),
        ([b("a"), b("b", 0, leaving=True)], [b("a"), b("b", 0)], ([], [], [], NEVER)),
        ([b("a"), b("b", 0, leaving=True)], [b("a", age=7.0), b("b")], ([], [], [], 0.5)),
        ([b("a"), b("b", 0, leaving=True)], [b("b")], ([("a", 100)], [], [], ASK_AGAIN)),
        ([b("a", 0), b("b", 0, leaving=True)], [b("a", 0), b("b")], ([], [("b", 0)], [], NEVER)),
        ([b("b", 0, leaving=True)], [b("b")], ([], [], [], NEVER)),
        ([], [b("a")], ([], [], ["a"], None)),
    ],
    ids=[
        "comes", "another weight", "gone", "somebody else's", "leaves and is not there", "leaves", "has left",
        "leaves and the other is new", "leaves and the other only comes", "leaves and no other is to take any",
        "leaves and nobody stays", "all",
    ],
)  # fmt: skip
def test_pods_and_nodes(wanted, seen, outcome):
    assert turn(wanted, seen) == outcome


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        ([b("a"), b("b")], ([], [("b", 0)], [], DRAIN)),
        ([b("a", age=0.0), b("b")], ([], [], [], ASK_AGAIN)),
        ([b("a"), b("b", 0, age=10.0)], ([], [], [], DRAIN - 10.0)),
        ([b("a"), b("b", 0, age=DRAIN)], ([], [], ["b"], None)),
        ([b("a"), b("b", mark=THEIRS)], ([], [], [], None)),
        ([b("a")], ([], [], [], None)),
    ],
    ids=["begins", "nobody else yet", "drains", "drained", "somebody else's", "not there"],
)
def test_a_node_that_leaves_has_its_time_at_weight_0_and_is_never_added(seen, outcome):
    assert turn([b("a")], seen, lingering=frozenset({"i-b"})) == outcome


@pytest.mark.parametrize(
    ("seen", "doubtful"),
    [([b("a", age=0.0), b("b")], True), ([b("b")], False), ([b("a"), b("b")], False), ([b("a", age=0.0)], False)],
    ids=["who stays is new", "nobody is there who stays", "who stays is old", "nobody leaves"],
)
def test_whether_anybody_healthy_is_there_is_asked_only_where_it_matters(seen, doubtful):
    wanted = Group("g", (b("a"), b("b", 0, leaving=True)))
    got = turnover(wanted, Group("g", tuple(seen), "rsp-1"), lambda mark: mark == OURS, WINDOW)
    assert got.doubtful is doubtful


def test_a_node_that_comes_back_gets_its_weight_back():
    assert turn([b("a"), b("b")], [b("a"), b("b", 0)]) == ([], [("b", 100)], [], None)


def test_where_nobody_checks_health_a_new_one_counts_at_once():
    assert turn([b("a"), b("b", 0, leaving=True)], [b("a", age=0.0), b("b")], window=0.0)[1] == [("b", 0)]


def test_weights_that_others_set_stay_but_for_those_that_leave():
    wanted = [b("a"), b("b", 0, leaving=True), b("c")]
    assert turn(wanted, [b("a", 7), b("b", 7), b("c", 0)], keeps_weights=True)[1] == [("b", 0)]
    assert turn(wanted, [b("a", 7), b("b", 0), b("c", 0)], keeps_weights=True, revives=True)[1] == [("c", 100)]


def test_a_group_that_is_full_gives_up_what_leaves_for_what_comes():
    wanted = [b("a"), b("b", 0, leaving=True), b("c")]
    assert turn(wanted, [b("a"), b("b"), b("d")], full=True) == ([("c", 100)], [], ["b", "d"], None)


def test_nobody_is_taken_out_while_not_all_are_known():
    assert turn([b("a")], [b("a"), b("b")], partial=True) == ([], [], [], None)


@pytest.mark.parametrize("mark", [UNMANAGED, UNKNOWN])
def test_what_is_not_ours_to_set_or_was_not_looked_at_stays(mark):
    assert turnover(Group("g", mark), Group("g", (b("a"),)), str, WINDOW).gone == ()
    assert turnover(Group("g", (b("a"),)), Group("g", mark), str, WINDOW).new == ()


@pytest.mark.parametrize(
    ("listeners", "window"),
    [
        ([], 7.5),
        ([("tcp", {})], 7.5),
        ([("udp", {})], 16.5),
        ([("tcp", {"HealthyThreshold": "10", "HealthCheckInterval": "5"})], 55.0),
        ([("tcp", {"HealthCheckSwitch": "off"})], 0.0),
        ([("http", {"HealthCheck": "off"}), ("http", {"HealthCheck": "on", "HealthyThreshold": "2"})], 5.0),
    ],
)
def test_how_long_a_new_backend_takes_nothing_is_what_its_listeners_ask(listeners, window):
    made = tuple(Listener(port, kind, "", "rsp-1", told) for port, (kind, told) in enumerate(listeners))
    other = Listener(99, "tcp", "", "rsp-2", {"HealthyThreshold": "10"})
    assert window_of(Balancer({}, {}, listeners=(*made, other)), "rsp-1") == window
