"""Further domains of an HTTPS listener."""

from datetime import UTC, datetime
from typing import Any

import pytest

from yunsim.products.slb.rules import state
from yunsim.products.slb.state import Certificate


@pytest.fixture
def listener(slb: Any, world: Any, balancer: str, group: str) -> dict[str, Any]:
    """An HTTPS listener, named as the actions name it, in a world with two certificates."""
    year = datetime(2027, 1, 1, tzinfo=UTC)
    for each in ("one", "two"):
        state(world).certificates[each] = Certificate(each, each, "", "example.com", [], year, year)
    which = {"LoadBalancerId": balancer, "ListenerPort": 443}
    slb("CreateLoadBalancerHTTPSListener", **which, Bandwidth=-1, VServerGroupId=group, ServerCertificateId="one")
    return which


def domains(slb: Any, listener: dict[str, Any]) -> list[tuple[str, str]]:
    found = slb("DescribeDomainExtensions", **listener)["DomainExtensions"]["DomainExtension"]
    seen = slb("DescribeLoadBalancerHTTPSListenerAttribute", **listener)["DomainExtensions"]["DomainExtension"]
    assert found == seen
    return [(each["Domain"], each["ServerCertificateId"]) for each in found]


def test_a_domain_is_added_changed_and_taken_away(slb: Any, listener: dict[str, Any]) -> None:
    given = {"Domain": "www.example.com", "ServerCertificateId": "one"}
    made = slb("CreateDomainExtension", **listener, **given)["DomainExtensionId"]
    assert domains(slb, listener) == [("www.example.com", "one")]
    slb("SetDomainExtensionAttribute", DomainExtensionId=made, ServerCertificateId="two")
    assert domains(slb, listener) == [("www.example.com", "two")]
    slb("DeleteDomainExtension", DomainExtensionId=made)
    assert domains(slb, listener) == []


def test_a_domain_that_is_wrong_is_refused(slb: Any, listener: dict[str, Any], refused: Any) -> None:
    good = {**listener, "Domain": "*.example.com", "ServerCertificateId": "one"}
    made = slb("CreateDomainExtension", **good)["DomainExtensionId"]
    refused("InvalidParameter.Domain", slb, "CreateDomainExtension", **good)
    refused("InvalidParameter.Domain", slb, "CreateDomainExtension", **{**good, "Domain": "not a domain"})
    unknown = "InvalidParameter.ServerCertificateId"
    refused(unknown, slb, "CreateDomainExtension", **{**good, "Domain": "a.b", "ServerCertificateId": "none"})
    refused("ListenerNotFound", slb, "CreateDomainExtension", **{**good, "ListenerPort": 80})
    refused(unknown, slb, "SetDomainExtensionAttribute", DomainExtensionId=made)
    refused("InvalidParameter.DomainExtensionId", slb, "DeleteDomainExtension", DomainExtensionId="de-none")
    assert domains(slb, listener) == [("*.example.com", "one")]


def test_a_listener_has_three_further_domains_unless_the_quota_is_raised(
    slb: Any, world: Any, listener: dict[str, Any], refused: Any
) -> None:
    names = [f"{name}.example.com" for name in "abcd"]
    given = [{**listener, "Domain": name, "ServerCertificateId": "one"} for name in names]
    for each in given[:3]:
        slb("CreateDomainExtension", **each)
    refused("DomainExtensionNumberOverLimit", slb, "CreateDomainExtension", **given[3])
    world.quotas["slb_quota_domain_extensions_num"] = 4
    slb("CreateDomainExtension", **given[3])
    assert [name for name, _ in domains(slb, listener)] == names


def test_a_balancer_that_is_being_configured_takes_no_domain(
    slb: Any, world: Any, listener: dict[str, Any], refused: Any, later: Any
) -> None:
    state(world).busy_seconds = 3
    given = {**listener, "Domain": "a.example.com", "ServerCertificateId": "one"}
    made = slb("CreateDomainExtension", **given)["DomainExtensionId"]
    refused("DomainExtensionProcessing", slb, "DeleteDomainExtension", DomainExtensionId=made)
    later(3)
    slb("DeleteDomainExtension", DomainExtensionId=made)
