"""Single requests in HTTP/2: their bodies, both ways and at any speed, and their ends."""

import asyncio
import time

import pytest
from h2.errors import ErrorCodes

from yunsim.dataplane.engine import Bandwidth, HealthCheck

MIB = bytes(range(256)) * 4096


async def eventually(met):
    async with asyncio.timeout(5):
        while not met():
            await asyncio.sleep(0.005)


async def still(count):
    """Wait until something has not grown for a while."""
    async with asyncio.timeout(10):
        before = -1
        while before != (before := count()):
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("length", [[("content-length", str(len(MIB)))], []])
async def test_a_large_body_goes_there_and_back(http2, browse, length):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    for _ in range(2):
        stream = browser.ask("/echo", *length, method="POST", ends=False)
        await browser.upload(stream, MIB)
        assert (await browser.reply(stream)).body == MIB
    assert (b"Transfer-Encoding: chunked" in origin.heads[0]) == (not length)


@pytest.mark.parametrize(("path", "body"), [("/", b"b0"), ("/chunked", b"abcde"), ("/until-close", b"all of it")])
async def test_however_a_backend_frames_its_response_the_stream_ends(http2, browse, path, body):
    listener, _ = await http2()
    browser = await browse(listener)
    for _ in range(2):
        reply = await browser.get(path)
        assert (reply.status, bytes(reply.body), reply.reset) == (b"200", body, None)
        assert not {b"connection", b"transfer-encoding"} & reply.fields.keys()


async def test_a_response_to_head_has_no_body(http2, browse):
    listener, _ = await http2()
    browser = await browse(listener)
    reply = await browser.get(method="HEAD")
    assert (reply.fields[b"content-length"], bytes(reply.body), reply.ended) == (b"2", b"", True)
    assert reply.bare
    assert (await browser.get()).body == b"b0"


async def test_a_client_that_waits_for_100_continue_is_told(http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    stream = browser.ask("/continue", ("content-length", "4"), ("expect", "100-continue"), method="POST", ends=False)
    await browser.until(lambda: stream in browser.replies)
    assert browser.replies[stream].interim == [b"100"]
    await browser.upload(stream, b"body")
    assert (await browser.reply(stream)).status == b"200"
    assert origin.bodies == [b"body"]


async def test_trailers_are_dropped(http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    stream = browser.ask("/trailers", method="POST", ends=False)
    browser.h2.send_data(stream, b"body")
    browser.h2.send_headers(stream, [("x-sum", "5")], end_stream=True)
    browser.write()
    reply = await browser.reply(stream)
    assert (bytes(reply.body), b"x-sum" in reply.fields) == (b"abc", False)
    assert origin.bodies == [b"body"]


async def test_a_reset_request_is_taken_back_from_the_backend_and_the_others_go_on(rig, http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    stream = browser.ask("/silent")
    await eventually(lambda: origin.heads)
    browser.h2.reset_stream(stream, ErrorCodes.CANCEL)
    browser.write()
    await eventually(lambda: not rig.servers[0].writers)
    assert (await browser.get()).status == b"200"
    assert [target.active for target in rig.service().pool.targets] == [0]


async def test_a_request_that_is_reset_at_once_does_no_harm(http2, browse):
    listener, _ = await http2()
    browser = await browse(listener)
    for _ in range(20):
        stream = browser.h2.get_next_available_stream_id()
        head = [(":method", "GET"), (":scheme", "https"), (":authority", "a b"), (":path", "/big")]
        browser.h2.config.validate_outbound_headers = False
        browser.h2.send_headers(stream, head, end_stream=True)
        browser.h2.reset_stream(stream)
    browser.write()
    assert (await browser.get()).status == b"200"


async def test_a_client_whose_window_is_shut_holds_the_backend_back_and_no_other_stream(rig, http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    browser.h2.increment_flow_control_window(1 << 20)
    browser.greedy = False
    slow = browser.ask("/big")
    await still(lambda: origin.sent)
    held = origin.sent
    assert 0 < held < 16 << 20
    assert (await browser.get()).body == b"b0"
    await asyncio.sleep(0.1)
    assert origin.sent == held, "the kernel holds the rest"
    (client,) = [each for each in rig.service().sweeper.members if hasattr(each, "_streams")]
    assert len(client._streams[slow]._outgoing) < 512 << 10


async def test_a_window_that_opens_again_lets_the_rest_through(http2, browse):
    listener, (origin,) = await http2()
    origin.parts = 32
    browser = await browse(listener)
    browser.greedy = False
    stream = browser.ask("/big")
    await browser.until(lambda: stream in browser.replies and len(browser.replies[stream].body) == 65535)
    browser.greedy = True
    browser.h2.acknowledge_received_data(65535, stream)
    browser.write()
    reply = await browser.reply(stream)
    assert (len(reply.body), reply.ended) == (2 << 20, True)


async def test_a_response_ends_also_when_the_client_has_made_its_window_smaller(http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    browser.greedy = False
    stream = browser.ask("/parts")
    await browser.until(lambda: stream in browser.replies and browser.replies[stream].body == b"abc")
    browser.write(b"\0\0\6\4\0\0\0\0\0" + b"\0\4\0\0\0\0")  # SETTINGS, of which this client knows nothing
    origin.opened.set()
    assert (await browser.reply(stream)).ended


async def test_a_client_that_does_not_read_holds_the_backend_back(http2, browse):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    stream = browser.h2.get_next_available_stream_id()
    browser.h2.increment_flow_control_window((1 << 31) - 1 - 65535)
    browser.ask("/big")
    browser.h2.increment_flow_control_window((1 << 31) - 1 - 65535, stream)
    browser.write()
    browser.writer.transport.pause_reading()
    await still(lambda: origin.sent)
    assert 0 < origin.sent < 24 << 20, "what the kernel's buffers take, and no more"
    browser.writer.transport.resume_reading()
    assert len((await browser.reply(stream)).body) == origin.parts << 16


async def test_a_backend_that_does_not_read_holds_the_client_back_and_no_other_stream(http2, browse):
    listener, _ = await http2()
    browser = await browse(listener)
    stream = browser.ask("/deaf", method="POST", ends=False)
    upload = asyncio.create_task(browser.upload(stream, b"x" * (64 << 20)))
    await still(lambda: browser.uploaded)
    assert 0 < browser.uploaded < 48 << 20, "what the kernel's buffers take, and no more"
    other = browser.ask("/echo", method="POST", ends=False)
    await browser.upload(other, MIB)
    assert (await browser.reply(other)).body == MIB
    assert not upload.done()
    upload.cancel()


async def test_both_directions_are_as_fast_as_the_bandwidth_of_the_listener(http2, browse):
    listener, (origin,) = await http2(bandwidth=Bandwidth(8))
    origin.parts = 16
    browser = await browse(listener)
    begun = time.monotonic()
    stream = browser.ask("/first", method="POST", ends=False)
    await browser.upload(stream, MIB)
    await browser.reply(stream)
    uploaded = time.monotonic()
    assert 0.5 < uploaded - begun < 4
    assert len((await browser.get("/big")).body) == len(MIB)
    assert 0.5 < time.monotonic() - uploaded < 4


async def test_an_answer_before_the_end_of_the_request_stops_the_upload(http2, browse):
    listener, _ = await http2()
    browser = await browse(listener)
    stream = browser.ask("/hasty", method="POST", ends=False)
    reply = await browser.reply(stream)
    await browser.until(lambda: reply.reset is not None)
    assert (reply.status, bytes(reply.body), reply.reset) == (b"403", b"no", ErrorCodes.NO_ERROR)
    assert (await browser.get()).status == b"200"


async def test_the_window_that_refused_requests_have_taken_is_given_back(http2, browse):
    listener, _ = await http2()
    browser = await browse(listener)
    browser.h2.config.validate_outbound_headers = False
    for _ in range(180):
        stream = browser.ask("/a b", method="POST", ends=False)
        for _ in range(3):
            browser.h2.send_data(stream, b"x" * 16384)
        browser.write()
        assert (await browser.reply(stream)).status == b"400"


@pytest.mark.parametrize("path", ["/drop", "/nonsense", "/upgrade"])
async def test_a_backend_that_answers_nothing_usable_is_a_bad_gateway(http2, browse, path):
    listener, _ = await http2()
    browser = await browse(listener)
    reply = await browser.get(path)
    assert (reply.status, bytes(reply.body)) == (b"502", b"502 Bad Gateway\n")
    assert (await browser.get()).status == b"200"


async def test_no_healthy_backend_is_a_bad_gateway(rig, http2, browse):
    listener, _ = await http2(health_check=HealthCheck(interval=0.02, unhealthy_threshold=2))
    await rig.servers[0].stop()
    await rig.health(listener, "b0", "abnormal")
    browser = await browse(listener)
    assert (await browser.get(method="HEAD")).status == b"502"
    assert (await browser.get()).status == b"502"


async def test_a_silent_backend_is_a_gateway_timeout_and_the_connection_goes_on(rig, http2, browse):
    listener, _ = await http2(request_timeout=0.1)
    browser = await browse(listener)
    assert (await browser.get("/silent")).status == b"504"
    assert (await browser.get()).status == b"200"
    assert [target.active for target in rig.service().pool.targets] == [0]


async def test_a_response_that_is_cut_short_is_reset(http2, browse):
    listener, _ = await http2()
    browser = await browse(listener)
    reply = await browser.get("/cut")
    assert (bytes(reply.body), reply.ended, reply.reset) == (b"half", False, ErrorCodes.INTERNAL_ERROR)
    assert (await browser.get()).status == b"200"


async def test_a_client_that_never_takes_the_rest_of_a_response_is_not_waited_for_longer(rig, http2, browse):
    listener, (origin,) = await http2(request_timeout=0.1)
    origin.parts = 2
    browser = await browse(listener)
    browser.greedy = False
    reply = await browser.get("/big")
    assert (len(reply.body), reply.reset) == (65535, ErrorCodes.INTERNAL_ERROR)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ({":path": "/a b"}, b"400"),
        ({":path": "a"}, b"400"),
        ({":authority": "shop example"}, b"400"),
        ({":method": "GE T"}, b"400"),
        ({"na(me": "x"}, b"400"),
        ({":path": "/" + "x" * 40_000}, b"431"),
        ({"x-long": "x" * 40_000}, b"431"),
    ],
)
async def test_what_would_mean_something_else_in_http_1_1_is_refused(http2, browse, head, status):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    browser.h2.config.validate_outbound_headers = False
    stream = browser.h2.get_next_available_stream_id()
    usual = {":method": "GET", ":scheme": "https", ":authority": "shop.example", ":path": "/"}
    browser.h2.send_headers(stream, list((usual | head).items()), end_stream=True)
    browser.write()
    assert (await browser.reply(stream)).status == status
    assert origin.heads == []
    assert (await browser.get()).status == b"200"


@pytest.mark.parametrize("more", [[], [(":scheme", "https"), (":path", "/chat"), (":protocol", "websocket")]])
async def test_tunnels_are_refused(http2, browse, more):
    listener, (origin,) = await http2()
    browser = await browse(listener)
    stream = browser.h2.get_next_available_stream_id()
    browser.h2.send_headers(stream, [(":method", "CONNECT"), *more, (":authority", "shop.example:443")])
    browser.write()
    reply = await browser.reply(stream)
    assert reply.status == b"400"
    assert origin.heads == []


async def test_endless_fields_end_the_connection(http2, browse):
    listener, _ = await http2()
    browser = await browse(listener)
    browser.ask("/", ("x-endless", "x" * 100_000))
    await browser.until(lambda: browser.closed)
    assert browser.goaway == ErrorCodes.ENHANCE_YOUR_CALM
