"""Connections in HTTP/2 to an HTTPS listener, seen by a client built on h2."""

import asyncio
import contextlib
import gzip
import random
import ssl
import struct
import warnings

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from yunsim.dataplane.engine import Forwarded, HealthCheck, Stickiness, Tls
from yunsim.dataplane.loopback import key_of

OFF = HealthCheck(kind="off")


def frame(kind, flags=0, stream=0, payload=b""):
    """A frame as it is on the wire."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


async def handshake(rig, listener, shop, *offered, version=None):
    """A connection whose client offers these protocols, and the one that was chosen."""
    context = ssl.create_default_context(cadata=shop.pem)
    if offered:
        context.set_alpn_protocols(offered)
    if version:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
    address = rig.engine.ports()[key_of(listener)]
    reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname="shop.example")
    return reader, writer, writer.get_extra_info("ssl_object").selected_alpn_protocol()


async def hang_up(writer):
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("switched_on", "offered", "chosen"),
    [
        (True, ["h2", "http/1.1"], "h2"),
        (True, ["http/1.1", "h2"], "h2"),
        (True, ["http/1.1"], "http/1.1"),
        (True, [], None),
        (False, ["h2", "http/1.1"], "http/1.1"),
        (False, ["h2"], None),
    ],
)
async def test_http_2_is_chosen_where_both_sides_have_it(rig, http2, shop, switched_on, offered, chosen):
    listener, _ = await http2(tls=Tls((shop,), "1_2", http2=switched_on))
    _, writer, found = await handshake(rig, listener, shop, *offered)
    await hang_up(writer)
    assert found == chosen


async def test_a_client_that_does_not_offer_http_2_is_served_in_http_1_1(rig, http2, shop, read):
    listener, _ = await http2()
    reader, writer, _ = await handshake(rig, listener, shop, "http/1.1")
    writer.write(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    assert (await read(reader))[2] == b"b0"
    await hang_up(writer)


async def test_http_2_over_a_tls_that_is_too_old_for_it_is_refused(rig, http2, shop):
    listener, _ = await http2(tls=Tls((shop,), "1_0", http2=True))
    reader, writer, chosen = await handshake(rig, listener, shop, "h2", version=ssl.TLSVersion.TLSv1_1)
    assert chosen == "h2"
    goaway = (await reader.read(-1))[-17:]
    await hang_up(writer)
    assert goaway == frame(7, payload=struct.pack(">II", 0, ErrorCodes.INADEQUATE_SECURITY))


async def test_requests_of_one_connection_are_balanced_one_by_one(http2, browse):
    listener, origins = await http2(2)
    browser = await browse(listener)
    assert [bytes((await browser.get()).body) for _ in range(6)] == [b"b0", b"b1"] * 3
    assert [origin.connections for origin in origins] == [1, 1], "connections to backends are kept"


async def test_weights_count(rig, http2, browse):
    listener, _ = await http2(2)
    browser = await browse(listener)
    servers = [rig.servers[0].backend(75), rig.servers[1].backend(25)]
    await rig.apply(
        rig.listener(servers, protocol="https", scheduler="wrr", tls=listener.tls, health_check=OFF),
    )
    bodies = [bytes((await browser.get()).body) for _ in range(8)]
    assert bodies.count(b"b0") == 6


async def test_fifty_requests_at_once_share_one_connection(http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    streams = [browser.ask("/gate") for _ in range(50)]
    async with asyncio.timeout(5):
        while len(origin.heads) < 50:
            await asyncio.sleep(0.005)
    origin.opened.set()
    replies = [await browser.reply(stream) for stream in streams]
    assert {bytes(reply.body) for reply in replies} == {b"pass"}


async def test_a_response_does_not_wait_for_an_earlier_one(http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    earlier = browser.ask("/gate")
    assert (await browser.get()).body == b"b0"
    origin.opened.set()
    assert (await browser.reply(earlier)).body == b"pass"


async def test_backends_are_told_of_the_client_in_http_1_1(http2, browse):
    told = Forwarded(port=True, constant=(("X-Forwarded-Proto", "https"), ("SLB-ID", "lb-1")))
    listener, (origin,) = await http2(forwarded=told)
    browser = await browse(listener)
    await browser.get("/a?b=c", ("x-forwarded-for", "10.1.1.1"), ("te", "trailers"), ("x-forwarded-proto", "gopher"))
    port = browser.writer.get_extra_info("sockname")[1]
    assert origin.heads[0].split(b"\r\n") == [
        b"GET /a?b=c HTTP/1.1",
        b"Host: shop.example",
        b"X-Forwarded-For: 10.1.1.1, 127.0.0.1",
        b"X-Forwarded-Proto: https",
        b"SLB-ID: lb-1",
        b"X-Forwarded-Client-srcport: %d" % port,
        b"",
        b"",
    ]


async def test_a_host_that_nobody_knows_is_asked_for_at_the_backend(http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener, "elsewhere.example")
    assert (await browser.get(host="nowhere.example:8443")).status == b"200"
    assert b"\r\nHost: nowhere.example:8443\r\n" in origin.heads[0]


async def test_a_client_stays_by_the_cookie_it_was_given(http2, browse):
    listener, _ = await http2(2, stickiness=Stickiness(timeout=60))
    browser = await browse(listener)
    first = await browser.get()
    cookie = first.fields[b"set-cookie"].partition(b";")[0]
    assert cookie.startswith(b"SERVERID=")
    crumbs = [("cookie", "a=1"), ("cookie", cookie.decode())]
    assert {bytes((await browser.get("/", *crumbs)).body) for _ in range(4)} == {bytes(first.body)}


async def test_a_client_stays_by_the_backends_own_cookie(http2, browse):
    listener, _ = await http2(2, stickiness=Stickiness(cookie="shop"))
    browser = await browse(listener)
    given = (await browser.get("/cookie")).fields[b"set-cookie"].partition(b";")[0]
    assert len({bytes((await browser.get("/", ("cookie", given.decode()))).body) for _ in range(4)}) == 1


async def test_a_response_is_compressed_for_who_takes_it(http2, browse):
    listener, _ = await http2(gzip=True)
    browser = await browse(listener)
    reply = await browser.get("/text", ("accept-encoding", "gzip"))
    assert reply.fields[b"content-encoding"] == b"gzip"
    assert gzip.decompress(reply.body) == b"abc" * 300
    assert (await browser.get("/text")).body == b"abc" * 300


async def test_the_limit_of_streams_is_told_and_one_more_is_refused(http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    streams = [browser.ask("/gate") for _ in range(129)]
    refused = await browser.reply(streams[-1])
    assert refused.reset == ErrorCodes.REFUSED_STREAM
    assert browser.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] == 128
    origin.opened.set()
    assert {bytes((await browser.reply(stream)).body) for stream in streams[:-1]} == {b"pass"}


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        pytest.param(frame(0, stream=1, payload=b"x" * 20_000), ErrorCodes.FRAME_SIZE_ERROR, id="too long a frame"),
        pytest.param(frame(0, stream=0, payload=b"x"), ErrorCodes.PROTOCOL_ERROR, id="data on no stream"),
        pytest.param(frame(0, stream=7, payload=b"x"), ErrorCodes.PROTOCOL_ERROR, id="data before a request"),
        pytest.param(frame(4, payload=b"12345"), ErrorCodes.FRAME_SIZE_ERROR, id="settings cut short"),
        pytest.param(frame(1, 4, 9, b"\xff\xff\xff\xff\xff"), ErrorCodes.PROTOCOL_ERROR, id="fields that are none"),
        pytest.param(frame(1, 5, 9, b"\x82"), ErrorCodes.PROTOCOL_ERROR, id="a request without a path"),
        pytest.param(frame(1, 5, 2, b"\x82"), ErrorCodes.PROTOCOL_ERROR, id="an even stream"),
        pytest.param(frame(8, payload=b"\x7f\xff\xff\xff"), ErrorCodes.FLOW_CONTROL_ERROR, id="too wide a window"),
        pytest.param(frame(9, 4, 1, b"\x82"), ErrorCodes.PROTOCOL_ERROR, id="a continuation of nothing"),
    ],
)
async def test_what_is_not_well_formed_ends_the_connection_and_no_other(http2, browse, sent, error):
    listener, _ = await http2()
    other, browser = await browse(listener), await browse(listener)
    assert (await browser.get()).status == b"200"
    browser.write(sent)
    await browser.until(lambda: browser.closed)
    assert browser.goaway == error
    assert (await other.get()).status == b"200"


async def test_another_protocol_than_agreed_ends_the_connection(rig, http2, shop):
    listener, _ = await http2()
    reader, writer, _ = await handshake(rig, listener, shop, "h2")
    writer.write(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    assert (await reader.read(-1)).endswith(struct.pack(">II", 0, ErrorCodes.PROTOCOL_ERROR))
    await hang_up(writer)


async def test_no_noise_whatever_harms_the_engine(rig, http2, browse, shop):
    listener, _ = await http2()
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    chance = random.Random(7)
    requests = [frame(1, 4, 1, b"\x82\x84\x87\x41\x01a"), frame(0, 0, 1, b"body"), frame(3, 0, 1, b"\0\0\0\x08")]
    talk = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4) + b"".join(requests) + frame(6, payload=b"12345678")
    for _ in range(60):
        noise = bytearray(talk)
        for _ in range(chance.randrange(1, 4)):
            noise[chance.randrange(24, len(noise))] = chance.randrange(256)
        _, writer, _ = await handshake(rig, listener, shop, "h2")
        writer.write(noise)
        await asyncio.sleep(0)
        await hang_up(writer)
    assert (await (await browse(listener)).get()).status == b"200"
    assert complaints == []


async def test_an_idle_connection_is_closed_with_a_word(http2, browse):
    listener, _ = await http2(idle_timeout=0.1)
    browser = await browse(listener)
    await browser.get()
    await browser.until(lambda: browser.closed)
    assert browser.goaway == ErrorCodes.NO_ERROR


async def test_a_removed_listener_breaks_off_with_a_word(rig, http2, browse):
    listener, _ = await http2()
    browser = await browse(listener)
    stream = browser.ask("/silent")
    await asyncio.sleep(0.02)
    await rig.apply()
    reply = await browser.reply(stream)
    assert (browser.goaway, browser.closed, reply.ended) == (ErrorCodes.NO_ERROR, True, False)
    async with asyncio.timeout(2):
        while rig.servers[0].writers:
            await asyncio.sleep(0.005)


async def test_with_http_2_switched_off_what_is_under_way_ends_and_nothing_begins(rig, http2, browse, shop):
    listener, (origin,) = await http2()
    browser, idle = await browse(listener), await browse(listener)
    stream = browser.ask("/gate")
    async with asyncio.timeout(5):
        while not origin.heads:
            await asyncio.sleep(0.005)
    plain = rig.listener([rig.servers[0].backend()], protocol="https", tls=Tls((shop,), "1_2"), health_check=OFF)
    await rig.apply(plain)
    await browser.until(lambda: browser.goaway is not None)
    await idle.until(lambda: idle.closed)
    assert (browser.goaway, idle.goaway, browser.closed) == (ErrorCodes.NO_ERROR, ErrorCodes.NO_ERROR, False)
    origin.opened.set()
    assert (await browser.reply(stream)).body == b"pass"
    await browser.until(lambda: browser.closed)
    _, writer, chosen = await handshake(rig, plain, shop, "h2", "http/1.1")
    await hang_up(writer)
    assert chosen == "http/1.1"


@pytest.mark.parametrize(("error", "served"), [(ErrorCodes.NO_ERROR, True), (ErrorCodes.INTERNAL_ERROR, False)])
async def test_a_client_that_says_goodbye_gets_what_it_has_asked_for(http2, browse, error, served):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    stream = browser.ask("/gate")
    async with asyncio.timeout(5):
        while not origin.heads:
            await asyncio.sleep(0.005)
    browser.write(frame(7, payload=struct.pack(">II", 0, error)))
    await asyncio.sleep(0.02)
    origin.opened.set()
    reply = await browser.reply(stream)
    await browser.until(lambda: browser.closed)
    assert reply.ended == served


async def test_a_new_certificate_drops_no_connection(rig, http2, browse, shop):
    listener, _ = await http2()
    browser = await browse(listener)
    shown = Tls((shop,), "1_2_strict", http2=True)
    await rig.apply(rig.listener([rig.servers[0].backend()], protocol="https", tls=shown, health_check=OFF))
    assert (await browser.get()).status == b"200"


async def test_a_client_that_goes_takes_its_requests_along(rig, http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    browser.ask("/silent")
    async with asyncio.timeout(5):
        while not origin.heads:
            await asyncio.sleep(0.005)
        await browser.close()
        while rig.servers[0].writers:
            await asyncio.sleep(0.005)
    assert [target.active for target in rig.service().pool.targets] == [0]
