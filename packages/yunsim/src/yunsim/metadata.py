"""The metadata service that an instance asks about itself, at /latest/ (100.100.100.200 on the real cloud).

Both versions: plain reads, and reads with a token that a PUT gave out. Names and layout:
https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata. Who asks is told by the client's address
where that is an instance's, else the world file's `metadata_instance` is meant.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from yunsim.products.sts import state as sts
from yunsim.world import World
from yunsim.worldfile import WorldFile

LONGEST_TOKEN = 21_600
"""Seconds: the longest life of a token."""

Tree = Mapping[str, "Tree | str | Callable[[], str]"]


class MetadataError(Exception):
    """A read that gets no data: HTTP `status` and a line that says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass
class Metadata:
    """The service of one world; `file` says which instance is the default one and which has which RAM role."""

    world: World
    file: WorldFile
    _tokens: dict[str, datetime] = field(default_factory=dict)

    def token(self, seconds_text: str) -> str:
        """Give out a token for so many seconds (1 to 21600); raises MetadataError 400."""
        if not seconds_text.isdecimal() or not 1 <= int(seconds_text) <= LONGEST_TOKEN:
            header = "X-aliyun-ecs-metadata-token-ttl-seconds"
            raise MetadataError(400, f"{header} must be 1 to {LONGEST_TOKEN}, not {seconds_text!r}")
        now = self.world.clock.now()
        self._tokens = {token: expires for token, expires in self._tokens.items() if expires > now}
        token = secrets.token_urlsafe(40)
        self._tokens[token] = now + timedelta(seconds=int(seconds_text))
        return token

    def read(self, path: str, client: str, token: str | None) -> str:
        """Return what is at a path below /latest/; a directory is one name per line. Raises MetadataError 401, 404."""
        if token is not None and self._tokens.get(token, self.world.clock.now()) <= self.world.clock.now():
            raise MetadataError(401, "the metadata token is not valid, or no longer: PUT /latest/api/token gives one")
        node: Any = _latest(self.world, self._asking(client), self._role)
        for name in filter(None, path.split("/")):
            if not isinstance(node, Mapping) or name not in node:
                raise MetadataError(404, f"there is no metadata {path!r}")
            node = node[name]
        if isinstance(node, Mapping):
            return "\n".join(f"{name}/" if isinstance(below, Mapping) else name for name, below in node.items())
        return str(node() if callable(node) else node)

    def _asking(self, client: str) -> Any:
        instances = self.world.states["ecs"].instances
        for instance in instances.values():
            if client in map(self.world.wire_address, instance.addresses()):
                return instance
        default = instances.get(self.file.metadata_instance)
        if default is None:
            fix = "name one as metadata_instance in the world file"
            raise MetadataError(404, f"{client} is no instance's address, and there is no default instance; {fix}")
        return default

    def _role(self, instance_id: str) -> str:
        return next((one.role for one in self.file.instances if one.id == instance_id), "")


def _latest(world: World, instance: Any, role_of: Callable[[str], str]) -> Tree:
    vswitch, vpc = world.find(instance.vswitch_id), world.find(instance.vpc_id)
    interface = instance.interfaces[0]
    networks = {
        "vpc-id": instance.vpc_id,
        "vpc-cidr-block": str(vpc.cidr_block if vpc else ""),
        "vswitch-id": instance.vswitch_id,
        "vswitch-cidr-block": str(vswitch.cidr_block if vswitch else ""),
    }
    data = {
        "hostname": instance.host_name,
        "image-id": instance.image_id,
        "instance-id": instance.id,
        "instance": {"instance-name": instance.name, "instance-type": instance.instance_type},
        "mac": interface.mac_address,
        "network-type": "vpc",
        "network": {"interfaces": {"macs": {each.mac_address: _interface(each) for each in instance.interfaces}}},
        "owner-account-id": world.account,
        "private-ipv4": interface.private_ips[0],
        "ram": {"security-credentials": _credentials(world, instance.id, role_of(instance.id))},
        "region-id": world.region,
        "serial-number": instance.serial_number,
        "zone-id": instance.zone_id,
        **networks,
    }
    identity = lambda: json.dumps(_identity(world, instance))  # noqa: E731 - a leaf of the tree, made when it is read
    return {"meta-data": data, "dynamic": {"instance-identity": {"document": identity}}}


def _interface(interface: Any) -> Tree:
    return {
        "network-interface-id": interface.id,
        "primary-ip-address": interface.private_ips[0],
        "private-ipv4s": json.dumps(interface.private_ips),
        "vpc-id": interface.vpc_id,
        "vswitch-id": interface.vswitch_id,
    }


def _credentials(world: World, instance_id: str, role: str) -> Tree:
    return {role: lambda: _keys(world, instance_id, role)} if role else {}


def _keys(world: World, instance_id: str, role: str) -> str:
    key = sts.instance_key(world, role, instance_id)
    answer = {
        "Code": "Success",
        "AccessKeyId": key.id,
        "AccessKeySecret": key.secret,
        "SecurityToken": key.token,
        "Expiration": sts.expiration(key.expires),
        "LastUpdated": sts.expiration(world.clock.now()),
    }
    return json.dumps(answer, indent=2)


def _identity(world: World, instance: Any) -> dict[str, str]:
    return {
        "account-id": world.account,
        "owner-account-id": world.account,
        "instance-id": instance.id,
        "instance-type": instance.instance_type,
        "image-id": instance.image_id,
        "mac": instance.interfaces[0].mac_address,
        "private-ipv4": instance.interfaces[0].private_ips[0],
        "region-id": world.region,
        "serial-number": instance.serial_number,
        "zone-id": instance.zone_id,
    }
