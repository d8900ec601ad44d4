"""The controller's core joined to the simulated cloud in one process, on a clock that moves at will.

`Cloud` is a Send with troubles to order: answers lost before or after the effect, calls that arrive late, reads that
are some seconds old, and the end of the process at any call. `Cluster` is the one Service as Kubernetes holds it.
"""

import contextlib
import copy
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from kubesim.api.strategic import strategic
from kubesim.schema.definitions import definition
from yunqiao.cloud.codes import outcome
from yunqiao.controllers.services import record
from yunqiao.controllers.services.identity import identity, wants_balancer
from yunqiao.controllers.services.known import VERIFY_EVERY
from yunqiao.controllers.services.reconcile import Services
from yunqiao.controllers.services.rules import Rules
from yunqiao.controllers.services.site import Site
from yunqiao.model.candidate import candidate
from yunqiao.model.cluster import (
    Condition,
    Metadata,
    Node,
    NodeSpec,
    NodeStatus,
    Pod,
    Service,
    ServicePort,
    ServiceSpec,
    as_builtins,
)
from yunqiao.model.errors import Fault, Lost, NotYet, Refused, Stale
from yunqiao.model.snapshot import Snapshot
from yunqiao.model.step import Call, Patch
from yunsim.dispatch import perform
from yunsim.errors import ApiError
from yunsim.products.ecs.state import State as EcsState
from yunsim.products.slb.state import State as SlbState
from yunsim.products.vpc.state import State as VpcState
from yunsim.world import World

UID = "3f2b8c1e-93ab-4a6e-a8b9-1c2d3e4f5a6b"
CLUSTER = "abcdefghij"
SERVICE_TYPE = definition("io.k8s.api.core.v1.Service")
SOON = 45.0
"""Seconds: what is to come up again later than that is a look at something that is believed to be done."""
LAG = 3.0
"""Seconds by which a read may be old, and a call may be late."""


class Ended(BaseException):
    """The process ends here."""


class Time:
    """A model.clock.Clock that only the test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


def new_world(instances: int = 4) -> World:
    world = World(states={"slb": SlbState(), "ecs": EcsState(), "vpc": VpcState()})
    vpc = world.states["vpc"].add_vpc(world, "127.16.0.0/12", own_id="vpc-test")
    world.states["vpc"].add_vswitch(world, vpc.id, "127.16.0.0/20", "cn-hangzhou-h", own_id="vsw-test")
    for number in range(instances):
        world.states["ecs"].add_instance(world, "vsw-test", own_id=f"i-w{number}")
    return world


@dataclass
class Cloud:
    """A Send into a World. `troubles` has one for each call: "", lost-before, late, old, ended-after ..."""

    time: Time
    world: World = field(default_factory=new_world)
    troubles: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    _past: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    _late: list[tuple[float, Call]] = field(default_factory=list)

    async def send(self, call: Call) -> dict[str, Any]:
        self._arrive()
        self.calls.append(call)
        trouble = self.troubles.pop(0) if self.troubles else ""
        if call.action in self.refused:
            raise Refused("this account may not do that")
        if call.action in self.busy:
            raise NotYet("the balancer is being configured")
        if call.params.get("VSwitchId") in self.full:
            fault = Fault(call.action, 400, "VSwitchAvailableIpNotExist", "no address is left", "request-id")
            raise outcome(fault, call.product)
        if trouble == "ended-before":
            raise Ended
        if trouble == "lost-before":
            raise Lost("the connection ended")
        if trouble == "late" and call.write:
            self._late.append((self.time.now() + LAG, call))
            raise Lost("the connection ended")
        if trouble == "old" and not call.write:
            return self._old(call)
        reply = self._answer(call)
        if trouble == "lost-after":
            raise Lost("the connection ended")
        if trouble == "ended-after":
            raise Ended
        return reply

    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.write]

    def _answer(self, call: Call) -> dict[str, Any]:
        if call.write:
            self._past.append((self.time.now(), copy.deepcopy(self.world.states)))
        try:
            return perform(self.world, call.product, call.action, {"RegionId": self.world.region, **call.params})
        except ApiError as error:
            fault = Fault(call.action, error.status, error.code, error.message, "request-id")
            raise outcome(fault, call.product) from None

    def _old(self, call: Call) -> dict[str, Any]:
        """The answer as it would have been LAG seconds ago: before every write since then."""
        since = [states for when, states in self._past if when >= self.time.now() - LAG]
        now, self.world.states = self.world.states, since[0] if since else self.world.states
        try:
            return self._answer(call)
        finally:
            self.world.states = now

    def _arrive(self) -> None:
        """Calls whose sender has long given up reach the cloud."""
        due = [call for when, call in self._late if when <= self.time.now()]
        self._late = [(when, call) for when, call in self._late if when > self.time.now()]
        for call in due:
            with contextlib.suppress(Stale, Refused, NotYet, Lost):  # nobody waits for it
                self._answer(call)

    def shape(self) -> Any:
        """What is there, without ids, in an order of its own: two equal shapes are the same to a user."""
        balancers = self.world.states["slb"].load_balancers.values()
        return sorted((_balancer_shape(self.world, one) for one in balancers), key=repr)


def _balancer_shape(world: World, balancer: Any) -> Any:
    groups = {group.id: group.name for group in balancer.groups.values()}
    listeners = sorted(_listener_shape(world, balancer.id, one, groups) for one in balancer.listeners.values())
    backends = sorted(
        (group.name, sorted((b.server_id, b.port, b.weight, b.description) for b in group.backends.values()))
        for group in balancer.groups.values()
    )
    return (balancer.name, balancer.address_type, sorted(balancer.tags.items()), listeners, backends)


def _listener_shape(world: World, balancer_id: str, listener: Any, groups: dict[str, str]) -> Any:
    """As the API tells it, defaults included, its group by name."""
    asked = {"RegionId": world.region, "LoadBalancerId": balancer_id, "ListenerPort": str(listener.port)}
    told = perform(world, "slb", f"DescribeLoadBalancer{listener.protocol.upper()}ListenerAttribute", asked)
    told |= {"VServerGroupId": groups.get(told["VServerGroupId"], ""), "LoadBalancerId": ""}
    return repr(sorted(told.items(), key=repr))


@dataclass
class Cluster:
    """One Service and its surroundings as the API server holds them."""

    service: Service | None
    nodes: list[Node] = field(default_factory=list)
    slices: list[Any] = field(default_factory=list)
    pods: dict[str, Pod] = field(default_factory=dict)
    forbidden: bool = False
    asked_for: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)

    def snapshot(self, _: str) -> Snapshot | None:
        candidates = [made for node in self.nodes if (made := candidate(node)) is not None]
        return Snapshot(self.service, self.slices, candidates) if self.service else None

    async def pod(self, namespace: str, name: str) -> Pod | None:
        self.asked_for.append(name)
        if self.forbidden:
            raise Refused(f"get pods {namespace}/{name}: forbidden")
        return self.pods.get(name)

    def _patch_pod(self, patch: Patch) -> None:
        """A strategic patch of conditions, under the UID that it names."""
        pod = self.pods.get(patch.name)
        if pod is None or pod.metadata.uid != patch.body["metadata"]["uid"]:
            raise Stale("the UID in the precondition is another one")
        told = msgspec.convert(patch.body["status"]["conditions"], list[Condition])
        others = [one for one in pod.status.conditions if one.type not in {new.type for new in told}]
        self.pods[patch.name] = msgspec.structs.replace(
            pod, status=msgspec.structs.replace(pod.status, conditions=[*others, *told])
        )

    async def patch(self, patch: Patch) -> None:
        if patch.kind == "Pod":
            assert patch.strategic
            self._patch_pod(patch)
            self.patches.append(patch)
            return
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "ended-before":
            raise Ended
        assert self.service is not None
        self.patches.append(patch)
        plain = self._patched(patch)
        given = patch.body.get("metadata", {}).get("resourceVersion")
        if given is not None and given != self.service.metadata.resource_version:
            raise Stale("the object has been modified")
        plain["metadata"]["resourceVersion"] = str(int(self.service.metadata.resource_version) + 1)
        self._store(msgspec.convert(plain, Service))
        if trouble == "ended-after":
            raise Ended

    def _patched(self, patch: Patch) -> Any:
        """The Service as the API server would make it."""
        plain = as_builtins(self.service)
        return strategic(plain, patch.body, SERVICE_TYPE) if patch.strategic else _merge(plain, patch.body)

    def delete(self) -> None:
        assert self.service is not None
        meta = msgspec.structs.replace(self.service.metadata, deletion_timestamp="2026-01-01T00:00:00Z")
        self._store(msgspec.structs.replace(self.service, metadata=meta))

    def ask(self, **spec: Any) -> None:
        assert self.service is not None
        self.service = msgspec.structs.replace(self.service, spec=msgspec.structs.replace(self.service.spec, **spec))

    def annotate(self, **annotations: str) -> None:
        """Ask for this and nothing else; what the controller has noted stays, as with `kubectl apply`."""
        assert self.service is not None
        note = {key: one for key, one in self.service.metadata.annotations.items() if key == record.ANNOTATION}
        meta = msgspec.structs.replace(self.service.metadata, annotations=annotated(**annotations) | note)
        self.service = msgspec.structs.replace(self.service, metadata=meta)

    def _store(self, service: Service) -> None:
        gone = service.metadata.deletion_timestamp and not service.metadata.finalizers
        self.service = None if gone else service


def annotated(**annotations: str) -> dict[str, str]:
    prefix = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
    return {prefix + suffix.replace("_", "-"): value for suffix, value in annotations.items()}


def _merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


@dataclass
class Bench:
    """Cloud, cluster and the controller between them, which can end and begin anew."""

    cloud: Cloud
    cluster: Cluster
    time: Time
    told: list[tuple[str, str, str]] = field(default_factory=list)
    key: str = "default/nginx"
    id: str = CLUSTER

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        def tell(_: Service, kind: str, reason: str, text: str) -> None:
            self.told.append((kind, reason, text))

        rules = Rules(self.id, self.cloud.world.region, vpc_id="vpc-test", vswitch_ids=("vsw-test",))
        self.services = Services(Site(
            self.cluster.snapshot, self.cluster.patch, self.cloud.send, tell, rules, self.time, trusts_records=True,
            pod=self.cluster.pod,
        ))  # fmt: skip

    async def settle(self, turns: int = 60) -> None:
        """Work until nothing is left to do soon; whatever goes wrong on the way is tried again, as the loop does."""
        for _ in range(turns):
            try:
                again = await self.services.reconcile(self.key)
            except Ended:
                self.restart()
            except NotYet as trouble:
                self.time.time += trouble.after
            except (Lost, Stale):
                self.time.time += 1.0
            else:
                if again is None or again > SOON:
                    return
                self.time.time += again
        raise AssertionError("it never settled")

    async def verify(self) -> list[Call]:
        """Look once more, as is done within the hour; gives the writes that took."""
        self.time.time += VERIFY_EVERY
        before = len(self.cloud.writes())
        await self.settle()
        return self.cloud.writes()[before:]

    def wanted_is_there(self) -> bool:
        """Whether the cloud holds what the Service asks for and nothing else."""
        service = self.cluster.service
        if service is None or not wants_balancer(service):
            return self.cloud.shape() == []
        (balancer,) = self.cloud.world.states["slb"].load_balancers.values()
        who = identity(service, CLUSTER, record.read(service))
        ports = {port.port: who.owner.key(port.node_port) for port in service.spec.ports}
        listening = {
            one.port: balancer.groups[one.settings["VServerGroupId"]].name
            for one in balancer.listeners.values()
            if one.status == "running"
        }
        groups = sorted(group.name for group in balancer.groups.values())
        ingress = [one.ip for one in service.status.load_balancer.ingress]
        return listening == ports and groups == sorted(set(ports.values())) and ingress == [balancer.address]


@pytest.fixture
def bench() -> Bench:
    return new_bench()


def new_bench() -> Bench:
    time = Time()
    service = Service(
        metadata=Metadata(name="nginx", namespace="default", uid=UID, resource_version="1",
                          annotations=annotated(address_type="intranet")),
        spec=ServiceSpec(type="LoadBalancer", ports=[ServicePort(port=80, node_port=30080)]),
    )  # fmt: skip
    nodes = [
        Node(
            metadata=Metadata(name=f"w{number}"),
            spec=NodeSpec(provider_id=f"cn-hangzhou.i-w{number}"),
            status=NodeStatus(conditions=[Condition(type="Ready", status="True")]),
        )
        for number in range(2)
    ]
    return Bench(Cloud(time), Cluster(service, nodes), time)
