"""What a client or a backend notices of a listener's settings: one function for each thing that can be noticed."""

import asyncio
import json
import ssl
import warnings
from collections import Counter
from typing import Any

from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded
from tests.annotations.certificates import Pair
from tests.annotations.flying import elapse, flying
from tests.annotations.lives import Sight
from tests.annotations.places import CLIENT, OTHER_CLIENT
from tests.annotations.stage import Stage
from tests.annotations.traffic import Answer, Conversation


async def spread(stage: Stage) -> tuple[int, int, bool]:
    """How 8 connections are shared when w0 has 3 of 4 pods, and whether held ones then count (least connections)."""
    found = Counter([await _visit(stage) for _ in range(8)])
    held = [await stage.hold() for _ in range(4)]
    for one in held:
        if one.backend == "w0":
            await one.close()
    await asyncio.sleep(0.01)  # the balancer has noticed
    more = [await stage.hold() for _ in range(3)]
    for one in (*held, *more):
        await one.close()
    return found["w0"], found["w1"], {one.backend for one in more} == {"w0"}


async def _visit(stage: Stage) -> str:
    told = await stage.tell()
    await asyncio.sleep(0.005)  # the balancer has noticed the end of it
    return str(told["backend"])


async def faithful(stage: Stage) -> tuple[bool, bool]:
    """Whether a client comes back to its backend: at once, and a minute and a bit after its last visit."""
    before, again = [(await stage.tell())["backend"] for _ in range(2)]
    await elapse(65)
    later = (await stage.tell())["backend"]
    return before == again, again == later


def _outlives(*moments: float, protocol: str) -> Sight:
    async def look(stage: Stage) -> tuple[bool, ...]:
        if protocol == "tcp":
            kept = await stage.hold()
        else:
            kept = await stage.open(protocol)
            await _ask_on(kept)
        lives, passed = [], 0.0
        for moment in moments:
            await elapse(moment - passed)
            passed = moment
            lives.append(await kept.lives())
        return tuple(lives)

    return look


async def _ask_on(kept: Any) -> None:
    kept.writer.write(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    assert (await kept.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    await kept.reader.readuntil(b"}}")


tcp_silence = _outlives(15, 25, protocol="tcp")
"""Whether a connection on which nothing moves lives after 15 and after 25 seconds."""
http_silence = _outlives(10, 25, protocol="http")
"""Whether a kept connection without requests lives after 10 and after 25 seconds."""


async def patience(stage: Stage) -> tuple[int, int]:
    """What a client gets for a request that takes 20 seconds, and for one that takes 50."""
    with flying():
        return (await stage.get("/after/20")).status, (await stage.get("/after/50")).status


async def admitted(stage: Stage) -> tuple[bool, bool]:
    """Which of two clients is let in."""
    return bool(await stage.tell(client=CLIENT)), bool(await stage.tell(client=OTHER_CLIENT))


async def introduced(stage: Stage) -> list[Any] | None:
    """Whom the PROXY protocol names to a backend."""
    return (await stage.tell())["proxied"]


async def introduced_by_datagram(stage: Stage) -> list[Any] | None:
    """The same, over UDP."""
    return (await stage.send())["proxied"]


async def farewell(stage: Stage) -> tuple[bool, bool]:
    """Whether a connection to a node that has left lives for 15 and for 25 seconds more."""
    held = [await stage.hold() for _ in range(2)]
    (leaving,) = [one for one in held if one.backend == "w1"]
    stayed = list(stage.bench.cluster.nodes)
    stage.bench.cluster.nodes = stayed[:1]
    await stage.settle()
    lives = []
    for seconds in (15, 10):
        await elapse(seconds)
        lives.append(await leaving.lives())
    stage.bench.cluster.nodes = stayed
    await stage.settle()
    return lives[0], lives[1]


def serving(status: int = 200, delay: float = 0.0) -> Sight:
    """Which backends answer once all health checks have had their say; w1 answers checks with that, that late."""

    async def look(stage: Stage) -> str:
        stage.backends["w1"].health, stage.backends["w1"].delay = status, delay
        await elapse(60)
        ask = stage.get if _layer_7(stage) else stage.tell
        with flying():
            answers = [await ask() for _ in range(4)]
        return ",".join(sorted({_backend(one) for one in answers}))

    return look


def _backend(answer: Answer | dict[str, Any]) -> str:
    return answer.backend if isinstance(answer, Answer) else answer.get("backend", "")


def _layer_7(stage: Stage) -> bool:
    return any(protocol == "http" for _, protocol, _ in stage.carrying.engine.ports())


async def probed(stage: Stage) -> str:
    """What a health check asks: method, path and Host."""
    probe = (await _probes(stage, 20))[-1]
    host = probe.headers["host"]
    return f"{probe.line} {'itself' if host == stage.backends['w0'].address else host}"


async def pace(stage: Stage) -> int | None:
    """Seconds between two health checks, None when there are none."""
    probes = await _probes(stage, 120)
    return round((probes[-1].at - probes[0].at) / (len(probes) - 1)) if probes else None


async def _probes(stage: Stage, seconds: float) -> list[Any]:
    await elapse(1)  # what was under way is over
    stage.backends["w0"].probes.clear()
    await elapse(seconds)
    return list(stage.backends["w0"].probes)


async def checks_to_fall(stage: Stage) -> int:
    """How many health checks in a row must fail before a backend takes no more traffic."""
    await elapse(5)
    return await _checks_until(stage, "abnormal", 500)


async def checks_to_rise(stage: Stage) -> int:
    """How many must pass in a row before one that fell takes traffic again."""
    await elapse(5)
    await _checks_until(stage, "abnormal", 500)
    return await _checks_until(stage, "normal", 200)


async def _checks_until(stage: Stage, state: str, status: int) -> int:
    backend = stage.backends["w1"]
    backend.health = status
    backend.probes.clear()
    while stage.health()["i-w1"] != state:
        await elapse(1)
    return len(backend.probes)


def header(name: str) -> Sight:
    """A header of the request as the backend got it."""

    async def look(stage: Stage) -> str | None:
        return (await stage.get()).told["headers"].get(name.lower())

    return look


async def client_port(stage: Stage) -> bool:
    """Whether the backend is told the client's port."""
    made = await stage.open("http")
    made.writer.write(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    own = made.writer.get_extra_info("sockname")[1]
    body = await made.reader.readuntil(b"}}")
    return f'"x-forwarded-client-srcport": "{own}"'.encode() in body


async def stickiness(stage: Stage) -> str:
    """The cookie by which a client comes back to its backend: the balancer's, the backend's, or none."""
    first = await stage.get()
    for name, value in first.cookies().items():
        if value != "own":
            again = [(await stage.get(cookie=f"{name}={value}")).backend for _ in range(4)]
            return name if set(again) == {first.backend} else f"{name}, in vain"
    assert len({(await stage.get()).backend for _ in range(4)}) == 2
    return "none"


async def cookie_life(stage: Stage) -> str | None:
    """For how many seconds the balancer's cookie is to be kept."""
    given = [value for value in (await stage.get()).all("Set-Cookie") if value.startswith("SERVERID")]
    return given[0].partition("Max-Age=")[2].partition(";")[0] if given else None


def shown_certificate(*pairs: Pair) -> Sight:
    """Which of these certificates a client is shown, by its number."""

    async def look(stage: Stage) -> int:
        shown = [number for number, pair in enumerate(pairs) if await trusts(stage, pair)]
        assert len(shown) == 1
        return shown[0]

    return look


async def trusts(stage: Stage, pair: Pair) -> bool:
    """Whether a client that trusts this certificate alone is shown it under its name."""
    try:
        return (await stage.get(protocol="https", **pair.trusted())).status == 200
    except ssl.SSLCertVerificationError:
        return False


def spoken(pair: Pair) -> Sight:
    """What a client of HTTP/2 and HTTP/1.1 speaks, the status of its request, and whether a backend had answered."""

    async def look(stage: Stage) -> tuple[str, int, bool]:
        how = pair.trusted()
        how["ssl"].set_alpn_protocols(["h2", "http/1.1"])
        made = await stage.open("https", **how)
        chosen = made.writer.get_extra_info("ssl_object").selected_alpn_protocol()
        if chosen == "h2":
            answer = await _get_in_http_2(made)
        else:
            answer = await stage.get(protocol="https", **how)
        return chosen, answer.status, answer.backend in stage.backends

    return look


async def _get_in_http_2(made: Conversation) -> Answer:
    h2 = H2Connection()
    h2.initiate_connection()
    asked = {":method": "GET", ":scheme": "https", ":authority": "shop.example", ":path": "/"}
    h2.send_headers(1, list(asked.items()), end_stream=True)
    made.writer.write(h2.data_to_send())
    events: list[Any] = []
    while not any(isinstance(event, StreamEnded) for event in events):
        events += h2.receive_data(await made.reader.read(65536))
    (head,) = [event.headers for event in events if isinstance(event, ResponseReceived)]
    fields = [(name.decode(), value.decode()) for name, value in head]
    body = b"".join(event.data for event in events if isinstance(event, DataReceived))
    return Answer(int(dict(fields)[":status"]), fields, json.loads(body))


def handshakes(pair: Pair) -> Sight:
    """Which clients can shake hands: one of TLS 1.1, one of 1.2 that knows one cipher alone, one of 1.3."""
    clients = (
        (ssl.TLSVersion.TLSv1_1, "DEFAULT@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-CHACHA20-POLY1305"),
        (ssl.TLSVersion.TLSv1_3, "DEFAULT"),
    )

    async def look(stage: Stage) -> tuple[bool, ...]:
        return tuple([await _shakes_hands(stage, pair, *client) for client in clients])

    return look


async def _shakes_hands(stage: Stage, pair: Pair, version: ssl.TLSVersion, ciphers: str) -> bool:
    how = pair.trusted()
    with warnings.catch_warnings():  # a client of TLS 1.1 is what is wanted here
        warnings.simplefilter("ignore", DeprecationWarning)
        how["ssl"].minimum_version = how["ssl"].maximum_version = version
    how["ssl"].set_ciphers(ciphers)
    try:
        return (await stage.get(protocol="https", **how)).status == 200
    except (ssl.SSLError, ConnectionError):
        return False
