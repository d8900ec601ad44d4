"""Certificates of HTTPS listeners and their further domains: looked at before they are shown, warned of in time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.conftest import new_bench

from yunqiao.controllers.services.certificates import KEPT
from yunqiao.model.cluster import ServicePort
from yunqiao.model.errors import Lost
from yunsim.products.slb.state import Certificate, DomainExtension

TODAY = datetime(2026, 6, 1, tzinfo=UTC)
LIST = "DescribeServerCertificates"


def keep(bench, *names, days=365.0):
    """Have these certificates in the cloud, which end that many days from TODAY."""
    for name in names:
        made = Certificate(name, name, "", "shop.example", [], TODAY, TODAY + timedelta(days=days))
        bench.cloud.world.states["slb"].certificates[name] = made


def lose(bench, name):
    del bench.cloud.world.states["slb"].certificates[name]


def balancer(bench):
    (one,) = bench.cloud.world.states["slb"].load_balancers.values()
    return one


def shown(bench, port=443):
    """The certificate of the HTTPS listener, and those of its further domains."""
    one = balancer(bench).listeners[("https", port)]
    return one.settings["ServerCertificateId"], {
        each.domain: each.server_certificate_id for each in one.domain_extensions.values()
    }


async def turn(bench, **annotations):
    """Ask for HTTPS on 443 and TCP on 80; gives the actions of the writes that took."""
    ports = [ServicePort(port=80, node_port=30080), ServicePort(port=443, node_port=30443)]
    bench.cluster.ask(ports=ports)
    bench.cluster.annotate(**{"address_type": "intranet", "protocol_port": "https:443"} | annotations)
    before = len(bench.cloud.writes())
    await bench.settle()
    return [call.action for call in bench.cloud.writes()[before:]]


def told(bench, kind="Warning"):
    return [text for one, _, text in bench.told if one == kind]


def looks(bench):
    return [call for call in bench.cloud.calls if call.action == LIST]


@pytest.fixture
def bench():
    made = new_bench()
    made.services.site.lookups.today = lambda: TODAY
    return made


async def test_a_certificate_that_is_missing_leaves_the_listener_the_one_it_has(bench):
    keep(bench, "cert-1")
    await turn(bench, cert_id="cert-1")
    assert await turn(bench, cert_id="cert-2", scheduler="wrr") == [
        "SetLoadBalancerTCPListenerAttribute", "SetLoadBalancerHTTPSListenerAttribute",
    ]  # fmt: skip
    assert shown(bench) == ("cert-1", {})
    text = "cert-id: this region has no server certificate cert-2 for port 443/HTTPS; upload it, or name another one"
    assert any(text in one for one in told(bench))


async def test_a_certificate_that_has_ended_leaves_the_listener_the_one_it_has(bench):
    keep(bench, "cert-1")
    keep(bench, "cert-2", days=-1)
    await turn(bench, cert_id="cert-1")
    assert await turn(bench, cert_id="cert-2") == []
    assert any(
        "server certificate cert-2 for port 443/HTTPS ended on 2026-05-31 00:00 UTC" in one for one in told(bench)
    )
    keep(bench, "cert-3")
    assert await turn(bench, cert_id="cert-3") == ["SetLoadBalancerHTTPSListenerAttribute"]


async def test_no_https_listener_is_made_with_a_bad_certificate_and_the_other_ports_go_on(bench):
    keep(bench, "cert-1", days=-1)
    await turn(bench, cert_id="cert-1")
    assert sorted(balancer(bench).listeners) == [("tcp", 80)]
    assert sorted(group.name.split("/")[1] for group in balancer(bench).groups.values()) == ["30080", "30443"]
    bench.cluster.nodes.pop()
    assert len(await turn(bench, cert_id="cert-1")) == 2


async def test_a_certificate_that_comes_is_noticed_without_a_change_of_the_service(bench):
    await turn(bench, cert_id="cert-1")
    keep(bench, "cert-1")
    again = await bench.services.reconcile(bench.key)
    assert again == 60.0
    bench.time.time += again
    await bench.settle()
    assert shown(bench) == ("cert-1", {})


@pytest.mark.parametrize("annotations", [{}, {"cert_id": "x" * 300}])
async def test_a_listener_whose_certificate_is_no_longer_named_keeps_it_and_backends_follow(bench, annotations):
    keep(bench, "cert-1")
    await turn(bench, cert_id="cert-1")
    bench.cluster.nodes.pop()
    assert await turn(bench, **annotations) == ["RemoveVServerGroupBackendServers"] * 2
    assert shown(bench) == ("cert-1", {})
    assert any("port 443/HTTPS has no certificate; set " in one for one in told(bench))


async def test_thirty_days_before_its_end_a_warning_is_given_at_every_look(bench):
    keep(bench, "cert-1", days=31)
    await turn(bench, cert_id="cert-1")
    assert told(bench) == []
    bench.services.site.lookups.today = lambda: TODAY + timedelta(days=2)
    await bench.verify()
    text = "server certificate cert-1 of port 443/HTTPS ends on 2026-07-02 00:00 UTC; upload its successor"
    assert [text in one for one in told(bench)] == [True]
    bench.cluster.nodes.pop()
    await bench.settle()
    assert len(told(bench)) == 1
    await bench.verify()
    assert len(told(bench)) == 2


async def test_all_services_share_one_list_for_some_minutes(bench):
    keep(bench, "cert-1", "cert-2")
    await turn(bench, cert_id="cert-1")
    await turn(bench, cert_id="cert-2")
    assert len(looks(bench)) == 1
    bench.time.time += KEPT
    await bench.settle()
    assert len(looks(bench)) == 2


async def test_a_list_that_lacks_a_certificate_is_asked_for_again(bench):
    keep(bench, "cert-1")
    await turn(bench, cert_id="cert-1")
    keep(bench, "cert-2")
    assert await turn(bench, cert_id="cert-2") == ["SetLoadBalancerHTTPSListenerAttribute"]


async def test_a_service_without_https_asks_for_no_certificates(bench):
    await turn(bench, protocol_port="http:443", cert_id="cert-1", domain_extensions="a.example:cert-2")
    assert looks(bench) == []


async def test_where_certificates_may_not_be_listed_they_are_not_judged(bench):
    keep(bench, "cert-1", "cert-2")
    bench.cloud.refused.add(LIST)
    await turn(bench, cert_id="cert-1")
    await turn(bench, cert_id="cert-2")
    assert shown(bench) == ("cert-2", {})


async def test_an_older_list_is_better_than_none(bench):
    keep(bench, "cert-1")
    await turn(bench, cert_id="cert-1")
    bench.time.time += KEPT
    bench.cloud.troubles = ["lost-before"]
    bench.cluster.nodes.pop()
    assert await bench.services.reconcile(bench.key) > 60.0
    fresh = new_bench()
    keep(fresh, "cert-1")
    fresh.cluster.annotate(address_type="intranet", protocol_port="https:80", cert_id="cert-1")
    fresh.cloud.troubles = ["lost-before"]
    with pytest.raises(Lost):
        await fresh.services.reconcile(fresh.key)


async def test_domains_are_made_before_the_listener_starts(bench):
    keep(bench, "cert-1", "cert-2", "cert-3")
    done = await turn(bench, cert_id="cert-1", domain_extensions="a.example:cert-2, *.b.example:cert-3")
    assert done[-6:] == [
        "CreateLoadBalancerTCPListener", "CreateLoadBalancerHTTPSListener", "StartLoadBalancerListener",
        "CreateDomainExtension", "CreateDomainExtension", "StartLoadBalancerListener",
    ]  # fmt: skip
    assert shown(bench) == ("cert-1", {"a.example": "cert-2", "*.b.example": "cert-3"})
    assert await bench.verify() == []


async def test_a_domain_whose_certificate_is_not_fit_stays_as_it_is(bench):
    keep(bench, "cert-1", "cert-2")
    keep(bench, "old", days=-1)
    await turn(bench, cert_id="cert-1", domain_extensions="a.example:cert-2")
    assert await turn(bench, cert_id="cert-1", domain_extensions="a.example:old,b.example:gone") == []
    assert shown(bench) == ("cert-1", {"a.example": "cert-2"})
    assert any("for a.example on port 443/HTTPS ended on " in one for one in told(bench))
    assert any("no server certificate gone for b.example on port 443/HTTPS" in one for one in told(bench))


async def test_the_end_of_a_domains_certificate_is_warned_of(bench):
    keep(bench, "cert-1")
    keep(bench, "cert-2", days=9)
    await turn(bench, cert_id="cert-1", domain_extensions="a.example:cert-2")
    assert ["server certificate cert-2 of a.example on port 443/HTTPS" in one for one in told(bench)] == [True]


async def test_a_bad_value_and_what_was_never_asked_for_leave_domains_alone(bench):
    keep(bench, "cert-1", "cert-2")
    await turn(bench, cert_id="cert-1", domain_extensions="a.example:cert-2")
    assert await turn(bench, cert_id="cert-1", domain_extensions="a.example") == []
    assert await turn(bench, cert_id="cert-1") == ["DeleteDomainExtension"]
    listener = balancer(bench).listeners[("https", 443)]
    listener.domain_extensions["de-x"] = DomainExtension("de-x", "by-hand.example", "cert-2")
    assert await bench.verify() == []
    assert shown(bench) == ("cert-1", {"by-hand.example": "cert-2"})


async def test_what_somebody_does_to_domains_is_undone(bench):
    keep(bench, "cert-1", "cert-2")
    await turn(bench, cert_id="cert-1", domain_extensions="a.example:cert-2")
    (one,) = balancer(bench).listeners[("https", 443)].domain_extensions.values()
    one.server_certificate_id = "cert-1"
    assert [call.action for call in await bench.verify()] == ["SetDomainExtensionAttribute"]
    assert shown(bench)[1] == {"a.example": "cert-2"}


async def test_reading_domains_costs_a_call_for_each_https_listener_of_ours(bench):
    keep(bench, "cert-1")
    await turn(bench, cert_id="cert-1")
    before = len(bench.cloud.calls)
    await bench.verify()
    assert [call.action for call in bench.cloud.calls[before:]].count("DescribeDomainExtensions") == 1


WISH = st.fixed_dictionaries(
    {"cert_id": st.sampled_from(["cert-1", "cert-2"])},
    optional={
        "domain_extensions": st.sampled_from(
            ["a.example:cert-1", "a.example:cert-2", "a.example:cert-1,b.example:cert-2"]
        )
    },
)
TROUBLE = st.sampled_from(["", "", "", "lost-before", "lost-after", "old", "ended-before", "ended-after"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WISH, min_size=1, max_size=4), st.lists(TROUBLE, max_size=40))
def test_whatever_happens_on_the_way_every_domain_shows_what_is_asked_for(wishes, troubles):
    async def run():
        bench = new_bench()
        keep(bench, "cert-1", "cert-2", days=3650)
        bench.cloud.troubles = list(troubles)
        for wish in wishes:
            await turn(bench, **wish)
        bench.cloud.troubles = []
        await bench.verify()
        text = wishes[-1].get("domain_extensions", "")
        asked = dict(one.split(":") for one in text.split(",") if one)
        assert shown(bench) == (wishes[-1]["cert_id"], asked)
        assert await bench.verify() == []
        bench.cluster.delete()
        await bench.settle()
        assert bench.cloud.shape() == []

    asyncio.run(run())


@pytest.mark.parametrize("moment", ["ended-before", "ended-after", "lost-before", "lost-after"])
async def test_a_life_with_domains_may_be_disturbed_at_every_call(moment):
    wishes = ["a.example:cert-1,b.example:cert-2", "a.example:cert-2", ""]
    for number in range(60):
        bench = new_bench()
        keep(bench, "cert-1", "cert-2", days=3650)
        bench.cloud.troubles = [""] * number + [moment]
        for text in wishes:
            await turn(bench, cert_id="cert-1", domain_extensions=text)
            assert shown(bench)[1] == dict(one.split(":") for one in text.split(",") if one)
        if bench.cloud.troubles:
            return
    raise AssertionError("the life is longer than the moments tried")


async def test_what_was_asked_for_is_taken_back_after_a_time_with_bad_values(bench):
    keep(bench, "cert-1", "cert-2")
    await turn(bench, cert_id="cert-1", domain_extensions="a.example:cert-2", scheduler="wlc")
    await turn(bench, cert_id="cert-1", protocol_port="htp:443")
    assert shown(bench)[1] == {"a.example": "cert-2"}
    assert await turn(bench, cert_id="cert-1") == [
        "SetLoadBalancerTCPListenerAttribute", "SetLoadBalancerHTTPSListenerAttribute", "DeleteDomainExtension",
    ]  # fmt: skip
