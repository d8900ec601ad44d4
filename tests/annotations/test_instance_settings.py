"""Every annotation of the instance: what changes in place, what only another instance could have, what is published."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from tests.annotations.flying import elapse, flying
from tests.annotations.lives import CHAPTERS, STAYS, TOLD, sent, spelled, tells_of
from tests.annotations.places import INSIDE, INTERNET
from tests.annotations.stage import Stage
from tests.core.conftest import UID

from yunqiao.model.keys import balancer_name
from yunqiao.options.declare import PREFIXES
from yunsim.errors import ApiError

LONG = 300 * "x"
BY_SPEC = {"address-type": "internet", "instance-charge-type": "PayBySpec"}
BY_BANDWIDTH = BY_SPEC | {"charge-type": "paybybandwidth", "bandwidth": "5"}


@dataclass(frozen=True)
class Setting:
    """One annotation that changes in place: what the cloud tells with two values and by default, and the call."""

    suffix: str
    values: tuple[str, str]
    parameter: str
    answers: tuple[Any, Any, Any]
    action: str
    bad: str
    beside: Mapping[str, str] = field(default_factory=lambda: {"address-type": "intranet"})

    def __post_init__(self) -> None:
        TOLD[self.suffix].update(CHAPTERS)

    def __str__(self) -> str:
        return self.suffix

    def asked(self, number: int | None = None, value: str = "") -> dict[str, str]:
        rest = {suffix: value for suffix, value in self.beside.items() if suffix != self.suffix}
        given = self.values[number] if number is not None else value
        return rest | ({self.suffix: given} if given else {})


SETTINGS = [
    Setting(
        "name", ("shop", "shop-2"), "LoadBalancerName", ("shop", "shop-2", balancer_name(UID)),
        "SetLoadBalancerName", 81 * "x",
    ),
    Setting(
        "delete-protection", ("off", "on"), "DeleteProtection", ("off", "on", "on"),
        "SetLoadBalancerDeleteProtection", "true",
    ),
    Setting(
        "modification-protection", ("NonProtection", "ConsoleProtection"), "ModificationProtectionStatus",
        ("NonProtection", "ConsoleProtection", "ConsoleProtection"), "SetLoadBalancerModificationProtection", "off",
    ),
    Setting(
        "charge-type", ("paybybandwidth", "paybytraffic"), "InternetChargeType",
        ("paybybandwidth", "paybytraffic", "paybytraffic"), "ModifyLoadBalancerInternetSpec", "free", BY_BANDWIDTH,
    ),
    Setting(
        "bandwidth", ("7", "9"), "Bandwidth", (7, 9, STAYS), "ModifyLoadBalancerInternetSpec", "5001", BY_BANDWIDTH,
    ),
    Setting(
        "instance-charge-type", ("PayBySpec", "paybyclcu"), "InstanceChargeType",
        ("PayBySpec", "PayByCLCU", "PayByCLCU"), "ModifyLoadBalancerInstanceChargeType", "PayByLuck",
    ),
    Setting(
        "spec", ("slb.s2.small", "slb.s3.small"), "LoadBalancerSpec", ("slb.s2.small", "slb.s3.small", "slb.s1.small"),
        "ModifyLoadBalancerInstanceSpec", 65 * "x", BY_SPEC,
    ),
]  # fmt: skip
RESTORED = [one for one in SETTINGS if one.answers[2] is not STAYS]
STAYING = [one for one in SETTINGS if one.answers[2] is STAYS]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
async def test_it_is_sent_and_answered(stage: Stage, setting: Setting) -> None:
    create, *_ = await stage.wear(setting.asked(0))
    assert create.action == "CreateLoadBalancer"
    assert sent(setting.parameter, create.params) == spelled(setting.answers[0])
    assert stage.balancer[setting.parameter] == setting.answers[0]
    assert (await stage.tell())["backend"] == "w0"
    assert stage.warnings() == []


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
async def test_another_value_is_followed_in_place(stage: Stage, setting: Setting) -> None:
    await stage.wear(setting.asked(0))
    held = await stage.hold()
    (change,) = await stage.wear(setting.asked(1))
    assert change.action == setting.action
    assert sent(setting.parameter, change.params) == spelled(setting.answers[1])
    assert stage.balancer[setting.parameter] == setting.answers[1]
    assert (await held.say("still there?"))["backend"] == held.backend


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize("setting", RESTORED, ids=str)
async def test_taken_away_it_goes_back_to_the_default(stage: Stage, setting: Setting, restarted: bool) -> None:
    number = 1 if setting.answers[0] == setting.answers[2] else 0
    await stage.wear(setting.asked(number))
    if restarted:
        stage.bench.restart()
    (change,) = await stage.wear(setting.asked())
    assert change.action == setting.action
    assert stage.balancer[setting.parameter] == setting.answers[2]
    assert await stage.bench.verify() == []


@pytest.mark.parametrize("setting", STAYING, ids=str)
async def test_taken_away_without_a_default_it_stays(stage: Stage, setting: Setting) -> None:
    await stage.wear(setting.asked(0))
    assert await stage.wear(setting.asked()) == []
    assert stage.balancer[setting.parameter] == setting.answers[0]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
async def test_what_nobody_asked_for_is_left_as_somebody_set_it(stage: Stage, setting: Setting) -> None:
    await stage.wear({"address-type": setting.beside["address-type"]})
    others = {"LoadBalancerSpec": "slb.s2.small"} if setting.parameter == "InstanceChargeType" else {}
    if setting.parameter in ("InternetChargeType", "Bandwidth", "LoadBalancerSpec"):
        stage.by_hand(
            "ModifyLoadBalancerInstanceChargeType", InstanceChargeType="PayBySpec", LoadBalancerSpec="slb.s3.small"
        )
    if setting.parameter in ("InternetChargeType", "Bandwidth"):
        others = {"InternetChargeType": "paybybandwidth", "Bandwidth": "7"}
    stage.by_hand(setting.action, **others | {setting.parameter: spelled(setting.answers[0])})
    before = stage.balancer
    assert await stage.bench.verify() == []
    await stage.wear({"address-type": setting.beside["address-type"], "scheduler": "wlc"})
    assert stage.balancer == before


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
async def test_a_bad_value_changes_nothing_that_runs_and_is_told(stage: Stage, setting: Setting) -> None:
    await stage.wear(setting.asked(0))
    before = stage.balancer
    assert await stage.wear(setting.asked(value=setting.bad)) == []
    assert stage.balancer == before
    stage.warned_of(setting.suffix, setting.bad)
    await stage.gone()


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
async def test_the_legacy_prefix_is_followed_until_the_current_one_is_there(stage: Stage, setting: Setting) -> None:
    legacy = {f"{PREFIXES[1]}{setting.suffix}": setting.values[0]}
    await stage.wear(setting.asked() | legacy)
    assert stage.balancer[setting.parameter] == setting.answers[0]
    await stage.wear(setting.asked(1) | legacy)
    assert stage.balancer[setting.parameter] == setting.answers[1]


@tells_of("bandwidth", "charge-type")
async def test_all_connections_together_are_as_fast_as_the_bandwidth_that_is_paid_for(stage: Stage) -> None:
    for asked, seconds in (
        (BY_BANDWIDTH | {"bandwidth": "1"}, 4),
        (BY_BANDWIDTH | {"bandwidth": "2"}, 2),
        (BY_SPEC, 0),
    ):
        await stage.wear(asked)
        assert round(await seconds_for_4_mbits(stage)) == seconds


async def seconds_for_4_mbits(stage: Stage) -> float:
    """How long it takes to send that much and get it back, over two connections."""
    held = [await stage.hold() for _ in range(2)]
    await elapse(5)  # nothing is owed, and no more than a moment's worth is saved
    begun = asyncio.get_running_loop().time()
    with flying():
        for text in (*5 * [50_000 * "x"], "what was too much has been paid for"):
            for one in held:
                await one.say(text)
    return asyncio.get_running_loop().time() - begun


async def test_an_empty_value_hides_the_legacy_one_and_asks_for_nothing(stage: Stage) -> None:
    await stage.wear({"address-type": "intranet", "name": "", f"{PREFIXES[1]}name": "shop"})
    assert stage.balancer["LoadBalancerName"] == balancer_name(UID)
    assert stage.warnings() == []


async def test_a_balancer_whose_deletion_is_protected_is_not_deleted_by_hand(stage: Stage) -> None:
    await stage.wear({"address-type": "intranet"})
    with pytest.raises(ApiError, match="DeleteProtection is enabled"):
        stage.by_hand("DeleteLoadBalancer")
    await stage.wear({"address-type": "intranet", "delete-protection": "off"})
    stage.by_hand("DeleteLoadBalancer")
    assert stage.balancers() == []


@dataclass(frozen=True)
class Fixed:
    """One annotation that only another instance could follow.

    Taken away, it asks for its `default`, where it has one: that is told as any other change.
    """

    suffix: str
    values: tuple[str, str]
    parameter: str
    bad: str
    beside: Mapping[str, str] = field(default_factory=lambda: {"address-type": "intranet"})
    default: str = ""

    def __post_init__(self) -> None:
        TOLD[self.suffix].update(CHAPTERS)

    def __str__(self) -> str:
        return self.suffix

    def asked(self, value: str = "") -> dict[str, str]:
        rest = {suffix: text for suffix, text in self.beside.items() if suffix != self.suffix}
        return rest | ({self.suffix: value} if value else {})


FIXED = [
    Fixed("address-type", ("intranet", "internet"), "AddressType", "both", default="internet"),
    Fixed("vswitch-id", ("vsw-other", "vsw-test"), "VSwitchId", LONG),
    Fixed("ip", ("127.16.0.90", "127.16.0.91"), "Address", "127.16.0"),
    Fixed("ip-version", ("ipv4", "ipv6"), "AddressIPVersion", "4"),
    Fixed("master-zoneid", ("cn-hangzhou-i", "cn-hangzhou-h"), "MasterZoneId", LONG),
    Fixed("slave-zoneid", ("cn-hangzhou-i", "cn-hangzhou-h"), "SlaveZoneId", LONG),
    Fixed("resource-group-id", ("rg-shop", "rg-cart"), "ResourceGroupId", LONG),
]


@pytest.mark.parametrize("one", FIXED, ids=str)
async def test_a_new_instance_is_made_with_it(stage: Stage, one: Fixed) -> None:
    create, *_ = await stage.wear(one.asked(one.values[0]))
    assert create.params[one.parameter] == one.values[0]
    assert stage.balancer[one.parameter] == one.values[0]
    assert (await stage.tell())["backend"] == "w0"


@pytest.mark.parametrize("one", FIXED, ids=str)
async def test_a_change_is_told_and_nothing_else_happens(stage: Stage, one: Fixed) -> None:
    await stage.wear(one.asked(one.values[0]))
    before = stage.balancer
    assert await stage.wear(one.asked(one.values[1])) == []
    assert stage.balancer == before
    (warning,) = set(stage.warnings())
    assert one.values[0] in warning
    assert f"cannot become {one.values[1]}" in warning
    assert await stage.tell()
    await stage.gone()


@pytest.mark.parametrize("one", FIXED, ids=str)
async def test_taken_away_it_changes_nothing(stage: Stage, one: Fixed) -> None:
    await stage.wear(one.asked(one.values[0]))
    assert await stage.wear(one.asked()) == []
    assert stage.balancer[one.parameter] == one.values[0]
    assert all(f"cannot become {one.default}" in text for text in stage.warnings())
    assert bool(stage.warnings()) == bool(one.default)


@pytest.mark.parametrize("one", FIXED, ids=str)
async def test_with_a_bad_value_nothing_is_made_or_changed(stage: Stage, one: Fixed) -> None:
    assert await stage.wear(one.asked(one.bad)) == []
    stage.warned_of(one.suffix, one.bad)
    await stage.wear(one.asked(one.values[0]))
    before = stage.balancer
    assert await stage.wear(one.asked(one.bad)) == []
    assert stage.balancer == before
    await stage.gone()


@tells_of("address-type")
@pytest.mark.parametrize(("kind", "network"), [("intranet", INSIDE), ("internet", INTERNET)])
async def test_the_address_is_of_the_network_that_was_asked_for(stage: Stage, kind: str, network: IPv4Network) -> None:
    await stage.wear({"address-type": kind})
    assert IPv4Address(stage.address("tcp")[0]) in network
    assert await stage.tell()


@tells_of("address-type")
async def test_without_an_address_type_the_internet_is_meant(stage: Stage) -> None:
    await stage.wear({})
    assert stage.balancer["AddressType"] == "internet"


@tells_of("hostname", chapters=CHAPTERS)
async def test_a_hostname_is_published_changed_and_given_up_for_the_address(stage: Stage) -> None:
    for hostname in ("shop.example", "cart.example"):
        await stage.wear({"address-type": "intranet", "hostname": hostname})
        assert stage.published() == [("", hostname)]
    await stage.wear({"address-type": "intranet", "hostname": 254 * "x"})
    stage.warned_of("hostname", 254 * "x")
    await stage.wear({"address-type": "intranet"})
    assert stage.published() == [(stage.balancer["Address"], "")]


@tells_of("preserve-lb-on-delete", chapters=("set", "change"))
@pytest.mark.parametrize("value", ["true", "false", "yes"])
async def test_a_balancer_that_is_to_stay_serves_on_when_its_service_is_gone(stage: Stage, value: str) -> None:
    await stage.wear({"address-type": "intranet", "preserve-lb-on-delete": "true"})
    await stage.wear({"address-type": "intranet", "preserve-lb-on-delete": value})
    held = await stage.hold()
    stage.bench.cluster.delete()
    await stage.settle()
    assert stage.bench.cluster.service is None
    assert stage.balancer["Tags"] == {"Tag": []}
    assert (stage.balancer["DeleteProtection"], stage.balancer["ModificationProtectionStatus"]) == (
        "off",
        "NonProtection",
    )
    assert (await held.say("still there?"))["backend"] == held.backend
    assert await stage.tell()


@tells_of("preserve-lb-on-delete", chapters=("remove",))
async def test_without_the_annotation_the_balancer_goes_as_well(stage: Stage) -> None:
    await stage.wear({"address-type": "intranet", "preserve-lb-on-delete": "true"})
    await stage.wear({"address-type": "intranet"})
    await stage.gone()


@tells_of("preserve-lb-on-delete", chapters=("bad",))
async def test_whatever_the_value_is_the_balancer_stays(stage: Stage) -> None:
    await stage.wear({"address-type": "intranet", "preserve-lb-on-delete": "true"})
    await stage.wear({"address-type": "intranet", "preserve-lb-on-delete": LONG})
    stage.bench.cluster.delete()
    await stage.settle()
    assert len(stage.balancers()) == 1
