"""Where a balancer is reached, as the Service's status says it: a name, elastic IP addresses, or its own address."""

from yunqiao.cloud import vpc
from yunqiao.controllers.services.clb.options import Options
from yunqiao.model.balancer import Balancer
from yunqiao.model.cluster import Ingress
from yunqiao.model.errors import Trouble
from yunqiao.model.step import Send
from yunqiao.options.declare import Parsed

SAYING = frozenset({"hostname", "external-ip-type"})
"""Options that say where it is reached: with a bad value of one of these, nothing new is said."""
NO_EIP = "no elastic IP address is bound to {}; its own address is published until there is one"
NO_ANSWER = "elastic IP addresses of {} could not be read, its own address is published: {}"


async def addresses(send: Send, parsed: Parsed[Options], seen: Balancer) -> tuple[tuple[Ingress, ...], str]:
    """What to publish (nothing: what is published stays), and what went wrong on the way, empty if nothing."""
    own, options = (Ingress(ip=seen.address),), parsed.options
    if any(problem.suffix in SAYING for problem in parsed.problems):
        return (), ""
    if options.hostname:
        return (Ingress(hostname=options.hostname),), ""
    if options.external_ip_type != "eip":
        return own, ""
    try:
        found = await _elastic(send, seen.id)
    except Trouble as trouble:
        return own, NO_ANSWER.format(seen.id, trouble)
    return tuple(Ingress(ip=one) for one in found) or own, "" if found else NO_EIP.format(seen.id)


async def _elastic(send: Send, balancer_id: str) -> list[str]:
    found: list[str] = []
    page = more = "1"
    while more:
        some, more = vpc.read_eips(await send(vpc.describe_eips("", balancer_id, page)))
        found, page = [*found, *some], more
    return sorted(found)
