"""The older SDK (aliyun-python-sdk), unmodified, runs a balancer's whole life."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
from aliyunsdkslb.request.v20140515.CreateLoadBalancerRequest import CreateLoadBalancerRequest
from aliyunsdkslb.request.v20140515.CreateLoadBalancerTCPListenerRequest import CreateLoadBalancerTCPListenerRequest
from aliyunsdkslb.request.v20140515.CreateVServerGroupRequest import CreateVServerGroupRequest
from aliyunsdkslb.request.v20140515.DeleteLoadBalancerListenerRequest import DeleteLoadBalancerListenerRequest
from aliyunsdkslb.request.v20140515.DeleteLoadBalancerRequest import DeleteLoadBalancerRequest
from aliyunsdkslb.request.v20140515.DeleteVServerGroupRequest import DeleteVServerGroupRequest
from aliyunsdkslb.request.v20140515.DescribeLoadBalancerAttributeRequest import DescribeLoadBalancerAttributeRequest
from aliyunsdkslb.request.v20140515.DescribeLoadBalancerListenersRequest import DescribeLoadBalancerListenersRequest
from aliyunsdkslb.request.v20140515.DescribeLoadBalancersRequest import DescribeLoadBalancersRequest
from aliyunsdkslb.request.v20140515.DescribeVServerGroupAttributeRequest import DescribeVServerGroupAttributeRequest
from aliyunsdkslb.request.v20140515.DescribeVServerGroupsRequest import DescribeVServerGroupsRequest
from aliyunsdkslb.request.v20140515.ModifyVServerGroupBackendServersRequest import (
    ModifyVServerGroupBackendServersRequest,
)
from aliyunsdkslb.request.v20140515.StartLoadBalancerListenerRequest import StartLoadBalancerListenerRequest
from aliyunsdkslb.request.v20140515.StopLoadBalancerListenerRequest import StopLoadBalancerListenerRequest
from aliyunsdkslb.request.v20140515.TagResourcesRequest import TagResourcesRequest
from aliyunsdkvpc.request.v20160428.DescribeVSwitchesRequest import DescribeVSwitchesRequest


class Caller:
    """Sends requests of the SDK's own classes to the server, and returns the decoded answer."""

    def __init__(self, endpoint: Any, secret: str = "") -> None:
        self.endpoint = endpoint
        self.client = AcsClient(endpoint.key_id, secret or endpoint.secret, endpoint.region, auto_retry=False)

    def __call__(self, request: Any, **values: Any) -> Any:
        request.set_endpoint(self.endpoint.address)
        request.set_protocol_type("http")
        for name, value in values.items():
            getattr(request, f"set_{name}")(value)
        return json.loads(self.client.do_action_with_exception(request))

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.session.close()


@pytest.fixture
def call(endpoint: Any) -> Iterator[Caller]:
    with Caller(endpoint) as caller:
        yield caller


def test_a_balancer_lives_its_whole_life(endpoint: Any, call: Caller):
    balancer = call(
        CreateLoadBalancerRequest(),
        LoadBalancerName="shop",
        AddressType="intranet",
        VpcId=endpoint.vpc,
        VSwitchId=endpoint.vswitch,
        InstanceChargeType="PayByCLCU",
        ClientToken="older",
    )["LoadBalancerId"]
    call(
        TagResourcesRequest(), ResourceType="instance", ResourceIds=[balancer], Tags=[{"Key": "owner", "Value": "a b"}]
    )
    servers = [{"ServerId": worker, "Port": 30080, "Weight": 100} for worker in endpoint.workers]
    group = call(
        CreateVServerGroupRequest(),
        LoadBalancerId=balancer,
        VServerGroupName="web",
        BackendServers=json.dumps(servers),
    )["VServerGroupId"]
    call(
        CreateLoadBalancerTCPListenerRequest(),
        LoadBalancerId=balancer,
        ListenerPort=18_081,
        Bandwidth=-1,
        VServerGroupId=group,
    )
    port = {"LoadBalancerId": balancer, "ListenerPort": 18_081, "ListenerProtocol": "tcp"}
    call(StartLoadBalancerListenerRequest(), **port)
    found = call(DescribeLoadBalancersRequest(), Tags=json.dumps([{"TagKey": "owner", "TagValue": "a b"}]))
    assert [one["LoadBalancerId"] for one in found["LoadBalancers"]["LoadBalancer"]] == [balancer]
    attribute = call(DescribeLoadBalancerAttributeRequest(), LoadBalancerId=balancer)
    assert attribute["Tags"]["Tag"] == [{"TagKey": "owner", "TagValue": "a b"}]
    (listener,) = call(DescribeLoadBalancerListenersRequest(), LoadBalancerIds=[balancer])["Listeners"]
    assert (listener["ListenerPort"], listener["Status"]) == (18_081, "running")
    (seen,) = call(DescribeVServerGroupsRequest(), LoadBalancerId=balancer)["VServerGroups"]["VServerGroup"]
    assert seen["VServerGroupId"] == group
    call(
        ModifyVServerGroupBackendServersRequest(),
        VServerGroupId=group,
        OldBackendServers=json.dumps(servers[:1]),
        NewBackendServers=json.dumps([servers[0] | {"Port": 30081}]),
    )
    members = call(DescribeVServerGroupAttributeRequest(), VServerGroupId=group)["BackendServers"]["BackendServer"]
    assert sorted(one["Port"] for one in members) == [30_080, 30_080, 30_081]
    call(StopLoadBalancerListenerRequest(), **port)
    call(DeleteLoadBalancerListenerRequest(), **port)
    call(DeleteVServerGroupRequest(), VServerGroupId=group)
    call(DeleteLoadBalancerRequest(), LoadBalancerId=balancer)
    with pytest.raises(ServerException) as refused:
        call(DescribeLoadBalancerAttributeRequest(), LoadBalancerId=balancer)
    assert refused.value.get_error_code() == "InvalidLoadBalancerId.NotFound"
    assert refused.value.get_http_status() == 404
    assert len(refused.value.get_request_id()) == 36


def test_a_wrong_secret_is_told_to_be_wrong(endpoint: Any):
    with Caller(endpoint, secret="wrong") as call, pytest.raises(ServerException) as refused:
        call(DescribeLoadBalancersRequest())
    # The SDK compares the string to sign in the refusal with its own, and finds that only the secret can be wrong.
    assert refused.value.get_error_code() == "InvalidAccessKeySecret"


def test_instances_and_vswitches_are_found(endpoint: Any, call: Caller):
    instances = call(DescribeInstancesRequest(), InstanceIds=json.dumps(endpoint.workers))["Instances"]["Instance"]
    assert [one["InstanceId"] for one in instances] == list(endpoint.workers)
    vswitches = call(DescribeVSwitchesRequest(), VSwitchId=endpoint.vswitch)["VSwitches"]["VSwitch"]
    assert [one["VSwitchId"] for one in vswitches] == [endpoint.vswitch]
