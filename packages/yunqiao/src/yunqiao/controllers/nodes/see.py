"""What ECS says about nodes that wait together: as few calls as there are hundreds of them, and no node for another.

A refusal that one node's own words may have caused is traced to that node by asking for halves; whatever concerns all
of them alike (permission, throttling, network) is not asked again and again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address

from yunqiao.cloud import ecs
from yunqiao.cloud.codes import about_the_question
from yunqiao.cloud.ecs import Interface
from yunqiao.cloud.instances import MOST_PARTINGS, Instances
from yunqiao.cloud.paging import chunks, every
from yunqiao.cloud.place import Whereabouts
from yunqiao.controllers.nodes.identity import Evidence
from yunqiao.controllers.nodes.rules import MOST, Rules
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.instance import Instance, read_provider_id
from yunqiao.model.machine import own_ips, plain
from yunqiao.model.step import Call, Send

FRESH = 30.0
"""Seconds for which an answer that another controller was given will do for a first look: who a node is stays so."""


@dataclass(slots=True)
class Seen:
    """What was found; `troubles` holds what went wrong, by what was asked for (an instance's id, an address).

    `vpc_id` is empty where the VPC is not known, for the reason `nowhere`.
    """

    vpc_id: str = ""
    nowhere: str = ""
    instances: dict[str, Instance] = field(default_factory=dict)
    owners: dict[str, frozenset[str]] = field(default_factory=dict)
    neighbours: tuple[Instance, ...] = ()
    interfaces: dict[str, Interface] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    partings: int = 0

    def evidence(self) -> Evidence:
        """What decides who is who."""
        return Evidence(self.instances, self.owners, self.neighbours, self.vpc_id, self.nowhere)

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


@dataclass(frozen=True, slots=True)
class Sources:
    """What is asked: the API, the directory of instances with what other controllers have learned, and for the VPC."""

    send: Send
    instances: Instances
    rules: Rules
    whereabouts: Whereabouts
    clock: Clock


async def see(
    sources: Sources,
    named: Sequence[Node],
    unnamed: Sequence[Node],
    first: Container[str] = (),
    witnesses: Sequence[str] = (),
) -> Seen:
    """Look up the instances of nodes that name one and of nodes that do not; what goes wrong is in `troubles`.

    `first` has the names of nodes that are looked at for the first time; `witnesses` are further instances that are
    looked at in the same breath.
    """
    seen, send, rules = Seen(), sources.send, sources.rules
    wanted = {one for node in unnamed for one in asked_for(node)}
    joining = {one for node in named if node.metadata.name in first for one in asked_for(node)}
    ids = {one for node in named for one in asked_for(node)} - joining
    if wanted:
        await _locate(seen, sources.whereabouts, sorted(wanted))
    if NEIGHBOURS in wanted:
        await _attempt(seen, [NEIGHBOURS], partial(_neighbours, send, rules, seen))
    for addresses in _by_family(wanted - {NEIGHBOURS} - seen.troubles.keys()):
        for part in chunks(addresses, MOST):
            await _attempt(seen, part, partial(_owners, send, rules, seen))
    ids |= {*witnesses, *(one for owners in seen.owners.values() for one in owners)}
    now, find, known = sources.clock.now(), sources.instances.find, seen.instances.keys()
    for answers in await asyncio.gather(find(ids - known, now), find(joining - known, now - FRESH)):
        seen.instances |= {one: answer for one, answer in answers.items() if isinstance(answer, Instance)}
        seen.troubles |= {one: answer for one, answer in answers.items() if isinstance(answer, Trouble)}
    return seen


async def see_interfaces(send: Send, rules: Rules, seen: Seen, ids: Sequence[str]) -> None:
    """Look at network interfaces that have not been seen yet."""
    for part in chunks([one for one in ids if one not in seen.interfaces], MOST):
        await _attempt(seen, part, partial(_interfaces, send, rules, seen))


async def _locate(seen: Seen, whereabouts: Whereabouts, wanted: Sequence[str]) -> None:
    """Find the VPC in which addresses mean something; where nobody could look, nothing is known of `wanted` either."""
    try:
        seen.vpc_id = await whereabouts.vpc_id()
    except Refused as refusal:
        seen.nowhere = str(refusal)
    except Trouble as trouble:
        seen.troubles.update(dict.fromkeys(wanted, trouble))


async def _attempt(seen: Seen, asked: Sequence[str], look: Callable[[Sequence[str]], Awaitable[None]]) -> None:
    """Look; what one of those asked for may have caused is traced to that one."""
    try:
        await look(asked)
    except Trouble as trouble:
        if len(asked) > 1 and seen.partings < MOST_PARTINGS and about_the_question(trouble):
            seen.partings += 1
            middle = len(asked) // 2
            await _attempt(seen, asked[:middle], look)
            await _attempt(seen, asked[middle:], look)
        else:
            seen.troubles.update(dict.fromkeys(asked, trouble))


async def _neighbours(send: Send, rules: Rules, seen: Seen, _: Sequence[str]) -> None:
    """All instances of the VPC; without a VPC nobody's number is looked for among all of a region."""
    if seen.vpc_id:
        ask: Callable[[str], Call] = partial(ecs.describe_vpc_instances, rules.region, seen.vpc_id)
        seen.neighbours = tuple(await every(send, ask, ecs.read_instances))
        seen.instances.update({one.id: one for one in seen.neighbours})


async def _owners(send: Send, rules: Rules, seen: Seen, addresses: Sequence[str]) -> None:
    ipv6 = ip_address(addresses[0]).version == 6
    ask = partial(ecs.describe_interfaces_by_ip, rules.region, seen.vpc_id, addresses, ipv6)
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
