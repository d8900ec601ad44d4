import asyncio
import contextlib
from ipaddress import ip_network

import pytest

from yunsim.dataplane.engine import AccessControl, Forwarded, HealthCheck


@pytest.fixture
async def connect(rig):
    writers = []

    async def start(listener):
        reader, writer = await rig.connect(listener)
        writers.append(writer)
        return reader, writer

    yield start
    for writer in writers:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def get(path="/", *fields, method="GET", version="1.1"):
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: shop", *fields, "", ""]).encode()


async def test_requests_of_one_connection_are_balanced_one_by_one(site, connect, read):
    listener, origins = await site(2)
    reader, writer = await connect(listener)
    bodies = []
    for _ in range(6):
        writer.write(get())
        bodies.append((await read(reader))[2])
    assert bodies == [b"b0", b"b1"] * 3
    assert [origin.connections for origin in origins] == [1, 1], "connections to backends are kept"


async def test_the_backend_sees_the_clients_address_after_those_it_claims(site, connect, read):
    listener, (origin,) = await site()
    reader, writer = await connect(listener)
    writer.write(get("/", "X-Forwarded-For: 10.1.1.1"))
    await read(reader)
    assert b"X-Forwarded-For: 10.1.1.1, 127.0.0.1\r\n" in origin.heads[0]


@pytest.mark.parametrize(("path", "body"), [("/", b"b0"), ("/chunked", b"abcde"), ("/until-close", b"all of it")])
async def test_however_a_response_is_framed_the_connection_goes_on(site, connect, read, path, body):
    listener, _ = await site()
    reader, writer = await connect(listener)
    for _ in range(3):
        writer.write(get(path))
        assert (await read(reader))[2] == body


@pytest.mark.parametrize("path", ["/chunked", "/until-close"])
async def test_an_http_1_0_client_gets_no_chunks(site, connect, path):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get(path, version="1.0"))
    head, body = (await reader.read(-1)).split(b"\r\n\r\n")
    assert body in (b"abcde", b"all of it")
    assert b"Connection: close" in head


async def test_a_client_that_wants_to_close_is_closed(site, connect):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get("/", "Connection: close"))
    assert (await reader.read(-1)).endswith(b"Connection: close\r\n\r\nb0")


async def test_a_response_to_head_has_no_body(site, connect, read):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get(method="HEAD") + get())
    _, head, _ = await read(reader, b"HEAD")
    assert b"Content-Length: 2" in head
    assert (await read(reader))[2] == b"b0"


async def test_pipelined_requests_are_answered_in_order(site, connect, read):
    listener, _ = await site(2)
    reader, writer = await connect(listener)
    writer.write(get("/chunked") + get() + get("/until-close") + get())
    assert [(await read(reader))[2] for _ in range(4)] == [b"abcde", b"b1", b"all of it", b"b1"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_reaches_the_backend(site, connect, read, chunked):
    listener, (origin,) = await site()
    reader, writer = await connect(listener)
    body = bytes(range(256)) * 4096
    for _ in range(2):
        if chunked:
            writer.write(get("/", "Transfer-Encoding: chunked", method="POST"))
            writer.write(b"80000\r\n" + body[:524288] + b"\r\n80000\r\n" + body[524288:] + b"\r\n0\r\n\r\n")
        else:
            writer.write(get("/", f"Content-Length: {len(body)}", method="POST") + body)
        assert (await read(reader))[0] == b"200 OK"
    assert origin.bodies == [body, body]


async def test_a_client_that_waits_for_100_continue_is_told(site, connect, read):
    listener, (origin,) = await site()
    reader, writer = await connect(listener)
    writer.write(get("/continue", "Content-Length: 4", "Expect: 100-continue", method="POST"))
    assert (await read(reader))[0] == b"100 Continue"
    writer.write(b"body")
    assert (await read(reader))[0] == b"200 OK"
    assert origin.bodies == [b"body"]


async def test_a_changed_protocol_passes_both_ways_until_one_side_ends(site, connect, read):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get("/upgrade", "Connection: Upgrade", "Upgrade: echo"))
    status, head, _ = await read(reader)
    assert status == b"101 Switching Protocols"
    assert b"Upgrade: echo\r\n" in head
    writer.write(b"there")
    assert await reader.readexactly(8) == b"hi there"
    writer.write(b" and on")
    assert await reader.readexactly(7) == b" and on"
    writer.write_eof()
    assert await reader.read(-1) == b""


async def test_a_slow_reader_holds_the_backend_back(site, connect):
    listener, (origin,) = await site()
    reader, writer = await connect(listener)
    writer.write(get("/big"))
    await asyncio.sleep(0.3)
    assert origin.sent < 20 << 20
    await reader.readuntil(b"\r\n\r\n")
    assert len(await reader.readexactly(32 << 20)) == 32 << 20
    writer.write(get("/"))
    assert (await reader.readuntil(b"b0")).startswith(b"HTTP/1.1 200")


async def test_a_kept_connection_that_died_is_replaced(rig, site, connect, read):
    listener, (origin,) = await site()
    reader, writer = await connect(listener)
    for _ in range(3):
        writer.write(get())
        assert (await read(reader))[2] == b"b0"
        for kept in list(rig.servers[0].writers):
            kept.transport.abort()
    assert origin.connections == 3


async def test_a_request_whose_kept_connection_drops_it_is_sent_again_once(site, connect, read):
    listener, (origin,) = await site()
    reader, writer = await connect(listener)
    writer.write(get())
    await read(reader)
    writer.write(get("/drop"))
    assert (await read(reader))[0] == b"502 Bad Gateway"
    assert origin.connections == 2


@pytest.mark.parametrize("path", ["/drop", "/nonsense"])
async def test_a_backend_that_does_not_answer_is_a_bad_gateway(site, connect, read, path):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get(path))
    assert (await read(reader))[0] == b"502 Bad Gateway"
    assert await reader.read(-1) == b""


async def test_a_response_that_is_cut_short_is_cut_short_for_the_client(site, connect):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get("/cut"))
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1000)


async def test_no_healthy_backend_is_a_bad_gateway(rig, site, connect, read):
    check = HealthCheck(interval=0.02, unhealthy_threshold=2)
    listener, _ = await site(health_check=check)
    await rig.servers[0].stop()
    await rig.health(listener, "b0", "abnormal")
    reader, writer = await connect(listener)
    writer.write(get())
    assert (await read(reader))[0] == b"502 Bad Gateway"


async def test_a_silent_backend_is_a_gateway_timeout(rig, site, connect, read):
    listener, _ = await site(request_timeout=0.1)
    reader, writer = await connect(listener)
    writer.write(get("/silent"))
    assert (await read(reader))[0] == b"504 Gateway Timeout"
    service = rig.service()
    assert [target.active for target in service.pool.targets] == [0]


async def test_an_idle_connection_is_closed(site, connect, read):
    listener, _ = await site(idle_timeout=0.1)
    reader, writer = await connect(listener)
    writer.write(get())
    await read(reader)
    assert await reader.read(-1) == b""


@pytest.mark.parametrize("text", [b"nonsense\r\n\r\n", get("shop:443", method="CONNECT")])
async def test_what_is_no_request_is_a_bad_request(site, connect, read, text):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(text)
    assert (await read(reader))[0] == b"400 Bad Request"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(get("/" + "x" * 40_000), id="target"),
        pytest.param(get("/", "X-Long: " + "x" * 40_000), id="field"),
        pytest.param(get("/", *["X-Many: value"] * 4_000), id="fields"),
        pytest.param(b"GET / HTTP/1.1\r\nX-Endless: " + b"x" * 350_000, id="without end"),
    ],
)
async def test_a_head_that_is_too_long_is_refused(site, connect, read, text):
    listener, (origin,) = await site()
    reader, writer = await connect(listener)
    writer.write(text)
    assert (await read(reader))[0] == b"431 Request Header Fields Too Large"
    assert origin.heads == []


async def test_a_long_body_before_the_next_request_is_no_long_head(site, connect, read):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get("/", "Content-Length: 500000", method="POST") + b"x" * 500_000 + get("/", "X: y" * 4000))
    for _ in range(2):
        assert (await read(reader))[0] == b"200 OK"


async def test_a_changed_protocol_that_nobody_asked_for_is_a_bad_gateway(site, connect, read):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get("/upgrade"))
    assert (await read(reader))[0] == b"502 Bad Gateway"


async def test_a_removed_backend_loses_its_kept_connections(rig, site, connect, read):
    listener, _ = await site(2)
    reader, writer = await connect(listener)
    for _ in range(2):
        writer.write(get())
        await read(reader)
    assert len(rig.servers[0].writers) == 1
    await rig.apply(rig.listener([rig.servers[1].backend()], protocol="http", health_check=HealthCheck(kind="off")))
    async with asyncio.timeout(2):
        while rig.servers[0].writers:
            await asyncio.sleep(0.005)
    writer.write(get())
    assert (await read(reader))[2] == b"b1"


async def test_a_removed_listener_breaks_off_what_is_under_way(rig, site, connect):
    listener, _ = await site()
    reader, writer = await connect(listener)
    writer.write(get("/silent"))
    await asyncio.sleep(0.02)
    await rig.apply()
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)


async def test_a_hundred_clients_see_no_failure_while_backends_change_twenty_times(rig, site, connect, read):
    listener, _ = await site(3)
    stop = asyncio.Event()

    async def client():
        reader, writer = await connect(listener)
        while not stop.is_set():
            writer.write(get())
            status, _, body = await read(reader)
            assert (status, body[:1]) == (b"200 OK", b"b")

    clients = [asyncio.create_task(client()) for _ in range(100)]
    for change in range(20):
        await asyncio.sleep(0.04)
        present = [server.backend() for index, server in enumerate(rig.servers) if index != change % 3]
        await rig.engine.apply([rig.listener(present, protocol="http", health_check=HealthCheck(kind="off"))])
    stop.set()
    await asyncio.gather(*clients)


async def test_a_listener_that_redirects_answers_with_the_way_to_https(site, connect, read):
    listener, (origin,) = await site(redirect_port=8443)
    reader, writer = await connect(listener)
    writer.write(get("/cart?id=7"))
    status, head, _ = await read(reader)
    assert status == b"302 Moved Temporarily"
    assert b"Location: https://shop:8443/cart?id=7\r\n" in head
    assert await reader.read(-1) == b""
    assert origin.heads == []


async def test_backends_are_told_of_the_client_what_is_switched_on(site, connect, read):
    told = Forwarded(port=True, constant=(("X-Forwarded-Proto", "http"), ("SLB-IP", "10.0.0.9")))
    listener, (origin,) = await site(forwarded=told)
    reader, writer = await connect(listener)
    writer.write(get())
    await read(reader)
    port = writer.get_extra_info("sockname")[1]
    for field in (f"X-Forwarded-Client-srcport: {port}", "X-Forwarded-Proto: http", "SLB-IP: 10.0.0.9"):
        assert f"\r\n{field}\r\n".encode() in origin.heads[0]


async def test_a_client_that_the_access_control_keeps_out_is_reset(site, connect):
    listener, _ = await site(access=AccessControl("black", (ip_network("127.0.0.1/32"),)))
    reader, writer = await connect(listener)
    writer.write(get())
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)


async def test_changed_timeouts_hold_for_connections_that_exist(rig, site, connect, read):
    listener, _ = await site(idle_timeout=60)
    reader, writer = await connect(listener)
    writer.write(get())
    await read(reader)
    changed = {"protocol": "http", "idle_timeout": 0.05, "health_check": HealthCheck(kind="off")}
    await rig.apply(rig.listener([rig.servers[0].backend()], **changed))
    async with asyncio.timeout(2):
        assert await reader.read(-1) == b""
