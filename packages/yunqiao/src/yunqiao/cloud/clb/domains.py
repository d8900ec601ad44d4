"""Further domains of an HTTPS listener, each with a certificate of its own ("domain extensions")."""

from yunqiao.cloud.clb import PRODUCT
from yunqiao.model.balancer import Domain
from yunqiao.model.step import Call, Reply


def list_domains(balancer_id: str, port: int) -> Call:
    """All further domains of a listener (not paged)."""
    why = f"list the further domains of port {port} of {balancer_id}"
    return Call(PRODUCT, "DescribeDomainExtensions", {"LoadBalancerId": balancer_id, "ListenerPort": str(port)}, why)


def read_domains(reply: Reply) -> tuple[Domain, ...]:
    """The domains with their certificates."""
    items = (reply.get("DomainExtensions") or {}).get("DomainExtension") or []
    return tuple(
        Domain(item["Domain"], item.get("ServerCertificateId") or "", item["DomainExtensionId"]) for item in items
    )


def create(balancer_id: str, port: int, domain: Domain, why: str) -> Call:
    """Give a listener a further domain."""
    params = {
        "LoadBalancerId": balancer_id,
        "ListenerPort": str(port),
        "Domain": domain.name,
        "ServerCertificateId": domain.certificate,
    }
    return Call(PRODUCT, "CreateDomainExtension", params, why, lane=balancer_id, write=True)


def change(balancer_id: str, domain_id: str, certificate: str, why: str) -> Call:
    """Give a further domain another certificate."""
    params = {"DomainExtensionId": domain_id, "ServerCertificateId": certificate}
    return Call(PRODUCT, "SetDomainExtensionAttribute", params, why, lane=balancer_id, write=True)


def delete(balancer_id: str, domain_id: str, why: str) -> Call:
    """Take a further domain away."""
    return Call(PRODUCT, "DeleteDomainExtension", {"DomainExtensionId": domain_id}, why, lane=balancer_id, write=True)
