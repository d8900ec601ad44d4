"""Plans as lists of calls: batches of fifty, removals first, nothing of others."""

from yunqiao.cloud import vpc
from yunqiao.controllers.routes.plan import MARKED_AT_ONCE, marking, plan, unmarked, unsettled


def planned(scene, wanted, seen, now=0.0):
    steps = plan([scene.ground(wanted, seen, now)], scene.rules, scene.place).steps
    return [(step.action, step.lane, step.why, vpc.written_routes(step)) for step in steps]


def test_a_missing_entry_is_written_with_our_mark(scene):
    (step,) = planned(scene, scene.wanted(scene.wish()), scene.seen())
    action, lane, why, (route,) = step
    assert (action, lane, why) == ("CreateRouteEntries", "vpc-1", "write the route to 172.16.1.0/24 to vtb-1")
    assert (route.next_hop, route.name, route.description) == ("i-w1", "w1", "k8s/route/w1/nodes/abcdefghij")


def test_what_is_there_needs_nothing(scene):
    assert planned(scene, scene.wanted(scene.wish()), scene.seen(scene.route())) == []


def test_fifty_go_together(scene):
    wishes = [scene.wish(f"w{number}", f"172.16.{number}.0/24") for number in range(120)]
    steps = planned(scene, scene.wanted(*wishes), scene.seen())
    assert [len(routes) for *_, routes in steps] == [50, 50, 20]
    assert steps[0][2] == "write 50 routes to vtb-1"


def test_removals_come_first_and_what_they_make_room_for_later(scene):
    old, changed = scene.route("gone", "172.16.1.0/24"), scene.wish("w1", "172.16.1.0/24")
    steps = planned(scene, scene.wanted(changed, scene.wish("w2", "172.16.2.0/24")), scene.seen(old))
    assert [(action, [route.cidr for route in routes]) for action, _, _, routes in steps] == [
        ("DeleteRouteEntries", ["172.16.1.0/24"]),
        ("CreateRouteEntries", ["172.16.2.0/24"]),
    ]
    assert steps[0][3][0].next_hop == "i-gone"


def test_one_range_is_written_once(scene):
    wanted = scene.wanted(scene.wish("w1"), scene.wish("w2"))
    ((_, _, _, routes),) = planned(scene, wanted, scene.seen())
    assert [route.next_hop for route in routes] == ["i-w1"]


def test_what_was_refused_together_goes_in_smaller_batches(scene):
    wishes = [scene.wish(f"w{number}", f"172.16.{number}.0/24") for number in range(6)]
    portions = {("vtb-1", wish.cidr, wish.instance): 2 for wish in wishes[:4]}
    steps = planned(scene, scene.wanted(*wishes), scene.seen(portions=portions))
    assert [len(routes) for *_, routes in steps] == [2, 2, 2]


def test_entries_without_words_are_to_be_marked(scene):
    bare = scene.route(name="", description="")
    ground = scene.ground(scene.wanted(scene.wish(), scene.wish("w2", "172.16.2.0/24")), scene.seen(bare))
    (route,) = unmarked([ground])
    assert (route.id, route.name, route.description) == ("rte-172.16.1.0/24", "w1", scene.wish().mark)
    (call,) = marking([route], scene.rules, scene.place)
    assert (call.action, call.lane, call.params["RouteEntryId"]) == ("ModifyRouteEntry", "vpc-1", "rte-172.16.1.0/24")


def test_entries_with_words_are_not(scene):
    for words in ({"description": "terraform"}, {"name": "mine", "description": ""}, {"cluster": "another"}):
        ground = scene.ground(scene.wanted(scene.wish()), scene.seen(scene.route(**words)))
        assert unmarked([ground]) == ()


def test_nor_are_those_of_a_node_that_is_in_doubt(scene):
    wanted = scene.wanted(scene.wish(barred="not found"))
    doubted = type(wanted)(wanted.wishes, wanted.marks)
    assert unmarked([scene.ground(doubted, scene.seen(scene.route(name="", description="")))]) == ()


def test_a_turn_marks_some(scene):
    assert len(marking([scene.route()] * 100, scene.rules, scene.place)) == MARKED_AT_ONCE


def test_entries_on_their_way_are_looked_at_again(scene):
    seen = scene.seen(scene.route(status="Pending"), unclear=frozenset({("vtb-1", "172.16.9.0/24")}))
    ground = scene.ground(scene.wanted(scene.wish()), seen)
    assert unsettled([ground], seen) == {("vtb-1", "172.16.1.0/24"), ("vtb-1", "172.16.9.0/24")}
