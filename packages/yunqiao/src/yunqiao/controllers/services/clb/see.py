"""What the cloud holds for a Service: its balancer with listeners, groups and the backends of our own groups."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from yunqiao.cloud.clb import access_control, domains, groups, instances, listeners
from yunqiao.cloud.paging import every
from yunqiao.controllers.services.identity import OWNER_TAG, Identity
from yunqiao.model.balancer import UNKNOWN, Absent, AccessList, Backend, Balancer, Group, Listener
from yunqiao.model.errors import Refused, Stale
from yunqiao.model.keys import read
from yunqiao.model.step import Call, Send


async def see(send: Send, who: Identity, found: Sequence[Balancer] = ()) -> Balancer | Absent:
    """Look at the parts of the balancer that was `found`, or else is found now. Raises NotYet, Lost, Refused."""
    found = found or await _find(send, who)
    if not found:
        return Absent(access=await _lists(send, who, {who.access}))
    whole = await asyncio.gather(*(_parts(send, who, one) for one in found))
    return _keep_one(list(whole), who)


async def find(send: Send, who: Identity, found: Sequence[Balancer] = ()) -> Balancer | Absent:
    """Like `see`, but without the parts where they do not matter: one that is ours goes with all that is on it.

    What is found so is marked as not known, so that nobody takes it for a balancer without parts.
    """
    found = found or await _find(send, who)
    if not found:
        return Absent(access=await _lists(send, who, {who.access}))
    if len(found) > 1 or not who.holds(found[0]):
        return await see(send, who, found)
    lists = await _lists(send, who.on(found[0]), {who.access})
    return replace(found[0], access=lists, known=False)


async def confirm(send: Send, who: Identity, call: Call) -> None:
    """Before a group goes with all that is in it: that nobody has put a server of their own there since the last look.

    Raises Stale when somebody has.
    """
    if call.action != "DeleteVServerGroup":
        return
    inside = groups.read_backends(await send(groups.describe(call.params["VServerGroupId"])))
    theirs = [one.server_ip or one.server_id for one in inside if not who.owner.owns(one.description)]
    if theirs:
        raise Stale(f"somebody has put {', '.join(theirs)} into server group {call.params['VServerGroupId']}; it stays")


async def refresh(send: Send, who: Identity, seen: Balancer) -> Balancer:
    """Look again at what others write, too: the groups that we only share."""
    if who.holds(seen):
        return seen
    shared = [one for one in seen.groups if one.id in who.shared]
    backends = await _described(send, [one.id for one in shared])
    return replace(seen, groups=tuple(replace(one, backends=backends.get(one.id, one.backends)) for one in seen.groups))


async def _find(send: Send, who: Identity) -> list[Balancer]:
    """By id where it is somebody else's; else by our tag; else by our name, when nobody has tagged it."""
    for balancer_id in dict.fromkeys(one for one in (who.borrowed, who.asked) if one):
        named = await _pages(send, partial(instances.list_by_id, balancer_id))
        if named:
            return named
    tagged = await _pages(send, partial(instances.list_by_tag, OWNER_TAG, who.name))
    if tagged or who.asked:
        return tagged
    named = await _pages(send, partial(instances.list_by_name, who.name))
    return [one for one in named if who.holds(one)]


async def _pages(send: Send, page_call: Callable[[int], Call]) -> list[Balancer]:
    found: list[Balancer] = []
    page, more = 1, True
    while more:
        items, more = instances.read_list(await send(page_call(page)))
        found, page = found + items, page + 1
    return found


async def _parts(send: Send, who: Identity, bare: Balancer) -> Balancer:
    on_it = who.on(bare)
    looks = _listeners(send, on_it, bare.id), _groups(send, on_it, bare)
    names = {who.access, on_it.list_name if who.access else ""}
    seen_listeners, seen_groups, lists = await asyncio.gather(*looks, _filled(send, on_it, names))
    return replace(bare, listeners=seen_listeners, groups=seen_groups, access=lists)


async def _listeners(send: Send, who: Identity, balancer_id: str) -> tuple[Listener, ...]:
    """All listeners; with the further domains of those that are ours."""
    found, token = listeners.read_listeners(await send(listeners.list_listeners(balancer_id)))
    while token:
        more, token = listeners.read_listeners(await send(listeners.list_listeners(balancer_id, token)))
        found += more
    return tuple(await asyncio.gather(*(_with_domains(send, who, balancer_id, one) for one in found)))


async def _with_domains(send: Send, who: Identity, balancer_id: str, one: Listener) -> Listener:
    if one.protocol != "https" or not who.owner.owns(one.description):
        return one
    return replace(one, domains=domains.read_domains(await send(domains.list_domains(balancer_id, one.port))))


async def _lists(send: Send, who: Identity, names: set[str]) -> tuple[AccessList, ...]:
    """Our access control lists of these names, without their entries; a Service that never had one is not asked for."""
    named = [
        await every(send, partial(access_control.list_by_name, name), access_control.read_list)
        for name in sorted(names - {""})
    ]
    ours = {one.id: one for each in named for one, tags in each if who.owns_list(one.name, tags)}
    return tuple(ours.values())


async def _filled(send: Send, who: Identity, names: set[str]) -> tuple[AccessList, ...]:
    """The same with their entries."""
    return tuple([replace(one, entries=await _entries(send, one.id)) for one in await _lists(send, who, names)])


async def _entries(send: Send, acl_id: str) -> frozenset[str]:
    found, page, total = set[str](), 0, 1
    while len(found) < total:
        page += 1
        more, total = access_control.read_entries(await send(access_control.describe(acl_id, str(page))))
        if not more:
            break
        found |= set(more)
    return frozenset(found)


async def _groups(send: Send, who: Identity, bare: Balancer) -> tuple[Group, ...]:
    """All groups; the backends of those that may hold ours: on a borrowed balancer, all that no cluster made."""
    found = groups.read_groups(await send(groups.list_groups(bare.id)))
    ours = [one.id for one in found if who.owner.owns(one.name) or (who.borrows(bare) and read(one.name) is None)]
    backends = await _described(send, ours)
    return tuple(replace(one, backends=backends.get(one.id, UNKNOWN)) for one in found)


async def _described(send: Send, ids: Sequence[str]) -> dict[str, tuple[Backend, ...]]:
    replies = await asyncio.gather(*(send(groups.describe(group_id)) for group_id in ids))
    return dict(zip(ids, map(groups.read_backends, replies), strict=True))


def _keep_one(found: list[Balancer], who: Identity) -> Balancer:
    """Of several with our tag, keep the recorded one, else the one in use; the others must be empty to be spares."""
    found.sort(key=lambda one: (one.id != who.recorded, not one.listeners, not one.groups, one.id))
    first, *others = found
    full = [one.id for one in others if one.listeners or one.groups]
    if full:
        ids = ", ".join([first.id, *full])
        raise Refused(f"several load balancers carry the tag {OWNER_TAG}={who.name}: {ids}; remove it from all but one")
    return replace(first, spares=tuple(others))
