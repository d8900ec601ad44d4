"""What is refused of backend servers, and where that is documented (see rules.py for how to read the codes)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yunsim.errors import ApiError
from yunsim.products.slb import rules
from yunsim.products.slb.quotas import quota
from yunsim.products.slb.state import Backend, LoadBalancer, ServerGroup
from yunsim.world import World

TYPES = {"ecs": "instance", "eni": "network-interface", "eci": "network-interface"}
"""Backend type to what serves it; a container instance is found by its own id, and has one network interface."""


@dataclass(frozen=True, slots=True)
class BackendServer:
    """One entry of a `BackendServers` field (JSON; AddVServerGroupBackendServers has the reference)."""

    ServerId: str
    Port: int | None = None
    Weight: int | None = None
    Type: str = ""
    ServerIp: str = ""
    Description: str = ""


def read(world: World, servers: Sequence[BackendServer]) -> list[Backend]:
    """Return well-formed backends of one call.

    Raises ApiError: too many (common: TooManyBackendServers), a bad port, weight or description (common), a bad type
    (BackendServer.InvalidType), the same server and port twice (InvalidParameter; not documented).
    """
    most = rules.DOCUMENTED_BACKENDS_PER_CALL if world.strict else rules.BACKENDS_PER_CALL
    if len(servers) > most:
        raise ApiError(
            400,
            "TooManyBackendServers",
            f"The total number of input real servers exceeds max supported number: {most}",
        )
    backends = [_read(world, server) for server in servers]
    for key, times in Counter(backend.key for backend in backends).items():
        if times > 1:
            raise malformed(f"{key[0]} with port {key[2]} is listed {times} times")
    return backends


def malformed(why: str) -> ApiError:
    """Make the refusal of a list of backends (common: InvalidParameter)."""
    return ApiError(400, "InvalidParameter", f"The specified BackendServers is invalid: {why}.")


def _read(world: World, server: BackendServer) -> Backend:
    if server.Port is None or not 1 <= server.Port <= 65535:
        raise ApiError(
            400,
            "InvalidParameter",
            "The specified BackendServers is invalid, as the Port value should be in [1, 65535].",
        )
    weight = 100 if server.Weight is None else server.Weight
    if not 0 <= weight <= 100:
        raise ApiError(400, "InvalidWeight.Malformed", "A specified weight is not valid.")
    if server.Description and not rules.DESCRIPTION.fullmatch(server.Description):
        raise malformed(f"Description {server.Description!r} is not 1 to 80 of letters, digits and -/._")
    kind = server.Type or _type_of(world, server.ServerId)
    if kind not in TYPES:
        raise ApiError(
            400, "BackendServer.InvalidType", f"The specified Type is invalid: {kind!r} is none of {', '.join(TYPES)}."
        )
    address = "" if kind == "ecs" else server.ServerIp
    return Backend(server.ServerId, server.Port, weight, kind, address, server.Description)


def _type_of(world: World, server_id: str) -> str:
    """Return the default type, `ecs`; an entry of a remove or set may leave out what a network interface is."""
    return "eni" if getattr(world.find(server_id), "resource_type", "") == "network-interface" else "ecs"


def attachable(world: World, owner: LoadBalancer, added: Iterable[Backend]) -> None:
    """Refuse servers that do not exist or are not there to serve (AddVServerGroupBackendServers).

    InvalidServerId.NotFound (common), ResourceNotFound.vServers for interfaces, NetworkConflict for another VPC,
    OperationDeny.LbNotSupportIPv6Server. That a server must be running is on the page without a code; an interface is
    to be in use.
    """
    for backend in added:
        found: Any = world.find(backend.server_id)
        if getattr(found, "resource_type", "") != TYPES[backend.type]:
            raise _missing(backend)
        if owner.vpc_id and found.vpc_id != owner.vpc_id:
            raise ApiError(
                400,
                "NetworkConflict",
                f"there are network conflicts in specified parameter: {backend.server_id} is in {found.vpc_id},"
                f" the load balancer in {owner.vpc_id}.",
            )
        if found.status not in ("Running", "InUse"):
            raise malformed(f"{backend.server_id} is {found.status}")
        if backend.type != "ecs":
            _has_address(found, backend)
            _of_version(owner, backend)


def _of_version(owner: LoadBalancer, backend: Backend) -> None:
    if ":" in backend.server_ip and owner.address_ip_version == "ipv4":
        raise ApiError(
            400, "OperationDeny.LbNotSupportIPv6Server", "The specified loadbalancer does not support ipv6 server."
        )


def _missing(backend: Backend) -> ApiError:
    if backend.type == "ecs":
        return ApiError(404, "InvalidServerId.NotFound", f"The specified ServerId does not exist: {backend.server_id}.")
    return ApiError(404, "ResourceNotFound.vServers", f"The specified enis {backend.server_id} does not exist.")


def _has_address(found: Any, backend: Backend) -> None:
    if not backend.server_ip:
        raise malformed(f"ServerIp is required for {backend.server_id} of type {backend.type}")
    if backend.server_ip not in found.addresses():
        raise malformed(f"{backend.server_ip} is not an address of {backend.server_id}")


def room(world: World, owner: LoadBalancer, group: ServerGroup, new: Mapping[tuple[str, str, int], Backend]) -> None:
    """Refuse what exceeds the quotas of servers.

    InstanceBackendServerNumberOverLimit is the code that the service gives; the reference does not list it. The
    numbers are on the CLB "Limits" page: servers of a balancer (and so of a group), attachments of one server.
    """
    most = quota(world, "slb_quota_backendservers_num")
    others = (key for each in owner.groups.values() if each is not group for key in each.backends)
    servers = {key[:2] for key in others} | {key[:2] for key in new}
    if len(new) > most or len(servers) > most:
        raise _over_limit(f"{owner.id} can have {most} backend servers")
    _attachments(world, group, new)


def _attachments(world: World, group: ServerGroup, new: Mapping[tuple[str, str, int], Backend]) -> None:
    most = quota(world, "slb_quota_backendserver_attached_num")
    more = Counter(key[0] for key in new)
    more.subtract(key[0] for key in group.backends)
    for server_id, count in more.items():
        if count > 0 and rules.state(world).attachments[server_id] + count > most:
            raise _over_limit(f"{server_id} can be attached {most} times")


def _over_limit(what: str) -> ApiError:
    return ApiError(
        400, "InstanceBackendServerNumberOverLimit", f"The number of backend servers exceeds the limit: {what}."
    )
