"""The cloud as somebody sees and changes it by hand: everything goes through its API."""

import json
from dataclasses import dataclass
from typing import Any

from tests.annotations.certificates import Pair
from tests.annotations.places import NODE_PORT, PORT
from tests.core.conftest import Bench

from yunqiao.controllers.services.identity import CLUSTER_TAG, OWNER_TAG
from yunsim.dispatch import perform


@dataclass
class Console:
    """The cloud's side of a stage."""

    bench: Bench

    def do(self, action: str, product: str = "slb", **params: Any) -> dict[str, Any]:
        """An action of the cloud's API, by hand."""
        named = {name.replace("__", "."): str(value) for name, value in params.items()}
        return perform(self.bench.cloud.world, product, action, {"RegionId": "cn-hangzhou", **named})

    def balancers(self) -> list[dict[str, Any]]:
        return self.do("DescribeLoadBalancers", PageSize=100)["LoadBalancers"]["LoadBalancer"]

    @property
    def balancer(self) -> dict[str, Any]:
        """What is told of the one balancer."""
        (one,) = self.balancers()
        return self.do("DescribeLoadBalancerAttribute", LoadBalancerId=one["LoadBalancerId"])

    def listener(self, protocol: str, port: int = PORT) -> dict[str, Any]:
        """What is told of a listener, defaults included."""
        action = f"DescribeLoadBalancer{protocol.upper()}ListenerAttribute"
        return self.do(action, LoadBalancerId=self.balancer["LoadBalancerId"], ListenerPort=port)

    def weights(self) -> dict[str, int]:
        """Each backend's weight by its instance, over all groups."""
        return {one["ServerId"]: one["Weight"] for backends in self.groups().values() for one in backends}

    def health(self) -> dict[str, str]:
        """Each backend's health by its instance."""
        told = self.do("DescribeHealthStatus", LoadBalancerId=self.balancer["LoadBalancerId"])
        return {one["ServerId"]: one["ServerHealthStatus"] for one in told["BackendServers"]["BackendServer"]}

    def by_hand(self, action: str, **params: Any) -> dict[str, Any]:
        """An action on the one balancer, by hand."""
        return self.do(action, LoadBalancerId=self.balancer["LoadBalancerId"], **params)

    def lend(self) -> str:
        """A balancer that somebody made by hand; gives its id."""
        made = self.do(
            "CreateLoadBalancer", LoadBalancerName="by-hand", AddressType="intranet", VSwitchId="vsw-test",
            InstanceChargeType="PayByCLCU", DeleteProtection="on",
        )  # fmt: skip
        return str(made["LoadBalancerId"])

    def tags(self) -> dict[str, str]:
        """The tags of the one balancer, without those that say whose it is."""
        told = {tag["TagKey"]: tag["TagValue"] for tag in self.balancer["Tags"]["Tag"]}
        return {key: value for key, value in told.items() if key not in (OWNER_TAG, CLUSTER_TAG)}

    def groups(self) -> dict[str, list[dict[str, Any]]]:
        """The backends of each group of the one balancer, by the group's name."""
        told = self.by_hand("DescribeVServerGroups")["VServerGroups"]["VServerGroup"]
        whole = [self.do("DescribeVServerGroupAttribute", VServerGroupId=one["VServerGroupId"]) for one in told]
        return {one["VServerGroupName"]: one["BackendServers"]["BackendServer"] for one in whole}

    def elastic_address(self) -> str:
        """Bind an elastic IP address, which clients can reach, to the one balancer."""
        made = self.do("AllocateEipAddress", "vpc")
        which = {"InstanceId": self.balancer["LoadBalancerId"], "InstanceType": "SlbInstance"}
        self.do("AssociateEipAddress", "vpc", AllocationId=made["AllocationId"], **which)
        return str(made["EipAddress"])

    def elastic(self, address: str) -> None:
        """Bind an elastic IP address to the one balancer."""
        world = self.bench.cloud.world
        where = {"instance_id": self.balancer["LoadBalancerId"], "instance_type": "SlbInstance"}
        world.states["vpc"].add_elastic_ip(world, address, **where)

    def weigh(self, node: str, weight: int) -> None:
        """Set the weight of a node in the group of NODE_PORT, by hand."""
        groups = self.by_hand("DescribeVServerGroups")["VServerGroups"]["VServerGroup"]
        (group,) = [one for one in groups if one["VServerGroupName"].startswith(f"k8s/{NODE_PORT}/")]
        server = json.dumps([{"ServerId": f"i-{node}", "Port": NODE_PORT, "Weight": weight}])
        self.do("SetVServerGroupAttribute", VServerGroupId=group["VServerGroupId"], BackendServers=server)

    def keep(self, pair: Pair, own_id: str) -> None:
        """Have a certificate in the cloud under an id that a test can know beforehand."""
        made = self.do("UploadServerCertificate", ServerCertificate=pair.pem, PrivateKey=pair.key)
        certificates = self.bench.cloud.world.states["slb"].certificates
        certificates[own_id] = certificates.pop(made["ServerCertificateId"])
        certificates[own_id].id = own_id

    def admit(self, own_id: str, *blocks: str) -> None:
        """Have an access control list in the cloud under an id that a test can know beforehand."""
        made = self.do("CreateAccessControlList", AclName=own_id)["AclId"]
        lists = self.bench.cloud.world.states["slb"].access_control_lists
        lists[own_id] = lists.pop(made)
        lists[own_id].id = own_id
        self.do("AddAccessControlListEntry", AclId=own_id, AclEntrys=json.dumps([{"entry": one} for one in blocks]))
