"""spec.sessionAffinity: a client stays with its backend, by its address (TCP) or by a cookie (HTTP, HTTPS).

The annotations persistence-timeout and sticky-session say the same in more detail, and win. A balancer that was taken
over keeps what it has until its Service changes, since the controller before us ignored the field.
"""

from collections.abc import Iterator, Mapping

from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.clb.options import LAYER_7, Options
from yunqiao.model.balancer import Notice
from yunqiao.model.cluster import ClientIPConfig, ServicePort

WORD = "sessionAffinity"
"""How the note on a Service names that its affinity was followed."""
LONGEST, LONGEST_COOKIE = 3600, 86400
"""The most seconds that a TCP listener keeps a client with its backend, and that a cookie lives."""
SHORTENED = (
    "clients of port {} stay with their backend for {} s, the most that is possible; "
    "sessionAffinityConfig.clientIP.timeoutSeconds asks for {} s"
)
NO_UDP = "sessionAffinity: ClientIP has no effect on port {}: a UDP listener keeps no client with its backend"


def settings(asked: Asked[Options], protocol: str) -> dict[str, str]:
    """The settings of a listener that follow from the affinity; the defaults, where it was followed and is gone."""
    if asked.as_taken_over or not _has_a_say(asked, protocol):
        return {}
    if not _is_asked(asked):
        return _OFF.get(protocol, {}) if WORD in asked.noted.asked else {}
    if protocol == "tcp":
        return {"PersistenceTimeout": str(min(_seconds(asked), LONGEST))}
    return _cookie(asked) if protocol in LAYER_7 else {}


def follows(asked: Asked[Options]) -> bool:
    """Whether the affinity is followed, so that one day it can be taken back."""
    return _is_asked(asked) and not asked.as_taken_over


def notices(asked: Asked[Options], port: ServicePort, protocol: str) -> Iterator[Notice]:
    """What of the affinity a listener cannot do."""
    if not follows(asked) or not _has_a_say(asked, protocol):
        return
    place, most = f"{port.port}/{protocol.upper()}", LONGEST if protocol == "tcp" else LONGEST_COOKIE
    if protocol == "udp":
        yield Notice("Warning", "SessionAffinityNotFollowed", NO_UDP.format(place))
    elif _seconds(asked) > most:
        yield Notice("Normal", "SessionAffinityShortened", SHORTENED.format(place, most, _seconds(asked)))


def _cookie(asked: Asked[Options]) -> dict[str, str]:
    """A cookie of the balancer's own, or what the other annotations of the cookie say."""
    options = asked.parsed.options
    if options.sticky_session_type == "server":
        return {"StickySession": "on"}
    seconds = options.cookie_timeout or str(min(_seconds(asked), LONGEST_COOKIE))
    return {"StickySession": "on", "StickySessionType": "insert", "CookieTimeout": seconds}


_OFF: Mapping[str, dict[str, str]] = {
    "tcp": {"PersistenceTimeout": "0"},
    **{protocol: {"StickySession": "off"} for protocol in LAYER_7},
}


def _has_a_say(asked: Asked[Options], protocol: str) -> bool:
    """Whether no annotation says it already; one with a bad value counts as one that says it."""
    options, suffix = asked.parsed.options, "persistence-timeout" if protocol == "tcp" else "sticky-session"
    given = options.persistence_timeout if protocol == "tcp" else options.sticky_session
    return given is None and all(problem.suffix != suffix for problem in asked.parsed.problems)


def _is_asked(asked: Asked[Options]) -> bool:
    return asked.snapshot.service.spec.session_affinity == "ClientIP"


def _seconds(asked: Asked[Options]) -> int:
    config = asked.snapshot.service.spec.session_affinity_config
    named = config.client_ip.timeout_seconds if config is not None and config.client_ip is not None else None
    return named or ClientIPConfig().timeout_seconds or LONGEST
