"""Access control lists: CIDR blocks under a name, which listeners let in (white) or keep out (black).

A list holds blocks of one address family. A list without entries lets everybody in, as a white list too, so one is
filled before a listener gets it.
https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/access-control
"""

import json
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from yunqiao.cloud.clb import PRODUCT
from yunqiao.cloud.paging import next_number
from yunqiao.model.balancer import AccessList
from yunqiao.model.step import Call, Reply

PAGE_SIZE = 50
ENTRIES_PER_CALL = 50
"""Documented limit of AddAccessControlListEntry and RemoveAccessControlListEntry."""


def list_by_name(name: str, page: str = "") -> Call:
    """One page of the lists that have `name` as a part of theirs."""
    params = {"AclName": name, "PageNumber": page or "1", "PageSize": str(PAGE_SIZE)}
    return Call(PRODUCT, "DescribeAccessControlLists", params, f"find the access control list {name}")


def read_list(reply: Reply) -> tuple[list[tuple[AccessList, Mapping[str, str]]], str]:
    """The lists of a page, without their entries and each with its tags; and the mark of the next page."""
    items = (reply.get("Acls") or {}).get("Acl") or []
    return [(_bare(item), _tags(item)) for item in items], next_number(reply)


def describe(acl_id: str, page: str = "") -> Call:
    """One page of the entries of a list."""
    params = {"AclId": acl_id, "Page": page or "1", "PageSize": str(PAGE_SIZE)}
    return Call(PRODUCT, "DescribeAccessControlListAttribute", params, f"look at access control list {acl_id}")


def read_entries(reply: Reply) -> tuple[list[str], int]:
    """The blocks of one page, and how many the list has on all pages."""
    items = (reply.get("AclEntrys") or {}).get("AclEntry") or []
    return [canonical(item["AclEntryIP"]) for item in items], int(reply.get("TotalAclEntry") or 0)


def create(name: str, version: str, tags: Mapping[str, str], why: str) -> Call:
    """A new, empty list for blocks of `version` (ipv4, ipv6)."""
    named = {
        f"Tag.{number}.{part}": text
        for number, pair in enumerate(tags.items(), 1)
        for part, text in zip(("Key", "Value"), pair, strict=True)
    }
    params = {"AclName": name, "AddressIPVersion": version, **named}
    return Call(PRODUCT, "CreateAccessControlList", params, why, lane=name, write=True)


def add(acl_id: str, entries: Iterable[str], why: str) -> Call:
    """Add blocks; one that is there already is no error."""
    return _entries("AddAccessControlListEntry", acl_id, entries, why)


def remove(acl_id: str, entries: Iterable[str], why: str) -> Call:
    """Take blocks out; one that is not there is no error."""
    return _entries("RemoveAccessControlListEntry", acl_id, entries, why)


def delete(acl_id: str, why: str) -> Call:
    """Remove a list; refused while a listener names it."""
    return Call(PRODUCT, "DeleteAccessControlList", {"AclId": acl_id}, why, lane=acl_id, write=True)


def carried(call: Call) -> frozenset[str]:
    """The blocks that a call carried."""
    return frozenset(item["entry"] for item in json.loads(call.params["AclEntrys"]))


def canonical(block: str) -> str:
    """A CIDR block as the cloud spells it; what is none stays as it is."""
    try:
        return str(ip_network(block.strip(), strict=False))
    except ValueError:
        return block


def _entries(action: str, acl_id: str, entries: Iterable[str], why: str) -> Call:
    text = json.dumps([{"entry": one} for one in entries], separators=(",", ":"))
    return Call(PRODUCT, action, {"AclId": acl_id, "AclEntrys": text}, why, lane=acl_id, write=True)


def _bare(item: Mapping[str, Any]) -> AccessList:
    version = item.get("AddressIPVersion") or "ipv4"
    return AccessList(item.get("AclName", ""), frozenset(), item["AclId"], version)


def _tags(item: Mapping[str, Any]) -> dict[str, str]:
    return {tag["TagKey"]: tag.get("TagValue", "") for tag in (item.get("Tags") or {}).get("Tag") or []}
