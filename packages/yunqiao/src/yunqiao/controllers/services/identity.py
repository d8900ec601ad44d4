"""Who a Service is to the cloud: its mark on parts, its name and tags on the balancer, and what is ours at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from yunqiao.controllers.services.record import BALANCER_LABEL, Record
from yunqiao.model.balancer import Absent, Balancer
from yunqiao.model.cluster import Service
from yunqiao.model.keys import Owner, balancer_name

OWNER_TAG = "kubernetes.do.not.delete"
CLUSTER_TAG = "ack.aliyun.com"
FINALIZER = "service.k8s.alibaba/resources"
OTHER_CLASS = "service.beta.kubernetes.io/class"
TUNNEL = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-tunnel-type"
TYPE = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-type"
"""Says as much as a load-balancer class, where the feature gate LoadBalancerTypeAnnotation is on."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One Service as an owner.

    `recorded` is the balancer id it is known to have had, empty if none; `attempt` is the attempt to make one that is
    under way. `borrowed` is the id of somebody else's balancer that it is to use, or uses already; `asked` is the id
    that the annotation names now, and `shared` are the groups there that it is to fill. `access` names the access
    control list that it may have, and is empty for one that never asked for any.
    """

    uid: str
    owner: Owner
    recorded: str = ""
    attempt: str = ""
    borrowed: str = ""
    asked: str = ""
    shared: tuple[str, ...] = ()
    access: str = ""

    @property
    def name(self) -> str:
        """The balancer's default name, and the value of its ownership tag."""
        return balancer_name(self.uid)

    @property
    def list_name(self) -> str:
        """The name of an access control list for this Service's source ranges."""
        return self.owner.key("source-ranges")

    @property
    def tags(self) -> dict[str, str]:
        """What marks a balancer as this Service's."""
        return {OWNER_TAG: self.name, CLUSTER_TAG: self.owner.cluster}

    def on(self, seen: Balancer | Absent) -> "Identity":
        """The same Service on its balancer with a cluster id of its own: that one is kept, so keys stay as they are."""
        cluster = seen.tags.get(CLUSTER_TAG) if isinstance(seen, Balancer) and self.holds(seen) else None
        return replace(self, owner=replace(self.owner, cluster=cluster)) if cluster else self

    def holds(self, balancer: Balancer) -> bool:
        """Whether that balancer is ours: by its tag, or by its name when nobody has tagged it."""
        tag = balancer.tags.get(OWNER_TAG, "")
        return tag == self.name or (not tag and balancer.attributes.get("LoadBalancerName") == self.name)

    def owns_list(self, name: str, tags: Mapping[str, str]) -> bool:
        """Whether an access control list of that name and tags is ours."""
        return name == self.list_name or (name == self.access and tags.get(OWNER_TAG) == self.name)

    def borrows(self, balancer: Balancer) -> bool:
        """Whether that balancer is somebody else's, and this Service has its parts there, or is to have them."""
        return balancer.id in (self.borrowed, self.asked) and not self.holds(balancer)


def identity(service: Service, cluster: str, noted: Record, asked: str = "", shared: tuple[str, ...] = ()) -> Identity:
    """This Service in a cluster of that id; a Service stays with the balancer that it has until it goes."""
    meta = service.metadata
    owner = Owner(meta.name, meta.namespace, cluster)
    recorded = noted.balancer or meta.labels.get(BALANCER_LABEL, "")
    borrowed = (recorded or asked) if noted.borrowed or asked else ""
    made = Identity(meta.uid, owner, recorded, noted.attempt, borrowed, asked, shared, noted.access)
    return (
        replace(made, access=made.list_name) if service.spec.load_balancer_source_ranges and not made.access else made
    )


def made_by_kubernetes(balancer: Balancer) -> bool:
    """Whether a cluster made that balancer for one of its Services (or for its API server)."""
    return OWNER_TAG in balancer.tags or CLUSTER_TAG in balancer.tags


def wants_balancer(service: Service) -> bool:
    """Whether this Service asks for a classic load balancer."""
    spec, annotations = service.spec, service.metadata.annotations
    elsewhere = spec.load_balancer_class is not None or TUNNEL in annotations or annotations.get(OTHER_CLASS)
    return spec.type == "LoadBalancer" and not elsewhere


def classed(service: Service) -> Service:
    """The Service with the class that its annotation loadbalancer-type stands for, so that it is left to that one.

    For clusters with the feature gate LoadBalancerTypeAnnotation. As in the incumbent any type but none is another
    controller's, and a class that the spec names itself counts more.
    """
    kind = service.metadata.annotations.get(TYPE, "")
    if not kind or service.spec.type != "LoadBalancer" or service.spec.load_balancer_class is not None:
        return service
    return structs.replace(service, spec=structs.replace(service.spec, load_balancer_class=f"alibabacloud.com/{kind}"))


def is_going(service: Service) -> bool:
    """Whether what was made for this Service is to go: it is deleted, or asks for no balancer of ours any more."""
    return service.metadata.deletion_timestamp is not None or not wants_balancer(service)


def has_finalizer(service: Service) -> bool:
    """Whether we may have made something for this Service."""
    return FINALIZER in service.metadata.finalizers
