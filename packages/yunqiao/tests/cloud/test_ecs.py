"""Readers of ECS answers, in the API's own shape."""

from yunqiao.cloud import ecs

INSTANCE = {
    "InstanceId": "i-1",
    "RegionId": "cn-hangzhou",
    "ZoneId": "cn-hangzhou-h",
    "InstanceType": "ecs.g7.large",
    "Status": "Running",
    "HostName": "node-1",
    "SerialNumber": "8f14-1",
    "InstanceChargeType": "PostPaid",
    "SpotStrategy": "NoSpot",
    "VpcAttributes": {"VpcId": "vpc-1", "VSwitchId": "vsw-1", "PrivateIpAddress": {"IpAddress": ["10.0.0.1"]}},
    "PublicIpAddress": {"IpAddress": []},
    "EipAddress": {"IpAddress": "203.0.113.7"},
    "NetworkInterfaces": {
        "NetworkInterface": [
            {"NetworkInterfaceId": "eni-2", "Type": "Secondary", "MacAddress": "00:16:3e:00:00:02"},
            {
                "NetworkInterfaceId": "eni-1",
                "Type": "Primary",
                "MacAddress": "00:16:3e:00:00:01",
                "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": "fd00::1"}]},
            },
        ]
    },
    "Tags": {"Tag": [{"TagKey": "pool", "TagValue": "a"}]},
}


def test_a_page_of_instances() -> None:
    page, mark = ecs.read_instances({"Instances": {"Instance": [INSTANCE]}, "NextToken": "m", "TotalCount": 2})
    assert mark == "m"
    assert page == [
        ecs.Instance(
            id="i-1", region="cn-hangzhou", zone="cn-hangzhou-h", type="ecs.g7.large", status="Running",
            host_name="node-1", charge_type="PostPaid", spot_strategy="NoSpot", vpc_id="vpc-1", vswitch_id="vsw-1",
            private_ips=("10.0.0.1",), public_ips=("203.0.113.7",), ipv6=("fd00::1",),
            addresses=frozenset({"10.0.0.1", "fd00::1"}),
            macs=("00:16:3e:00:00:02", "00:16:3e:00:00:01"), serial_number="8f14-1", interface_id="eni-1",
            tags={"pool": "a"},
        )
    ]  # fmt: skip


def test_an_answer_without_anything_is_an_empty_last_page() -> None:
    assert ecs.read_instances({"RequestId": "r", "NextToken": None}) == ([], "")
    assert ecs.read_instances({"Instances": {"Instance": [{"InstanceId": "i-1"}]}})[0] == [ecs.Instance("i-1")]


def test_a_page_of_network_interfaces() -> None:
    item = {
        "NetworkInterfaceId": "eni-1",
        "InstanceId": "i-1",
        "Status": "InUse",
        "PrivateIpAddress": "10.0.0.1",
        "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": "10.0.0.1"}, {"PrivateIpAddress": "10.0.0.2"}]},
        "SourceDestCheck": True,
    }
    page, mark = ecs.read_interfaces({"NetworkInterfaceSets": {"NetworkInterfaceSet": [item]}, "NextToken": ""})
    assert mark == ""
    assert page[0].private_ips == ("10.0.0.1", "10.0.0.2")
    assert (page[0].instance_id, page[0].source_dest_check) == ("i-1", True)


def test_a_write_names_its_lane() -> None:
    call = ecs.modify_source_dest_check("cn-hangzhou", "eni-1", checked=False, why="let pods through")
    assert (call.write, call.lane, call.params["SourceDestCheck"]) == (True, "eni-1", "false")
