"""The nodes file: which hollow nodes there are, in YAML.

    wire: {10.244.0.0/16: 127.244.0.0/16}   # where addresses of pods really listen; {} = there themselves
    nodes:
    - name: worker-1                        # required, unique
      internalIP: 127.16.0.11               # required, unique; in 127.0.0.0/8 unless `wire` is {}
      podCIDR: 10.244.1.0/24                # required; its pods' addresses; inside one prefix of `wire`
      providerID: cn-hangzhou.i-bp1...      # optional, else the Node has none
      systemUUID: 0f3a...                   # optional, else made from the name
      roles: [control-plane]                # optional, labels node-role.kubernetes.io/<role>
      labels: {disk: ssd}                   # optional
      taints: [{key: k, value: v, effect: NoSchedule}]   # optional
      capacity: {cpu: "4", memory: 8Gi, pods: "110"}     # optional, these are the defaults
      kind: normal                          # optional, or virtual-kubelet: serves no NodePort
      unschedulable: false                  # optional
      namespace: i-bp1...                   # optional: a network namespace (`ip netns`) that is the node's machine, for
                                            # its own address and its pods'; `wire` is {} then
      cloudProvider: external               # optional: the node waits for a cloud controller, as kubelets do with that
                                            # flag (and --node-ip); it has no providerID then unless it is given

Without a file there are one control-plane node and three workers. The control-plane node has both role labels and the
taint `node-role.kubernetes.io/master`, as kubeadm gave them up to Kubernetes 1.23, for the sake of manifests that
select them.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import yaml

LOOPBACK = IPv4Network("127.0.0.0/8")
DEFAULT_WIRE = {"10.244.0.0/16": "127.244.0.0/16"}
DEFAULT_CAPACITY = {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "40Gi", "pods": "110"}
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
KINDS = ("normal", "virtual-kubelet")
NODE_KEYS = (
    "name", "internalIP", "podCIDR", "providerID", "systemUUID", "roles", "labels", "taints", "capacity", "kind",
    "unschedulable", "cloudProvider", "namespace",
)  # fmt: skip
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")

MASTER_TAINT = {"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}
DEFAULT_FILE = {
    "nodes": [
        {"name": "control-plane-1", "internalIP": "127.16.0.10", "podCIDR": "10.244.0.0/24",
         "roles": ["control-plane", "master"], "taints": [MASTER_TAINT]},
        {"name": "worker-1", "internalIP": "127.16.0.11", "podCIDR": "10.244.1.0/24"},
        {"name": "worker-2", "internalIP": "127.16.0.12", "podCIDR": "10.244.2.0/24"},
        {"name": "worker-3", "internalIP": "127.16.16.11", "podCIDR": "10.244.3.0/24"},
    ]
}  # fmt: skip


class NodesFileError(ValueError):
    """The nodes file cannot be used; the message names the place, the value, what is allowed and what to do."""


@dataclass(frozen=True)
class NodeSpec:
    """One hollow node as the file describes it."""

    name: str
    internal_ip: str
    pod_cidr: IPv4Network
    provider_id: str = ""
    system_uuid: str = ""
    roles: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()
    capacity: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_CAPACITY))
    kind: Literal["normal", "virtual-kubelet"] = "normal"
    unschedulable: bool = False
    external: bool = False
    namespace: str = ""

    @property
    def serves_node_ports(self) -> bool:
        """Whether a kube-proxy runs there."""
        return self.kind == "normal"


@dataclass(frozen=True)
class NodesFile:
    """All of the file."""

    wire: Mapping[IPv4Network, IPv4Network]
    nodes: tuple[NodeSpec, ...]


def load(path: Path | None) -> NodesFile:
    """Read and check the file, or take the default. Raises NodesFileError; OSError when the file cannot be read."""
    if path is None:
        return parse(DEFAULT_FILE, "default")
    try:
        return parse(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except yaml.YAMLError as error:
        raise NodesFileError(f"{path} is not YAML: {error}") from error


def parse(content: object, source: str) -> NodesFile:
    """Check the decoded content; `source` names it in errors. Raises NodesFileError."""
    top = _mapping(content, source, ("wire", "nodes"))
    wire = _wire(top.get("wire", DEFAULT_WIRE), f"{source}: wire")
    entries = _list(top.get("nodes"), f"{source}: nodes")
    if not entries:
        raise _wrong(
            f"{source}: nodes", entries, "a list of at least one node", "describe a node, or leave the file out"
        )
    nodes = tuple(_node(entry, f"{source}: nodes[{index}]", wire) for index, entry in enumerate(entries))
    _check_unique(nodes, source)
    return NodesFile(wire, nodes)


def _wrong(where: str, value: object, allowed: str, fix: str) -> NodesFileError:
    return NodesFileError(f"{where} is {value!r}; allowed is {allowed}: {fix}")


def _mapping(value: object, where: str, keys: Sequence[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _wrong(where, value, "a mapping", "write `key: value` lines")
    for key in value if keys else ():
        if key not in keys:
            raise _wrong(
                f"{where}.{key}", value[key], f"one of the keys {', '.join(keys)}", "correct or remove this key"
            )
    return value


def _list(value: object, where: str) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise _wrong(where, value, "a list", "write `- ` entries")
    return value or []


def _network(value: object, where: str) -> IPv4Network:
    try:
        return IPv4Network(str(value))
    except ValueError as error:
        raise _wrong(where, value, "an IPv4 prefix without host bits, as 10.244.1.0/24", str(error)) from error


def _wire(value: object, where: str) -> dict[IPv4Network, IPv4Network]:
    wire = {}
    for inside, outside in _mapping(value, where).items():
        prefix, target = _network(inside, where), _network(outside, f"{where}.{inside}")
        if prefix.prefixlen != target.prefixlen:
            raise _wrong(
                f"{where}.{inside}", outside, f"a prefix of length /{prefix.prefixlen}", "give both the same length"
            )
        if not target.subnet_of(LOOPBACK):
            raise _wrong(f"{where}.{inside}", outside, "a prefix inside 127.0.0.0/8", "choose one, as 127.244.0.0/16")
        wire[prefix] = target
    return wire


def _node(value: object, where: str, wire: Mapping[IPv4Network, IPv4Network]) -> NodeSpec:
    entry = _mapping(value, where, NODE_KEYS)
    name = _name(entry.get("name"), f"{where}.name")
    kind = entry.get("kind", "normal")
    if kind not in KINDS:
        raise _wrong(f"{where}.kind", kind, " or ".join(KINDS), "choose one")
    unschedulable = entry.get("unschedulable", False)
    if not isinstance(unschedulable, bool):
        raise _wrong(f"{where}.unschedulable", unschedulable, "true or false", "choose one")
    cloud_provider = entry.get("cloudProvider", "")
    if cloud_provider not in ("", "external"):
        raise _wrong(f"{where}.cloudProvider", cloud_provider, "external", "write that, or leave the key out")
    return NodeSpec(
        name=name,
        internal_ip=_internal_ip(entry.get("internalIP"), f"{where}.internalIP", anywhere=not wire),
        pod_cidr=_pod_cidr(entry.get("podCIDR"), f"{where}.podCIDR", wire),
        provider_id=_text(entry.get("providerID", ""), f"{where}.providerID"),
        system_uuid=_text(entry.get("systemUUID", str(uuid.uuid5(uuid.NAMESPACE_DNS, name))), f"{where}.systemUUID"),
        roles=tuple(_text(role, f"{where}.roles") for role in _list(entry.get("roles"), f"{where}.roles")),
        labels=_texts(entry.get("labels", {}), f"{where}.labels"),
        taints=tuple(
            _taint(taint, f"{where}.taints[{i}]") for i, taint in enumerate(_list(entry.get("taints"), where))
        ),
        capacity=DEFAULT_CAPACITY | _texts(entry.get("capacity", {}), f"{where}.capacity"),
        kind=kind,
        unschedulable=unschedulable,
        external=cloud_provider == "external",
        namespace=_namespace(entry.get("namespace", ""), f"{where}.namespace", wire),
    )


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _wrong(where, value, "a lower case DNS name, as worker-1", "give the node a name")
    return value


def _internal_ip(value: object, where: str, *, anywhere: bool) -> str:
    try:
        address = IPv4Address(str(value))
    except ValueError as error:
        raise _wrong(where, value, "an IPv4 address", "give the node an address, as 127.16.0.11") from error
    if not anywhere and address not in LOOPBACK:
        raise _wrong(
            where, value, "an address in 127.0.0.0/8", "choose one, or set `wire: {}` where every address is local"
        )
    return str(address)


def _pod_cidr(value: object, where: str, wire: Mapping[IPv4Network, IPv4Network]) -> IPv4Network:
    network = _network(value, where)
    if wire and not any(network.subnet_of(prefix) for prefix in wire):
        prefixes = ", ".join(map(str, wire))
        raise _wrong(where, value, f"a prefix inside {prefixes}", "choose one, or add its prefix to `wire`")
    return network


def _namespace(value: object, where: str, wire: Mapping[IPv4Network, IPv4Network]) -> str:
    namespace = _text(value, where)
    if namespace and (wire or "/" in namespace):
        fix = "name one that `ip netns` shows, and set `wire: {}`"
        raise _wrong(where, value, "the name of a network namespace, where every address is true", fix)
    return namespace


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, value, "text", "put it in quotes")
    return value


def _texts(value: object, where: str) -> dict[str, str]:
    return {key: _text(text, f"{where}.{key}") for key, text in _mapping(value, where).items()}


def _taint(value: object, where: str) -> dict[str, str]:
    taint = {
        key: _text(text, f"{where}.{key}") for key, text in _mapping(value, where, ("key", "value", "effect")).items()
    }
    if not taint.get("key"):
        raise _wrong(f"{where}.key", taint.get("key"), "a label key", "name the taint")
    if taint.get("effect") not in EFFECTS:
        raise _wrong(f"{where}.effect", taint.get("effect"), ", ".join(EFFECTS), "choose one")
    return taint


def _check_unique(nodes: Sequence[NodeSpec], source: str) -> None:
    for one, other in combinations(nodes, 2):
        if one.name == other.name:
            raise _wrong(f"{source}: nodes.name", one.name, "each name once", "rename one of the two nodes")
        if one.internal_ip == other.internal_ip:
            raise _wrong(
                f"{source}: nodes.internalIP", one.internal_ip, "each address once", f"change it at {other.name}"
            )
        if one.pod_cidr.overlaps(other.pod_cidr):
            both = f"{one.pod_cidr} and {other.pod_cidr}"
            raise _wrong(f"{source}: nodes.podCIDR", both, "prefixes that do not overlap", f"change it at {other.name}")
