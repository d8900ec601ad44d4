"""The server groups that a Service wants, and who is in them.

Three modes: Cluster (every chosen node), Local (nodes with pods of the Service), ENI (the pods themselves, by their
network interfaces). Pods on virtual nodes are reached by their interfaces in every mode.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from yunqiao.controllers.services.asked import Address, Asked, Needs, Unready
from yunqiao.controllers.services.candidates import Choice, choose
from yunqiao.controllers.services.clb.options import SELECTING, Options
from yunqiao.controllers.services.clb.weights import HEAVIEST, parted, scaled
from yunqiao.controllers.services.endpoints import Place, places, unready
from yunqiao.controllers.services.gates import gate_of
from yunqiao.model.balancer import UNMANAGED, Backend, Group, Notice
from yunqiao.model.candidate import Candidate
from yunqiao.model.cluster import ServicePort
from yunqiao.model.errors import Refused

Identity = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class _Member:
    """A server with its share of the traffic; its weight is not yet said."""

    backend: Backend
    share: int = 1


def by_interface(asked: Asked[Options]) -> bool:
    """Whether the Service's pods are its backends themselves (ENI mode)."""
    said = asked.parsed.options.backend_type
    return said == "eni" if said else asked.rules.eni


def reference(asked: Asked[Options], port: ServicePort) -> str:
    """What the listener of a port names its group by: somebody else's group by id, our own by name."""
    return _shared(asked, port) or _key(asked, port)


def groups(asked: Asked[Options]) -> tuple[Group, ...]:
    """One group for each node port (ENI mode: target port), or the shared one that is named for it.

    Ports may share a group. Raises Refused when it cannot be said which groups are meant.
    """
    _known_groups(asked)
    unclear = any(problem.suffix in SELECTING for problem in asked.parsed.problems)
    crew = Crew(asked)
    members: dict[str, list[_Member]] = {}
    names: dict[str, str] = {}
    partial: set[str] = set()
    for port in asked.snapshot.service.spec.ports:
        group = reference(asked, port)
        names[group] = "" if _shared(asked, port) else group
        members.setdefault(group, [])
        if not unclear:
            members[group] += crew.members(port)
            partial |= {group} if crew.misses(port) else set()
    keeps = asked.parsed.options.ignore_weight_update == "on"
    common = Group(
        "",
        UNMANAGED,
        lingering=crew.lingering,
        unconfirmed=crew.unconfirmed,
        keeps_weights=keeps,
        revives=keeps and _after_a_drain(asked),
    )
    return tuple(
        replace(
            common,
            name=name,
            id="" if name else group,
            backends=UNMANAGED if unclear else _weighed(asked, members[group], shared=not name),
            partial=group in partial,
        )
        for group, name in names.items()
    )


def needs(asked: Asked[Options]) -> Needs:
    """What must be looked up to say who is in the groups."""
    crew = Crew(asked)
    everybody = [(place, _address(place)) for port in asked.snapshot.service.spec.ports for place in crew.pods(port)]
    waiting = [
        Unready(pod.namespace or asked.who.owner.namespace, pod.name, pod.uid, crew.looked_up(pod.uid, node, texts))
        for pod, node, texts in unready(asked.snapshot.slices, crew.family)
    ]
    return Needs(
        addresses=frozenset(address for place, address in everybody if not place.leaving),
        fading=frozenset(address for place, address in everybody if place.leaving),
        pods=frozenset(waiting),
        gate=gate_of(asked.who.owner.service),
    )


def notices(asked: Asked[Options]) -> Iterator[Notice]:
    """What the Service's owner should know of its backends."""
    if Crew(asked).choice.failed_open and not by_interface(asked):
        text = "no node is Ready: all of them stay in, since that is more likely a fault of the cluster's control plane"
        yield Notice("Warning", "NodesNotReady", text)
    lost, outside = _texts(asked.found.missing), _texts(asked.found.outside)
    if lost:
        text = f"Not sync pods [{lost}] whose eni is invalid: no network interface in use has these addresses"
        yield Notice("Warning", "SkipSyncBackends", f"{text}; no backend is removed until one has")
    if outside:
        yield Notice("Normal", "SkipSyncBackends", f"Not sync pods [{outside}] whose ip is not in vpc cidrs")


def _texts(addresses: Iterable[Address]) -> str:
    return ", ".join(sorted({one.text for one in addresses}))


def _address(place: Place) -> Address:
    return Address(place.address, place.pod)


class Crew:
    """Who could serve one Service, worked out once for all its ports."""

    def __init__(self, asked: Asked[Options]) -> None:
        options = asked.parsed.options
        six = (options.backend_ip_version, options.ip_version) == ("ipv6", "ipv6")
        self.asked = asked
        self.by_interface = by_interface(asked)
        self.local = asked.snapshot.service.spec.external_traffic_policy == "Local"
        self.family = "IPv6" if six and self.by_interface else "IPv4"
        self.choice: Choice = choose(
            asked.snapshot.candidates,
            options.backend_label,
            schedulable_only=options.remove_unscheduled_backend == "on",
        )
        self._virtual = {one.name for one in self.choice.taking.values() if one.virtual}
        self._leaving_virtual = {one.name for one in self.choice.leaving.values() if one.virtual}

    @property
    def lingering(self) -> frozenset[str]:
        """Instances that are to take no more and may finish what they have; of Local mode, those with pods left."""
        if self.by_interface:
            return frozenset()
        leaving = [one for one in self.choice.leaving.values() if not one.virtual]
        if self.local:
            serving = {place.node for port in self.asked.snapshot.service.spec.ports for place in self._places(port)}
            leaving = [one for one in leaving if one.name in serving]
        return frozenset(one.instance for one in leaving)

    @property
    def unconfirmed(self) -> frozenset[str]:
        """Instances of nodes that only say that they are these."""
        return frozenset(one.instance for one in self.choice.taking.values() if not one.confirmed)

    def members(self, port: ServicePort) -> Iterator[_Member]:
        """The servers of a port, those that leave included."""
        key = _key(self.asked, port)
        if not self.by_interface:
            yield from self._nodes(port, key)
        yield from (_Member(one) for place in self.pods(port) if (one := self._direct(place, key)) is not None)

    def ways(self, port: ServicePort) -> Iterator[tuple[str, Backend | None]]:
        """The UID of each pod of a port with the backend that leads to it; None where any of them may.

        Of Local mode there are none: a node's port leads to pods that are ready and to no others.
        """
        direct = {place.address: self._direct(place, "") for place in self.pods(port)}
        for place in self._admitted(port):
            if place.address in direct:
                found = direct[place.address]
                yield from [(place.pod, found)] if found is not None else ()
            elif not self.local:
                yield place.pod, None

    def misses(self, port: ServicePort) -> bool:
        """Whether one that should serve cannot be said, since nobody knows its interface."""
        missing = self.asked.found.missing
        return bool(missing) and any(not one.leaving and _address(one) in missing for one in self.pods(port))

    def pods(self, port: ServicePort) -> Iterator[Place]:
        """The pods that serve a port by their own interfaces."""
        if not (self.by_interface or self._virtual or self._leaving_virtual):
            return
        for place in self._admitted(port):
            if self.by_interface or place.node in self._virtual:
                yield place
            elif place.node in self._leaving_virtual:
                yield replace(place, leaving=True)

    def looked_up(self, pod: str, node: str, texts: Sequence[str]) -> tuple[Address, ...]:
        """What would have to be looked up for a pod, should it be taken."""
        direct = self.by_interface or node in self._virtual
        return tuple(Address(text, pod) for text in texts) if direct else ()

    def _direct(self, place: Place, key: str) -> Backend | None:
        found = self.asked.found.interfaces.get(_address(place))
        if found is None:
            return None
        return Backend(found.id, place.port, 0, key, "eni", found.address, leaving=place.leaving)

    def _nodes(self, port: ServicePort, key: str) -> Iterator[_Member]:
        machines = {name: one for name, one in self.choice.taking.items() if not one.virtual}
        if not self.local:
            yield from (_Member(_machine(one, port, key)) for one in machines.values())
            return
        placed = self._places(port)
        pods: dict[str, int] = {}
        for place in placed:
            pods[place.node] = pods.get(place.node, 0) + (not place.leaving)
        for name, count in pods.items():
            if name in machines:
                yield _Member(replace(_machine(machines[name], port, key), leaving=count == 0), count)

    def _places(self, port: ServicePort) -> Sequence[Place]:
        """Where its ready pods are; with no node Ready the cluster calls all unready, and that is not believed."""
        return places(self.asked.snapshot.slices, port, self.family, lambda _: self.choice.failed_open)

    def _admitted(self, port: ServicePort) -> Sequence[Place]:
        """The same, with pods that wait for nothing but their balancer: it may reach them before they are ready."""
        admits = self.asked.found.admits
        return places(self.asked.snapshot.slices, port, self.family, lambda pod: self.choice.failed_open or admits(pod))


def _machine(node: Candidate, port: ServicePort, key: str) -> Backend:
    return Backend(node.instance, port.node_port, 0, key)


def _weighed(asked: Asked[Options], members: Sequence[_Member], *, shared: bool) -> tuple[Backend, ...]:
    """Each server once, with its weight; those that leave have none."""
    each = {one.backend.identity: one for one in sorted(members, key=lambda one: one.backend.identity)}
    shares = {identity: one.share for identity, one in each.items() if not one.backend.leaving}
    weights = _weights(asked, shares, shared=shared)
    return tuple(replace(one.backend, weight=weights.get(identity, 0)) for identity, one in each.items())


def _weights(asked: Asked[Options], shares: dict[Identity, int], *, shared: bool) -> dict[Identity, int]:
    options = asked.parsed.options
    if shared and options.weight:
        return parted(int(options.weight), shares)
    if asked.snapshot.service.spec.external_traffic_policy == "Local" and not by_interface(asked):
        return scaled(shares)
    return dict.fromkeys(shares, int(options.default_weight or HEAVIEST))


def _after_a_drain(asked: Asked[Options]) -> bool:
    """Whether a drain of ours may have left weights at 0: the last note was not written when all was settled."""
    return asked.noted.dirty or not asked.noted.backends


def _key(asked: Asked[Options], port: ServicePort) -> str:
    """The name of our own group for a port, and the mark on its backends."""
    return asked.who.owner.key((port.target_port or port.port) if by_interface(asked) else port.node_port)


def _shared(asked: Asked[Options], port: ServicePort) -> str:
    """The id of somebody else's group that this port's backends go to; counts on a borrowed balancer only."""
    pairs = asked.parsed.options.vgroup_port if asked.who.borrowed else ()
    return next((group for group, number in pairs if number == port.port), "")


def _known_groups(asked: Asked[Options]) -> None:
    """Where the backends go must be clear before anything is done with them."""
    for problem in asked.parsed.problems:
        if problem.suffix == "vgroup-port" and asked.who.borrowed:
            raise Refused(f"{problem}; the backends stay where they are until then")
