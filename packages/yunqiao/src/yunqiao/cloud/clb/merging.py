"""Which reads of the classic load balancer can be joined: listeners are listed for up to ten instances at once."""

from collections.abc import Mapping, Sequence

from yunqiao.cloud.clb import PRODUCT
from yunqiao.cloud.clb.listeners import PAGE_SIZE
from yunqiao.cloud.merge import Merging
from yunqiao.model.step import Call, Reply

BALANCERS_PER_CALL = 10
"""Documented limit of DescribeLoadBalancerListeners."""


def _fits(call: Call) -> bool:
    return "NextToken" not in call.params


def _join(calls: Sequence[Call]) -> Call:
    ids = list(dict.fromkeys(call.params["LoadBalancerId.1"] for call in calls))
    named = {f"LoadBalancerId.{number}": one for number, one in enumerate(ids, 1)}
    why = f"list the listeners of {len(ids)} load balancers at once"
    return Call(PRODUCT, "DescribeLoadBalancerListeners", {**named, "MaxResults": str(PAGE_SIZE)}, why)


def _whole(reply: Reply) -> bool:
    return not reply.get("NextToken")


def _split(reply: Reply, call: Call) -> Reply:
    mine = [one for one in reply.get("Listeners", []) if one.get("LoadBalancerId") == call.params["LoadBalancerId.1"]]
    return {**reply, "Listeners": mine}


MERGING: Mapping[str, Merging] = {
    "DescribeLoadBalancerListeners": Merging(BALANCERS_PER_CALL, _fits, _join, _whole, _split)
}
