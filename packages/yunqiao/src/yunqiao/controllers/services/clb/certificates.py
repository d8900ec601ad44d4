"""Is a server certificate fit to be shown? One that is missing or has ended never takes the place of another."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.clb.options import Options
from yunqiao.controllers.services.clb.parameters import gone
from yunqiao.model.balancer import UNMANAGED, Domain, Listener, Notice
from yunqiao.options.declare import PREFIXES

CERTIFICATE, DOMAINS = "cert-id", "domain-extensions"
WARNED_BEFORE = timedelta(days=30)
"""How long before the end of a certificate its Service is warned."""
MISSING = "{}: this region has no server certificate {} for {}; upload it, or name another one"
ENDED = "{}: server certificate {} for {} ended on {}; upload its successor and name that one"
NONE = "{} has no certificate; set {}cert-id to the id of a server certificate. Until then one that is there stays"
STAYS = ". Until then what is there keeps the certificate that it has, and nothing new is made with it"
ENDS = "server certificate {} of {} ends on {}; upload its successor and name that one in {}"


def needed(asked: Asked[Options]) -> frozenset[str]:
    """The certificates whose ends must be known: those that an HTTPS port of the Service names."""
    options = asked.parsed.options
    https = {port for protocol, port in options.protocol_port if protocol == "https"}
    if not https & {port.port for port in asked.snapshot.service.spec.ports}:
        return frozenset()
    named = {options.cert_id, *(certificate for _, certificate in options.domain_extensions)}
    return frozenset(one for one in named if one)


def shown(asked: Asked[Options], listener: Listener) -> tuple[Listener, tuple[str, ...], tuple[Notice, ...]]:
    """An HTTPS listener with certificates that are fit to be shown; problems of its domains; warnings of ends."""
    place = f"port {listener.port}/HTTPS"
    certificate = listener.attributes.get("ServerCertificateId", "")
    trouble = _unfit(asked, certificate, CERTIFICATE, place) if certificate else NONE.format(place, PREFIXES[0])
    settings = {name: one for name, one in listener.attributes.items() if not trouble or name != "ServerCertificateId"}
    domains, problems = _domains(asked, place)
    named = [(certificate, CERTIFICATE, place)]
    named += [(one.certificate, DOMAINS, f"{one.name} on {place}") for one in domains or ()]
    secured = replace(
        listener,
        attributes=settings,
        barred=listener.barred or trouble,
        domains=UNMANAGED if domains is None else domains,
    )
    return secured, problems, tuple(_ending(asked, named))


def _domains(asked: Asked[Options], place: str) -> tuple[tuple[Domain, ...] | None, tuple[str, ...]]:
    """The further domains, without the certificates that are not fit, and why these are not; None: not ours to set."""
    pairs = asked.parsed.options.domain_extensions
    if not pairs and DOMAINS not in gone(asked):
        return None, ()
    judged = [(name, one, _unfit(asked, one, DOMAINS, f"{name} on {place}")) for name, one in pairs]
    domains = tuple(Domain(name, "" if trouble else one) for name, one, trouble in judged)
    return domains, tuple(trouble for _, _, trouble in judged if trouble)


def _unfit(asked: Asked[Options], certificate: str, suffix: str, place: str) -> str:
    """Why a certificate cannot be shown; empty when it can, as far as anybody knows."""
    ends, annotation = asked.found.certificates, PREFIXES[0] + suffix
    if ends is None or ends.get(certificate, 0.0) > asked.found.today:
        return ""
    if certificate not in ends:
        return MISSING.format(annotation, certificate, place) + STAYS
    return ENDED.format(annotation, certificate, place, _date(ends[certificate])) + STAYS


def _ending(asked: Asked[Options], named: Iterable[tuple[str, str, str]]) -> Iterator[Notice]:
    """A warning for each (certificate, suffix, place) that ends soon."""
    ends, last = asked.found.certificates or {}, asked.found.today + WARNED_BEFORE.total_seconds()
    for certificate, suffix, place in named:
        if asked.found.today < ends.get(certificate, 0.0) <= last:
            text = ENDS.format(certificate, place, _date(ends[certificate]), PREFIXES[0] + suffix)
            yield Notice("Warning", "CertificateEnds", text)


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
