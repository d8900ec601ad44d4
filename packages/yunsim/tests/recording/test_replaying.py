"""A recording is played here, and the differences are told."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from yunsim import worldfile
from yunsim.calls import Cloud
from yunsim.cli import main
from yunsim.control import Control
from yunsim.dispatch import perform
from yunsim.faults import Fault
from yunsim.founding import found
from yunsim.recording.asking import over_http
from yunsim.recording.redaction import Redaction
from yunsim.recording.replaying import Played, in_process, replay
from yunsim.recording.tape import Exchange
from yunsim.reference.tour import tour
from yunsim.serving import serving
from yunsim.signature import AccessKey

CLIENT = {"key": "LTAI5tClientsKey", "secret": "the-clients-secret"}
VERSIONS = {"slb": "2014-05-15", "ecs": "2014-05-26", "vpc": "2016-04-28", "sts": "2015-04-01"}
HERE = replace(worldfile.load(), route_change_seconds=0.0)


class Owner:
    """Somebody with an account, who makes calls through the recorder."""

    def __init__(self, session: Any, sign: Any) -> None:
        self.session, self.sign = session, sign

    async def __call__(self, product: str, action: str, **params: str) -> dict[str, Any]:
        request = self.sign(action, version=VERSIONS[product], **CLIENT, **{"RegionId": "cn-beijing"} | params)
        status, body = await self.session.post(request)
        return dict(body) if status == 200 else {"Code": body["Code"]}


@pytest.fixture
def owner(session: Any, v1: Any) -> Owner:
    return Owner(session, v1)


async def a_balancers_life(owner: Owner) -> None:
    made = await owner(
        "slb",
        "CreateLoadBalancer",
        LoadBalancerName="shop",
        AddressType="intranet",
        VpcId="vpc-2zeother",
        VSwitchId="vsw-2zetwo",
        MasterZoneId="cn-beijing-l",
        InstanceChargeType="PayByCLCU",
        ClientToken="once",
    )
    of = {"LoadBalancerId": made["LoadBalancerId"]}
    servers = [{"ServerId": "i-2zesecond", "Port": 30080, "Weight": 100}, {"ServerId": "i-2zefirst", "Port": 30080}]
    group = await owner("slb", "CreateVServerGroup", **of, VServerGroupName="web", BackendServers=json.dumps(servers))
    listener = of | {"ListenerPort": "18080"}
    settings = {"Bandwidth": "-1", "VServerGroupId": group["VServerGroupId"], "HealthCheckSwitch": "off"}
    await owner("slb", "CreateLoadBalancerTCPListener", **listener, **settings)
    await owner("slb", "StartLoadBalancerListener", **listener)
    await owner("slb", "DescribeLoadBalancerAttribute", **of)
    await owner("slb", "DescribeVServerGroupAttribute", VServerGroupId=group["VServerGroupId"])
    await owner("slb", "DeleteVServerGroup", VServerGroupId=group["VServerGroupId"])
    await owner("slb", "DeleteLoadBalancerListener", **listener)
    await owner("slb", "DeleteLoadBalancer", **of)
    await owner("slb", "DescribeLoadBalancerAttribute", **of)


async def played_here(session: Any) -> list[Played]:
    cloud = Cloud(found(HERE, strict=True))
    return await replay(session.recorded(), in_process(cloud), Control(cloud, HERE).state({}, None))


def told(played: list[Played]) -> list[tuple[str, str, str, str]]:
    return [(one.action, each.path, each.recorded, each.replayed) for one in played for each in one.differences]


async def test_a_session_elsewhere_with_other_ids_and_addresses_differs_in_nothing(session: Any, owner: Owner):
    await a_balancers_life(owner)
    played = await played_here(session)
    assert len(played) == 10
    assert told(played) == []


def recorded_tour() -> list[Exchange]:
    """Record the story in which every action is called, redacted as a recorder would."""
    world, redaction, recorded = found(HERE), Redaction(), []

    def call(product: str, action: str, **params: str) -> dict[str, Any]:
        body = {"RequestId": "r"} | perform(world, product, action, params)
        given, answered = redaction.params(params), redaction.value(body)
        recorded.append(Exchange(len(recorded) + 1, "", product, action, given, 200, answered))
        return body

    tour(call)
    return recorded


async def test_every_action_replays_without_a_difference_but_for_what_had_to_be_kept_secret():
    certificate = "{id: 1234567890123456_1a, name: tour, common_name: tour.example.com, expires: 2030-01-01}"
    file = worldfile.parse(worldfile.default_text().replace("certificates: []", f"certificates: [{certificate}]"))
    file = replace(file, route_change_seconds=0.0)
    cloud = Cloud(found(file, strict=True))
    played = await replay(recorded_tour(), in_process(cloud), Control(cloud, file).state({}, None))
    assert len(played) > 100
    assert [one.action for one in played if one.skipped] == ["UploadServerCertificate", "AssumeRoleWithOIDC"]
    assert {action for action, *_ in told(played)} == {"DescribeServerCertificates"}


async def test_what_an_answer_named_is_asked_about_by_the_name_of_here(session: Any, owner: Owner):
    first = await owner("slb", "CreateLoadBalancer", InstanceChargeType="PayByCLCU")
    second = await owner("slb", "CreateLoadBalancer", InstanceChargeType="PayByCLCU", LoadBalancerName="second")
    await owner("slb", "DeleteLoadBalancer", LoadBalancerId=first["LoadBalancerId"])
    await owner("slb", "SetLoadBalancerName", LoadBalancerId=second["LoadBalancerId"], LoadBalancerName="left")
    await owner("slb", "DescribeLoadBalancers")
    cloud = Cloud(found(HERE))
    played = await replay(session.recorded(), in_process(cloud), Control(cloud, HERE).state({}, None))
    (left,) = cloud.world.states["slb"].load_balancers.values()
    assert left.name == "left"
    names = [difference for difference in told(played) if "Name" not in difference[1]]
    assert names == []


async def test_a_field_a_status_and_a_code_that_differ_are_told(session: Any, owner: Owner):
    session.cloud.cloud.faults.add(Fault("error", action="SetLoadBalancerName", status=409, code="OperationConflict"))
    made = await owner("slb", "CreateLoadBalancer", InstanceChargeType="PayByCLCU", LoadBalancerName="a")
    session.cloud.cloud.world.states["slb"].load_balancers[made["LoadBalancerId"]].spec = "slb.s9.huge"
    await owner("slb", "SetLoadBalancerName", LoadBalancerId=made["LoadBalancerId"], LoadBalancerName="b")
    await owner("slb", "DescribeLoadBalancerAttribute", LoadBalancerId=made["LoadBalancerId"])
    found_here = told(await played_here(session))
    assert ("SetLoadBalancerName", "(HTTP status)", "409", "200") in found_here
    assert ("SetLoadBalancerName", "Code", "OperationConflict", "(absent)") in found_here
    assert ("DescribeLoadBalancerAttribute", "LoadBalancerSpec", "slb.s9.huge", "slb.lcu.elastic") in found_here
    assert ("DescribeLoadBalancerAttribute", "LoadBalancerName", "a", "b") in found_here


async def test_items_that_are_in_one_list_alone_are_told(session: Any, owner: Owner):
    await owner("ecs", "DescribeInstances", PageSize="100")
    found_here = told(await played_here(session))
    alone = [path for _, path, recorded, _ in found_here if recorded == "(absent)" and path.count(".") == 1]
    assert len(alone) == 3
    assert all(path.startswith("Instances.Instance[") for path in alone)
    assert ("DescribeInstances", "TotalCount", "2", "5") in found_here


async def test_a_call_with_a_secret_is_skipped_and_said_so(session: Any, owner: Owner):
    await owner("slb", "UploadServerCertificate", ServerCertificate="c", PrivateKey="very secret")
    assert "very secret" not in (session.directory / "exchanges.jsonl").read_text()
    (played,) = await played_here(session)
    assert "PrivateKey" in played.skipped
    assert played.differences == []


async def test_a_recording_is_played_against_a_server_that_runs(session: Any, owner: Owner):
    await a_balancers_life(owner)
    key = AccessKey(HERE.keys[0].id, HERE.keys[0].secret)
    async with serving(HERE, "127.0.0.1", 0) as server, aiohttp.ClientSession() as http:
        here = Control(server.cloud, HERE).state({}, None)
        played = await replay(session.recorded(), over_http(http, server.url, key), here)
        assert told(played) == []
        assert [call.outcome for call in server.cloud.journal.since(0)][-1] == "InvalidLoadBalancerId.NotFound"


def test_a_directory_without_a_recording_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["replay", str(tmp_path)]) == 2
    assert "yunsim record --to" in capsys.readouterr().err
    (tmp_path / "exchanges.jsonl").write_text('{"number": 1}\n')
    assert main(["replay", str(tmp_path)]) == 2
    assert "line 1" in capsys.readouterr().err
