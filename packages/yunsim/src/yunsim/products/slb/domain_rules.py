"""What is refused of the further domains of an HTTPS listener (error tables of CreateDomainExtension and its kin)."""

import re

from yunsim.errors import ApiError
from yunsim.products.slb import rules
from yunsim.products.slb.quotas import quota
from yunsim.products.slb.state import Listener, LoadBalancer
from yunsim.world import World

DOMAIN = re.compile(r"(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def writable(world: World, load_balancer_id: str) -> LoadBalancer:
    """Return the balancer unless an earlier write is still being applied (DomainExtensionProcessing)."""
    found = rules.load_balancer(world, load_balancer_id)
    if world.clock.now() < found.busy_until:
        raise ApiError(
            400,
            "DomainExtensionProcessing",
            "A previous configuration of the DomainExtension is pending, please try again later.",
        )
    return found


def certificate(world: World, certificate_id: str) -> None:
    """Refuse a certificate that is not there (InvalidParameter.ServerCertificateId)."""
    if certificate_id not in rules.state(world).certificates:
        raise ApiError(
            400,
            "InvalidParameter.ServerCertificateId",
            f"The specified ServerCertificateId does not exist: {certificate_id!r}.",
        )


def new_domain(world: World, found: Listener, domain: str) -> None:
    """Refuse a domain that is none or is there already (InvalidParameter.Domain), and too many of them.

    DomainExtensionNumberOverLimit for more than the quota slb_quota_domain_extensions_num.
    """
    if not DOMAIN.fullmatch(domain):
        raise _invalid("Domain", f"{domain!r} is no domain name such as www.example.com or *.example.com.")
    if any(each.domain == domain for each in found.domain_extensions.values()):
        raise _invalid("Domain", f"The specified Domain exists: {domain}.")
    if len(found.domain_extensions) >= quota(world, "slb_quota_domain_extensions_num"):
        raise ApiError(
            400,
            "DomainExtensionNumberOverLimit",
            "The number of domainExtension has reached to the quota limit of this listener.",
        )


def holder(world: World, extension_id: str) -> tuple[LoadBalancer, Listener]:
    """Return what has the domain, ready to be changed (InvalidParameter.DomainExtensionId)."""
    for owner in rules.state(world).load_balancers.values():
        for listener in owner.listeners.values():
            if extension_id in listener.domain_extensions:
                return writable(world, owner.id), listener
    raise _invalid("DomainExtensionId", f"The specified DomainExtensionId does not exist: {extension_id}.")


def _invalid(name: str, message: str) -> ApiError:
    return ApiError(400, f"InvalidParameter.{name}", message)
