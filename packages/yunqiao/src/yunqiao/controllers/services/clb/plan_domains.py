"""Further domains of an HTTPS listener: another certificate first, then what is new, then what goes."""

from collections.abc import Iterator

from yunqiao.cloud.clb import domains
from yunqiao.model.balancer import Listener
from yunqiao.model.step import Call


def steps(balancer_id: str, listener: Listener, twin: Listener) -> Iterator[Call]:
    """All calls on the domains of a listener; none where they are not ours to set, or nobody has looked."""
    if not isinstance(listener.domains, tuple) or not isinstance(twin.domains, tuple):
        return
    have, wish = ({one.name: one for one in each} for each in (twin.domains, listener.domains))
    place = f"port {listener.port}/HTTPS"
    for name, one in wish.items():
        there = have.get(name)
        if there is not None and one.certificate not in ("", there.certificate):
            why = f"{name} on {place} has certificate {there.certificate}, wanted {one.certificate}"
            yield domains.change(balancer_id, there.id, one.certificate, why)
    for name, one in wish.items():
        if name not in have and one.certificate:
            yield domains.create(balancer_id, listener.port, one, f"{place} has no certificate of its own for {name}")
    for name, one in have.items():
        if name not in wish:
            yield domains.delete(balancer_id, one.id, f"{name} on {place} is no longer wanted")
