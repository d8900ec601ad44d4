"""When a table that fills is told."""

from yunqiao.controllers.routes.filling import Filling
from yunqiao.controllers.routes.publish import Standing
from yunqiao.controllers.routes.seen import Table


def table(scene, entries, **more):
    return {"vtb-1": Table({f"{number}": scene.route() for number in range(entries)}, **more)}


def reasons(news):
    return [one.reason for one in news]


def test_a_table_is_told_once_when_it_gets_high_and_once_when_it_is_full(scene):
    filling = Filling()
    told = [reasons(filling.update(table(scene, entries), {})) for entries in (100, 160, 170, 150, 161)]
    assert told == [[], ["RouteTableAlmostFull"], [], [], ["RouteTableAlmostFull"]]
    full = filling.update(table(scene, 48, full=True), {"a": Standing(True), "b": Standing(False)})
    assert [one.text for one in full] == ["route table vtb-1 is full: 1 of 2 nodes have their routes"]
    assert filling.update(table(scene, 48, full=True), {}) == ()


def test_a_raised_quota_is_not_guessed(scene):
    filling = Filling()
    assert filling.update(table(scene, 201), {}) == ()
    names = [figure.name for figure in filling.figures()]
    assert "yunqiao_route_table_quota" not in names


def test_figures_tell_nodes_and_entries(scene):
    filling = Filling()
    filling.update(table(scene, 3), {"a": Standing(True), "b": Standing(False, "why")})
    assert {figure.name: figure.value for figure in filling.figures()} == {
        "yunqiao_route_table_entries": 3,
        "yunqiao_route_table_quota": 200,
        "yunqiao_routed_nodes": 1,
        "yunqiao_unrouted_nodes": 1,
    }
