"""Which protocol a port is served by, and where it redirects to: asked for, changed, taken away, and never lost."""

from tests.annotations.certificates import Pair
from tests.annotations.lives import tells_of
from tests.annotations.places import PORT
from tests.annotations.stage import Stage
from tests.annotations.wishes import port

INTRANET = {"address-type": "intranet"}
BY_HTTP = INTRANET | {"protocol-port": f"http:{PORT}"}
SECURE, SECURE_TOO, CERTIFICATE = 8443, 8444, "cert-shop"
PORTS = (port(), port(number=SECURE, node_port=30443), port(number=SECURE_TOO, node_port=30444))
BOTH = INTRANET | {
    "protocol-port": f"http:{PORT},https:{SECURE},https:{SECURE_TOO}",
    "cert-id": CERTIFICATE,
}
FORWARDING = BOTH | {"forward-port": f"{PORT}:{SECURE}"}


@tells_of("protocol-port", chapters=("set", "change", "remove"))
async def test_a_port_is_served_by_the_protocol_that_is_asked_for(stage: Stage) -> None:
    await stage.wear(BY_HTTP)
    assert (await stage.get()).told["headers"]["x-forwarded-for"] == "127.0.0.1"
    await stage.wear(INTRANET | {"protocol-port": f"tcp:{PORT}"})
    assert "x-forwarded-for" not in (await stage.get(protocol="tcp")).told["headers"]
    await stage.wear(BY_HTTP)
    writes = await stage.wear(INTRANET)
    assert [call.action for call in writes] == [
        "DeleteLoadBalancerListener", "CreateLoadBalancerTCPListener", "StartLoadBalancerListener",
    ]  # fmt: skip
    assert (await stage.tell())["backend"]


@tells_of("protocol-port")
async def test_each_port_has_the_protocol_that_is_asked_for_it(stage: Stage) -> None:
    stage.keep(Pair.made("shop.example"), CERTIFICATE)
    stage.ask(port(), port(number=SECURE, node_port=30443), port(number=9000, node_port=30080))
    await stage.wear(INTRANET | {"protocol-port": f"https:{SECURE}, http:{PORT}, http:1", "cert-id": CERTIFICATE})
    kinds = {(protocol, number) for _, protocol, number in stage.carrying.engine.ports()}
    assert kinds == {("http", PORT), ("https", SECURE), ("tcp", 9000)}


async def _forwarding(stage: Stage) -> None:
    stage.keep(Pair.made("shop.example"), CERTIFICATE)
    stage.ask(*PORTS)
    await stage.wear(FORWARDING)


@tells_of("forward-port", chapters=("set", "change", "remove"))
async def test_http_redirects_to_https_elsewhere_and_serves_itself_again(stage: Stage) -> None:
    await _forwarding(stage)
    answer = await stage.get("/cart?id=7")
    assert (answer.status, answer.all("Location")) == (302, [f"https://shop.example:{SECURE}/cart?id=7"])
    await stage.wear(BOTH | {"forward-port": f"{PORT}:{SECURE_TOO}"})
    assert (await stage.get()).all("Location") == [f"https://shop.example:{SECURE_TOO}/"]
    await stage.wear(BOTH)
    assert (await stage.get()).status == 200
    assert stage.listener("http")["ListenerForward"] == "off"
