"""The server groups that a Service wants, and who is in them."""

from collections import Counter
from collections.abc import Mapping

from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.candidates import choose
from yunqiao.controllers.services.clb.options import SELECTING, Options
from yunqiao.model.balancer import UNMANAGED, Backend, Group
from yunqiao.model.candidate import Candidate
from yunqiao.model.cluster import ServicePort
from yunqiao.model.snapshot import Snapshot

DEFAULT_WEIGHT = 100


def reference(asked: Asked[Options], port: ServicePort) -> str:
    """What the listener of a port names its group by: somebody else's group by id, our own by name."""
    return _shared(asked, port) or asked.who.owner.key(port.node_port)


def groups(asked: Asked[Options]) -> tuple[Group, ...]:
    """One group for each node port, or the shared one that is named for it; two ports may share a group."""
    unclear = any(problem.suffix in SELECTING for problem in asked.parsed.problems)
    found: dict[str, Group] = {}
    for port in asked.snapshot.service.spec.ports:
        key, shared = asked.who.owner.key(port.node_port), _shared(asked, port)
        backends = UNMANAGED if unclear else _backends(asked, port.node_port, key)
        keeps = asked.parsed.options.ignore_weight_update == "on"
        found[shared or key] = Group("" if shared else key, backends, shared, keeps_weights=keeps)
    return tuple(found.values())


def _shared(asked: Asked[Options], port: ServicePort) -> str:
    """The id of somebody else's group that this port's backends go to; counts on a borrowed balancer only."""
    pairs = asked.parsed.options.vgroup_port if asked.who.borrowed else ()
    return next((group for group, number in pairs if number == port.port), "")


def _nodes(snapshot: Snapshot, options: Options) -> dict[str, Candidate]:
    unscheduled = options.remove_unscheduled_backend == "on"
    return choose(snapshot.candidates, options.backend_label, schedulable_only=unscheduled)


def _backends(asked: Asked[Options], node_port: int, key: str) -> tuple[Backend, ...]:
    """Cluster mode: every candidate node. Local mode: those with ready endpoints, by their number."""
    snapshot, options = asked.snapshot, asked.parsed.options
    nodes = _nodes(snapshot, options)
    if snapshot.service.spec.external_traffic_policy == "Local":
        weights: Mapping[str, int] = {
            node: min(count, 100) for node, count in _ready_endpoints(snapshot).items() if node in nodes
        }
    else:
        weights = dict.fromkeys(nodes, int(options.default_weight or DEFAULT_WEIGHT))
    return tuple(Backend(nodes[node].instance, node_port, weight, key) for node, weight in sorted(weights.items()))


def _ready_endpoints(snapshot: Snapshot) -> Counter[str]:
    """How many distinct ready endpoints each node has; an unknown readiness counts as ready, as the API says."""
    places = {
        (address, endpoint.node_name)
        for one in snapshot.slices
        for endpoint in one.endpoints
        if endpoint.conditions.ready is not False and not endpoint.conditions.terminating and endpoint.node_name
        for address in endpoint.addresses
    }
    return Counter(node for _, node in places)
