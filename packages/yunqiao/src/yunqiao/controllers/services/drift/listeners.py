"""Drift of listeners: made or removed, of another kind, stopped, bound elsewhere, described or set otherwise."""

from collections.abc import Iterator
from dataclasses import replace

from yunqiao.cloud.clb.listeners import AT_CREATION
from yunqiao.controllers.services.drift.marks import Marks
from yunqiao.controllers.services.drift.parameters import kept
from yunqiao.controllers.services.drift.policies import Judge
from yunqiao.model.balancer import UNMANAGED, Balancer, Domain, Listener

AS_IT_IS = "as it is"
"""A group that there cannot be: a listener that waits for its group is neither changed nor removed."""


def listeners(wanted: Balancer, seen: Balancer, list_id: str, judge: Judge) -> Iterator[Listener]:
    """The wished listeners without what differs and is not to be mended.

    `list_id` is the access control list of ours, empty while there is none.
    """
    marks, have = Marks(wanted), {one.slot: one for one in seen.listening}
    for one in wanted.listening:
        twin = have.pop(one.slot, None)
        if twin is None:
            if not judge.leaves("listeners", f"the listener on {_place(one)} was removed"):
                yield one
        elif marks.own(twin.description):
            yield _spared(one, twin, seen, list_id, judge)
        else:
            yield one  # somebody else's now, which is told as such
    for extra in have.values():
        if marks.own(extra.description) and judge.leaves("listeners", f"the listener on {_place(extra)} was made"):
            yield replace(extra, group=AS_IT_IS)


def _spared(one: Listener, twin: Listener, seen: Balancer, list_id: str, judge: Judge) -> Listener:
    place = _place(one)
    done = _done_to_all_of_it(one, twin)
    if done:
        left = judge.leaves("listeners", f"the listener on {place} was {done}")
        return replace(twin, group=AS_IT_IS) if left else one
    group, description, domains = one.group, one.description, one.domains
    if not _is_bound(twin, group, seen) and judge.leaves("listeners", f"the server group of {place} was changed"):
        group = twin.group or AS_IT_IS
    if twin.description != description and judge.leaves("listeners", f"the description of {place} was changed"):
        description = twin.description
    if _domains_differ(one, twin) and judge.leaves("listeners", f"the further domains of {place} were changed"):
        domains = UNMANAGED
    spared = replace(one, group=group, description=description, domains=domains)
    return _with_parameters(spared, twin, list_id, judge)


def _place(one: Listener) -> str:
    return f"port {one.port}/{one.protocol.upper()}"


def _done_to_all_of_it(one: Listener, twin: Listener) -> str:
    """What makes it another listener, or none at all while it lasts."""
    if twin.protocol != one.protocol:
        return f"made {twin.protocol.upper()}"
    fixed = [name for name in AT_CREATION.get(one.protocol, ()) if name in one.attributes]
    if any(twin.attributes.get(name) != one.attributes[name] for name in fixed):
        return "made with another forwarding"
    return "" if twin.running else "stopped"


def _is_bound(twin: Listener, reference: str, seen: Balancer) -> bool:
    return any(one.id == twin.group and reference in (one.id, one.name) for one in seen.groups)


def _domains_differ(one: Listener, twin: Listener) -> bool:
    if not isinstance(one.domains, tuple) or not isinstance(twin.domains, tuple):
        return False
    have = {each.name: each.certificate for each in twin.domains}
    return have != {
        each.name: _certificate(each, have) for each in one.domains if each.certificate or each.name in have
    }


def _certificate(wish: Domain, have: dict[str, str]) -> str:
    """One without a certificate stays as it is."""
    return wish.certificate or have[wish.name]


def _with_parameters(one: Listener, twin: Listener, list_id: str, judge: Judge) -> Listener:
    """With the parameters that are to be mended; a list of ours is one of them, under an id that is known by now."""
    asked = {**one.attributes, "AclId": list_id} if one.access else one.attributes
    parameters = kept(asked, twin.attributes, _place(one), judge)
    if not one.access:
        return replace(one, attributes=parameters)
    uses = "AclId" in parameters
    parameters.pop("AclId", None)
    return replace(one, attributes=parameters, access=one.access if uses else "")
