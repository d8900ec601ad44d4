"""The access control list for a Service's source ranges: made, filled, then used; let go of, then removed.

A list without entries lets everybody in, so no listener gets it before it is full, and what comes in is added before
what goes is taken out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network
from itertools import islice

from yunqiao.cloud.clb import access_control
from yunqiao.cloud.clb.access_control import ENTRIES_PER_CALL
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import UNMANAGED, AccessList, Balancer, Listener
from yunqiao.model.step import Call

FOR_A_LIST = ("AclStatus", "AclType", "AclId")
NOBODY = (
    "none of spec.loadBalancerSourceRanges is an {} block, which load balancer {} needs: nobody could connect; "
    "add one, or make the Service's ipFamily that of its ranges"
)


def steps(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[Call]:
    """All calls on lists that can be made now."""
    twin = chosen(seen) if wanted.access else None
    entries = _entries(wanted, seen)
    if entries and twin is None:
        name, family = wanted.access[0].name, _family(seen)
        yield access_control.create(name, family, who.tags, f"access control list {name} for source ranges is missing")
    elif entries and twin is not None:
        yield from _fill(twin, entries)
    yield from withdrawal(seen, twin)


def withdrawal(seen: Balancer, kept: AccessList | None = None) -> Iterator[Call]:
    """Every list of ours goes that no listener uses, but the one that is kept."""
    unused = [one for one in seen.access if one != kept and one.id not in _used(seen)]
    yield from removal(unused, "no listener needs it any more")


def removal(unused: Sequence[AccessList], why: str) -> Iterator[Call]:
    """These lists go."""
    return (access_control.delete(one.id, f"access control list {one.name}: {why}") for one in unused)


def conflicts(wanted: Balancer, seen: Balancer) -> Iterator[str]:
    """Ranges of which none is of the balancer's address family."""
    asked = wanted.access and wanted.access[0].entries is not UNMANAGED
    if asked and not _entries(wanted, seen):
        yield NOBODY.format("IPv6" if _family(seen) == "ipv6" else "IPv4", seen.id)


def resolved(listener: Listener, wanted: Balancer, seen: Balancer) -> Listener:
    """The listener with its list's id; while there is none that may be used, without a word of it."""
    if not listener.access:
        return listener
    twin, entries = chosen(seen), _entries(wanted, seen)
    if twin is not None and entries and twin.entries is not UNMANAGED and entries <= twin.entries:
        return replace(listener, attributes={**listener.attributes, "AclId": twin.id}, access="")
    silent = {name: value for name, value in listener.attributes.items() if name not in FOR_A_LIST}
    return replace(listener, attributes=silent)


def chosen(seen: Balancer) -> AccessList | None:
    """Our list; of several (a create that arrived late), the one that a listener uses, else the first."""
    fitting = [one for one in seen.access if one.version == _family(seen)]
    return min(fitting, key=lambda one: (one.id not in _used(seen), one.id), default=None)


def _used(seen: Balancer) -> set[str]:
    return {one for each in seen.listening for one in each.attributes.get("AclId", "").split(",")}


def _family(seen: Balancer) -> str:
    return seen.attributes.get("AddressIPVersion") or "ipv4"


def _entries(wanted: Balancer, seen: Balancer) -> frozenset[str]:
    """The blocks of the balancer's family that are to be let in; none where the list stays as it is."""
    found = [one.entries for one in wanted.access if one.entries is not UNMANAGED]
    return frozenset(block for each in found for block in each if f"ipv{ip_network(block).version}" == _family(seen))


def _fill(twin: AccessList, wish: frozenset[str]) -> Iterator[Call]:
    have = frozenset() if twin.entries is UNMANAGED else twin.entries
    for batch in _batches(wish - have):
        yield access_control.add(twin.id, batch, f"source ranges {_shown(batch)} are to be let in")
    for batch in _batches(have - wish):
        yield access_control.remove(twin.id, batch, f"source ranges {_shown(batch)} are no longer let in")


def _batches(blocks: frozenset[str]) -> Iterator[tuple[str, ...]]:
    ordered = iter(sorted(blocks))
    while batch := tuple(islice(ordered, ENTRIES_PER_CALL)):
        yield batch


def _shown(blocks: Sequence[str]) -> str:
    more = f" and {len(blocks) - 3} more" if len(blocks) > 3 else ""
    return ", ".join(blocks[:3]) + more
