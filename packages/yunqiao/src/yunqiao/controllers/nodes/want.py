"""What is to stand on a node that is known to be an instance. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from yunqiao.controllers.nodes.addresses import wanted_addresses
from yunqiao.controllers.nodes.kinds import condition, is_uninitialized, readiness
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.model.cluster import Node, NodeAddress
from yunqiao.model.instance import Instance, InstanceId, write_provider_id
from yunqiao.model.machine import is_kept_out

CHARGE_TYPE = "node.alibabacloud.com/instance-charge-type"
"""The label that nobody but a controller that was shown the instance can know."""
POOL_TAG = "ack.alibabacloud.com/nodepool-id"
STOPPED = "Stopped"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A node as it should be; labels that are not named here are others'.

    `unrouted` asks for the condition NetworkUnavailable before the node may be used, `unchecked` names the network
    interface whose source/destination check must be off before that, `shut_down` asks for the shutdown taint.
    """

    provider_id: str
    addresses: tuple[NodeAddress, ...]
    labels: Mapping[str, str]
    unrouted: bool = False
    unchecked: str = ""
    shut_down: bool = False


def want(node: Node, instance: Instance, rules: Rules) -> Wanted:
    """Say what the node should be. Raises Refused for a --node-ip that its instance does not have."""
    joins = is_uninitialized(node)
    routed = condition(node, "NetworkUnavailable") == "False"
    return Wanted(
        provider_id=node.spec.provider_id or write_provider_id(InstanceId(rules.region, instance.id)),
        addresses=wanted_addresses(node, instance, ipv6=rules.ipv6),
        labels={label: value for label, value in labels(instance).items() if value},
        unrouted=joins and rules.routes and not routed and not is_kept_out(node),
        unchecked=instance.interface_id if joins and not rules.checks_stay else "",
        shut_down=instance.status == STOPPED and readiness(node) != "True",
    )


def labels(instance: Instance) -> Mapping[str, str]:
    """The labels that an instance gives its node, the well-known ones under their old names too; some may be empty.

    https://kubernetes.io/docs/reference/labels-annotations-taints/
    """
    return {
        **dict.fromkeys(("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"), instance.type),
        **dict.fromkeys(("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"), instance.zone),
        **dict.fromkeys(("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"), instance.region),
        CHARGE_TYPE: instance.charge_type,
        "node.alibabacloud.com/spot-strategy": instance.spot_strategy,
        "node.alibabacloud.com/nodepool-id": instance.tags.get(POOL_TAG, ""),
    }
