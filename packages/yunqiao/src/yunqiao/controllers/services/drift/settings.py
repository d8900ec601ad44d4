"""Drift of all that is not backends: the instance's attributes and tags, listeners, the list of source ranges."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network

from yunqiao.controllers.services.drift.listeners import listeners
from yunqiao.controllers.services.drift.parameters import kept
from yunqiao.controllers.services.drift.policies import Judge
from yunqiao.model.balancer import UNMANAGED, AccessList, Balancer


def settings(wanted: Balancer, seen: Balancer, judge: Judge) -> Balancer:
    """The wish without the settings that differ and are not to be mended."""
    lists = _own_list(seen)
    spared = replace(
        wanted,
        attributes=kept(wanted.attributes, seen.attributes, f"load balancer {seen.id}", judge),
        tags=_tags(wanted, seen, judge),
        access=tuple(_access(one, lists, _family(seen), judge) for one in wanted.access),
    )
    if wanted.listeners is UNMANAGED:
        return spared
    return replace(spared, listeners=tuple(listeners(wanted, seen, lists.id if lists else "", judge)))


def _tags(wanted: Balancer, seen: Balancer, judge: Judge) -> Mapping[str, str]:
    """A tag that somebody gave another value is wanted with that one, so that its key is ours to take back.

    One that somebody took away is ours no more: whoever sets it again has a tag of their own.
    """
    tags = dict(wanted.tags)
    for key, value in wanted.tags.items():
        have = seen.tags.get(key)
        done = "removed" if have is None else f"changed ({have}, not {value})"
        if have == value or not judge.leaves("tags", f"tag {key} of load balancer {seen.id} was {done}"):
            continue
        if have is None:
            del tags[key]
        else:
            tags[key] = have
    return tags


def _family(seen: Balancer) -> str:
    return seen.attributes.get("AddressIPVersion") or "ipv4"


def _own_list(seen: Balancer) -> AccessList | None:
    """Our access control list; of several, the one that a listener uses."""
    used = {one for each in seen.listening for one in each.attributes.get("AclId", "").split(",")}
    fitting = [one for one in seen.access if one.version == _family(seen)]
    return min(fitting, key=lambda one: (one.id not in used, one.id), default=None)


def _access(wish: AccessList, have: AccessList | None, family: str, judge: Judge) -> AccessList:
    """The list as somebody left it; one that lets nobody or everybody in is not filled and not used."""
    if wish.entries is UNMANAGED:
        return wish
    entries = frozenset(one for one in wish.entries if f"ipv{ip_network(one).version}" == family)
    if not entries or (have is not None and have.entries == entries):
        return wish
    done = "removed" if have is None else "changed"
    if not judge.leaves("listeners", f"access control list {wish.name} was {done}"):
        return wish
    return replace(wish, entries=(have.entries or UNMANAGED) if have is not None else UNMANAGED)
