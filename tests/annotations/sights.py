"""What a client or a backend notices of a listener's settings: one function for each thing that can be noticed."""

import asyncio
import json
import ssl
import warnings
from collections import Counter
from typing import Any

from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded
from tests.annotations.backends import PING, PONG, Probe
from tests.annotations.certificates import Pair
from tests.annotations.flying import elapse, flying
from tests.annotations.lives import Sight
from tests.annotations.places import CLIENT, OTHER_CLIENT, PORT
from tests.annotations.stage import Stage
from tests.annotations.traffic import Answer, Conversation, Held


async def spread(stage: Stage, protocol: str) -> tuple[int, int, bool]:
    """How 8 clients are shared when w0 has 3 of 4 pods, and whether held ones then count (least connections)."""
    found = Counter([await _visit(stage, protocol) for _ in range(8)])
    held = [await stage.hold(protocol) for _ in range(4)]
    left = [one for one in held if one.backend == "w0"]
    for one in left:
        await one.break_off()
    await _noticed(protocol, [one for one in held if one not in left])
    more = [await stage.hold(protocol) for _ in range(3)]
    for one in (*held, *more):
        await one.break_off()
    return found["w0"], found["w1"], {one.backend for one in more} == {"w0"}


async def _visit(stage: Stage, protocol: str) -> str:
    backend = await stage.reach(protocol)
    await asyncio.sleep(0.005)  # the balancer has noticed the end of it
    return backend


async def _noticed(protocol: str, staying: list[Held]) -> None:
    """The balancer has noticed who has left; of clients of UDP it does when they have been silent for long."""
    if protocol != "udp":
        await asyncio.sleep(0.01)
        return
    await elapse(60)
    for one in staying:
        await one.say("still here")
    await elapse(40)


async def faithful(stage: Stage, protocol: str) -> tuple[bool, bool]:
    """Whether a client comes back to its backend: at once, and a minute and a bit after its last visit."""
    before, again = [await stage.reach(protocol) for _ in range(2)]
    await elapse(65)
    later = await stage.reach(protocol)
    return before == again, again == later


def outlives(*moments: float) -> Sight:
    """Whether a connection on which nothing moves, in HTTP after a first request, lives after so many seconds."""

    async def look(stage: Stage, protocol: str) -> tuple[bool, ...]:
        kept = await (stage.hold() if protocol == "tcp" else _asked(stage, protocol))
        return await _lives(kept, *moments)

    return look


async def _asked(stage: Stage, protocol: str) -> Conversation:
    kept = await stage.open(protocol)
    kept.ask("/")
    assert (await kept.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    await kept.reader.readuntil(b"}}")
    return kept


async def _lives(kept: Held, *moments: float) -> tuple[bool, ...]:
    """Whether it lives after so many seconds."""
    lives, passed = [], 0.0
    for moment in moments:
        await elapse(moment - passed)
        passed = moment
        lives.append(await kept.lives())
    return tuple(lives)


async def patience(stage: Stage, protocol: str) -> tuple[int, int]:
    """What a client gets for a request that takes 20 seconds, and for one that takes 50."""
    with flying():
        answers = [await stage.get(f"/after/{seconds}", protocol) for seconds in (20, 50)]
    return answers[0].status, answers[1].status


async def admitted(stage: Stage, protocol: str = "tcp") -> tuple[bool, bool]:
    """Which of two clients is let in."""
    return bool(await stage.reach(protocol, client=CLIENT)), bool(await stage.reach(protocol, client=OTHER_CLIENT))


async def introduced(stage: Stage, protocol: str) -> list[Any] | None:
    """Whom the PROXY protocol names to a backend."""
    return (await (stage.send() if protocol == "udp" else stage.tell()))["proxied"]


async def farewell(stage: Stage, protocol: str) -> tuple[bool, ...]:
    """Whether a client stays with a node that has left, 5, 15 and 25 seconds later."""
    held = [await stage.hold(protocol) for _ in range(2)]
    (leaving,) = [one for one in held if one.backend == "w1"]
    stayed = list(stage.bench.cluster.nodes)
    stage.bench.cluster.nodes = stayed[:1]
    await stage.settle()
    lives = await _lives(leaving, 5, 15, 25)
    stage.bench.cluster.nodes = stayed
    await stage.settle()
    return lives


def serving(status: int = 200, delay: float = 0.0) -> Sight:
    """Which backends answer once all health checks have had their say; w1 answers checks with that, that late."""

    async def look(stage: Stage, protocol: str) -> str:
        stage.backends["w1"].health, stage.backends["w1"].delay = status, delay
        await elapse(60)
        with flying():
            answers = [await stage.reach(protocol) for _ in range(4)]
        return ",".join(sorted(set(answers)))

    return look


async def answering_late(stage: Stage, protocol: str) -> str:
    """Which backends answer when a health check waits for what it is told, and w1 takes 8 seconds for that."""
    asks = {"HealthCheckReq": PING, "HealthCheckExp": PONG}
    stage.by_hand(f"SetLoadBalancer{protocol.upper()}ListenerAttribute", ListenerPort=PORT, **asks)
    await stage.carrying.settled()
    return await serving(delay=8)(stage, protocol)


async def probed(stage: Stage, _: str) -> str:
    """What a health check asks: method, path and Host."""
    probe = (await _probes(stage, 20))[-1]
    host = probe.headers["host"]
    return f"{probe.line} {'itself' if host == stage.backends['w0'].address else host}"


async def pace(stage: Stage, _: str) -> int | None:
    """Seconds between two health checks, None when there are none."""
    probes = await _probes(stage, 120)
    return round((probes[-1].at - probes[0].at) / (len(probes) - 1)) if probes else None


async def _probes(stage: Stage, seconds: float) -> list[Probe]:
    await elapse(1)  # what was under way is over
    stage.backends["w0"].probes.clear()
    await elapse(seconds)
    return list(stage.backends["w0"].probes)


async def checks_to_fall(stage: Stage, protocol: str) -> int:
    """How many health checks in a row must fail before a backend takes no more traffic."""
    await elapse(5)
    return await _fall(stage, protocol)


async def checks_to_rise(stage: Stage, protocol: str) -> int:
    """How many must pass in a row before one that fell takes traffic again."""
    await elapse(5)
    await _fall(stage, protocol)
    stage.backends["w1"].health = 200
    await stage.backends["w1"].take_datagrams()
    return await _checks_until(stage, protocol, "normal")


async def _fall(stage: Stage, protocol: str) -> int:
    """Let w1 fail right after a check."""
    backend = stage.backends["w1"]
    backend.probes.clear()
    while not backend.probes:
        await elapse(0.2)
    backend.health = 500
    backend.refuse_datagrams()
    return await _checks_until(stage, protocol, "abnormal")


async def _checks_until(stage: Stage, protocol: str, state: str) -> int:
    """How many checks from now on it takes until w1 is in that state."""
    begun = asyncio.get_running_loop().time()
    while stage.health()["i-w1"] != state:
        await elapse(0.2)
    passed = asyncio.get_running_loop().time() - begun
    return round(passed / stage.listener(protocol)["HealthCheckInterval"])


def header(name: str) -> Sight:
    """A header of the request as the backend got it."""

    async def look(stage: Stage, protocol: str) -> str | None:
        return (await stage.get(protocol=protocol)).told["headers"].get(name.lower())

    return look


async def client_port(stage: Stage, protocol: str) -> bool:
    """Whether the backend is told the client's port."""
    made = await stage.open(protocol)
    made.ask("/")
    own = made.writer.get_extra_info("sockname")[1]
    body = await made.reader.readuntil(b"}}")
    return f'"x-forwarded-client-srcport": "{own}"'.encode() in body


async def stickiness(stage: Stage, protocol: str = "http") -> str:
    """The cookie by which a client comes back to its backend: the balancer's, the backend's, or none."""
    first = await stage.get(protocol=protocol)
    for name, value in first.cookies().items():
        if value != "own":
            again = [(await stage.get(protocol=protocol, cookie=f"{name}={value}")).backend for _ in range(4)]
            return name if set(again) == {first.backend} else f"{name}, in vain"
    assert len({await stage.reach(protocol) for _ in range(4)}) == 2
    return "none"


async def cookie_life(stage: Stage, protocol: str) -> str | None:
    """For how many seconds the balancer's cookie is to be kept."""
    answer = await stage.get(protocol=protocol)
    given = [value for value in answer.all("Set-Cookie") if value.startswith("SERVERID")]
    return given[0].partition("Max-Age=")[2].partition(";")[0] if given else None


def shown_certificate(*pairs: Pair) -> Sight:
    """Which of these certificates a client is shown, by its number."""

    async def look(stage: Stage, _: str = "https") -> int:
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

    async def look(stage: Stage, _: str) -> tuple[str, int, bool]:
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

    async def look(stage: Stage, _: str) -> tuple[bool, ...]:
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
