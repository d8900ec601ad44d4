"""Where does a call go, and in which part of the request do its parameters stand? All of it is data.

Hosts: https://www.alibabacloud.com/help/en/slb/classic-load-balancer/developer-reference/api-slb-2014-05-15-endpoint
(and the same page of each product). Versions and places: the published models of the official SDKs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from yunqiao.cloud.sign import canonical

VERSIONS = {
    "slb": "2014-05-15",
    "ecs": "2014-05-26",
    "vpc": "2016-04-28",
    "nlb": "2022-04-30",
    "sts": "2015-04-01",
}
"""The API version of each product: the products that can be called."""

NLB_IN_QUERY = frozenset(
    {
        "DescribeZones",
        "GetJobStatus",
        "GetListenerAttribute",
        "GetListenerHealthStatus",
        "GetLoadBalancerAttribute",
        "ListAsynJobs",
        "ListListeners",
        "ListLoadBalancers",
    }
)
"""NLB actions that keep everything in the query; all others have a form body."""

NLB_FIELDS_IN_QUERY = {"ListServerGroups": "Tag.", "DescribeRegions": "ServiceCode"}
"""Fields (by prefix) that stay in the query although the action has a form body."""

LONGEST_QUERY = 7500
"""Characters of parameters that are sent in the URL: gateways answer 414 to a URL that is too long (how long is not
documented; https://github.com/aliyun/openapi-core-nodejs-sdk/issues/55), and 50 routes make 15,000. Parameters of RPC
style may as well stand in the form body of a POST, as that SDK sends them."""

NETWORKS = ("vpc", "public")
"""`vpc` reaches the hosts inside the VPC network, `public` those on the internet."""


def placed(product: str, action: str, params: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part `params` into those of the query and those of the form body."""
    if product != "nlb" or action in NLB_IN_QUERY:
        return ({}, dict(params)) if len(canonical(params)) > LONGEST_QUERY else (dict(params), {})
    prefix = NLB_FIELDS_IN_QUERY.get(action)
    query = {name: value for name, value in params.items() if prefix and name.startswith(prefix)}
    return query, {name: value for name, value in params.items() if name not in query}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the products answer: `network` picks the family of hosts, `overrides` name host[:port] by product."""

    network: str = "vpc"
    scheme: str = "https"
    overrides: Mapping[str, str] = field(default_factory=dict)

    def host(self, product: str, region: str) -> str:
        """`slb-vpc.cn-hangzhou.aliyuncs.com`, or what was set in its place."""
        infix = "-vpc" if self.network == "vpc" else ""
        return self.overrides.get(product) or f"{product}{infix}.{region}.aliyuncs.com"

    def url(self, product: str, region: str) -> str:
        """Scheme and host, without a path."""
        return f"{self.scheme}://{self.host(product, region)}"
