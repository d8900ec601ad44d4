"""Further domains of an HTTPS listener, each with a certificate of its own, as clients are shown them."""

from tests.annotations import sights
from tests.annotations.certificates import Pair
from tests.annotations.lives import tells_of
from tests.annotations.places import PORT
from tests.annotations.stage import Stage

SHOP, CART, CART_TOO, WILD = (
    Pair.made(name) for name in ("shop.example", "cart.example", "cart.example", "*.shop.example")
)
BASE = {"address-type": "intranet", "protocol-port": f"https:{PORT}", "cert-id": "cert-shop"}


def domains(stage: Stage) -> dict[str, str]:
    told = stage.by_hand("DescribeDomainExtensions", ListenerPort=PORT)["DomainExtensions"]["DomainExtension"]
    return {one["Domain"]: one["ServerCertificateId"] for one in told}


async def wear(stage: Stage, asked: str | None) -> list[str]:
    for pair, own_id in ((SHOP, "cert-shop"), (CART, "cert-cart"), (CART_TOO, "cert-cart-2"), (WILD, "cert-wild")):
        if stage.bench.cloud.world.find(own_id) is None:
            stage.keep(pair, own_id)
    given = {} if asked is None else {"domain-extensions": asked}
    return [call.action for call in await stage.wear(BASE | given)]


async def shown(stage: Stage, *pairs: Pair) -> int:
    return await sights.shown_certificate(*pairs)(stage)


@tells_of("domain-extensions", chapters=("set", "change", "remove"))
async def test_each_domain_shows_its_certificate_until_it_is_taken_away(stage: Stage) -> None:
    await wear(stage, "cart.example:cert-cart, *.shop.example:cert-wild")
    assert domains(stage) == {"cart.example": "cert-cart", "*.shop.example": "cert-wild"}
    assert await shown(stage, CART, CART_TOO) == 0
    assert await sights.trusts(stage, SHOP)
    assert await wear(stage, "cart.example:cert-cart-2") == ["SetDomainExtensionAttribute", "DeleteDomainExtension"]
    assert await shown(stage, CART, CART_TOO) == 1
    stage.bench.restart()
    assert await wear(stage, None) == ["DeleteDomainExtension"]
    assert not await sights.trusts(stage, CART_TOO)
    assert await sights.trusts(stage, SHOP)
    await stage.gone()


async def test_a_domain_that_somebody_added_stays_where_nobody_asked_for_domains(stage: Stage) -> None:
    await wear(stage, None)
    stage.by_hand("CreateDomainExtension", ListenerPort=PORT, Domain="cart.example", ServerCertificateId="cert-cart")
    assert await stage.bench.verify() == []
    await stage.carrying.settled()
    assert await shown(stage, CART, CART_TOO) == 0
