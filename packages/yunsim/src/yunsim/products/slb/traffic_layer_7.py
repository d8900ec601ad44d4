"""What of an HTTP or HTTPS listener's settings only layer 7 has, as the engine's values."""

from collections.abc import Mapping
from typing import Any, cast

from yunsim.dataplane.engine import Certificate, Forwarded, Stickiness, Tls, TlsPolicy
from yunsim.products.slb import rules
from yunsim.products.slb.state import Listener, LoadBalancer
from yunsim.world import World


def settings(world: World, owner: LoadBalancer, each: Listener, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the layer-7 fields of the engine's Listener; `values` are the effective settings."""
    return {
        "idle_timeout": float(values["IdleTimeout"]),
        "request_timeout": float(values["RequestTimeout"]),
        "gzip": values["Gzip"] == "on",
        "redirect_port": values["ForwardPort"] if values.get("ListenerForward") == "on" else 0,
        "stickiness": _stickiness(values),
        "forwarded": _forwarded(owner, each, values),
        "tls": _tls(world, each, values) if each.protocol == "https" else None,
    }


def _stickiness(values: Mapping[str, Any]) -> Stickiness | None:
    if values["StickySession"] == "off":
        return None
    if values["StickySessionType"] == "server":
        return Stickiness(cookie=values["Cookie"])
    return Stickiness(timeout=values["CookieTimeout"])


def _forwarded(owner: LoadBalancer, each: Listener, values: Mapping[str, Any]) -> Forwarded:
    """Name the headers as the XForwardedFor parameters of CreateLoadBalancerHTTPListener do."""
    told = {
        "XForwardedFor_proto": ("X-Forwarded-Proto", each.protocol),
        "XForwardedFor_SLBID": ("SLB-ID", owner.id),
        "XForwardedFor_SLBIP": ("SLB-IP", owner.address),
        "XForwardedFor_SLBPORT": ("X-Forwarded-Port", str(each.port)),
    }
    return Forwarded(
        address=values["XForwardedFor"] == "on",
        port=values["XForwardedFor_ClientSrcPort"] == "on",
        constant=tuple(header for switch, header in told.items() if values[switch] == "on"),
    )


def _tls(world: World, each: Listener, values: Mapping[str, Any]) -> Tls:
    domains = {extension.domain: extension.server_certificate_id for extension in each.domain_extensions.values()}
    chosen = {"": str(values.get("ServerCertificateId", "")), **domains}
    known = rules.state(world).certificates
    authority = rules.state(world).ca_certificates.get(str(values.get("CACertificateId", "")))
    return Tls(
        certificates=tuple(
            Certificate(found.id, found.pem, found.private_key, domain)
            for domain, certificate_id in chosen.items()
            if (found := known.get(certificate_id))
        ),
        client_authority=authority.pem if authority else "",
        policy=cast("TlsPolicy", str(values["TLSCipherPolicy"]).removeprefix("tls_cipher_policy_")),
        http2=values["EnableHttp2"] == "on",
    )
