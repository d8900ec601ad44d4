"""Instances: create, find, rename, protect, tag, delete."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from yunqiao.cloud.clb import PRODUCT
from yunqiao.model.balancer import Balancer
from yunqiao.model.step import Call, Reply

PAGE_SIZE = 100
ATTRIBUTES = (
    "Address", "AddressType", "AddressIPVersion", "NetworkType", "VpcId", "VSwitchId", "LoadBalancerName",
    "LoadBalancerSpec", "InternetChargeType", "InstanceChargeType", "Bandwidth", "MasterZoneId", "SlaveZoneId",
    "DeleteProtection", "ModificationProtectionStatus", "ResourceGroupId",
)  # fmt: skip
"""What an instance is described by, as far as annotations speak of it."""


def list_all(page: int = 1) -> Call:
    """One page of all instances of the region."""
    return _list({}, page, f"list the load balancers of the region, page {page}")


def list_by_id(balancer_id: str, page: int = 1) -> Call:
    """The instance of this id, as a list of one or none."""
    return _list({"LoadBalancerId": balancer_id}, page, f"look at load balancer {balancer_id}")


def list_by_tag(key: str, value: str, page: int = 1) -> Call:
    """One page of the instances that carry this tag."""
    tags = json.dumps([{"TagKey": key, "TagValue": value}], separators=(",", ":"))
    return _list({"Tags": tags}, page, f"find the load balancer tagged {key}={value}")


def list_by_name(name: str, page: int = 1) -> Call:
    """One page of the instances of this name."""
    return _list({"LoadBalancerName": name}, page, f"find the load balancer named {name}")


def _list(query: Mapping[str, str], page: int, why: str) -> Call:
    paging = {"PageNumber": str(page), "PageSize": str(PAGE_SIZE)}
    return Call(PRODUCT, "DescribeLoadBalancers", {**query, **paging}, why)


def read_list(reply: Reply) -> tuple[list[Balancer], bool]:
    """The instances of a page, without their parts, and whether there is another page."""
    items = reply.get("LoadBalancers", {}).get("LoadBalancer", [])
    total, page = int(reply.get("TotalCount", 0)), int(reply.get("PageNumber", 1))
    return [read_one(item) for item in items], page * int(reply.get("PageSize", PAGE_SIZE)) < total


def read_one(item: Mapping[str, Any]) -> Balancer:
    """One instance, from a list or from DescribeLoadBalancerAttribute, without its parts.

    Lists spell the charge type's usable form InternetChargeTypeAlias, the attribute answer InternetChargeType.
    """
    attributes = {name: str(item[name]) for name in ATTRIBUTES if item.get(name) not in (None, "")}
    if alias := item.get("InternetChargeTypeAlias"):
        attributes["InternetChargeType"] = str(alias)
    tags = {tag["TagKey"]: tag.get("TagValue", "") for tag in item.get("Tags", {}).get("Tag", [])}
    return Balancer(attributes, tags, id=item["LoadBalancerId"], address=item.get("Address", ""))


def create(attributes: Mapping[str, str], tags: Mapping[str, str], client_token: str, why: str) -> Call:
    """A new instance; the same token and parameters give the same instance again."""
    params = {**attributes, **_tags(tags), "ClientToken": client_token}
    return Call(PRODUCT, "CreateLoadBalancer", params, why, lane=client_token, write=True)


def delete(balancer_id: str, why: str) -> Call:
    """Remove the instance with all its listeners and groups; refused while its delete protection is on."""
    return _write("DeleteLoadBalancer", balancer_id, {}, why)


def set_delete_protection(balancer_id: str, status: str, why: str) -> Call:
    """`status` is on or off."""
    return _write("SetLoadBalancerDeleteProtection", balancer_id, {"DeleteProtection": status}, why)


def set_modification_protection(balancer_id: str, status: str, why: str) -> Call:
    """`status` is NonProtection or ConsoleProtection; a reason goes with the latter."""
    params = {"ModificationProtectionStatus": status}
    if status == "ConsoleProtection":
        params["ModificationProtectionReason"] = PROTECTION_REASON
    return _write("SetLoadBalancerModificationProtection", balancer_id, params, why)


def set_name(balancer_id: str, name: str, why: str) -> Call:
    """Rename."""
    return _write("SetLoadBalancerName", balancer_id, {"LoadBalancerName": name}, why)


def set_internet_spec(balancer_id: str, charge_type: str, bandwidth: str, why: str) -> Call:
    """How traffic is paid for: paybytraffic, or paybybandwidth with that many Mbit/s."""
    params = {"InternetChargeType": charge_type} | ({"Bandwidth": bandwidth} if bandwidth else {})
    return _write("ModifyLoadBalancerInternetSpec", balancer_id, params, why)


def set_charge_type(balancer_id: str, charge_type: str, spec: str, why: str) -> Call:
    """PayByCLCU, or PayBySpec with a specification."""
    params = {"InstanceChargeType": charge_type} | ({"LoadBalancerSpec": spec} if charge_type == "PayBySpec" else {})
    return _write("ModifyLoadBalancerInstanceChargeType", balancer_id, params, why)


def set_spec(balancer_id: str, spec: str, why: str) -> Call:
    """The specification of an instance that is paid for by it."""
    return _write("ModifyLoadBalancerInstanceSpec", balancer_id, {"LoadBalancerSpec": spec}, why)


def untag(balancer_id: str, keys: Iterable[str], why: str) -> Call:
    """Take tags away."""
    named = {f"TagKey.{number}": key for number, key in enumerate(keys, 1)}
    params = {"ResourceType": "instance", "ResourceId.1": balancer_id, **named}
    return Call(PRODUCT, "UntagResources", params, why, lane=balancer_id, write=True)


def tag(balancer_id: str, tags: Mapping[str, str], why: str) -> Call:
    """Add tags, or change the values of tags that are there."""
    params = {"ResourceType": "instance", "ResourceId.1": balancer_id, **_tags(tags)}
    return Call(PRODUCT, "TagResources", params, why, lane=balancer_id, write=True)


PROTECTION_REASON = "managed.by.ack"
"""The incumbent's reason; taking a balancer over or giving it back changes nothing."""


def _write(action: str, balancer_id: str, params: Mapping[str, str], why: str) -> Call:
    return Call(PRODUCT, action, {"LoadBalancerId": balancer_id, **params}, why, lane=balancer_id, write=True)


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {
        f"Tag.{number}.{part}": text
        for number, pair in enumerate(tags.items(), 1)
        for part, text in zip(("Key", "Value"), pair, strict=True)
    }
