"""What the cluster's owner has set for all Services, from flags, configuration and instance metadata."""

from dataclasses import dataclass, field

from yunqiao.controllers.services.drift import Policies


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds where a Service says nothing else.

    `cluster` is the cluster id in marks; VPC, vSwitches (in the order to try them) and resource group are where new
    balancers go (the first two empty: where the nodes are); `eni` says that pods are backends themselves.
    """

    cluster: str
    region: str = ""
    vpc_id: str = ""
    vswitch_ids: tuple[str, ...] = ()
    resource_group_id: str = ""
    disable_public: bool = False
    eni: bool = False
    drift: Policies = field(default_factory=Policies)
