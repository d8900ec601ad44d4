"""Which rights does `run` need? Declared once: what the cluster must allow, and what the cloud must allow.

RBAC: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ ; RAM actions are named `product:Action`:
https://www.alibabacloud.com/help/en/ram/user-guide/policy-elements. The end-to-end tests hold both lists to what the
controllers really do.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

PRODUCTS = ("slb", "ecs", "vpc")
"""The products that are called."""
SERVICE, NODE, ROUTE = "service", "node", "route"
ALL = frozenset({SERVICE, NODE, ROUTE})
"""Controllers, by their names in --controllers."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What RBAC must allow for some controllers; `namespace` and `name` narrow it where that is all that is needed.

    `without` says what happens where it is missing and the controller goes on all the same. One that is `instead_of`
    another (a resource) is needed only where that other is missing.
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    controllers: frozenset[str] = ALL
    namespace: str = ""
    name: str = ""
    without: str = ""
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Right:
    """One verb of a rule: what a SelfSubjectAccessReview asks about."""

    verb: str
    rule: Rule


RULES = (
    Rule("", "services", ("list", "watch")),
    Rule("", "services", ("patch",), frozenset({SERVICE})),
    Rule("", "services/status", ("patch",), frozenset({SERVICE})),
    Rule("", "nodes", ("list", "watch")),
    Rule("", "nodes", ("get",), frozenset({ROUTE})),
    Rule("", "nodes", ("patch", "delete"), frozenset({NODE})),
    Rule("", "nodes/status", ("patch",), frozenset({NODE, ROUTE})),
    Rule("", "events", ("create", "patch"), without="nothing that is done or refused is told in Events"),
    Rule("discovery.k8s.io", "endpointslices", ("list", "watch"), without="Endpoints are read instead"),
    Rule("", "endpoints", ("list", "watch"), instead_of="endpointslices"),
    Rule("", "pods", ("get",), frozenset({SERVICE}), without="pods that wait with a readiness gate stay unready"),
    Rule(
        "", "pods/status", ("patch",), frozenset({SERVICE}), without="pods that wait with a readiness gate stay unready"
    ),
)
IDENTITY = (
    Rule(
        "",
        "namespaces",
        ("get",),
        name="kube-system",
        without="the Service default/kubernetes gives the cluster its id",
    ),
    Rule("", "services", ("get",), namespace="default", name="kubernetes", instead_of="namespaces"),
)
"""Where the cluster's id comes from, unless one is configured."""


def rights(controllers: Collection[str], lease: tuple[str, str], legacy_lock: str, *, has_id: bool) -> Sequence[Right]:
    """All that these controllers ask for; `lease` is (namespace, name) of the Lease, ("", "") when none is taken."""
    rules = [*RULES, *(() if has_id else IDENTITY), *_locks(lease, legacy_lock)]
    return [Right(verb, rule) for rule in rules if rule.controllers & set(controllers) for verb in rule.verbs]


def _locks(lease: tuple[str, str], legacy_lock: str) -> Iterator[Rule]:
    namespace, name = lease
    kinds = [("coordination.k8s.io", "leases"), *([("", legacy_lock)] if legacy_lock else [])]
    for group, resource in kinds if name else []:
        yield Rule(group, resource, ("get", "update"), namespace=namespace, name=name)
        yield Rule(group, resource, ("create",), namespace=namespace)


def written(rule: Rule, verbs: Iterable[str]) -> str:
    """The rule as a Role has it."""
    named = f', resourceNames: ["{rule.name}"]' if rule.name else ""
    listed = ", ".join(f'"{verb}"' for verb in verbs)
    return f'{{apiGroups: ["{rule.group}"], resources: ["{rule.resource}"]{named}, verbs: [{listed}]}}'


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the cloud that some controllers call."""

    product: str
    name: str
    controllers: frozenset[str]

    def __str__(self) -> str:
        """As a RAM policy names it."""
        return f"{self.product}:{self.name}"


def _actions(product: str, names: str, *controllers: str) -> tuple[Action, ...]:
    return tuple(Action(product, name, frozenset(controllers)) for name in names.split())


READS = (
    *_actions("slb", "DescribeLoadBalancers DescribeLoadBalancerListeners DescribeVServerGroups", SERVICE),
    *_actions("slb", "DescribeVServerGroupAttribute DescribeHealthStatus DescribeServerCertificates", SERVICE),
    *_actions("slb", "DescribeDomainExtensions DescribeAccessControlLists", SERVICE),
    *_actions("slb", "DescribeAccessControlListAttribute", SERVICE),
    *_actions("vpc", "DescribeEipAddresses", SERVICE),
    *_actions("ecs", "DescribeInstances", NODE, ROUTE),
    *_actions("ecs", "DescribeNetworkInterfaces", NODE, SERVICE),
    *_actions("vpc", "DescribeVpcAttribute", SERVICE),
    *_actions("vpc", "DescribeVSwitches DescribeRouteTableList DescribeRouteEntryList", ROUTE),
)
"""Actions that only look."""
PROTOCOLS = ("TCP", "UDP", "HTTP", "HTTPS")
WRITES = (
    *_actions("slb", "CreateLoadBalancer DeleteLoadBalancer SetLoadBalancerName TagResources UntagResources", SERVICE),
    *_actions("slb", "SetLoadBalancerDeleteProtection SetLoadBalancerModificationProtection", SERVICE),
    *_actions("slb", "ModifyLoadBalancerInternetSpec ModifyLoadBalancerInstanceChargeType", SERVICE),
    *_actions("slb", "ModifyLoadBalancerInstanceSpec", SERVICE),
    *_actions("slb", " ".join(f"CreateLoadBalancer{one}Listener" for one in PROTOCOLS), SERVICE),
    *_actions("slb", " ".join(f"SetLoadBalancer{one}ListenerAttribute" for one in PROTOCOLS), SERVICE),
    *_actions("slb", "StartLoadBalancerListener DeleteLoadBalancerListener", SERVICE),
    *_actions("slb", "CreateVServerGroup DeleteVServerGroup SetVServerGroupAttribute", SERVICE),
    *_actions("slb", "AddVServerGroupBackendServers RemoveVServerGroupBackendServers", SERVICE),
    *_actions("slb", "ModifyVServerGroupBackendServers", SERVICE),
    *_actions("slb", "CreateAccessControlList DeleteAccessControlList", SERVICE),
    *_actions("slb", "AddAccessControlListEntry RemoveAccessControlListEntry", SERVICE),
    *_actions("slb", "CreateDomainExtension SetDomainExtensionAttribute DeleteDomainExtension", SERVICE),
    *_actions("ecs", "ModifyNetworkInterfaceAttribute", NODE),
    *_actions("vpc", "CreateRouteEntries DeleteRouteEntries ModifyRouteEntry", ROUTE),
)
"""Actions that change something, which cannot be tried without changing something."""


def needed(actions: Iterable[Action], controllers: Collection[str]) -> tuple[Action, ...]:
    """Those that these controllers call."""
    return tuple(one for one in actions if one.controllers & set(controllers))


def statement(actions: Iterable[Action]) -> str:
    """The statement of a RAM policy that allows them."""
    allowed: Mapping[str, object] = {"Effect": "Allow", "Action": [str(one) for one in actions], "Resource": "*"}
    return json.dumps(allowed)
