"""Are the nodes known for what they are, and used? Judged by the node controller's own rules."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from yunqiao.controllers.nodes import identity
from yunqiao.controllers.nodes.aside import word_for
from yunqiao.controllers.nodes.identity import Doubt, Evidence, Gone, Verdict
from yunqiao.controllers.nodes.kinds import UNINITIALIZED, Kind, is_uninitialized, kind_of, readiness
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.install.findings import Finding, Status, broken, listed, ok, said, unchecked, warning
from yunqiao.install.permissions import NODE
from yunqiao.install.sight import Cloud, Cluster, in_the_way, no_objects
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Trouble
from yunqiao.model.instance import Instance
from yunqiao.model.machine import is_kept_out
from yunqiao.settings import Settings

OURS = (Kind.INSTANCE, Kind.UNNAMED)
NOT_CHOSEN = 'nobody writes it: add node to --controllers, or write it with "yunqiao init-node" on the machine'
NOT_SHOWN = (
    "if the machine exists, check region and vpcid; if it is gone, kubectl delete node {name} (the controller does so "
    "when it is certain)"
)
LEFT = (
    "if it has only just joined, look again in a minute; else kubectl describe node {name} and the controller's log "
    "say why"
)
REGISTER_ANEW = "correct the node, or register it anew; kubectl describe node {name} has the Events about it"


def nodes(cluster: Cluster | Trouble, cloud: Cloud | Trouble, settings: Settings) -> Iterator[Finding]:
    """The nodes by kind, then each that something is wrong with."""
    if isinstance(cluster, Trouble) or isinstance(cluster.nodes, Trouble):
        yield unchecked("nodes", no_objects(cluster, "nodes"))
    elif not cluster.nodes:
        yield warning("nodes", "there are none", "let machines join the cluster; see kubectl get nodes")
    elif isinstance(cloud, Trouble):
        yield unchecked("nodes", f"{len(cluster.nodes)} nodes; {in_the_way(cloud)}")
    else:
        yield ok("nodes", _counted(cluster.nodes, cloud.rules.region))
        yield from _known(cluster.nodes, cloud, settings)
        yield from _waiting(cluster, cloud.rules.region, settings)


def _counted(all_nodes: Sequence[Node], region: str) -> str:
    kinds = Counter(kind_of(node, region).value for node in all_nodes)
    counts = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    excluded = [node.metadata.name for node in all_nodes if is_kept_out(node)]
    return counts + (f"; kept out by label: {listed(excluded)}" if excluded else "")


def _known(all_nodes: Sequence[Node], cloud: Cloud, settings: Settings) -> Iterator[Finding]:
    """Each node against what ECS says."""
    asked = [node for node in all_nodes if is_asked_about(node, cloud.rules.region)]
    if cloud.nodes is None:
        yield unchecked("instances of nodes", "because of: access to the cloud")
        return
    rules = Rules(cloud.rules.region, cloud.rules.vpc_id)
    judged = [(node, cloud.nodes.trouble(node) or _verdict(node, cloud.nodes.evidence(), rules)) for node in asked]
    for node, verdict in judged:
        if not isinstance(verdict, Trouble):
            yield from _judged(node, verdict, settings)
    yield from _twins([(node, verdict) for node, verdict in judged if isinstance(verdict, Instance)])
    yield from _unasked(verdict for _, verdict in judged if isinstance(verdict, Trouble))
    if asked and all(isinstance(verdict, Instance) for _, verdict in judged):
        yield ok("instances of nodes", f"each of {len(judged)} nodes is the ECS instance that it should be")


def is_asked_about(node: Node, region: str) -> bool:
    """Whether the node controller asks ECS about it."""
    return kind_of(node, region) in OURS and (is_uninitialized(node) or not is_kept_out(node))


def _verdict(node: Node, evidence: Evidence, rules: Rules) -> Verdict:
    """Which instance a node is, as the node controller decides it."""
    if kind_of(node, rules.region) is Kind.INSTANCE:
        return identity.claimed(node, evidence)
    return identity.found(node, evidence, rules)


def _twins(found: Sequence[tuple[Node, Instance]]) -> Iterator[Finding]:
    """Living nodes that are one and the same instance."""
    first: dict[str, str] = {}
    for node, instance in found:
        if readiness(node) == "Unknown":
            continue
        other = first.setdefault(instance.id, node.metadata.name)
        if other != node.metadata.name:
            text = identity.TWICE.format(id=instance.id, other=other)
            yield said(f"node {node.metadata.name}", Status.BROKEN, text, "")


def _unasked(troubles: Iterable[Trouble]) -> Iterator[Finding]:
    """Nodes that ECS could not be asked about, most often all for one reason."""
    for text, number in Counter(map(str, troubles)).items():
        yield unchecked("instances of nodes", f"{number} nodes: {text}")


def _judged(node: Node, verdict: Verdict, settings: Settings) -> Iterator[Finding]:
    name = node.metadata.name
    match verdict:
        case Doubt(text):
            yield said(f"node {name}", Status.BROKEN, text, REGISTER_ANEW.format(name=name))
        case Gone(instance):
            found = f'its providerID "{node.spec.provider_id}" names {instance}, which ECS does not show'
            yield broken(f"node {name}", found, NOT_SHOWN.format(name=name))
        case Instance() if not node.spec.provider_id:
            found = f"has no providerID yet; it is the ECS instance {verdict.id}"
            writes = "the controller writes it as soon as it runs; nothing to do"
            yield warning(f"node {name}", found, writes if NODE in settings.controllers else NOT_CHOSEN)


def _waiting(cluster: Cluster, region: str, settings: Settings) -> Iterator[Finding]:
    """Nodes on which nothing may run yet."""
    for node in cluster.nodes if not isinstance(cluster.nodes, Trouble) else ():
        if is_uninitialized(node):
            yield _uninitialized(node, region, settings, leads=cluster.leads)


def _uninitialized(node: Node, region: str, settings: Settings, *, leads: bool) -> Finding:
    check, kind = f"taint of node {node.metadata.name}", kind_of(node, region)
    found = f"nothing may run there: it has the taint {UNINITIALIZED}"
    if kind not in (*OURS, Kind.LINGJUN):
        return said(check, Status.WARNING, word_for(kind, node.spec.provider_id, region), "")
    if NODE not in settings.controllers:
        return broken(check, found, "add node to --controllers: its controller takes the taint away")
    if leads:
        return broken(check, f"{found} although a controller leads", LEFT.format(name=node.metadata.name))
    return warning(check, found, "the controller takes it away once it runs")
