"""The cloud works changes off later, one at a time, and sometimes not at all: what nodes are told meanwhile."""

import pytest
from tests.routes.conftest import Bench

from yunqiao.cloud.codes import Throttled
from yunqiao.model.errors import NotYet


async def test_an_entry_counts_when_it_is_done(bench: Bench) -> None:
    bench.cloud.settling = 20.0
    bench.join("w1")
    again = await bench.turn()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert bench.cluster.condition("w1") == ("True", "Node created without a route")
    assert again is not None
    assert again <= 1.0
    begun = bench.time.time
    await bench.settle(soon=15.0)
    assert bench.cluster.condition("w1")[0] == "False"
    assert 20.0 <= bench.time.time - begun < 31.0
    assert bench.cloud.counted()["DescribeRouteEntryList"] <= 8
    assert len(bench.cloud.writes()) == 1


async def test_how_long_a_change_takes_is_learnt_from_refusals(bench: Bench) -> None:
    bench.cloud.world.quotas["vpc_quota_route_entrys_num"] = 300
    bench.cloud.world.states["vpc"].busy_seconds = 4.0
    bench.join(*(f"w{number}" for number in range(120)))
    await bench.settle()
    assert len(bench.cloud.routes()) == 120
    assert set(bench.cluster.unavailable().values()) == {"False"}
    assert bench.troubles == []
    assert len(bench.cloud.writes()) <= 3 + 6  # 120 routes are 3 batches; the others were too early
    before = len(bench.cloud.writes())
    bench.join(*(f"x{number}" for number in range(120)))
    await bench.settle()
    assert len(bench.cloud.writes()) <= before + 3 + 1


async def test_what_was_learnt_is_forgotten_once_nothing_has_changed_for_long(bench: Bench) -> None:
    bench.cloud.world.states["vpc"].busy_seconds = 4.0
    bench.join(*(f"w{number}" for number in range(60)))
    await bench.settle()
    bench.cloud.world.states["vpc"].busy_seconds = 0.0
    bench.time.time += 3600.0
    await bench.settle()
    begun = bench.time.time
    bench.join("late", cidrs=("172.30.0.0/24",))
    await bench.turn()
    assert bench.cluster.condition("late")[0] == "False"
    assert bench.time.time - begun < 1.0


async def test_a_vpc_that_stays_busy_is_left_alone_for_a_while(bench: Bench) -> None:
    bench.cloud.world.states["vpc"].busy_seconds = 60.0
    bench.join(*(f"w{number}" for number in range(120)))
    await bench.settle()
    assert len(bench.cloud.routes()) == 120
    assert set(bench.cluster.unavailable().values()) == {"False"}
    assert bench.troubles
    assert all(isinstance(trouble, NotYet) for trouble in bench.troubles)


async def test_being_asked_to_slow_down_teaches_nothing_about_changes(bench: Bench) -> None:
    bench.join("w1")
    bench.cloud.troubles = ["", "", "", "throttled"]
    await bench.settle()
    assert [type(trouble) for trouble in bench.troubles] == [Throttled]
    assert bench.site.known.pace.pause == 0.0


async def test_a_turn_that_takes_long_tells_nodes_before_all_are_routed(bench: Bench) -> None:
    bench.cloud.world.quotas["vpc_quota_route_entrys_num"] = 300
    bench.cloud.world.states["vpc"].busy_seconds = 9.0
    bench.join(*(f"w{number}" for number in range(240)))
    bench.restart(together=10)
    await bench.turn()
    states = list(bench.cluster.unavailable().values())
    assert 50 <= states.count("False") < 240
    await bench.settle()
    assert set(bench.cluster.unavailable().values()) == {"False"}


async def test_nodes_whose_entries_are_there_are_told_while_others_wait(bench: Bench) -> None:
    bench.cloud.world.states["vpc"].busy_seconds = 60.0
    bench.join(*(f"w{number}" for number in range(60)))
    await bench.turn()
    states = list(bench.cluster.unavailable().values())
    assert (states.count("False"), states.count("True")) == (50, 10)


async def test_a_full_table_is_told_and_tried_again(bench: Bench) -> None:
    bench.cloud.world.quotas["vpc_quota_route_entrys_num"] = 41
    bench.join(*(f"w{number:02}" for number in range(48)))
    await bench.settle()
    states = list(bench.cluster.unavailable().values())
    assert (states.count("False"), states.count("True")) == (41, 7)
    assert "is full: it holds 41 entries" in bench.cluster.condition("w47")[1]
    table = bench.cloud.table.id
    told = [text for _, reason, text in bench.told if reason == "RouteTableFull"]
    assert told == [f"route table {table} is full: 41 of 48 nodes have their routes"]
    writes = len(bench.cloud.writes())
    await bench.settle()
    assert len(bench.cloud.writes()) == writes

    bench.cloud.world.quotas["vpc_quota_route_entrys_num"] = 100
    await bench.period()
    assert set(bench.cluster.unavailable().values()) == {"False"}


async def test_a_node_that_goes_makes_room_in_a_full_table(bench: Bench) -> None:
    bench.cloud.world.quotas["vpc_quota_route_entrys_num"] = 2
    bench.join("w1", "w2", "w3")
    await bench.settle()
    bench.leave("w1")
    await bench.settle()
    assert bench.cluster.unavailable() == {"w2": "False", "w3": "False"}


async def test_a_table_that_will_be_full_is_told_once_before(bench: Bench) -> None:
    bench.cloud.world.quotas["vpc_quota_route_entrys_num"] = 1000
    bench.join(*(f"w{number:03}" for number in range(159)))
    await bench.settle()
    assert "RouteTableAlmostFull" not in [reason for _, reason, _ in bench.told]
    bench.join("w200", "w201")
    await bench.settle()
    bench.join("w202")
    await bench.settle()
    (text,) = [text for _, reason, text in bench.told if reason == "RouteTableAlmostFull"]
    assert "holds 161 of 200 entries" in text
    shown = {(one.name, one.labels.get("table")): one.value for one in bench.routes.figures()}
    table = bench.cloud.table.id
    assert shown["yunqiao_route_table_entries", table] == 162
    assert shown["yunqiao_route_table_quota", table] == 200
    assert shown["yunqiao_routed_nodes", None] == 162


async def test_a_batch_that_is_refused_for_one_entry_is_written_without_it(bench: Bench) -> None:
    """An answer that names no entry: the batch is halved until the one to blame is alone."""
    send, bad = bench.cloud.send, "172.16.13.0/24"

    async def refusing(call):
        if call.action == "CreateRouteEntries" and bad in call.params.values():
            bench.cloud.calls.append(call)
            raise bench.cloud._trouble(call, 400, "InvalidCidrBlock", "Specified CIDR block is not valid.")
        return await send(call)

    bench.site.send = bench.site.instances.send = refusing
    bench.join(*(f"w{number}" for number in range(40)))
    await bench.settle()
    assert len(bench.cloud.routes()) == 39
    waiting = [name for name, status in bench.cluster.unavailable().items() if status == "True"]
    assert waiting == ["w13"]
    assert bench.cluster.condition("w13")[1].endswith("InvalidCidrBlock: Specified CIDR block is not valid.")
    assert len(bench.cloud.writes()) < 16
    writes = len(bench.cloud.writes())
    await bench.settle()
    assert len(bench.cloud.writes()) == writes


async def test_an_entry_that_is_removed_by_hand_comes_back_within_the_period(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.cloud.table.entries.clear()
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert bench.cluster.condition("w1")[0] == "False"
    assert len(bench.cluster.patches) == 1


async def test_a_write_that_is_forbidden_is_told_on_each_node_that_waits(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.cloud.refused["CreateRouteEntries"] = (403, "Forbidden.RAM")
    bench.join("w2")
    await bench.settle()
    assert bench.cluster.condition("w1")[0] == "False"
    status, message = bench.cluster.condition("w2")
    assert (status, "vpc:CreateRouteEntries" in message) == ("True", True)
    assert ("w2", "SyncRouteFailed") in [(name, reason) for name, reason, _ in bench.told]
    assert "w1" not in [name for name, reason, _ in bench.told if reason == "SyncRouteFailed"]
    patches = len(bench.cluster.patches)
    await bench.settle()
    assert len(bench.cluster.patches) == patches
    bench.cloud.refused.clear()
    await bench.settle()
    assert bench.cluster.condition("w2")[0] == "False"


@pytest.mark.parametrize("cidr", ["10.1.0.0/16", "10.0.0.0/8", "10.1.3.0/24"])
async def test_a_range_that_meets_a_vswitch_is_refused_without_asking_the_cloud(bench: Bench, cidr: str) -> None:
    bench.join("w1", cidrs=(cidr,))
    await bench.settle()
    status, message = bench.cluster.condition("w1")
    assert (status, f"pod range {cidr} and vSwitch vsw-test (10.1.0.0/16) overlap" in message) == ("True", True)
    assert bench.cloud.writes() == []


async def test_where_vswitches_may_not_be_seen_the_cloud_decides(bench: Bench) -> None:
    bench.cloud.refused["DescribeVSwitches"] = (403, "Forbidden.RAM")
    bench.join("w1")
    bench.join("w2", cidrs=("10.1.3.0/24",))
    await bench.settle()
    assert bench.cluster.unavailable() == {"w1": "False", "w2": "True"}
    assert "is part of 10.1.0.0/16" in bench.cluster.condition("w2")[1]


async def test_while_ecs_is_down_routes_of_known_nodes_are_kept_up(bench: Bench) -> None:
    bench.join("w1", "w2")
    await bench.settle()
    bench.cloud.refused["DescribeInstances"] = (500, "InternalError")
    bench.join("w3")
    bench.leave("w1")
    await bench.turn()
    assert bench.cloud.routes() == {"172.16.1.0/24": "i-w2"}
    assert bench.cluster.unavailable() == {"w2": "False", "w3": "True"}
    bench.cloud.refused.clear()
    await bench.settle()
    assert bench.cluster.condition("w3")[0] == "False"


async def test_a_removal_that_is_refused_is_tried_again_later_and_holds_up_nothing(bench: Bench) -> None:
    send = bench.cloud.send

    async def refusing(call):
        if call.action == "DeleteRouteEntries":
            bench.cloud.calls.append(call)
            hop = call.params["RouteEntries.1.NextHop"]
            failed = {"DstCidrBlock": call.params["RouteEntries.1.DstCidrBlock"], "NextHop": hop}
            return {"FailedRouteEntries": [{**failed, "FailedCode": "OperationDenied", "FailedMessage": "denied"}]}
        return await send(call)

    bench.site.send = bench.site.instances.send = refusing
    bench.join("w1")
    await bench.settle()
    bench.leave("w1")
    bench.join("w2", cidrs=("172.16.9.0/24",))
    await bench.settle()
    assert bench.cluster.unavailable() == {"w2": "False"}
    assert bench.cloud.counted()["DeleteRouteEntries"] == 1
    bench.site.send = bench.site.instances.send = send
    await bench.period()
    assert bench.cloud.routes() == {"172.16.9.0/24": "i-w2"}
