"""Requests of one client find the backend that its cookie names."""

import re
import time

import pytest

from yunsim.dataplane.engine import HealthCheck, Stickiness


@pytest.fixture
def visit(rig, read):
    """`await visit(listener, path, cookie)` asks over a new connection; (body, Set-Cookie or "")."""

    async def ask(listener, path="/", cookie=""):
        reader, writer = await rig.connect(listener)
        sent = f"Cookie: {cookie}\r\n" if cookie else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: shop\r\n{sent}\r\n".encode())
        _, head, body = await read(reader)
        writer.close()
        await writer.wait_closed()
        given = re.search(r"(?i)set-cookie: ([^\r]*)", head.decode())
        return body.decode(), given.group(1) if given else ""

    return ask


async def test_an_inserted_cookie_leads_back_to_its_backend_and_is_given_once(site, visit):
    listener, _ = await site(3, stickiness=Stickiness(timeout=60))
    body, given = await visit(listener)
    assert re.fullmatch(r"SERVERID=[0-9a-f]{32}\|\d+; Max-Age=60; Path=/", given)
    cookie = given.split(";")[0]
    assert [await visit(listener, cookie=cookie) for _ in range(4)] == [(body, "")] * 4
    assert len({(await visit(listener))[0] for _ in range(3)}) == 3, "without it, turns are taken"


@pytest.mark.parametrize("broken", ["SERVERID=nobody", "SERVERID=nobody|1", "SERVERID="])
async def test_a_cookie_that_names_nobody_is_replaced(site, visit, broken):
    listener, _ = await site(2, stickiness=Stickiness(timeout=60))
    assert (await visit(listener, cookie=broken))[1].startswith("SERVERID=")


async def test_an_inserted_cookie_is_worth_nothing_after_its_timeout(site, visit):
    listener, _ = await site(2, stickiness=Stickiness(timeout=60))
    _, given = await visit(listener)
    digest = given.partition("|")[0]
    assert (await visit(listener, cookie=f"{digest}|{int(time.time()) - 61}"))[1] != ""
    assert (await visit(listener, cookie=f"{digest}|{int(time.time()) - 50}"))[1] == ""


async def test_a_backend_of_weight_0_loses_its_sticky_clients_to_another(rig, site, visit):
    listener, _ = await site(2, stickiness=Stickiness(timeout=60))
    body, given = await visit(listener)
    backends = [server.backend(0 if server.name == body else 100) for server in rig.servers]
    changed = {"protocol": "http", "stickiness": Stickiness(timeout=60), "health_check": HealthCheck(kind="off")}
    await rig.apply(rig.listener(backends, **changed))
    other, again = await visit(listener, cookie=given.split(";")[0])
    assert other != body
    assert again not in ("", given)


async def test_a_cookie_of_the_backend_is_overwritten_to_lead_back_to_it(site, visit):
    listener, _ = await site(3, stickiness=Stickiness(cookie="shop"))
    assert (await visit(listener))[1] == "", "nothing is inserted"
    body, given = await visit(listener, "/cookie")
    assert re.fullmatch(r"shop=[0-9a-f]{32}; Path=/cart", given)
    cookie = given.split(";")[0]
    assert {(await visit(listener, cookie=cookie))[0] for _ in range(4)} == {body}


async def test_switched_off_a_cookie_means_nothing(site, visit):
    listener, _ = await site(2)
    assert (await visit(listener, "/cookie"))[1] == "shop=cart7; Path=/cart"
    assert {(await visit(listener, cookie="shop=cart7"))[0] for _ in range(2)} == {"b0", "b1"}
