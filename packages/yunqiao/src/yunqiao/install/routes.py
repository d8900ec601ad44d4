"""Do packets to pods find their nodes? Pod ranges, tables and their filling, by the route controller's own rules."""

from collections.abc import Iterator, Mapping, Sequence

from yunqiao.cloud.vpc import Vpc
from yunqiao.controllers.nodes.kinds import kind_of
from yunqiao.controllers.routes.filling import ALMOST, Filling, Level
from yunqiao.controllers.routes.judge import Ground, State, Verdict, grounds
from yunqiao.controllers.routes.publish import Standing, standings
from yunqiao.controllers.routes.rules import Rules
from yunqiao.controllers.routes.seen import Seen
from yunqiao.controllers.routes.want import NO_RANGE, Wanted, Wish, ranges_of, want
from yunqiao.install.findings import Finding, Status, broken, failed, listed, ok, refused, said, unchecked, warning
from yunqiao.install.nodes import OURS
from yunqiao.install.permissions import ROUTE
from yunqiao.install.sight import Cloud, Cluster, in_the_way, no_objects
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Trouble
from yunqiao.model.machine import is_kept_out
from yunqiao.model.route import network
from yunqiao.settings import Settings

RANGES = (
    "start kube-controller-manager with --allocate-node-cidrs=true and --cluster-cidr=RANGE, or let the network plugin "
    "give nodes their ranges; a node that is there already may have to register anew"
)
OUTSIDE_OF_VPC = (
    "give pods a range outside of the VPC's (--cluster-cidr of kube-controller-manager), or, when pods have addresses "
    "of the VPC itself (Terway), set --configure-cloud-routes=false"
)
KNOWN_TO_US = "add --cluster-cidr with the value that kube-controller-manager has"
WAIT = (
    "wait, if the node or the controller has only just come; else kubectl describe node {name} has the Events about it"
)
ONE_VPC = "set vpcid to the VPC that the nodes are in; a cluster has its routes in one VPC"
TABLES = "check routeTableIDs in the cloud-config (Global.routeTableIDs)"


def routes(cluster: Cluster | Trouble, cloud: Cloud | Trouble, settings: Settings) -> Iterator[Finding]:
    """Ranges of pods, tables, and each node that is not reached."""
    if not settings.configure_routes or ROUTE not in settings.controllers:
        off = "--configure-cloud-routes=false" if not settings.configure_routes else "--controllers has no route"
        yield ok("routes", f"not looked after: {off}")
    elif isinstance(cluster, Trouble) or isinstance(cluster.nodes, Trouble):
        yield unchecked("routes", no_objects(cluster, "nodes"))
    elif isinstance(cloud, Trouble):
        yield unchecked("routes", in_the_way(cloud))
    else:
        ours = [one for one in cluster.nodes if kind_of(one, cloud.rules.region) in OURS and not is_kept_out(one)]
        yield _cluster_cidr(settings)
        yield from _ranges(ours, cloud)
        yield from _written(cluster.nodes, cloud, settings)


def _cluster_cidr(settings: Settings) -> Finding:
    if settings.cluster_cidrs:
        return ok("--cluster-cidr", ", ".join(settings.cluster_cidrs))
    return warning("--cluster-cidr", "is not set: whatever pod range a node has is taken for one of it", KNOWN_TO_US)


def _ranges(ours: Sequence[Node], cloud: Cloud) -> Iterator[Finding]:
    """Nodes that have none, and ranges that lie in the VPC's own."""
    without = [node.metadata.name for node in ours if not ranges_of(node)]
    if without:
        yield broken("pod ranges", f"no podCIDR on {listed(without)}", RANGES)
    elif ours:
        yield ok("pod ranges", f"each of {len(ours)} nodes has one")
    own = cloud.vpc.cidrs if isinstance(cloud.vpc, Vpc) else ()
    inside = [f"{cidr} of {node.metadata.name}" for node in ours for cidr in ranges_of(node) if _touches(cidr, own)]
    if inside:
        found = f"{listed(inside)} within the VPC's own range ({', '.join(own)})"
        yield warning("pod ranges and VPC", found, OUTSIDE_OF_VPC)


def _touches(cidr: str, others: Sequence[str]) -> bool:
    one, rest = network(cidr), [found for other in others if (found := network(other)) is not None]
    return one is not None and any(one.version == other.version and one.overlaps(other) for other in rest)


def _written(all_nodes: Sequence[Node], cloud: Cloud, settings: Settings) -> Iterator[Finding]:
    """The tables, and the entries that are wanted there."""
    if isinstance(cloud.place, Trouble):
        yield _no_tables(cloud, cloud.place)
        return
    if isinstance(cloud.tables, Trouble):
        yield failed("route tables", cloud.tables, TABLES)
        return
    rules = Rules(cloud.rules.region, cloud.rules.cluster, cloud.place.vpc_id, cluster_cidrs=settings.cluster_cidrs)
    instances = cloud.nodes.instances if cloud.nodes is not None else {}
    wanted = want(all_nodes, instances, rules, cloud.place)
    judged = grounds(wanted, cloud.tables, rules.cluster, now=0.0)
    where = standings(wanted, judged)
    yield from _tables(cloud.tables, where)
    yield from _nodes(wanted, judged, where)


def _no_tables(cloud: Cloud, trouble: Trouble) -> Finding:
    if isinstance(cloud.vpc_id, Trouble):
        return unchecked("route tables", "because of: VPC")
    return refused("route tables", trouble, TABLES)


def _tables(seen: Seen, where: Mapping[str, Standing]) -> Iterator[Finding]:
    """How full each is."""
    filling = Filling()
    filling.update(seen.tables, where)
    for name, level in sorted(filling.levels.items()):
        problem = seen.tables[name].problem
        yield said(f"route table {name}", Status.BROKEN, problem, TABLES) if problem else _level(name, level)


def _level(name: str, level: Level) -> Finding:
    check = f"route table {name}"
    if level.is_high:
        text = ALMOST.format(table=name, entries=level.entries, limit=level.limit)
        return said(check, Status.WARNING, text, "")
    of_limit = f" of {level.limit}, the documented quota" if level.limit else ""
    return ok(check, f"{level.entries} entries{of_limit}")


def _nodes(wanted: Wanted, judged: Sequence[Ground], where: Mapping[str, Standing]) -> Iterator[Finding]:
    """What is in the way of a node's entries; a node that is doubted is told among the nodes."""
    if where and all(one.routed for one in where.values()):
        yield ok("routes of nodes", f"there for {len(where)} nodes")
    verdicts = (each for ground in judged for each in ground.verdicts)
    yield from dict.fromkeys(_entry(wish, verdict) for wish, verdict in verdicts if verdict.state is not State.THERE)
    for name, text in wanted.aside.items():
        if text != NO_RANGE:  # which is told of all such nodes at once
            yield broken(f"route of node {name}", text, ONE_VPC)


def _entry(wish: Wish, verdict: Verdict) -> Finding:
    check = f"route of node {wish.node}"
    if verdict.state is State.BLOCKED:
        return said(check, Status.BROKEN, verdict.text, TABLES)
    return warning(check, f"{wish.cidr} leads nowhere yet ({verdict.state.value})", WAIT.format(name=wish.node))
