"""What ECS says about nodes that wait together: as few calls as there are hundreds of them, and no node for another.

A refusal that one node's own words may have caused (an instance id that is no id) is traced to that node by asking for
halves; whatever concerns all of them alike (permission, throttling, network) is not asked again and again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address

from yunqiao.cloud import ecs
from yunqiao.cloud.ecs import Instance, Interface
from yunqiao.cloud.paging import chunks, every
from yunqiao.controllers.nodes.identity import Evidence
from yunqiao.controllers.nodes.kinds import own_ips, plain
from yunqiao.controllers.nodes.rules import MOST, Rules
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Refused, Stale, Trouble
from yunqiao.model.instance import read_provider_id
from yunqiao.model.step import Call, Send

OF_THE_QUESTION = (400, 404)
"""HTTP status of a refusal that is about what was asked for, not about who asked."""
MOST_PARTINGS = 16
"""More than two culprits among a hundred need; beyond that it is not one node's fault."""


@dataclass(slots=True)
class Seen:
    """What was found; `troubles` holds what went wrong, by what was asked for (an instance's id, an address)."""

    instances: dict[str, Instance] = field(default_factory=dict)
    owners: dict[str, frozenset[str]] = field(default_factory=dict)
    neighbours: tuple[Instance, ...] = ()
    interfaces: dict[str, Interface] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    partings: int = 0

    def evidence(self) -> Evidence:
        """What decides who is who."""
        return Evidence(self.instances, self.owners, self.neighbours)

    def trouble(self, node: Node) -> Trouble | None:
        """What went wrong with something that this node asked for, if anything did."""
        asked = asked_for(node)
        leads = (*asked, *(one for each in asked for one in self.owners.get(each, ())))
        return next((self.troubles[one] for one in leads if one in self.troubles), None)


NEIGHBOURS = "neighbours"
"""Stands for the list of all instances among what may have gone wrong."""


def asked_for(node: Node) -> tuple[str, ...]:
    """What is looked up for a node: the instance it names, else those of its addresses, else all instances."""
    claim = read_provider_id(node.spec.provider_id)
    return (claim.id,) if claim else own_ips(node) or (NEIGHBOURS,)


async def see(
    send: Send, rules: Rules, named: Sequence[Node], unnamed: Sequence[Node], witnesses: Sequence[str] = ()
) -> Seen:
    """Look up the instances of nodes that name one and of nodes that do not; what goes wrong is in `troubles`.

    `witnesses` are further instances that are looked at in the same breath.
    """
    seen = Seen()
    wanted = {one for node in unnamed for one in asked_for(node)}
    ids = {one for node in named for one in asked_for(node)}
    if NEIGHBOURS in wanted:
        await _attempt(seen, [NEIGHBOURS], partial(_neighbours, send, rules, seen))
    for addresses in _by_family(wanted - {NEIGHBOURS}):
        for part in chunks(addresses, MOST):
            await _attempt(seen, part, partial(_owners, send, rules, seen))
    ids |= {*witnesses, *(one for owners in seen.owners.values() for one in owners)}
    for part in chunks(sorted(ids - seen.instances.keys()), MOST):
        await _attempt(seen, part, partial(_instances, send, rules, seen))
    return seen


async def see_interfaces(send: Send, rules: Rules, seen: Seen, ids: Sequence[str]) -> None:
    """Look at network interfaces that have not been seen yet."""
    for part in chunks([one for one in ids if one not in seen.interfaces], MOST):
        await _attempt(seen, part, partial(_interfaces, send, rules, seen))


async def _attempt(seen: Seen, asked: Sequence[str], look: Callable[[Sequence[str]], Awaitable[None]]) -> None:
    """Look; what one of those asked for may have caused is traced to that one."""
    try:
        await look(asked)
    except Trouble as trouble:
        if len(asked) > 1 and seen.partings < MOST_PARTINGS and _about_the_question(trouble):
            seen.partings += 1
            middle = len(asked) // 2
            await _attempt(seen, asked[:middle], look)
            await _attempt(seen, asked[middle:], look)
        else:
            seen.troubles.update(dict.fromkeys(asked, trouble))


def _about_the_question(trouble: Trouble) -> bool:
    fault = trouble.fault if isinstance(trouble, Refused | Stale) else None
    return fault is not None and fault.status in OF_THE_QUESTION


async def _instances(send: Send, rules: Rules, seen: Seen, ids: Sequence[str]) -> None:
    ask = partial(ecs.describe_instances, rules.region, ids)
    _keep(seen, await every(send, ask, ecs.read_instances))


async def _neighbours(send: Send, rules: Rules, seen: Seen, _: Sequence[str]) -> None:
    """All instances of the VPC; without a VPC nobody's number is looked for among all of a region."""
    if rules.vpc_id:
        ask: Callable[[str], Call] = partial(ecs.describe_vpc_instances, rules.region, rules.vpc_id)
        seen.neighbours = tuple(await every(send, ask, ecs.read_instances))
        _keep(seen, seen.neighbours)


def _keep(seen: Seen, instances: Sequence[Instance]) -> None:
    seen.instances.update({one.id: one for one in instances})


async def _owners(send: Send, rules: Rules, seen: Seen, addresses: Sequence[str]) -> None:
    ipv6 = ip_address(addresses[0]).version == 6
    ask = partial(ecs.describe_interfaces_by_ip, rules.region, rules.vpc_id, addresses, ipv6)
    found = await every(send, ask, ecs.read_interfaces)
    seen.interfaces.update({one.id: one for one in found})
    pairs = {(plain(ip), one.instance_id) for one in found if one.instance_id for ip in (*one.private_ips, *one.ipv6)}
    for address, owner in pairs:
        seen.owners[address] = seen.owners.get(address, frozenset()) | {owner}


async def _interfaces(send: Send, rules: Rules, seen: Seen, ids: Sequence[str]) -> None:
    ask = partial(ecs.describe_interfaces, rules.region, ids)
    found = await every(send, ask, ecs.read_interfaces)
    seen.interfaces.update({one.id: one for one in found})


def _by_family(addresses: set[str]) -> Sequence[Sequence[str]]:
    """Addresses that are any, parted by family: one call asks for one family."""
    families: Mapping[int, list[str]] = {4: [], 6: []}
    for text in sorted(addresses):
        try:
            families[ip_address(text).version].append(text)
        except ValueError:
            continue
    return [those for those in families.values() if those]
