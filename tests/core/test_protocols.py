"""Listeners of every protocol, and settings of instances: set, changed in place where that can be, told where not."""

from datetime import UTC, datetime

import msgspec
import pytest
from tests.core.conftest import annotated

from yunqiao.controllers.services.known import VERIFY_EVERY
from yunqiao.model.cluster import ServicePort
from yunsim.products.slb.state import Certificate


def actions(bench):
    return [call.action for call in bench.cloud.writes()]


def balancer(bench):
    (one,) = bench.cloud.world.states["slb"].load_balancers.values()
    return one


def listener(bench, protocol, port):
    return balancer(bench).listeners[(protocol, port)]


def certificate(bench, own_id):
    now = datetime.now(UTC)
    made = Certificate(own_id, own_id, "", "shop.example", [], now, now.replace(year=now.year + 1))
    bench.cloud.world.states["slb"].certificates[own_id] = made


def ask(bench, *ports, **annotations):
    bench.cluster.ask(
        ports=[ServicePort(port=port, node_port=30000 + port, protocol=protocol) for port, protocol in ports]
    )
    bench.cluster.annotate(**{"address_type": "intranet"} | annotations)


async def test_a_udp_port_gets_a_udp_listener_beside_tcp_on_the_same_port(bench):
    ask(bench, (53, "TCP"), (53, "UDP"), health_check_interval="9")
    await bench.settle()
    assert sorted(balancer(bench).listeners) == [("tcp", 53), ("udp", 53)]
    assert listener(bench, "udp", 53).settings["HealthCheckInterval"] == 9
    assert await bench.verify() == []


async def test_http_with_its_settings(bench):
    ask(
        bench, (80, "TCP"), protocol_port="http:80", sticky_session="on", sticky_session_type="insert",
        cookie_timeout="60", health_check_flag="on", health_check_uri="/ready", idle_timeout="20",
        xforwardedfor_proto="on",
    )  # fmt: skip
    await bench.settle()
    settings = listener(bench, "http", 80).settings
    wanted = {"StickySession": "on", "CookieTimeout": 60, "HealthCheckURI": "/ready", "IdleTimeout": 20}
    assert wanted.items() <= settings.items()
    assert await bench.verify() == []


async def test_a_protocol_that_changes_takes_the_port_from_one_listener_to_the_next(bench):
    ask(bench, (80, "TCP"))
    await bench.settle()
    before = len(actions(bench))
    ask(bench, (80, "TCP"), protocol_port="http:80")
    await bench.settle()
    assert actions(bench)[before:] == [
        "DeleteLoadBalancerListener", "CreateLoadBalancerHTTPListener", "StartLoadBalancerListener",
    ]  # fmt: skip
    assert sorted(balancer(bench).listeners) == [("http", 80)]


async def test_https_needs_a_certificate_and_says_so(bench):
    ask(bench, (80, "TCP"), (443, "TCP"), protocol_port="https:443")
    await bench.services.reconcile("default/nginx")
    assert sorted(balancer(bench).listeners) == [("tcp", 80)]
    (told,) = [text for kind, _, text in bench.told if kind == "Warning"]
    assert "port 443/HTTPS has no certificate; set " in told
    assert "cert-id to the id of a server certificate" in told


async def test_https_with_a_certificate_that_is_changed_in_place(bench):
    for own_id in ("cert-1", "cert-2"):
        certificate(bench, own_id)
    ask(bench, (443, "TCP"), protocol_port="https:443", cert_id="cert-1", tls_cipher_policy="tls_cipher_policy_1_2")
    await bench.settle()
    before = len(actions(bench))
    ask(bench, (443, "TCP"), protocol_port="https:443", cert_id="cert-2", tls_cipher_policy="tls_cipher_policy_1_2")
    await bench.settle()
    assert actions(bench)[before:] == ["SetLoadBalancerHTTPSListenerAttribute"]
    settings = listener(bench, "https", 443).settings
    assert (settings["ServerCertificateId"], settings["TLSCipherPolicy"]) == ("cert-2", "tls_cipher_policy_1_2")


async def test_http_that_forwards_to_https_is_made_after_it_and_goes_before_it(bench):
    certificate(bench, "cert-1")
    asked = {"protocol_port": "http:80,https:443", "cert_id": "cert-1"}
    ask(bench, (80, "TCP"), (443, "TCP"), forward_port="80:443", **asked)
    await bench.settle()
    made = [action for action in actions(bench) if action.startswith("CreateLoadBalancerHTTP")]
    assert made == ["CreateLoadBalancerHTTPSListener", "CreateLoadBalancerHTTPListener"]
    assert listener(bench, "http", 80).settings["ForwardPort"] == 443
    assert await bench.verify() == []
    before = len(actions(bench))
    ask(bench, (80, "TCP"), (443, "TCP"), **asked)
    await bench.settle()
    assert actions(bench)[before:] == [
        "DeleteLoadBalancerListener", "CreateLoadBalancerHTTPListener", "StartLoadBalancerListener",
    ]  # fmt: skip
    assert await bench.verify() == []


SECURE = {"protocol_port": "http:80,https:443", "cert_id": "cert-1"}
REDIRECT = SECURE | {"forward_port": "80:443"}
HERE, THERE, BOTH = [(80, "TCP")], [(443, "TCP")], [(80, "TCP"), (443, "TCP")]
SERVED, SERVED_SECURELY = ("http", 80), ("https", 443)


def warnings(bench):
    return [text for kind, _, text in bench.told if kind == "Warning"]


async def redirecting(bench, ports):
    certificate(bench, "cert-1")
    ask(bench, *ports, **REDIRECT)
    await bench.settle()
    assert listener(bench, *SERVED).settings["ForwardPort"] == 443


@pytest.mark.parametrize("ports", [BOTH, BOTH[::-1]], ids=["80 first", "443 first"])
@pytest.mark.parametrize(
    ("left", "asked", "there"),
    [
        (BOTH, {}, [("tcp", 80), ("tcp", 443)]),
        (BOTH, {"protocol_port": "http:80"}, [SERVED, ("tcp", 443)]),
        (BOTH, {"protocol_port": "http:80,http:443"}, [SERVED, ("http", 443)]),
        (BOTH, {"protocol_port": "https:443", "cert_id": "cert-1"}, [SERVED_SECURELY, ("tcp", 80)]),
        (BOTH, {"protocol_port": "http:80", "forward_port": "80:443"}, [SERVED, ("tcp", 443)]),
        (
            BOTH,
            SECURE | {"protocol_port": "https:80,http:443", "forward_port": "443:80"},
            [("http", 443), ("https", 80)],
        ),
        (HERE, {}, [("tcp", 80)]),
        (HERE, SECURE, [SERVED]),
        (HERE, REDIRECT, [SERVED]),
        (THERE, {}, [("tcp", 443)]),
        (THERE, REDIRECT, [SERVED_SECURELY]),
    ],
)
async def test_a_redirect_goes_before_the_listener_that_it_leads_to(bench, ports, left, asked, there):
    await redirecting(bench, ports)
    ask(bench, *(port for port in ports if port in left), **asked)
    await bench.settle()
    assert sorted(balancer(bench).listeners) == sorted(there)
    assert all(one.status == "running" for one in balancer(bench).listeners.values())
    assert await bench.verify() == []


async def test_a_redirect_and_where_it_leads_to_go_with_the_ports_of_both(bench):
    await redirecting(bench, BOTH[::-1])
    ask(bench, (8080, "TCP"))
    await bench.settle()
    assert sorted(balancer(bench).listeners) == [("tcp", 8080)]


async def test_where_a_redirect_leads_to_comes_first_also_in_the_place_of_another_protocol(bench):
    certificate(bench, "cert-1")
    ask(bench, *THERE)
    await bench.settle()
    ask(bench, *BOTH, **REDIRECT)
    await bench.settle()
    assert listener(bench, *SERVED).settings["ForwardPort"] == 443


@pytest.mark.parametrize("before", [{}, {"protocol_port": "http:80"}], ids=["new", "serving"])
@pytest.mark.parametrize("ports", [HERE, BOTH], ids=["no such port", "not HTTPS"])
async def test_a_redirect_to_nowhere_is_told_and_the_port_serves(bench, before, ports):
    if before:
        ask(bench, *ports, **before)
        await bench.settle()
    served = balancer(bench).listeners.get(SERVED) if before else None
    ask(bench, *ports, protocol_port="http:80", forward_port="80:443")
    await bench.settle()
    assert served in (None, listener(bench, *SERVED))
    assert listener(bench, *SERVED).settings["ListenerForward"] == "off"
    (told,) = warnings(bench)
    assert told.startswith("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-forward-port: port 80 is to ")
    assert "redirect to port 443, where no HTTPS listener is or is to be" in told
    (condition,) = bench.cluster.service.status.conditions
    assert (condition.type, condition.status, condition.message) == ("yunqiao/Synced", "False", told)
    assert await bench.verify() == []


async def test_a_redirect_to_nowhere_is_followed_once_its_end_is_there(bench):
    certificate(bench, "cert-1")
    ask(bench, *BOTH, protocol_port="http:80", forward_port="80:443")
    await bench.settle()
    ask(bench, *BOTH, **REDIRECT)
    await bench.settle()
    assert listener(bench, *SERVED).settings["ForwardPort"] == 443
    assert [one.status for one in bench.cluster.service.status.conditions] == ["True"]


async def test_a_port_serves_until_the_listener_that_it_is_to_redirect_to_can_be_made(bench):
    ask(bench, *BOTH, protocol_port="http:80")
    await bench.settle()
    served = listener(bench, *SERVED)
    before = len(actions(bench))
    ask(bench, *BOTH, **REDIRECT | {"scheduler": "wlc"})
    await bench.settle()
    assert actions(bench)[before:] == ["SetLoadBalancerHTTPListenerAttribute"]
    assert listener(bench, *SERVED) is served
    assert any("has no server certificate cert-1" in one for one in warnings(bench))


@pytest.mark.parametrize(
    ("protocol", "asked", "told"),
    [
        ("UDP", "http:80", "port 80/UDP: a listener of protocol http cannot serve it"),
        ("TCP", "udp:80", "port 80/TCP: a listener of protocol udp cannot serve it"),
        ("SCTP", "tcp:81", "port 80/SCTP: no listener can serve that protocol; possible: TCP, UDP"),
    ],
)
async def test_protocols_that_cannot_go_together_are_told_and_the_other_ports_go_on(bench, protocol, asked, told):
    ask(bench, (80, protocol), (82, "TCP"), protocol_port=asked)
    await bench.services.reconcile("default/nginx")
    assert sorted(balancer(bench).listeners) == [("tcp", 82)]
    assert ("Warning", "SyncLoadBalancerFailed", told) in bench.told


async def test_access_lists_count_with_their_switch_only(bench):
    ask(bench, (80, "TCP"), acl_id="acl-2,acl-1", acl_type="white")
    await bench.settle()
    assert listener(bench, "tcp", 80).settings.get("AclStatus", "off") == "off"
    assert "AclId" not in next(call for call in bench.cloud.writes() if "TCPListener" in call.action).params


async def test_how_an_internet_balancer_is_paid_for_follows_in_place(bench):
    by_spec = {"address_type": "internet", "instance_charge_type": "paybyspec"}
    bench.cluster.annotate(charge_type="paybybandwidth", bandwidth="5", spec="slb.s2.small", **by_spec)
    await bench.settle()
    assert (balancer(bench).internet_charge_type, balancer(bench).bandwidth) == ("paybybandwidth", 5)
    before = len(actions(bench))
    bench.cluster.annotate(charge_type="paybybandwidth", bandwidth="9", spec="slb.s2.small", **by_spec)
    await bench.settle()
    bench.cluster.annotate(charge_type="paybytraffic", spec="slb.s3.small", **by_spec)
    await bench.settle()
    bench.cluster.annotate(address_type="internet", charge_type="paybytraffic", instance_charge_type="PayByCLCU")
    await bench.settle()
    assert actions(bench)[before:] == [
        "ModifyLoadBalancerInternetSpec", "ModifyLoadBalancerInternetSpec", "ModifyLoadBalancerInstanceSpec",
        "ModifyLoadBalancerInstanceChargeType",
    ]  # fmt: skip
    assert balancer(bench).instance_charge_type == "PayByCLCU"
    assert await bench.verify() == []


async def test_a_zone_that_cannot_change_is_told(bench):
    await bench.settle()
    balancer(bench).master_zone_id = "cn-hangzhou-h"
    bench.cluster.annotate(address_type="intranet", master_zoneid="cn-hangzhou-i")
    bench.time.time += VERIFY_EVERY
    before = len(actions(bench))
    await bench.services.reconcile("default/nginx")
    assert len(actions(bench)) == before
    assert any("MasterZoneId" in text and "cannot become cn-hangzhou-i" in text for _, _, text in bench.told)


async def test_a_hostname_is_published_in_the_place_of_the_address(bench):
    bench.cluster.annotate(address_type="intranet", hostname="shop.example")
    await bench.settle()
    ingress = bench.cluster.service.status.load_balancer.ingress
    assert [(one.ip, one.hostname) for one in ingress] == [("", "shop.example")]


async def test_a_balancer_that_is_to_stay_stays_with_all_that_is_on_it_and_without_our_marks(bench):
    bench.cluster.annotate(address_type="intranet", preserve_lb_on_delete="true")
    await bench.settle()
    parts = (sorted(balancer(bench).listeners), sorted(balancer(bench).groups))
    bench.cluster.delete()
    await bench.settle()
    assert bench.cluster.service is None
    left = balancer(bench)
    assert (sorted(left.listeners), sorted(left.groups)) == parts
    assert (left.tags, left.delete_protection, left.modification_protection_status) == ({}, "off", "NonProtection")


async def test_an_annotation_that_is_taken_away_gives_back_the_default(bench):
    ask(bench, (80, "TCP"), scheduler="wlc")
    await bench.settle()
    meta = bench.cluster.service.metadata
    plain = msgspec.structs.replace(meta, annotations=annotated(address_type="intranet"))
    bench.cluster.service = msgspec.structs.replace(bench.cluster.service, metadata=plain)
    await bench.settle()
    assert listener(bench, "tcp", 80).settings["Scheduler"] == "rr"
