"""spec.loadBalancerSourceRanges: who may connect, as an access control list of our own that every listener uses.

A white list without entries lets everybody in, so what cannot be read never becomes an empty list: what is there
stays, and no port is opened anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.clb.options import Options
from yunqiao.model.balancer import UNMANAGED, AccessList, Notice
from yunqiao.options.declare import PREFIXES

WORD = "loadBalancerSourceRanges"
"""How the note on a Service names that ranges were followed."""
STATUS = "acl-status"
NO_RANGE = (
    'spec.loadBalancerSourceRanges: "{}" is not allowed; allowed: CIDR blocks such as 10.0.0.0/8 or 2001:db8::/32. '
    "Until it is mended, open ports stay as they are and no other one is opened"
)
WINS = (
    f"spec.loadBalancerSourceRanges has no effect beside the annotation {PREFIXES[0]}{STATUS}, which says who may "
    "connect; remove one of the two"
)
UNCLEAR = f"until {PREFIXES[0]}{STATUS} is mended it is not clear who may connect: no other port is opened"
TAKEN_OVER = (
    "spec.loadBalancerSourceRanges was ignored by the controller that made this load balancer, and is from the next "
    "change of this Service on followed; add all who must be able to connect before you change it"
)


@dataclass(frozen=True, slots=True)
class Access:
    """What the ranges mean: lists of our own, and for each listener its settings, its list and why none is opened."""

    lists: tuple[AccessList, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    barred: str = ""
    problems: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def access(asked: Asked[Options]) -> Access:
    """Who may connect; nothing where neither ranges are asked for nor were."""
    name, ranges = asked.who.list_name, asked.snapshot.service.spec.load_balancer_source_ranges
    if not ranges:
        return Access(settings={"AclStatus": "off"} if _were_followed(asked) else {})
    if asked.as_taken_over:
        return Access(notices=(Notice("Warning", "SourceRangesNotFollowed", TAKEN_OVER),))
    if _is_bad(asked):
        return Access((AccessList(name, UNMANAGED),), barred=UNCLEAR)
    if asked.parsed.options.acl_status is not None:
        return Access(problems=(WINS,))
    bad = [one for one in ranges if not tuple(_blocks(one))]
    if bad:
        return Access((AccessList(name, UNMANAGED),), barred=NO_RANGE.format(", ".join(bad)))
    return Access((AccessList(name, _joined(ranges)),), {"AclStatus": "on", "AclType": "white"}, name)


def follows(asked: Asked[Options]) -> bool:
    """Whether ranges are asked for and followed, so that one day they can be taken back."""
    return bool(access(asked).name)


def _were_followed(asked: Asked[Options]) -> bool:
    """Whether ranges switched access control on, and nothing else has a say in it now."""
    return WORD in asked.noted.asked and asked.parsed.options.acl_status is None and not _is_bad(asked)


def _is_bad(asked: Asked[Options]) -> bool:
    return any(problem.suffix == STATUS for problem in asked.parsed.problems)


def _joined(ranges: Sequence[str]) -> frozenset[str]:
    return frozenset(block for one in ranges for block in _blocks(one))


def _blocks(text: str) -> Iterator[str]:
    """The range as the cloud takes it; the range of everybody in two halves, since /0 is no entry of a list."""
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        return
    yield from map(str, network.subnets() if network.prefixlen == 0 else (network,))
