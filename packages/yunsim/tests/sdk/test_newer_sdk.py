"""The generated SDKs (tea-openapi), unmodified, run a balancer's whole life with either signature."""

import json
import urllib.request
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_slb20140515 import models as slb
from alibabacloud_slb20140515.client import Client as SlbClient
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428 import models as vpc
from alibabacloud_vpc20160428.client import Client as VpcClient
from darabonba.exceptions import DaraException


def config(endpoint: Any, algorithm: str | None = None, **credentials: str) -> Config:
    known = {"access_key_id": endpoint.key_id, "access_key_secret": endpoint.secret}
    return Config(
        endpoint=endpoint.address,
        protocol="http",
        region_id=endpoint.region,
        signature_algorithm=algorithm,
        **(known | credentials),
    )


@pytest.fixture(params=[None, "v2"], ids=["acs3", "v1"])
def algorithm(request: pytest.FixtureRequest) -> str | None:
    return request.param


def backends(endpoint: Any, weight: int) -> str:
    servers = [
        {"ServerId": worker, "Port": "30080", "Weight": str(weight), "Type": "ecs"} for worker in endpoint.workers
    ]
    return json.dumps(servers)


def test_a_balancer_lives_its_whole_life(endpoint: Any, algorithm: str | None):
    client, region = SlbClient(config(endpoint, algorithm)), endpoint.region
    made = client.create_load_balancer(
        slb.CreateLoadBalancerRequest(
            region_id=region,
            load_balancer_name="shop",
            address_type="intranet",
            vpc_id=endpoint.vpc,
            v_switch_id=endpoint.vswitch,
            instance_charge_type="PayByCLCU",
            client_token=f"token-{algorithm}",
            tag=[slb.CreateLoadBalancerRequestTag(key="made-by", value="sdk")],
        )
    ).body
    balancer = made.load_balancer_id
    assert made.address.startswith("127.16.")
    assert len(made.request_id) == 36
    client.tag_resources(
        slb.TagResourcesRequest(
            region_id=region,
            resource_type="instance",
            resource_id=[balancer],
            tag=[slb.TagResourcesRequestTag(key="owner", value="a b+c/云")],
        )
    )
    group = client.create_vserver_group(
        slb.CreateVServerGroupRequest(
            region_id=region,
            load_balancer_id=balancer,
            vserver_group_name="web",
            backend_servers=backends(endpoint, 100),
        )
    ).body
    assert len(group.backend_servers.backend_server) == 3
    client.create_load_balancer_tcplistener(
        slb.CreateLoadBalancerTCPListenerRequest(
            region_id=region,
            load_balancer_id=balancer,
            listener_port=18_080,
            bandwidth=-1,
            vserver_group_id=group.vserver_group_id,
            health_check_interval=2,
            established_timeout=100,
            description="k8s/80/shop/default/c",
        )
    )
    described_listener = slb.DescribeLoadBalancerTCPListenerAttributeRequest(
        region_id=region, load_balancer_id=balancer, listener_port=18_080
    )
    client.start_load_balancer_listener(
        slb.StartLoadBalancerListenerRequest(
            region_id=region, load_balancer_id=balancer, listener_port=18_080, listener_protocol="tcp"
        )
    )
    listener = client.describe_load_balancer_tcplistener_attribute(described_listener).body
    assert (listener.status, listener.established_timeout) == ("running", 100)
    assert listener.description == "k8s/80/shop/default/c"

    page = client.describe_load_balancers(
        slb.DescribeLoadBalancersRequest(
            region_id=region, tag=[slb.DescribeLoadBalancersRequestTag(key="owner", value="a b+c/云")]
        )
    ).body
    assert [one.load_balancer_id for one in page.load_balancers.load_balancer] == [balancer]
    attribute = client.describe_load_balancer_attribute(
        slb.DescribeLoadBalancerAttributeRequest(region_id=region, load_balancer_id=balancer)
    ).body
    assert {tag.tag_key: tag.tag_value for tag in attribute.tags.tag} == {"made-by": "sdk", "owner": "a b+c/云"}
    listeners = client.describe_load_balancer_listeners(
        slb.DescribeLoadBalancerListenersRequest(region_id=region, load_balancer_id=[balancer], max_results=50)
    ).body
    assert [(one.listener_port, one.vserver_group_id) for one in listeners.listeners] == [
        (18_080, group.vserver_group_id)
    ]
    groups = client.describe_vserver_groups(
        slb.DescribeVServerGroupsRequest(region_id=region, load_balancer_id=balancer)
    ).body
    assert [one.vserver_group_name for one in groups.vserver_groups.vserver_group] == ["web"]

    client.modify_vserver_group_backend_servers(
        slb.ModifyVServerGroupBackendServersRequest(
            region_id=region,
            vserver_group_id=group.vserver_group_id,
            old_backend_servers=backends(endpoint, 100),
            new_backend_servers=backends(endpoint, 100).replace("30080", "30081"),
        )
    )
    seen = client.describe_vserver_group_attribute(
        slb.DescribeVServerGroupAttributeRequest(region_id=region, vserver_group_id=group.vserver_group_id)
    ).body
    assert {one.port for one in seen.backend_servers.backend_server} == {30_081}

    port = {"region_id": region, "load_balancer_id": balancer, "listener_port": 18_080, "listener_protocol": "tcp"}
    client.stop_load_balancer_listener(slb.StopLoadBalancerListenerRequest(**port))
    assert client.describe_load_balancer_tcplistener_attribute(described_listener).body.status == "stopped"
    client.delete_load_balancer_listener(slb.DeleteLoadBalancerListenerRequest(**port))
    client.delete_vserver_group(
        slb.DeleteVServerGroupRequest(region_id=region, vserver_group_id=group.vserver_group_id)
    )
    client.delete_load_balancer(slb.DeleteLoadBalancerRequest(region_id=region, load_balancer_id=balancer))
    left = client.describe_load_balancers(slb.DescribeLoadBalancersRequest(region_id=region)).body
    assert left.total_count == 0


def test_an_error_arrives_with_code_status_message_and_request_id(endpoint: Any, algorithm: str | None):
    client = SlbClient(config(endpoint, algorithm))
    with pytest.raises(DaraException) as refused:
        client.delete_load_balancer(
            slb.DeleteLoadBalancerRequest(region_id=endpoint.region, load_balancer_id="lb-none")
        )
    error: Any = refused.value
    assert (error.status_code, error.code) == (404, "InvalidLoadBalancerId.NotFound")
    assert "The specified LoadBalancerId does not exist." in error.message
    assert len(error.request_id) == 36


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ({"access_key_secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key_id": "nobody"}, "InvalidAccessKeyId.NotFound"),
        ({"security_token": "made-up"}, "InvalidSecurityToken.Malformed"),
    ],
)
def test_wrong_credentials_are_refused(endpoint: Any, algorithm: str | None, credentials: dict[str, str], code: str):
    client = SlbClient(config(endpoint, algorithm, **credentials))
    with pytest.raises(DaraException) as refused:
        client.describe_regions(slb.DescribeRegionsRequest())
    assert refused.value.code == code


def test_instances_and_interfaces_are_found(endpoint: Any, algorithm: str | None):
    client = EcsClient(config(endpoint, algorithm))
    asked = ecs.DescribeInstancesRequest(region_id=endpoint.region, instance_ids=json.dumps(endpoint.workers))
    found = client.describe_instances(asked).body.instances.instance
    assert [one.instance_id for one in found] == list(endpoint.workers)
    addresses = [one.vpc_attributes.private_ip_address.ip_address[0] for one in found]
    interfaces = client.describe_network_interfaces(
        ecs.DescribeNetworkInterfacesRequest(region_id=endpoint.region, private_ip_address=addresses)
    ).body
    assert len(interfaces.network_interface_sets.network_interface_set) == 3


def test_a_route_is_made_and_taken_back(endpoint: Any, algorithm: str | None):
    client, region = VpcClient(config(endpoint, algorithm)), endpoint.region
    table = (
        client.describe_route_table_list(vpc.DescribeRouteTableListRequest(region_id=region, vpc_id=endpoint.vpc))
        .body.router_table_list.router_table_list_type[0]
        .route_table_id
    )
    route = {"region_id": region, "route_table_id": table, "destination_cidr_block": "10.244.1.0/24"}
    client.create_route_entry(
        vpc.CreateRouteEntryRequest(**route, next_hop_type="Instance", next_hop_id=endpoint.workers[0])
    )
    asked = vpc.DescribeRouteEntryListRequest(region_id=region, route_table_id=table, route_entry_type="Custom")
    entries = client.describe_route_entry_list(asked).body.route_entrys.route_entry
    assert [(one.destination_cidr_block, one.status) for one in entries] == [("10.244.1.0/24", "Pending")]
    _advance(endpoint, 1.0)
    client.delete_route_entry(vpc.DeleteRouteEntryRequest(**route, next_hop_id=endpoint.workers[0]))
    _advance(endpoint, 1.0)
    assert not client.describe_route_entry_list(asked).body.route_entrys.route_entry


def _advance(endpoint: Any, seconds: float) -> None:
    body = json.dumps({"advance": seconds}).encode()
    urllib.request.urlopen(f"http://{endpoint.address}/_yunsim/clock", body, timeout=5).close()


def test_an_assumed_role_calls_with_its_temporary_key(endpoint: Any, algorithm: str | None):
    client = StsClient(config(endpoint, algorithm))
    account = client.get_caller_identity().body.account_id
    role = f"acs:ram::{account}:role/KubernetesMasterRole"
    given = client.assume_role(sts.AssumeRoleRequest(role_arn=role, role_session_name="test")).body.credentials
    temporary = config(
        endpoint,
        algorithm,
        access_key_id=given.access_key_id,
        access_key_secret=given.access_key_secret,
        security_token=given.security_token,
    )
    assert StsClient(temporary).get_caller_identity().body.identity_type == "AssumedRoleUser"


async def test_the_asynchronous_client_works_as_well(endpoint: Any, algorithm: str | None):
    client = SlbClient(config(endpoint, algorithm))
    answer = await client.describe_load_balancers_async(slb.DescribeLoadBalancersRequest(region_id=endpoint.region))
    assert answer.status_code == 200
