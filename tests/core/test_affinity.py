"""spec.sessionAffinity: clients stay with their backends, unless an annotation says otherwise."""

import pytest
from msgspec.structs import replace

from yunqiao.controllers.services import record
from yunqiao.model.cluster import ClientIPConfig, ServicePort, SessionAffinityConfig

STICKY = ("StickySession", "StickySessionType", "CookieTimeout", "Cookie")


def listener(bench, protocol="tcp"):
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    return balancer.listeners[(protocol, 80)].settings


def sticky(bench):
    return tuple(listener(bench, "http").get(name, "") for name in STICKY)


def affine(seconds=None):
    config = None if seconds is None else SessionAffinityConfig(client_ip=ClientIPConfig(timeout_seconds=seconds))
    return {"session_affinity": "ClientIP", "session_affinity_config": config}


async def turn(bench, annotations=None, **spec):
    bench.cluster.ask(**{"session_affinity": "None", "session_affinity_config": None} | spec)
    bench.cluster.annotate(**{"address_type": "intranet"} | (annotations or {}))
    before = len(bench.cloud.writes())
    await bench.settle()
    return [call.action for call in bench.cloud.writes()[before:]]


@pytest.mark.parametrize(("seconds", "kept"), [(None, 3600), (10800, 3600), (3601, 3600), (3600, 3600), (60, 60)])
async def test_a_tcp_listener_keeps_clients_for_the_time_that_is_asked_for_or_an_hour(bench, seconds, kept):
    await turn(bench, **affine(seconds))
    assert listener(bench)["PersistenceTimeout"] == kept
    shortened = [text for kind, reason, text in bench.told if reason == "SessionAffinityShortened" and kind == "Normal"]
    assert len(shortened) == (seconds is None or seconds > 3600)
    assert await bench.verify() == []


async def test_the_affinity_that_goes_takes_its_setting_with_it(bench):
    await turn(bench, **affine(60))
    bench.restart()
    assert await turn(bench) == ["SetLoadBalancerTCPListenerAttribute"]
    assert listener(bench)["PersistenceTimeout"] == 0
    assert await bench.verify() == []


async def test_what_the_affinity_never_set_is_left_as_somebody_set_it(bench):
    await turn(bench)
    listener(bench)["PersistenceTimeout"] = 77
    assert await bench.verify() == []
    assert listener(bench)["PersistenceTimeout"] == 77


async def test_an_http_listener_keeps_clients_by_a_cookie(bench):
    http = {"protocol_port": "http:80"}
    await turn(bench, http, **affine(100000))
    assert sticky(bench) == ("on", "insert", 86400, "")
    assert await bench.verify() == []
    await turn(bench, http)
    assert sticky(bench)[0] == "off"
    assert await bench.verify() == []


async def test_the_annotations_win(bench):
    await turn(bench, {"persistence_timeout": "30"}, **affine(60))
    assert listener(bench)["PersistenceTimeout"] == 30
    await turn(bench, **affine(60))
    assert listener(bench)["PersistenceTimeout"] == 60
    await turn(bench, {"protocol_port": "http:80", "sticky_session": "off"}, **affine(60))
    assert sticky(bench)[0] == "off"
    await turn(bench, {"protocol_port": "http:80", "sticky_session_type": "server", "cookie": "shop"}, **affine(60))
    assert (sticky(bench)[:2], sticky(bench)[3]) == (("on", "server"), "shop")
    await turn(bench, {"protocol_port": "http:80", "cookie_timeout": "7"}, **affine(60))
    assert sticky(bench)[:3] == ("on", "insert", 7)


async def test_a_bad_annotation_is_nobodys_word_but_keeps_what_there_is(bench):
    await turn(bench, {"persistence_timeout": "30"}, **affine(60))
    assert await turn(bench, {"persistence_timeout": "9999"}, **affine(60)) == []
    assert listener(bench)["PersistenceTimeout"] == 30


async def test_a_udp_port_cannot_have_it_and_its_owner_is_told(bench):
    await turn(bench, ports=[ServicePort(port=80, node_port=30080, protocol="UDP")], **affine(60))
    text = "sessionAffinity: ClientIP has no effect on port 80/UDP: a UDP listener keeps no client with its backend"
    assert ("Warning", "SessionAffinityNotFollowed", text) in bench.told
    assert await bench.verify() == []


async def test_a_service_that_was_taken_over_keeps_what_it_has_until_it_changes(bench):
    await turn(bench)
    listener(bench)["PersistenceTimeout"] = 77
    meta = bench.cluster.service.metadata
    given = {key: one for key, one in meta.annotations.items() if key != record.ANNOTATION}
    bench.cluster.service = replace(bench.cluster.service, metadata=replace(meta, annotations=given))
    bench.cluster.ask(**affine(60))
    bench.restart()
    await bench.settle()
    assert await bench.verify() == []
    assert listener(bench)["PersistenceTimeout"] == 77
    await turn(bench, **affine(61))
    assert listener(bench)["PersistenceTimeout"] == 61


async def test_a_taken_over_affinity_that_goes_leaves_what_it_never_set(bench):
    await turn(bench)
    listener(bench)["PersistenceTimeout"] = 77
    meta = bench.cluster.service.metadata
    given = {key: one for key, one in meta.annotations.items() if key != record.ANNOTATION}
    bench.cluster.service = replace(bench.cluster.service, metadata=replace(meta, annotations=given))
    bench.cluster.ask(**affine(60))
    bench.restart()
    await bench.settle()
    await turn(bench)
    assert listener(bench)["PersistenceTimeout"] == 77
