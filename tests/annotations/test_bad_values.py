"""A value that cannot be followed: nothing that runs changes, its owner is told, and deletion works all the same."""

from dataclasses import dataclass

import pytest
from tests.annotations.certificates import Pair
from tests.annotations.lives import TOLD
from tests.annotations.places import PORT
from tests.annotations.stage import Stage
from tests.annotations.wishes import port

from yunqiao.controllers.services.clb.options import BACKEND_TYPE
from yunqiao.options.declare import PREFIXES

INTRANET = {"address-type": "intranet"}
SECURE = 8443
HTTPS = INTRANET | {"protocol-port": f"http:{PORT},https:{SECURE}", "cert-id": "cert-shop"}


@dataclass(frozen=True)
class Bad:
    """One annotation that had a good value and gets a bad one."""

    suffix: str
    good: str
    bad: str
    beside: dict[str, str]

    def __post_init__(self) -> None:
        TOLD[self.suffix].add("bad")

    def __str__(self) -> str:
        return f"{self.suffix}-{self.bad}"


LENT, GROUP = "<the lent balancer>", "<its group>"
BORROWED = {"id": LENT, "vgroup-port": f"{GROUP}:{PORT}"}
BAD = [
    Bad("protocol-port", f"http:{PORT}", f"htp:{PORT}", INTRANET),
    Bad("protocol-port", f"http:{PORT}", f"http{PORT}", INTRANET),
    Bad("protocol-port", f"http:{PORT}", "http:80800", INTRANET),
    Bad("forward-port", f"{PORT}:{SECURE}", f"{PORT}:https", HTTPS),
    Bad("default-weight", "30", "101", INTRANET),
    Bad("backend-label", "zone=h", "zone", INTRANET),
    Bad("remove-unscheduled-backend", "on", "true", INTRANET),
    Bad("ignore-weight-update", "on", "true", INTRANET | {"default-weight": "30"}),
    Bad("backend-ip-version", "ipv4", "6", INTRANET),
    Bad("additional-resource-tags", "team=shop", "acs:team=cart", INTRANET),
    Bad("additional-resource-tags", "team=shop", "kubernetes.do.not.delete=mine", INTRANET),
    Bad("additional-resource-tags", "team=shop", "=cart", INTRANET),
    Bad("domain-extensions", "cart.example:cert-cart", "cart.example", HTTPS),
    Bad("domain-extensions", "cart.example:cert-cart", "cart.example:", HTTPS),
    Bad("domain-extensions", "cart.example:cert-cart", "cart.example:a,cart.example:b", HTTPS),
    Bad("external-ip-type", "eip", "nat", INTRANET),
    Bad("hostname", "shop.example", 254 * "x", INTRANET),
    Bad("vgroup-port", f"{GROUP}:{PORT}", f"mine:{PORT}", BORROWED),
    Bad("weight", "60", "many", BORROWED),
    Bad("force-override-listeners", "true", "yes", {"id": LENT}),
]


async def prepare(stage: Stage, one: Bad) -> dict[str, str]:
    """A Service that could follow any of these, and what it asks for beside; names become ids."""
    stage.node("w0", labels={"zone": "h"})
    stage.node("w1", unschedulable=True)
    stage.ask(port(), port(number=SECURE, node_port=30443))
    for name, own_id in (("shop.example", "cert-shop"), ("cart.example", "cert-cart")):
        stage.keep(Pair.made(name), own_id)
    lent = stage.lend() if "id" in one.beside else ""
    group = stage.by_hand("CreateVServerGroup", VServerGroupName="theirs")["VServerGroupId"] if lent else ""
    asked = {**one.beside, one.suffix: one.good}
    return {suffix: value.replace(LENT, lent).replace(GROUP, group) for suffix, value in asked.items()}


def picture(stage: Stage) -> object:
    """All that is told of the balancer and what is on it."""
    listeners = stage.do("DescribeLoadBalancerListeners", LoadBalancerId__1=stage.balancer["LoadBalancerId"])
    secure = any(one["ListenerProtocol"] == "https" for one in listeners["Listeners"])
    domains = stage.by_hand("DescribeDomainExtensions", ListenerPort=SECURE) if secure else {}
    return stage.balancer, listeners, domains, stage.groups(), stage.published()


async def bind(stage: Stage) -> None:
    """An elastic address is bound to the balancer, and published."""
    stage.elastic("203.0.113.7")
    await stage.bench.verify()
    assert stage.published() == [("203.0.113.7", "")]


async def weigh(stage: Stage) -> None:
    """Somebody gives a backend another weight."""
    stage.weigh("w0", 7)
    assert await stage.bench.verify() == []


MEANWHILE = {"external-ip-type": bind, "ignore-weight-update": weigh}
"""What happens after the good value, so that it shows."""


@pytest.mark.parametrize("one", BAD, ids=lambda one: str(one)[:60])
async def test_nothing_that_runs_changes_and_the_owner_is_told(stage: Stage, one: Bad) -> None:
    good = await prepare(stage, one)
    await stage.wear(good)
    if one.suffix in MEANWHILE:
        await MEANWHILE[one.suffix](stage)
    before = picture(stage)
    assert await stage.wear(good | {one.suffix: one.bad}) == []
    assert picture(stage) == before
    stage.warned_of(one.suffix, one.bad)
    stage.bench.cluster.delete()
    await stage.settle()
    assert stage.bench.cluster.service is None


async def test_the_nearest_right_name_is_told_of_an_annotation_that_does_not_exist(stage: Stage) -> None:
    await stage.wear(INTRANET | {"sheduler": "wlc"})
    (warning,) = set(stage.warnings())
    assert f"{PREFIXES[0]}sheduler" in warning
    assert f"did you mean {PREFIXES[0]}scheduler?" in warning
    assert (await stage.tell())["backend"] == "w0"


async def test_all_problems_are_told_at_once(stage: Stage) -> None:
    await stage.wear(INTRANET)
    await stage.wear(INTRANET | {"scheduler": "fastest", "name": 81 * "x", "bandwidth": "much"})
    for suffix, bad in (("scheduler", "fastest"), ("name", 81 * "x"), ("bandwidth", "much")):
        stage.warned_of(suffix, bad)


async def test_nothing_is_made_while_a_value_is_bad_and_all_is_made_once_it_is_mended(stage: Stage) -> None:
    assert await stage.wear(INTRANET | {"scheduler": "fastest"}) == []
    stage.warned_of("scheduler", "fastest")
    await stage.wear(INTRANET | {"scheduler": "wlc"})
    assert (await stage.tell())["backend"] == "w0"


async def test_a_service_whose_annotations_were_never_right_can_be_deleted(stage: Stage) -> None:
    await stage.wear(INTRANET | {"scheduler": "fastest", BACKEND_TYPE: "nonsense"})
    stage.bench.cluster.delete()
    await stage.settle()
    assert not stage.service_stays()


async def test_backends_follow_while_a_value_is_bad(stage: Stage) -> None:
    await stage.wear(INTRANET)
    stage.node("w1", labels={"node.kubernetes.io/exclude-from-external-load-balancers": ""})
    await stage.wear(INTRANET | {"scheduler": "fastest"})
    assert stage.weights() == {"i-w0": 100}


async def test_backends_follow_while_the_certificate_is_missing(stage: Stage) -> None:
    stage.keep(Pair.made("shop.example"), "cert-shop")
    https = INTRANET | {"protocol-port": f"https:{PORT}"}
    await stage.wear(https | {"cert-id": "cert-shop"})
    stage.node("w1", labels={"node.kubernetes.io/exclude-from-external-load-balancers": ""})
    await stage.wear(https)
    assert stage.weights() == {"i-w0": 100}
    assert stage.listener("https")["ServerCertificateId"] == "cert-shop"
