"""What the classic load balancer service holds: balancers with their listeners, server groups and tags."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

Value = str | int | bool

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Backend:
    """One server of a group. `server_ip` is empty for an instance, the address in use for a network interface."""

    server_id: str
    port: int
    weight: int = 100
    type: str = "ecs"
    server_ip: str = ""
    description: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes it one server of the group, and no other."""
        return self.server_id, self.server_ip, self.port


@dataclass(slots=True)
class ServerGroup:
    """A VServer group of one balancer; backends by their key, in the order in which they were added."""

    id: str
    load_balancer_id: str
    name: str
    created: datetime
    backends: dict[tuple[str, str, int], Backend] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class DomainExtension:
    """A further domain of an HTTPS listener."""

    id: str
    domain: str
    server_certificate_id: str


@dataclass(slots=True)
class Listener:
    """A listener; `settings` has the wire's names (see settings.py), `status` is `running` or `stopped`."""

    load_balancer_id: str
    protocol: str
    port: int
    settings: dict[str, Value]
    status: str = "stopped"
    tags: dict[str, str] = field(default_factory=dict)
    domain_extensions: dict[str, DomainExtension] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id under which tag actions know it."""
        return f"{self.load_balancer_id}_{self.protocol}_{self.port}"


@dataclass(slots=True)
class LoadBalancer:
    """A CLB instance; listeners by protocol and port, groups by id."""

    resource_type: ClassVar[str] = "load-balancer"
    id: str
    name: str
    address: str
    address_type: str
    created: datetime
    address_ip_version: str = "ipv4"
    vpc_id: str = ""
    vswitch_id: str = ""
    master_zone_id: str = ""
    slave_zone_id: str = ""
    resource_group_id: str = ""
    spec: str = ""
    instance_charge_type: str = "PayBySpec"
    internet_charge_type: str = "paybytraffic"
    bandwidth: int = 5120
    delete_protection: str = "off"
    modification_protection_status: str = "NonProtection"
    modification_protection_reason: str = ""
    pay_type: str = "PayOnDemand"
    status: str = "active"
    busy_until: datetime = LONG_AGO
    tags: dict[str, str] = field(default_factory=dict)
    listeners: dict[tuple[str, int], Listener] = field(default_factory=dict)
    groups: dict[str, ServerGroup] = field(default_factory=dict)

    @property
    def network_type(self) -> str:
        """`vpc` for a balancer inside a VPC, `classic` for one on the internet."""
        return "vpc" if self.vpc_id else "classic"


@dataclass(slots=True)
class Certificate:
    """A server certificate; `pem` and `private_key` are for its listeners, "" when it was never uploaded."""

    id: str
    name: str
    fingerprint: str
    common_name: str
    alternative_names: list[str]
    created: datetime
    expires: datetime
    resource_group_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    pem: str = ""
    private_key: str = field(default="", repr=False)


@dataclass(slots=True)
class CaCertificate:
    """The certificate of an authority that signs client certificates."""

    id: str
    name: str
    fingerprint: str
    common_name: str
    created: datetime
    expires: datetime
    resource_group_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    pem: str = ""


@dataclass(slots=True)
class AccessControlList:
    """A list of CIDR blocks (with a comment each) that listeners let in or keep out.

    `busy_until` is when its latest change of entries has taken effect.
    """

    id: str
    name: str
    created: datetime
    address_ip_version: str = "ipv4"
    resource_group_id: str = ""
    busy_until: datetime = LONG_AGO
    entries: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """Everything of the product.

    `groups` are those of all balancers, `attachments` counts for each server the backends that it is.
    `busy_seconds` is how long a balancer refuses further writes after one; `zones` are those of the region (empty:
    two are made up); `tokens` remembers each ClientToken's request and answer.
    """

    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict)
    groups: dict[str, ServerGroup] = field(default_factory=dict)
    attachments: Counter[str] = field(default_factory=Counter)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    ca_certificates: dict[str, CaCertificate] = field(default_factory=dict)
    access_control_lists: dict[str, AccessControlList] = field(default_factory=dict)
    busy_seconds: float = 0.0
    zones: list[str] = field(default_factory=list)
    tokens: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)

    def find(self, resource_id: str) -> Any | None:
        """Return the balancer, group, certificate or access control list with that id, or None."""
        return (
            self.load_balancers.get(resource_id)
            or self.groups.get(resource_id)
            or self.certificates.get(resource_id)
            or self.ca_certificates.get(resource_id)
            or self.access_control_lists.get(resource_id)
        )

    def add_group(self, group: ServerGroup) -> None:
        """Give a balancer a group, which may have backends already."""
        self.groups[group.id] = self.load_balancers[group.load_balancer_id].groups[group.id] = group
        self.attachments.update(backend.server_id for backend in group.backends.values())

    def remove_group(self, group: ServerGroup) -> None:
        """Take a group away from its balancer."""
        self.set_backends(group, {})
        del self.groups[group.id], self.load_balancers[group.load_balancer_id].groups[group.id]

    def set_backends(self, group: ServerGroup, backends: dict[tuple[str, str, int], Backend]) -> None:
        """Replace the backends of a group."""
        self.attachments.subtract(backend.server_id for backend in group.backends.values())
        self.attachments.update(backend.server_id for backend in backends.values())
        group.backends = backends

    def remove_load_balancer(self, balancer: LoadBalancer) -> None:
        """Delete a balancer with its groups and listeners."""
        for group in list(balancer.groups.values()):
            self.remove_group(group)
        del self.load_balancers[balancer.id]
