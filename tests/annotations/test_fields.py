"""Fields of the Service that say the same as annotations: what they do, and which of the two counts."""

from tests.annotations import sights
from tests.annotations.places import CLIENT, NODE_PORT, OTHER_CLIENT, PORT
from tests.annotations.stage import Stage
from tests.annotations.wishes import port

INTRANET = {"address-type": "intranet"}
QUIET = INTRANET | {"health-check-switch": "off"}
BY_HTTP = INTRANET | {"protocol-port": f"http:{PORT}"}


async def sticks(stage: Stage) -> bool:
    """Whether a client comes back to its backend."""
    return len({(await stage.tell())["backend"] for _ in range(4)}) == 1


async def test_clients_stay_with_their_backend_as_the_field_says_unless_the_annotation_says_otherwise(
    stage: Stage,
) -> None:
    stage.ask(session_affinity="ClientIP")
    for asked, sticky in ((QUIET, True), (QUIET | {"persistence-timeout": "0"}, False), (QUIET, True)):
        await stage.wear(asked)
        assert await sticks(stage) == sticky
    stage.ask(session_affinity="None")
    await stage.settle()
    assert not await sticks(stage)


async def test_http_clients_stay_by_a_cookie_as_the_field_says_unless_the_annotation_says_otherwise(
    stage: Stage,
) -> None:
    stage.ask(session_affinity="ClientIP")
    for asked, cookie in ((BY_HTTP, "SERVERID"), (BY_HTTP | {"sticky-session": "off"}, "none"), (BY_HTTP, "SERVERID")):
        await stage.wear(asked)
        assert await sights.stickiness(stage) == cookie
    stage.ask(session_affinity="None")
    await stage.settle()
    assert await sights.stickiness(stage) == "none"


async def test_only_the_source_ranges_are_let_in_and_their_list_goes_with_them(stage: Stage) -> None:
    for ranges, admitted in (
        ([f"{CLIENT}/32"], (True, False)), ([f"{OTHER_CLIENT}/32"], (False, True)), (["127.0.0.0/8"], (True, True)),
        (["0.0.0.0/0"], (True, True)), (["10.0.0.0/8"], (False, False)), ([], (True, True)),
    ):  # fmt: skip
        stage.ask(load_balancer_source_ranges=ranges)
        await stage.wear(INTRANET)
        assert await sights.admitted(stage) == admitted
    assert stage.do("DescribeAccessControlLists")["TotalCount"] == 0


async def test_source_ranges_count_for_every_port(stage: Stage) -> None:
    stage.ask(port(), port(number=9000, node_port=NODE_PORT), load_balancer_source_ranges=[f"{CLIENT}/32"])
    await stage.wear(INTRANET)
    for number in (PORT, 9000):
        assert await stage.tell(port=number)
        assert not await stage.tell(port=number, client=OTHER_CLIENT)
    await stage.gone()
    assert stage.do("DescribeAccessControlLists")["TotalCount"] == 0


async def test_the_annotation_says_who_may_connect_where_both_do(stage: Stage) -> None:
    stage.admit("acl-home", f"{OTHER_CLIENT}/32")
    stage.ask(load_balancer_source_ranges=[f"{CLIENT}/32"])
    await stage.wear(INTRANET | {"acl-status": "on", "acl-type": "white", "acl-id": "acl-home"})
    assert await sights.admitted(stage) == (False, True)
    assert any("loadBalancerSourceRanges has no effect" in text for text in stage.warnings())
    await stage.wear(INTRANET)
    assert await sights.admitted(stage) == (True, False)


async def test_a_range_that_is_none_leaves_who_may_connect_as_it_is(stage: Stage) -> None:
    stage.ask(load_balancer_source_ranges=[f"{CLIENT}/32"])
    await stage.wear(INTRANET)
    stage.ask(load_balancer_source_ranges=["everybody"])
    assert await stage.settle() == []
    assert await sights.admitted(stage) == (True, False)
    assert any('"everybody" is not allowed' in text for text in stage.warnings())
