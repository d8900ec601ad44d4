"""Instances: lists, attributes, start, stop and release."""

from typing import Any

import pytest

from yunsim.products.ecs import rules


def ids(answer: dict[str, Any]) -> list[str]:
    return [each["InstanceId"] for each in answer["Instances"]["Instance"]]


def test_an_instance_is_told_with_its_network(ecs: Any, site: Any) -> None:
    node = site.nodes[0]
    (seen,) = ecs("DescribeInstances", InstanceIds=[node.id])["Instances"]["Instance"]
    (interface,) = seen["NetworkInterfaces"]["NetworkInterface"]
    assert seen["VpcAttributes"]["PrivateIpAddress"] == {"IpAddress": ["10.1.0.1"]}
    assert seen["VpcAttributes"]["VpcId"] == site.vpc.id
    assert (interface["Type"], interface["PrimaryIpAddress"]) == ("Primary", "10.1.0.1")
    assert (seen["SerialNumber"], seen["ZoneId"]) == (node.serial_number, "cn-hangzhou-h")
    assert (seen["RegionId"], seen["Status"], seen["CreationTime"]) == ("cn-hangzhou", "Running", "2026-03-01T12:00Z")
    attribute = ecs("DescribeInstanceAttribute", InstanceId=node.id)
    assert attribute["VpcAttributes"] == seen["VpcAttributes"]
    assert attribute["IoOptimized"] == "optimized"


def test_an_instance_is_told_and_found_with_its_elastic_address(ecs: Any, vpc: Any, site: Any) -> None:
    node, made = site.nodes[1], vpc("AllocateEipAddress", Bandwidth="10")
    which = {"AllocationId": made["AllocationId"]}
    vpc("AssociateEipAddress", **which, InstanceId=node.id)
    (seen,) = ecs("DescribeInstances", EipAddresses=f'["{made["EipAddress"]}"]')["Instances"]["Instance"]
    told = {**which, "IpAddress": made["EipAddress"], "InternetChargeType": "PayByTraffic", "Bandwidth": 10}
    assert (seen["InstanceId"], seen["EipAddress"]) == (node.id, told)
    vpc("UnassociateEipAddress", **which)
    assert ids(ecs("DescribeInstances", EipAddresses=f'["{made["EipAddress"]}"]')) == []
    assert ecs("DescribeInstanceAttribute", InstanceId=node.id)["EipAddress"]["IpAddress"] == ""


def test_instances_are_found_by_each_filter(ecs: Any, site: Any) -> None:
    one, two, three = (node.id for node in site.nodes)
    ecs("TagResources", ResourceType="instance", ResourceId=[two], Tag=[{"Key": "team", "Value": "web"}])
    ecs("StopInstance", InstanceId=three)
    for found, wanted in [
        ([one, two, three, site.stranger.id], {}),
        ([one, two, three], {"VpcId": site.vpc.id}),
        ([one, two], {"InstanceIds": [two, one, "i-none"]}),
        ([two], {"PrivateIpAddresses": ["10.1.0.2"]}),
        ([two], {"Tag": [{"Key": "team", "Value": "web"}]}),
        ([two], {"Tag": [{"Key": "team"}]}),
        ([three], {"Status": "Stopped"}),
        ([site.stranger.id], {"InstanceName": f"*{site.stranger.id[-3:]}"}),
        ([], {"ZoneId": "cn-hangzhou-x"}),
    ]:
        assert (wanted, found) == (wanted, ids(ecs("DescribeInstances", **wanted)))


def test_an_id_list_that_is_no_list_or_too_long_is_refused(ecs: Any, refused: Any) -> None:
    refused("InvalidInstanceIds.Malformed", ecs, "DescribeInstances", InstanceIds="i-1,i-2")
    refused("InvalidInstanceIds.Malformed", ecs, "DescribeInstances", InstanceIds='{"a": 1}')
    refused("InvalidInstanceIds.Malformed", ecs, "DescribeInstances", InstanceIds=["i-1"] * 101)


@pytest.fixture
def crowd(world: Any, site: Any) -> list[str]:
    """The ids of 125 instances."""
    state = rules.state(world)
    for _ in range(121):
        state.add_instance(world, site.vswitch.id)
    return list(state.instances)


def test_pages_by_token_hold_every_instance_once_and_echo_their_size(ecs: Any, crowd: list[str]) -> None:
    first = ecs("DescribeInstances", MaxResults=100)
    second = ecs("DescribeInstances", MaxResults=100, NextToken=first["NextToken"])
    assert ids(first) + ids(second) == crowd
    assert (first["PageSize"], second["PageSize"], second["NextToken"]) == (100, 100, "")
    assert first["TotalCount"] == 125


def test_pages_by_number_hold_every_instance_once(ecs: Any, crowd: list[str]) -> None:
    pages = [ecs("DescribeInstances", PageNumber=number, PageSize=50) for number in (1, 2, 3)]
    assert [each for page in pages for each in ids(page)] == crowd
    assert [(page["PageNumber"], page["PageSize"]) for page in pages] == [(1, 50), (2, 50), (3, 50)]


def test_a_page_is_ten_unless_asked_otherwise_and_a_hundred_at_most(ecs: Any, crowd: list[str]) -> None:
    assert len(ids(ecs("DescribeInstances"))) == 10
    assert len(ids(ecs("DescribeInstances", MaxResults=3))) == 10
    assert len(ids(ecs("DescribeInstances", MaxResults=1000))) == 100
    follow = ecs("DescribeInstances")["NextToken"]
    assert ids(ecs("DescribeInstances", NextToken=follow)) == crowd[10:20]


def test_status_is_listed_alone(ecs: Any, site: Any) -> None:
    ecs("StopInstance", InstanceId=site.nodes[0].id)
    asked = [site.nodes[0].id, site.nodes[1].id]
    answer = ecs("DescribeInstanceStatus", InstanceId=asked)
    found = answer["InstanceStatuses"]["InstanceStatus"]
    assert [(each["InstanceId"], each["Status"]) for each in found] == list(
        zip(asked, ("Stopped", "Running"), strict=True)
    )
    assert ecs("DescribeInstanceStatus", PageSize=3, PageNumber=2)["TotalCount"] == 4


def test_an_instance_is_stopped_started_and_released(ecs: Any, site: Any, refused: Any) -> None:
    node = site.nodes[0]
    refused("IncorrectInstanceStatus", ecs, "StartInstance", InstanceId=node.id)
    refused("IncorrectInstanceStatus", ecs, "DeleteInstance", InstanceId=node.id)
    ecs("StopInstance", InstanceId=node.id)
    refused("IncorrectInstanceStatus", ecs, "StopInstance", InstanceId=node.id)
    ecs("StartInstance", InstanceId=node.id)
    ecs("StopInstance", InstanceId=node.id)
    free = site.vswitch.available()
    ecs("DeleteInstance", InstanceId=node.id)
    assert site.vswitch.available() == free + 1
    refused("InvalidInstanceId.NotFound", ecs, "DescribeInstanceAttribute", InstanceId=node.id)
    assert ids(ecs("DescribeInstances", InstanceIds=[node.id])) == []
    assert ecs("DescribeNetworkInterfaces", InstanceId=node.id)["TotalCount"] == 0


def locks(answer: dict[str, Any]) -> list[str]:
    (seen,) = answer["Instances"]["Instance"]
    return [each["LockReason"] for each in seen["OperationLocks"]["LockReason"]]


def test_a_lock_is_told_and_found_by_its_reason(ecs: Any, site: Any, refused: Any) -> None:
    overdue, suspect, free = site.nodes
    overdue.locks, suspect.locks = ["financial"], ["financial", "security"]
    assert locks(ecs("DescribeInstances", InstanceIds=[suspect.id])) == ["financial", "security"]
    assert locks(ecs("DescribeInstances", InstanceIds=[free.id])) == []
    told = ecs("DescribeInstanceAttribute", InstanceId=overdue.id)["OperationLocks"]["LockReason"]
    assert told == [{"LockReason": "financial"}]
    assert ids(ecs("DescribeInstances", LockReason="financial")) == [overdue.id, suspect.id]
    assert ids(ecs("DescribeInstances", LockReason="security")) == [suspect.id]
    assert ids(ecs("DescribeInstances", LockReason="Recycling")) == []
    refused("InvalidParameter", ecs, "DescribeInstances", LockReason="bankrupt")


def test_an_instance_locked_for_security_is_neither_stopped_nor_started_but_released(
    ecs: Any, site: Any, refused: Any
) -> None:
    node = site.nodes[0]
    node.locks = ["security"]
    refused("InstanceLockedForSecurity", ecs, "StopInstance", InstanceId=node.id)
    node.status = "Stopped"
    assert refused("InstanceLockedForSecurity", ecs, "StartInstance", InstanceId=node.id).status == 403
    ecs("DeleteInstance", InstanceId=node.id)
    assert ids(ecs("DescribeInstances", InstanceIds=[node.id])) == []


def test_an_instance_with_overdue_payment_is_stopped_and_not_started(ecs: Any, site: Any, refused: Any) -> None:
    node = site.nodes[0]
    node.locks = ["financial"]
    ecs("StopInstance", InstanceId=node.id)
    refused("InsufficientBalance", ecs, "StartInstance", InstanceId=node.id)
    node.locks = []
    ecs("StartInstance", InstanceId=node.id)
    assert node.status == "Running"


def test_a_start_and_a_stop_take_as_long_as_the_world_says(
    ecs: Any, world: Any, site: Any, refused: Any, later: Any
) -> None:
    rules.state(world).change_seconds = 30.0
    node = site.nodes[0]
    changes: list[str] = []
    world.on_change.append(changes.append)
    ecs("StopInstance", InstanceId=node.id)
    assert ids(ecs("DescribeInstances", Status="Stopping")) == [node.id]
    assert changes == [""]
    refused("IncorrectInstanceStatus", ecs, "StopInstance", InstanceId=node.id)
    refused("IncorrectInstanceStatus", ecs, "StartInstance", InstanceId=node.id)
    refused("IncorrectInstanceStatus", ecs, "DeleteInstance", InstanceId=node.id)
    later(29)
    assert ids(ecs("DescribeInstances", Status="Stopping")) == [node.id]
    later(1)
    assert ids(ecs("DescribeInstances", Status="Stopped")) == [node.id]
    ecs("StartInstance", InstanceId=node.id)
    assert ids(ecs("DescribeInstances", Status="Starting")) == [node.id]
    later(30)
    assert ids(ecs("DescribeInstances", Status="Running", VpcId=site.vpc.id)) == [each.id for each in site.nodes]


def test_the_data_plane_hears_when_a_start_is_done(ecs: Any, world: Any, site: Any, later: Any) -> None:
    rules.state(world).change_seconds = 5.0
    due: list[Any] = []
    world.later = lambda seconds, do: due.append((seconds, do))
    ecs("StopInstance", InstanceId=site.nodes[0].id)
    ((seconds, done),) = due
    changes: list[str] = []
    world.on_change.append(changes.append)
    later(seconds)
    done()
    assert (seconds, changes, site.nodes[0].status) == (5.0, [""], "Stopped")


def test_a_protected_instance_is_not_released(ecs: Any, site: Any, refused: Any) -> None:
    site.nodes[0].deletion_protection = True
    error = refused(
        "InvalidOperation.DeletionProtection", ecs, "DeleteInstance", InstanceId=site.nodes[0].id, Force="true"
    )
    assert error.status == 403
