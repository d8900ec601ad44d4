"""What nodes are told, and when they know it already."""

from datetime import UTC, datetime

from yunqiao.controllers.routes.publish import Standing, patches, standings, told

TODAY = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def condition(patch):
    (only,) = patch.body["status"]["conditions"]
    return only


def test_a_node_whose_entries_all_work_is_routed(scene):
    wanted = scene.wanted(scene.wish(), scene.wish(cidr="fd00::/64"))
    both = scene.seen(scene.route(), scene.route(cidr="fd00::/64"))
    assert standings(wanted, [scene.ground(wanted, both)]) == {"w1": Standing(True)}
    one = scene.seen(scene.route())
    assert standings(wanted, [scene.ground(wanted, one)]) == {"w1": Standing(False)}


def test_every_table_counts(scene):
    wanted = scene.wanted(scene.wish())
    there, missing = scene.ground(wanted, scene.seen(scene.route())), scene.ground(wanted, scene.seen())
    for order in ((there, missing), (missing, there)):
        assert standings(wanted, order) == {"w1": Standing(False)}


def test_a_problem_is_told_though_no_table_is_known(scene):
    assert standings(scene.wanted(problems={"w1": "because"}), []) == {"w1": Standing(False, "because")}


def test_the_condition_is_what_kubernetes_users_know(scene):
    patch = told(scene.node(), Standing(True), TODAY)
    assert patch is not None
    assert (patch.kind, patch.name, patch.subresource, patch.strategic) == ("Node", "w1", "status", True)
    assert patch.body["metadata"] == {"uid": "uid-w1"}
    assert condition(patch) == {
        "type": "NetworkUnavailable",
        "status": "False",
        "reason": "RouteCreated",
        "message": "RouteController created a route",
        "lastTransitionTime": "2026-03-04T05:06:07Z",
        "lastHeartbeatTime": "2026-03-04T05:06:07Z",
    }


def test_a_reason_is_part_of_the_message(scene):
    patch = told(scene.node(unavailable="True"), Standing(False, "it is full"), TODAY)
    assert patch is not None
    assert condition(patch)["reason"] == "NoRouteCreated"
    assert condition(patch)["message"] == "RouteController failed to create a route: it is full"
    assert condition(patch)["lastTransitionTime"] == "2026-01-01T00:00:00Z"


def test_who_knows_is_told_nothing(scene):
    assert told(scene.node(unavailable="False"), Standing(True), TODAY) is None
    assert told(scene.node(unavailable="True"), Standing(False), TODAY) is None
    node = scene.node(unavailable="True")
    node.status.conditions[0] = type(node.status.conditions[0])(
        "NetworkUnavailable", "True", "NoRouteCreated", "RouteController failed to create a route: it is full"
    )
    assert told(node, Standing(False, "it is full"), TODAY) is None


def test_a_node_that_gets_no_route_is_told_why_only_if_it_waits(scene):
    wanted = scene.wanted(aside={"w1": "no range", "w2": "no range", "w3": "no range"})
    nodes = {"w1": scene.node("w1"), "w2": scene.node("w2", unavailable="True")}
    assert [patch.name for patch in patches(nodes, wanted, {}, lambda: TODAY)] == ["w2"]
