"""Cluster addresses and node ports: each is given to one Service at a time.

What is taken follows from the stored Services, so a refused or dry-run write takes nothing and a deleted Service frees
all it had. https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/
"""

import itertools
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network, ip_address
from typing import TypeVar

from kubesim.api.rules.services import complete_families, needs_address, needs_health_port, needs_node_ports
from kubesim.errors import Cause, StatusError, wrong
from kubesim.objects import Object
from kubesim.storage import Change

SERVICES = "services"

T = TypeVar("T")


class Allocation:
    """What the cluster has to give: one range of addresses, one of ports."""

    def __init__(self, addresses: str = "10.96.0.0/16", ports: range = range(30000, 32768)) -> None:
        self._network = IPv4Network(addresses)
        self._ports = ports
        self._taken_addresses: set[str] = set()
        self._taken_ports: set[int] = set()
        self._next_address = itertools.cycle(range(10, self._network.num_addresses - 1))
        self._next_port = itertools.cycle(ports)

    def follow(self, change: Change) -> None:
        """Note what a write took and freed."""
        if change.resource != SERVICES:
            return
        if change.previous is not None:
            self._taken_addresses -= _addresses(change.previous["spec"])
            self._taken_ports -= _ports(change.previous["spec"])
        if change.action != "DELETED":
            self._taken_addresses |= _addresses(change.object["spec"])
            self._taken_ports |= _ports(change.object["spec"])

    def assign(self, obj: Object, old: Object | None) -> list[Cause]:
        """Give the Service what its type needs and it does not have yet; what it asks for must be free."""
        spec, before = obj["spec"], old["spec"] if old else {}
        if needs_address(spec):
            complete_families(spec)
        causes = list(self._assign_address(spec, _addresses(before))) if needs_address(spec) else []
        held = _ports(before)
        if needs_node_ports(spec) or any(port.get("nodePort") for port in spec.get("ports") or ()):
            causes += self._assign_node_ports(spec, held)
        if needs_health_port(spec):
            causes += self._assign_health_port(spec, held)
        return causes

    def _assign_address(self, spec: Object, held: set[str]) -> Iterator[Cause]:
        wanted = spec.get("clusterIP")
        if wanted == "None" or wanted in held:
            return
        if not wanted:
            spec["clusterIP"] = self._free_address()
            spec["clusterIPs"] = [spec["clusterIP"]]
        elif ip_address(wanted) not in self._network:
            words = f"provided IP is not in the valid range. The range of valid IPs is {self._network}"
            yield wrong("spec.clusterIPs", spec["clusterIPs"], f"failed to allocate IP {wanted}: {words}")
        elif wanted in self._taken_addresses:
            words = f"failed to allocate IP {wanted}: provided IP is already allocated"
            yield wrong("spec.clusterIPs", spec["clusterIPs"], words)

    def _assign_node_ports(self, spec: Object, held: set[int]) -> Iterator[Cause]:
        given: dict[int, int] = {port["port"]: port["nodePort"] for port in spec["ports"] if port.get("nodePort")}
        for place, port in enumerate(spec["ports"]):
            wanted = port.get("nodePort")
            if wanted:
                yield from self._check_port(f"spec.ports[{place}].nodePort", wanted, held)
            elif needs_node_ports(spec):
                if port["port"] not in given:
                    given[port["port"]] = self._free_port(avoid=set(given.values()))
                port["nodePort"] = given[port["port"]]

    def _assign_health_port(self, spec: Object, held: set[int]) -> Iterator[Cause]:
        wanted = spec.get("healthCheckNodePort")
        if wanted:
            yield from self._check_port("spec.healthCheckNodePort", wanted, held)
        else:
            spec["healthCheckNodePort"] = self._free_port(avoid=_ports(spec))

    def _check_port(self, field: str, wanted: int, held: set[int]) -> Iterator[Cause]:
        if wanted not in self._ports:
            first, last = self._ports[0], self._ports[-1]
            words = f"provided port is not in the valid range. The range of valid ports is {first}-{last}"
            yield wrong(field, wanted, words)
        elif wanted in self._taken_ports and wanted not in held:
            yield wrong(field, wanted, "provided port is already allocated")

    def _free_address(self) -> str:
        return _first(
            (str(self._network[place]) for place in self._next_address),
            lambda address: address not in self._taken_addresses,
            self._network.num_addresses,
        )

    def _free_port(self, avoid: set[int]) -> int:
        return _first(
            self._next_port, lambda port: port not in self._taken_ports and port not in avoid, len(self._ports)
        )


def _first(candidates: Iterator[T], free: Callable[[T], bool], tries: int) -> T:
    found = next((each for each in itertools.islice(candidates, tries) if free(each)), None)
    if found is None:
        words = f"failed to allocate: range is full, all {tries} are taken; delete Services that are not needed"
        raise StatusError(500, "InternalError", f"Internal error occurred: {words}")
    return found


def _addresses(spec: Object) -> set[str]:
    return {address for address in spec.get("clusterIPs") or () if address != "None"}


def _ports(spec: Object) -> set[int]:
    ports = {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}
    return ports | ({spec["healthCheckNodePort"]} if spec.get("healthCheckNodePort") else set())
