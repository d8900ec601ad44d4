"""`yunqiao doctor`: a cluster and a cloud with one thing wrong at a time, and what is said about it.

The API server and the cloud are those of kubesim and yunsim, in this process and over their sockets; no controller and
no kubelet is at work, so that whatever changes would have been changed by the command.
"""

import asyncio
import base64
import json
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.e2e.conftest import default_addresses

from kubesim.access.users import User
from kubesim.server.serving import Running, Settings, serving
from yunqiao.cli.doctor import main
from yunqiao.cli.sandboxed.programs import start
from yunqiao.cli.sandboxed.sandbox import environment
from yunqiao.install.permissions import READS, RULES, WRITES
from yunsim import worldfile
from yunsim.faults import Fault, is_read
from yunsim.serving import Server
from yunsim.serving import serving as cloud_serving

YUNQIAO = str(Path(sys.executable).with_name("yunqiao"))
WORLD = worldfile.load()
REGION, VPC = WORLD.region, "vpc-bp1yunsim00000000000001"
SECRET, TOKEN = "not-a-secret-only-for-yunsim", "token-of-the-controller"
CLOSED = "127.0.0.1:1"
TAINT = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
WORKERS = [one for one in WORLD.instances if one.in_cluster and one.hostname.startswith("worker")]
LEADER = "machine-1_0b0c"


@dataclass
class Site:
    """A cluster, a cloud, and the command that looks at both."""

    folder: Path
    cluster: Running
    cloud: Server
    captured: Any

    def make(self, resource: str, body: dict[str, Any], namespace: str = "") -> None:
        self.cluster.verbs.create(resource, body, namespace)

    def node(self, instance: Any, **more: Any) -> str:
        """A Node; `more` takes the place of what is right: name, providerID, uuid, ip, cidr, taints, labels."""
        own_range = f"10.244.{WORKERS.index(instance) if instance in WORKERS else 9}.0/24"
        cidr = more.get("cidr", own_range)
        name = more.get("name", instance.hostname)
        self.make("nodes", {
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": more.get("labels", {})},
            "spec": {
                "providerID": more.get("providerID", f"{REGION}.{instance.id}"), "taints": more.get("taints", []),
                **({"podCIDR": cidr, "podCIDRs": [cidr]} if cidr else {}),
            },
            "status": {
                "addresses": [{"type": "InternalIP", "address": more.get("ip", str(instance.ip))}],
                "conditions": [{"type": "Ready", "status": "True"}],
                "nodeInfo": {"systemUUID": more.get("uuid", instance.serial_number)},
            },
        })  # fmt: skip
        return name

    def lease(self, holder: str = LEADER, *, name: str = "ccm", seconds_ago: float = 1.0, ours: bool = True) -> None:
        """A lock that somebody holds; `ours` as a yunqiao leaves it."""
        renewed = (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        notes = {"yunqiao/lease-transitions": "0"} if ours else {}
        spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed, "leaseTransitions": 0}
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec,
                "metadata": {"name": name, "namespace": "kube-system", "annotations": notes}}  # fmt: skip
        self.make("leases.coordination.k8s.io", body, "kube-system")

    def service(self, name: str, status: dict[str, Any]) -> None:
        spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
        self.make("services", body, "default")
        self.cluster.verbs.patch("services", name, {"status": status},
                                 "application/merge-patch+json", "default", subresource="status")  # fmt: skip

    def config(self, **changed: str | None) -> str:
        """A cloud-config; None leaves a key out."""
        coded = {"accessKeyID": WORLD.keys[0].id, "accessKeySecret": SECRET}
        whole = {name: base64.b64encode(text.encode()).decode() for name, text in coded.items()}
        whole |= {"region": REGION, "vpcid": VPC, "vswitchid": ":vsw-bp1yunsim00000000000001", **changed}
        path = self.folder / "cloud-config.conf"
        path.write_text(json.dumps({"Global": {name: text for name, text in whole.items() if text is not None}}))
        return str(path)

    def forbid(self, action: str) -> None:
        message = "You are not authorized to do this action."
        self.cloud.cloud.faults.add(Fault("error", action=action, status=403, code="Forbidden.RAM", message=message))

    async def doctor(
        self, *flags: str, config: str | None = None, kubeconfig: str = "", writing: bool = False, **more: str
    ) -> "Told":
        """Run the command, and see that it tells no secret and writes nothing (unless somebody else is `writing`)."""
        given = [f"--cloud-config={config or self.config()}", f"--kubeconfig={kubeconfig or self.folder / 'admin'}"]
        before, calls = self._revision(), len(self.cloud.cloud.journal.entries)
        variables = environment(self.cloud.url) | more
        with pytest.MonkeyPatch.context() as patch:
            for name, text in variables.items():
                patch.setenv(name, text)
            status = await asyncio.to_thread(main, [*given, "--output=json", *flags])
        said = self.captured.readouterr()
        assert writing or self._revision() == before
        assert writing or all(is_read(one.action) for one in self.cloud.cloud.journal.since(calls))
        assert SECRET not in said.out + said.err
        assert base64.b64encode(SECRET.encode()).decode() not in said.out + said.err
        assert TOKEN not in said.out + said.err
        return Told(status, json.loads(said.out)["checks"])

    def kubeconfig(self, token: str = TOKEN, server: str = "") -> str:
        """A kubeconfig of somebody else, or of another place."""
        config = yaml.safe_load((self.folder / "admin").read_text())
        config["users"][0]["user"] = {"token": token}
        if server:
            config["clusters"][0]["cluster"] = {"server": server}
        path = self.folder / "somebody"
        path.write_text(yaml.safe_dump(config))
        return str(path)

    def _revision(self) -> str:
        return str(self.cluster.verbs.list("nodes")["metadata"]["resourceVersion"])


@dataclass
class Told:
    """What a run told: its exit status, and the findings."""

    status: int
    checks: list[dict[str, Any]]

    def named(self, check: str) -> dict[str, Any]:
        """The one finding about that."""
        found = [one for one in self.checks if one["check"] == check]
        assert len(found) == 1, (check, [one["check"] for one in self.checks])
        return found[0]

    def bad(self, check: str, status: str = "broken") -> str:
        """What is said about a check that is not ok: what was found, and the fix."""
        one = self.named(check)
        assert one["status"] == status, one
        assert one["fix"], one
        assert (self.status == 1) if status == "broken" else True
        return f"{one['found']} | {one['fix']}"

    def of(self, status: str) -> list[str]:
        return [one["check"] for one in self.checks if one["status"] == status]


@pytest_asyncio.fixture
async def site(tmp_path, capsys):
    user = User("system:serviceaccount:kube-system:ccm", ("system:authenticated", "system:serviceaccounts"), "u-1")
    async with AsyncExitStack() as stack:
        settings = Settings(tls=False, kubeconfig=tmp_path / "admin", enforce_rbac=True, users={TOKEN: user})
        cluster = await stack.enter_async_context(serving(settings))
        await stack.enter_async_context(default_addresses())
        cloud = await stack.enter_async_context(cloud_serving(WORLD, "127.0.0.1", 0))
        yield Site(tmp_path, cluster, cloud, capsys)


CIDR = "--cluster-cidr=10.244.0.0/16"


# --- configuration --------------------------------------------------------------------------------------------------


async def test_every_fault_of_a_configuration_is_told_at_once_and_the_cluster_is_looked_at_all_the_same(site):
    config = site.config(region="${REGION}", accesKeyID="x", accessKeySecret="?", serviceBackendType="pods")
    told = await site.doctor("--leader-elect-resource-lock=endpoints", config=config)
    assert told.status == 1
    assert "echo -n" in told.bad(f"{config}: accessKeySecret")
    assert '"pods" is not one of' in told.bad(f"{config}: serviceBackendType")
    assert "did you mean accessKeyID?" in told.bad(f"{config}: accesKeyID", "warning")
    assert "write the value itself" in told.bad(f"{config}: region")
    assert "outdated" in told.bad("--leader-elect-resource-lock", "warning")
    assert told.named("API server")["status"] == "ok"
    assert told.named("region")["found"] == "because of: configuration"
    assert told.named("credentials")["status"] == "not checked"


async def test_a_range_that_a_script_left_unfinished_is_told(site):
    told = await site.doctor("--cluster-cidr=${ClusterCIDR}")
    notes = [one for one in told.checks if one["check"] == "--cluster-cidr"]
    assert any("left over from a script" in one["found"] for one in notes)
    assert any("kube-controller-manager" in one["fix"] for one in notes)


async def test_a_wrong_flag_means_that_nothing_can_be_looked_at(site):
    told = await site.doctor("--network=vcp")
    assert told.status == 2
    assert "did you mean vpc?" in told.named("--network")["fix"]
    assert set(told.of("not checked")) >= {"API server", "region", "nodes", "routes", "Services"}


def test_an_unknown_flag_is_a_wrong_command_line(capsys):
    assert main(["--kubconfig=x"]) == 2
    assert "did you mean --kubeconfig?" in capsys.readouterr().err
    assert main(["--output=xml"]) == 2
    assert main(["-o"]) == 2
    assert main(["--help"]) == 0
    assert "example:\n  yunqiao doctor" in capsys.readouterr().out


# --- cluster --------------------------------------------------------------------------------------------------------


async def test_an_api_server_that_is_not_there_does_not_keep_the_cloud_from_being_looked_at(site):
    told = await site.doctor(kubeconfig=str(site.folder / "none"))
    assert "cannot be read" in told.bad("API server")
    assert told.named("credentials")["status"] == "ok"
    assert told.named("nodes")["found"] == "because of: API server"


async def test_neither_cluster_nor_cloud_is_another_exit_status(site):
    missing = {"SLB_ENDPOINT": CLOSED, "ECS_ENDPOINT": CLOSED, "VPC_ENDPOINT": CLOSED}
    told = await site.doctor(kubeconfig=str(site.folder / "none"), **missing)
    assert told.status == 2


async def test_a_token_that_is_not_accepted(site):
    told = await site.doctor(kubeconfig=site.kubeconfig(token="wrong"))
    assert "does not accept our credentials" in told.bad("API server")


async def test_rights_that_are_missing_are_named_rule_by_rule(site):
    told = await site.doctor(kubeconfig=site.kubeconfig())
    who = "system:serviceaccount:kube-system:ccm"
    nodes = [one for one in told.checks if one["check"] == "right to nodes"]
    assert f"{who} may not patch and delete nodes" in [one["found"] for one in nodes]
    assert (
        'add to the controller\'s ClusterRole: {apiGroups: [""], resources: ["nodes"], verbs: ["patch", "delete"]}'
        in [one["fix"] for one in nodes]
    )
    slices = told.bad("right to endpointslices", "warning")
    assert "Endpoints are read instead" in slices
    leases = [one for one in told.checks if one["check"] == "right to leases"]
    assert any('resourceNames: ["ccm"], verbs: ["get", "update"]' in one["fix"] for one in leases)
    assert all("a Role in kube-system" in one["fix"] for one in leases)


async def test_only_the_chosen_controllers_need_rights(site):
    told = await site.doctor("--controllers=route", kubeconfig=site.kubeconfig())
    assert "right to pods" not in told.of("warning")
    assert [one["found"] for one in told.checks if one["check"] == "right to services"] == [
        "system:serviceaccount:kube-system:ccm may not list and watch services",
        "system:serviceaccount:kube-system:ccm may not get services kubernetes in namespace default",
    ]


async def test_with_the_declared_rules_nothing_is_missing(site):
    _grant(site)
    told = await site.doctor(kubeconfig=site.kubeconfig())
    assert told.named("rights (RBAC)")["status"] == "ok"


async def test_what_stands_in_for_a_missing_right_is_needed_only_then(site):
    _grant(site, but=("endpointslices", "namespaces"))
    told = await site.doctor(kubeconfig=site.kubeconfig())
    assert "Endpoints are read instead" in told.bad("right to endpointslices", "warning")
    assert 'resources: ["endpoints"], verbs: ["list", "watch"]' in told.bad("right to endpoints")
    assert 'a Role in default: {apiGroups: [""], resources: ["services"], resourceNames: ["kubernetes"]' in told.bad(
        "right to services"
    )


async def test_nobody_has_ever_led(site):
    assert "its Lease is absent | start the controller" in (await site.doctor()).bad("leader", "warning")


async def test_a_lease_that_nobody_renews(site):
    site.lease(seconds_ago=600)
    assert "renewed 600 s ago for 15 s: no controller runs | start" in (await site.doctor()).bad("leader")


async def test_the_incumbent_leads(site):
    site.lease("incumbent-1_77", ours=False)
    assert "incumbent-1_77 holds Lease kube-system/ccm" in (await site.doctor()).bad("leader", "warning")


async def test_two_controllers_at_once(site):
    site.lease()
    site.lease("incumbent-1_77", name="cloud-controller-manager", ours=False)
    told = (await site.doctor()).bad("other controllers")
    assert "two controllers work at once: incumbent-1_77 holds Lease kube-system/cloud-controller-manager" in told
    assert "| stop the one that you do not want: the process on incumbent-1 " in told


async def test_a_second_controller_that_holds_the_lock_of_old(site):
    site.lease()
    renewed = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    held = {"holderIdentity": "old-1_77", "leaseDurationSeconds": 15, "renewTime": renewed, "leaderTransitions": 0}
    notes = {"control-plane.alpha.kubernetes.io/leader": json.dumps(held)}
    site.make("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "ccm", "namespace": "kube-system", "annotations": notes}}, "kube-system")  # fmt: skip
    assert "old-1_77 holds ConfigMap kube-system/ccm" in (await site.doctor()).bad("other controllers")


async def test_a_controller_that_holds_both_locks_is_one(site):
    site.lease()
    site.lease(name="cloud-controller-manager")
    assert (await site.doctor()).of("broken") == []


async def test_without_a_lease_it_is_not_known_whether_a_controller_runs(site):
    told = await site.doctor("--leader-elect=false")
    assert told.named("leader")["status"] == "not checked"


# --- access to the cloud --------------------------------------------------------------------------------------------


async def test_a_wrong_secret(site):
    wrong = base64.b64encode(b"another").decode()
    told = await site.doctor(config=site.config(accessKeySecret=wrong))
    assert "SignatureDoesNotMatch" in told.bad("credentials")
    assert "accessKeySecret of the cloud-config" in told.named("credentials")["fix"]
    assert told.named("read permissions (RAM)")["found"] == "16 actions, because of: credentials"
    assert told.named("VPC")["status"] == "not checked"


async def test_no_key_at_all(site):
    config = site.config(accessKeyID=None, accessKeySecret=None)
    told = await site.doctor(config=config, METADATA_ENDPOINT=f"http://{CLOSED}")
    assert "RAM role of the ECS instance: Instance metadata" in told.bad("credentials")
    assert "Global.accessKeyID" in told.named("credentials")["fix"]


async def test_a_clock_that_is_off(site):
    site.cloud.cloud.faults.add(
        Fault("error", status=400, code="InvalidTimeStamp.Expired", message="Specified time stamp is expired.")
    )
    told = await site.doctor()
    assert "timedatectl set-ntp true" in told.bad("clock")
    assert told.named("read permissions (RAM)")["found"] == "16 actions, because of: clock"


async def test_an_endpoint_that_is_not_reached(site):
    told = await site.doctor(SLB_ENDPOINT=CLOSED)
    assert "--network=public" in told.bad("endpoint slb")
    assert told.named("endpoint ecs")["status"] == "ok"
    unclear = [
        one for one in told.checks if one["status"] == "not checked" and "slb:DescribeLoadBalancers" in one["details"]
    ]
    assert [one["found"] for one in unclear] == ["9 actions, because of: endpoint"]
    assert told.named("credentials")["status"] == "ok"
    inside = await site.doctor("--network=public", SLB_ENDPOINT=CLOSED)
    assert "HTTPS_PROXY" in inside.bad("endpoint slb")


@pytest.mark.parametrize("action", [one for one in READS if one.name in ("DescribeLoadBalancers", "DescribeVSwitches")])
async def test_a_ram_permission_that_is_missing(site, action):
    site.forbid(action.name)
    told = (await site.doctor()).bad(f"permission {action}")
    assert "Forbidden.RAM" in told
    assert f'{{"Effect": "Allow", "Action": ["{action}"], "Resource": "*"}}' in told


async def test_what_writes_is_not_tried(site):
    one = (await site.doctor()).named("write permissions (RAM)")
    assert one["status"] == "not checked"
    assert {"slb:CreateLoadBalancer", "vpc:CreateRouteEntries"} <= set(one["details"])


async def test_a_region_that_nothing_tells(site):
    config = site.config(region=None, vpcid=None)
    told = await site.doctor(config=config, METADATA_ENDPOINT=f"http://{CLOSED}")
    assert "set region in the cloud-config (Global.region)" in told.bad("region")
    assert told.named("nodes")["found"].endswith("there are none")


async def test_a_region_that_the_cloud_does_not_have(site):
    told = await site.doctor(config=site.config(region="cn-nowhere"))
    assert "cn-nowhere: " in told.bad("region")
    assert "correct it: set region" in told.named("region")["fix"]


async def test_an_account_that_is_in_arrears(site):
    site.cloud.cloud.faults.add(Fault("error", status=403, code="Forbidden.RiskControl", message="Risk control."))
    assert "the account's owner" in (await site.doctor()).bad("account")


async def test_objects_that_may_not_be_listed_name_the_right(site):
    told = await site.doctor(kubeconfig=site.kubeconfig())
    assert told.named("nodes")["found"] == "because of: right to nodes"
    assert told.named("Services")["found"] == "because of: right to services"
    assert told.named("cluster id")["found"] == "because of: right to namespaces"
    assert told.named("credentials")["status"] == "ok"


# --- place in the cloud ---------------------------------------------------------------------------------------------


async def test_a_vpc_that_nothing_tells(site):
    config = site.config(vpcid=None)
    told = await site.doctor(config=config, METADATA_ENDPOINT=f"http://{CLOSED}")
    assert "set vpcid in the cloud-config (Global.vpcid)" in told.bad("VPC")
    assert told.named("route tables")["found"] == "because of: VPC"


async def test_nodes_tell_the_vpc_where_there_is_no_metadata(site):
    site.node(WORKERS[0])
    config = site.config(vpcid=None)
    told = await site.doctor(config=config, METADATA_ENDPOINT=f"http://{CLOSED}")
    assert "from the nodes' instances" in told.named("VPC")["found"]
    config = site.config(vpcid=None, vswitchid=None)
    told = await site.doctor(config=config, METADATA_ENDPOINT=f"http://{CLOSED}")
    assert told.named("vSwitch vsw-bp1yunsim00000000000001")["found"].endswith("free (from the nodes' instances)")


async def test_a_vpc_that_does_not_exist(site):
    told = await site.doctor(config=site.config(vpcid="vpc-none"))
    assert "vpc-none" in json.dumps([one for one in told.checks if one["check"].startswith("VPC")])
    assert any(one.startswith("VPC") for one in told.of("broken"))


async def test_a_vswitch_that_is_not_in_the_vpc(site):
    told = await site.doctor(config=site.config(vswitchid=":vsw-none"))
    assert "Global.vswitchid" in told.bad("vSwitch vsw-none")


async def test_no_vswitch(site):
    config = site.config(vswitchid=None)
    told = await site.doctor(config=config, METADATA_ENDPOINT=f"http://{CLOSED}")
    assert "set vswitchid in the cloud-config (Global.vswitchid)" in told.bad("vSwitch", "warning")


# --- nodes ----------------------------------------------------------------------------------------------------------


async def test_a_node_without_provider_id_is_found_and_told(site):
    name = site.node(WORKERS[0], providerID="")
    told = await site.doctor()
    assert f"it is the ECS instance {WORKERS[0].id} | the controller writes it" in told.bad(f"node {name}", "warning")
    without = await site.doctor("--controllers=service,route")
    assert "yunqiao init-node" in without.bad(f"node {name}", "warning")


async def test_a_node_that_no_instance_is(site):
    name = site.node(WORKERS[0], providerID="", ip="127.16.0.200", uuid="")
    assert "has its address (127.16.0.200) | if it is no ECS instance" in (await site.doctor()).bad(f"node {name}")


async def test_a_node_that_is_another_machine(site):
    name = site.node(WORKERS[0], providerID=f"{REGION}.{WORKERS[1].id}")
    assert "register the node anew" in (await site.doctor()).bad(f"node {name}")


async def test_a_node_whose_instance_is_gone(site):
    name = site.node(WORKERS[0], providerID=f"{REGION}.i-bp1none")
    assert "i-bp1none, which ECS does not show | if the machine exists" in (await site.doctor()).bad(f"node {name}")


async def test_two_nodes_that_are_one_machine(site):
    site.node(WORKERS[0])
    site.node(WORKERS[0], name="twin")
    told = await site.doctor()
    twice = [
        told.named(f"node {name}")["found"]
        for name in ("twin", WORKERS[0].hostname)
        if f"node {name}" in told.of("broken")
    ]
    assert len(twice) == 1
    assert f"the ECS instance {WORKERS[0].id} is also the node" in twice[0]


async def test_a_server_that_is_no_api_server(site):
    told = await site.doctor(kubeconfig=site.kubeconfig(server=site.cloud.url))
    assert told.named("API server")["status"] == "broken"


async def test_a_taint_that_nobody_is_there_to_take_away(site):
    name = site.node(WORKERS[0], taints=[TAINT])
    site.lease()
    assert "| add node to --controllers" in (await site.doctor("--controllers=service")).bad(f"taint of node {name}")


async def test_a_taint_that_stays_although_somebody_leads(site):
    name = site.node(WORKERS[0], taints=[TAINT])
    assert "the controller takes it away" in (await site.doctor()).bad(f"taint of node {name}", "warning")
    site.lease()
    assert f"kubectl describe node {name}" in (await site.doctor()).bad(f"taint of node {name}")


async def test_a_tainted_node_of_somebody_else_says_who_has_to_act(site):
    name = site.node(WORKERS[0], providerID="ack-hybrid://x", taints=[TAINT])
    assert "whoever manages that machine" in (await site.doctor()).bad(f"taint of node {name}", "warning")


async def test_nodes_are_counted_by_kind(site):
    site.node(WORKERS[0], labels={"service.alibabacloud.com/exclude-node": "true"})
    site.node(WORKERS[1], providerID="ack-hybrid://x")
    found = (await site.doctor()).named("nodes")["found"]
    assert found == f"1 ecs, 1 hybrid; kept out by label: {WORKERS[0].hostname}"


async def test_ecs_that_may_not_be_asked_is_told_once(site):
    for one in WORKERS[:2]:
        site.node(one)
    site.forbid("DescribeInstances")
    told = await site.doctor()
    assert told.named("instances of nodes")["status"] == "not checked"
    assert told.named("instances of nodes")["found"].startswith("2 nodes: ")


# --- routes ---------------------------------------------------------------------------------------------------------


async def test_a_node_without_a_pod_range(site):
    site.node(WORKERS[0], cidr="")
    assert "--allocate-node-cidrs=true and --cluster-cidr" in (await site.doctor(CIDR)).bad("pod ranges")


@pytest.mark.parametrize(("cidr", "says"), [
    ("127.16.0.0/24", "that no vSwitch of the VPC touches"),
    ("10.99.0.0/24", "is outside --cluster-cidr=10.244.0.0/16 | correct the flag"),
    ("100.64.0.0/24", "choose another --cluster-cidr"),
])  # fmt: skip
async def test_a_pod_range_that_cannot_be_routed(site, cidr, says):
    name = site.node(WORKERS[0], cidr=cidr)
    flags = (CIDR,) if "10.99" in cidr else ()
    assert says in (await site.doctor(*flags)).bad(f"route of node {name}")


async def test_a_pod_range_within_the_vpc(site):
    site.node(WORKERS[0], cidr="127.31.0.0/24")
    assert "--configure-cloud-routes=false" in (await site.doctor()).bad("pod ranges and VPC", "warning")


async def test_a_route_that_leads_elsewhere_and_one_that_is_not_there_yet(site):
    names = [site.node(one) for one in WORKERS[:2]]
    await _route(site, "10.244.0.0/24", WORKERS[1].id)
    told = await site.doctor(CIDR)
    assert f"leads 10.244.0.0/24 to {WORKERS[1].id} already" in told.bad(f"route of node {names[0]}")
    assert "10.244.1.0/24 leads nowhere yet" in told.bad(f"route of node {names[1]}", "warning")


async def test_a_route_table_that_does_not_exist(site):
    told = await site.doctor(CIDR, config=site.config(routeTableIDs="vtb-none"))
    assert "Global.routeTableIDs" in told.bad("route table vtb-none")


async def test_routes_that_nobody_looks_after(site):
    told = await site.doctor("--configure-cloud-routes=false")
    assert told.named("routes")["found"] == "not looked after: --configure-cloud-routes=false"


# --- Services -------------------------------------------------------------------------------------------------------


async def test_services_that_are_not_served_name_the_command_that_explains(site):
    site.service("well", {"loadBalancer": {"ingress": [{"ip": "127.16.0.99"}]}})
    site.service("young", {})
    problem = {"type": "yunqiao/Synced", "status": "False", "reason": "SyncLoadBalancerFailed", "message": "port 80",
               "lastTransitionTime": "2026-01-01T00:00:00Z"}  # fmt: skip
    site.service("refused", {"conditions": [problem], "loadBalancer": {"ingress": [{"ip": "127.16.0.98"}]}})
    told = await site.doctor()
    assert told.named("Services")["found"] == "3 of type LoadBalancer, 1 of them served"
    assert told.bad("Service default/young") == "it has no address yet | yunqiao explain service default/young"
    assert told.bad("Service default/refused").endswith("is False: port 80 | yunqiao explain service default/refused")


# --- the whole ------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_a_sandbox_is_well_and_all_that_its_controller_did_was_declared(stage, until):
    await stage.deployment("whole", 1)
    await stage.service("whole")
    await stage.address("whole")
    given = (f"--cloud-config={stage.box.folder / 'cloud-config.conf'}", f"--kubeconfig={stage.box.kubeconfig}",
             "--cluster-cidr=10.244.0.0/20")  # fmt: skip

    async def well():
        process = await asyncio.create_subprocess_exec(
            YUNQIAO, "doctor", *given, env=os.environ | environment(stage.box.cloud),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = (text.decode() for text in await asyncio.wait_for(process.communicate(), 30))
        assert (process.returncode, err) == (0, ""), out + err
        return out if out.endswith(" ok, 1 not checked. Nothing was changed.\n") else ""

    out = await until(
        "nothing is left to warn of", well
    )  # routes that have just been made are on their way for a while
    assert "1 of type LoadBalancer, 1 of them served" in out
    assert "routes of nodes: there for 4 nodes" in out
    await stage.delete("whole")
    assert set(await stage.actions()) <= {one.name for one in (*READS, *WRITES)}


async def test_a_controller_with_the_declared_rules_and_no_other_is_refused_nothing(site, until):
    _grant(site)
    names = [site.node(WORKERS[0], taints=[TAINT]), site.node(WORKERS[1], providerID="", taints=[TAINT])]
    site.service("web", {})
    flags = ["--health-probe-bind-addr=0", "--metrics-bind-addr=0", CIDR, f"--cloud-config={site.config()}",
             f"--kubeconfig={site.kubeconfig()}"]  # fmt: skip
    controller = await start("cloud-controller-manager", flags, site.folder, environment(site.cloud.url))
    verbs = site.cluster.verbs

    async def served():
        nodes = [verbs.get("nodes", name) for name in names]
        routed = all(("NetworkUnavailable", "False") in _conditions(one) for one in nodes)
        ingress = verbs.get("services", "web", "default")["status"]["loadBalancer"].get("ingress")
        return routed and ingress and not any(one["spec"].get("taints") for one in nodes)

    async def gone():
        return all(one["metadata"]["name"] != "web" for one in verbs.list("services", "default")["items"])

    try:
        await until("nodes are admitted, routed, and the Service is served", served)
        told = await site.doctor(CIDR, kubeconfig=site.kubeconfig(), writing=True)
        assert (told.status, told.of("warning"), told.of("broken")) == (0, [], []), told.checks
        verbs.delete("services", "web", "default")
        await until("the Service is gone", gone)
        assert verbs.list("events", "default")["items"]
    finally:
        await controller.stop()
    assert "forbidden" not in controller.log.read_text()


def _conditions(node):
    return {(one["type"], one["status"]) for one in node["status"]["conditions"]}


def _grant(site, but=()):
    """The declared rules, and those of the Lease and the namespace, as a ClusterRole."""
    usual = [one for one in RULES if not one.instead_of]
    rules = [{"apiGroups": [one.group], "resources": [one.resource], "verbs": list(one.verbs)} for one in usual]
    rules += [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]},
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]},
    ]
    rules = [one for one in rules if one["resources"][0] not in but]
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "ccm"}}
    site.make("clusterroles.rbac.authorization.k8s.io", {**head, "kind": "ClusterRole", "rules": rules})
    subject = {"kind": "ServiceAccount", "namespace": "kube-system", "name": "ccm"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "ccm"}
    body = {**head, "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": role}
    site.make("clusterrolebindings.rbac.authorization.k8s.io", body)


async def _route(site, cidr, instance):
    send = site.cloud.cloud.send
    tables = await send("vpc", "DescribeRouteTableList", {"RegionId": REGION, "VpcId": VPC})
    entry = {"RouteTableId": tables["RouterTableList"]["RouterTableListType"][0]["RouteTableId"],
             "DstCidrBlock": cidr, "NextHop": instance, "NextHopType": "Instance"}  # fmt: skip
    params = {f"RouteEntries.1.{name}": value for name, value in entry.items()}
    await send("vpc", "CreateRouteEntries", {"RegionId": REGION, **params})
