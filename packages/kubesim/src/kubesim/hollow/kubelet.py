"""A hollow kubelet: registers its Node, renews its Lease, and runs the pods that are bound to it.

A pod here is a few sockets. It starts at once and becomes ready when its probes say so. When it is deleted it serves as
ever while its preStop hook sleeps, and then goes on answering for the rest of a short grace, as a server does that
shuts down gracefully (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination).
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC
from ipaddress import IPv4Address

from kubesim.errors import StatusError
from kubesim.hollow.addresses import Addresses
from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import has_ended, is_terminating, is_true
from kubesim.hollow.controller import Controller
from kubesim.hollow.endpointslices import SLICES
from kubesim.hollow.executed_status import set_executed
from kubesim.hollow.node_status import new_node, report
from kubesim.hollow.nodes_file import NodeSpec
from kubesim.hollow.pod_server import PodServer
from kubesim.hollow.pod_status import named_ports, pre_stop_seconds, set_running
from kubesim.hollow.probes import ReadinessProbe
from kubesim.hollow.programs import Execution, Program
from kubesim.hollow.running_pod import RunningPod
from kubesim.hollow.silence import Silence
from kubesim.hollow.wire import Wire
from kubesim.objects import Key, Object, at, key_of

log = logging.getLogger(__name__)

LEASES = "leases.coordination.k8s.io"
LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS, RENEW_EVERY = 40, 10.0
RETRY_PORT = 1.0
"""Seconds after which a port that was taken is tried again."""


class Kubelet:
    """One running node. `run` registers it and works until cancelled; then every pod of it falls silent."""

    def __init__(
        self, cluster: Cluster, spec: NodeSpec, wire: Wire, *, grace: float, programs: Mapping[str, Program]
    ) -> None:
        """Name the node; `grace` is the longest time in seconds that a deleted pod goes on answering.

        `programs` are what containers run, by image.
        """
        self._cluster = cluster
        self._spec = spec
        self._wire = wire
        self._grace = grace
        self._programs = programs
        self._addresses = Addresses(spec.pod_cidr)
        self._pods: dict[Key, RunningPod] = {}
        self._node_ready = True
        self._silence: Silence | None = None
        self.controller = Controller(f"kubelet {spec.name}", self.reconcile)

    async def run(self) -> None:
        """Be a node until cancelled."""
        self.register()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._renew_lease())
                tasks.create_task(self.controller.run())
        finally:
            for key in list(self._pods):
                await self._stop(key)

    def lose_power(self, silence: Silence) -> None:
        """Let the pods' sockets go over to the silence when this ends, instead of being closed."""
        self._silence = silence

    def register(self) -> None:
        """Create the Node, or report into the one that is there already."""
        key = ("", self._spec.name)
        if self._cluster.latest("nodes", key) is None:
            self._cluster.create("nodes", new_node(self._spec, self._cluster.timestamp()))

        def edit(fresh: Object) -> None:
            report(self._spec, fresh["status"], self._cluster.timestamp())

        self._cluster.change("nodes", key, edit, subresource="status")

    def on_pod(self, old: Object | None, new: Object | None) -> None:
        """Take notice of a pod bound to this node."""
        self.controller.enqueue(key_of(new or old or {}))

    def on_node(self, node: Object) -> None:
        """Take notice of this node's own object: on a node that is said not to be ready no pod is."""
        ready = is_true(node, "Ready")
        if ready != self._node_ready:
            self._node_ready = ready
            for key in self._pods:
                self.controller.enqueue(key)

    def on_addresses(self, addresses: set[str]) -> None:
        """Take notice that EndpointSlices changed what they say of these addresses."""
        for key, running in self._pods.items():
            if running.address in addresses:
                self.controller.enqueue(key)

    async def reconcile(self, key: Key) -> float | None:
        """Bring one pod to where its object says it should be."""
        pod = self._cluster.latest("pods", key)
        running = self._pods.get(key)
        if running and (pod is None or pod["metadata"]["uid"] != running.uid):
            await self._stop(key)
            running = None
        if pod is None or pod["spec"].get("nodeName") != self._spec.name:
            return None
        if is_terminating(pod):
            return await self._terminate(key, pod, running)
        if has_ended(pod):
            await self._stop(key)
            return None
        return await self._keep_running(key, pod, running or self._start(key, pod))

    def _start(self, key: Key, pod: Object) -> RunningPod:
        name = self._spec.name
        host_network = pod["spec"].get("hostNetwork")
        address = self._spec.internal_ip if host_network else self._addresses.take(at(pod, "status.podIP"))
        server = PodServer(pod["metadata"]["name"], name, address, self._wire)
        running = self._pods[key] = RunningPod(pod, address, self._cluster.timestamp(), server)
        for container in pod["spec"]["containers"]:
            if container.get("readinessProbe"):
                probe = ReadinessProbe(container, address, self._wire, lambda: self.controller.enqueue(key))
                running.add_probe(container["name"], probe)
        execution = Execution(
            pod, address, self._spec.internal_ip, self._programs, lambda: self.controller.enqueue(key)
        )
        if execution.progress:
            running.execute(execution)
        self._say_started(pod)
        return running

    def _say_started(self, pod: Object) -> None:
        for container in pod["spec"]["containers"]:
            image = container["image"]
            self._say(pod, "Pulled", f'Container image "{image}" already present on machine')
            self._say(pod, "Created", f"Container created: {container['name']}")
            self._say(pod, "Started", f"Container started: {container['name']}")

    def _say(self, pod: Object, reason: str, message: str) -> None:
        self._cluster.events.record(pod, reason, message, "kubelet")

    async def _keep_running(self, key: Key, pod: Object, running: RunningPod) -> float | None:
        if running.execution and running.execution.phase != "Running":
            self._report_executed(key, running.execution, running.since)
            return None
        retry = None
        try:
            if self._is_pods(running.address):
                self._wire.homes.settle(running.address)
            running.open_ports(pod, named_ports(self._cluster.list(SLICES), running.address))
        except OSError as error:
            log.warning("pod %s/%s cannot listen: %s", *key, error)
            retry = RETRY_PORT

        def edit(fresh: Object) -> None:
            set_running(
                fresh,
                address=running.address,
                host=self._spec.internal_ip,
                since=running.since,
                now=self._cluster.timestamp(),
                ready=running.ready(fresh),
                node_ready=self._node_ready,
            )

        self._cluster.change("pods", key, edit, subresource="status")
        return retry

    def _report_executed(self, key: Key, execution: Execution, since: str) -> None:
        def edit(fresh: Object) -> None:
            set_executed(fresh, execution, since=since, now=self._cluster.timestamp())

        self._cluster.change("pods", key, edit, subresource="status")

    async def _terminate(self, key: Key, pod: Object, running: RunningPod | None) -> float | None:
        if running and not running.is_going:
            for container in pod["spec"]["containers"]:
                self._say(pod, "Killing", f"Stopping container {container['name']}")
        asked = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        left = running.go(pre_stop_seconds(pod), min(asked, self._grace)) if running and asked else 0.0
        if left > 0:
            return left
        await self._stop(key)
        self._cluster.delete("pods", key, grace=0)
        return None

    async def _stop(self, key: Key) -> None:
        running = self._pods.pop(key, None)
        if running:
            await running.stop(self._silence)
            self._addresses.give_back(running.address)
            if self._is_pods(running.address) and not self._silence:
                self._wire.homes.leave(running.address)

    def _is_pods(self, address: str) -> bool:
        """Whether an address is a pod's own, and not the node's."""
        return IPv4Address(address) in self._spec.pod_cidr

    async def _renew_lease(self) -> None:
        while True:
            try:
                self._write_lease()
            except StatusError as error:
                log.warning("node %s cannot renew its Lease: %s", self._spec.name, error)
            await asyncio.sleep(RENEW_EVERY)

    def _write_lease(self) -> None:
        name, now = self._spec.name, self._cluster.now().astimezone(UTC)
        renewal = {"renewTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}

        def edit(fresh: Object) -> None:
            fresh["spec"] = (fresh.get("spec") or {}) | renewal

        if self._cluster.change(LEASES, (LEASE_NAMESPACE, name), edit) is None:
            node = self._cluster.latest("nodes", ("", name))
            owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]} if node else None
            metadata = {"name": name, "namespace": LEASE_NAMESPACE} | ({"ownerReferences": [owner]} if owner else {})
            spec = {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS} | renewal
            kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
            self._cluster.create(LEASES, kind | {"metadata": metadata, "spec": spec})
