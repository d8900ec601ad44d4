"""The links of the chain that explanation.py looks at, in the order in which they hang together.

Service -> controller -> load balancer -> for each port: listener -> server group -> backends with their health ->
endpoints; at the end the address that clients use. Pure.
"""

from collections.abc import Iterator, Sequence

from yunqiao.controllers.services import record
from yunqiao.controllers.services.explanation import Cause, Explanation, Facts, Holder, Link, Mark
from yunqiao.controllers.services.identity import has_finalizer, is_going, wants_balancer
from yunqiao.controllers.services.port_links import instance_of, mark, port_links
from yunqiao.controllers.services.publish import CONDITION
from yunqiao.controllers.services.record import ANNOTATION
from yunqiao.controllers.services.triggers import key_of
from yunqiao.model.balancer import Balancer
from yunqiao.model.candidate import CONTROL_PLANE, EXCLUDED, LEAVING
from yunqiao.model.cluster import Node, Service
from yunqiao.model.errors import Refused, Trouble
from yunqiao.options.declare import PREFIXES

OK, BROKEN, UNKNOWN = Mark.OK, Mark.BROKEN, Mark.UNKNOWN


def chain(facts: Facts) -> Explanation:
    """Every link, from the Service to its pods."""
    service = facts.snapshot.service
    links = [*_service(facts), *_controller(facts.around.lease), *_balancer(facts)]
    if wants_balancer(service):
        links += [link for port in service.spec.ports for link in port_links(facts, port)]
        links += _left_out(facts)
        links += _address(facts)
    return Explanation(key_of(service), tuple(links))


def out_of_reach(key: str, trouble: Trouble) -> Explanation:
    """The chain ends before it begins: the cluster or the cloud's credentials could not be used."""
    return Explanation(key, (_failed(0, "access", trouble, Cause.KUBERNETES),))


def _failed(depth: int, what: str, trouble: Trouble, cause: Cause) -> Link:
    """A look that failed; what must be done about a refusal stands in its own text (the RAM action, the RBAC rule)."""
    permanent = isinstance(trouble, Refused)
    again = "" if permanent else "try again; if it stays so, check network, endpoints and --network=vpc or public"
    return Link(depth, what, str(trouble), BROKEN, cause, again or "do what the message says")


def _service(facts: Facts) -> Iterator[Link]:
    service = facts.snapshot.service
    spec, annotations = service.spec, service.metadata.annotations
    kind = f"type {spec.type}" + (f", class {spec.load_balancer_class}" if spec.load_balancer_class else "")
    if is_going(service):
        text, advice = "is going, or asks for no classic load balancer", "set type: LoadBalancer, without another class"
        yield Link(0, f"Service {key_of(service)}", f"{kind}; {text}", BROKEN, Cause.KIND, advice)
        return
    yield Link(0, f"Service {key_of(service)}", f"{kind}, externalTrafficPolicy {spec.external_traffic_policy}")
    asked = [f"{key.removeprefix(prefix)}={value}" for prefix in PREFIXES for key, value in annotations.items()
             if key.startswith(prefix)]  # fmt: skip
    yield from _wishes(facts.rehearsal.problems, asked)
    yield Link(1, "finalizer", "is set" if has_finalizer(service) else "is not set yet", mark(has_finalizer(service)))
    yield _note(service)
    condition = next((one for one in service.status.conditions if one.type == CONDITION), None)
    if condition is not None:
        text = condition.message or condition.status
        yield Link(1, f"condition {CONDITION}", text, OK if condition.status == "True" else UNKNOWN)


def _wishes(problems: Sequence[str], asked: Sequence[str]) -> Iterator[Link]:
    advice = "correct the annotation or the port that is named; `yunqiao annotations` has all of them"
    if not problems:
        yield Link(1, "annotations", ", ".join(asked) or "none")
    for problem in problems:
        yield Link(1, "annotations", problem, BROKEN, Cause.WISHES, advice)


def _note(service: Service) -> Link:
    noted = record.read(service)
    if ANNOTATION not in service.metadata.annotations:
        return Link(1, "record", "none yet", UNKNOWN)
    state = "a change is under way" if noted.dirty else "all that was asked for has been applied"
    return Link(1, "record", f"load balancer {noted.balancer or 'not known'}, {state}", mark(not noted.dirty))


def _controller(lease: Holder | str | None) -> Iterator[Link]:
    advice = "start the controller, or see its log: kubectl -n kube-system logs -l app=cloud-controller-manager"
    if isinstance(lease, str):
        yield Link(0, "controller", lease, UNKNOWN)
    elif lease is None:
        text = "not running: its Lease is absent"
        yield Link(0, "controller", text, BROKEN, Cause.CONTROLLER, advice)
    elif not lease.works:
        holder = f"{lease.identity or 'nobody'} holds its Lease"
        text = f"not running: {holder}, renewed {lease.age:.0f} s ago for {lease.duration:.0f} s"
        yield Link(0, "controller", text, BROKEN, Cause.CONTROLLER, advice)
    else:
        yield Link(0, "controller", f"{lease.identity} leads, renewed {lease.age:.0f} s ago")


def _balancer(facts: Facts) -> Iterator[Link]:
    seen, trouble = facts.seen, facts.rehearsal.trouble
    if seen is None and trouble is not None:
        yield _failed(0, "load balancer", trouble, Cause.CLOUD)
    elif seen is None:
        yield _no_balancer(facts)
    else:
        yield _there(facts, seen)
        calls = len(facts.rehearsal.acts)
        behind = f"{calls} calls away from what is asked for; `yunqiao plan service` tells them"
        yield Link(1, "state", behind if calls else "as asked for", mark(not calls))


def _no_balancer(facts: Facts) -> Link:
    service = facts.snapshot.service
    noted = record.read(service).balancer
    if is_going(service):
        return Link(0, "load balancer", "none")
    if facts.rehearsal.problems:
        return Link(0, "load balancer", f"{noted or 'none'}; not looked for while a wish is unclear", UNKNOWN)
    if noted:
        text = f"{noted} is not in region {facts.region}"
        advice = "check the region in the cloud-config and whether somebody deleted it"
        return Link(0, "load balancer", text, BROKEN, Cause.REGION, advice)
    why = "wait for the controller to make it, or see the Service's Events: kubectl describe service"
    return Link(0, "load balancer", f"there is none in region {facts.region} yet", BROKEN, Cause.BALANCER, why)


def _there(facts: Facts, seen: Balancer) -> Link:
    kind = seen.attributes.get("AddressType", "")
    text = f"{seen.id}, {kind} {seen.address}".replace("  ", " ")
    if isinstance(facts.status, Trouble):
        return Link(0, "load balancer", f"{text}; its status: {facts.status}", UNKNOWN)
    if facts.status in ("", "active"):
        return Link(0, "load balancer", f"{text}, {facts.status or 'status not told'}", mark(bool(facts.status)))
    advice = "activate it in the console; a locked one waits for a payment or for Alibaba Cloud"
    return Link(0, "load balancer", f"{text}, {facts.status}", BROKEN, Cause.BALANCER, advice)


def _left_out(facts: Facts) -> Iterator[Link]:
    """Nodes that take no traffic of any Service, and why."""
    nodes = facts.around.nodes
    reasons = [(node, _why_not(node, facts.doubts.get(node.metadata.name, ""))) for node in nodes]
    if nodes and all(why for _, why in reasons) and not _by_address(facts):
        text = "every node is left out: " + "; ".join(f"{node.metadata.name} {why}" for node, why in reasons)
        advice = "remove the label or taint from some nodes, or mend their providerID"
        yield Link(1, "nodes", text, BROKEN, Cause.NODES, advice)
        return
    for node, why in reasons:
        if why:
            yield Link(1, f"node {node.metadata.name}", f"is no backend: {why}")


def _by_address(facts: Facts) -> bool:
    groups = facts.seen.groups if facts.seen is not None else ()
    return any(one.type == "eni" for each in groups if isinstance(each.backends, tuple) for one in each.backends)


def _why_not(node: Node, doubt: str) -> str:
    """Why a node gets no traffic; empty when it may. Nodes that are not Ready stay while no other is."""
    labels = node.metadata.labels
    barred = next((label for label in (*CONTROL_PLANE, *EXCLUDED) if label in labels), "")
    if barred:
        return f"has the label {barred}"
    if labels.get("type") == "virtual-kubelet":
        return "is virtual; its pods are backends by their own addresses"
    if any(taint.key == LEAVING for taint in node.spec.taints):
        return f"has the taint {LEAVING}"
    if not instance_of(node):
        return f'has the providerID "{node.spec.provider_id}", which names no ECS instance'
    return doubt


def _address(facts: Facts) -> Iterator[Link]:
    """What clients use, and whether a connection from here comes about."""
    service, seen = facts.snapshot.service, facts.seen
    hosts = [one.ip or one.hostname for one in service.status.load_balancer.ingress]
    if not hosts:
        advice = "the controller publishes it once all is applied: see the Service's Events"
        yield Link(0, "address", "none in the Service's status", BROKEN, Cause.ADDRESS, advice)
    for host in hosts:
        yield Link(0, f"address {host}", "published in the Service's status")
    inside = seen is not None and seen.attributes.get("AddressType") == "intranet"
    for (host, port), came in facts.around.reached.items():
        yield _reached(f"{host}:{port}", came=came, inside=inside)


def _reached(place: str, *, came: bool, inside: bool) -> Link:
    if came:
        return Link(1, f"connection to {place}", "comes about from this machine")
    if inside:
        return Link(
            1, f"connection to {place}", "not from this machine; an intranet address is the VPC's alone", UNKNOWN
        )
    advice = "check access control lists of the listener, and firewalls between this machine and the balancer"
    return Link(1, f"connection to {place}", "not reachable from this machine", BROKEN, Cause.ADDRESS, advice)
