"""The cloud as it would be: what is there answers as it does, what is written gets a made-up answer and is there."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from yunqiao.model.step import Call, Reply, Send

NEW: Mapping[str, tuple[str, str]] = {
    "CreateLoadBalancer": ("LoadBalancerId", "load balancer"),
    "CreateVServerGroup": ("VServerGroupId", "server group"),
    "CreateAccessControlList": ("AclId", "access control list"),
    "CreateDomainExtension": ("DomainExtensionId", "domain"),
}
"""By action: the field of its answer that has the id of the new thing, and what that is."""
Said = tuple[str, tuple[tuple[str, str], ...]]
"""A call as one compares it: its action and its parameters."""


class Imagined:
    """The real cloud with what was made up on top: new things are there, and there is nothing on them yet.

    Nothing is asked twice: a rehearsal takes no time, however far its clock runs ahead.
    """

    def __init__(self, real: Send) -> None:
        self._real = real
        self._replies: dict[Said, Reply] = {}
        self._numbers: Counter[str] = Counter()
        self._balancers: list[dict[str, Any]] = []

    def answer(self, call: Call) -> Reply:
        """What the cloud would say to a write that succeeds."""
        if call.action not in NEW:
            return {}
        name, what = NEW[call.action]
        self._numbers[what] += 1
        number = self._numbers[what]
        reply = {name: f"<new {what}>" if number == 1 else f"<new {what} {number}>"}
        if call.action != "CreateLoadBalancer":
            return reply
        reply["Address"] = "<its address>"
        self._balancers.append({**call.params, **reply, "Tags": {"Tag": _tags(call.params)}})
        return reply

    async def read(self, call: Call) -> Reply:
        """The real answer, with new balancers among the others; what is asked of a new thing has no answer yet."""
        if any("<new " in value for value in call.params.values()):
            return {}
        reply = await self._once(call)
        if call.action != "DescribeLoadBalancers" or call.params.get("PageNumber", "1") != "1" or not self._balancers:
            return reply
        listed = reply.get("LoadBalancers", {}).get("LoadBalancer", [])
        new = [one for one in self._balancers if _asked_for(one, call.params)]
        return {**reply, "LoadBalancers": {"LoadBalancer": [*listed, *new]}}

    async def _once(self, call: Call) -> Reply:
        asked = said(call)
        if asked not in self._replies:
            self._replies[asked] = await self._real(call)
        return self._replies[asked]


def said(call: Call) -> Said:
    """A call without why and lane, to find it again by."""
    return (call.action, tuple(sorted(call.params.items())))


def _tags(params: Mapping[str, str]) -> list[dict[str, str]]:
    keys = [name for name in params if name.startswith("Tag.") and name.endswith(".Key")]
    return [{"TagKey": params[name], "TagValue": params[name.replace(".Key", ".Value")]} for name in keys]


def _asked_for(balancer: Mapping[str, Any], params: Mapping[str, str]) -> bool:
    tags = json.loads(params.get("Tags", "[]"))
    same = all(balancer.get(name) == params[name] for name in ("LoadBalancerId", "LoadBalancerName") if name in params)
    return same and all(tag in balancer["Tags"]["Tag"] for tag in tags)
