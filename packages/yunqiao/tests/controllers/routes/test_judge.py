"""How a wish stands in a table, and which entries must go."""

from yunqiao.controllers.routes.judge import State
from yunqiao.controllers.routes.seen import Refusal


def states(scene, seen, *wishes, now=0.0):
    ground = scene.ground(scene.wanted(*wishes or (scene.wish(),)), seen, now)
    return [(verdict.state, verdict.text) for _, verdict in ground.verdicts]


def test_an_entry_that_is_there_and_done_fulfils_its_wish(scene):
    assert states(scene, scene.seen(scene.route())) == [(State.THERE, "")]
    assert states(scene, scene.seen(scene.route(description="", name=""))) == [(State.THERE, "")]
    assert states(scene, scene.seen(scene.route(cluster="another"))) == [(State.THERE, "")]


def test_an_entry_that_is_not_done_is_coming(scene):
    for status in ("Pending", "Creating", "Modifying", ""):
        assert states(scene, scene.seen(scene.route(status=status))) == [(State.COMING, "")]


def test_what_is_absent_is_to_be_written(scene):
    assert states(scene, scene.seen()) == [(State.MISSING, "")]


def test_somebody_elses_entry_blocks(scene):
    ((state, text),) = states(scene, scene.seen(scene.route("other", description="", name="VPN")))
    assert state is State.BLOCKED
    assert 'route table vtb-1 leads 172.16.1.0/24 to i-other already (somebody else\'s, "VPN")' in text


def test_an_entry_with_several_next_hops_blocks(scene):
    ((state, _),) = states(scene, scene.seen(scene.route(shared=True)))
    assert state is State.BLOCKED


def test_an_entry_of_ours_that_must_go_first_does_not_block(scene):
    assert states(scene, scene.seen(scene.route("gone"))) == [(State.COMING, "")]


def test_an_entry_for_a_part_blocks_even_beside_ours(scene):
    part = scene.route("other", "172.16.1.64/26", cluster="another")
    for seen in (scene.seen(part), scene.seen(part, scene.route())):
        ((state, text),) = states(scene, seen)
        assert state is State.BLOCKED
        assert "172.16.1.64/26, which is a part of 172.16.1.0/24" in text


def test_an_entry_of_another_cluster_around_blocks_what_is_not_there_yet(scene):
    around = scene.route("other", "172.16.0.0/20", cluster="another")
    ((state, text),) = states(scene, scene.seen(around))
    assert state is State.BLOCKED
    assert "node other of cluster another" in text
    assert states(scene, scene.seen(around, scene.route())) == [(State.THERE, "")]


def test_a_barred_wish_is_blocked_unless_its_entry_is_there(scene):
    wish = scene.wish(barred="because")
    assert states(scene, scene.seen(), wish) == [(State.BLOCKED, "because")]
    assert states(scene, scene.seen(scene.route()), wish) == [(State.THERE, "")]


def test_a_full_table_blocks_what_is_not_there_yet(scene):
    ((state, text),) = states(scene, scene.seen(scene.route("x", "172.16.7.0/24", cluster="y"), full=True))
    assert (state, "is full: it holds 1 entries" in text) == (State.BLOCKED, True)
    assert states(scene, scene.seen(scene.route(), full=True)) == [(State.THERE, "")]


def test_a_table_that_cannot_be_read_blocks(scene):
    assert states(scene, scene.seen(problem="it is gone")) == [(State.BLOCKED, "it is gone")]


def test_a_refusal_holds_until_its_time(scene):
    key = ("vtb-1", "172.16.1.0/24", "i-w1")
    told, quiet = ({key: Refusal(10.0, text)} for text in ("no", ""))
    assert states(scene, scene.seen(refusals=told), now=9.0) == [(State.BLOCKED, "no")]
    assert states(scene, scene.seen(refusals=quiet), now=9.0) == [(State.COMING, "")]
    assert states(scene, scene.seen(refusals=told), now=10.0) == [(State.MISSING, "")]


def doomed(scene, wanted, *routes):
    return sorted(scene.ground(wanted, scene.seen(*routes)).doomed)


def test_entries_of_nodes_that_are_gone_must_go(scene):
    routes = (scene.route("gone", "172.16.2.0/24"), scene.route("gone", "172.16.3.0/24", cluster="another"))
    assert doomed(scene, scene.wanted(scene.wish()), *routes, scene.route()) == ["172.16.2.0/24"]


def test_an_entry_of_a_node_that_is_not_settled_stays(scene):
    wanted = scene.wanted(scene.wish())
    unsettled = type(wanted)((), wanted.marks)
    assert doomed(scene, unsettled, scene.route(cidr="172.16.9.0/24")) == []
    assert doomed(scene, wanted, scene.route(cidr="172.16.9.0/24")) == ["172.16.9.0/24"]


def test_an_entry_that_serves_a_node_stays_whosever_name_it_has(scene):
    serving = scene.route(description=scene.route("gone").description)
    assert doomed(scene, scene.wanted(scene.wish()), serving) == []


def test_an_entry_whose_node_cannot_be_told_stays(scene):
    assert doomed(scene, scene.wanted(), scene.route("n" * 253, "172.16.2.0/24")) == []


def test_an_entry_that_leads_to_no_instance_stays(scene):
    elsewhere = scene.route("gone", next_hop_type="RouterInterface")
    assert doomed(scene, scene.wanted(), elsewhere, scene.route("gone", "172.16.3.0/24", shared=True)) == []
