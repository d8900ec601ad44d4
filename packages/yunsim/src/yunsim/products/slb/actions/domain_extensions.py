"""Further domains of an HTTPS listener, each with a certificate of its own."""

from typing import Any

from yunsim.products.slb import domain_rules, listener_rules, rules
from yunsim.products.slb.state import DomainExtension, Listener
from yunsim.world import World


def CreateDomainExtension(
    world: World,
    *,
    RegionId: str,
    LoadBalancerId: str,
    ListenerPort: int,
    Domain: str,
    ServerCertificateId: str = "",
) -> dict[str, Any]:
    """Give a listener a further domain."""
    owner = domain_rules.writable(world, LoadBalancerId)
    listener = listener_rules.listener(owner, ListenerPort, "https")
    domain_rules.new_domain(world, listener, Domain)
    domain_rules.certificate(world, ServerCertificateId)
    made = DomainExtension(world.new_id("de-"), Domain, ServerCertificateId)
    listener.domain_extensions[made.id] = made
    rules.written(world, owner)
    return {"DomainExtensionId": made.id, "ListenerPort": ListenerPort}


def DescribeDomainExtensions(
    world: World, *, RegionId: str, LoadBalancerId: str, ListenerPort: int, DomainExtensionId: str = ""
) -> dict[str, Any]:
    """List the further domains of a listener."""
    listener = listener_rules.listener(rules.load_balancer(world, LoadBalancerId), ListenerPort, "https")
    return answer(listener, DomainExtensionId)


def SetDomainExtensionAttribute(
    world: World, *, RegionId: str, DomainExtensionId: str, ServerCertificateId: str = ""
) -> dict[str, Any]:
    """Change the certificate of a further domain."""
    owner, listener = domain_rules.holder(world, DomainExtensionId)
    domain_rules.certificate(world, ServerCertificateId)
    listener.domain_extensions[DomainExtensionId].server_certificate_id = ServerCertificateId
    rules.written(world, owner)
    return {}


def DeleteDomainExtension(world: World, *, RegionId: str, DomainExtensionId: str) -> dict[str, Any]:
    """Take a further domain away."""
    owner, listener = domain_rules.holder(world, DomainExtensionId)
    del listener.domain_extensions[DomainExtensionId]
    rules.written(world, owner)
    return {}


def answer(listener: Listener, extension_id: str = "") -> dict[str, Any]:
    """Write the further domains of a listener, or one of them."""
    found = [
        {"DomainExtensionId": each.id, "Domain": each.domain, "ServerCertificateId": each.server_certificate_id}
        for each in listener.domain_extensions.values()
        if extension_id in ("", each.id)
    ]
    return {"DomainExtensions": {"DomainExtension": found}}
