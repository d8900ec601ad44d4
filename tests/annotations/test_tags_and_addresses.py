"""Tags beside those that say whose a balancer is, and addresses that are published in the place of its own."""

from tests.annotations.lives import CHAPTERS, tells_of
from tests.annotations.places import POD_PORT
from tests.annotations.stage import Stage

from yunqiao.controllers.services.clb.options import BACKEND_TYPE

INTRANET = {"address-type": "intranet"}


@tells_of("additional-resource-tags", chapters=("set", "change", "remove"))
async def test_tags_are_set_changed_and_taken_away_while_those_of_others_stay(stage: Stage) -> None:
    create, *_ = await stage.wear(INTRANET | {"additional-resource-tags": "team=shop,stage=a=b,empty="})
    assert "stage" in create.params.values()
    assert stage.tags() == {"team": "shop", "stage": "a=b", "empty": ""}
    theirs = {"ResourceType": "instance", "ResourceId.1": stage.balancer["LoadBalancerId"]}
    stage.do("TagResources", **theirs, **{"Tag.1.Key": "cost", "Tag.1.Value": "7"})
    writes = await stage.wear(INTRANET | {"additional-resource-tags": "team=cart"})
    assert {call.action for call in writes} == {"TagResources", "UntagResources"}
    assert stage.tags() == {"team": "cart", "cost": "7"}
    stage.bench.restart()
    assert [call.action for call in await stage.wear(INTRANET)] == ["UntagResources"]
    assert stage.tags() == {"cost": "7"}
    await stage.gone()


@tells_of("external-ip-type", chapters=("set", "change", "remove"))
async def test_elastic_addresses_are_published_in_the_place_of_the_own_one(stage: Stage) -> None:
    await stage.wear(INTRANET | {"external-ip-type": "eip"})
    assert stage.published() == [(stage.balancer["Address"], "")]
    assert any("no elastic IP address is bound" in text for text in stage.warnings())
    first, second = stage.elastic_address(), "203.0.113.8"
    stage.elastic(second)
    await stage.bench.verify()
    assert stage.published() == [(first, ""), (second, "")]
    await stage.wear(INTRANET)
    assert stage.published() == [(stage.balancer["Address"], "")]
    await stage.gone()


@tells_of("external-ip-type")
async def test_a_pod_is_reached_through_the_elastic_address_that_is_published(stage: Stage) -> None:
    await stage.pod("pod", "w0", "127.16.0.60")
    stage.endpoints({"127.16.0.60": "w0"}, number=POD_PORT)
    await stage.wear(INTRANET | {"external-ip-type": "eip", BACKEND_TYPE: "eni"})
    stage.elastic_address()
    await stage.bench.verify()
    await stage.carrying.settled()
    ((published, _),) = stage.published()
    assert published != stage.balancer["Address"]
    for address in (published, stage.balancer["Address"]):
        assert await stage.reach("tcp", at=stage.on_wire(address)) == "pod"


@tells_of("network-type", chapters=CHAPTERS)
async def test_the_kind_of_network_is_told_when_it_cannot_become_another(stage: Stage) -> None:
    assert await stage.wear(INTRANET | {"network-type": "vlan"}) == []
    stage.warned_of("network-type", "vlan")
    await stage.wear(INTRANET | {"network-type": "vpc"})
    assert stage.balancer["NetworkType"] == "vpc"
    stage.bench.told.clear()
    assert await stage.wear(INTRANET | {"network-type": "classic"}) == []
    assert any("NetworkType" in text and "cannot become classic" in text for text in stage.warnings())
    stage.bench.told.clear()
    assert await stage.wear(INTRANET) == []
    assert stage.warnings() == []
    await stage.gone()
